"""Is one prediction better than another, or was it the choice of images?

Both were scored on the same images. A resample draws as many images with replacement, the same ones
for both, adds up their counts and takes the difference of the scores; the spread of many such
differences is the uncertainty that comes from having these images and not others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, check_choice, check_range, check_shape
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.counted import as_counts
from pixelwise.metrics.means import (
    CONVENTIONS,
    Convention,
    dice_of_pixels,
    iou_of_pixels,
    mean_of_pixels,
    ratio,
)
from pixelwise.metrics.members import MemberCounts

RESAMPLES = 2000
CONFIDENCE = 0.95
DRAWS_AT_ONCE = 50


@dataclass(frozen=True)
class PairedDifference:
    """The difference of two scores, and the interval in which resampling leaves it.

    Args:
        a, b: both scores; NaN where there is none.
        value: b - a.
        low, high: bounds of the interval; NaN if no resample has both scores.
    """

    a: float
    b: float
    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """The interval does not contain 0: other images would hardly turn it around."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class PairedDifferences:
    """What paired_bootstrap found.

    Args:
        mean: of the mean IoU.
        classes: of the IoU of each class.
        images: (N,) float64, difference of the mean IoU of each image, over the classes present in
            it; NaN for an image without valid pixels.
    """

    mean: PairedDifference
    classes: tuple[PairedDifference, ...]
    images: NDArray[np.float64]


def paired_bootstrap(
    a: Sequence[ConfusionCounts] | Sequence[MemberCounts],
    b: Sequence[ConfusionCounts] | Sequence[MemberCounts],
    convention: Convention = "present",
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> PairedDifferences:
    """Compare two predictions of the same images by their pooled IoU.

    low, high = percentiles over resamples r of score(sum of b over r) - score(sum of a over r).

    Sums of integers are exact, so a resample is scored as if it were a dataset.

    Args:
        a, b: counts of N images of the same classes, in the same order; MemberCounts where classes
            overlap.
        convention: of the mean, a name in CONVENTIONS.
        resamples: number of draws, >= 1.
        confidence: share of the resamples inside the interval, 0..1.
        seed: of the draws; the same seed gives the same interval.
    Returns:
        The differences and their intervals.
    Raises:
        ArgumentError: unknown convention, no image, not as many images, or other target pixels in
            an image of a than in that of b.
        ArgumentTypeError: not lists of ConfusionCounts.
    Absent classes: a resample in which a class has no score in a or b is left out of the interval
        of the class.
    Source: Efron 1979; percentile interval, Efron and Tibshirani 1993, chapter 13.

    Example:
        >>> a = [ConfusionCounts(np.array([[8, 2], [n, 10]])) for n in range(1, 9)]
        >>> b = [ConfusionCounts(np.array([[9, 1], [n, 10]])) for n in range(1, 9)]
        >>> found = paired_bootstrap(a, b)
        >>> round(found.mean.value, 3), found.mean.clear
        (0.054, True)
    """
    where = "paired_bootstrap"
    check_choice(where, "convention", convention, CONVENTIONS)
    check_range(where, "resamples", resamples, low=1)
    check_range(where, "confidence", confidence, 0, 1)
    _check_paired(where, a, b)
    number = len(a)
    draws = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), resamples)
    once = np.ones((1, number), np.int64)
    results = []
    for images in (a, b):
        sums = _sums(images)
        own = np.array([_mean(row, "present") for row in sums])
        means, classes = _scores(np.concatenate([once, draws]), sums, own, convention)
        results.append((own, means, classes))
    (own_a, mean_a, class_a), (own_b, mean_b, class_b) = results
    per_class = zip(class_a.T, class_b.T)
    return PairedDifferences(
        mean=_difference(mean_a, mean_b, confidence),
        classes=tuple(_difference(x, y, confidence) for x, y in per_class),
        images=own_b - own_a,
    )


