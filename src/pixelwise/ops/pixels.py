"""Logits and target as columns of pixels: what the definition and every loss on logits start from.

Full-resolution logits exist here. The kernels of the pass do without them.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.interpolate import interpolate
from pixelwise.ops.target import class_index


class Pixels(NamedTuple):
    """A batch as (N, C, P) with P pixels an image; nothing of an ignored pixel is left in it.

    Attributes:
        logits: (N, C, P) float32 or float64 at the target's size, 0 where ignored.
        target: (N, 1, P), or (N, C, P) for overlapping classes: int64 class index, -1 where
            ignored; (N, C, P) floating point, 0 where ignored, if the target is soft.
        weight: (N, 1, P) or (N, C, P), 0 where ignored.
        size: the spatial axes *S that P was made of.
        binary: whether every channel has its own target of 0 and 1.
    """

    logits: Tensor
    target: Tensor
    weight: Tensor
    size: torch.Size
    binary: bool

    def members(self) -> Tensor:
        """(N, C, P) bool: which pixels belong to which class; False where ignored."""
        if self.binary:
            return self.target == 1
        classes = torch.arange(self.logits.shape[1], device=self.logits.device)
        return self.target == classes.view(1, -1, 1)


def to_pixels(
    where: str,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    activation: str,
    ignore_index: int | None,
) -> Pixels:
    """Upsample, flatten, check the values of the target and clear ignored pixels.

    Args:
        where: first word of the message about unknown values.
        logits: (N, C, *s) floating point; upsampled bilinearly if *s is not the target's size.
        target: (N, *S), or (N, C, *S) for overlapping classes or if it is soft.
        weight: (N, *S) factor per pixel, >= 0, 0 = ignored; or None.
        activation: "softmax" or "sigmoid".
        ignore_index: the one ignored value, or None.
    Raises:
        ArgumentError: a target value that is neither class nor ignored.
    """
    channels = logits.shape[1]
    per_channel = target.dim() == logits.dim()
    soft = target.is_floating_point()
    size = target.shape[2 if per_channel else 1 :]
    x = logits.to(compute_dtype(logits.dtype))
    if x.shape[2:] != size:
        x = interpolate(x, tuple(size))
    x = x.flatten(2) if size else x.unsqueeze(2)

    binary = activation == "sigmoid" and (per_channel or channels == 1)
    columns = (x.shape[0], channels if per_channel else 1, x.shape[2])
    if soft:
        y = target.to(x.dtype).reshape(columns)
        valid = torch.ones_like(y[:, :1], dtype=torch.bool)
    else:
        y = class_index(target, 2 if binary else channels, ignore_index, where).reshape(columns)
        valid = y >= 0
    w = valid.to(x.dtype)
    if weight is not None:
        pixel = weight.to(x.dtype).reshape(x.shape[0], 1, x.shape[2])
        valid = valid & (pixel > 0)
        w = torch.where(valid, pixel, pixel.new_zeros(()))
        y = torch.where(valid, y, y.new_full((), 0 if soft else -1))
    # an ignored logit is replaced before it is read: no NaN gets through, its gradient is exactly 0
    x = torch.where(valid, x, x.new_zeros(()))
    return Pixels(x, y, w, size, binary)
