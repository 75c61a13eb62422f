"""Soft clDice: how much of the skeleton of one region lies inside the other region.

Not a function of sums: a skeleton is made of neighbouring pixels, by pooling. Memory grows with
the number of iterations, several tensors of the size of the full-resolution logits each.
"""

from functools import reduce
from typing import Unpack

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.criterion import ratio
from pixelwise.losses.on_logits import ClassMapsCriterion, ImageMapOptions
from pixelwise.ops.spec import Activation


def soft_skeleton(maps: Tensor, valid: Tensor, iterations: int) -> Tensor:
    """Soft skeleton: what opening removes from each of several erosions.

    S ← S + (1 − S) max(0, e − open(e)) for e = p, erode(p), erode(erode(p)), ...

    Erosion is the minimum over the pixel and its neighbours along each axis, dilation the maximum
    over all neighbours. Void pixels are like pixels outside the image: they take part in neither.

    Args:
        maps: (N, K, H, W) or (N, K, D, H, W) in 0..1.
        valid: bool of a shape that broadcasts with maps.
        iterations: number of erosions, at least half the width of the structures.
    Returns:
        Of the shape of maps, in 0..1; undefined at void pixels.
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
    """Soft centre-line Dice loss: keeps thin structures connected.

    loss = mean_c 1 − 2 A B / (A + B),  A = (Σ S(p) y + s) / (Σ S(p) + s),
    B = (Σ S(y) p + s) / (Σ S(y) + s),  S = soft_skeleton

    Use it together with a region loss: `0.5 * dice + 0.5 * soft_cldice`.

    Args:
        iterations: erosions of the skeleton, >= 0: at least half the width of the structures in
            pixels. Wider structures have no skeleton.
        smooth: s, pixels added to numerator and denominator, >= 0. The code of the authors uses 1.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        shared: see ClassMapsCriterion.
    Raises:
        ArgumentError: an option is out of its range; other than 2 or 3 spatial axes.
    Absent classes: left out of the mean by default; see `absent`. A ratio whose
        denominator is 0 (no skeleton and s = 0) is 1.
    Equals: SoftclDiceLoss(sigmoid=True) of MONAI for one channel, smooth=1, per_image=True and
        absent="keep", but for the 1e-4 that it adds to A + B.
    Source: Shit et al. 2021, equations 1 and 2, algorithms 1 and 2.
    """

    axes = (2, 3)

    def __init__(
        self,
        iterations: int = 3,
        smooth: float = 0.0,
        *,
        activation: Activation = "softmax",
        **shared: Unpack[ImageMapOptions],
    ) -> None:
        check_range("SoftCLDice", "iterations", iterations, low=0)
        check_range("SoftCLDice", "smooth", smooth, low=0)
        super().__init__(activation, **shared)
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
