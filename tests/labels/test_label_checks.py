"""Offenders are listed with what a person needs to find them."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.labels.label_checks import LISTED, as_label, list_offenders


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
    assert text.count("pixel") == LISTED
    assert text.endswith("0x7 (1 pixel, first at y=0 x=7) and 1,992 more values")


@pytest.mark.parametrize("shape", [(), (1, 2, 2), (2, 2, 3)])
def test_a_label_has_two_axes_or_is_a_row_of_one(shape):
    """Batches and colour images are something else."""
    with pytest.raises(ArgumentError, match=r"here: it must be \(H, W\), got \("):
        as_label("here", "it", np.zeros(shape, int))
