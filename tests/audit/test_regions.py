"""What neighbours say about a pixel, against slow loops and by hand."""

import numpy as np
import pytest

from audit.clean_data import draw_image, make_clean
from pixelwise.audit.regions import (
    frame_of,
    is_line_between,
    roughness,
    single_pixels,
    smooth_share,
    thin_share,
    values_between,
)
from pixelwise.report.audit_page import audit


def rectangles(seed, size=(48, 64), classes=3, number=12):
    """A label of overlapping rectangles, some of them a pixel wide."""
    random = np.random.default_rng((11, seed))
    label = np.zeros(size, np.uint8)
    for _ in range(number):
        height, width = random.integers(1, 20, 2)
        y, x = random.integers(0, size[0] - 1), random.integers(0, size[1] - 1)
        label[y : y + height, x : x + width] = random.integers(0, classes)
    label[0, :2] = 0
    label[:3, -3:] = 255
    return label


def lonely(label, y, x):
    around = label[y - 1 : y + 2, x - 1 : x + 2]
    return (around == label[y, x]).sum() == 1


@pytest.mark.parametrize("seed", range(5))
def test_single_pixels_are_those_of_a_loop(seed):
    """A pixel is single if none of its eight neighbours has its value."""
    label = np.random.default_rng(seed).integers(0, 4, (9, 12)).astype(np.uint8)
    expected = [[lonely(label, y, x) for x in range(1, 11)] for y in range(1, 8)]
    np.testing.assert_array_equal(single_pixels(label)[0], expected)


def test_a_class_that_is_a_line_everywhere_comes_from_interpolation():
    """Ground 0 and bar 4 with a line of 2 along both sides of the bar."""
    label = np.zeros((40, 40), np.uint8)
    label[:, 10:20] = 4
    label[:, [10, 19]] = 2
    assert values_between(label, 0.95) == [2]
    assert is_line_between(label, label < 255, 2, 0.95, 16)


def test_stripes_in_the_order_of_their_values_are_no_interpolation():
    """0, 1, 2, ... from left to right, one of them a pixel wide: objects have two sides."""
    label = np.repeat(np.arange(8, dtype=np.uint8), 5)[None, :].repeat(40, axis=0)
    label = np.concatenate([label[:, :6], label[:, 10:]], axis=1)
    assert values_between(label, 0.95) == [1]
    assert not is_line_between(label, label < 255, 1, 0.95, 16)


def test_a_narrow_object_is_no_interpolation():
    """Where classes also meet without it, a pole of one pixel is a pole."""
    label = np.zeros((40, 40), np.uint8)
    label[:, 20:] = 4
    label[10:30, 20] = 2
    assert values_between(label, 0.9) == [2]
    assert not is_line_between(label, label < 255, 2, 0.9, 16)


def test_void_is_neither_lower_nor_higher():
    """A line of a class beside void is as good as any."""
    label = np.zeros((40, 40), np.uint8)
    label[:, 20:] = 255
    label[:, 20] = 2
    assert not is_line_between(label, label < 255, 2, 0.9, 16)


def test_a_frame_has_a_value_and_a_thickness():
    """All around, with an edge inside."""
    label = np.full((48, 60), 7, np.uint8)
    label[3:-3, 3:-3] = 1
    assert frame_of(label) == (7, 3)


@pytest.mark.parametrize("inside", [0, 12])
def test_objects_on_a_background_have_no_frame(inside):
    """Neither without an object nor with one far from the border."""
    label = np.full((48, 60), 7, np.uint8)
    label[20 : 20 + inside, 20:40] = 1
    assert frame_of(label) is None


def test_values_between_known_ones_are_smooth_and_others_are_not():
    """A ramp from 0 to 200 within two pixels; a block of 77 inside of 0."""
    ramp = np.zeros((9, 20), np.uint8)
    ramp[:, 10:] = 200
    ramp[:, 9], ramp[:, 10] = 60, 140
    block = np.zeros((9, 20), np.uint8)
    block[3:6, 5:9] = 77
    assert smooth_share(ramp, (ramp == 60) | (ramp == 140)) == 1
    assert smooth_share(block, block == 77) == 0


def test_noise_is_rough_and_a_block_is_not():
    """The share of pixels whose right neighbour has another value."""
    random = np.random.default_rng(2)
    noise = random.integers(0, 200, (30, 30)).astype(np.uint8)
    everywhere = np.ones((30, 30), bool)
    assert roughness(noise, everywhere) > 0.9
    assert roughness(np.full((30, 30), 9, np.uint8), everywhere) == 0


def test_a_line_is_thin_and_the_inside_of_a_block_is_not():
    """Within two pixels of something else."""
    line, block = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    line[:, 9:12] = True
    block[2:18, 2:18] = True
    assert thin_share(line) == 1
    assert thin_share(block) == pytest.approx((16**2 - 12**2) / 16**2)


@pytest.mark.parametrize("seed", range(4))
def test_labels_of_rectangles_have_no_finding(seed, tmp_path):
    """Objects of any width, in any order, are neither smooth nor specks nor frames."""
    folder = make_clean(tmp_path / "data", lambda i: rectangles(100 * seed + i), draw_image)
    assert audit(folder).findings == ()
