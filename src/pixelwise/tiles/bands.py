"""From tiles to bands of logits: only the rows of cells that a tile can still change are held.

Tiles come row by row. Where they overlap, the logits of a cell are their weighted mean, at the
network's own stride, so that nothing is upsampled before it is joined:

    mean ← mean + w / W (x - mean)      W ← W + w, before it

It is the running form of Σ w x / Σ w. Equal logits stay what they are, to the bit: tiles that agree
leave no trace of where they lie.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.tiles.blend import tile_weights
from pixelwise.tiles.grid import Blend, Grid, Tiling, is_larger, make_grid

# (first, stop) rows -> (channels, rows, width), as the network takes it
ReadRows = Callable[[int, int], Tensor]
# (N, channels, h, w) -> (N, C, h', w')
LogitsOf = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Band:
    """Finished rows of the logits of an image.

    Attributes:
        first: row of cells that it begins with.
        height: rows of cells of the whole image.
        logits: (1, C, rows, w).
    """

    first: int
    height: int
    logits: Tensor


def bands(
    grid: Grid,
    read_rows: ReadRows,
    logits_of: LogitsOf,
    blend: Blend = "gaussian",
    at_once: int = 1,
) -> Iterator[Band]:
    """The logits of an image, from the top to the bottom, in bands that lie edge to edge.

    Args:
        grid: the tiles.
        read_rows: rows of the image at the network; each call begins at or below the one before.
        logits_of: of tiles, at a stride that divides the grain of the grid.
        blend: how tiles count, see tile_weights.
        at_once: tiles that are given to logits_of together.
    Raises:
        ArgumentError: the logits are not on a grid of a whole stride.
    """
    row: OpenRows | None = None
    for top, stop in zip(grid.tops, (*grid.tops[1:], grid.size[0])):
        rows = read_rows(top, top + grid.tile[0])
        for i in range(0, len(grid.lefts), at_once):
            lefts = grid.lefts[i : i + at_once]
            windows = [rows[:, :, left : left + grid.tile[1]] for left in lefts]
            found = logits_of(torch.stack(windows))
            if row is None:
                row = OpenRows(grid, found, blend)
            for left, logits in zip(lefts, found):
                row.add(logits, left)
        assert row is not None  # there is a tile
        first = top // row.stride
        yield Band(first, grid.size[0] // row.stride, row.take((stop - top) // row.stride))


class Joined:
    """A network that sees images in tiles, for images that are in memory as a whole.

    Args:
        logits_of: of some images of one size.
        tile: (height, width) of a tile at the network.
        tiling: overlap and blend.
        grain: see make_grid.
        at_once: see bands.
    """

    def __init__(
        self,
        logits_of: LogitsOf,
        tile: tuple[int, int],
        tiling: Tiling,
        grain: int,
        at_once: int = 1,
    ) -> None:
        self.logits_of, self.tile, self.tiling = logits_of, tile, tiling
        self.grain, self.at_once = grain, at_once

    def __call__(self, images: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, C, h, w); images that are no larger than a tile as they are.

        Raises:
            ArgumentError: see bands.
        """
        size = images.shape[2], images.shape[3]
        if not is_larger(size, self.tile):
            return self.logits_of(images)
        grid = make_grid(size, self.tile, self.tiling.overlap, self.grain)
        return torch.cat([self._join(grid, image) for image in images])

    def _join(self, grid: Grid, image: Tensor) -> Tensor:
        def rows(first: int, stop: int) -> Tensor:
            return image[:, first:stop]

        asked = self.logits_of, self.tiling.blend, self.at_once
        return torch.cat([band.logits for band in bands(grid, rows, *asked)], 2)


class OpenRows:
    """The rows of cells that a row of tiles covers.

    Args:
        grid: the tiles.
        found: the first logits, which tell stride, channels, type and device.
        blend: see tile_weights.
    """

    def __init__(self, grid: Grid, found: Tensor, blend: Blend) -> None:
        self.stride = stride_of(grid, found)
        height, width = found.shape[2], grid.size[1] // self.stride
        self.mean = found.new_zeros((found.shape[1], height, width))
        self.sum = torch.zeros((height, width), device=found.device)
        self.weights = tile_weights((found.shape[2], found.shape[3]), blend).to(found.device)

    def add(self, logits: Tensor, left: int) -> None:
        """Join the logits (C, h, w) of a tile that begins at a column of pixels."""
        columns = slice(left // self.stride, left // self.stride + logits.shape[2])
        total, mean = self.sum[:, columns], self.mean[:, :, columns]
        total += self.weights
        share = (self.weights / total).to(mean.dtype)
        joined = torch.lerp(mean, logits, share.expand_as(mean))
        # also of infinity, whose difference to itself is NaN
        mean.copy_(torch.where((share == 1) | (mean == logits), logits, joined))

    def take(self, number: int) -> Tensor:
        """The uppermost rows, (1, C, number, w), which no tile below covers; the rest moves up."""
        done = self.mean[:, :number].clone()
        kept = self.mean.shape[1] - number
        for held in (self.mean, self.sum[None]):
            held[:, :kept] = held[:, number:].clone()
            held[:, kept:] = 0
        return done[None]


def stride_of(grid: Grid, logits: Tensor) -> int:
    """Pixels at the network for each cell of logits.

    Args:
        grid: the tiles.
        logits: (N, C, h, w) of tiles.
    Raises:
        ArgumentError: it is not one whole number for both axes, or tiles begin inside a cell.
    """
    cells = logits.shape[-2:]
    stride = max(1, grid.tile[0] // max(1, cells[0]))
    whole = (cells[0] * stride, cells[1] * stride) == grid.tile
    if not whole or any(place % stride for place in (*grid.size, *grid.tops, *grid.lefts)):
        event = f"the network gives {tuple(cells)} logits for a tile of {grid.tile} pixels"
        hint = "Tiles need a whole stride that divides 32. Predict whole images."
        raise ArgumentError("tiles", "logits", event=event, hint=hint)
    return stride
