"""Class lists in the formats of other tools, so that they can train on the same label files."""

import json
from collections.abc import Callable, Iterable

from pixelwise.convert.paths import IMAGES, LABELS
from pixelwise.errors import ArgumentError, setting
from pixelwise.labels.classes import Classes


def sidecar_texts(names: Iterable[str], classes: Classes, files: int) -> dict[str, str]:
    """The class lists that were asked for, by file name.

    Args:
        names: keys of SIDECARS.
        classes: of the labels; stored values are class indices.
        files: number of labels.
    Raises:
        ArgumentError: a tool cannot take labels with this value of void.
    """
    rows = [SIDECARS[name] for name in names]
    return {file: text_of(classes, files) for file, text_of in rows}


def mmsegmentation_text(classes: Classes, files: int) -> str:  # noqa: ARG001
    """Settings of a dataset class of mmsegmentation 1.x: METAINFO, and how files are named."""
    names = "".join(f"        {name!r},\n" for name in classes.names)
    palette = "".join(f"        {list(color)},\n" for color in classes.colors)
    return (
        "METAINFO = {\n"
        f'    "classes": (\n{names}    ),\n'
        f'    "palette": [\n{palette}    ],\n'
        "}\n"
        f'data_prefix = {{"img_path": "{IMAGES}", "seg_map_path": "{LABELS}"}}\n'
        'seg_map_suffix = ".png"\n'
        "reduce_zero_label = False\n"
        f"ignore_index = {classes.ignore_index}\n"
    )


def huggingface_text(classes: Classes, files: int) -> str:  # noqa: ARG001
    """id2label.json, as the configuration of a model of transformers has it."""
    table = {str(index): name for index, name in enumerate(classes.names)}
    return json.dumps(table, indent=1) + "\n"


def nnunet_text(classes: Classes, files: int) -> str:
    """dataset.json of nnU-Net v2, whose void must be the index after the last class.

    Raises:
        ArgumentError: void is another index.
    """
    if classes.ignore_index != len(classes):
        hint = f"Give {setting('ignore_index', len(classes))}."
        must = f"{len(classes)}, the next after the classes, for nnU-Net"
        got = classes.ignore_index
        raise ArgumentError("convert", "ignore_index", must=must, got=got, hint=hint)
    labels = {name: index for index, name in enumerate(classes.names)}
    content = {
        "channel_names": {"0": "R", "1": "G", "2": "B"},
        "labels": {**labels, "ignore": classes.ignore_index},
        "numTraining": files,
        "file_ending": ".png",
    }
    return json.dumps(content, indent=1) + "\n"


def ultralytics_text(classes: Classes, files: int) -> str:  # noqa: ARG001
    """YAML of an Ultralytics semantic dataset: masks are found by their folder."""
    # JSON strings are YAML strings
    names = "".join(f"  {i}: {json.dumps(name)}\n" for i, name in enumerate(classes.names))
    return f"path: .\ntrain: {IMAGES}\nval: {IMAGES}\nmasks_dir: {LABELS}\nnames:\n{names}"


SIDECARS: dict[str, tuple[str, Callable[[Classes, int], str]]] = {
    "mmsegmentation": ("mmsegmentation.py", mmsegmentation_text),
    "huggingface": ("id2label.json", huggingface_text),
    "nnunet": ("dataset.json", nnunet_text),
    "ultralytics": ("ultralytics.yaml", ultralytics_text),
}
