"""Scores: formulas on confusion counts, in float64.

With t = target pixels, p = predicted pixels and c = correct pixels of a class:

    iou       c / (t + p - c)        precision  c / p
    dice      2 c / (t + p)          recall     c / t

One rule for absent classes in all of them: a class that is neither in the target nor predicted has
no score (NaN); a class that is in only one of the two has nothing correct and scores 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, check_range
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.counted import as_counts, on_counts
from pixelwise.metrics.means import (
    CONVENTIONS,
    ClassChoice,
    Convention,
    averaged,
    chosen_classes,
    dice_of_pixels,
    iou_of_pixels,
    mean_of,
    mean_of_pixels,
    ratio,
)

Weighting = Literal["square", "simple", "uniform"]


@on_counts
def iou(counts: ConfusionCounts) -> NDArray[np.float64]:
    """Intersection over union of each class, also called Jaccard index.

    correct / (target + predicted - correct), in pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Absent classes: NaN if in neither target nor prediction; 0 if only predicted.
    Equals: sklearn.metrics.jaccard_score(target, pred, average=None) for present classes.
    Source: Jaccard 1901; as a segmentation score Everingham et al. 2010 (Pascal VOC).

    Example:
        >>> iou(ConfusionCounts(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])))
        array([0.75, 0.8 ,  nan])
    """
    return iou_of_pixels(*_pixels("iou", counts))


@on_counts
def dice(counts: ConfusionCounts) -> NDArray[np.float64]:
    """Dice score of each class = F1.

    2 correct / (target + predicted), in pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Absent classes: NaN if in neither target nor prediction; 0 if only predicted.
    Equals: sklearn.metrics.f1_score(target, pred, average=None) for present classes;
        2 iou / (1 + iou).
    Source: Dice 1945.

    Example:
        >>> dice(ConfusionCounts(np.array([[3, 1, 1], [0, 4, 0], [0, 0, 0]])))
        array([0.75      , 0.88888889, 0.        ])
    """
    return dice_of_pixels(*_pixels("dice", counts))


@on_counts
def precision(counts: ConfusionCounts) -> NDArray[np.float64]:
    """Share of the pixels predicted as a class that are of the class.

    correct / predicted, in pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Absent classes: NaN if in neither target nor prediction; 0 if only predicted, and 0 too if in
        the target but never predicted.
    Equals: sklearn.metrics.precision_score(target, pred, average=None) for present classes.
    """
    correct, target, pred = _pixels("precision", counts)
    return ratio(correct, pred, target + pred)


@on_counts
def recall(counts: ConfusionCounts) -> NDArray[np.float64]:
    """Share of the pixels of a class that were predicted as the class = its accuracy.

    correct / target, in pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Absent classes: NaN if in neither target nor prediction; 0 if only predicted.
    Equals: sklearn.metrics.recall_score(target, pred, average=None) for present classes.
    """
    correct, target, pred = _pixels("recall", counts)
    return ratio(correct, target, target + pred)


@on_counts
def f_beta(counts: ConfusionCounts, beta: float = 1.0) -> NDArray[np.float64]:
    """F-beta score of each class: recall counts beta times as much as precision.

    (1 + b²) correct / (b² target + predicted), in pixels, b = beta.

    Args:
        counts: pixels by target and predicted class.
        beta: >= 0; 0 is precision, 1 is the Dice score.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Raises:
        ArgumentError: beta is negative.
    Absent classes: NaN if in neither target nor prediction; 0 if only predicted.
    Equals: sklearn.metrics.fbeta_score(target, pred, beta=beta, average=None) for present classes.
    Source: van Rijsbergen 1979.
    """
    check_range("f_beta", "beta", beta, low=0)
    correct, target, pred = _pixels("f_beta", counts)
    return ratio((1 + beta**2) * correct, beta**2 * target + pred, target + pred)


@on_counts
def pixel_accuracy(counts: ConfusionCounts) -> float:
    """Share of the valid pixels whose class was predicted.

    sum of correct / sum of target, in pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        0..1, or NaN without valid pixels.
    Absent classes: have no pixels and do not matter.
    Equals: sklearn.metrics.accuracy_score(target, pred).
    Source: Long et al. 2015.

    Example:
        >>> pixel_accuracy(ConfusionCounts(np.array([[3, 1], [0, 4]])))
        0.875
    """
    correct, target, _ = _pixels("pixel_accuracy", counts)
    return float(ratio(correct.sum(), target.sum(), target.sum()))


@on_counts
def mean_accuracy(counts: ConfusionCounts) -> float:
    """Mean recall of the classes in the target.

    mean over classes with target > 0 of correct / target, in pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        0..1, or NaN without valid pixels.
    Absent classes: a class without target pixels is left out, predicted or not.
    Equals: sklearn.metrics.balanced_accuracy_score(target, pred).
    Source: Long et al. 2015.
    """
    _, target, _ = _pixels("mean_accuracy", counts)
    return mean_of(recall(counts), target > 0)


@on_counts
def frequency_weighted_iou(counts: ConfusionCounts) -> float:
    """IoU of each class, weighted by the share of the valid pixels that are of the class.

    sum over classes of target / all · iou.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        0..1, or NaN without valid pixels.
    Absent classes: a class without target pixels has weight 0, predicted or not.
    Equals: sklearn.metrics.jaccard_score(target, pred, average="weighted").
    Source: Long et al. 2015.
    """
    return mean_of_pixels(iou_of_pixels, *_pixels("frequency_weighted_iou", counts), "weighted")


@on_counts
def mean_iou(
    counts: ConfusionCounts | Sequence[ConfusionCounts],
    convention: Convention = "present",
    classes: ClassChoice = None,
) -> float:
    """Mean intersection over union, under a named convention.

    convention "present": mean over classes with target + predicted > 0 of iou.

    Args:
        counts: pixels by target and predicted class; for "per_image" a list of them, one an image.
        convention: a name in CONVENTIONS, which says what each one means.
        classes: the indices of the classes that the mean may be taken over; "foreground" = all but
            0; None = all. The pixels of the others still count as errors of those.
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError: unknown convention, or classes that are not distinct indices 0..C-1.
        ArgumentTypeError: a list where one record is needed, or the reverse.
    Absent classes: what the convention says; classes_averaged returns those classes.
    Equals: sklearn.metrics.jaccard_score with average="macro" for "present", "micro" and
        "weighted" for those, and labels=classes; smp.metrics.iou_score with reduction="macro" for
        "absent_as_one".

    Example:
        >>> counts = ConfusionCounts(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
        >>> [round(mean_iou(counts, name), 3) for name in ("present", "absent_as_zero", "micro")]
        [0.775, 0.517, 0.778]
    """
    return _mean_score("mean_iou", iou_of_pixels, counts, convention, classes)


@on_counts
def mean_dice(
    counts: ConfusionCounts | Sequence[ConfusionCounts],
    convention: Convention = "present",
    classes: ClassChoice = None,
) -> float:
    """Mean Dice score, under a named convention.

    convention "present": mean over classes with target + predicted > 0 of dice.

    Args:
        counts: pixels by target and predicted class; for "per_image" a list of them, one an image.
        convention: a name in CONVENTIONS, which says what each one means.
        classes: the indices of the classes that the mean may be taken over; "foreground" = all but
            0; None = all. The pixels of the others still count as errors of those.
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError: unknown convention, or classes that are not distinct indices 0..C-1.
        ArgumentTypeError: a list where one record is needed, or the reverse.
    Absent classes: what the convention says; classes_averaged returns those classes.
    Equals: sklearn.metrics.f1_score with average="macro" for "present", "micro" and "weighted" for
        those, and labels=classes.
    """
    return _mean_score("mean_dice", dice_of_pixels, counts, convention, classes)


@on_counts
def generalized_dice(
    counts: ConfusionCounts,
    weighting: Weighting = "square",
    absent: Literal["keep", "skip"] = "keep",
    classes: ClassChoice = None,
) -> float:
    """Generalised Dice score: one Dice of all classes, in which rare ones weigh more.

    2 sum of v · correct / sum of v · (target + predicted) over classes, in pixels.

    Args:
        counts: pixels by target and predicted class.
        weighting: v: "square" 1 / target², "simple" 1 / target, "uniform" 1.
        absent: v of a class that is not in the target: "keep" gives it the largest v of the
            others, 1 if there is none; "skip" gives it 0, so that predicting it costs nothing.
        classes: as for mean_iou.
    Returns:
        0..1, or NaN without any pixel of the classes in target and prediction.
    Raises:
        ArgumentError: unknown weighting or absent, or classes that are not distinct indices 0..C-1.
    Absent classes: see `absent`; a class in neither target nor prediction changes nothing.
    Equals: monai.metrics.GeneralizedDiceScore(weight_type=weighting) of one image, which gives 1
        in place of NaN; torchmetrics GeneralizedDiceScore of one image for absent="skip".
    Source: Sudre et al. 2017, equation 4; Crum et al. 2006.
    """
    where = "generalized_dice"
    check_choice(where, "weighting", weighting, get_args(Weighting))
    check_choice(where, "absent", absent, ("keep", "skip"))
    pixels = _pixels(where, counts)
    chosen = chosen_classes(where, classes, len(pixels[0]))
    correct, target, pred = (own[chosen].astype(np.float64) for own in pixels)
    power = {"square": -2.0, "simple": -1.0, "uniform": 0.0}[weighting]
    weight = np.where(target > 0, np.maximum(target, 1) ** power, 0)
    if absent == "keep":
        weight[target == 0] = weight.max() or 1.0
    size = target + pred
    return float(ratio(2 * (weight * correct).sum(), (weight * size).sum(), size.sum()))


@on_counts
def classes_averaged(
    counts: ConfusionCounts | Sequence[ConfusionCounts],
    convention: Convention = "present",
    classes: ClassChoice = None,
) -> NDArray[np.bool_]:
    """Which classes enter the mean of a convention; a mean is reported with their number.

    Args:
        counts: as for mean_iou.
        convention: a name in CONVENTIONS.
        classes: as for mean_iou.
    Returns:
        (C,) bool; for "micro" and "per_image" the classes that have any pixel.
    Raises:
        ArgumentError: unknown convention, or classes that are not distinct indices 0..C-1.
        ArgumentTypeError: a list where one record is needed, or the reverse.
    """
    where = "classes_averaged"
    first, *others = _as_images(where, counts, convention)
    _, target, pred = _pixels(where, sum(others, first))
    may_count = np.isin(np.arange(len(target)), chosen_classes(where, classes, len(target)))
    return averaged(target, pred, convention) & may_count


@dataclass(frozen=True)
class Metric:
    """A row of SCORES: what holds for a function of one ConfusionCounts, and what it is called.

    Args:
        fn: counts -> (C,) float64 or float.
        title: its name in a sentence.
        per_class: fn returns one score a class.
        symmetric: swapping target and prediction changes nothing.
        by_convention: fn also takes the name of a convention, and then a list of counts.
        reported: it is in score.json, in the table that `score` prints and on the page.
        bounds: lowest and highest score.
    """

    fn: Callable[..., Any]  # a float, or an array of one a class
    title: str
    per_class: bool = False
    symmetric: bool = False
    by_convention: bool = False
    reported: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)


# The order is that of columns and lists.
SCORES = {
    "iou": Metric(iou, "IoU", per_class=True, symmetric=True),
    "dice": Metric(dice, "Dice", per_class=True, symmetric=True),
    "precision": Metric(precision, "precision", per_class=True),
    "recall": Metric(recall, "recall", per_class=True),
    "f_beta": Metric(f_beta, "F-beta", per_class=True, reported=False),  # beta = 1 is Dice
    "mean_iou": Metric(mean_iou, "mean IoU", symmetric=True, by_convention=True),
    "mean_dice": Metric(mean_dice, "mean Dice", symmetric=True, by_convention=True),
    "pixel_accuracy": Metric(pixel_accuracy, "pixel accuracy", symmetric=True),
    "mean_accuracy": Metric(mean_accuracy, "mean accuracy"),
    "frequency_weighted_iou": Metric(frequency_weighted_iou, "frequency-weighted IoU"),
    "generalized_dice": Metric(generalized_dice, "generalised Dice", reported=False),
}
CLASS_SCORES = {name: row for name, row in SCORES.items() if row.per_class and row.reported}
MEAN_SCORES = {name: row for name, row in SCORES.items() if not row.per_class and row.reported}


def _mean_score(
    where: str,
    formula: Callable[..., np.ndarray],
    counts: ConfusionCounts | Sequence[ConfusionCounts],
    convention: Convention,
    classes: ClassChoice,
) -> float:
    means = []
    for one in _as_images(where, counts, convention):
        chosen = chosen_classes(where, classes, one.num_classes)
        correct, target, pred = (pixels[chosen] for pixels in _pixels(where, one))
        is_valid = np.full(len(chosen), one.valid > 0)
        means.append(mean_of_pixels(formula, correct, target, pred, convention, is_valid))
    # an image without a valid pixel has no score to average
    return mean_of(np.array(means), ~np.isnan(means))


def _as_images(
    where: str, counts: ConfusionCounts | Sequence[ConfusionCounts], convention: str
) -> Sequence[ConfusionCounts]:
    """The records to score one by one: the images for "per_image", else the one record."""
    check_choice(where, "convention", convention, CONVENTIONS)
    if convention != "per_image":
        return [as_counts(where, counts)]
    if isinstance(counts, ConfusionCounts):
        got, hint = "one ConfusionCounts", "Keep the counts of each image; do not add them."
        raise ArgumentTypeError(
            where, "counts", must='a list, one record an image, for "per_image"', got=got, hint=hint
        )
    images = list(counts)
    if not images:
        raise ArgumentError(where, "counts", must="at least one image", got="an empty list")
    return [as_counts(where, one) for one in images]


def _pixels(where: str, counts: ConfusionCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correct, target and predicted pixels, each (C,) int64."""
    counts = as_counts(where, counts)
    return counts.correct_pixels, counts.target_pixels, counts.pred_pixels
