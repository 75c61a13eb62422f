"""Binary segmentation at every threshold, from one histogram of probabilities.

A pixel is foreground if its probability is above the threshold (not equal to it), as predict_label
has it. With P(k) and T(k) the pixels and the foreground pixels above threshold k / steps:

    true positives T(k)     false positives P(k) - T(k)

so one count of pixels by probability and target gives ROC, precision and recall, every score at
every threshold, and the best threshold, for a dataset of any size.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import (
    ArgumentError,
    check_choice,
    check_range,
    check_shape,
)
from pixelwise.figures.figure import Axes, Figure
from pixelwise.metrics.additive import Additive
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.inputs import Ignore, as_probs, check_probs, checked_pair
from pixelwise.metrics.scores import SCORES

# a power of two: k / STEPS is exact in every floating-point type, and so is each comparison
STEPS = 1024
ThresholdCurve = Literal["scores", "precision_recall", "roc"]


@dataclass(frozen=True, eq=False)
class ThresholdCounts(Additive):
    """Pixels by probability and target; counts of two images are the sum of their records.

    Args:
        pixels: (steps + 1, 2) integers >= 0; columns are target background and foreground. Row 0
            has probability 0, row k those above (k - 1) / steps and up to k / steps.
    """

    UNIT = "thresholds"

    pixels: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", np.asarray(self.pixels))
        check_shape("ThresholdCounts", "pixels", self.pixels.shape, (None, 2), "(steps + 1, 2)")

    @property
    def steps(self) -> int:
        """Number of intervals between 0 and 1."""
        return len(self.pixels) - 1

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """(steps + 1,) float64, 0 to 1."""
        return np.arange(self.steps + 1) / self.steps

    def plot(self, ax: Axes | None = None, *, curve: ThresholdCurve = "scores") -> Figure | Axes:
        """IoU and Dice of the foreground by threshold, or another curve.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            curve: "scores", "precision_recall" or "roc".
        Returns:
            A Figure; or ax.
        """
        from pixelwise.metrics.plots import threshold_figure

        return threshold_figure(self, ax, curve)


def count_thresholds(
    probs: ArrayLike, target: ArrayLike, ignore_index: Ignore = 255, steps: int = STEPS
) -> ThresholdCounts:
    """Count pixels by probability of the foreground and by target.

    pixels[k, t] = number of valid pixels with target t and (k - 1) / steps < prob <= k / steps.

    Args:
        probs: (*S) floating point, probability of the foreground, 0..1.
        target: (*S) integer or bool, 0 or 1 or ignored; the shape of probs.
        ignore_index: as for count_confusion.
        steps: intervals between 0 and 1, a power of two up to 2^20.
    Returns:
        ThresholdCounts; add them up over images.
    Raises:
        ArgumentTypeError: probs is not floating point, or target not of an integer or bool dtype.
        ArgumentError: the shapes differ, a target is neither 0, 1 nor ignored, or the probability
            of a valid pixel is not in 0..1.
    """
    where = "count_thresholds"
    check_steps(where, steps)
    probs = as_probs(where, probs)
    check_shape(where, "probs", probs.shape, np.shape(target), "as large as target")
    unused = np.zeros(probs.shape, bool)
    _, target, valid = checked_pair(where, unused, target, 2, ignore_index)
    above = np.ceil(check_probs(where, probs, valid)[valid] * steps).astype(np.int64)
    pixels = np.bincount(2 * above + target[valid].astype(np.int64), minlength=2 * (steps + 1))
    return ThresholdCounts(pixels.reshape(steps + 1, 2))


def confusion_at(counts: ThresholdCounts, threshold: float) -> ConfusionCounts:
    """The confusion of background and foreground at one threshold: any score can be taken of it.

    predicted foreground = pixels with prob > threshold.

    Args:
        counts: of one image, or the sum over a dataset.
        threshold: 0..1, one of counts.thresholds.
    Returns:
        Counts of two classes.
    Raises:
        ArgumentError: the histogram does not know this threshold.
    Equals: count_confusion(probs > threshold, target, 2).
    """
    where, hint = "confusion_at", f"The histogram has {counts.steps} steps."
    check_range(where, "threshold", threshold, 0, 1)
    k = round(threshold * counts.steps)
    if k != threshold * counts.steps:
        constraint = f"a multiple of 1/{counts.steps}, such as {k / counts.steps}"
        raise ArgumentError(where, "threshold", must=constraint, got=threshold, hint=hint)
    below, above = counts.pixels[: k + 1].sum(axis=0), counts.pixels[k + 1 :].sum(axis=0)
    return ConfusionCounts(np.stack([below, above], axis=1))


def sweep(counts: ThresholdCounts, score: str = "iou") -> NDArray[np.float64]:
    """A score at every threshold.

    SCORES[score](confusion_at(counts, threshold)), of the foreground if it is one score a class.

    Args:
        counts: of one image, or the sum over a dataset.
        score: a name in SCORES.
    Returns:
        (steps + 1,) float64, in the order of counts.thresholds.
    Raises:
        ArgumentError: unknown score.
    Absent classes: as the score has it.
    """
    check_choice("sweep", "score", score, SCORES)
    row = SCORES[score]
    values = [row.fn(confusion_at(counts, t)) for t in counts.thresholds]
    return np.array(values)[:, 1] if row.per_class else np.array(values)


def best_threshold(counts: ThresholdCounts, score: str = "iou") -> tuple[float, float]:
    """The threshold with the highest score, and that score.

    argmax over thresholds of sweep(counts, score).

    Of equally good ones it is the nearest to 0.5, then the lower. Choose it on another split than
    the one to be scored.

    Args:
        counts: the sum over a dataset.
        score: a name in SCORES.
    Returns:
        (threshold, score); both NaN without foreground in the target.
    Raises:
        ArgumentError: unknown score.
    """
    values = sweep(counts, score)
    if counts.pixels[:, 1].sum() == 0:
        return np.nan, np.nan
    best = counts.thresholds[values == np.nanmax(values)]
    threshold = best[np.argmin(np.abs(best - 0.5))]
    return float(threshold), float(np.nanmax(values))


def roc_curve(counts: ThresholdCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rate, from the threshold 1 down to 0 and below.

    (false positives / background, true positives / foreground).

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        Two (steps + 2,) float64 that rise from 0 to 1; NaN without such target pixels.
    Equals: sklearn.metrics.roc_curve(target, probs, drop_intermediate=False), for probabilities
        that are multiples of 1 / steps; points that coincide are not merged.
    """
    above = np.cumsum(np.vstack([np.zeros((1, 2), np.int64), counts.pixels[::-1]]), axis=0)
    total = above[-1].astype(np.float64)
    rates = np.divide(above, total, out=np.full(above.shape, np.nan), where=total > 0)
    return rates[:, 0], rates[:, 1]


