"""Losses that are not functions of sums: they take the logits, and every pixel of them.

They rank pixels (top-k, Lovász) or depend on their neighbours (boundary, Hausdorff, clDice). They
are in plain torch and keep several tensors of the size of the logits at full resolution in memory;
upsample="bilinear" saves memory in the network only. They can be added to all other losses:
`ce + 0.5 * lovasz` makes one pass for ce and gives the logits to lovasz.
"""

from typing import Unpack

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.losses.class_mean import (
    Absent,
    ClassChoice,
    ClassOptions,
    check_classes,
    mean_over_classes,
    pick_classes,
)
from pixelwise.losses.criterion import Criterion, for_classes
from pixelwise.losses.options import Factors, Settings
from pixelwise.ops.inputs import check_inputs
from pixelwise.ops.pixels import Pixels, to_pixels
from pixelwise.ops.spec import Activation
from pixelwise.ops.stats import PixelStats


class LogitsCriterion(Criterion):
    """A loss on logits, with the settings, the rule for void and the algebra of every Criterion.

    It makes no pass over the logits, so it has no backend; its target holds class indices.
    """

    def __init__(self, activation: Activation, **settings: Unpack[Settings]) -> None:
        super().__init__((), activation, backend=None, **settings)

    def of_pixels(self, pixels: Pixels) -> Tensor:
        """The loss as a float64 scalar from pixels whose ignored ones are cleared."""
        raise NotImplementedError(f"{type(self).__name__} must define of_pixels(pixels)")

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
            raise ArgumentError(name, "target", must="class indices", got=got, hint=hint)
        given = check_inputs(
            name, logits, target, self.activation, self.ignore_index, weight, self.upsample
        )
        pixels = to_pixels(name, logits, given.target, given.weight, self.activation, given.ignored)
        if self.axes is not None and len(pixels.size) not in self.axes:
            axes = " or ".join(str(a) for a in self.axes)
            wanted = f"(N, C, *S) with {axes} spatial axes"
            raise ArgumentError(name, "logits", must=wanted, got=tuple(logits.shape))
        return self.of_pixels(pixels)

    def formula(self, stats: PixelStats) -> Tensor:  # noqa: ARG002
        name = type(self).__name__
        raise ArgumentError(f"{name}: is not a formula on sums. Call it with logits and target.")

    def probs(self, logits: Tensor) -> Tensor:
        """(N, C, P) probabilities."""
        return torch.softmax(logits, dim=1) if self.activation == "softmax" else logits.sigmoid()


class MapOptions(Settings, ClassOptions, total=False):
    """Options of a loss on maps of classes whose means go over the batch only."""


class ImageMapOptions(MapOptions, total=False):
    """Options of ClassMapsCriterion."""

    per_image: bool


class ClassMapsCriterion(LogitsCriterion):
    """A loss per class from maps of that class, then the mean over classes."""

    weight: Tensor | None

    def __init__(
        self,
        activation: Activation,
        *,
        per_image: bool = False,
        weight: Factors = None,
        classes: ClassChoice = None,
        absent: Absent = "skip",
        **settings: Unpack[Settings],
    ) -> None:
        """Options that all losses on maps of classes share.

        Args:
            per_image: loss per image, then the mean over images; otherwise over the whole batch.
            weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
            classes: indices of the classes that count; "foreground" = all but 0; None = all.
            absent: what happens to classes without valid target pixels: "skip" leaves them out of
                the mean, "zero" counts them with loss 0, "keep" counts them by the formula.
            ignore_index, upsample: see Criterion.
        Raises:
            ArgumentError: an option is out of its range.
        """
        classes = check_classes(type(self).__name__, absent, classes)
        super().__init__(activation, **settings)
        self.keep_factors("weight", weight)
        self.classes, self.absent, self.per_image = classes, absent, per_image

    def of_maps(self, maps: Tensor, members: Tensor, weight: Tensor, size: torch.Size) -> Tensor:
        """Loss per class, (N, K) if per_image, else (1, K); float64.

        Args:
            maps: (N, K, P) map of each class, from `map_of`.
            members: (N, K, P) bool, whether the pixel belongs to the class; False where ignored.
            weight: (N, K, P) weight of the pixel, 0 where ignored.
            size: lengths of the spatial axes that P flattens.
        """
        raise NotImplementedError(f"{type(self).__name__} must define of_maps(...)")

    def map_of(self, logits: Tensor) -> Tensor:
        """(N, C, P) maps of the logits: the probabilities, unless a loss overrides it."""
        return self.probs(logits)

    def of_pixels(self, pixels: Pixels) -> Tensor:
        name, members = type(self).__name__, pixels.members()
        weight = pixels.weight.expand(members.shape)
        valid = weight.sum(-1, dtype=torch.float64)
        factors = for_classes(name, "weight", self.weight, valid)
        if factors is not None:
            (factors,) = pick_classes(name, self.classes, factors[None])
        maps, members, weight, valid = pick_classes(
            name, self.classes, self.map_of(pixels.logits), members, weight, valid
        )
        present = members.any(-1)
        loss = self.of_maps(maps, members, weight, pixels.size)
        if not self.per_image:
            valid, present = valid.sum(0, keepdim=True), present.any(0, keepdim=True)
        return mean_over_classes(loss, present, valid, factors, self.absent)
