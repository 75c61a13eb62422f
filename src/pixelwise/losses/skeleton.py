"""Soft clDice: how much of each skeleton lies inside the other region.

Not a function of sums: a skeleton is made of neighbouring pixels, by pooling. Memory grows with
the number of iterations, several tensors of the size of the full-resolution logits each.
"""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.class_mean import Classes
from pixelwise.losses.criterion import Factors, ratio
from pixelwise.losses.on_logits import ClassMapsCriterion
from pixelwise.ops.target import Ignore


def soft_skeleton(maps: Tensor, valid: Tensor, iterations: int) -> Tensor:
    """What erosion takes away and opening does not bring back, over several erosions.

    S ← S + (1 − S) max(0, e − open(e)) for e = p, erode(p), erode(erode(p)), ...

    Erosion is the minimum over the pixel and its neighbours along each axis, dilation the maximum
    over all neighbours. Void pixels are like pixels outside the image: they take part in neither.

    Args:
        maps: (N, K, H, W) or (N, K, D, H, W) in 0..1.
        valid: bool of a shape that broadcasts with maps.
        iterations: number of erosions, at least half the width of what is to be thinned.
    Returns:
        Of the shape of maps, in 0..1; without meaning at void pixels.
    Source: Shit et al. 2021, algorithm 1.
    """
    if maps.numel() == 0:  # pooling refuses images without pixels
        return maps
    axes = maps.dim() - 2
    pool = {2: F.max_pool2d, 3: F.max_pool3d}[axes]

    def eroded(x: Tensor) -> Tensor:
        x = -torch.where(valid, x, x.new_ones(()))
        windows = [[3 if a == axis else 1 for a in range(axes)] for axis in range(axes)]
        along = [-pool(x, w, stride=1, padding=[k // 2 for k in w]) for w in windows]
        return reduce(torch.minimum, along)

    def dilated(x: Tensor) -> Tensor:
        return pool(torch.where(valid, x, x.new_zeros(())), 3, stride=1, padding=1)

    smaller = eroded(maps)
    skeleton = (maps - dilated(smaller)).relu()
    for _ in range(iterations):
        maps, smaller = smaller, eroded(smaller)
        skeleton = skeleton + (1 - skeleton) * (maps - dilated(smaller)).relu()
    return skeleton


class SoftCLDice(ClassMapsCriterion):
    """Soft centre-line Dice loss: keeps thin structures in one piece.

    loss = mean_c 1 − 2 A B / (A + B),  A = (Σ S(p) y + s) / (Σ S(p) + s),
    B = (Σ S(y) p + s) / (Σ S(y) + s),  S = soft_skeleton

    Meant beside a region loss: `0.5 * dice + 0.5 * soft_cldice`.

    Args:
        iterations: erosions of the skeleton, >= 0: at least half the width of the structures in
            pixels. What is wider than that has no skeleton.
        smooth: s, pixels added to numerator and denominator, >= 0. The authors' code uses 1.
        per_image: loss per image, then the mean over images; otherwise over the whole batch.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample: see Criterion.
    Raises:
        ArgumentError: an option is out of its range; other than 2 or 3 spatial axes.
    Absent classes: left out of the mean by default; see `absent`. A ratio without any skeleton
        below it is 1 if s is 0.
    Equals: SoftclDiceLoss(sigmoid=True) of MONAI for one channel, smooth=1, per_image=True and
        absent="keep", but for the 1e-4 that it adds to A + B.
    Source: Shit et al. 2021, equations 1 and 2, algorithms 1 and 2.
    """

    axes = (2, 3)

    def __init__(
        self,
        iterations: int = 3,
        smooth: float = 0.0,
        per_image: bool = False,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
    ) -> None:
        check_range("SoftCLDice", "iterations", iterations, low=0)
        check_range("SoftCLDice", "smooth", smooth, low=0)
        super().__init__(
            activation, ignore_index, upsample,
            weight=weight, classes=classes, absent=absent, per_image=per_image,
        )  # fmt: skip
        self.iterations, self.smooth = int(iterations), smooth

    def of_maps(self, maps: Tensor, members: Tensor, weight: Tensor, size: torch.Size) -> Tensor:
        p, y, w = maps.unflatten(-1, size), members.unflatten(-1, size), weight.unflatten(-1, size)
        y = y.to(p.dtype)

        def total(value: Tensor) -> Tensor:
            summed = (w * value).flatten(2).sum(-1, dtype=torch.float64)
            return self.smooth + (summed if self.per_image else summed.sum(0, keepdim=True))

        of_p = soft_skeleton(p, w > 0, self.iterations)
        of_y = soft_skeleton(y, w > 0, self.iterations)
        precision = ratio(total(of_p * y), total(of_p), empty=1.0)
        recall = ratio(total(of_y * p), total(of_y), empty=1.0)
        return 1 - ratio(2 * precision * recall, precision + recall)
