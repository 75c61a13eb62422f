"""overlay: colours of classes over an image."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import index_to_color, overlay

CLASSES = Classes(["sky", "road", "car"], colors=[(0, 0, 255), (128, 128, 128), (255, 0, 0)])


def drawn(rng):
    image = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    return image, rng.choice([0, 1, 2, 255], (9, 7)).astype(np.uint8)


def test_each_pixel_is_mixed_with_the_colour_of_its_class():
    image, label = drawn(np.random.default_rng(0))
    shown = overlay(image, label, CLASSES, opacity=0.3)
    valid = label != 255
    mixed = 0.7 * image + 0.3 * index_to_color(label, CLASSES)
    assert shown.dtype == np.uint8
    assert np.abs(shown.astype(float) - mixed)[valid].max() <= 0.501
    assert (shown[~valid] == image[~valid]).all()


def test_opacity_0_is_the_image_and_1_the_colours():
    image, label = drawn(np.random.default_rng(1))
    label[label == 255] = 0
    assert (overlay(image, label, CLASSES, 0) == image).all()
    assert (overlay(image, label, CLASSES, 1) == index_to_color(label, CLASSES)).all()


def test_the_arguments_stay_as_they_were():
    image, label = drawn(np.random.default_rng(2))
    before = image.copy(), label.copy()
    image.flags.writeable = label.flags.writeable = False
    overlay(image, label, CLASSES)
    assert (image == before[0]).all()
    assert (label == before[1]).all()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"opacity": 1.5}, ArgumentError, r"overlay: opacity must be between 0 and 1, got 1.5"),
        ({"label": np.zeros((2, 3), int)}, ArgumentError, r"label must be .* \(2, 2\), got \(2, 3"),
        ({"label": np.full((2, 2), 7)}, LabelError, r"7"),
        ({"label": np.zeros((2, 2))}, ArgumentTypeError, r"label must be .* float64"),
        ({"image": np.zeros((2, 2, 3))}, ArgumentTypeError, r"overlay: image must be uint8"),
        ({"image": np.zeros((2, 2), np.uint8)}, ArgumentError, r"image must be \(H, W, 3\)"),
    ],
)
def test_what_cannot_be_laid_over_each_other_is_named(changed, error, message):
    given = {"image": np.zeros((2, 2, 3), np.uint8), "label": np.zeros((2, 2), int)} | changed
    with pytest.raises(error, match=message):
        overlay(given.pop("image"), given.pop("label"), CLASSES, **given)
