"""Wrong values met on a GPU: counted there, raised when the training loop asks.

Reading one number of a GPU waits until everything before it is done. So a pass leaves its count on
the device, and `raise_if_unknown` reads all of them, once every so many steps. On a CPU nothing is
left for later: a wrong value is an error at once.
"""

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from pixelwise.errors import ArgumentError, setting

# (function, argument, what it must be, device) -> pixels, () int64
_COUNTS: dict[tuple[str, str, str, torch.device], Tensor] = {}


def count_later(where: str, name: str, must: str, count: Tensor) -> None:
    """Add a number of pixels, known to a GPU alone, to those that raise_if_unknown looks at.

    Args:
        where, name, must: parts of the error, as of PixelwiseError.
        count: () int64, on a GPU.
    """
    if isinstance(count, FakeTensor):  # a shape that is tried out, without a value
        return
    key = where, name, must, count.device
    if key not in _COUNTS:
        _COUNTS[key] = torch.zeros_like(count)
    _COUNTS[key].add_(count)  # in place, so that the replays of a CUDA graph add up


def raise_if_unknown() -> None:
    """Raise if a pass on a GPU met a wrong value since the last call; waits for the GPU.

    Your own training loop calls it where it reads the loss anyway, as `train` does.

    Raises:
        ArgumentError: a target value was neither a class nor ignored, or a weight was negative or
            not finite. The message counts the pixels; what they hold is no longer known.
    """
    found = {key: int(count) for key, count in _COUNTS.items()}
    for count in _COUNTS.values():
        count.zero_()
    wrong = [
        (where, f"{name} must be {must}, got {count:,} other pixels on {device}")
        for (where, name, must, device), count in found.items()
        if count
    ]
    if wrong:
        (where, first), *others = wrong
        event = "; ".join([first, *(f"{function}: {other}" for function, other in others)])
        on_torch = setting("backend", "torch")
        hint = f"With {on_torch}, or on a CPU, the step that meets them names their values."
        raise ArgumentError(where, event=event, hint=hint)
