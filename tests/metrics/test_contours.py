"""What boundary and surface metrics share: spacing, axes, distances between points."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.metrics.boundary import count_boundary
from pixelwise.metrics.contour_f import count_contours
from pixelwise.metrics.contours import contour_points, nearest
from pixelwise.metrics.surface import surface_distances

METRICS = [count_boundary, count_contours, surface_distances]
VOLUME = np.zeros((2, 3, 4), np.uint8)


@pytest.mark.parametrize("metric", METRICS)
def test_a_volume_needs_spacing(metric):
    """Voxels are hardly ever cubes; a batch of images is distinguished from a volume."""
    message = r"spacing must be given for \(D, H, W\), got None\. A volume needs .* batch \(N, H, W"
    with pytest.raises(ArgumentError, match=message):
        metric(VOLUME, VOLUME, 2)
    metric(VOLUME, VOLUME, 2, spacing=(3, 1, 1))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "spacing", [(1, 1), 1.0, (1, 1, 0), (1, -1, 1), (1, 1, np.nan), (1, 1, np.inf)]
)
def test_spacing_must_be_a_positive_number_for_each_axis(metric, spacing):
    """The message names the axes."""
    message = "spacing must be 3 finite numbers above 0, one for each axis"
    with pytest.raises(ArgumentError, match=message):
        metric(VOLUME, VOLUME, 2, spacing=spacing)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("shape", [(), (5,), (2, 1, 4, 4)])
def test_only_images_and_volumes_have_contours(metric, shape):
    """A batch is measured one by one."""
    label = np.zeros(shape, np.uint8)
    with pytest.raises(ArgumentError, match=r"pred must be \(H, W\) or \(D, H, W\), got"):
        metric(label, label, 2, spacing=(1,) * len(shape))


@pytest.mark.parametrize("count", [40, 2000])
def test_distances_are_those_of_all_pairs(count):
    """A tree where points are few, a distance transform where they fill the image."""
    rng = np.random.default_rng(count)
    points, others = (np.unique(rng.integers(5, (70, 60), (count, 2)), axis=0) for _ in range(2))
    spacing = np.array([0.5, 2.0])
    pairs = np.linalg.norm((points[:, None] - others[None]) * spacing, axis=2)
    np.testing.assert_allclose(nearest(points, others, spacing), pairs.min(axis=1), rtol=1e-12)


def test_the_distance_to_nothing_is_infinite():
    """And nothing has no distances."""
    point, nothing = np.array([[1, 2]]), np.zeros((0, 2), int)
    assert nearest(point, nothing, np.ones(2)).tolist() == [np.inf]
    assert nearest(nothing, point, np.ones(2)).shape == (0,)


def test_contours_run_between_valid_pixels_of_different_classes():
    """0 is void: it is not a class and makes none of its neighbours a contour."""
    shifted = np.array([[1, 1, 2, 0, 1], [1, 1, 1, 0, 1]], np.uint8)
    expected = [[0, 1, 1, 0, 0], [0, 0, 1, 0, 0]]
    assert contour_points(shifted).astype(int).tolist() == expected
