"""Counting bytes: the same as numpy, whatever the size and the layout."""

import numpy as np
import pytest

from pixelwise.labels.histogram import BAND_PIXELS, count_values, histogram, runs_of

SIZES = [1, 2, 4095, (1 << 13) + 1, BAND_PIXELS + 7, 3 * BAND_PIXELS - 1]
LENGTHS = [1, 2, 3, 9, 30, 300]


def drawn_runs(rng, size, length, dtype=np.uint8):
    """Values that are the same for about `length` entries."""
    values = rng.integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)
    return values[np.sort(rng.integers(0, size, -(-size // length)))[np.arange(size) // length]]


@pytest.mark.parametrize("size", [0, 1, 3, 4095, (1 << 15) - 1, 1 << 15, (1 << 15) + 3, 100_001])
def test_bytes_are_counted_like_numpy_counts_them(size):
    """All 256 values, few of them or one; also those that fill no whole group of four."""
    rng = np.random.default_rng(3)
    for high in (1, 5, 256):
        values = rng.integers(0, high, size, np.uint8)
        found = histogram(values)
        np.testing.assert_array_equal(found, np.bincount(values, minlength=256))
        assert found.dtype == np.int64


def test_any_layout_is_counted_and_nothing_is_changed():
    """Columns, steps and a read-only array."""
    values = np.random.default_rng(4).integers(0, 256, (400, 301), np.uint8)
    values.setflags(write=False)
    for view in (values, values.T, values[::-1, ::2], values[:, 1:]):
        expected = np.bincount(view.ravel(), minlength=256)
        np.testing.assert_array_equal(histogram(view), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_values_in_runs_are_counted_like_numpy_counts_them(size, length, dtype):
    """Whether runs are counted or pixels."""
    values = drawn_runs(np.random.default_rng(5), size, length, dtype)
    found = count_values(values)
    expected = np.bincount(values, minlength=found.size)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int64


@pytest.mark.parametrize("length", LENGTHS)
def test_runs_are_the_arrays_again_when_they_are_repeated(length):
    """Two arrays with borders in different places; neighbouring runs differ in one of them."""
    rng = np.random.default_rng(6)
    first, second = drawn_runs(rng, 5000, length), drawn_runs(rng, 5000, 2 * length)
    (a, b), lengths = runs_of(first, second, most=1)
    np.testing.assert_array_equal(np.repeat(a, lengths), first)
    np.testing.assert_array_equal(np.repeat(b, lengths), second)
    assert ((a[1:] != a[:-1]) | (b[1:] != b[:-1])).all()


def test_more_runs_than_are_wanted_are_none():
    values = np.array([0, 0, 1, 1, 1, 1, 2, 2], np.uint8)
    assert runs_of(values, most=0.25) is None
    assert runs_of(values, most=0.375)[1].tolist() == [2, 4, 2]
