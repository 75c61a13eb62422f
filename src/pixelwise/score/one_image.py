"""The pixels of one label and its predictions: by their values, where there are runs of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, LabelError
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.reading import void_without_data
from pixelwise.labels.classes import Classes
from pixelwise.labels.histogram import BAND_PIXELS, runs_of
from pixelwise.labels.png import view_label
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.like import count_under_void
from pixelwise.offenders import list_offenders

if TYPE_CHECKING:
    from pixelwise.metrics.boundary import BoundaryCounts

MOST_RUNS = 1 / 2  # of the pixels; with more of them looking up pixel by pixel is faster
STRIP_WIDTH = 0.02  # of the diagonal, as in the paper on boundary IoU


@dataclass(frozen=True)
class Item:
    """A label with its prediction, or both that are compared, and its image if there is one."""

    id: str
    predictions: tuple[Path, ...]
    label: Path
    image: Path | None


@dataclass(frozen=True)
class ImageCounts:
    """The counts of one prediction of an image.

    Attributes:
        size: (height, width).
        counts: pixels by target and prediction.
        under_void: (C,) predictions on void pixels, if they were asked for.
        strips: pixels along the contours, if they were asked for.
    """

    size: tuple[int, int]
    counts: ConfusionCounts
    under_void: NDArray[np.int64] | None = None
    strips: "BoundaryCounts | None" = None


def count_item(
    item: Item,
    classes: Classes,
    under_void: bool = False,
    boundary: bool = False,
    channels: Channels = RGB,
) -> tuple[ImageCounts, ...]:
    """Counts of the predictions of one label.

    Args:
        item: whose files are read, each of them once.
        classes: of the labels and the predictions.
        under_void: count what was predicted on void pixels too.
        boundary: count the strips along contours too.
        channels: of the images; where one has no data the label is void, as in training.
    Raises:
        LabelError: the sizes differ, or a prediction has values that are not a class.
        DatasetError: the channels have nodata, and the image cannot be read.
    """
    label, target = view_label(item.label), None
    by_pixels = boundary or channels.nodata is not None
    found = []
    for path in item.predictions:
        try:
            stored = view_label(path)
        except LabelError:
            classes.to_index(label, where=str(item.label))  # what is wrong with it is said first
            raise
        counts = None if by_pixels else count_runs(stored, label, classes, under_void)
        if counts is None:
            if target is None:
                target = classes.to_index(label, where=str(item.label))
                target = void_without_data(target, item.image, channels, classes.ignore_index)
            given = (path, stored, item.label, target, classes, under_void, boundary)
            counts = count_prediction(*given)
        found.append(counts)
    return tuple(found)


def count_runs(
    stored: np.ndarray, label: np.ndarray, classes: Classes, under_void: bool
) -> ImageCounts | None:
    """What count_prediction returns, of the stored values; it looks up and counts runs of pixels.

    Returns:
        None if there are hardly runs in them, or if something is wrong with the values.
    """
    if stored.shape != label.shape:
        return None
    places, side = classes.place_in_table, len(classes) + 2
    counted = np.zeros(side**2)
    height, width = label.shape
    # a band must be worth its pass over the table
    rows = max(1, max(BAND_PIXELS, side**2) // width)
    for top in range(0, height, rows):
        bands = (array[top : top + rows].ravel() for array in (label, stored))
        runs = runs_of(*bands, most=MOST_RUNS)
        if runs is None:
            return None
        (targets, preds), lengths = runs
        index = places[targets]
        index *= side
        index += places[preds]
        counted += np.bincount(index, lengths, side**2)
    table = counted.astype(np.int64).reshape(side, side)
    # void where the label has a class, or unknown values
    if table[:-2, -2:].any() or table[-1].any() or table[-2, -1]:
        return None
    counts = ConfusionCounts(table[:-2, :-2], int(table[-2].sum()))
    return ImageCounts((height, width), counts, table[-2, :-2] if under_void else None)


def count_prediction(
    path: Path,
    stored: np.ndarray,
    label: Path,
    target: np.ndarray,
    classes: Classes,
    under_void: bool,
    boundary: bool,
) -> ImageCounts:
    """Counts of the stored values of one prediction against the class indices of its label."""
    if stored.shape != target.shape:
        raise LabelError(
            path, "size (H, W)", must=f"{target.shape} as in {label}", got=stored.shape
        )
    pred = classes.to_index(stored, where=str(path))
    given = (pred, target, len(classes), classes.ignore_index)
    try:
        counts = count_confusion(*given)
    except ArgumentError:  # void predicted where the label is a class
        void = (pred == classes.ignore_index) & (target != classes.ignore_index)
        must = "those of classes where the label has a class"
        got = f"void, stored as {list_offenders(stored, void)}"
        where = f"{path} against {label}"
        raise LabelError(where, "stored values", must=must, got=got) from None
    strips = None
    if boundary:
        # SciPy takes longer to import than a small folder to score
        from pixelwise.metrics.boundary import count_boundary

        strips = count_boundary(*given, STRIP_WIDTH)
    height, width = target.shape
    return ImageCounts(
        (height, width), counts, count_under_void(*given) if under_void else None, strips
    )
