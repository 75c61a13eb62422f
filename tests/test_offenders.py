"""Wrong pixels are listed with what a person needs to find them."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, LabelError
from pixelwise.offenders import LISTED_VALUES, list_offenders, unknown_values


def test_offenders_have_counts_and_first_places_most_frequent_first():
    """The place is the first in reading order, as (y, x)."""
    values = np.array([[5, 9, 7], [7, 9, 9], [0, 0, 7000]])
    text = "9 (3 pixels, first at y=0 x=1), 7 (2 pixels, first at y=0 x=2)"
    assert list_offenders(values, (values == 9) | (values == 7)) == text


def test_large_counts_are_readable_and_a_row_has_only_x():
    """1,204 rather than 1204."""
    values = np.full(1205, 37)
    chosen = np.arange(1205) > 0
    assert list_offenders(values, chosen) == "37 (1,204 pixels, first at x=1)"


def test_the_list_is_short_and_says_how_much_is_missing():
    """A few offenders are enough to recognise a mistake."""
    values = np.arange(2000).reshape(40, 50)
    text = list_offenders(values, values >= 0, show=hex)
    assert text.count("pixel") == LISTED_VALUES
    assert text.endswith("0x7 (1 pixel, first at y=0 x=7) and 1,992 more values")


@pytest.mark.parametrize(
    ("shape", "place"),
    [
        ((60,), "x=59"),
        ((3, 20), "y=2 x=19"),
        ((3, 4, 5), "n=2 y=3 x=4"),
        ((3, 2, 2, 5), "index (2, 1, 1, 4)"),
    ],
)
def test_a_place_has_the_names_of_its_axes(shape, place):
    values = np.zeros(shape, np.uint8)
    values[(-1,) * len(shape)] = 9
    assert list_offenders(values, values > 0) == f"9 (1 pixel, first at {place})"


def test_unknown_values_are_those_that_are_neither_classes_nor_ignored():
    index = np.array([[0, 1, 2], [-1, 255, 2]])
    error = unknown_values("here", "pred", index, index != 255, 2, "Look.")
    assert isinstance(error, ArgumentError)
    assert str(error) == (
        "here: pred must be class indices 0..1 or ignored, got 2 (2 pixels, first at y=0 x=2), "
        "-1 (1 pixel, first at y=1 x=0). Look."
    )


def test_an_error_says_what_is_void_and_has_the_type_that_is_wanted():
    index = np.array([True, True, False])
    error = unknown_values("a.png", "it", index, index, 1, "", "ignore_index=7", LabelError)
    assert isinstance(error, LabelError)
    assert str(error) == (
        "a.png: it must be class indices 0..0 or ignore_index=7, got 1 (2 pixels, first at x=0)."
    )


def test_without_unknown_values_there_is_no_error():
    index = np.array([0, 1, 255], np.uint8)
    assert unknown_values("here", "pred", index, index != 255, 2, "") is None
