"""Folders of images and labels, drawn for the tests of looking at unknown folders."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.png import write_label


def label_of(values, number):
    """A (6, 8) label that holds exactly these values, in an order that differs by number."""
    dtype = np.uint8 if max(values) < 256 else np.uint16
    return np.roll(np.resize(np.array(values, dtype), 48), number).reshape(6, 8)


@pytest.fixture
def draw(tmp_path):
    """draw(images, labels, values, number=...) writes files and returns the folder of all.

    images and labels are file names with {} for the number of the pair; values are the stored
    values of every label, or a list of one list for each label; labels=None draws none.
    """

    def draw_pairs(images, labels, values=(0, 1, 2), number=12):
        several = [values] * number if np.isscalar(values[0]) else values
        for n in range(number):
            image = tmp_path / images.format(n)
            image.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(n).integers(0, 256, (6, 8, 3), np.uint8)
            Image.fromarray(noise).save(image)
            if labels is not None:
                write_label(tmp_path / labels.format(n), label_of(several[n], n))
        return tmp_path

    return draw_pairs
