"""NaN among logits: argmax takes it for the largest number, so that it would count as a class."""

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.interpolate import lerp, positions
from pixelwise.ops.unknown import count_later

WANTED = "numbers at valid pixels"
HINT = "The network has diverged: look for the first step whose loss or gradient is not finite."


def check_no_nan(
    where: str, logits: Tensor, target: Tensor | None = None, ignore_index: int | None = None
) -> None:
    """Raise if a logit that decides a valid pixel is NaN; infinite logits are decisions.

    Args:
        where: first word of the message.
        logits: (N, C, h, w) floating point.
        target: (N, H, W) class indices, of any size: NaN at ignored pixels does not matter.
            None: every pixel is valid.
        ignore_index: the one ignored target value, or None.
    Raises:
        ArgumentError: with the number of such pixels and the first of them.
    """
    # one pass without an allocation; a sum of +inf and -inf is NaN too, so this only suspects
    if not bool(logits.detach().sum(dtype=compute_dtype(logits.dtype)).isnan()):
        return
    found = nan_pixels(logits, target, ignore_index)
    if bool(found.any()):
        n, y, x = found.nonzero()[0].tolist()
        got = f"NaN at {int(found.sum()):,} pixels, first at n={n} y={y} x={x}"
        raise ArgumentError(where, "logits", must=WANTED, got=got, hint=HINT)


def count_nan_later(where: str, pixels: Tensor) -> None:
    """As check_no_nan, but for a GPU: nothing waits, and raise_if_unknown raises.

    Args:
        where: first word of the message.
        pixels: number of nan_pixels, () int64.
    """
    count_later(where, "logits", WANTED, pixels)


def nan_pixels(logits: Tensor, target: Tensor | None, ignore_index: int | None) -> Tensor:
    """(N, H, W) bool, valid pixels that a NaN logit has any part in; arguments as check_no_nan."""
    found = logits.detach().amax(dim=1).isnan()
    if target is None:
        return found
    if found.shape != target.shape:
        # a pixel is hit where a NaN has any part in its interpolation
        share = found[:, None].float()
        for axis, out in zip((2, 3), target.shape[1:]):
            outputs = torch.arange(out, device=share.device)
            share = lerp(share, axis, *positions(share.shape[axis], outputs, out))
        found = share[:, 0] > 0
    return found if ignore_index is None else found & (target != ignore_index)
