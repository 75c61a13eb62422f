"""Regions of a label: parts of one class that hang together, also over corners (8 neighbours).

What is removed from a class takes the class that most of its border touches; of equally many the
one of the lowest index. Only pixels that stay are asked, so that two regions that are both removed
do not take each other's class; what touches none of them waits for what was removed before it, and
if nothing is left to ask, it stays as it is. Void is never asked and never made.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Label = NDArray[np.uint8] | NDArray[np.uint16]
_EIGHT = np.ones((3, 3), bool)


def remove_small(label: Label, classes: NDArray[np.bool_], pixels: int, void: int) -> Label:
    """A label without the regions of some classes that have fewer than so many pixels.

    Args:
        label: (H, W) class indices or void; not modified.
        classes: (C,) True for the classes whose regions are looked at.
        pixels: of the smallest region that stays.
        void: ignore_index.
    Returns:
        (H, W) of the same dtype.
    """
    regions, sizes, _ = find_regions(label, classes)
    return give_away(label, regions, sizes < pixels, void)


def keep_largest(label: Label, classes: NDArray[np.bool_], void: int) -> Label:
    """A label with no region of some classes but the largest of each; of equal ones the first.

    Args:
        label, classes, void: see remove_small.
    """
    regions, sizes, owner = find_regions(label, classes)
    removed = np.ones(len(sizes), bool)
    for index in np.flatnonzero(classes):
        own = np.flatnonzero(owner == index)
        if len(own):
            removed[own[sizes[own].argmax()]] = False
    return give_away(label, regions, removed, void)


def fill_holes(label: Label, classes: NDArray[np.bool_], pixels: int | None, void: int) -> Label:
    """A label where what some classes enclose is of that class too, one class after the other.

    A hole is a part without the class that does not reach the border of the image; it hangs
    together over sides alone (4 neighbours), as the class does over corners. Void in it stays void.

    Args:
        label, classes, void: see remove_small.
        pixels: holes of fewer pixels than this are filled; None: all.
    """
    found = label.copy()
    for index in np.flatnonzero(classes):
        holes, number = ndimage.label(found != index)
        if not number:
            continue
        is_hole = np.ones(number + 1, bool)
        for edge in (holes[0], holes[-1], holes[:, 0], holes[:, -1]):
            is_hole[edge] = False
        is_hole[0] = False
        if pixels is not None:
            is_hole &= np.bincount(holes.ravel(), minlength=number + 1) < pixels
        found[is_hole[holes] & (found != void)] = index
    return found


def find_regions(
    label: Label, classes: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """The regions of some classes, class by class and in each by their first pixel.

    Args:
        label, classes: see remove_small.
    Returns:
        (H, W) number of the region of each pixel from 1, 0 for other classes; and of each region
        its pixels and its class.
    """
    regions, owner = np.zeros(label.shape, np.int32), list[int]()
    for index in np.flatnonzero(classes):
        own, number = ndimage.label(label == index, _EIGHT)
        regions += np.where(own > 0, own + len(owner), 0).astype(np.int32)
        owner += [int(index)] * number
    sizes = np.bincount(regions.ravel(), minlength=len(owner) + 1)[1:]
    return regions, sizes, np.array(owner, np.int64)


def give_away(
    label: Label, regions: NDArray[np.int32], removed: NDArray[np.bool_], void: int
) -> Label:
    """A label whose regions that are removed have the class that most of their border touches.

    Args:
        label: (H, W).
        regions: (H, W) as of find_regions.
        removed: of each region.
        void: ignore_index.
    """
    if not removed.any():
        return label
    found = label.copy()
    # of pixels that stay 0, of others the number of their region
    left = np.where(np.append(False, removed)[regions], regions, 0)
    while left.any():
        best = touched_most(found, left, len(removed), void)
        given = (best >= 0)[left]
        if not given.any():
            break
        found[given] = best[left[given]]
        left[given] = 0
    return found


def touched_most(
    label: Label, left: NDArray[np.int32], number: int, void: int
) -> NDArray[np.int64]:
    """(number + 1,) the class that each region touches with most pairs of pixels; -1: none."""
    touches = list[NDArray[np.int64]]()
    for axis in (0, 1):
        for side in (1, -1):
            one = _shifted(left, axis, side)
            other, is_left = _shifted(label, axis, -side), _shifted(left, axis, -side)
            border = (one > 0) & (is_left == 0) & (other != void)
            touches.append(np.stack([one[border], other[border]], 1).astype(np.int64))
    best = np.full(number + 1, -1, np.int64)
    pairs, counts = np.unique(np.concatenate(touches), axis=0, return_counts=True)
    # the last one that is written is of the most pairs, and of these of the lowest class
    for place in np.lexsort((-pairs[:, 1], counts)):
        best[pairs[place, 0]] = pairs[place, 1]
    return best


def _shifted(array: NDArray[Any], axis: int, side: int) -> NDArray[Any]:
    """All but the last row or column; with side -1 all but the first."""
    chosen = [slice(None), slice(None)]
    chosen[axis] = slice(None, -1) if side > 0 else slice(1, None)
    return array[tuple(chosen)]
