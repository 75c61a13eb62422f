"""Classes that overlap on top of an image."""

import numpy as np
import pytest

import pixelwise as pw
from pixelwise.errors import ArgumentError, LabelError
from pixelwise.labels.classes import Classes

RED, BLUE = (200, 0, 0), (0, 0, 200)
CLASSES = Classes(["disc", "bar"], colors=[RED, BLUE], files=["disc", "bars"])


def planes():
    members = np.zeros((2, 20, 20), np.uint8)
    members[0, 2:12, 2:12] = members[1, 6:18, 6:18] = 1
    return members


def test_an_area_has_the_mean_of_its_colours_and_a_contour_of_each():
    image = np.full((20, 20, 3), 100, np.uint8)
    shown = pw.overlay(image, planes(), CLASSES, opacity=0.5)
    assert shown[4, 4].tolist() == [150, 50, 50]  # disc alone
    assert shown[14, 14].tolist() == [50, 50, 150]
    assert shown[8, 8].tolist() == [100, 50, 100]  # both
    assert shown[0, 0].tolist() == [100, 100, 100]
    assert shown[2, 2:12].tolist() == [list(RED)] * 10
    assert shown[17, 6:18].tolist() == [list(BLUE)] * 12
    assert np.array_equal(pw.overlay(image, planes(), CLASSES, opacity=0), image)


def test_contours_that_coincide_take_turns_and_void_is_the_image():
    members = planes()
    members[1] = members[0]
    members[:, 5:7, 5:7] = 255
    image = np.full((20, 20, 3), 100, np.uint8)
    shown = pw.overlay(image, members, CLASSES)
    line = [tuple(color) for color in shown[2, 2:12].tolist()]
    assert set(line) == {RED, BLUE}
    assert shown[5, 5].tolist() == [100, 100, 100]


def test_planes_of_another_shape_or_value_are_refused():
    image = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(ArgumentError, match=r"overlay: label must be \(C, H, W\) of the image"):
        pw.overlay(image, planes()[0], CLASSES)
    with pytest.raises(LabelError, match=r"label must be 0, 1 or 255 .*got 3"):
        pw.overlay(image, planes() * 3, CLASSES)
    with pytest.raises(ArgumentError, match="label must be of integers"):
        pw.overlay(image, planes() / 1.0, CLASSES)
