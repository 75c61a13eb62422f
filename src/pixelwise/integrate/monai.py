"""MONAI: losses and mean IoU for batches with a channel axis in the target, and MetaTensors.

from pixelwise.integrate.monai import Loss, MeanIoU
loss = Loss(pw.criterion("ce + dice", num_classes=4))
loss(network(batch["image"]), batch["label"])
"""

from typing import Any

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.integrate.host import classes_on_hosts
from pixelwise.integrate.inputs import (
    CheckedLoss,
    as_counts_of_images,
    counts_of_images,
    whole_numbers,
    without_channel_axis,
)
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import mean_iou
from pixelwise.ops.spec import ACTIVATIONS, Activation
from pixelwise.ops.target import Ignore
from pixelwise.ops.unknown import raise_if_unknown


class Loss(CheckedLoss):
    """A criterion that takes what MONAI's losses take.

    criterion(input, target without its channel axis)

    Args:
        criterion: the loss.
    Raises:
        ArgumentTypeError: not a Criterion.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            input: (N, C, *S) logits, a MetaTensor or not.
            target: (N, 1, *S) class indices, floating point as loaders give them, or integer; with
                sigmoid and C > 1 channels also (N, C, *S) of 0 and 1.
        Raises:
            ArgumentError, ArgumentTypeError: a one-hot target, fractions, probabilities, and as
                Criterion.
        """
        logits, target = plain(input), plain(target)
        self.check(logits)
        overlapping = self.criterion.activation == "sigmoid" and logits.shape[1] > 1
        if overlapping and target.shape[:2] == logits.shape[:2]:
            return self.criterion(logits, whole_numbers("Loss", target))
        return self.criterion(logits, without_channel_axis("Loss", target))


def plain(tensor: Any) -> Any:
    """A MetaTensor as a tensor, which operators of other libraries know; others as they are."""
    return tensor.as_tensor() if hasattr(tensor, "as_tensor") else tensor


class _MeanIoU:
    """Mean IoU as a monai.metrics.CumulativeIterationMetric.

    mean_iou(Σ counts of all images of all ranks) by the convention

    A call returns the counts (N, C, C) of the batch; `aggregate` the score of all calls since
    `reset`, after MONAI has gathered those of all ranks.

    Args:
        num_classes: C, >= 2.
        ignore_index: ignored target value, several of them, or None.
        convention: a name in CONVENTIONS.
        activation: of logits, "softmax" with C channels, or "sigmoid" with one, where C is 2.
    Raises:
        MissingPackageError: monai is not installed.
        ArgumentError: unknown convention or activation.
    Absent classes: what the convention says.
    Equals: pixelwise.mean_iou; where monai.metrics.MeanIoU differs says scores_like.
    """

    def __init__(
        self: Any,
        num_classes: int,
        ignore_index: Ignore = 255,
        convention: Convention = "present",
        activation: Activation = "softmax",
    ) -> None:
        super().__init__()
        check_range("MeanIoU", "num_classes", num_classes, low=2)
        check_choice("MeanIoU", "convention", convention, CONVENTIONS)
        check_choice("MeanIoU", "activation", activation, ACTIVATIONS)
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.convention, self.activation = convention, activation

    def _compute_tensor(self: Any, y_pred: Tensor, y: Tensor | None = None, **_: Any) -> Tensor:
        """Counts (N, C, C) of a batch.

        Args:
            y_pred: (N, C, *S) logits, or (N, 1, *S) integer class indices.
            y: (N, 1, *S) class indices.
        """
        if y is None:
            raise ArgumentError("MeanIoU", "y", must="given", got="None")
        pred, target = plain(y_pred), without_channel_axis("MeanIoU", plain(y))
        if not pred.is_floating_point():
            pred = without_channel_axis("MeanIoU", pred)
        options = self.ignore_index, self.activation
        return counts_of_images("MeanIoU", pred, target, self.num_classes, *options)

    def aggregate(self: Any) -> Tensor:
        """The score, () float64; NaN without valid pixels.

        Raises:
            ArgumentError: a target on a GPU was neither a class nor ignored.
        """
        images = self.images()
        if not images:
            return torch.tensor(float("nan"), dtype=torch.float64)
        counts = images if self.convention == "per_image" else sum(images)
        return torch.tensor(mean_iou(counts, self.convention), dtype=torch.float64)

    def images(self: Any) -> list[ConfusionCounts]:
        """The counts of each image of all ranks, for every other score."""
        rows = self.get_buffer()
        if rows is None:
            return []
        if rows.is_cuda:
            raise_if_unknown()
        return as_counts_of_images(rows)


__getattr__ = classes_on_hosts(
    globals(), {"MeanIoU": (_MeanIoU, "monai.metrics:CumulativeIterationMetric")}
)
