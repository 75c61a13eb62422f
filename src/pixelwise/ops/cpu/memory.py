"""Memory of gradients: huge pages, and the last large piece is kept for the next step.

A fresh large array is paid in page faults: the system must clear each page before it is written,
and for a gradient that costs as much as computing it. A training loop frees the gradient of the
logits and asks for the same size again a moment later, so the piece that was freed last is kept.
Never more than that one is, and only if it is large; asking for another size lets it go.
"""

import weakref
from collections import deque

import numpy as np
import torch

LARGE = 1 << 22  # bytes; smaller pieces stay in the allocator's own hands
ALIGNMENT = 64  # a cache line

_kept: deque[np.ndarray] = deque(maxlen=1)  # a deque, because its steps need no lock


def new_gradient(logits: torch.Tensor) -> torch.Tensor:
    """An uninitialised tensor with the logits' shape, dtype and memory format."""
    size = logits.numel() * logits.element_size()
    if size < LARGE:
        return torch.empty_like(logits)
    like = torch.empty_like(logits, device="meta")
    memory = _take(size + ALIGNMENT)
    start = -memory.ctypes.data % ALIGNMENT
    piece = memory[start : start + size]
    # the tensor holds `piece`, whose end is the end of all tensors in that memory
    weakref.finalize(piece, _kept.append, memory).atexit = False
    return torch.from_numpy(piece).view(logits.dtype).as_strided(like.shape, like.stride())


def _take(size: int) -> np.ndarray:
    """The piece that is kept, if it has this size, else a new one."""
    try:
        kept = _kept.pop()
    except IndexError:
        kept = None
    # NumPy asks for huge pages above 4 MB, torch does not
    return kept if kept is not None and kept.size == size else np.empty(size, np.uint8)
