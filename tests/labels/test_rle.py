"""Run lengths: the worked example, both orders, round trips, and hostile input."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pixelwise.errors import ArgumentError, LabelError
from pixelwise.labels.rle import format_counts, mask_to_rle, parse_counts, rle_to_mask

MASK = np.array([[0, 1], [1, 1], [0, 0]], bool)


def test_the_worked_example_comes_out():
    """Down the columns 0 1 0 1 1 0: runs 1 1 1 2 1, as text 11110."""
    assert mask_to_rle(MASK) == {"size": [3, 2], "counts": "11110"}
    assert mask_to_rle(MASK, compressed=False) == {"size": [3, 2], "counts": [1, 1, 1, 2, 1]}
    np.testing.assert_array_equal(rle_to_mask("11110", (3, 2)), MASK)
    np.testing.assert_array_equal(rle_to_mask(b"11110", [3, 2]), MASK)


def test_rows_are_another_order():
    """Along the rows 0 1 1 1 0 0: runs 1 3 2."""
    np.testing.assert_array_equal(rle_to_mask([1, 3, 2], (3, 2), order="rows"), MASK)


def test_a_mask_that_starts_inside_has_an_empty_first_run():
    """Runs take turns from outside on."""
    assert mask_to_rle(np.ones((2, 3), bool), compressed=False)["counts"] == [0, 6]


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.booleans())
def test_every_mask_comes_back(mask, compressed):
    """mask -> runs -> mask."""
    rle = mask_to_rle(mask, compressed)
    np.testing.assert_array_equal(rle_to_mask(rle["counts"], rle["size"]), mask)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 1 << 28), min_size=1, max_size=30))
def test_every_list_of_runs_comes_back_from_its_text(runs):
    """Differences of either sign, of one letter and of six."""
    assert parse_counts(format_counts(runs)).tolist() == runs


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("111", r"3 x 2 = 6 pixels in sum, got 3"),
        ([], r"3 x 2 = 6 pixels in sum, got 0"),
        ([1, 1, 1, 2, 2], r"3 x 2 = 6 pixels in sum, got 7"),
        ([3, -1, 4], r"runs >= 0, got -1 in place 1"),
        ([1.5, 4.5], "a list of integers, got float64"),
        ([[1], [2, 3]], "a list of integers"),
        ([10**20, 6], "a list of integers|runs <="),
        ([2**40, 6], "runs <= 268,435,456, got 1,099,511,627,776"),
        ("1111P", "a whole number, got one that is cut"),
        ("\x00", "letters 0 to o, got byte 0"),
        ("é", "letters 0 to o"),
        ("oooooooooo0", "numbers up to 30 bits"),
    ],
)
def test_runs_that_are_no_mask_of_this_size_are_refused(counts, message):
    """A sum that is too small or too large, negative runs, damaged text."""
    with pytest.raises(LabelError, match=message):
        rle_to_mask(counts, (3, 2))


@pytest.mark.parametrize("size", [(10**6, 10**6), (1 << 15, 1 << 14)], ids=str)
def test_a_size_too_large_is_refused_before_memory_is_taken(size):
    """The runs do add up; the image is what is too large."""
    tracemalloc.start()
    with pytest.raises(LabelError, match="at most 268,435,456 pixels"):
        rle_to_mask([size[0] * size[1]], size)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("size", [(0, 2), (3,), "ab", (1.5, 4), None], ids=str)
def test_a_size_that_is_none_is_refused(size):
    """Two integers > 0."""
    with pytest.raises(LabelError, match=r"size must be \(height, width\)"):
        rle_to_mask([6], size)


def test_an_unknown_order_is_refused():
    """COCO's or CVAT's."""
    with pytest.raises(ArgumentError, match="one of columns, rows"):
        rle_to_mask([6], (3, 2), order="F")
