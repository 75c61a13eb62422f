"""Losses that are not functions of sums: they take the logits, and every pixel of them.

They rank pixels (top-k, Lovász) or look at their neighbours (boundary, Hausdorff, clDice). Each
lives in its own file, in plain torch, and holds several tensors of the size of the logits at full
resolution; upsample="bilinear" saves the network's memory here, not the loss's. They add up with
all other losses: `ce + 0.5 * lovasz` makes the one pass for ce and gives the logits to lovasz.
"""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, sentence
from pixelwise.losses.class_mean import (
    Classes,
    check_class_options,
    kept_classes,
    mean_over_classes,
    pick_classes,
)
from pixelwise.losses.criterion import Criterion, Factors, class_factors, for_classes
from pixelwise.ops.inputs import check_inputs
from pixelwise.ops.pixels import Pixels, to_pixels
from pixelwise.ops.stats import PixelStats
from pixelwise.ops.target import Ignore


class LogitsCriterion(Criterion):
    """A loss on logits, with the settings, the void contract and the algebra of every Criterion.

    It makes no pass, so it has no backend; its target holds class indices.
    """

    def __init__(self, activation: str, ignore_index: Ignore, upsample: str | None) -> None:
        super().__init__((), activation, ignore_index, upsample, backend=None)

    @abstractmethod
    def of_pixels(self, pixels: Pixels) -> Tensor:
        """The loss as a float64 scalar from pixels of which nothing ignored is left."""

    def value(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> Tensor:
        name = type(self).__name__
        if soft_target:
            hint = "Use a loss on sums, such as CrossEntropy or Dice, for soft targets."
            got = "soft_target=True"
            raise ArgumentError(sentence(name, "target", "class indices", got, hint))
        given = check_inputs(
            name, logits, target, self.activation, self.ignore_index, weight, self.upsample
        )
        pixels = to_pixels(name, logits, given.target, given.weight, self.activation, given.ignored)
        if self.axes is not None and len(pixels.size) not in self.axes:
            axes = " or ".join(str(a) for a in self.axes)
            wanted = f"(N, C, *S) with {axes} spatial axes"
            raise ArgumentError(sentence(name, "logits", wanted, tuple(logits.shape)))
        return self.of_pixels(pixels)

    def formula(self, stats: PixelStats) -> Tensor:  # noqa: ARG002
        name = type(self).__name__
        raise ArgumentError(f"{name}: is no formula on sums. Call it with logits and target.")

    def probs(self, logits: Tensor) -> Tensor:
        """(N, C, P) probabilities."""
        return torch.softmax(logits, dim=1) if self.activation == "softmax" else logits.sigmoid()


class ClassMapsCriterion(LogitsCriterion):
    """A loss per class from maps of that class, then the mean over classes."""

    def __init__(
        self,
        activation: str,
        ignore_index: Ignore,
        upsample: str | None,
        *,
        weight: Factors,
        classes: Classes,
        absent: str,
        per_image: bool = False,
    ) -> None:
        name = type(self).__name__
        check_class_options(name, absent, classes)
        super().__init__(activation, ignore_index, upsample)
        self.register_buffer("weight", class_factors(name, "weight", weight), persistent=False)
        self.classes = kept_classes(classes)
        self.absent = absent
        self.per_image = per_image

    @abstractmethod
    def of_maps(self, maps: Tensor, members: Tensor, weight: Tensor, size: torch.Size) -> Tensor:
        """Loss per class, (N, K) if per_image, else (1, K); float64.

        Args:
            maps: (N, K, P) what `map_of` makes of the logits.
            members: (N, K, P) bool, whether the pixel belongs to the class; False where ignored.
            weight: (N, K, P) weight of the pixel, 0 where ignored.
            size: the spatial axes that P was made of.
        """

    def map_of(self, logits: Tensor) -> Tensor:
        """(N, C, P) map that the loss looks at: the probabilities."""
        return self.probs(logits)

    def of_pixels(self, pixels: Pixels) -> Tensor:
        name, members = type(self).__name__, pixels.members()
        weight = pixels.weight.expand(members.shape)
        valid = weight.sum(-1, dtype=torch.float64)
        own: Any = self.weight
        factors = for_classes(name, "weight", own, valid)[None]
        maps, members, weight, valid, factors = pick_classes(
            name, self.classes, self.map_of(pixels.logits), members, weight, valid, factors
        )
        present = members.any(-1)
        loss = self.of_maps(maps, members, weight, pixels.size)
        if not self.per_image:
            valid, present = valid.sum(0, keepdim=True), present.any(0, keepdim=True)
        return mean_over_classes(loss, present, valid, factors, self.absent)
