"""Rows of an image as the network sees it, from rows of the image: resize_image band by band.

Bilinear with antialiasing is separable: the columns of a row do not depend on other rows. So whole
rows are resized to the new width by the function that resizes whole images, and the new rows are
sums of these along the other axis, with weights

    w(y, j) = max(0, 1 - |j + ½ - (y + ½) s| / max(s, 1)), divided by their sum     s = H / h

8 bits: integers of 16 bits for the weights, rounded as torch rounds them, so that on processors
where it resizes 8 bits itself the result is that of the whole image, to the bit.

Source: torch, aten/src/ATen/native/cpu/UpSampleKernel.cpp.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

_BITS = 15  # of a weight, without its sign
_MOST_SHIFT = 22

# (first, stop) rows of an image -> (C, rows, W)
ReadImage = Callable[[int, int], Tensor]


class ResizedRows:
    """Rows of an image at the size of the network; nothing is read twice but at the seams.

    Args:
        read: rows of the image.
        size: (height, width) of the image.
        at_network: the same at the network.
        dtype: of its samples, uint8 or float32.
    """

    def __init__(
        self,
        read: ReadImage,
        size: tuple[int, int],
        at_network: tuple[int, int],
        dtype: torch.dtype,
    ) -> None:
        self.read, self.at_network = read, at_network
        self.same_width = size[1] == at_network[1]
        sides = size[0], at_network[0]
        self.axis = None if sides[0] == sides[1] else RowWeights(*sides, dtype)
        self.source = Window(self._read_wide)
        self.rows = Window(self._make)

    def __call__(self, first: int, stop: int) -> Tensor:
        """Rows first..stop at the network, (C, rows, width); first never goes back."""
        return self.rows(first, stop)

    def _read_wide(self, first: int, stop: int) -> Tensor:
        """Rows of the image with the width at the network."""
        rows = self.read(first, stop)
        if self.same_width:
            return rows
        return functional.resize(rows, [stop - first, self.at_network[1]], antialias=True)

    def _make(self, first: int, stop: int) -> Tensor:
        if self.axis is None:
            return self.source(first, stop)
        low, high = self.axis.sources(first, stop)
        return self.axis.combine(self.source(low, high), low, first, stop)


class Window:
    """Rows that are made once, as long as requests move downwards."""

    def __init__(self, make: Callable[[int, int], Tensor]) -> None:
        self.make = make
        self.first = self.stop = 0
        self.held: Tensor | None = None

    def __call__(self, first: int, stop: int) -> Tensor:
        """Rows first..stop."""
        if self.held is not None and self.first <= first < self.stop:
            kept = self.held[:, first - self.first : stop - self.first]
            new = [self.make(self.stop, stop)] if stop > self.stop else []
            # a copy, so that the rows above are freed
            self.held = torch.cat([kept, *new], 1)
        else:
            self.held = self.make(first, stop)
        self.first, self.stop = first, stop
        return self.held


class RowWeights:
    """Which rows of an image a row at the network is the sum of, and with which weights.

    Args:
        size, out: rows of the image, and at the network.
        dtype: of the samples.
    """

    def __init__(self, size: int, out: int, dtype: torch.dtype) -> None:
        # torch has weights of the type of the samples, but for 8 bits
        real: Any = np.float64 if dtype == torch.uint8 else np.float32
        scale = real(size) / real(out)
        reach = max(scale, real(1))
        middle = scale * (np.arange(out).astype(real) + real(0.5))
        low = np.maximum((middle - reach + real(0.5)).astype(np.int64), 0)
        count = np.minimum((middle + reach + real(0.5)).astype(np.int64), size) - low
        self.low, self.high = low, low + count
        taps = np.arange(count.max())
        places = (low[:, None] + taps).astype(real)
        distance = np.abs((places - middle[:, None] + real(0.5)) * (real(1) / reach))
        weights = np.where(taps < count[:, None], np.maximum(real(1) - distance, real(0)), real(0))
        self.weights = weights / weights.sum(1, keepdims=True)
        self.shift = _shift(self.weights.max())
        self.whole = np.floor(self.weights * (1 << self.shift) + 0.5).astype(np.int32)

    def sources(self, first: int, stop: int) -> tuple[int, int]:
        """The rows of the image that these rows need."""
        return int(self.low[first]), int(self.high[stop - 1])

    def combine(self, rows: Tensor, begin: int, first: int, stop: int) -> Tensor:
        """Rows first..stop from rows (C, n, W) of the image that begin at `begin`."""
        if rows.dtype == torch.uint8:
            weights = torch.from_numpy(self.whole[first:stop])
            total = torch.full((1,), 1 << (self.shift - 1), dtype=torch.int32)
        else:
            weights = torch.from_numpy(self.weights[first:stop]).to(rows.dtype)
            total = torch.zeros(1, dtype=rows.dtype)
        end = begin + rows.shape[1] - 1
        for tap in range(weights.shape[1]):
            # a weight of 0 stands for a row beyond the last that is needed
            places = torch.from_numpy(np.minimum(self.low[first:stop] + tap, end) - begin)
            total = total + weights[:, tap, None] * rows[:, places].to(weights.dtype)
        if rows.dtype == torch.uint8:
            return (total >> self.shift).clamp_(0, 255).to(torch.uint8)
        return total


def _shift(largest: float) -> int:
    """Bits behind the point of a weight, so that the largest one fits."""
    shift = 0
    while shift < _MOST_SHIFT and int(0.5 + largest * (1 << (shift + 1))) < 1 << _BITS:
        shift += 1
    return shift
