"""Which pixels the inside of a polygon covers: the rules "center" and "coco".

Points are (x, y) on the edges of pixels: pixel (i, j) is the square [j, j + 1) x [i, i + 1), and
its centre is (j + 0.5, i + 0.5). Both rules are even-odd: what is enclosed twice is outside. Both
find where the outline crosses the lines through pixel centres; every crossing flips the pixels
behind it, so that a running sum along each line gives the inside.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Crossings that are held at a time: a million edges over a thousand rows must fit into memory.
_BATCH = 1 << 21
# pycocotools rounds coordinates to a grid of fifths of a pixel
_FIFTHS = 5

Crossings = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels: mask[y - top, x - left] says whether pixel (y, x) is one of them.

    Args:
        mask: (h, w) bool.
        top, left: where its first pixel lies; the patch may reach out of a image.
    """

    mask: NDArray[np.bool]
    top: int = 0
    left: int = 0

    def cut(self, size: tuple[int, int]) -> "Patch":
        """The part of it inside a image of this (height, width)."""
        height, width = size
        top, left = max(0, self.top), max(0, self.left)
        rows = slice(top - self.top, max(0, height - self.top))
        columns = slice(left - self.left, max(0, width - self.left))
        return Patch(self.mask[rows, columns], top, left)

    def trimmed(self) -> "Patch":
        """Without the empty rows and columns around it, so that small objects stay small."""
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return Patch(self.mask[:0, :0].copy(), self.top, self.left)
        top, left = int(rows[0]), int(columns[0])
        box = self.mask[top : rows[-1] + 1, left : columns[-1] + 1]
        return Patch(box.copy(), self.top + top, self.left + left)

    @property
    def place(self) -> tuple[slice, slice]:
        """The rows and columns of the image that a patch lies on, once it is cut to it."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def fill_by_center(points: np.ndarray, size: tuple[int, int]) -> Patch:
    """The pixels whose centre is inside a polygon.

    Pixel (i, j) is inside if (j + 0.5, i + 0.5) is, by the even-odd rule. A centre exactly on the
    outline is inside if the polygon lies to the right of it or, on a horizontal edge, below. So
    polygons that share an edge neither overlap nor leave a gap, and areas are right on average.

    Args:
        points: (n, 2) float64 of (x, y), at most 1e8; an edge from the last to the first closes it.
        size: (height, width) of the image.
    """
    top, bottom = _centers_between(points[:, 1], size[0])
    left, right = _centers_between(points[:, 0], size[1])
    crossings = _crossings_by_center(points, top, bottom)
    mask = _fill(
        ((row - top, (start - left).clip(0, right - left)) for row, start in crossings),
        (bottom - top, right - left),
    )
    return Patch(mask, top, left)


def fill_by_coco(points: np.ndarray, size: tuple[int, int]) -> Patch:
    """The pixels that pycocotools finds inside a polygon, bit for bit.

    Coordinates are rounded to fifths of a pixel, edges are followed in steps of a fifth, and in
    each column the outline is taken where it passes the column's centre.

    Args:
        points: (n, 2) float64 of (x, y), at most 1e8.
        size: (height, width) of the image.
    Equals: pycocotools.mask.decode(frPyObjects([points.ravel()], height, width))
    Source: COCO API, common/maskApi.c, rleFrPoly.
    """
    height, width = size
    fifths = np.trunc(_FIFTHS * points + 0.5)
    left = int(max(0, fifths[:, 0].min() // _FIFTHS))
    right = int(min(width, fifths[:, 0].max() // _FIFTHS + 1))
    crossings = _crossings_by_coco(fifths, left, max(left, right), height)
    mask = _fill(((column - left, row) for column, row in crossings), (right - left, height))
    return _trimmed(Patch(mask.T, 0, left))


def _centers_between(values: np.ndarray, length: int) -> tuple[int, int]:
    """First and last + 1 of the pixels 0..length-1 whose centres lie between the extremes."""
    first, stop = np.ceil([values.min() - 0.5, values.max() - 0.5]).clip(0, length).astype(int)
    return int(first), int(max(first, stop))


def _crossings_by_center(points: np.ndarray, top: int, bottom: int) -> Crossings:
    """(row, first pixel to the right) of every crossing of an edge with the centre of a row."""
    following = np.roll(points, -1, axis=0)
    # always from top to bottom: neighbours that share an edge compute the same crossings
    downward = (points[:, 1] <= following[:, 1])[:, None]
    x0, y0 = np.where(downward, points, following).T
    x1, y1 = np.where(downward, following, points).T
    first = np.ceil(y0 - 0.5).clip(top, bottom).astype(int)
    stop = np.ceil(y1 - 0.5).clip(top, bottom).astype(int)
    for edge, row in _lines_of_edges(first, stop):
        down = row + 0.5 - y0[edge]
        # multiplied before it is divided, so that coordinates in simple fractions stay exact
        x = x0[edge] + down * (x1[edge] - x0[edge]) / (y1[edge] - y0[edge])
        yield row, np.ceil(x - 0.5).astype(int)


def _crossings_by_coco(fifths: np.ndarray, left: int, right: int, height: int) -> Crossings:
    """(column, first pixel below) of every crossing of an edge with the centre of a column.

    A column k is crossed between the fifths 5 k + 2 and 5 k + 3; the upper of the two points that
    the edge has there counts.
    """
    following = np.roll(fifths, -1, axis=0)
    span = np.abs(following - fifths)
    flat = span[:, 0] >= span[:, 1]
    # followed in the direction in which the longer of the two coordinates grows
    along = np.where(flat[:, None], [1, 0], [0, 1])
    forward = ((following - fifths) * along).sum(axis=1, keepdims=True) >= 0
    x0, y0 = np.where(forward, fifths, following).T
    x1, y1 = np.where(forward, following, fifths).T

    low, high = np.minimum(x0, x1), np.maximum(x0, x1)
    first = np.ceil((low - 2) / _FIFTHS).clip(left, right).astype(int)
    stop = (np.floor((high - 3) / _FIFTHS) + 1).clip(left, right).astype(int)
    for edge, column in _lines_of_edges(first, np.maximum(first, stop)):
        start = (x0[edge], y0[edge], x1[edge], y1[edge])
        y = np.where(flat[edge], _y_if_flat(*start, column), _y_if_steep(*start, column))
        row = np.ceil(((y + 0.5) / _FIFTHS - 0.5).clip(0, height))
        yield column, row.astype(int)


def _y_if_flat(
    x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray, column: np.ndarray
) -> np.ndarray:
    """Upper end of the step across a column's centre, of edges with a step for each fifth of x."""
    slope = _ratio(y1 - y0, x1 - x0)
    step = _FIFTHS * column + 2 - x0
    before, behind = (np.trunc(y0 + slope * t + 0.5) for t in (step, step + 1))
    return np.minimum(before, behind)


