"""Cross entropy of the hardest pixels only: top-k and online hard example mining.

Not functions of sums: they rank the pixels of the batch. Which pixels count is decided without a
gradient; ignored pixels never count. Both keep the loss of every pixel in memory, and with softmax
one tensor of the size of the full-resolution logits.
"""

from math import log
from typing import Unpack

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.criterion import for_classes, ratio
from pixelwise.losses.on_logits import LogitsCriterion
from pixelwise.losses.options import Factors, Settings
from pixelwise.ops.pixels import Pixels
from pixelwise.ops.spec import Activation


def hardest(losses: Tensor, weight: Tensor, share: float) -> Tensor:
    """The weight with which each pixel belongs to the hardest share of all weight.

    take_i = min(w_i, max(0, share Σ w − Σ_{j before i} w_j)), pixels in the order of falling loss

    The last pixel counts in part, so that the share is met exactly; among equal losses the first
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


class HardOptions(Settings, total=False):
    """Options of HardPixels."""

    weight: Factors
    activation: Activation


class HardPixels(LogitsCriterion):
    """Base of the losses that take the mean of the cross entropy over some pixels only."""

    ranks_pixels = True
    weight: Tensor | None

    def __init__(
        self,
        *,
        weight: Factors = None,
        activation: Activation = "softmax",
        **settings: Unpack[Settings],
    ) -> None:
        """Options that both losses share.

        Args:
            weight: (C,) factor per class on the weight of its pixels, >= 0; None = 1.
            activation: "softmax", or "sigmoid" for one channel or overlapping classes.
            ignore_index, upsample: see Criterion.
        Raises:
            ArgumentError: an option is out of its range.
        """
        super().__init__(activation, **settings)
        self.keep_factors("weight", weight)

    def of_pixels(self, pixels: Pixels) -> Tensor:
        x, weight = pixels.logits, pixels.weight
        factors = for_classes(type(self).__name__, "weight", self.weight, x)
        if self.activation == "softmax":
            index = pixels.target.clamp(min=0)
            losses = F.cross_entropy(x, index.squeeze(1), reduction="none").unsqueeze(1)
            factors = None if factors is None else factors[index]
        else:
            losses = F.softplus(torch.where(pixels.members(), -x, x))
            factors = None if factors is None else factors.view(1, -1, 1)
        weight = weight.expand_as(losses) if factors is None else weight * factors
        take = self.taken(losses.detach(), weight)
        return ratio((take * losses).sum(), take.sum())

    def taken(self, losses: Tensor, weight: Tensor) -> Tensor:
        """The weight with which each pixel counts, float64."""
        raise NotImplementedError(f"{type(self).__name__} must define taken(losses, weight)")


class TopK(HardPixels):
    """Top-k cross entropy: the mean over the hardest share of the valid pixels.

    loss = Σ take_i ce_i / Σ take_i, take = hardest(ce, w, fraction)

    Over sigmoid every channel of a pixel is ranked on its own.

    Args:
        fraction: share of the valid pixels that count, > 0..1; 1 is cross entropy.
        shared: see HardPixels.
    Absent classes: contribute nothing.
    Equals: TopKLoss(k=10) of nnU-Net where nothing is ignored and a tenth of the pixels is a
        whole number; it rounds that down, here the last pixel counts in part.
    Source: Wu et al. 2016, online bootstrapping.
    """

    def __init__(self, fraction: float = 0.1, **shared: Unpack[HardOptions]) -> None:
        check_range("TopK", "fraction", fraction, 1e-6, 1)
        super().__init__(**shared)
        self.fraction = fraction

    def taken(self, losses: Tensor, weight: Tensor) -> Tensor:
        return hardest(losses, weight, self.fraction)


class OHEM(HardPixels):
    """Cross entropy of the pixels that are not yet predicted well (online hard example mining).

    loss = mean ce over valid pixels with p_y < threshold, and at least over the hardest min_kept

    Over sigmoid every channel of a pixel is judged on its own, p_y the probability of its side.

    Args:
        threshold: probability of the target class from which a pixel counts as learnt, 0..1.
        min_kept: share of the valid pixels that count in any case, 0..1. A number of pixels k of
            other libraries is k / (N·H·W) here.
        shared: see HardPixels.
    Absent classes: contribute nothing; if every pixel is learnt and min_kept is 0 the loss is 0.
    Equals: OhemCrossEntropy(thres=threshold, min_kept=k) of mmseg for min_kept = k / valid pixels
        and no class weights, if more than k pixels are valid.
    Source: Shrivastava et al. 2016, for pixels.
    """

    def __init__(
        self, threshold: float = 0.7, min_kept: float = 1 / 16, **shared: Unpack[HardOptions]
    ) -> None:
        check_range("OHEM", "threshold", threshold, 0, 1)
        hint = "It is a share of the valid pixels: divide a number of pixels by N·H·W."
        check_range("OHEM", "min_kept", min_kept, 0, 1, hint)
        super().__init__(**shared)
        self.threshold, self.min_kept = threshold, min_kept

    def taken(self, losses: Tensor, weight: Tensor) -> Tensor:
        hard = losses > (-log(self.threshold) if self.threshold else float("inf"))
        return torch.where(hard, weight.double(), hardest(losses, weight, self.min_kept))
