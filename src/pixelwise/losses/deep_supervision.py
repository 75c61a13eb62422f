"""Deep supervision: one loss on the logits of several levels of a network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.losses.criterion import Criterion, class_factors
from pixelwise.losses.options import Factors

WHERE = "DeepSupervision"


class DeepSupervision(nn.Module):
    """The weighted mean of a loss over logits at several strides, all against the same target.

    loss = Σ_i v_i criterion(logits_i, target) / Σ_i v_i,  v_i = 1/2^i unless given

    The target is never resized: a criterion with upsample="bilinear" brings every level to the
    target's size.

    Args:
        criterion: the loss of every level.
        weights: v, one factor per level, finest first, >= 0 and not all 0; None = halving.
    Raises:
        ArgumentError: weights that are negative, not finite or all 0.
    Absent classes: as the criterion.
    Source: Lee et al. 2015; the halving weights: Isensee et al. 2021.
    """

    def __init__(self, criterion: Criterion, weights: Factors = None) -> None:
        """The same loss on every level."""
        super().__init__()
        if not isinstance(criterion, Criterion):
            got = type(criterion).__name__
            raise ArgumentTypeError(WHERE, "criterion", must="a Criterion", got=got)
        factors = class_factors(WHERE, "weights", weights)
        if factors is not None and not bool(factors.any()):
            raise ArgumentError(WHERE, "weights", must="not all 0", got=factors.tolist())
        self.criterion = criterion
        self.weights = None if factors is None else factors.tolist()

    if TYPE_CHECKING:  # nn.Module types its __call__ as Callable[..., Any]

        def __call__(
            self,
            logits: Sequence[Tensor],
            target: Tensor,
            weight: Tensor | None = None,
            soft_target: bool = False,
        ) -> Tensor: ...

    def forward(
        self,
        logits: Sequence[Tensor],
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            logits: (N, C, *s) of every level, finest first.
            target, weight, soft_target: as Criterion.forward, at full size.
        Returns:
            Scalar (), float32; float64 for float64 logits.
        Raises:
            ArgumentTypeError: logits are one tensor and not several.
            ArgumentError: no level, or another number of weights; as Criterion.forward.
        """
        if isinstance(logits, Tensor):
            raise ArgumentTypeError(WHERE, "logits", must="a list of tensors", got="one tensor")
        factors = self._factors(len(logits))
        losses = [self.criterion(level, target, weight, soft_target) for level in logits]
        return sum((f * loss for f, loss in zip(factors, losses)), torch.zeros_like(losses[0]))

    def _factors(self, levels: int) -> list[float]:
        if levels == 0:
            raise ArgumentError(WHERE, "logits", must="at least one level", got="none")
        weights: list[float] = self.weights or [0.5**i for i in range(levels)]
        if len(weights) != levels:
            got = f"{len(weights)} numbers"
            raise ArgumentError(WHERE, "weights", must=f"one for each of {levels} levels", got=got)
        return [w / sum(weights) for w in weights]
