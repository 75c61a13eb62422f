"""Thumbnails: image, label, prediction and where the two differ, each as a data URI."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pixelwise.errors import PixelwiseError
from pixelwise.figures.words import listed, percent
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.reading import read_shown
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import index_to_color
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.pictures.encode import data_uri
from pixelwise.pictures.errors import error_map
from pixelwise.pictures.reduce import Box, by_area, by_center, fitted
from pixelwise.score.compare import ImageDifference
from pixelwise.score.record import DataSplit, ImageScores

MayShow = Callable[[str], bool]
SMALL: Box = (320, 480)  # that a picture of the page fits into
WRONG = (230, 0, 92)
# of a change; told apart by people who see few colours too
BETTER, WORSE, BOTH_WRONG = (64, 160, 255), (255, 140, 0), (20, 20, 20)
NAMED_CLASSES = 4


@dataclass(frozen=True)
class Picture:
    """One picture of the page, or the sentence that stands in its place.

    Args:
        caption: what it is.
        text: its description for those who do not see it, or why there is none.
        data: a data URI; empty if there is none.
        size: (width, height) of the thumbnail.
    """

    caption: str
    text: str
    data: str = ""
    size: tuple[int, int] = (0, 0)


def channels_of(dataset: DataSplit, folder: Path) -> Channels:
    """The channels of the images of a score: of its dataset, or RGB of 8 bits.

    Args:
        dataset: that was scored.
        folder: of the score, where relative paths start.
    """
    try:
        return RGB if dataset.path is None else read_description(folder / dataset.path).channels
    except (PixelwiseError, OSError, ValueError):
        return RGB  # it may be gone, or elsewhere


def four_pictures(
    image: ImageScores,
    folder: Path,
    classes: Classes,
    may_show: MayShow = bool,
    channels: Channels = RGB,
    box: Box = SMALL,
    errors_box: Box = SMALL,
) -> list[Picture]:
    """Image, label, prediction and errors of one image of a score.

    A picture whose file cannot be read is replaced by a sentence that says why.

    Args:
        image: with the names of its files.
        folder: where its relative paths start.
        classes: the classes of the score.
        may_show: whether the page may show the file of a name.
        channels: of the image, see channels_of.
        box, errors_box: that the first three and the last fit into.
    """
    first, pixels = read_photo(image.image, folder, may_show, channels, box)
    second, label = read_index("Label", image.label, folder, classes, may_show, box)
    third, pred = read_index("Prediction", image.prediction, folder, classes, may_show, box)
    errors = error_picture(pixels, label, pred, classes.ignore_index, errors_box)
    return [first, second, third, errors]


def compared_pictures(
    image: ImageDifference,
    folder: Path,
    classes: Classes,
    may_show: MayShow,
    channels: Channels,
    box: Box = SMALL,
) -> list[Picture]:
    """Image, label, both predictions and what changed of one image; see four_pictures."""
    files = {"Label": image.label, "a": image.prediction_a, "b": image.prediction_b}
    first, pixels = read_photo(image.image, folder, may_show, channels, box)
    read = [
        read_index(caption, name, folder, classes, may_show, box) for caption, name in files.items()
    ]
    label, *preds = (index for _, index in read)
    void = None if label is None else label == classes.ignore_index
    a, b = (
        None if label is None or pred is None or label.shape != pred.shape else pred != label
        for pred in preds
    )
    return [first, *(picture for picture, _ in read), change_picture(pixels, void, a, b, box)]


def read_photo(
    name: str | None,
    folder: Path,
    may_show: MayShow,
    channels: Channels = RGB,
    box: Box = SMALL,
) -> tuple[Picture, np.ndarray | None]:
    """The picture of an image file, and its pixels."""
    image, reason = _read(lambda path: read_shown(path, channels), name, folder, may_show)
    return (Picture("Image", reason) if image is None else photo(image, box)), image


def read_index(
    caption: str,
    name: str | None,
    folder: Path,
    classes: Classes,
    may_show: MayShow,
    box: Box = SMALL,
) -> tuple[Picture, np.ndarray | None]:
    """The picture of a label file, and its class indices."""
    label, reason = _read(
        lambda path: classes.to_index(read_label(path), where=str(path)), name, folder, may_show
    )
    if label is None:
        return Picture(caption, reason), None
    return label_picture(caption, label, classes, box), label


def _read(
    reader: Callable[[Path], np.ndarray], name: str | None, folder: Path, may_show: MayShow
) -> tuple[np.ndarray | None, str]:
    """The array of a file and no reason, or None and the reason."""
    if name is None:
        return None, "The score names no file."
    try:
        if not may_show(name):
            return None, f"The file {name} is not in a folder of this score, so it is not shown."
        if not (folder / name).is_file():
            return None, f"The file {name} is not there."
        return reader(folder / name), ""
    except (PixelwiseError, OSError, ValueError) as error:
        return None, str(error)


def photo(image: np.ndarray, box: Box = SMALL) -> Picture:
    """The image as a JPEG.

    Args:
        image: (H, W, 3) uint8.
        box: that the picture fits into.
    """
    height, width = image.shape[:2]
    small = by_area(image, fitted(width, height, box))
    return _jpeg("Image", "The image.", Image.fromarray(small))


def label_picture(caption: str, label: np.ndarray, classes: Classes, box: Box = SMALL) -> Picture:
    """A label image in the colours of its classes, as a PNG.

    Args:
        caption: "Label" or "Prediction".
        label: (H, W) class indices, ignored ones included.
        classes: their names and colours.
        box: that the picture fits into.
    """
    height, width = label.shape
    w, h = fitted(width, height, box)
    shown, position = np.unique(by_center(label, (w, h)), return_inverse=True)
    colors = index_to_color(shown[None], classes)[0]
    position = position.reshape(h, w)
    if len(shown) > 256:
        picture = Image.fromarray(colors[position])
    else:
        picture = Image.fromarray(position.astype(np.uint8), "P")
        picture.putpalette(colors.tobytes())
    return Picture(caption, describe(caption, label, classes), data_uri(picture, "PNG"), (w, h))


def describe(caption: str, label: np.ndarray, classes: Classes) -> str:
    """The largest classes of a label image in words."""
    all_pixels = np.bincount(label.ravel())
    indices = np.flatnonzero(all_pixels)
    pixels = all_pixels[indices]
    order = np.argsort(-pixels, kind="stable")
    names = [
        f"{'void' if i == classes.ignore_index else classes.names[i]} {percent(n / label.size)} %"
        for i, n in zip(indices[order].tolist(), pixels[order].tolist())
    ]
    if len(names) > NAMED_CLASSES + 1:
        more = f"{len(names) - NAMED_CLASSES} other classes"
        names = [*names[:NAMED_CLASSES], more]
    return f"{caption}: {listed(names)}."


def error_picture(
    image: np.ndarray | None,
    label: np.ndarray | None,
    pred: np.ndarray | None,
    ignore_index: int,
    box: Box = SMALL,
) -> Picture:
    """Wrong pixels in one strong colour, the others as a dim grey image, void striped.

    Args:
        image: (H, W, 3) uint8, or None: plain grey.
        label, pred: (H, W) class indices, or None: there is no such picture.
        ignore_index: the index of void pixels of the label.
        box: that the picture fits into.
    """
    if label is None or pred is None:
        return Picture("Errors", "Without label and prediction there are no errors to show.")
    if label.shape != pred.shape:
        sizes = f"{label.shape} and {pred.shape}"
        return Picture("Errors", f"Label and prediction have the sizes (H, W) = {sizes}.")
    void = label == ignore_index
    wrong = (label != pred) & ~void
    height, width = label.shape
    drawn = error_map(image, [(wrong, WRONG)], void, fitted(width, height, box))
    share = wrong.sum() / max(1, label.size - void.sum())
    text = f"Errors: {percent(float(share))} % of the valid pixels are wrong."
    return _jpeg("Errors", text, Image.fromarray(drawn))


def change_picture(
    image: np.ndarray | None,
    void: np.ndarray | None,
    a: np.ndarray | None,
    b: np.ndarray | None,
    box: Box = SMALL,
) -> Picture:
    """Where b is right and a wrong, where it is the other way round, and where both are wrong.

    Args:
        image: (H, W, 3) uint8, or None: plain grey.
        void: (H, W) bool, pixels that are not scored; None: there is no such picture.
        a, b: (H, W) bool, pixels that each prediction has wrong; None: there is no such picture.
        box: that the picture fits into.
    """
    if void is None or a is None or b is None:
        text = "Without a label and two predictions of its size there is no change to show."
        return Picture("Change", text)
    height, width = void.shape
    masks = {BETTER: a & ~b & ~void, WORSE: b & ~a & ~void, BOTH_WRONG: a & b & ~void}
    shown = [(mask, color) for color, mask in masks.items()]
    drawn = error_map(image, shown, void, fitted(width, height, box))
    better, worse, _ = (
        percent(float(mask.sum() / max(1, (~void).sum()))) for mask in masks.values()
    )
    text = f"Change: {better} % of the valid pixels are better in b, {worse} % are worse."
    return _jpeg("Change", text, Image.fromarray(drawn))


def _jpeg(caption: str, text: str, picture: Image.Image) -> Picture:
    # Full colour resolution: half of it would smear the colour of thin errors.
    return Picture(
        caption, text, data_uri(picture, "JPEG", quality=82, subsampling=0), picture.size
    )
