"""How the stored values of a label lie: in areas, as thin borders, as rims of interpolation.

A class covers areas. Void is often drawn as a thin border between two regions. Interpolation makes
rims, whose values lie between those on both sides, and differ along one border.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# A value covers areas if so many of its pixels have only their own value around them.
AREA = 0.3
# Half the width of what is thin, in shorter sides of the label.
_THIN, _THICKEST = 0.01, 4
# In smaller labels nothing is thin.
_SMALL = 40
# Interpolation makes rims that are so wide, on each side of a pixel.
_RIM = 4
# More values than this are not looked at one by one.
_MOST_VALUES = 256


@dataclass(frozen=True)
class Extent:
    """How one value lies in the labels that were looked at.

    Args:
        pixels: of the value.
        inner: those that have only their own value in the 3 x 3 pixels around them.
        most_inner: the most in one label.
        thick: those that are left when the areas lose what is thin.
        two_sided: those that have two or more other values close by; 0 if that was not looked at.
    """

    pixels: int = 0
    inner: int = 0
    most_inner: int = 0
    thick: int = 0
    two_sided: int = 0

    @property
    def covers_areas(self) -> bool:
        """Whether the value has the areas of a class."""
        return self.inner >= max(1, AREA * self.pixels)

    def __add__(self, other: "Extent") -> "Extent":
        return Extent(
            self.pixels + other.pixels,
            self.inner + other.inner,
            max(self.most_inner, other.most_inner),
            self.thick + other.thick,
            self.two_sided + other.two_sided,
        )


@dataclass(frozen=True)
class Layout:
    """How the values of one label lie.

    Args:
        extents: of each value.
        rims: pixels of (a, v, b): v between areas of a and b, a < v < b, in a row or column.
        lines: those of the rims that are one pixel wide.
        jumps: places where areas of a and b meet without a value between, a + 1 < b.
    """

    extents: dict[int, Extent]
    rims: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    lines: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    jumps: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def areas(self) -> set[int]:
        """The values that cover areas."""
        return {v for v, extent in self.extents.items() if extent.covers_areas}


def layout_of(label: np.ndarray) -> Layout:
    """How the values of a label lie.

    Args:
        label: (H, W) stored values, uint8 or uint16.
    """
    seen = np.flatnonzero(np.bincount(label.ravel()))
    if len(seen) > _MOST_VALUES or min(label.shape) < 3:
        return Layout({})
    ranks = np.zeros(int(seen[-1]) + 1, np.uint8)
    ranks[seen] = np.arange(len(seen))
    ranked = ranks[label]
    reach = int(np.clip(round(_THIN * min(label.shape)), 1, _THICKEST))
    inner = _inner(np.pad(ranked, 1, mode="edge"))
    thick = inner
    for _ in range(reach - 1):
        thick = _all_around(thick)
    pixels, inside, left = (
        np.bincount(part, minlength=len(seen))
        for part in (ranked.ravel(), ranked[inner], ranked[thick])
    )
    thin = (left <= pixels / 2) & (min(label.shape) >= _SMALL)
    sides = np.zeros_like(pixels)
    if thin.any() and len(seen) > 2:
        sides[thin] = _two_sided(ranked, thin, 2 * reach)[thin]
    counts = np.stack([pixels, inside, inside, left, sides], axis=1).tolist()
    extents = {value: Extent(*some) for value, some in zip(seen.tolist(), counts)}
    found = Layout(extents)
    _add_borders(found, ranked, seen)
    return found


def _inner(padded: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W) whether all 3 x 3 pixels are equal, of (H + 2, W + 2)."""
    middle = padded[:, 1:-1]
    rows = (middle == padded[:, :-2]) & (middle == padded[:, 2:])
    here = middle[1:-1]
    same = (here == middle[:-2]) & (here == middle[2:])
    return rows[:-2] & rows[1:-1] & rows[2:] & same


def _all_around(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 1, mode="edge")
    rows = padded[:, :-2] & padded[:, 1:-1] & padded[:, 2:]
    return rows[:-2] & rows[1:-1] & rows[2:]


