"""Pictures of images of any channels."""

import numpy as np
import pytest

from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.shown import shown_rgb

RANDOM = np.random.default_rng(3)


def test_rgb_of_8_bits_is_shown_as_it_is():
    """Not a sample is changed."""
    image = RANDOM.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    assert shown_rgb(image, RGB) is image


def test_a_range_is_black_and_white():
    """Outside of it there is nothing but black and white."""
    samples = np.array([[[-5.0], [10], [20], [30], [99]]], np.float32)
    found = shown_rgb(samples, Channels(("x",), range=((10, 30),)))
    assert found.tolist() == [[[v] * 3 for v in (0, 0, 128, 255, 255)]]


def test_given_limits_come_before_the_range():
    """Such as those of a whole split."""
    samples = np.array([[[0], [50], [100]]], np.uint16)
    found = shown_rgb(samples, Channels(("x",), range=((0, 1),)), [0], [100])
    assert found[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("nodata", [-9999, "nan", None])
def test_without_a_range_percentiles_of_the_samples_that_say_something(nodata):
    """2 and 98 percent; samples without data are not counted."""
    plane = np.arange(101, dtype=np.float32)[None, :, None] * 10
    with_gap = np.concatenate([plane, np.full((1, 9, 1), float(nodata or 500))], 1)
    found = shown_rgb(with_gap.astype(np.float32), Channels(("x",), nodata=nodata))[0, :101, 0]
    assert found[[2, 98]].tolist() == [0, 255]


def test_the_shown_channels_are_red_green_and_blue():
    """In the order of `shown`, each within its own range."""
    image = RANDOM.integers(0, 100, (3, 3, 4), dtype=np.uint16)
    ranges = ((0, 100), (0, 200), (0, 300), (0, 400))
    channels = Channels(("a", "b", "c", "d"), range=ranges, shown=("d", "a", "b"))
    scaled = image[:, :, [3, 0, 1]] * (255 / np.array([400, 100, 200]))
    assert np.abs(shown_rgb(image, channels) - scaled).max() <= 0.51


@pytest.mark.parametrize("value", [0, 7, np.nan])
def test_an_image_of_one_value_is_a_picture_too(value):
    """There is nothing to divide by."""
    assert shown_rgb(np.full((2, 2, 1), value, np.float32), Channels(("x",))).shape == (2, 2, 3)
