"""Prediction and target, reduced to the one record that every score is a formula of.

Counting is the only place that looks at pixels. Everything after it adds records and divides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_range, check_shape, sentence
from pixelwise.metrics.unknown import unknown_values

# A band and its 8-byte index stay in the cache; larger bands measured slower, not faster.
BAND_PIXELS = 1 << 16


def count_confusion(
    pred: Any,
    target: Any,
    num_classes: int,
    ignore_index: int | Sequence[int] | np.ndarray | None = 255,
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
            of a valid pixel is no class. The message names all such values, their pixels and
            their first place.
    Equals: sklearn.metrics.confusion_matrix(target, pred, labels=range(C)) on the valid pixels.
    """
    where = "count_confusion"
    pred = _as_integers(where, "pred", pred)
    target = _as_integers(where, "target", target)
    hint = "Both are class indices of the same pixels; nothing is resized or broadcast."
    check_shape(where, "pred", pred.shape, target.shape, "as large as target", hint)
    check_range(where, "num_classes", num_classes, low=1)
    mask, ignored_values = _as_ignored(where, ignore_index, target.shape)

    matrix = np.zeros(num_classes**2, np.int64)
    valid_pixels = 0
    # a band must be worth its pass over the matrix
    band_pixels = max(BAND_PIXELS, num_classes**2)
    for pred_band, target_band in _valid_bands(pred, target, mask, ignored_values, band_pixels):
        if not (_are_classes(pred_band, num_classes) and _are_classes(target_band, num_classes)):
            raise ArgumentError(_unknown(pred, target, num_classes, mask, ignored_values))
        # int64 before the product: 8-bit indices would wrap at 256
        index = target_band.astype(np.int64)
        index *= num_classes
        index += pred_band.astype(np.int64)
        matrix += np.bincount(index, minlength=num_classes**2)
        valid_pixels += index.size
    return ConfusionCounts(matrix.reshape(num_classes, num_classes), target.size - valid_pixels)


@dataclass(frozen=True, eq=False)
class ConfusionCounts:
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

    matrix: np.ndarray
    ignored: int = 0
    images: int = 1

    def __post_init__(self) -> None:
        matrix = _as_integers("ConfusionCounts", "matrix", self.matrix).astype(np.int64)
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
    def target_pixels(self) -> np.ndarray:
        """(C,) int64, pixels whose target is the class."""
        return self.matrix.sum(axis=1)

    @property
    def pred_pixels(self) -> np.ndarray:
        """(C,) int64, pixels that were predicted as the class."""
        return self.matrix.sum(axis=0)

    @property
    def correct_pixels(self) -> np.ndarray:
        """(C,) int64, pixels of the class that were predicted as the class."""
        return self.matrix.diagonal()

    def __add__(self, other: Any) -> "ConfusionCounts":
        if not isinstance(other, ConfusionCounts):
            return NotImplemented
        hint = "Only counts of the same classes can be added."
        check_shape("ConfusionCounts", "+", other.matrix.shape, self.matrix.shape, "(C, C)", hint)
        ignored, images = self.ignored + other.ignored, self.images + other.images
        return ConfusionCounts(self.matrix + other.matrix, ignored, images)

    def __radd__(self, other: Any) -> "ConfusionCounts":
        # the built-in sum starts with the integer 0
        return self if isinstance(other, int) and other == 0 else NotImplemented

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
            ignored = mask_band[0] if mask_band else _has_value(target_band, ignored_values)
            if ignored.any():
                yield pred_band[~ignored], target_band[~ignored]
            else:
                yield pred_band, target_band


def _has_value(index: np.ndarray, values: list[int]) -> np.ndarray:
    """Bool, True where index is one of the values."""
    found = np.zeros(index.shape, bool)
    for value in values:
        found |= index == value
    return found


def _are_classes(index: np.ndarray, num_classes: int) -> bool:
    return index.size == 0 or bool(index.min() >= 0 and index.max() < num_classes)


def _unknown(
    pred: np.ndarray,
    target: np.ndarray,
    num_classes: int,
    mask: np.ndarray | None,
    ignored_values: list[int],
) -> str:
    """The message about all unknown values; it reads the whole arrays again."""
    valid = ~(_has_value(target, ignored_values) if mask is None else mask)
    hints = {
        "target": "Pass void values as ignore_index.",
        "pred": "Only the target may hold ignored values.",
    }
    sentences = [
        unknown_values("count_confusion", name, index, valid, num_classes, hints[name])
        for name, index in (("target", target), ("pred", pred))
    ]
    return " ".join(s for s in sentences if s)


def _as_integers(where: str, name: str, array: Any) -> np.ndarray:
    try:
        array = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        hint = "Move a tensor to main memory first: tensor.cpu()."
        got = f"{type(array).__name__} ({error})"
        raise ArgumentTypeError(sentence(where, name, "viewable by numpy", got, hint)) from None
    if array.dtype != bool and not np.issubdtype(array.dtype, np.integer):
        hint = "Class indices are counted: take the argmax of logits, or a threshold, first."
        constraint, got = "of an integer or bool dtype", f"dtype {array.dtype}"
        raise ArgumentTypeError(sentence(where, name, constraint, got, hint))
    return array


def _as_ignored(
    where: str, ignore_index: Any, shape: tuple[int, ...]
) -> tuple[np.ndarray | None, list[int]]:
    """ignore_index as a mask or as a list of values; the other of the two is empty."""
    if ignore_index is None:
        return None, []
    ignored = np.asarray(ignore_index)
    if ignored.dtype == bool and ignored.ndim > 0:
        check_shape(where, "ignore_index", ignored.shape, shape, "(as a mask) as large as target")
        return ignored, []
    if ignored.size > 0 and not np.issubdtype(ignored.dtype, np.integer):
        constraint = "an integer, several integers, a bool mask or None"
        raise ArgumentTypeError(sentence(where, "ignore_index", constraint, repr(ignore_index)))
    return None, [int(value) for value in ignored.ravel()]
