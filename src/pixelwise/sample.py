"""Some of many files, to learn what all of them are like."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")
_GOLDEN = (5**0.5 - 1) / 2


def sample(items: Sequence[Item], most: int) -> list[Item]:
    """So many items from all over, or all of them, in their order; always the same ones.

    One out of each of `most` equal parts, at places that do not repeat: evenly spaced ones would
    miss half of what alternates, such as images and labels, or the frames of several cameras.
    """
    number = len(items)
    if number <= most:
        return list(items)
    ends = [part * number // most for part in range(most + 1)]
    parts = enumerate(pairwise(ends))
    return [items[first + int(n * _GOLDEN % 1 * (end - first))] for n, (first, end) in parts]
