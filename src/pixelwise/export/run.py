"""The command `run`: an artefact labels an image. No torch here, and none is needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pixelwise.errors import DatasetError, RunError, setting
from pixelwise.export.config import RunConfig
from pixelwise.export.manifest import FILE, Contract, Manifest, read_manifest
from pixelwise.labels.overlap.members import write_members
from pixelwise.labels.png import write_label
from pixelwise.settings import takes_settings
from pixelwise.text import percent, reason_of, text_table


@dataclass(frozen=True)
class ClassShare:
    """A class, and the share of the pixels that have it."""

    name: str
    share: float


@dataclass(frozen=True)
class Labelled:
    """A label image that an artefact has given.

    Attributes:
        label: the file, or the folder with one of each class where classes overlap.
        classes: those there are, with their shares.
    """

    SCHEMA: ClassVar[str] = "pixelwise.labelled/1"

    label: str
    classes: tuple[ClassShare, ...]

    def text(self) -> str:
        """The file, and what is on the image."""
        rows = [[row.name, f"{percent(row.share)} %"] for row in self.classes]
        return f"{self.label}\n{text_table(rows)}" if rows else self.label


@takes_settings(RunConfig)
def run_artefact(config: RunConfig) -> Labelled:
    """Label an image by an artefact of `pw.export`, with onnxruntime on the CPU.

    Its files and its golden image are checked first; see export/runner.py, which does the same
    without this library.

    Args:
        config: which artefact, which image.
    Returns:
        Where the label image is: stored values, with the colours of the classes.
    Raises:
        RunError: the artefact is damaged, has failed its comparison or computes its golden image
            differently; or the image is not of the size that it takes.
        DatasetError: the image cannot be read.
    """
    manifest = read_manifest(config.artefact)
    classes = manifest.classes
    name = f"{config.image.stem}_label"
    out = config.out or Path(name if classes.files else f"{name}.png")
    if out.exists() and not config.overwrite and (out.is_file() or any(out.iterdir())):
        hint = f"Give {setting('overwrite', True)} to replace it."
        raise RunError("run", "out", must="a new file", got=out, hint=hint)
    runner = open_artefact(config.artefact, manifest)
    try:
        image, _ = manifest.images.read(config.image)
    except DatasetError as error:
        if manifest.images.is_rgb:
            raise
        # what it says to do is for who describes a dataset
        event = error.without_hint.removeprefix(f"{error.where}: ")
        hint = f"The artefact takes the channels {', '.join(manifest.images.channels.names)}."
        raise DatasetError(config.image, event=event, hint=hint) from None
    stored = labelled(runner, manifest.contract, image, config.image)
    if classes.files:
        write_members(out, config.image.stem, stored, classes)
        shares = [float(plane.mean()) for plane in stored]
    else:
        write_label(out, stored, classes)
        shares = [float((stored == value).mean()) for value in manifest.stored]
    rows = (ClassShare(name, share) for name, share in zip(classes.names, shares) if share)
    return Labelled(str(out), tuple(rows))


def open_artefact(folder: Path, manifest: Manifest) -> Any:
    """The runner of an artefact whose files are what they were.

    Raises:
        RunError: they are not, or it is not of ONNX.
    """
    if manifest.format != "onnx":
        hint = f"Its {manifest.model} is for torch.export.load."
        raise RunError(folder / FILE, "format", must="onnx", got=manifest.format, hint=hint)
    from pixelwise.export.runner import Runner

    for name in manifest.sha256:
        if not (folder / name).is_file():
            hint = "Make the artefact again with: pixelwise export RUN"
            raise RunError(folder, event=f"{name} is missing from the artefact", hint=hint)
    try:
        return Runner(folder)
    except (OSError, ValueError) as refused:
        raise RunError("run", event=reason_of(refused)) from None
    except Exception as error:  # onnxruntime has a type of error for each of its states
        event = f"onnxruntime cannot run {folder / manifest.model}: {reason_of(error)}"
        raise RunError("run", event=event) from None


def labelled(runner: Any, made: Contract, image: np.ndarray, path: Path) -> np.ndarray:
    """The stored values of an image.

    Raises:
        RunError: it is not of the size that the artefact takes.
    """
    size = image.shape[:2]
    if not made.takes(size):
        must = f"{made.sizes()} (height, width)"
        hint = "Export the run for that size: pixelwise export RUN --size H W."
        raise RunError(path, "size", must=must, got=f"{size[0]} x {size[1]}", hint=hint)
    return runner(image)