def _y_if_steep(
    x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray, column: np.ndarray
) -> np.ndarray:
    """The same of edges with a step for each fifth of y; x is rounded, so the step is searched."""
    slope = _ratio(x1 - x0, y1 - y0)
    threshold = _FIFTHS * column + 3

    def is_behind(step: np.ndarray) -> np.ndarray:
        right = x0 + slope * step + 0.5 >= threshold
        return np.where(slope > 0, right, ~right)

    step = np.ceil(_ratio(threshold - 0.5 - x0, slope))
    # the division may be off by one step from where the rounded x jumps
    step = step - is_behind(step - 1)
    step = step + ~is_behind(step)
    return y0 + step - 1


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """numerator / denominator, and 0 for edges of the other kind, whose result is not used."""
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator != 0)


def _lines_of_edges(first: np.ndarray, stop: np.ndarray) -> Crossings:
    """(edge, line) for every line first[edge] <= line < stop[edge], in batches."""
    edges = np.flatnonzero(stop > first)
    counts = (stop - first)[edges]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(_BATCH, total, _BATCH), side="right")
    for part in np.split(np.arange(len(edges)), np.unique(cuts)):
        n = counts[part]
        edge = np.repeat(edges[part], n)
        yield edge, first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(n) - n, n)


def _fill(crossings: Crossings, shape: tuple[int, int]) -> np.ndarray:
    """(lines, length) bool: whether an odd number of crossings lies at or before each pixel."""
    lines, length = shape
    flips = np.zeros((max(0, lines), length + 1), np.uint8)
    flat = flips.reshape(-1)
    for line, start in crossings:
        # wraps around at 256, which is even
        np.add.at(flat, line * (length + 1) + start, np.uint8(1))
    np.cumsum(flips, axis=1, dtype=np.uint8, out=flips)
    flips &= 1
    return flips[:, :-1].view(bool)


def _trimmed(patch: Patch) -> Patch:
    """Without the empty rows above and below."""
    rows = np.flatnonzero(patch.mask.any(axis=1))
    if not len(rows):
        return Patch(patch.mask[:0], patch.top, patch.left)
    return Patch(patch.mask[rows[0] : rows[-1] + 1], patch.top + int(rows[0]), patch.left)
