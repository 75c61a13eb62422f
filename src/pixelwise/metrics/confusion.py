"""Prediction and target, reduced to the one record that every score is a formula of.

Counting is the only place that looks at pixels. Everything after it adds records and divides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import check_range, check_shape
from pixelwise.figures.figure import Axes, Figure
from pixelwise.figures.names import ClassNames
from pixelwise.metrics.additive import Additive
from pixelwise.metrics.inputs import Ignore, as_integers, as_pair, has_value, unknown_indices

# A band and its 8-byte index stay in the cache; larger bands measured slower, not faster.
BAND_PIXELS = 1 << 16


def count_confusion(
    pred: ArrayLike,
    target: ArrayLike,
    num_classes: int,
    ignore_index: Ignore = 255,
) -> "ConfusionCounts":
    """Count pixels by target class and predicted class.

    matrix[t, p] = number of valid pixels with target t and prediction p.

    Both arrays are read once, in bands, whatever their layout; nothing of their size is allocated.
    What was predicted on an ignored pixel is never looked at.

    Args:
        pred: (*S) integer or bool, predicted class indices 0..C-1: an array, or anything that
            numpy can view, such as a torch tensor in main memory.
        target: (*S) integer or bool, class indices 0..C-1 or ignored; the shape of pred.
        num_classes: C, >= 1.
        ignore_index: an integer or several: target pixels with these values are left out; or a
            (*S) bool mask, True where a pixel is left out; None leaves out nothing. With more
            than 255 classes pass another value than 255, which is the index of a class then.
    Returns:
        ConfusionCounts with images=1, whatever the shape.
    Raises:
        ArgumentTypeError: pred or target is not of an integer or bool dtype.
        ArgumentError: the shapes differ; a target is neither a class nor ignored; the prediction
            of a valid pixel is not a class. The message names all such values, their pixels and
            their first place.
    Equals: sklearn.metrics.confusion_matrix(target, pred, labels=range(C)) on the valid pixels.

    Example:
        >>> counts = count_confusion([0, 1, 1, 2], [0, 0, 1, 255], num_classes=3)
        >>> counts.matrix
        array([[1, 1, 0],
               [0, 1, 0],
               [0, 0, 0]])
        >>> counts.ignored
        1
    """
    where = "count_confusion"
    pred, target, mask, ignored_values = as_pair(where, pred, target, num_classes, ignore_index)

    matrix = np.zeros(num_classes**2, np.int64)
    valid_pixels = 0
    # a band must be worth its pass over the matrix
    band_pixels = max(BAND_PIXELS, num_classes**2)
    for pred_band, target_band in _valid_bands(pred, target, mask, ignored_values, band_pixels):
        if not (_are_classes(pred_band, num_classes) and _are_classes(target_band, num_classes)):
            # the message reads the whole arrays again
            valid = ~(has_value(target, ignored_values) if mask is None else mask)
            raise unknown_indices(where, pred, target, num_classes, valid) or AssertionError
        # int64 before the product: 8-bit indices would wrap at 256
        index = target_band.astype(np.int64)
        index *= num_classes
        index += pred_band.astype(np.int64)
        matrix += np.bincount(index, minlength=num_classes**2)
        valid_pixels += index.size
    return ConfusionCounts(matrix.reshape(num_classes, num_classes), target.size - valid_pixels)


@dataclass(frozen=True, eq=False)
class ConfusionCounts(Additive):
    """How often each class was predicted where each class was the target.

    Counts add: the counts of two images, of two tiles or of two machines are the sum of their
    records, so `sum(parts)` is all that scaling out needs.

    Args:
        matrix: (C, C) integers >= 0, pixels; rows = target, columns = prediction. Kept as a
            read-only int64 copy.
        ignored: pixels that were left out.
        images: how many images were added up. It takes no part in ==, since the tiles of one
            image add up to the counts of that image.
    Raises:
        ArgumentTypeError: matrix is not of an integer dtype.
        ArgumentError: matrix is not square, or has a negative entry.
    """

    matrix: NDArray[np.int64]
    ignored: int = 0
    images: int = 1

    def __post_init__(self) -> None:
        matrix = as_integers("ConfusionCounts", "matrix", self.matrix).astype(np.int64)
        side = max(matrix.shape, default=0)
        check_shape("ConfusionCounts", "matrix", matrix.shape, (side, side), "(C, C)")
        check_range("ConfusionCounts", "matrix", int(matrix.min(initial=0)), low=0)
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def zero(cls, num_classes: int) -> "ConfusionCounts":
        """The counts of no image: where a sum over num_classes classes starts."""
        return cls(np.zeros((num_classes, num_classes), np.int64), ignored=0, images=0)

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.matrix)

    @property
    def valid(self) -> int:
        """Pixels that were counted."""
        return int(self.matrix.sum())

    @property
    def target_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels whose target is the class."""
        return self.matrix.sum(axis=1)

    @property
    def pred_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels that were predicted as the class."""
        return self.matrix.sum(axis=0)

    @property
    def correct_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels of the class that were predicted as the class."""
        return self.matrix.diagonal()

    def plot(self, ax: Axes | None = None, *, classes: ClassNames = None) -> Figure | Axes:
        """The matrix as a figure: a cell is the share of its row. See metrics.plots.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            classes: Classes, or their names.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.metrics.plots import confusion_figure

        return confusion_figure(self, ax, classes)

    def _repr_html_(self) -> str:
        from pixelwise.metrics.plots import confusion_table

        return confusion_table(self)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, ConfusionCounts):
            return NotImplemented
        return self.ignored == other.ignored and np.array_equal(self.matrix, other.matrix)

    def __hash__(self) -> int:
        return hash((self.ignored, self.matrix.tobytes()))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.matrix, dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[Any, ...]:
        # through the constructor: numpy forgets in a pickle that an array was read-only
        return ConfusionCounts, (self.matrix, self.ignored, self.images)


def total_counts(images: Sequence[ConfusionCounts]) -> ConfusionCounts:
    """The sum of the counts of at least one image."""
    return sum(images[1:], start=images[0])


def _valid_bands(
    pred: np.ndarray,
    target: np.ndarray,
    mask: np.ndarray | None,
    ignored_values: list[int],
    band_pixels: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield 1-D bands of (pred, target) without the ignored pixels, in the order of memory."""
    arrays = [pred, target] if mask is None else [pred, target, mask]
    with np.nditer(
        arrays,
        flags=["external_loop", "buffered", "zerosize_ok"],
        order="K",
        buffersize=band_pixels,
    ) as bands:
        for pred_band, target_band, *mask_band in bands:
            ignored = mask_band[0] if mask_band else has_value(target_band, ignored_values)
            if ignored.any():
                yield pred_band[~ignored], target_band[~ignored]
            else:
                yield pred_band, target_band


def _are_classes(index: np.ndarray, num_classes: int) -> bool:
    return index.size == 0 or bool(index.min() >= 0 and index.max() < num_classes)
