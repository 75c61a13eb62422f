"""Where each class is: some of its pixels in every label image, drawn while they are counted."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import MEMBER, read_members
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_and_count
from pixelwise.sums import map_over
from pixelwise.weights.counts import (
    FILES_A_TASK,
    LabelCounts,
    check_labelled,
    class_pixels,
    counts_of_file,
)
from pixelwise.weights.members import MemberLabelCounts, counts_of_members

MOST_PLACES = 64  # of one class in one image


@dataclass(frozen=True)
class ImagePlaces:
    """Some pixels of each class of one label image.

    Args:
        width: of the image.
        classes: (K,) class indices that occur, ascending.
        ends: (K,) where the pixels of each end in `flat`.
        flat: (P,) row * width + column, ascending for each class, at most MOST_PLACES of it; of 32
            bits, for all of them stay in memory: 256 bytes for each class that an image has.
    """

    width: int
    classes: NDArray[np.int32]
    ends: NDArray[np.int32]
    flat: NDArray[np.uint32]

    def of(self, index: int) -> NDArray[np.int64]:
        """(P, 2) rows and columns of the pixels of a class; none if it does not occur."""
        at = int(np.searchsorted(self.classes, index))
        if at == len(self.classes) or self.classes[at] != index:
            return np.empty((0, 2), np.int64)
        first = self.ends[at - 1] if at else 0
        return np.stack(np.divmod(self.flat[first : self.ends[at]].astype(np.int64), self.width), 1)


def draw_places(
    index: NDArray[np.integer], num_classes: int, seed: int, image: str, most: int = MOST_PLACES
) -> ImagePlaces:
    """Pixels of each class, every pixel of a class with the same chance.

    They depend on (seed, image, class) and on where the class is.

    Args:
        index: (H, W) class indices; what is not 0..num_classes-1 is left out.
        num_classes: C.
        seed: of the run.
        image: the id of the pair.
        most: pixels of a class.
    """
    flat = index.ravel()
    there = np.flatnonzero(np.bincount(flat, minlength=num_classes)[:num_classes]).tolist()
    own = ((c, np.flatnonzero(flat == c)) for c in there)
    return _drawn(own, index.shape[1], seed, image, most)


def draw_member_places(
    members: NDArray[np.uint8], seed: int, image: str, most: int = MOST_PLACES
) -> ImagePlaces:
    """draw_places of classes that overlap: those pixels of each plane (C, H, W) that are 1."""
    own = ((c, np.flatnonzero(plane == MEMBER)) for c, plane in enumerate(members))
    there = ((c, pixels) for c, pixels in own if len(pixels))
    return _drawn(there, members.shape[2], seed, image, most)


def _drawn(
    pixels: Iterable[tuple[int, NDArray[np.int64]]], width: int, seed: int, image: str, most: int
) -> ImagePlaces:
    """Some of the pixels of each class, which come with its index."""
    name = zlib.crc32(image.encode())
    found, places = [], []
    for c, own in pixels:
        found.append(c)
        if len(own) > most:
            random = np.random.default_rng((seed, name, c))
            places.append(own[np.sort(random.choice(len(own), most, replace=False))])
        else:
            places.append(own)
    ends = np.cumsum([len(own) for own in places], dtype=np.int32)
    together = np.concatenate([*places, np.empty(0, np.int64)]).astype(np.uint32)
    return ImagePlaces(width, np.array(found, np.int32), ends, together)


def counts_and_places(
    pairs: Sequence[Pair], classes: Classes, seed: int, executor: Executor | None = None
) -> Iterator[tuple[LabelCounts, ImagePlaces] | PixelwiseError]:
    """The counts of every label and pixels of its classes, or what is wrong with it, in order.

    Every file is read once.

    Raises:
        PairingError: a pair has no label.
    """
    check_labelled(pairs)
    look = partial(_look, classes=classes, seed=seed)
    return map_over(pairs, look, executor, chunk=FILES_A_TASK)


def member_counts_and_places(
    pairs: Sequence[Pair], classes: Classes, seed: int, executor: Executor | None = None
) -> Iterator[tuple[MemberLabelCounts, ImagePlaces] | PixelwiseError]:
    """counts_and_places where classes overlap."""
    look = partial(_look_at_members, classes=classes, seed=seed)
    return map_over(pairs, look, executor, chunk=FILES_A_TASK)


def _look_at_members(
    pair: Pair, classes: Classes, seed: int
) -> tuple[MemberLabelCounts, ImagePlaces] | PixelwiseError:
    try:
        members = read_members(pair, classes)
    except PixelwiseError as error:
        return error
    return counts_of_members(members, classes), draw_member_places(members, seed, pair.id)


def _look(
    pair: Pair, classes: Classes, seed: int
) -> tuple[LabelCounts, ImagePlaces] | PixelwiseError:
    assert pair.label is not None  # check_labelled sees to it
    try:
        label, values, pixels = read_and_count(pair.label)
        counts = counts_of_file(class_pixels(values, pixels, classes, pair.label))
    except PixelwiseError as error:
        return error
    return counts, draw_places(classes.place_in_table[label], len(classes), seed, pair.id)
