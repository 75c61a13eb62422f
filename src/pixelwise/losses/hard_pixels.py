"""Cross entropy of the hardest pixels only: top-k and online hard example mining.

Not functions of sums: they rank the pixels of the batch. Which pixels count is decided without a
gradient; ignored pixels are never among them. Both hold the loss of every pixel, and the softmax
one tensor of the size of the full-resolution logits.
"""

from abc import abstractmethod
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.criterion import Factors, class_factors, for_classes, ratio
from pixelwise.losses.on_logits import LogitsCriterion
from pixelwise.ops.pixels import Pixels
from pixelwise.ops.target import Ignore


def hardest(losses: Tensor, weight: Tensor, share: float) -> Tensor:
    """The weight with which each pixel belongs to the hardest share of all weight.

    take_i = min(w_i, max(0, share Σ w − Σ_{j before i} w_j)), pixels in the order of falling loss

    The last pixel is taken in part, so that the share is met exactly; of equal losses the first
    pixel comes first.

    Args:
        losses: loss per pixel, any shape.
        weight: weight per pixel of the same shape, 0 = ignored.
        share: 0..1.
    Returns:
        Weights of the same shape; their sum is share Σ w.
    """
    with torch.no_grad():
        order = losses.flatten().argsort(descending=True, stable=True)
        mass = weight.flatten()[order].double()
        end = mass.cumsum(0)
        take = (share * mass.sum() - (end - mass)).clamp(min=0).minimum(mass)
        return torch.zeros_like(mass).scatter(0, order, take).reshape(losses.shape)


class _HardPixels(LogitsCriterion):
    ranks_pixels = True

    def __init__(
        self, activation: str, ignore_index: Ignore, upsample: str | None, weight: Factors
    ) -> None:
        super().__init__(activation, ignore_index, upsample)
        factors = class_factors(type(self).__name__, "weight", weight)
        self.register_buffer("weight", factors, persistent=False)

    def of_pixels(self, pixels: Pixels) -> Tensor:
        x, weight, own = pixels.logits, pixels.weight, self.weight
        factors = for_classes(type(self).__name__, "weight", own, x[:, :, 0:0].sum(-1))  # type: ignore[arg-type]
        if self.activation == "softmax":
            index = pixels.target.clamp(min=0)
            losses = F.cross_entropy(x, index.squeeze(1), reduction="none").unsqueeze(1)
            weight = weight * factors[index]
        else:
            losses = F.softplus(torch.where(pixels.members(), -x, x))
            weight = weight * factors.view(1, -1, 1)
        take = self.taken(losses.detach(), weight)
        return ratio((take * losses).sum(), take.sum())

    @abstractmethod
    def taken(self, losses: Tensor, weight: Tensor) -> Tensor:
        """The weight with which each pixel counts, float64."""


class TopK(_HardPixels):
    """Top-k cross entropy: the mean over the hardest share of the valid pixels.

    loss = Σ take_i ce_i / Σ take_i, take = hardest(ce, w, fraction)

    Over sigmoid every channel of a pixel is ranked on its own.

    Args:
        fraction: share of the valid pixels that count, > 0..1; 1 is cross entropy.
        weight: (C,) factor per class on the weight of its pixels, >= 0; None = 1.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample: see Criterion.
    Raises:
        ArgumentError: fraction outside its range, negative or non-finite weights.
    Absent classes: contribute nothing.
    Equals: TopKLoss(k=10) of nnU-Net where nothing is ignored and a tenth of the pixels is a
        whole number; it rounds that down, here the last pixel counts in part.
    Source: Wu et al. 2016, online bootstrapping.
    """

    def __init__(
        self,
        fraction: float = 0.1,
        weight: Factors = None,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
    ) -> None:
        check_range("TopK", "fraction", fraction, 1e-6, 1)
        super().__init__(activation, ignore_index, upsample, weight)
        self.fraction = fraction

    def taken(self, losses: Tensor, weight: Tensor) -> Tensor:
        return hardest(losses, weight, self.fraction)

    def extra_repr(self) -> str:
        return f"fraction={self.fraction}"


class OHEM(_HardPixels):
    """Cross entropy of the pixels that are not yet right (online hard example mining).

    loss = mean ce over valid pixels with p_y < threshold, and at least over the hardest min_kept

    Over sigmoid every channel of a pixel is judged on its own, p_y the probability of its side.

    Args:
        threshold: probability of the target class from which a pixel counts as learnt, 0..1.
        min_kept: share of the valid pixels that count in any case, 0..1. A number of pixels k of
            other libraries is k / (N·H·W) here.
        weight: (C,) factor per class on the weight of its pixels, >= 0; None = 1.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample: see Criterion.
    Raises:
        ArgumentError: threshold or min_kept outside its range, negative or non-finite weights.
    Absent classes: contribute nothing; if every pixel is learnt and min_kept is 0 the loss is 0.
    Equals: OhemCrossEntropy(thres=threshold, min_kept=k) of mmseg for min_kept = k / valid pixels
        and no class weights, if more than k pixels are valid.
    Source: Shrivastava et al. 2016, for pixels.
    """

    def __init__(
        self,
        threshold: float = 0.7,
        min_kept: float = 1 / 16,
        weight: Factors = None,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
    ) -> None:
        check_range("OHEM", "threshold", threshold, 0, 1)
        hint = "It is a share of the valid pixels: divide a number of pixels by N·H·W."
        check_range("OHEM", "min_kept", min_kept, 0, 1, hint)
        super().__init__(activation, ignore_index, upsample, weight)
        self.threshold, self.min_kept = threshold, min_kept

    def taken(self, losses: Tensor, weight: Tensor) -> Tensor:
        hard = losses > (-log(self.threshold) if self.threshold else float("inf"))
        return torch.where(hard, weight.double(), hardest(losses, weight, self.min_kept))

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, min_kept={self.min_kept}"
