"""Boundary IoU: by hand, against loops over pixels, void, the border of the image, refusals."""

import pickle

import numpy as np
import pytest

import oracles_surface as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.boundary import BoundaryCounts, boundary_iou, count_boundary

SEEDS = range(4)


def square(top, left, side=5, shape=(9, 9)):
    label = np.zeros(shape, np.uint8)
    label[top : top + side, left : left + side] = 1
    return label


def scene(seed, shape=(13, 17), num_classes=3):
    """Blocks of classes, a noisy prediction and some void."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, num_classes, (4, 5)).astype(np.uint8)
    target = np.kron(blocks, np.ones((4, 4), np.uint8))[: shape[0], : shape[1]]
    pred = np.roll(target, (1, -1), (0, 1))
    pred[rng.random(shape) < 0.05] = 0
    target[rng.random(shape) < 0.1] = 255
    return pred, target


def test_a_shifted_square_has_the_hand_counted_strips():
    """Rings of 16 pixels, one column apart, share the 4 upper and the 4 lower pixels."""
    counts = count_boundary(square(2, 3), square(2, 2), 2)
    assert (counts.common[1], counts.target[1], counts.pred[1]) == (8, 16, 16)
    assert boundary_iou(counts)[1] == 8 / 24


def test_the_border_of_the_image_is_a_contour_unless_told_otherwise():
    """A 3 x 3 object in the corner: all but its middle, or the five pixels beside background."""
    corner = square(0, 0, side=3)
    assert count_boundary(corner, corner, 2).target[1] == 8
    assert count_boundary(corner, corner, 2, image_border=False).target[1] == 5


def test_the_width_is_a_rounded_share_of_the_diagonal_and_at_least_one_pixel():
    """In 30 x 40 the diagonal is 50: 0.02 is 1 pixel, 0.05 rounds to 2, 0 is still 1."""
    label = square(5, 5, side=20, shape=(30, 40))
    ring = {1: 20**2 - 18**2, 2: 20**2 - 16**2}
    widths = {0.0: 1, 0.02: 1, 0.05: 2}
    for width, pixels in widths.items():
        assert count_boundary(label, label, 2, width=width).target[1] == ring[pixels]


@pytest.mark.parametrize("border", [True, False])
@pytest.mark.parametrize("width", [0.02, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_boundary_iou_equals_the_loop_over_pixels(seed, width, border):
    """Every class of a scene with void, one class after the other."""
    pred, target = scene(seed)
    counts = count_boundary(pred, target, 4, width=width, image_border=border)
    d = max(1, round(width * np.hypot(*target.shape)))
    valid = target != 255
    expected = [oracle.boundary_iou(pred == c, target == c, valid, d, border) for c in range(4)]
    np.testing.assert_allclose(boundary_iou(counts), expected, rtol=1e-12)


def test_a_strip_wider_than_the_image_is_the_whole_class():
    """Then boundary IoU is IoU."""
    counts = count_boundary(square(2, 3), square(2, 2), 2, width=1.0)
    assert boundary_iou(counts)[1] == 20 / 30


def test_neighbouring_classes_have_their_own_strips():
    """Class 5 beside class 3 is counted as 5, and class 0 has a boundary too."""
    label = np.repeat(np.array([[0] * 4 + [3] * 4 + [5] * 4], np.uint8), 6, axis=0)
    counts = count_boundary(label, label, 6, image_border=False)
    assert counts.target.tolist() == [6, 0, 0, 12, 0, 6]


def test_void_makes_no_contour():
    """A class that only void cuts off has no boundary, so there is nothing to score."""
    target = np.ones((6, 6), np.uint8)
    target[:, 3] = 255
    counts = count_boundary(np.ones((6, 6), np.uint8), target, 2, image_border=False)
    assert counts.target.tolist() == [0, 0]
    assert np.isnan(boundary_iou(counts)).all()


def test_a_contour_in_one_of_the_two_scores_0_and_in_neither_nothing():
    """An object that was missed and one that was made up are errors; an absent class is not."""
    empty, object_ = np.zeros((9, 9), np.uint8), square(2, 2)
    np.testing.assert_array_equal(boundary_iou(count_boundary(empty, object_, 3))[1:], [0, np.nan])
    np.testing.assert_array_equal(boundary_iou(count_boundary(object_, empty, 3))[1:], [0, np.nan])


def test_anisotropic_volumes_have_strips_of_one_physical_width():
    """Spacing 2 between slices: a strip of 4 units is 2 slices but 4 pixels thick."""
    label = np.zeros((12, 12, 12), np.uint8)
    label[1:11, 1:11, 1:11] = 1
    shape = np.array(label.shape)
    width = 4 / np.linalg.norm(shape * (2, 1, 1))
    counts = count_boundary(label, label, 2, width=width, spacing=(2, 1, 1))
    assert counts.target[1] == 10**3 - 6 * 2 * 2


def test_counts_add_up_and_survive_a_pickle():
    """The score of a dataset is a formula on the sum."""
    parts = [count_boundary(*scene(seed), 3) for seed in SEEDS]
    total = pickle.loads(pickle.dumps(sum(parts)))
    np.testing.assert_array_equal(total.common, np.sum([p.common for p in parts], axis=0))
    np.testing.assert_array_equal(total.pred, np.sum([p.pred for p in parts], axis=0))
    assert isinstance(total, BoundaryCounts)


def test_images_may_be_empty_or_all_void():
    """Nothing to measure gives no score, and is not an error."""
    nothing = np.zeros((0, 5), np.uint8)
    assert count_boundary(nothing, nothing, 2).target.tolist() == [0, 0]
    void = np.full((4, 5), 255, np.uint8)
    assert np.isnan(boundary_iou(count_boundary(void, void, 2))).all()


def test_more_classes_than_a_byte_holds():
    """Class 300 is not class 44."""
    label = square(2, 2).astype(np.int64) * 300
    counts = count_boundary(label, label, 301, ignore_index=-1)
    assert np.flatnonzero(counts.target).tolist() == [0, 300]


def test_a_width_beyond_the_diagonal_is_refused():
    """It is a share, not a number of pixels."""
    with pytest.raises(ArgumentError, match="width must be between 0 and 1, got 5"):
        count_boundary(square(2, 2), square(2, 2), 2, width=5)


def test_wrong_arrays_are_refused_as_in_counting():
    """The same sentences as count_confusion."""
    label = square(2, 2)
    with pytest.raises(ArgumentError, match="count_boundary: pred must be as large as target"):
        count_boundary(label[:5], label, 2)
    with pytest.raises(ArgumentError, match=r"pred must be class indices 0\.\.1 or ignored, got 7"):
        count_boundary(label * 7, label, 2)
    with pytest.raises(ArgumentTypeError, match="pred must be of an integer or bool dtype"):
        count_boundary(label / 2, label, 2)


def test_counts_of_other_classes_cannot_be_added():
    """Strips belong to a class."""
    label = square(2, 2)
    with pytest.raises(ArgumentError, match="must be of the same classes, got"):
        count_boundary(label, label, 2) + count_boundary(label, label, 3)
