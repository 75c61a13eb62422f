"""Bilinear interpolation in plain torch, in which a neighbour of weight 0 is not read.

F.interpolate multiplies it by 0 instead, and 0 · inf is NaN: one class masked by -inf would be NaN
at its border. Finite logits have the bits of F.interpolate.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.ops.operators import traced
from pixelwise.ops.rows import Rows


def interpolate(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bring x (N, C, h, w) floating point to (N, C, *size), align_corners=False.

    Equals: F.interpolate(x, size, mode="bilinear") where x is finite
    """
    if traced(x):  # then the rest alone is interpolated with exact weights
        finite, zero = x.isfinite(), x.new_zeros(())
        smooth, rest = torch.where(finite, x, zero), torch.where(finite, zero, x)
        return _by_torch(smooth, size) + _exactly(rest, size)
    # one pass over the smaller side; a sum that overflows only takes the longer way
    return _by_torch(x, size) if bool(x.detach().sum().isfinite()) else _exactly(x, size)


def interpolate_rows(x: Tensor, rows: Rows, width: int) -> Tensor:
    """Some rows of x (N, C, h, w), a band of a grid, brought to (N, C, rows, width).

    Each row has the same bits, whichever others are asked for.
    """
    at = torch.arange(rows.first, rows.stop, device=x.device)
    if rows.grid == rows.height:
        x = x[:, :, rows.first - rows.band : rows.stop - rows.band]
    else:
        low, t = positions(rows.grid, at, rows.height)
        x = lerp(x, 2, low - rows.band, t)
    if x.shape[3] == width:
        return x
    return lerp(x, 3, *positions(x.shape[3], torch.arange(width, device=x.device), width))


def no_larger(logits: Tensor, size: tuple[int, ...]) -> Tensor:
    """Logits (N, C, h, w) as they are, or brought to (H, W) if they are larger on an axis.

    A network sees an image at a multiple of 32, so its logits may be larger than the label. A loss
    with upsample="bilinear" refuses that; labels and scores are of the same interpolation.
    """
    larger = any(own > most for own, most in zip(logits.shape[2:], size))
    return interpolate(logits, tuple(size)) if larger else logits


def _by_torch(x: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _exactly(x: Tensor, size: tuple[int, ...]) -> Tensor:
    for axis, out in zip((2, 3), size):
        x = lerp(x, axis, *positions(x.shape[axis], torch.arange(out, device=x.device), out))
    return x


def positions(size: int, outputs: Tensor, out: int) -> tuple[Tensor, Tensor]:
    """Where outputs of an axis read its input: low, and the weight t of low + 1, exactly.

    (i + ½) size / out - ½ in units of 1 / (2 out)

    Args:
        size, out: lengths of the input and the output.
        outputs: int64, some of 0..out-1.
    """
    units = ((2 * outputs + 1) * size - out).clamp(min=0)
    return units // (2 * out), (units % (2 * out)).double() / (2 * out)


def lerp(x: Tensor, axis: int, low: Tensor, t: Tensor) -> Tensor:
    """(1 - t) x[low] + t x[low + 1] along an axis; x[low + 1] is not read where t = 0."""
    t = t.to(x.dtype).view(-1, *[1] * (x.dim() - 1 - axis))
    above = x.index_select(axis, (low + 1).clamp(max=x.shape[axis] - 1))
    above = torch.where(t > 0, above, above.new_zeros(()))
    return x.index_select(axis, low) * (1 - t) + above * t
