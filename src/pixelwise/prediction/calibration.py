"""What probabilities are worth: how often a network is right, and which threshold is the best.

Label images hold no probabilities, so this is counted while images are predicted, from the logits,
against the labels of the split; score/calibration.py has what follows from the counts.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import DatasetError, LabelError, PairingError, setting
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.metrics.calibration import BINS, CalibrationCounts
from pixelwise.metrics.threshold import ThresholdCounts
from pixelwise.ops.calibration import calibration_counts, threshold_counts
from pixelwise.ops.spec import Activation
from pixelwise.text import plural, some

STEPS = 256  # bins of the probabilities; 0.5 is an edge of one


@dataclass(frozen=True)
class ProbabilityCounts:
    """Pixels by confidence, and for a binary task by probability of the foreground; they add up."""

    confidence: CalibrationCounts
    thresholds: ThresholdCounts | None

    def __add__(self, other: "ProbabilityCounts") -> "ProbabilityCounts":
        thresholds = None
        if self.thresholds is not None and other.thresholds is not None:
            thresholds = self.thresholds + other.thresholds
        return ProbabilityCounts(self.confidence + other.confidence, thresholds)


def no_counts(activation: Activation) -> ProbabilityCounts:
    """The counts of no image, the start of a sum."""
    bins, steps = np.zeros(BINS, np.int64), np.zeros((STEPS + 1, 2), np.int64)
    thresholds = ThresholdCounts(steps) if activation == "sigmoid" else None
    return ProbabilityCounts(CalibrationCounts(bins, bins.astype(np.float64), bins), thresholds)


def check_labelled(pairs: list[Pair]) -> None:
    """Raise unless every image has a label and there is one.

    Raises:
        DatasetError: there is no image.
        PairingError: naming images without a label.
    """
    without = [pair.id for pair in pairs if pair.label is None]
    option = setting("calibration")
    if without:
        number = plural(len(without), "image")
        event = f"{option} needs labels, and {number} have none: {some(without)}"
        hint = f"Leave {option} out, or predict a split that has labels."
        raise PairingError("predict", "labels", event=event, hint=hint)
    if not pairs:
        raise DatasetError("predict", "split", event=f"{option} needs images, and there are none")


def count_probabilities(
    logits: Tensor, pair: Pair, classes: Classes, activation: Activation
) -> ProbabilityCounts:
    """Count the valid pixels of one image by probability, interpolated to the size of its label.

    Args:
        logits: (1, C, h, w) of this image.
        pair: whose label is read.
        classes: of the dataset.
        activation: "softmax", or "sigmoid" for one channel.
    Raises:
        LabelError: the label is damaged or has unknown values.
    """
    if pair.label is None:
        raise LabelError(pair.image, "label", event="this image has no label")
    index = classes.to_index(read_label(pair.label), where=str(pair.label))
    # int32: torch has few operators for uint16
    target = torch.from_numpy(index.astype(np.int32))[None].to(logits.device)
    void = classes.ignore_index
    by_confidence = calibration_counts(logits, target, activation, BINS, void)
    confidence = CalibrationCounts(*(t.cpu().numpy() for t in by_confidence))
    if activation != "sigmoid":
        return ProbabilityCounts(confidence, None)
    pixels = threshold_counts(logits, target, STEPS, void)
    return ProbabilityCounts(confidence, ThresholdCounts(pixels.cpu().numpy()))
