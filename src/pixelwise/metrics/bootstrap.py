"""Is one prediction better than another, or was it the choice of images?

Both were scored on the same images. A resample draws as many images with replacement, the same ones
for both, adds up their counts and takes the difference of the scores; the spread of many such
differences is the uncertainty that comes from having these images and not others.
"""

from collections.abc import Sequence
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
_BLOCK = 1 << 22  # entries of a block of draws: 32 MiB


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
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> NDArray[np.float64]:
    """How far a score of pooled counts moves when the images are drawn again.

    low, high = percentiles over resamples r of score(sum over r), of the mean and of each class.

    Args:
        sums: (N, 3, C) integers: correct, target and predicted pixels of each class in N images.
        score: "iou", "dice", "precision" or "recall".
        resamples: number of draws, >= 1.
        confidence: share of the resamples inside the interval, 0..1.
        seed: of the draws; the same seed gives the same interval.
    Returns:
        (2, 1 + C) float64: low and high of the mean over present classes, then of each class; NaN
        where no resample has a score.
    Raises:
        ArgumentError: another score, no image, or another shape.
    Absent classes: a resample without the class is left out of its interval.
    Source: Efron 1979; percentile interval, Efron and Tibshirani 1993, chapter 13.

    Example:
        >>> sums = np.array([[[8, 9], [10, 10], [9, 11]], [[5, 9], [10, 10], [6, 14]]])
        >>> bootstrap_intervals(sums).round(2).tolist()
        [[0.53, 0.45, 0.6], [0.74, 0.73, 0.75]]
    """
    where = "bootstrap_intervals"
    check_choice(where, "score", score, _OF_SUMS)
    check_range(where, "resamples", resamples, low=1)
    check_range(where, "confidence", confidence, 0, 1)
    sums = np.asarray(sums)
    check_shape(where, "sums", sums.shape, (None, 3, None), "(N, 3, C)")
    number = len(sums)
    check_range(where, "images", number, low=1)
    flat = sums.reshape(number, -1).astype(np.float64)  # whole numbers, exact up to 2^53
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK // number)
    found = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        draws = generator.multinomial(number, np.full(number, 1 / number), rows)
        correct, target, pred = (draws @ flat).reshape(rows, *sums.shape[1:]).swapaxes(0, 1)
        found.append(_OF_SUMS[score](correct, target, pred))
    values = np.concatenate(found)
    known = ~np.isnan(values)
    means = np.where(known, values, 0).sum(1) / np.where(known.any(1), known.sum(1), np.nan)
    tail = (1 - confidence) / 2
    ends = np.full((2, 1 + values.shape[1]), np.nan)
    for place, column in enumerate([means, *values.T]):
        spread = column[~np.isnan(column)]
        if len(spread):
            ends[:, place] = np.quantile(spread, [tail, 1 - tail])
    return ends


_OF_SUMS = {
    "iou": iou_of_pixels,
    "dice": dice_of_pixels,
    "precision": lambda correct, target, pred: ratio(correct, pred, target + pred),
    "recall": lambda correct, target, pred: ratio(correct, target, target + pred),
}


def mean_interval(
    correct: np.ndarray,
    target: np.ndarray,
    pred: np.ndarray,
    convention: Convention = "present",
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[float, float]:
    """The interval in which resampling of the images leaves the mean IoU of pooled counts.

    low, high = percentiles over resamples r of score(sum of the counts over r).

    Args:
        correct, target, pred: (N, C) pixels of each image and class, each below 2 ** 53 in sum.
        convention: of the mean, a name in CONVENTIONS.
        resamples: number of draws, >= 1.
        confidence: share of the resamples inside the interval, 0..1.
        seed: of the draws; the same seed gives the same interval.
    Returns:
        low and high; NaN if no resample has a score.
    Absent classes: as in paired_bootstrap.
    Source: as paired_bootstrap.
    """
    number, num_classes = target.shape
    sums = np.concatenate([correct, target, pred], axis=1, dtype=np.float64)
    per_image = convention == "per_image"
    images = zip(correct, target, pred) if per_image else ()
    own = np.array([_mean((*row, row[1].sum()), "present") for row in images])
    rng = np.random.default_rng(seed)
    means: list[float] = []
    for first in range(0, resamples, DRAWS_AT_ONCE):
        some = min(DRAWS_AT_ONCE, resamples - first)
        drawn = rng.integers(0, number, (some, number))
        times = np.stack([np.bincount(row, minlength=number) for row in drawn])
        if per_image:
            weight = times * ~np.isnan(own)
            with np.errstate(invalid="ignore"):
                means.extend((np.nan_to_num(own) * weight).sum(1) / weight.sum(1))
            continue
        # whole numbers below 2 ** 53 are exact, and their products are fast
        total = (times.astype(np.float64) @ sums).reshape(some, 3, num_classes)
        means.extend(_mean((*row, row[1].sum()), convention) for row in total)
    return _bounds(np.array(means), confidence)


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
