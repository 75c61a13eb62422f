"""Wrong values met on a GPU: counted there, raised when the training loop asks.

To look at one number of a GPU the host waits until everything before it is done. So a pass leaves
its count on the device, and `raise_if_unknown` looks at all of them, once every so many steps. On a
CPU nothing is left for later: a wrong value is an error at once.
"""

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from pixelwise.errors import ArgumentError

_COUNTS: dict[tuple[str, torch.device], Tensor] = {}  # (what was expected, where) -> () int64


def count_later(expected: str, count: Tensor) -> None:
    """Add a number of pixels, known to a GPU alone, to those that raise_if_unknown looks at.

    Args:
        expected: the first half of the message, "<function>: <name> must be <constraint>".
        count: () int64, on a GPU.
    """
    if isinstance(count, FakeTensor):  # a shape that is tried out, without a value
        return
    key = expected, count.device
    if key not in _COUNTS:
        _COUNTS[key] = torch.zeros_like(count)
    _COUNTS[key].add_(count)  # in place, so that the replays of a CUDA graph add up


def raise_if_unknown() -> None:
    """Raise if a pass on a GPU met a wrong value since this was last called; waits for the GPU.

    Training loops of one's own call it where they look at the loss anyway. `train` does.

    Raises:
        ArgumentError: a target value was neither a class nor ignored, or a weight was negative or
            not finite. The message counts the pixels; what they hold is no longer known.
    """
    found = {key: int(count) for key, count in _COUNTS.items()}
    for count in _COUNTS.values():
        count.zero_()
    wrong = [
        f"{expected}, got {count} other pixels on {device} since the last look"
        for (expected, device), count in found.items()
        if count
    ]
    if wrong:
        raise ArgumentError(
            f'{"; ".join(wrong)}. With backend="torch", or on a CPU, the step that meets them '
            "names their values and places."
        )
