"""What every metric takes: arrays of class indices, and which pixels are ignored."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_range, check_shape, shown
from pixelwise.offenders import list_offenders

Ignore = int | Sequence[int] | NDArray[np.bool] | None
SAME_PIXELS = "Both are class indices of the same pixels; nothing is resized or broadcast."
HINTS = {
    "target": "Pass void values as ignore_index.",
    "pred": "Only the target may hold ignored values.",
}


def checked_pair(
    where: str, pred: Any, target: Any, num_classes: int, ignore_index: Ignore
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction and target as arrays of class indices, with a mask of the valid pixels.

    Args:
        where: function, the first word of messages.
        pred, target, num_classes, ignore_index: as for count_confusion.
    Returns:
        pred and target as they are, and (*S) bool, True where the target is not ignored.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion.
    """
    pred, target, mask, values = as_pair(where, pred, target, num_classes, ignore_index)
    valid = ~(has_value(target, values) if mask is None else mask)
    unknown = unknown_indices(where, pred, target, num_classes, valid)
    if unknown:
        raise unknown
    return pred, target, valid


def as_pair(
    where: str, pred: Any, target: Any, num_classes: int, ignore_index: Ignore
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, list[int]]:
    """Prediction and target of one shape, and what is ignored as a mask or as values."""
    pred = as_integers(where, "pred", pred)
    target = as_integers(where, "target", target)
    check_shape(where, "pred", pred.shape, target.shape, "as large as target", SAME_PIXELS)
    check_range(where, "num_classes", num_classes, low=1)
    return pred, target, *as_ignored(where, ignore_index, target.shape)


def as_integers(where: str, name: str, array: Any) -> np.ndarray:
    """What numpy can view, if it is of an integer or bool dtype.

    Raises:
        ArgumentTypeError: it is not.
    """
    array = as_array(where, name, array)
    if array.dtype != bool and not np.issubdtype(array.dtype, np.integer):
        hint = "Class indices are counted: take the argmax of logits, or a threshold, first."
        constraint, got = "of an integer or bool dtype", f"dtype {array.dtype}"
        raise ArgumentTypeError(where, name, must=constraint, got=got, hint=hint)
    return array


def as_array(where: str, name: str, array: Any) -> np.ndarray:
    """What numpy can view, of any dtype.

    Raises:
        ArgumentTypeError: numpy cannot view it.
    """
    try:
        return np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        hint = "Move a tensor to main memory first: tensor.cpu()."
        got = f"{type(array).__name__} ({error})"
        raise ArgumentTypeError(where, name, must="viewable by numpy", got=got, hint=hint) from None


def as_ignored(
    where: str, ignore_index: Any, shape: tuple[int, ...]
) -> tuple[np.ndarray | None, list[int]]:
    """ignore_index as a mask or as a list of values; the other of the two is empty.

    Raises:
        ArgumentTypeError: it is neither integers nor a mask nor None.
        ArgumentError: the mask is of another shape.
    """
    if ignore_index is None:
        return None, []
    ignored = np.asarray(ignore_index)
    if ignored.dtype == bool and ignored.ndim > 0:
        check_shape(where, "ignore_index", ignored.shape, shape, "(as a mask) as large as target")
        return ignored, []
    if ignored.size > 0 and not np.issubdtype(ignored.dtype, np.integer):
        constraint = "an integer, several integers, a bool mask or None"
        raise ArgumentTypeError(where, "ignore_index", must=constraint, got=shown(ignore_index))
    return None, [int(value) for value in ignored.ravel()]


def has_value(index: np.ndarray, values: list[int]) -> np.ndarray:
    """Bool, True where index is one of the values."""
    found = np.zeros(index.shape, bool)
    for value in values:
        found |= index == value
    return found


def as_probs(where: str, probs: Any) -> np.ndarray:
    """Probabilities as an array of float32 or float64.

    Raises:
        ArgumentTypeError: they are not floating point.
    """
    probs = as_array(where, "probs", probs)
    if not np.issubdtype(probs.dtype, np.floating):
        hint = "Probabilities are between 0 and 1; divide 8-bit ones by 255."
        got = f"dtype {probs.dtype}"
        raise ArgumentTypeError(where, "probs", must="floating point", got=got, hint=hint)
    return probs.astype(np.float32) if probs.dtype == np.float16 else probs


def check_probs(where: str, probs: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The probabilities, if those of all valid pixels are in 0..1.

    Raises:
        ArgumentError: with the number of the others and the first of them.
    """
    wrong = valid & ~((probs >= 0) & (probs <= 1))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        got = f"{np.count_nonzero(wrong)} others, the first {probs[place]} at {place}"
        hint = "Activate logits first: sigmoid for one channel, softmax for several."
        raise ArgumentError(where, "probs", must="0..1 at valid pixels", got=got, hint=hint)
    return probs


def check_part(where: str, name: str, value: float, whole: float, hint: str) -> None:
    """Raise unless 0 < value <= whole."""
    check_range(where, name, value, 0, whole, hint)
    if value == 0:
        raise ArgumentError(where, name, must="above 0", got=value, hint=hint)


def unknown_indices(
    where: str, pred: np.ndarray, target: np.ndarray, num_classes: int, valid: np.ndarray
) -> ArgumentError | None:
    """The error about all values at valid pixels that are not a class; None if there is none.

    Args:
        where: function, the first word of the message.
        pred, target: (*S) integer or bool.
        num_classes: C; a class index is 0..C-1.
        valid: (*S) bool, pixels to look at.
    """
    arrays = {"target": target, "pred": pred}
    unknown = {n: valid & ((a < 0) | (a >= num_classes)) for n, a in arrays.items()}
    names = [name for name in arrays if unknown[name].any()]
    if not names:
        return None
    listed = [list_offenders(arrays[name], unknown[name]) for name in names]
    got = listed[0] if len(names) == 1 else f"target {listed[0]} and pred {listed[1]}"
    must = f"class indices 0..{num_classes - 1} or ignored"
    hint = " ".join(HINTS[name] for name in names)
    return ArgumentError(where, " and ".join(names), must=must, got=got, hint=hint)
