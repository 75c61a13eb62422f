"""torchmetrics: mean IoU and mean Dice with void, a named convention and exact sums.

from pixelwise.integrate.torchmetrics import MeanIoU
metric = MeanIoU(num_classes=19)
metric.update(logits, target)
metric.compute()
"""

import hashlib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.integrate.host import classes_on_hosts
from pixelwise.integrate.inputs import as_counts_of_images, counts_of_images
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import mean_dice, mean_iou
from pixelwise.ops.spec import ACTIVATIONS, Activation
from pixelwise.ops.target import Ignore
from pixelwise.ops.unknown import raise_if_unknown


class _MeanScore:
    """A mean over classes, from exact counts, as a torchmetrics.Metric.

    score(Σ counts of images) by the convention; per_image: Σ score(counts of an image) / images

    The state is int64 sums, which no .half(), .to(dtype) or set_dtype changes, and which ranks add
    up exactly. In a MetricCollection those that count alike share one state.

    Args:
        num_classes: C, >= 2.
        ignore_index: ignored target value, several of them, or None.
        convention: a name in CONVENTIONS.
        activation: of logits, "softmax" with C channels, or "sigmoid" with one, where C is 2.
        threshold: probability above which a pixel is foreground, sigmoid only.
        options: those of torchmetrics.Metric, such as sync_on_compute.
    Raises:
        MissingPackageError: torchmetrics is not installed.
        ArgumentError: unknown convention or activation, sigmoid with other than 2 classes.
    Absent classes: what the convention says.
    """

    formula: ClassVar[Callable[..., float]]
    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    def __init__(
        self: Any,
        num_classes: int,
        ignore_index: Ignore = 255,
        convention: Convention = "present",
        activation: Activation = "softmax",
        threshold: float = 0.5,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        name = type(self).__name__
        check_range(name, "num_classes", num_classes, low=2)
        check_choice(name, "convention", convention, CONVENTIONS)
        check_choice(name, "activation", activation, ACTIVATIONS)
        check_range(name, "threshold", threshold, 0, 1)
        if activation == "sigmoid" and num_classes != 2:
            must = "2 with sigmoid, which has one channel: background and foreground"
            raise ArgumentError(name, "num_classes", must=must, got=num_classes)
        self.num_classes, self.ignore_index, self.convention = num_classes, ignore_index, convention
        self.activation, self.threshold = activation, threshold
        square = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.add_state("matrix", square, dist_reduce_fx="sum")
        self.add_state("ignored", square[0, 0].clone(), dist_reduce_fx="sum")
        self.add_state("images", square[0, 0].clone(), dist_reduce_fx="sum")
        counted: list[object] = [num_classes, ignore_index, activation, threshold]
        if convention == "per_image":
            counted.append(name)
            self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
            self.add_state("scored", square[0, 0].clone(), dist_reduce_fx="sum")
        # a MetricCollection takes metrics of equal state after one batch for the same metric
        digest = torch.tensor(list(hashlib.sha256(repr(counted).encode()).digest()[:8]))
        self.add_state("settings", digest, dist_reduce_fx="max")

    def update(self: Any, pred: Tensor, target: Tensor) -> None:
        """Count a batch.

        Args:
            pred: (N, C, *S) logits, (N, C, h, w) at any stride; or (N, *S) class indices.
            target: (N, *S) class indices of any integer dtype.
        Raises:
            ArgumentError, ArgumentTypeError: as counts_of_images.
        """
        options = self.ignore_index, self.activation, self.threshold
        rows = counts_of_images(type(self).__name__, pred, target, self.num_classes, *options)
        matrix = rows.sum(0)
        self.matrix += matrix
        self.ignored += target.numel() - matrix.sum()
        self.images += len(rows)
        if self.convention == "per_image":
            scores = [type(self).formula(counts) for counts in as_counts_of_images(rows)]
            self.total += float(np.nansum(scores))
            self.scored += int(np.count_nonzero(~np.isnan(scores)))

    def compute(self: Any) -> Tensor:
        """The score of all batches, () float64; NaN without valid pixels.

        Raises:
            ArgumentError: a target on a GPU was neither a class nor ignored.
        """
        if self.matrix.is_cuda:
            raise_if_unknown()
        if self.convention == "per_image":
            return self.total / self.scored
        value = type(self).formula(self.counts, self.convention)
        return torch.tensor(value, dtype=torch.float64, device=self.matrix.device)

    @property
    def counts(self: Any) -> ConfusionCounts:
        """The counts of this rank, for every other score: pixelwise.iou(metric.counts)."""
        numbers = int(self.ignored), int(self.images)
        return ConfusionCounts(self.matrix.cpu().numpy(), *numbers)

    def _apply(self: Any, fn: Callable[[Tensor], Tensor], *rest: Any, **options: Any) -> Any:
        def moved(tensor: Tensor) -> Tensor:
            result = fn(tensor)
            return result if result.dtype == tensor.dtype else tensor.to(result.device)

        return super()._apply(moved, *rest, **options)  # type: ignore[misc]


class _MeanIoU(_MeanScore):
    __doc__ = f"Mean IoU. {_MeanScore.__doc__}\n    Equals: pixelwise.mean_iou.\n    "
    formula = staticmethod(mean_iou)


class _MeanDice(_MeanScore):
    __doc__ = f"Mean Dice. {_MeanScore.__doc__}\n    Equals: pixelwise.mean_dice.\n    "
    formula = staticmethod(mean_dice)


__getattr__ = classes_on_hosts(
    globals(),
    {"MeanIoU": (_MeanIoU, "torchmetrics:Metric"), "MeanDice": (_MeanDice, "torchmetrics:Metric")},
)
