"""Supervision: a label survives the way there and back as one mask for each class."""

import numpy as np
import pytest

import pixelwise as pw
from integrate.inputs import run_example

sv = pytest.importorskip("supervision")
from pixelwise.integrate.supervision import from_detections, to_detections  # noqa: E402

CLASSES = pw.Classes(["road", "grass", "car"])
LABEL = np.full((6, 8), 255, np.uint8)
LABEL[1:4, 2:6], LABEL[4:, :] = 2, 0


def test_a_label_survives_the_way_there_and_back():
    detections = to_detections(LABEL, CLASSES)
    assert detections.class_id.tolist() == [0, 2]
    assert detections.data["class_name"].tolist() == ["road", "car"]
    assert detections.xyxy[1].tolist() == [2, 1, 5, 3]
    back = from_detections(detections, LABEL.shape, CLASSES)
    assert back.dtype == CLASSES.dtype
    assert np.array_equal(back, LABEL)


def test_supervision_draws_it():
    image = np.zeros((6, 8, 3), np.uint8)
    drawn = sv.MaskAnnotator(opacity=1).annotate(image, to_detections(LABEL, CLASSES))
    assert np.array_equal(drawn.any(axis=2), LABEL != 255)


def test_void_alone_is_no_detection_and_the_reverse():
    detections = to_detections(np.full((2, 3), 255, np.uint8), CLASSES)
    assert len(detections) == 0
    assert (from_detections(detections, (2, 3), CLASSES) == 255).all()


def detections(**parts):
    boxes = np.zeros((2, 4), np.float32)
    masks = np.zeros((2, 6, 8), bool)
    masks[0, :3], masks[1, 2:] = True, True
    return sv.Detections(**{"xyxy": boxes, "mask": masks, "class_id": np.array([0, 1]), **parts})


def test_masks_of_two_classes_that_overlap_are_refused_unless_the_last_decides():
    with pytest.raises(pw.PixelwiseError, match="got 8 pixels of grass and another"):
        from_detections(detections(), (6, 8), CLASSES)
    label = from_detections(detections(), (6, 8), CLASSES, overlap="last")
    assert label[:, 0].tolist() == [0, 0, 1, 1, 1, 1]


def test_masks_of_one_class_may_overlap():
    label = from_detections(detections(class_id=np.array([2, 2])), (6, 8), CLASSES)
    assert (label == 2).all()


@pytest.mark.parametrize(
    ("parts", "size", "message"),
    [
        ({"mask": None}, (6, 8), "must be with masks and class_id, got boxes alone"),
        ({"class_id": None}, (6, 8), "must be with masks and class_id, got no class_id"),
        ({"class_id": np.array([0, 3])}, (6, 8), r"class_id must be 0..2, got \[3\]"),
        ({}, (8, 8), r"mask must be \(n, H, W\) = \(2, 8, 8\)"),
    ],
)
def test_detections_without_a_label_are_refused(parts, size, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        from_detections(detections(**parts), size, CLASSES, overlap="last")


def test_a_label_with_other_values_is_refused():
    with pytest.raises(pw.PixelwiseError, match=r"must be class indices 0..2 or ignore_index=255"):
        to_detections(np.array([[3]]), CLASSES)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("Supervision", tmp_path, monkeypatch)