def _two_sided(ranked: NDArray[np.uint8], thin: NDArray[np.bool_], reach: int) -> NDArray[np.int64]:
    """How many pixels of each thin value have two other values within reach, rows and columns."""
    mask = thin[ranked]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (
        slice(max(0, rows[0] - reach), rows[-1] + reach + 1),
        slice(max(0, columns[0] - reach), columns[-1] + reach + 1),
    )
    part = ranked[box]
    return np.bincount(part[_three_around(part, reach)], minlength=len(thin))


def _three_around(values: NDArray[np.uint8], reach: int) -> NDArray[np.bool_]:
    """(H, W) whether the square around a pixel has three values, one of which is its own."""
    # a border that repeats adds no value to a square that reaches beyond it
    low = high = np.pad(values, reach, mode="edge")
    three = np.zeros(low.shape, bool)
    for _ in (0, 1):
        size = 1
        while size <= 2 * reach:
            step = min(size, 2 * reach + 1 - size)
            lows, highs = (low[:-step], low[step:]), (high[:-step], high[step:])
            low, high = np.minimum(*lows), np.maximum(*highs)
            three = three[:-step] | three[step:]
            # two halves of two values at most, their ends: have they three together?
            for end in (np.maximum(*lows), np.minimum(*highs)):
                three |= (low < end) & (end < high)
            size += step
        low, high, three = low.T, high.T, three.T
    return three


def _add_borders(layout: Layout, ranked: NDArray[np.uint8], seen: NDArray[np.int64]) -> None:
    """Count rims and jumps along rows and columns."""
    is_area = np.isin(seen, list(layout.areas))
    for lines in (ranked, ranked.T):
        left, here, right = lines[:, :-2], lines[:, 1:-1], lines[:, 2:]
        rising, falling = (left < here) & (here < right), (left > here) & (here > right)
        y, x = np.nonzero(rising | falling)
        x += 1
        v = lines[y, x]
        ends = [_end(lines, y, x, step, is_area) for step in (-1, 1)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        kept = is_area[low] & is_area[high] & (low < v) & (v < high)
        triples = _packed(low[kept], v[kept], high[kept])
        thin = (is_area[lines[y, x - 1]] & is_area[lines[y, x + 1]])[kept]
        for counter, some in ((layout.rims, triples), (layout.lines, triples[thin])):
            for triple, number in zip(*np.unique(some, return_counts=True)):
                low_v, mid_v, high_v = seen[_unpacked(triple)].tolist()
                counter[low_v, mid_v, high_v] += int(number)
        a, b = lines[:, :-1], lines[:, 1:]
        y, x = np.nonzero(a != b)
        a, b = a[y, x], b[y, x]
        kept = is_area[a] & is_area[b]
        pairs = _packed(np.minimum(a, b)[kept], np.maximum(a, b)[kept])
        for pair, number in zip(*np.unique(pairs, return_counts=True)):
            low_v, high_v = seen[_unpacked(pair)[1:]].tolist()
            if high_v > low_v + 1:
                layout.jumps[low_v, high_v] += int(number)


def _packed(*ranks: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(N,) three ranks or fewer in one number, which is sorted much faster than rows are."""
    packed = np.zeros(len(ranks[0]), np.int32)
    for rank in ranks:
        packed = packed << 8 | rank
    return packed


def _unpacked(packed: np.int32) -> list[int]:
    """The three ranks; the first is 0 where there were two."""
    return [int(packed) >> shift & 255 for shift in (16, 8, 0)]


def _end(
    lines: NDArray[np.uint8],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    step: int,
    is_area: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """(N,) the first value that covers areas beside (y, x), as long as values rise or fall."""
    here, end = lines[y, x], lines[y, x + step]
    rises = end > here
    for further in range(2, _RIM + 1):
        beyond = lines[y, (x + further * step).clip(0, lines.shape[1] - 1)]
        goes_on = ~is_area[end] & (beyond != end) & ((beyond > end) == rises)
        end = np.where(goes_on, beyond, end)
    return end
