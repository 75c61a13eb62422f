"""nnU-Net: a trainer whose loss is one pass over the logits of each level.

nnU-Net finds trainers by the name of their class. Give it a folder with one file of one line,

    from pixelwise.integrate.nnunet import nnUNetTrainerPixelwise

by the environment variable nnUNet_extTrainer (at prediction too), and train with
`nnUNetv2_train ... -tr nnUNetTrainerPixelwise`. A copy of this file does as well.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_shape
from pixelwise.integrate.host import classes_on_hosts
from pixelwise.integrate.inputs import CheckedLoss, loss_of_all_ranks, without_channel_axis
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.pixel import BinaryCrossEntropy, CrossEntropy
from pixelwise.losses.region import Dice

WHERE = "nnUNetLoss"
UNUSED = 1e-6  # weight of the lowest level where DDP asks that every parameter is used


class nnUNetLoss(CheckedLoss):
    """A criterion on what nnU-Net gives to a loss.

    loss = Σ_i v_i criterion(output_i, target_i),  Σ_i v_i = 1

    Args:
        criterion: the loss of a level; sigmoid for regions, softmax otherwise.
        ignored: regions only: the last channel of a target is 1 where a pixel is ignored.
        weights: v of each level, finest first; None: one tensor each, no list.
    """

    def __init__(
        self, criterion: Criterion, ignored: bool = False, weights: Sequence[float] | None = None
    ) -> None:
        super().__init__(criterion)
        self.ignored = ignored
        self.weights = None if weights is None else tuple(float(w) for w in weights)

    def forward(
        self, output: Tensor | Sequence[Tensor], target: Tensor | Sequence[Tensor]
    ) -> Tensor:
        """Loss of a batch.

        Args:
            output: (N, C, *S) logits, or a list of them, finest first.
            target: (N, 1, *S) class indices of any dtype, or (N, R, *S) of 0 and 1 for regions; or
                a list of them, each of its output's size.
        Raises:
            ArgumentError, ArgumentTypeError: another number of levels, a one-hot target,
                probabilities, and as Criterion.
        """
        if self.weights is None:
            return self._of_level(output, target)  # type: ignore[arg-type]
        for name, given in (("output", output), ("target", target)):
            if isinstance(given, Tensor) or len(given) != len(self.weights):
                must = f"a list of {len(self.weights)} levels"
                got = "one tensor" if isinstance(given, Tensor) else f"{len(given)}"
                raise ArgumentError(WHERE, name, must=must, got=got)
        levels = zip(self.weights, output, target)
        losses = [weight * self._of_level(x, y) for weight, x, y in levels if weight]
        return torch.stack(losses).sum()

    def _of_level(self, logits: Tensor, target: Tensor) -> Tensor:
        self.check(logits)
        if self.criterion.activation == "softmax":
            index = without_channel_axis(WHERE, target)
            return loss_of_all_ranks(self.criterion, logits, index)
        channels = logits.shape[1] + self.ignored
        sizes = (len(logits), channels, *logits.shape[2:])
        check_shape(WHERE, "target", target.shape, sizes, "(N, R, *S) of 0 and 1")
        weight = 1 - target[:, -1].float() if self.ignored else None
        regions = target[:, : logits.shape[1]].to(torch.uint8)
        return loss_of_all_ranks(self.criterion, logits, regions, weight)


class _Trainer:
    """nnUNetTrainer with the criterion of `build_criterion`, by default nnU-Net's own loss.

    loss = cross entropy + Dice of nnU-Net, with its factors of levels, ignore label and regions

    Under DDP it is the loss of the images of all ranks, where nnU-Net has the cross entropy of
    each. Override `build_criterion` for another one.
    """

    def build_criterion(self: Any) -> Criterion:
        """The loss of one level.

        Returns:
            A Criterion: of softmax and class indices, whose ignore_index is the ignore label; of
            sigmoid for regions, whose ignored pixels have weight 0.
        """
        ignored, regions = self.label_manager.ignore_label, self.label_manager.has_regions
        per_image = not self.configuration_manager.batch_dice
        if not regions:
            entropy: Criterion = CrossEntropy.like("nnunet", ignore_index=ignored)
            return entropy + Dice.like("nnunet", per_image=per_image, ignore_index=ignored)
        dice = Dice.like(
            "nnunet", activation="sigmoid", classes=None, per_image=per_image, ignore_index=None
        )
        # with an ignore label theirs is divided by pixels, not by pixels times regions
        factor = 1 if ignored is None else self.label_manager.num_segmentation_heads
        return factor * BinaryCrossEntropy(ignore_index=None) + dice

    def _build_loss(self: Any) -> nnUNetLoss:
        weights = None
        if self.enable_deep_supervision:
            levels = len(self._get_deep_supervision_scales())
            weights = [0.5**i for i in range(levels)]
            weights[-1] = UNUSED if self.is_ddp and not self._do_i_compile() else 0.0
            weights = [weight / sum(weights) for weight in weights]
        manager = self.label_manager
        ignored = manager.has_regions and manager.ignore_label is not None
        return nnUNetLoss(self.build_criterion(), ignored, weights)


__getattr__ = classes_on_hosts(
    globals(),
    {
        "nnUNetTrainerPixelwise": (
            _Trainer,
            "nnunetv2.training.nnUNetTrainer.nnUNetTrainer:nnUNetTrainer",
        )
    },
)
