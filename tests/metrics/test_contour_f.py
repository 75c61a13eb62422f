"""Boundary F: by hand, against loops over pixels, void, refusals."""

import numpy as np
import pytest

import oracles_surface as oracle
from pixelwise.errors import ArgumentError
from pixelwise.metrics.boundary import boundary_iou, count_boundary
from pixelwise.metrics.contour_f import ContourCounts, boundary_f, count_contours

SEEDS = range(4)


def scene(seed, shape=(13, 17), num_classes=3):
    """Blocks of classes, a shifted and noisy prediction, some void."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, num_classes, (4, 5)).astype(np.uint8)
    target = np.kron(blocks, np.ones((4, 4), np.uint8))[: shape[0], : shape[1]]
    pred = np.roll(target, (2, -1), (0, 1))
    pred[rng.random(shape) < 0.05] = 0
    target[rng.random(shape) < 0.1] = 255
    return pred, target


def halves(edge, shape=(6, 8)):
    label = np.zeros(shape, np.uint8)
    label[:, edge:] = 1
    return label


def test_an_edge_that_is_off_by_one_is_right_within_one_pixel_and_wrong_without():
    """In 6 x 8 the diagonal is 10, so a tolerance of 0.1 is one pixel."""
    pred, target = halves(5), halves(4)
    assert boundary_f(count_contours(pred, target, 2, tolerance=0.1)).tolist() == [1, 1]
    assert boundary_f(count_contours(pred, target, 2, tolerance=0.09)).tolist() == [0, 0]


def test_precision_and_recall_are_taken_of_contour_pixels():
    """The target has one edge, the prediction two: all of 6 found, 6 of 18 right."""
    pred = halves(4)
    pred[:, 6] = 0
    counts = count_contours(pred, halves(4), 2, tolerance=0)
    assert (counts.target[1], counts.target_matched[1]) == (6, 6)
    assert (counts.pred[1], counts.pred_matched[1]) == (18, 6)
    assert boundary_f(counts)[1] == pytest.approx(2 * (1 / 3) * 1 / (1 / 3 + 1))


@pytest.mark.parametrize("spacing", [(1, 1), (0.5, 2)])
@pytest.mark.parametrize("tolerance", [0.0, 0.06, 0.12])
@pytest.mark.parametrize("seed", SEEDS)
def test_boundary_f_equals_the_loop_over_pixels(seed, tolerance, spacing):
    """Every class of a scene with void, one class after the other."""
    pred, target = scene(seed)
    counts = count_contours(pred, target, 4, tolerance=tolerance, spacing=spacing)
    limit = tolerance * np.hypot(*np.multiply(target.shape, spacing))
    valid = target != 255
    expected = [oracle.boundary_f(pred == c, target == c, valid, limit, spacing) for c in range(4)]
    np.testing.assert_allclose(boundary_f(counts), expected, rtol=1e-12)


def test_a_tolerance_counts_distances_of_exactly_that_length():
    """Three steps of 0.1 are within 0.3, whatever binary fractions say."""
    pred, target = halves(7, (4, 30)), halves(4, (4, 30))
    tolerance = 0.3 / (0.1 * np.hypot(4, 30))
    counts = count_contours(pred, target, 2, tolerance=tolerance, spacing=(0.1, 0.1))
    assert boundary_f(counts).tolist() == [1, 1]


def test_the_border_of_the_image_and_void_are_no_contours():
    """A class that fills all that is valid has no edge to find."""
    target = np.ones((6, 8), np.uint8)
    target[2:4] = 255
    counts = count_contours(np.ones((6, 8), np.uint8), target, 2)
    assert counts.target.tolist() == [0, 0]
    assert np.isnan(boundary_f(counts)).all()


def test_a_contour_in_one_of_the_two_scores_0():
    """Nothing is divided by zero, and nothing is left out."""
    flat, edge = np.zeros((6, 8), np.uint8), halves(4)
    assert boundary_f(count_contours(flat, edge, 2)).tolist() == [0, 0]
    assert boundary_f(count_contours(edge, flat, 2)).tolist() == [0, 0]


def test_counts_add_up():
    """The sum of two images is the counts of both contours."""
    parts = [count_contours(*scene(seed), 3) for seed in SEEDS]
    total = sum(parts)
    assert isinstance(total, ContourCounts)
    np.testing.assert_array_equal(
        total.pred_matched, np.sum([p.pred_matched for p in parts], axis=0)
    )
    with pytest.raises(ArgumentError, match="must be of the same classes, got"):
        total + count_contours(*scene(0), 4)


def test_a_tolerance_beyond_the_diagonal_is_refused():
    """It is a share, not a number of pixels."""
    with pytest.raises(ArgumentError, match="tolerance must be between 0 and 1, got 2"):
        count_contours(halves(4), halves(4), 2, tolerance=2)


def test_objects_lined_with_void_have_no_contour_but_still_a_strip():
    """As in Pascal VOC: only boundary IoU, in strips wider than the line, has anything to say."""
    target = np.zeros((40, 40), np.uint8)
    target[9:31, 9:31] = 255
    target[11:29, 11:29] = 1
    pred = np.zeros((40, 40), np.uint8)
    pred[10:30, 10:30] = 1
    counts = count_contours(pred, target, 2)
    assert counts.target.tolist() == counts.pred.tolist() == [0, 0]
    assert np.isnan(boundary_f(counts)).all()
    assert boundary_iou(count_boundary(pred, target, 2, width=0.06)).tolist() == [1, 1]
    pred[20, 15:20] = 0
    counts = count_contours(pred, target, 2)
    assert boundary_f(counts).tolist() == [0, 0]