def roc_auc(counts: ThresholdCounts) -> float:
    """Area under the ROC curve.

    Probability that a foreground pixel has a higher prob than a background pixel, ties half.

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        0..1, or NaN unless the target has both background and foreground.
    Equals: sklearn.metrics.roc_auc_score(target, probs), up to ties within a step.
    """
    return float(np.trapezoid(*roc_curve(counts)[::-1]))


def precision_recall_curve(
    counts: ThresholdCounts,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision and recall of the foreground at every threshold.

    (true positives / predicted foreground, true positives / foreground).

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        Two (steps + 1,) float64 in the order of counts.thresholds. Precision is 1 where nothing is
        predicted; recall is NaN without foreground.
    """
    above = counts.pixels[::-1].cumsum(axis=0)[::-1]
    above = np.vstack([above[1:], np.zeros((1, 2), np.int64)])
    found, predicted = above[:, 1], above.sum(axis=1)
    foreground = counts.pixels[:, 1].sum()
    precision = np.divide(found, predicted, out=np.ones(len(found)), where=predicted > 0)
    recall = found / foreground if foreground else np.full(len(found), np.nan)
    return precision, recall


def average_precision(counts: ThresholdCounts) -> float:
    """Area under the precision-recall curve as a sum of steps.

    sum over thresholds, from high to low, of the rise in recall · precision.

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        0..1, or NaN without foreground.
    Equals: sklearn.metrics.average_precision_score(target, probs), up to ties within a step.
    """
    above = counts.pixels[::-1].cumsum(axis=0)
    found, predicted = above[:, 1], above.sum(axis=1)
    if found[-1] == 0:
        return np.nan
    precision = np.divide(found, predicted, out=np.ones(len(found)), where=predicted > 0)
    return float((np.diff(found, prepend=0) / found[-1] * precision).sum())


def check_steps(where: str, steps: int) -> None:
    """Raise unless steps is a power of two from 2 to 2^20."""
    if steps not in [2**n for n in range(1, 21)]:
        constraint = "a power of two from 2 to 1048576"
        hint = "Other steps are not exact in binary, so thresholds would be blurred."
        raise ArgumentError(where, "steps", must=constraint, got=steps, hint=hint)
