"""Folders of images and labels, drawn for the tests of looking at unknown folders."""

import functools
import io

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.description import Split
from pixelwise.labels.png import write_label
from pixelwise.survey.class_list import NOTHING_GIVEN
from pixelwise.survey.values.meaning import meaning_of
from pixelwise.survey.values.stored import read_values
from pixelwise.survey.values.unusable import check_values

SPLITS = {"train": Split("images", "labels")}


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


@pytest.fixture
def survey(tmp_path):
    """survey(labels, named=None, given=...) writes them, grey, and concludes what they mean."""

    def conclude(labels, named=None, given=NOTHING_GIVEN, deep=False):
        write(tmp_path, labels, deep)
        stored, notes = read_values(tmp_path, sorted((tmp_path / "labels").iterdir()), SPLITS)
        assert notes == []
        soft = check_values(tmp_path, SPLITS, stored, named, given)
        meaning = meaning_of(stored, named, given)
        return meaning, [*soft, *meaning.statements]

    return conclude


def write(root, labels, deep):
    for folder in ("images", "labels"):
        (root / folder).mkdir(exist_ok=True)
    dtype = np.uint16 if deep or max(int(a.max()) for a in labels) > 255 else np.uint8
    for number, label in enumerate(labels):
        stored = Image.fromarray(label.astype(dtype))
        stored.save(root / f"labels/{number:02}.png", compress_level=1)
        (root / f"images/{number:02}.png").write_bytes(noise(number, label.shape))


@functools.cache
def noise(number, size):
    """A PNG file; labels of all tests have few sizes."""
    image = np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()
