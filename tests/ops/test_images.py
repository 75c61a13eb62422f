"""Images of bytes: the colours of torchvision, within rounding; planes; rows of PNG files."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from labels.build_png import rows_of
from pixelwise.ops.cpu.images import recolor, to_planes
from pixelwise.ops.cpu.png_rows import unfilter

SIZES = [(1, 1), (3, 70), (65, 33), (128, 200)]


def noise(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_channels_come_first(size):
    image = noise(size)
    planes = to_planes(image)
    assert planes.is_contiguous()
    np.testing.assert_array_equal(planes.numpy(), image.transpose(2, 0, 1))
    np.testing.assert_array_equal(to_planes(image[:, ::-1]).numpy(), planes.numpy()[:, :, ::-1])


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    "factors",
    [(1.0, 1.0, 1.0), (0.7, 1.3, 0.71), (1.3, 0.7, 1.29), (0.0, 0.5, 2.0), (1.9, 0.0, 0.0)],
)
@pytest.mark.parametrize("spread", [255, 20])
def test_colours_are_those_of_torchvision(size, factors, spread):
    """At most one of a thousand samples differs, by one level: where a sum rounds otherwise."""
    image = torch.from_numpy(noise(size) % spread).permute(2, 0, 1).contiguous()
    expected = functional.adjust_brightness(image, factors[0])
    expected = functional.adjust_contrast(expected, factors[1])
    expected = functional.adjust_saturation(expected, factors[2])
    recolor(image, factors)
    apart = (image.int() - expected.int()).abs()
    assert apart.max() <= 1
    assert apart.float().mean() <= 1e-3


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
@pytest.mark.parametrize("kinds", [(0,), (1,), (2,), (3,), (4,), (4, 1, 3, 2, 0)], ids=str)
def test_rows_of_a_png_file_are_added_up(samples, kinds):
    """Whole and in windows, for all predictions of the specification."""
    image = np.random.default_rng(samples).integers(0, 256, (11, 13, samples), np.uint8)
    stored = rows_of(image.reshape(11, -1), 8, filters=kinds, pixel_bytes=samples)
    stored = np.frombuffer(stored, np.uint8).reshape(11, -1)
    np.testing.assert_array_equal(unfilter(stored, samples, (0, 11), (0, 13)), image)
    np.testing.assert_array_equal(unfilter(stored[:7], samples, (2, 7), (4, 9)), image[2:7, 4:9])


def test_of_three_neighbours_the_nearest_predicts():
    """In long rows of noise, and of few values, among which there are many ties."""
    random = np.random.default_rng(0)
    for most in (256, 4):
        image = random.integers(0, most, (3, 400, 3), np.uint8)
        stored = rows_of(image.reshape(3, -1), 8, filters=(4,), pixel_bytes=3)
        stored = np.frombuffer(stored, np.uint8).reshape(3, -1)
        np.testing.assert_array_equal(unfilter(stored, 3, (0, 3), (0, 400)), image)
