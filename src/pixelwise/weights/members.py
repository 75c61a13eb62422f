"""How often each of several classes that overlap occurs: positives, negatives and void of each."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.pairs import Pair
from pixelwise.metrics.additive import Additive


@dataclass(frozen=True, eq=False)
class MemberLabelCounts(Additive):
    """What the label images of classes that overlap contain. Counts of disjoint sets add.

    Args:
        pixels: (C, 2) int64, pixels outside and inside of each class.
        ignored: (C,) int64, pixels that are void for the class.
        images: (C,) int64, images that contain the class.
        files: images that were counted.
    """

    pixels: NDArray[np.int64]
    ignored: NDArray[np.int64]
    images: NDArray[np.int64]
    files: int


def count_members(pairs: Sequence[Pair], classes: Classes) -> MemberLabelCounts:
    """Count the pixels inside and outside of each class, and its void.

    Raises:
        LabelError, PairingError: see read_members.
    """
    zero = np.zeros(len(classes), np.int64)
    total = MemberLabelCounts(np.zeros((len(classes), 2), np.int64), zero, zero, 0)
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        for one in executor.map(partial(_count, classes=classes), pairs):
            total = total + one
    return total


def describe_members(counts: MemberLabelCounts, names: Sequence[str]) -> str:
    """The share of each class in the pixels that are not void for it, in words."""
    valid = np.maximum(1, counts.pixels.sum(1))
    shares = 100 * counts.pixels[:, 1] / valid
    every = valid.sum() + counts.ignored.sum()
    listed = ", ".join(f"{name} {share:.3g}%" for name, share in zip(names, shares))
    return f"{listed}; void {100 * counts.ignored.sum() / every:.3g}%"


def _count(pair: Pair, classes: Classes) -> MemberLabelCounts:
    members = read_members(pair, classes)
    inside = (members == 1).sum((1, 2))
    ignored = (members == classes.ignore_index).sum((1, 2))
    outside = members[0].size - inside - ignored
    present = (inside > 0).astype(np.int64)
    return MemberLabelCounts(np.stack([outside, inside], 1), ignored, present, 1)
