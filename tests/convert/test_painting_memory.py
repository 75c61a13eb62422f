"""Painting takes the memory that it is checked for, whatever is painted."""

import tracemalloc

import numpy as np
import pytest

from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.painting import paint
from pixelwise.convert.records import PAINTING, Object
from pixelwise.errors import DatasetError
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


def test_a_label_from_an_array_is_checked_before_it_is_written(tmp_path, monkeypatch):
    """Writing it, reading it back and comparing takes more than the array does."""
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "a.npy", np.zeros((64, 64), np.uint8))
    monkeypatch.setenv("PIXELWISE_MAX_GIB", "0.00004")
    with pytest.raises(DatasetError, match=r"a label of 64 x 64 pixels, which takes"):
        convert(ConvertConfig(tmp_path / "arrays", "array", out=tmp_path / "out", classes="voc"))
