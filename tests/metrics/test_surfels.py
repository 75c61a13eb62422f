"""Sizes of surface elements, and where they are."""

import numpy as np
import pytest

from pixelwise.metrics.surfels import class_surfels, surfel_sizes

SPACINGS = [(1.0, 1.0), (1.0, 2.0), (0.3, 0.7)]
VOXELS = [(1.0, 1.0, 1.0), (1.0, 2.0, 3.0), (3.0, 0.7, 0.7)]


def test_lengths_are_those_of_a_line_between_pixel_centres():
    """One of four pixels cuts a corner off; two beside each other leave a straight line."""
    sizes = surfel_sizes((1.0, 2.0))
    corner = np.hypot(1, 2) / 2
    assert sizes[0b0000] == sizes[0b1111] == 0
    np.testing.assert_allclose(sizes[[0b0001, 0b1000, 0b0111]], corner)
    np.testing.assert_allclose(sizes[[0b0011, 0b1100]], 2.0)
    np.testing.assert_allclose(sizes[[0b0101, 0b1010]], 1.0)
    np.testing.assert_allclose(sizes[[0b0110, 0b1001]], 2 * corner)


def test_areas_are_those_of_the_plane_pieces():
    """One voxel cuts off a triangle, two an oblong, four a square or a regular hexagon."""
    sizes = surfel_sizes((1.0, 1.0, 1.0))
    np.testing.assert_allclose(sizes[0b00000001], np.sqrt(3) / 8)
    np.testing.assert_allclose(sizes[0b00000011], np.sqrt(2) / 2)
    np.testing.assert_allclose(sizes[0b00001111], 1.0)
    np.testing.assert_allclose(sizes[0b00010111], 3 * np.sqrt(3) / 4)


@pytest.mark.parametrize("spacing", SPACINGS + VOXELS)
def test_a_surface_has_the_same_size_from_both_sides(spacing):
    """Inside and outside may be swapped."""
    sizes = surfel_sizes(spacing)
    np.testing.assert_allclose(sizes, sizes[::-1], rtol=1e-14)


@pytest.mark.parametrize("spacing", VOXELS)
def test_areas_equal_the_published_table(spacing):
    """All 256 codes, where MONAI is installed: it has the table of the surface_distance package."""
    utils = pytest.importorskip("monai.metrics.utils")
    table, _ = utils.create_table_neighbour_code_to_surface_area(spacing)
    np.testing.assert_allclose(surfel_sizes(spacing), table.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_lengths_equal_the_published_table(spacing):
    """All 16 codes."""
    utils = pytest.importorskip("monai.metrics.utils")
    table, _ = utils.create_table_neighbour_code_to_contour_length(spacing)
    np.testing.assert_allclose(surfel_sizes(spacing), table.numpy(), rtol=1e-12)


def test_a_pixel_has_a_surface_at_its_four_corners():
    """Coordinates are corners; void beside a corner takes its surface away."""
    shifted = np.ones((4, 4), np.uint8)
    shifted[1, 2] = 2
    of_background, of_pixel = class_surfels(shifted, 2, image_border=False)
    assert of_pixel[0].tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
    assert of_background[0].tolist() == of_pixel[0].tolist()
    shifted[0, 1] = 0
    (_, (points, _)) = class_surfels(shifted, 2, image_border=False)
    assert len(points) == 3


def test_the_border_of_the_image_is_a_surface_if_told():
    """An image of one class is a rectangle with a surface all around, or none at all."""
    ((points, code),) = class_surfels(np.ones((2, 3), np.uint8), 1, image_border=True)
    assert len(points) == 2 * (3 + 2)
    lengths = surfel_sizes((1.0, 1.0))[code]
    assert lengths.sum() == pytest.approx(4 * np.sqrt(0.5) + 2 * 2 + 1 * 2)
    ((points, _),) = class_surfels(np.ones((2, 3), np.uint8), 1, image_border=False)
    assert len(points) == 0
