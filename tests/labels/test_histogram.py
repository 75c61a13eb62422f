"""Counting bytes: the same as numpy, whatever the size and the layout."""

import numpy as np
import pytest

from pixelwise.labels.histogram import histogram


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
