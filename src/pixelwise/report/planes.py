"""Thumbnails where classes overlap: planes over the image, in the colours of their classes."""

from pathlib import Path

import numpy as np
from PIL import Image

from pixelwise.errors import PixelwiseError
from pixelwise.figures.words import listed, percent
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import overlay
from pixelwise.labels.overlap.members import MEMBER, read_members
from pixelwise.labels.overlap.pairing import PLACE, named
from pixelwise.labels.pairs import Pair
from pixelwise.pictures.encode import data_uri
from pixelwise.pictures.reduce import Box, by_area, by_center, fitted
from pixelwise.report.pictures import (
    SMALL,
    MayShow,
    Picture,
    change_picture,
    error_picture,
    read_photo,
)
from pixelwise.score.compare import ImageDifference
from pixelwise.score.members import MemberImage

Names = tuple[str | None, ...]
GREY = 200  # where there is no image


def member_pictures(
    image: MemberImage,
    folder: Path,
    classes: Classes,
    may_show: MayShow,
    channels: Channels,
    box: Box = SMALL,
) -> list[Picture]:
    """Image, label, prediction and errors of one image of a score; see four_pictures."""
    first, pixels = read_photo(image.image, folder, may_show, channels, box)
    given = folder, image.image, pixels, classes, may_show, box
    second, label = read_planes("Label", image.labels, *given)
    third, pred = read_planes("Prediction", files_of(image.prediction, classes), *given)
    return [first, second, third, errors(pixels, label, pred, classes.ignore_index, box)]


def compared_members(
    image: ImageDifference,
    folder: Path,
    classes: Classes,
    may_show: MayShow,
    channels: Channels,
    box: Box = SMALL,
) -> list[Picture]:
    """Image, label, both predictions and what changed of one image of a comparison."""
    first, pixels = read_photo(image.image, folder, may_show, channels, box)
    files = {
        "Label": image.labels,
        "a": files_of(image.prediction_a, classes),
        "b": files_of(image.prediction_b, classes),
    }
    given = folder, image.image, pixels, classes, may_show, box
    read = [read_planes(caption, names, *given) for caption, names in files.items()]
    label, *preds = (planes for _, planes in read)
    void = None if label is None else (label == classes.ignore_index).all(0)
    a, b = (wrong_in_any(label, pred, classes.ignore_index) for pred in preds)
    return [first, *(picture for picture, _ in read), change_picture(pixels, void, a, b, box)]


def wrong_in_any(label: np.ndarray | None, pred: np.ndarray | None, void: int) -> np.ndarray | None:
    """(H, W) pixels that are wrong for a class or more; None without two arrays of one size."""
    if label is None or pred is None or label.shape != pred.shape:
        return None
    return ((label != pred) & (label != void)).any(0)


def files_of(name: str, classes: Classes) -> Names:
    """The file of each class of a name with {class} in it."""
    return tuple(named(name, file) for file in classes.files) if PLACE in name else ()


def read_planes(
    caption: str,
    names: Names,
    folder: Path,
    image: str | None,
    pixels: np.ndarray | None,
    classes: Classes,
    may_show: MayShow,
    box: Box = SMALL,
) -> tuple[Picture, np.ndarray | None]:
    """The picture of the label files of an image, and its planes (C, H, W)."""
    # without any label file the size is that of the image
    needed = [n for n in names if n is not None] or [image or ""]
    for name in needed:
        try:
            allowed, there = may_show(name), (folder / name).is_file()
        except (OSError, ValueError) as error:
            return Picture(caption, str(error)), None
        if not allowed:
            text = f"The file {name} is not in a folder of this score, so it is not shown."
            return Picture(caption, text), None
        if not there:
            return Picture(caption, f"The file {name} is not there."), None
    try:
        labels = tuple(None if name is None else folder / name for name in names)
        planes = read_members(Pair(caption, folder / (image or ""), labels=labels), classes)
    except (PixelwiseError, OSError, ValueError) as error:
        return Picture(caption, str(error)), None
    return planes_picture(caption, planes, pixels, classes, box), planes


def planes_picture(
    caption: str,
    planes: np.ndarray,
    pixels: np.ndarray | None,
    classes: Classes,
    box: Box = SMALL,
) -> Picture:
    """Planes over their image: areas in the mean of their colours, and a contour of each class.

    Args:
        caption: "Label" or "Prediction".
        planes: (C, H, W) of 0, 1 and ignore_index.
        pixels: (H, W, 3) uint8; None, or of another size: grey.
        classes: their names and colours.
        box: that the picture fits into.
    """
    height, width = planes.shape[1:]
    w, h = fitted(width, height, box)
    below = np.full((h, w, 3), GREY, np.uint8)
    if pixels is not None and pixels.shape[:2] == (height, width):
        below = by_area(pixels, (w, h))
    shown = overlay(below, by_center(planes, (w, h)), classes)
    data = data_uri(Image.fromarray(shown), "JPEG", quality=88, subsampling=0)
    return Picture(caption, describe(caption, planes, classes), data, (w, h))


def describe(caption: str, planes: np.ndarray, classes: Classes) -> str:
    """The share of each class that occurs, in words."""
    shares = (planes == MEMBER).mean((1, 2)).tolist()
    there = [f"{name} {percent(share)} %" for name, share in zip(classes.names, shares) if share]
    return f"{caption}: {listed(there) or 'no class'}."


def errors(
    pixels: np.ndarray | None,
    label: np.ndarray | None,
    pred: np.ndarray | None,
    void: int,
    box: Box = SMALL,
) -> Picture:
    """Pixels that are wrong in a class or more; striped is what is void for every class."""
    wrong = wrong_in_any(label, pred, void)
    if label is None or wrong is None:
        return error_picture(pixels, label, pred, void, box)
    nothing = (label == void).all(0)
    return error_picture(pixels, np.where(nothing, void, 0), wrong.astype(int), void, box)
