"""From bands of logits to rows of the label, each upsampled as it is inside the whole image.

A row of the label lies between two rows of cells, so that it is finished when both are. The rows of
cells at the end of a band that are needed again are kept for the next one.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from pixelwise.ops.rows import Rows, rows_needed, rows_ready
from pixelwise.tiles.bands import Band


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
        stop = rows_ready(end, height, band.height)
        if stop > first:
            yield Rows(first, stop, height, begin, band.height), logits
            first = stop
        # a label smaller than the grid may leave cells out
        low = end
        if first < height:
            low = min(rows_needed(first, first + 1, height, band.height)[0], end)
        kept, begin = logits[:, :, low - begin :], low
