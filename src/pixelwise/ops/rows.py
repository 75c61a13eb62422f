"""Some rows of a label, from a band of the rows of logits that the whole label is made of.

With align_corners=False row y of a label of H rows lies at

    s(y) = ((2y + 1) h − H) / (2H),  held within 0 and h − 1

of a grid of h rows of logits. It needs the rows ⌊s⌋ and, where s is no whole number, ⌊s⌋ + 1. So a
band of the grid is enough for some rows of the label, and these are those of the whole.
"""

from typing import NamedTuple

from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.text import plural


class Rows(NamedTuple):
    """Which rows of a label are wanted, and which rows of its logits are at hand.

    Attributes:
        first, stop: the rows first, ..., stop - 1 of the label.
        height: rows of the whole label.
        band: the row of the grid that the first row of logits is.
        grid: rows of the whole grid of logits.
    """

    first: int
    stop: int
    height: int
    band: int
    grid: int

    @property
    def number(self) -> int:
        """How many rows of the label are wanted."""
        return self.stop - self.first


def whole(logits: Tensor, height: int) -> Rows:
    """All rows of a label, from all rows of logits (N, C, h, w)."""
    return Rows(0, height, height, 0, logits.shape[2])


def rows_needed(first: int, stop: int, height: int, grid: int) -> tuple[int, int]:
    """The rows (first, stop) of a grid of logits that some rows of a label are made of.

    Args:
        first, stop: rows of the label, 0 <= first <= stop <= height.
        height: of the whole label, >= 1.
        grid: rows of the whole grid, >= 1.
    """
    if first >= stop:
        return 0, 0
    low, _ = _position(first, height, grid)
    high, part = _position(stop - 1, height, grid)
    return low, min(high + (part > 0), grid - 1) + 1


def rows_ready(stop: int, height: int, grid: int) -> int:
    """How many rows of a label need no row of the grid beyond the first `stop` ones.

    Args:
        stop: rows of the grid that are at hand, 0..grid.
        height, grid: as in rows_needed.
    """
    if stop >= grid:
        return height
    # the last one lies at stop - 1 at most: (2y + 1) grid - height <= 2 height (stop - 1)
    return max(0, (height * (2 * stop - 1) // grid + 1) // 2)


def check_rows(where: str, logits: Tensor, rows: Rows) -> None:
    """Raise unless the rows of logits (N, C, h, w) are those of a grid and enough.

    Raises:
        ArgumentError: naming the rows that are needed and those that are there.
    """
    first, stop, height, band, grid = rows
    if not 0 <= first <= stop <= height:
        must = f"0 <= first <= stop <= height ({height})"
        raise ArgumentError(where, "rows", must=must, got=f"first={first}, stop={stop}")
    held = band, band + logits.shape[2]
    if band < 0 or held[1] > grid:
        must = f"inside a grid of {plural(grid, 'row')}"
        raise ArgumentError(where, "logits", must=must, got=f"rows {band} to {held[1] - 1}")
    needed = rows_needed(*rows[:3], grid)
    if first < stop and (needed[0] < held[0] or needed[1] > held[1]):
        must = f"rows {needed[0]} to {needed[1] - 1} of the grid for rows {first} to {stop - 1}"
        got = f"rows {held[0]} to {held[1] - 1}"
        raise ArgumentError(where, "logits", must=f"{must} of the label", got=got)


def _position(row: int, height: int, grid: int) -> tuple[int, int]:
    """Floor of s, and s minus it in units of 1 / (2 height)."""
    return divmod(max((2 * row + 1) * grid - height, 0), 2 * height)
