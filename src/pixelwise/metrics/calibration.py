"""Calibration: is a network right as often as its probabilities say?

Pixels are binned by confidence, the probability of the class that was predicted. With n_b pixels in
bin b, conf_b their mean confidence and acc_b the share of them that is correct:

    ECE = sum over bins of n_b / n · |acc_b - conf_b|
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, check_range, check_shape
from pixelwise.figures.figure import Axes, Figure
from pixelwise.metrics.additive import Additive
from pixelwise.metrics.inputs import Ignore, as_probs, check_probs, checked_pair

BINS = 15


@dataclass(frozen=True, eq=False)
class CalibrationCounts(Additive):
    """Pixels by confidence; counts of two images are the sum of their records.

    Args:
        pixels: (B,) int64, pixels with a confidence above b / B and up to (b + 1) / B.
        confidence: (B,) float64, sum of their confidences.
        correct: (B,) int64, how many of them were predicted as their target class.
    """

    UNIT = "bins"

    pixels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    correct: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("pixels", "confidence", "correct"):
            array = np.asarray(getattr(self, name))
            check_shape("CalibrationCounts", name, array.shape, (len(self.pixels),), "(B,)")
            object.__setattr__(self, name, array)

    def plot(self, ax: Axes | None = None) -> Figure | Axes:
        """Accuracy over confidence, a point a bin: on the diagonal a network is calibrated.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.metrics.plots import reliability_figure

        return reliability_figure(self, ax)


def count_calibration(
    probs: ArrayLike, target: ArrayLike, ignore_index: Ignore = 255, bins: int = BINS
) -> CalibrationCounts:
    """Count the pixels of an image by confidence, and those that are correct.

    confidence = max over c of probs_c; correct = [argmax over c of probs_c = target].

    Args:
        probs: (C, *S) floating point, probabilities 0..1 of each class; (1, *S) is the probability
            of the foreground, whose confidence is max(p, 1 - p) and which is predicted above 0.5.
        target: (*S) integer or bool, class indices or ignored.
        ignore_index: as for count_confusion.
        bins: B, equal intervals of 0..1, >= 1.
    Returns:
        CalibrationCounts; add them up over images.
    Raises:
        ArgumentTypeError: probs is not floating point, or target not of an integer or bool dtype.
        ArgumentError: the shapes differ, a target is neither a class nor ignored, or a probability
            of a valid pixel is not in 0..1.
    """
    where = "count_calibration"
    check_range(where, "bins", bins, low=1)
    probs = as_probs(where, probs)
    if probs.ndim == 0 or len(probs) == 0:
        raise ArgumentError(where, "probs", must="(C, *S)", got=probs.shape)
    check_shape(where, "probs", probs.shape[1:], np.shape(target), "(C, *S), with *S of target")
    if len(probs) == 1:
        probs = np.concatenate([1 - probs, probs])
    pred = probs.argmax(axis=0)
    pred, target, valid = checked_pair(where, pred, target, len(probs), ignore_index)
    for channel in probs:
        check_probs(where, channel, valid)
    confidence = probs.max(axis=0)[valid].astype(np.float64)
    # how many of the inner edges lie below: an edge belongs to the bin under it
    index = np.searchsorted(np.arange(1, bins) / bins, confidence)
    correct = pred[valid] == target[valid]
    return CalibrationCounts(
        pixels=np.bincount(index, minlength=bins),
        confidence=np.bincount(index, weights=confidence, minlength=bins).astype(np.float64),
        correct=np.bincount(index[correct], minlength=bins),
    )


def expected_calibration_error(counts: CalibrationCounts) -> float:
    """Mean gap between confidence and accuracy (ECE).

    sum over bins of |correct - confidence| / sum of pixels.

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        0..1, or NaN without valid pixels.
    Absent classes: do not matter; frequent classes decide.
    Equals: torchmetrics MulticlassCalibrationError(num_classes, n_bins=15, norm="l1").
    Source: Guo et al. 2017, eq. 3.

    Example:
        >>> probs = np.array([[0.9, 0.8, 0.6, 0.3], [0.1, 0.2, 0.4, 0.7]])
        >>> counts = count_calibration(probs, np.array([0, 0, 1, 1]))
        >>> round(expected_calibration_error(counts), 2)
        0.3
    """
    total = counts.pixels.sum()
    return float(np.abs(counts.correct - counts.confidence).sum() / total) if total else np.nan


def maximum_calibration_error(counts: CalibrationCounts) -> float:
    """Largest gap between confidence and accuracy in any bin (MCE).

    max over bins of |acc_b - conf_b|.

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        0..1, or NaN without valid pixels.
    Absent classes: do not matter.
    Equals: torchmetrics MulticlassCalibrationError(num_classes, n_bins=15, norm="max").
    Source: Guo et al. 2017, eq. 5.
    """
    confidence, accuracy = reliability_curve(counts)
    gaps = np.abs(accuracy - confidence)
    return float(np.nanmax(gaps)) if counts.pixels.any() else np.nan


def reliability_curve(counts: CalibrationCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean confidence and accuracy of each bin: on the diagonal where a network is calibrated.

    (confidence / pixels, correct / pixels).

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        Two (B,) float64 in 0..1, NaN for a bin without pixels.
    Source: Guo et al. 2017, reliability diagrams.
    """
    some = counts.pixels > 0

    def mean(total: np.ndarray) -> np.ndarray:
        return np.divide(total, counts.pixels, out=np.full(len(total), np.nan), where=some)

    return mean(counts.confidence), mean(counts.correct)
