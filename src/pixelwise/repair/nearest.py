"""Which class a pixel with a wrong value belonged to, if that is unambiguous; otherwise no answer.

Every function answers with a position in what it was given, or NO_ANSWER. A pixel without an answer
becomes void: it is neither trained nor scored, which a wrong class would be.
"""

import numpy as np

NO_ANSWER = -1
# Distances of so many colours to all candidates are held at a time.
_BLOCK = 1 << 12
# Fewer neighbours of the same value are not a majority.
_LEAST_VOTES = 3
# The widest border that is followed to both of its sides, in pixels from its middle.
_REACH = 16


def nearest(points: np.ndarray, candidates: np.ndarray, reach: float) -> np.ndarray:
    """The nearest candidate of each point, if it is near and the second one is not.

    candidate c if d(c) <= reach and 2 d(c) <= d(every other candidate), else NO_ANSWER;
    d = Euclidean distance.

    Args:
        points: (K, D) colours or values.
        candidates: (M, D), M >= 1, different from each other.
        reach: largest distance, in steps of a colour or value.
    Returns:
        (K,) int64, position of the candidate or NO_ANSWER.
    """
    found = np.full(len(points), NO_ANSWER, np.int64)
    wanted = candidates.astype(np.float64)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK].astype(np.float64)
        distance = np.sqrt(((block[:, None] - wanted) ** 2).sum(axis=2))
        best = distance.argmin(axis=1)
        first = distance[np.arange(len(block)), best]
        distance[np.arange(len(block)), best] = np.inf
        clear = (first <= reach) & (2 * first <= distance.min(axis=1))
        found[start : start + _BLOCK][clear] = best[clear]
    return found


def majority(label: np.ndarray, asked: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """The value that most of the eight neighbours of a pixel have.

    value v if n(v) >= 3 and n(v) > n(every other value), else NO_ANSWER; n counts the neighbours
    that may vote.

    Args:
        label: (H, W) stored values.
        asked: (H, W) bool, the pixels to answer for.
        votes: (H, W) bool, the pixels that may vote.
    Returns:
        (K,) int64 for the K pixels asked for, in the order of their places.
    """
    padded = np.pad(
        np.where(votes, label.astype(np.int64), NO_ANSWER), 1, constant_values=NO_ANSWER
    )
    rows, columns = np.nonzero(asked)
    found = np.full(len(rows), NO_ANSWER, np.int64)
    steps = [(dy, dx) for dy in (0, 1, 2) for dx in (0, 1, 2) if (dy, dx) != (1, 1)]
    for start in range(0, len(rows), _BLOCK):
        y, x = rows[start : start + _BLOCK], columns[start : start + _BLOCK]
        near = np.stack([padded[y + dy, x + dx] for dy, dx in steps], axis=1)
        same = (near[:, :, None] == near[:, None, :]) & (near != NO_ANSWER)[:, :, None]
        number = same.sum(axis=2)
        best = number.argmax(axis=1)
        winner, top = near[np.arange(len(y)), best], number.max(axis=1)
        others = np.where(near == winner[:, None], 0, number).max(axis=1)
        clear = (top >= _LEAST_VOTES) & (top > others)
        found[start : start + _BLOCK][clear] = winner[clear]
    return found


def sides_of_border(label: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """The two values between which a pixel of a smooth border lies: those of its sides.

    low, high = min, max of the other pixels in the smallest square around p with low <= p <= high
    and low < high

    Args:
        label: (H, W) stored values.
        wrong: (H, W) bool, the pixels of smooth borders.
    Returns:
        (K, 2) int64 for the K pixels, in the order of their places; NO_ANSWER where no square of
        up to 16 pixels to each side has two such values.
    """
    values, top = label.astype(np.int32), np.iinfo(np.int32).max
    low, high = np.where(wrong, top, values), np.where(wrong, -1, values)
    place, here = np.nonzero(wrong), values[wrong]
    found = np.full((len(here), 2), NO_ANSWER, np.int64)
    for _ in range(_REACH):
        open_ = np.flatnonzero(found[:, 0] == NO_ANSWER)
        if not open_.size:
            break
        low, high = _widened(low, np.minimum), _widened(high, np.maximum)
        at = tuple(axis[open_] for axis in place)
        enclosed = (low[at] <= here[open_]) & (here[open_] <= high[at]) & (low[at] < high[at])
        found[open_[enclosed]] = np.stack([low[at], high[at]], axis=1)[enclosed]
    return found


def _widened(values: np.ndarray, of: np.ufunc) -> np.ndarray:
    """The least, or greatest, of each pixel and its eight neighbours."""
    for axis in (0, 1):
        moved = np.moveaxis(values.copy(), axis, 0)
        old = np.moveaxis(values, axis, 0)
        of(moved[1:], old[:-1], out=moved[1:])
        of(moved[:-1], old[1:], out=moved[:-1])
        values = np.moveaxis(moved, 0, axis)
    return values


def between_neighbours(label: np.ndarray, void: np.ndarray) -> np.ndarray:
    """Which pixels lie in value strictly between two opposite neighbours that are not void.

    Args:
        label: (H, W) stored values.
        void: (H, W) bool.
    Returns:
        (H, W) bool, False at the border.
    """
    values = label.astype(np.int64)
    found = np.zeros(label.shape, bool)
    for axis in (0, 1):
        a, middle, b = (np.moveaxis(values, axis, 0)[i] for i in _TRIPLE)
        void_a, _, void_b = (np.moveaxis(void, axis, 0)[i] for i in _TRIPLE)
        between = ((a < middle) & (middle < b)) | ((b < middle) & (middle < a))
        np.moveaxis(found, axis, 0)[1:-1] |= between & ~void_a & ~void_b
    return found & ~void


_TRIPLE = (slice(None, -2), slice(1, -1), slice(2, None))
