"""Painting takes the memory that it is checked for, whatever is painted."""

import tracemalloc

import numpy as np
import pytest

from pixelwise.convert.painting import paint
from pixelwise.convert.records import PAINTING, Object
from pixelwise.labels.shapes import RULES, Outline

SIDE = 2048
CORNERS = [(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)]
SHAPES = {
    "polygon": Outline(CORNERS),
    "circle": Outline(CORNERS[::2], "circle"),
    "line": Outline(CORNERS[::2], "line", SIDE),
    "point": Outline(CORNERS[:1], "point", 3 * SIDE),
}
# Bytes for what does not grow with the image: batches of crossings, and a block of distances.
_FIXED = 12 << 20


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", SHAPES)
def test_a_pixel_takes_no_more_bytes_than_were_checked(kind, rule):
    """With the background, which is there before."""
    background = np.zeros((SIDE, SIDE), np.uint8)
    objects = [Object("car", (SHAPES[kind],), "") for _ in range(3)]
    tracemalloc.start()
    paint(objects, [1, 2, 1], background, rule, "area")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak + background.nbytes < PAINTING * SIDE**2 + _FIXED
