"""Calibration: what calibration.json holds. Are probabilities right, and which threshold is best?

Label images hold no probabilities: `predict --calibration` counts them, and this is what follows
from the counts. No torch here.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pixelwise.figures.figure import Axes, Figure
from pixelwise.files.results import Result, made_by
from pixelwise.metrics.calibration import (
    CalibrationCounts,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)
from pixelwise.metrics.scores import SCORES
from pixelwise.metrics.threshold import (
    ThresholdCounts,
    average_precision,
    best_threshold,
    confusion_at,
    roc_auc,
)
from pixelwise.score.record import DataSplit, all_known, known
from pixelwise.text import percent, text_table

FILE = "calibration.json"
TUNED = ("iou", "dice")  # scores of the foreground that a threshold is chosen for


@dataclass(frozen=True)
class Bin:
    """The pixels with a confidence above `low` and up to `high`."""

    low: float
    high: float
    pixels: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class BestThreshold:
    """The threshold with the highest score of the foreground, that score, and the one at 0.5."""

    threshold: float | None
    value: float | None
    at_half: float | None


@dataclass(frozen=True)
class Thresholds:
    """The foreground of a binary task at every threshold.

    Attributes:
        used: the threshold of the predictions.
        best: of every score in TUNED.
        pixels: (steps + 1, 2) as of ThresholdCounts.
    """

    used: float
    roc_auc: float | None
    average_precision: float | None
    best: dict[str, BestThreshold]
    pixels: tuple[tuple[int, ...], ...]

    @property
    def counts(self) -> ThresholdCounts:
        """The histogram: any score can be swept over it."""
        return ThresholdCounts(np.array(self.pixels, np.int64))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Calibration(Result):
    """Confidence against accuracy of the predictions of a split; it can be read by key too.

    Attributes:
        version, command, created: which release made it, how and when.
        dataset: whose labels the predictions were measured against.
        pixels: valid ones.
        bins: of confidence, from 0 to 1.
        thresholds: of a binary task, else None.
    """

    SCHEMA: ClassVar[str] = "pixelwise.calibration/1"

    version: str
    command: str
    created: str
    dataset: DataSplit
    pixels: int
    mean_confidence: float | None
    accuracy: float | None
    expected_calibration_error: float | None
    maximum_calibration_error: float | None
    bins: tuple[Bin, ...]
    thresholds: Thresholds | None

    @property
    def counts(self) -> CalibrationCounts:
        """Pixels by confidence: any error can be taken of them."""
        pixels = np.array([one.pixels for one in self.bins], np.int64)
        means = [(one.confidence or 0.0, one.accuracy or 0.0) for one in self.bins]
        confidence, accuracy = np.array(means, np.float64).reshape(-1, 2).T * pixels
        return CalibrationCounts(pixels, confidence, accuracy.round().astype(np.int64))

    def plot(self, ax: Axes | None = None) -> Figure | Axes:
        """Accuracy over confidence; thresholds.counts.plot() has those of a binary task.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
        Returns:
            A Figure; or ax.
        """
        return self.counts.plot(ax)

    def _repr_html_(self) -> str:
        from pixelwise.figures.table import html_text

        return html_text(self.text())

    def text(self) -> str:
        """A row for each bin, the errors, and the best thresholds of a binary task; percentages."""
        rows = [["confidence", "mean", "correct", "share of pixels"]]
        for one in self.bins:
            if one.pixels:
                numbers = (one.confidence, one.accuracy, one.pixels / self.pixels)
                edges = f"{100 * one.low:.0f} to {100 * one.high:.0f}"
                rows.append([edges, *map(percent, numbers)])
        lines = [
            text_table(rows),
            "",
            f"confidence {percent(self.mean_confidence)}  correct {percent(self.accuracy)}  "
            f"ECE {percent(self.expected_calibration_error)}  "
            f"MCE {percent(self.maximum_calibration_error)}  ({self.pixels:,} valid pixels)",
        ]
        found = self.thresholds
        if found is None:
            return "\n".join(lines)
        rows = [["foreground", "best threshold", "there", "at 0.5"]]
        for name, best in found.best.items():
            at = "-" if best.threshold is None else f"{best.threshold:g}"
            rows.append([name, at, percent(best.value), percent(best.at_half)])
        areas = (
            f"average precision {percent(found.average_precision)}  "
            f"ROC AUC {percent(found.roc_auc)}"
        )
        warning = "choose a threshold on another split than the one that is scored"
        return "\n".join([*lines, "", text_table(rows), areas, warning])


def calibration_of(
    counts: CalibrationCounts,
    thresholds: ThresholdCounts | None,
    used: float,
    dataset: DataSplit,
    command: str,
) -> Calibration:
    """What follows from the counts of a split.

    Args:
        counts: pixels by confidence.
        thresholds: pixels by probability of the foreground; None if the task is not binary.
        used: the threshold of the predictions.
        dataset: what was predicted.
        command: the command line that predicted it.
    """
    confidence, accuracy = reliability_curve(counts)
    pixels, bins = int(counts.pixels.sum()), len(counts.pixels)
    per_bin = zip(counts.pixels.tolist(), all_known(confidence), all_known(accuracy))
    return Calibration(
        **made_by(command),
        dataset=dataset,
        pixels=pixels,
        mean_confidence=float(counts.confidence.sum()) / pixels if pixels else None,
        accuracy=float(counts.correct.sum()) / pixels if pixels else None,
        expected_calibration_error=known(expected_calibration_error(counts)),
        maximum_calibration_error=known(maximum_calibration_error(counts)),
        bins=tuple(Bin(b / bins, (b + 1) / bins, *found) for b, found in enumerate(per_bin)),
        thresholds=None if thresholds is None else thresholds_of(thresholds, used),
    )


def thresholds_of(counts: ThresholdCounts, used: float) -> Thresholds:
    """What follows from pixels by probability of the foreground."""
    half = confusion_at(counts, 0.5)
    best = {}
    for name in TUNED:
        found, at_half = best_threshold(counts, name), SCORES[name].fn(half)[1]
        best[name] = BestThreshold(*all_known([*found, at_half]))
    return Thresholds(
        used=used,
        roc_auc=known(roc_auc(counts)),
        average_precision=known(average_precision(counts)),
        best=best,
        pixels=tuple(map(tuple, counts.pixels.tolist())),
    )