def bootstrap_intervals(
    sums: NDArray[np.int64],
    score: str = "iou",
    convention: Convention = "present",
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> NDArray[np.float64]:
    """How far a score of pooled counts moves when the images are drawn again.

    low, high = percentiles over resamples r of score(sum over r), of the mean and of each class.

    Args:
        sums: (N, 3, C) integers: correct, target and predicted pixels of each class in N images;
            below 2^53 in sum.
        score: "iou", "dice", "precision" or "recall".
        convention: of the mean, a name in CONVENTIONS.
        resamples: number of draws, >= 1.
        confidence: share of the resamples inside the interval, 0..1.
        seed: of the draws; the same seed gives the same interval.
    Returns:
        (2, 1 + C) float64: low and high of the mean, then of each class; NaN where no resample has
        a score.
    Raises:
        ArgumentError: another score or convention, no image, or another shape.
    Absent classes: a resample without the class is left out of its interval.
    Source: Efron 1979; percentile interval, Efron and Tibshirani 1993, chapter 13.

    Example:
        >>> sums = np.array([[[8, 9], [10, 10], [9, 11]], [[5, 9], [10, 10], [6, 14]]])
        >>> bootstrap_intervals(sums).round(2).tolist()
        [[0.53, 0.45, 0.6], [0.74, 0.73, 0.75]]
    """
    where = "bootstrap_intervals"
    check_choice(where, "score", score, _OF_SUMS)
    check_choice(where, "convention", convention, CONVENTIONS)
    check_range(where, "resamples", resamples, low=1)
    check_range(where, "confidence", confidence, 0, 1)
    sums = np.asarray(sums)
    check_shape(where, "sums", sums.shape, (None, 3, None), "(N, 3, C)")
    number, formula = len(sums), _OF_SUMS[score]
    check_range(where, "images", number, low=1)

    def mean(correct: np.ndarray, target: np.ndarray, pred: np.ndarray) -> float:
        of: Convention = "present" if convention == "per_image" else convention
        return mean_of_pixels(formula, correct, target, pred, of)

    own = np.array([mean(*row) for row in sums] if convention == "per_image" else [])
    flat = sums.reshape(number, -1).astype(np.float64)  # whole numbers, whose products are fast
    found = []
    for times in _draws(number, resamples, seed):
        total = (times @ flat).reshape(len(times), *sums.shape[1:])
        if convention == "per_image":
            weight = times * ~np.isnan(own)
            means = ratio((np.nan_to_num(own) * weight).sum(1), weight.sum(1), weight.sum(1))
        else:
            means = np.array([mean(*row) for row in total])
        found.append(np.column_stack([means, formula(*total.swapaxes(0, 1))]))
    return np.array([_bounds(column, confidence) for column in np.concatenate(found).T]).T


_OF_SUMS = {
    "iou": iou_of_pixels,
    "dice": dice_of_pixels,
    "precision": lambda correct, target, pred: ratio(correct, pred, target + pred),
    "recall": lambda correct, target, pred: ratio(correct, target, target + pred),
}


def _draws(number: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """(R, N) how often each of N images is drawn, block by block."""
    rng = np.random.default_rng(seed)
    for first in range(0, resamples, DRAWS_AT_ONCE):
        rows = rng.integers(0, number, (min(DRAWS_AT_ONCE, resamples - first), number))
        yield np.stack([np.bincount(row, minlength=number) for row in rows]).astype(np.float64)


def _check_paired(where: str, a: Sequence[Any], b: Sequence[Any]) -> None:
    hint = "Compare predictions of the same images, in the same order."
    if len(a) != len(b) or len(a) == 0:
        constraint, got = "as many images in a as in b, and at least one", f"{len(a)} and {len(b)}"
        raise ArgumentError(where, "images", must=constraint, got=got, hint=hint)
    for i, (one, other) in enumerate(zip(a, b)):
        target, same = (
            (c if isinstance(c, MemberCounts) else as_counts(where, c)).target_pixels
            for c in (one, other)
        )
        if not np.array_equal(target, same):
            got = f"{target.tolist()} and {same.tolist()} at image {i}"
            raise ArgumentError(
                where, "target pixels", must="the same in a and b", got=got, hint=hint
            )


def _sums(images: Sequence[Any]) -> np.ndarray:
    """(N, 4, C) int64: correct, target, predicted and valid pixels of each class and image."""
    return np.array([(i.correct_pixels, i.target_pixels, i.pred_pixels, _valid(i)) for i in images])


def _valid(counts: ConfusionCounts | MemberCounts) -> NDArray[np.int64]:
    if isinstance(counts, MemberCounts):
        return counts.valid_pixels
    return np.full(len(counts.matrix), counts.valid)


def _mean(sums: Any, convention: Convention) -> float:
    correct, target, pred, valid = sums
    return mean_of_pixels(iou_of_pixels, correct, target, pred, convention, valid > 0)


def _scores(
    draws: np.ndarray, sums: np.ndarray, own: np.ndarray, convention: Convention
) -> tuple[np.ndarray, np.ndarray]:
    """Mean IoU (R,) and IoU per class (R, C) of every draw of images."""
    means, classes = np.empty(len(draws)), np.empty((len(draws), sums.shape[2]))
    scored = ~np.isnan(own)
    for r, times in enumerate(draws):
        total = np.tensordot(times, sums, 1)
        classes[r] = iou_of_pixels(*total[:3])
        if convention == "per_image":
            weight = times * scored
            mean = np.nansum(weight * own) / weight.sum() if weight.any() else np.nan
        else:
            mean = _mean(total, convention)
        means[r] = mean
    return means, classes


def _difference(a: np.ndarray, b: np.ndarray, confidence: float) -> PairedDifference:
    """Of the scores of all images, the first of each, with the interval of the others."""
    value, *spread = b - a
    low, high = _bounds(np.array(spread), confidence)
    return PairedDifference(float(a[0]), float(b[0]), float(value), low, high)


def _bounds(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The percentiles between which a share of the values lies; NaN if there is no value."""
    known = values[~np.isnan(values)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
