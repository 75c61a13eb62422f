"""Wrong values met on a GPU: counted there, raised when the training loop asks.

Reading one number of a GPU waits until everything before it is done. So a pass adds to a number
that stays on the device, and `raise_if_unknown` reads all of them, once every so many steps. It
writes nothing there: what it has seen is kept on the host, so that no pass on another stream or
thread loses a count. On a CPU nothing is left for later: a wrong value is an error at once.
"""

from threading import Lock

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import _disable_current_modes

from pixelwise.errors import ArgumentError, BackendError, setting

_Key = tuple[str, str, str, torch.device]  # function, argument, what it must be, device
_COUNTS: dict[_Key, Tensor] = {}  # pixels, () int64
_SEEN: dict[_Key, int] = {}  # of which so many have been raised
_LOCK = Lock()
TARGET = ("pixel_stats", "target", "class indices or ignore_index")


def counter(where: str, name: str, must: str, device: torch.device) -> Tensor:
    """The number that a pass adds to, in place: the one of the process on a GPU, else a new 0.

    Args:
        where, name, must: parts of the error, as of PixelwiseError.
    Returns:
        () int64.
    Raises:
        BackendError: the first pass of the process on this GPU is captured in a CUDA graph.
    """
    if device.type != "cuda":
        return torch.zeros((), dtype=torch.int64, device=device)
    key = where, name, must, device
    if key not in _COUNTS:
        with _LOCK:
            if key not in _COUNTS:
                _COUNTS[key] = _new_count(device)
    return _COUNTS[key]


def _new_count(device: torch.device) -> Tensor:
    if torch.cuda.is_current_stream_capturing():  # the graph would own it, and set it to 0
        must = "run once before they are captured in a CUDA graph"
        raise BackendError("pixelwise", event=f"losses on {device} must {must}")
    count = torch.zeros((), dtype=torch.int64, device=device)
    torch.cuda.current_stream(device).synchronize()  # other streams add to it as well
    return count


def prepare_counter(where: str, name: str, must: str, device: torch.device) -> None:
    """Make the number while torch.compile looks at shapes, not in the memory of its CUDA graphs."""
    if device.type == "cuda" and torch.cuda.is_available():
        with _disable_current_modes():
            counter(where, name, must, _with_index(device))


def _with_index(device: torch.device) -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if device.index is None else device


def count_later(where: str, name: str, must: str, count: Tensor) -> None:
    """Add a number of pixels, known to a GPU alone, to those that raise_if_unknown looks at.

    Args:
        where, name, must: parts of the error, as of PixelwiseError.
        count: () int64, on a GPU; nothing is to be done if it is the `counter` itself.
    """
    if isinstance(count, FakeTensor):  # a shape that is tried out, without a value
        return
    key = where, name, must, count.device
    counts = counter(*key) if count.is_cuda else _COUNTS.setdefault(key, torch.zeros_like(count))
    if counts is not count:
        counts.add_(count)  # in place, so that the replays of a CUDA graph add up


def raise_if_unknown() -> None:
    """Raise if a pass on a GPU met a wrong value since the last call; waits for the GPU.

    Your own training loop calls it where it reads the loss anyway, as `train` does.

    Raises:
        ArgumentError: a target value was neither a class nor ignored, or a weight was negative or
            not finite. The message counts the pixels; what they hold is no longer known.
    """
    with _LOCK:
        for device in {key[-1] for key in _COUNTS if key[-1].type == "cuda"}:
            torch.cuda.synchronize(device)  # passes on other streams too
        found = {key: int(count) for key, count in _COUNTS.items()}
        new = {key: count - _SEEN.get(key, 0) for key, count in found.items()}
        _SEEN.update(found)
    wrong = [
        (where, f"{name} must be {must}, got {count:,} other pixels on {device}")
        for (where, name, must, device), count in new.items()
        if count
    ]
    if wrong:
        (where, first), *others = wrong
        event = "; ".join([first, *(f"{function}: {other}" for function, other in others)])
        on_torch = setting("backend", "torch")
        hint = f"With {on_torch}, or on a CPU, the step that meets them names their values."
        raise ArgumentError(where, event=event, hint=hint)
