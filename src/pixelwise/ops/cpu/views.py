"""Tensors as addresses and strides: what the CPU kernels see of them.

One compiled kernel serves every dtype and memory layout, because a tensor arrives as a `View` (its
address, its strides, and the address of a function that copies blocks of its dtype) and the pixels
of an image are counted in logical order by a `Grid`. Nothing is copied: contiguous, channels_last,
sliced and expanded tensors are read where they lie.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from pixelwise.ops.spec import SUMS

VALID, TARGET, PROB, INTER, PROB2, NLL, NLL_ALL, FOCAL, NLL_NEG, FOCAL_NEG = range(len(SUMS))


class View(NamedTuple):
    """A tensor (N, C, *S) or (N, *S); strides in elements."""

    address: int  # of the first element; 0 stands for a tensor that was not given
    transfer: int  # address of the function that loads, stores or classifies its elements
    image: int  # stride of N
    channel: int  # stride of C, 0 if there is none
    pixel: int  # stride of the innermost spatial dimension
    outer: Any  # int64, strides of the other spatial dimensions
    in_place: int  # bytes of an element that kernels may read and write where it lies, else 0


NOT_GIVEN = View(0, 0, 0, 0, 0, np.empty(0, np.int64), 0)


class Grid(NamedTuple):
    """How the pixels of an image are counted: `length` to a row, rows over `outer` sizes."""

    pixels: int
    length: int
    outer: Any  # int64, sizes of the spatial dimensions but the innermost


class Labels(NamedTuple):
    """Which target values mean what: 0 <= value < limit is a class, `ignore` is ignored."""

    has_ignore: int
    ignore: int
    limit: int


def view_tensors(
    spatial: Sequence[int], tensors: Sequence[tuple[torch.Tensor | None, int, bool]]
) -> tuple[Grid, list[View]]:
    """Describe tensors that share their spatial sizes; neighbouring dimensions are merged.

    Args:
        spatial: the sizes *S.
        tensors: each with the address of its transfer function and whether it has a channel
            dimension: (N, C, *S) or (N, *S).
    Returns:
        The grid of pixels and one view for each tensor.
    """
    given = [t for t, _, _ in tensors if t is not None]
    last = len(spatial)
    sizes: list[int] = [1]
    steps: list[list[int]] = [[0] * len(given)]  # for each merged dimension, each tensor's stride
    for d in (d for d, size in enumerate(spatial) if size != 1):
        strides = [t.stride(d - last) for t in given]
        if sizes[-1] == 1 or steps[-1] == [s * spatial[d] for s in strides]:
            sizes[-1] *= spatial[d]
            steps[-1] = strides
        else:
            sizes.append(spatial[d])
            steps.append(strides)
    grid = Grid(int(np.prod(sizes)), sizes[-1], np.array(sizes[:-1], np.int64))
    columns = iter(zip(*steps))
    views = [
        NOT_GIVEN if tensor is None else _view(tensor, transfer, has_channel, next(columns))
        for tensor, transfer, has_channel in tensors
    ]
    return grid, views


def view_image(tensor: torch.Tensor | None, transfer: int, has_channel: bool) -> View:
    """Describe (N, C, H, W) or (N, H, W) row by row: outer holds the stride of H."""
    if tensor is None:
        return NOT_GIVEN
    return _view(tensor, transfer, has_channel, tensor.stride()[-2:])


def _view(tensor: torch.Tensor, transfer: int, has_channel: bool, steps: Sequence[int]) -> View:
    channel = tensor.stride(1) if has_channel else 0
    outer = np.array(steps[:-1], np.int64)
    direct = tensor.dtype in (torch.float32, torch.float64) and steps[-1] == 1
    in_place = tensor.element_size() if direct else 0
    return View(tensor.data_ptr(), transfer, tensor.stride(0), channel, steps[-1], outer, in_place)


def at_addresses(views: Sequence[View], tensors: Sequence[torch.Tensor | None]) -> list[View]:
    """Views of other tensors of the same layouts."""
    return [
        view if tensor is None else View(tensor.data_ptr(), *view[1:])
        for view, tensor in zip(views, tensors)
    ]


def known_labels(target: torch.Tensor, ignore_index: int | None, limit: int) -> Labels:
    """Labels for a target's dtype: an ignore_index it cannot hold, or None, never matches."""
    if target.dtype == torch.bool:
        low, high = 0, 1
    else:
        info = torch.iinfo(target.dtype)
        low, high = info.min, info.max
    if ignore_index is None or not low <= ignore_index <= high:
        return Labels(0, 0, limit)
    return Labels(1, ignore_index, limit)
