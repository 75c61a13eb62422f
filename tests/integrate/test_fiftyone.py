"""FiftyOne: a label survives the way there and back; its interface is a class with a mask."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import pixelwise as pw
from integrate.inputs import run_example
from pixelwise.integrate.fiftyone import from_segmentation, mask_targets, to_segmentation

CLASSES = pw.Classes(["road", "grass", "car"])
LABEL = np.array([[0, 1, 2], [255, 255, 0]], np.uint8)


@pytest.fixture(autouse=True)
def _fiftyone(monkeypatch):
    """A stand-in with the one class that is used, where the library is not installed."""
    stand_in = ModuleType("fiftyone")
    stand_in.Segmentation = SimpleNamespace
    monkeypatch.setitem(sys.modules, "fiftyone", stand_in)


def test_a_label_survives_the_way_there_and_back():
    segmentation = to_segmentation(LABEL, CLASSES)
    assert segmentation.mask.tolist() == [[1, 2, 3], [0, 0, 1]]
    assert segmentation.mask.dtype == np.uint8
    back = from_segmentation(segmentation, CLASSES)
    assert back.dtype == CLASSES.dtype
    assert np.array_equal(back, LABEL)


def test_every_value_of_a_mask_but_void_has_a_name():
    assert mask_targets(CLASSES) == {1: "road", 2: "grass", 3: "car"}


def test_many_classes_take_two_bytes():
    classes = pw.Classes([f"class {i}" for i in range(300)], ignore_index=65535)
    label = np.array([[0, 299, 65535]], np.uint16)
    segmentation = to_segmentation(label, classes)
    assert segmentation.mask.tolist() == [[1, 300, 0]]
    assert np.array_equal(from_segmentation(segmentation, classes), label)


def test_a_mask_in_a_file_is_asked_for():
    stored = SimpleNamespace(mask=None, get_mask=lambda: np.array([[1, 0]]))
    assert from_segmentation(stored, CLASSES).tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.array([[1, 4]]), r"mask must be 0 \(void\) or 1..3 \(class index \+ 1\), got 4"),
        (np.zeros((2, 2, 3), np.uint8), "A mask of colours is read with pixelwise.color_to_index"),
        (np.zeros((2, 2)), "mask must be of an integer or bool dtype"),
        (None, "must be a Segmentation with a mask, got none"),
    ],
)
def test_a_mask_of_another_meaning_is_refused(mask, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        from_segmentation(SimpleNamespace(mask=mask), CLASSES)


@pytest.mark.parametrize("label", [np.array([[3]]), np.array([[-1]])])
def test_a_label_with_other_values_is_refused(label):
    with pytest.raises(pw.PixelwiseError, match=r"must be class indices 0..2 or ignore_index=255"):
        to_segmentation(label, CLASSES)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("FiftyOne", tmp_path, monkeypatch)
