"""Ratios of pixels, and what a mean of them over classes is taken over: CONVENTIONS."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, check_choice
from pixelwise.metrics.inputs import as_integers

Convention = Literal[
    "present", "target", "absent_as_zero", "absent_as_one", "micro", "weighted", "per_image"
]
ClassChoice = Sequence[int] | Literal["foreground"] | None  # foreground: every class but 0
# What the mean of a per-class score is taken over. Published "mIoU" values use all of these, so
# a mean is only comparable together with the name of its convention.
CONVENTIONS: dict[Convention, str] = {
    "present": "mean over the classes that are in the target or in the prediction",
    "target": "mean over the classes that are in the target",
    "absent_as_zero": "mean over all classes, a class in neither target nor prediction scores 0",
    "absent_as_one": "mean over all classes, a class in neither target nor prediction scores 1",
    "micro": "no mean over classes: the pixels of all classes are added up before dividing",
    "weighted": "mean over the classes that are in the target, weighted by their target pixels",
    "per_image": "mean over images of each image's mean over the classes present in that image",
}
# what an absent class counts as, in the conventions that average it
ABSENT_SCORE = {"absent_as_zero": 0.0, "absent_as_one": 1.0}


def iou_of_pixels(correct: np.ndarray, target: np.ndarray, pred: np.ndarray) -> NDArray[np.float64]:
    """The formula of iou on its three sums."""
    return ratio(correct, target + pred - correct, target + pred)


def dice_of_pixels(
    correct: np.ndarray, target: np.ndarray, pred: np.ndarray
) -> NDArray[np.float64]:
    """The formula of dice on its three sums."""
    return ratio(2 * correct, target + pred, target + pred)


def ratio(numerator: Any, denominator: Any, present: Any) -> NDArray[np.float64]:
    """numerator / denominator; 0 / 0 is NaN for an absent class and 0 for a present one."""
    score = np.where(present > 0, 0.0, np.nan)
    return np.divide(numerator, denominator, out=score, where=denominator > 0)


def mean_of_pixels(
    formula: Callable[..., np.ndarray],
    correct: np.ndarray,
    target: np.ndarray,
    pred: np.ndarray,
    convention: Convention,
    is_valid: np.ndarray | None = None,
) -> float:
    """Mean over classes of formula(correct, target, pred), each (C,) pixels, by a convention.

    `is_valid` is (C,) bool, which classes have a pixel that is not void; None: one pixel has all.
    """
    if convention == "micro":
        return float(formula(correct.sum(), target.sum(), pred.sum()))
    score = formula(correct, target, pred)
    if convention == "weighted":
        return float(ratio(np.nansum(target * score), target.sum(), target.sum()))
    score[np.isnan(score)] = ABSENT_SCORE.get(convention, np.nan)
    return mean_of(score, averaged(target, pred, convention, is_valid))


def averaged(
    target: np.ndarray,
    pred: np.ndarray,
    convention: Convention,
    is_valid: np.ndarray | None = None,
) -> NDArray[np.bool_]:
    """(C,) bool, the classes that enter the mean of a convention; is_valid: see mean_of_pixels."""
    if convention in ABSENT_SCORE:
        return np.full(target.shape, target.any()) if is_valid is None else is_valid
    return target > 0 if convention in ("target", "weighted") else target + pred > 0


def mean_of(values: np.ndarray, chosen: np.ndarray) -> float:
    """The mean of the chosen values; NaN if there is none."""
    return float(values[chosen].mean()) if chosen.any() else np.nan


def chosen_classes(where: str, classes: ClassChoice, num_classes: int) -> NDArray[np.int64]:
    """The indices of the classes that a mean may be taken over.

    Args:
        where: function, the first word of messages.
        classes: indices, "foreground" for every class but 0, or None for all.
        num_classes: C.
    Raises:
        ArgumentError: another word; no index, repeated ones, or some that are not in 0..C-1.
        ArgumentTypeError: not integers.
    """
    if classes is None:
        return np.arange(num_classes)
    if isinstance(classes, str):
        check_choice(where, "classes", classes, ("foreground",))
        classes = range(1, num_classes)
    indices = as_integers(where, "classes", classes if classes else np.zeros(0, np.int64))
    known = indices.ndim == 1 and indices.size > 0 and len(np.unique(indices)) == indices.size
    if not known or indices.min() < 0 or indices.max() >= num_classes:
        must = f"distinct indices 0..{num_classes - 1}"
        raise ArgumentError(where, "classes", must=must, got=indices.tolist())
    return indices.astype(np.int64)
