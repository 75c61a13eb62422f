"""A label and its values in one go are what the two functions give one after the other."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.png import count_stored, read_and_count, read_label, write_label

LABELS = {
    "indexed": np.random.default_rng(1).integers(0, 9, (37, 53)).astype(np.uint8),
    "large": np.kron(np.random.default_rng(2).integers(0, 256, (20, 30)), np.ones((13, 11))),
    "wide": np.random.default_rng(3).integers(0, 999, (31, 17)).astype(np.uint16),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("ending", ["png", "filtered.png", "tif"])
def test_label_and_counts_are_those_of_the_functions_for_one_of_them(name, ending, tmp_path):
    """For files of ours, filtered files, and other formats."""
    path = tmp_path / f"label.{ending}"
    label = LABELS[name].astype(np.uint16 if name == "wide" else np.uint8)
    write = {"png": write_label}.get(ending, lambda p, a: Image.fromarray(a).save(p))
    write(path, label)
    found, values, pixels = read_and_count(path)
    np.testing.assert_array_equal(found, read_label(path))
    assert found.dtype == label.dtype
    np.testing.assert_array_equal(values, count_stored(path)[0])
    np.testing.assert_array_equal(pixels, count_stored(path)[1])
    np.testing.assert_array_equal(pixels, np.bincount(label.ravel())[values])
