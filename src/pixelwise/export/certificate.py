"""Artefact against network: over a split, pixel by pixel, and what the difference costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.labels.bands.reading import void_without_data
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.metrics.bootstrap import paired_bootstrap
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.members import MemberCounts

MOST_DISTANCE = 8  # pixels; farther ones are counted together
Label = NDArray[Any]
Counts = ConfusionCounts | MemberCounts


@dataclass
class Compared:
    """What a comparison has found so far.

    Attributes:
        pixels, differ: how many were compared, and are different.
        at_distance: those that differ, 1, 2, ..., MOST_DISTANCE and more pixels from a border.
        counts: of each image, against its label: of the network, of the artefact.
    """

    pixels: int = 0
    differ: int = 0
    at_distance: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(MOST_DISTANCE + 1, np.int64)
    )
    counts: tuple[list[Any], list[Any]] = field(default_factory=lambda: ([], []))

    def add(self, network: Label, artefact: Label) -> None:
        """Compare two labels (H, W) of an image, or (C, H, W) where classes overlap."""
        different = network != artefact
        self.pixels += different.size
        self.differ += int(different.sum())
        if different.any():
            planes = zip(
                network.reshape(-1, *network.shape[-2:]), different.reshape(-1, *network.shape[-2:])
            )
            for label, wrong in planes:
                self.at_distance += distances(label, wrong)

    def score(self, target: Label, network: Label, artefact: Label, classes: Classes) -> None:
        """Count both against the target, class indices all."""
        for own, label in zip(self.counts, (network, artefact)):
            own.append(count(label, target, classes))

    def difference(self) -> Any:
        """The mean IoU of both with its interval."""
        a, b = self.counts
        return paired_bootstrap(a, b).mean


def distances(label: Label, wrong: NDArray[np.bool]) -> NDArray[np.int64]:
    """How many pixels of a mask are 1, 2, ... pixels from another class.

    Args:
        label: (H, W); wrong: (H, W), of which pixels are counted.
    Returns:
        (MOST_DISTANCE + 1,): at distance d, another class is in the square of 2 d + 1 pixels around
        the pixel; the last entry has those with none in the largest square.
    """
    found = np.zeros(MOST_DISTANCE + 1, np.int64)
    low = high = label
    left = wrong
    for d in range(MOST_DISTANCE):
        low, high = spread(low, np.minimum), spread(high, np.maximum)
        near = left & (low != high)
        found[d] = near.sum()
        left = left & ~near
        if not left.any():
            break
    found[MOST_DISTANCE] = left.sum()
    return found


def spread(values: Label, choose: Callable[[Label, Label], Label]) -> Label:
    """The least or largest of each pixel and its eight neighbours."""
    for axis in (0, 1):
        padded = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        size = values.shape[axis]
        before, own, after = (padded.take(range(k, k + size), axis) for k in range(3))
        values = choose(choose(before, own), after)
    return values


def target_of(pair: Pair, classes: Classes, channels: Any) -> Label:
    """The class indices of the label of a pair, (H, W), or (C, H, W) where classes overlap."""
    if classes.files:
        target: Label = read_members(pair, classes)
    else:
        assert pair.label is not None  # a labelled split
        target = classes.to_index(read_label(pair.label), where=str(pair.label))
    return void_without_data(target, pair.image, channels, classes.ignore_index)


def count(label: Label, target: Label, classes: Classes) -> Counts:
    """Pixels of one image by target and prediction."""
    if not classes.files:
        return count_confusion(label, target, len(classes), classes.ignore_index)
    own: Sequence[ConfusionCounts] = [
        count_confusion(plane, wanted, 2, classes.ignore_index)
        for plane, wanted in zip(label, target)
    ]
    return MemberCounts(
        np.stack([one.matrix for one in own]), np.array([one.ignored for one in own], np.int64)
    )
