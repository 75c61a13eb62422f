"""The label files of classes that overlap as one array, a plane for each class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import LabelError, PairingError
from pixelwise.files.content import Unreadable, open_file
from pixelwise.labels.classes import Classes
from pixelwise.labels.decode import read_size
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label, write_label

NOT, MEMBER = 0, 1


def read_members(pair: Pair, classes: Classes) -> NDArray[np.uint8]:
    """Which pixels belong to which class, of classes that overlap.

    Args:
        pair: with `labels`.
        classes: of the dataset, task "multilabel".
    Returns:
        (C, H, W) uint8: 1 = the class, 0 = not the class, ignore_index = void for this class.
    Raises:
        PairingError: the pair has no such labels.
        LabelError: a file cannot be read, has another size than the first, or holds a value that
            is neither 0, nor one of the class, nor void; the message names file and values.
    Absent classes: a class without a file is in no pixel.
    """
    check_members(pair, classes)
    stored = [None if file is None else read_label(file) for file in pair.labels]
    height, width = members_size(pair, stored)
    members = np.zeros((len(classes), height, width), np.uint8)
    for plane, label, file, own in zip(members, stored, pair.labels, classes.members):
        if label is not None:
            plane[:] = own.to_index(label, where=str(file))
    return members


def check_members(pair: Pair, classes: Classes) -> None:
    """Raise unless a pair has a label file of each class, or none where it is absent.

    Raises:
        PairingError: naming the image.
    """
    if not classes.files or len(pair.labels) != len(classes):
        event = f"this image has {len(pair.labels)} label files for {len(classes)} classes"
        hint = 'Classes that overlap have task = "multilabel" in dataset.toml.'
        raise PairingError(pair.image, "labels", event=event, hint=hint)


def members_size(pair: Pair, stored: list[NDArray[np.uint8 | np.uint16] | None]) -> tuple[int, int]:
    """(height, width) of all label files of an image; of the image if there is no label file.

    Raises:
        LabelError: two differ, or there is none and the image cannot be read.
    """
    known = [(file, label.shape) for file, label in zip(pair.labels, stored) if label is not None]
    for file, size in known:
        if size != known[0][1]:
            must = f"{known[0][1]} as in {known[0][0]}"
            raise LabelError(file, "size (H, W)", must=must, got=size)
    if known:
        height, width = known[0][1]
        return height, width
    try:
        with open_file(pair.image) as opened:
            return read_size(opened)
    except Unreadable as error:
        raise error.at(LabelError, pair.image, "image") from None


def member_files(folder: Path, id: str, classes: Classes) -> tuple[Path, ...]:
    """Where predict writes the label image of each class: FOLDER/CLASS/ID.png."""
    return tuple(folder / file / f"{id}.png" for file in classes.files)


def predicted_members(folder: Path, id: str, classes: Classes) -> tuple[Path, ...]:
    """Where the predicted label image of each class is: member_files, or TIFF files of the name."""
    png = member_files(folder, id, classes)
    tiff = [file.with_name(f"{file.name.removesuffix('.png')}.tif") for file in png]
    return tuple(b if b.is_file() and not a.is_file() else a for a, b in zip(png, tiff))


def write_members(folder: Path, id: str, members: NDArray[np.uint8], classes: Classes) -> None:
    """Write one indexed PNG for each class, FOLDER/CLASS/ID.png, as read_members reads them.

    Args:
        members: (C, H, W) of 0 and 1, or ignore_index where void.
        classes: of the dataset, task "multilabel".
    Raises:
        LabelError: another value.
        RunError: the file system refuses.
    """
    for file, plane, own in zip(member_files(folder, id, classes), members, classes.members):
        write_label(file, own.to_stored(plane), own)
