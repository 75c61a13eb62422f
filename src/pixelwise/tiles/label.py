"""From bands of logits to rows of the label, each upsampled as it is inside the whole image.

A row of the label lies between two rows of cells, so that it is finished when both are. The rows of
cells at the end of a band that are needed again are kept for the next one.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from pixelwise.tiles.bands import Band
from pixelwise.tiles.rows import Rows


def finished_rows(bands: Iterable[Band], height: int) -> Iterator[tuple[Rows, Tensor]]:
    """The rows of a label that each band finishes, with the logits that they lie between.

    Args:
        bands: from the top to the bottom, edge to edge.
        height: rows of the label.
    Yields:
        Rows of the label, edge to edge from 0 to height, and (1, C, h, w) for predict_rows.
    """
    kept: Tensor | None = None
    first = begin = 0
    for band in bands:
        logits = band.logits if kept is None else torch.cat([kept, band.logits], 2)
        end = begin + logits.shape[2]
        stop = height if end == band.height else rows_before(end - 1, band.height, height)
        if stop > first:
            yield Rows(first, stop, height, begin, band.height), logits
            first = stop
        # a label smaller than the grid may leave cells out
        low = min(cell_above(first, band.height, height), end)
        kept, begin = logits[:, :, low - begin :], low


def cell_above(row: int, cells: int, height: int) -> int:
    """The row of cells at or above the middle of a row of the label; the first one at the top."""
    return max(0, ((2 * row + 1) * cells - height) // (2 * height))


def rows_before(cell: int, cells: int, height: int) -> int:
    """How many rows of the label lie before the middle of a row of cells, in whole numbers.

    Row Y lies at (Y + ½) cells / height - ½.
    """
    return max(0, -(-((2 * cell + 1) * height - cells) // (2 * cells)))
