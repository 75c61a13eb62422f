"""Objects -> label: order of painting, overlaps, and objects that vanish."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from pixelwise.convert.records import Index, Object
from pixelwise.labels.shapes import Rule, Size, patch_of

# How objects are put in the order in which they are painted; equal ones stay in file order.
# file   as listed: the last lies on top
# area   the one with the most pixels first: the smallest lies on top
# z      by the source's own order: the largest z lies on top
Order = Literal["file", "area", "z"]
_NOBODY = -1


def paint(
    objects: Sequence[Object],
    indices: Sequence[int],
    background: Index,
    rule: Rule = "center",
    order: Order = "file",
) -> tuple[Index, int, list[int]]:
    """Paint objects onto a label.

    Args:
        objects: without problems.
        indices: class index of each, or the index of void.
        background: (H, W) label to paint on; not modified.
        rule: which pixels a shape covers, one of shapes.RULES.
        order: what is painted first.
    Returns:
        The label (H, W); the pixels that objects of different classes cover, or an object and void;
        the places in the list of those objects none of whose pixels shows their class: covered by
        others, thinner than the pixel rule sees, or outside of the image.
    """
    label = background.copy()
    size: Size = label.shape  # type: ignore[assignment]
    owner = np.full(size, _NOBODY, np.min_scalar_type(-len(objects) - 1))
    contested = np.zeros(size, bool)
    for place in painting_order(objects, size, rule, order):
        for part in objects[place].parts:
            patch = patch_of(part, size, rule)
            below = label[patch.place], owner[patch.place]
            taken = below[1] != _NOBODY
            taken &= patch.mask
            taken &= below[0] != indices[place]
            contested[patch.place] |= taken
            below[0][patch.mask] = indices[place]
            below[1][patch.mask] = place
            del patch, taken  # before the next ones are there
    shown = np.zeros(len(objects) + 1, bool)  # and of nobody
    for row in owner:  # a copy of all of it would be the most memory that painting takes
        shown[row] = True
    # an object under another of its own class has not vanished from the label
    suspects = np.flatnonzero(~shown[:_NOBODY]).tolist()
    vanished = [p for p in suspects if not _shows(objects[p], indices[p], label, rule)]
    return label, int(contested.sum()), vanished


def painting_order(objects: Sequence[Object], size: Size, rule: Rule, order: Order) -> list[int]:
    """The places of objects in their list, in the order in which they are painted."""
    places = list(range(len(objects)))
    if order == "z":
        return sorted(places, key=lambda place: objects[place].z)
    if order == "area":
        pixels = [sum(int(patch_of(p, size, rule).mask.sum()) for p in o.parts) for o in objects]
        return sorted(places, key=lambda place: -pixels[place])
    return places


def _shows(thing: Object, index: int, label: Index, rule: Rule) -> bool:
    """Whether any pixel of an object has its class."""
    size: Size = label.shape  # type: ignore[assignment]
    patches = (patch_of(part, size, rule) for part in thing.parts)
    return any((label[patch.place][patch.mask] == index).any() for patch in patches)
