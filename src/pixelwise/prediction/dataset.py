"""A whole dataset of predictions: images beside their labels, and dataset.toml."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pixelwise.errors import ArgumentError, RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.folder import make_folder, remove
from pixelwise.files.names import real_path
from pixelwise.files.walk import NOT_SEARCHED
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split, write_description
from pixelwise.labels.pairs import Pair
from pixelwise.prediction.confidence import FOLDER as CONFIDENCE_FOLDER
from pixelwise.prediction.config import PredictConfig
from pixelwise.text import some

FOLDER = "images"
SPLIT = "train"


def write_dataset(
    folder: Path,
    pairs: Sequence[Pair],
    classes: Classes,
    task: str,
    channels: Channels,
    comment: str,
) -> Path:
    """Write dataset.toml, and the images as hard links; as copies on another file system.

    An image that is there from an earlier attempt and has no label any more is removed.

    Args:
        folder: that has the labels ID.png.
        pairs: images that have a label there.
        classes, task, channels: of the dataset.
        comment: for the first line of the file.
    Returns:
        The file.
    Raises:
        RunError: the file system refuses.
    """
    remove(folder / FOLDER)
    make_folder(folder / FOLDER)
    # else the images would be taken for labels of the folder that they are in
    atomic_write(folder / FOLDER / NOT_SEARCHED, b"")
    for pair in pairs:
        target = folder / FOLDER / f"{pair.id}{image_suffix(pair)}"
        make_folder(target.parent)
        link_or_copy(pair.image, target)
    split = Split(images=FOLDER, labels=".")
    made = Description(folder, classes, {SPLIT: split}, task, channels=channels)
    return write_description(made, folder, [comment])


def names_of(config: PredictConfig, pairs: Sequence[Pair], suffix: str) -> list[str]:
    """The files of a folder of predictions.

    Args:
        config: which files there are.
        pairs: what is predicted.
        suffix: of label images.
    Raises:
        ArgumentError: the label of an image would be among other files, where none is searched.
    """
    names = [f"{pair.id}{suffix}" for pair in pairs]
    others = [f"{CONFIDENCE_FOLDER}/{name}" for name in names] if config.confidence else []
    if config.dataset:
        others += [f"{FOLDER}/{pair.id}{image_suffix(pair)}" for pair in pairs]
    taken = {name.partition("/")[0] for name in others}  # folders in which no label is searched
    if within := [name for name in names if name.partition("/")[0].casefold() in taken]:
        event = f"labels would be in a folder that is not searched for labels: {some(within)}"
        raise ArgumentError("predict", event=event, hint="Rename the folder of these images.")
    return names + others


def image_suffix(pair: Pair) -> str:
    """The extension of the file of an image."""
    return pair.image.suffix.lower()


def link_or_copy(source: Path, target: Path) -> None:
    """Have a file under another name too, as the same file where possible.

    Raises:
        RunError: the file system refuses both.
    """
    try:
        os.link(real_path(source), target)
    except OSError:  # another file system, or one without links
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise RunError(target, "file", must="writable", got=error.strerror or error) from None
