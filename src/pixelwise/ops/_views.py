"""Tensors as bytes and strides: what the CPU kernels see of them.

One compiled kernel serves every dtype and memory layout, because a tensor arrives as a `View` (its
bytes, a code for its dtype, its strides) and the pixels of an image are counted in logical order by
a `Grid`. Nothing is copied: contiguous, channels_last, sliced and expanded tensors are read where
they lie.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from pixelwise.ops.spec import SUMS

ABSENT = -1  # kind of a view that was not given
FLOAT32, FLOAT64, BFLOAT16, FLOAT16, UINT8, INT8, INT16, INT32, INT64 = range(9)
KINDS = {
    torch.float32: FLOAT32,
    torch.float64: FLOAT64,
    torch.bfloat16: BFLOAT16,
    torch.float16: FLOAT16,
    torch.uint8: UINT8,
    torch.bool: UINT8,
    torch.int8: INT8,
    torch.int16: INT16,
    torch.int32: INT32,
    torch.int64: INT64,
}
VALID, TARGET, PROB, INTER, PROB2, NLL, NLL_ALL, FOCAL, NLL_NEG, FOCAL_NEG = range(len(SUMS))


class View(NamedTuple):
    """A tensor (N, C, *S) or (N, *S) as bytes and strides, the latter in elements."""

    data: Any  # uint8 (bytes,), from the first element on
    kind: int  # one of KINDS, or ABSENT
    image: int  # stride of N
    channel: int  # stride of C, 0 if there is none
    pixel: int  # stride of the innermost spatial dimension
    outer: Any  # int64, strides of the other spatial dimensions


class Grid(NamedTuple):
    """How the pixels of an image are counted: `length` to a row, rows over `outer` sizes."""

    pixels: int
    length: int
    outer: Any  # int64, sizes of the spatial dimensions but the innermost


def view_bytes(tensor: torch.Tensor) -> np.ndarray:
    """The memory between a tensor's first and last element as bytes; no copy."""
    extent = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride()))
    flat = torch.as_strided(tensor.detach(), (extent,), (1,), tensor.storage_offset())
    return flat.view(torch.uint8).numpy()


def view_tensors(
    spatial: Sequence[int], tensors: Sequence[tuple[torch.Tensor | None, bool]]
) -> tuple[Grid, list[View]]:
    """Describe tensors that share their spatial sizes; neighbouring dimensions are merged.

    Args:
        spatial: the sizes *S.
        tensors: each with whether it has a channel dimension: (N, C, *S) or (N, *S).
    Returns:
        The grid of pixels and one view for each tensor.
    """
    given = [t for t, _ in tensors if t is not None]
    dims = [d for d, size in enumerate(spatial) if size != 1]
    last = len(spatial)
    strides = {d: [t.stride(d - last) for t in given] for d in dims}
    sizes: list[int] = []
    steps: list[list[int]] = []  # for each merged dimension the stride of each tensor
    for d in dims:
        whole = [s * spatial[d] for s in strides[d]]
        if steps and steps[-1] == whole:
            sizes[-1] *= spatial[d]
            steps[-1] = strides[d]
        else:
            sizes.append(spatial[d])
            steps.append(strides[d])
    if not sizes:
        sizes, steps = [1], [[1] * len(given)]
    grid = Grid(int(np.prod(sizes)), sizes[-1], np.array(sizes[:-1], np.int64))
    columns = iter(zip(*steps))
    return grid, [_view(t, has, next(columns) if t is not None else ()) for t, has in tensors]


def _view(tensor: torch.Tensor | None, has_channel: bool, steps: Sequence[int]) -> View:
    if tensor is None:
        return View(np.empty(0, np.uint8), ABSENT, 0, 0, 0, np.empty(0, np.int64))
    outer = np.array(steps[:-1], np.int64)
    channel = tensor.stride(1) if has_channel else 0
    return View(
        view_bytes(tensor), KINDS[tensor.dtype], tensor.stride(0), channel, steps[-1], outer
    )


def new_gradient(logits: torch.Tensor) -> torch.Tensor:
    """An uninitialised tensor like `logits`, in memory that asks for huge pages.

    NumPy asks for them above 4 MB and torch does not; the page faults of a fresh large tensor
    cost as much as computing it.
    """
    like = torch.empty_like(logits, device="meta")
    size = like.element_size()
    memory = np.empty(logits.numel() * size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    flat = torch.from_numpy(memory[start : start + logits.numel() * size]).view(logits.dtype)
    return flat.as_strided(like.shape, like.stride())


class Labels(NamedTuple):
    """Which target values mean what: 0 <= value < limit is a class, `ignore` is ignored."""

    has_ignore: bool
    ignore: int
    limit: int


def known_labels(target: torch.Tensor, ignore_index: int | None, limit: int) -> Labels:
    """Labels for a target's dtype: an ignore_index it cannot hold, or None, never matches."""
    if target.dtype == torch.bool:
        low, high = 0, 1
    else:
        info = torch.iinfo(target.dtype)
        low, high = info.min, info.max
    if ignore_index is None or not low <= ignore_index <= high:
        return Labels(False, 0, limit)
    return Labels(True, ignore_index, limit)
