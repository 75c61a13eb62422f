"""Which format annotations have, told from their files as a person would tell it."""

import shlex
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from pixelwise.convert.paths import files_below
from pixelwise.errors import DatasetError
from pixelwise.files.json_file import read_json
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.survey.folder_names import IMAGE_FOLDERS, LABEL_FOLDERS

# Formats of a folder, by the end of a file name in it; the first that is found counts.
_BY_ENDING = {
    "_polygons.json": "cityscapes",
    "_labelids.png": "cityscapes_ids",
    ".json": "",
    "annotations.xml": "cvat",
    ".npy": "array",
    ".mat": "array",
}
_COLOR_MODES = {"RGB", "RGBA", "CMYK", "YCbCr"}
_WIDE_MODES = {"I;16", "I;16B", "I;16L", "I"}
# Formats of which one JSON file describes all images; others have a file for each.
_ONE_FILE = {"coco", "coco_panoptic", "label_studio"}
# JSON files of a folder that are read to find out.
_MOST_READ = 8


def detect(source: Path) -> tuple[str, Path]:
    """The format of a source, and the source itself, or the one file in it that holds everything.

    Raises:
        DatasetError: nothing fits, or there are several such files.
    """
    if not source.exists():
        raise DatasetError(source, "source", must="an existing file or folder", got="none")
    if source.is_dir():
        return _of_folder(source)
    if source.suffix.lower() == ".xml":
        return "cvat", source
    if source.suffix.lower() != ".json":
        return _of_picture(source), source
    kind = _kind_of(read_json(source))
    if kind is None:
        raise _unclear(source, "JSON of another kind")
    return kind, source


def _of_folder(source: Path) -> tuple[str, Path]:
    other_json = None
    for ending, name in _BY_ENDING.items():
        found = next(files_below(source, [ending]), None)
        if found is not None and name:
            return name, source
        if found is not None:
            kind = _of_json_files(source)
            if kind is not None:
                return kind
            other_json = found[1]
    folders = {part for name, _ in files_below(source, [".txt"]) for part in name.split("/")[:-1]}
    if "labels" in folders:
        return "yolo", source
    pictures = list(files_below(source, IMAGE_SUFFIXES))
    if not pictures:
        if other_json is not None:
            raise _unclear(other_json, "JSON of another kind")
        raise _unclear(source, "no file that looks like annotations")
    _check_labels_alone(source)
    if any("/masks/" in name for name, _ in pictures):
        return "masks", source
    return _of_picture(pictures[0][1]), source


def _check_labels_alone(source: Path) -> None:
    """Refuse a folder of images and labels: which is which must be said."""
    folders = sorted(folder for folder in source.iterdir() if folder.is_dir())
    images, labels = (
        next((f for f in folders if f.name.lower() in names), None)
        for names in (IMAGE_FOLDERS, LABEL_FOLDERS)
    )
    if images is not None and labels is not None:
        words = ["pixelwise", "convert", str(labels), "--images", str(images)]
        got = f"{images.name} and {labels.name}"
        describe = shlex.join(["pixelwise", "init", str(source)])
        hint = (
            f"Name the two: {shlex.join(words)} "
            f"(label images need no conversion: {describe} describes them)."
        )
        raise DatasetError(source, "source", must="a folder of labels alone", got=got, hint=hint)


def _of_json_files(source: Path) -> tuple[str, Path] | None:
    """The format of the JSON files in a folder; None if they are none that is known."""
    found, error = {}, None
    for _, path in islice(files_below(source, [".json"]), _MOST_READ):
        try:
            kind = _kind_of(read_json(path))
        except DatasetError as problem:
            error = error or problem
            continue
        if kind is not None and kind not in _ONE_FILE:
            return kind, source
        if kind is not None:
            found[path] = kind
    if len(found) > 1:
        got = ", ".join(f"{path} ({kind})" for path, kind in found.items())
        hint = "Name one of them."
        raise DatasetError(source, "source", must="one annotation file", got=got, hint=hint)
    if error is not None and not found:
        raise error
    return next(((kind, path) for path, kind in found.items()), None)


def _kind_of(content: Any) -> str | None:
    """The format of what a JSON file holds; None if it is none that is known."""
    if isinstance(content, list):
        tasks = content and isinstance(content[0], dict) and "annotations" in content[0]
        return "label_studio" if tasks else None
    if not isinstance(content, dict):
        return None
    if "shapes" in content:
        return "labelme"
    if "imgHeight" in content:
        return "cityscapes"
    if "annotations" in content and "images" in content:
        return "coco_panoptic" if _has_segments(content["annotations"]) else "coco"
    return None


def _has_segments(annotations: Any) -> bool:
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    return isinstance(first, dict) and "segments_info" in first


def _of_picture(path: Path) -> str:
    try:
        with Image.open(path) as image:
            mode = image.mode
    except (OSError, SyntaxError, ValueError) as error:
        raise _unclear(path, str(error)) from None
    if mode in _COLOR_MODES:
        return "color"
    return "instances" if mode in _WIDE_MODES else "array"


def _unclear(path: Path, got: str) -> DatasetError:
    hint = "Say what it is with --format."
    return DatasetError(path, "format", must="one that can be recognised", got=got, hint=hint)
