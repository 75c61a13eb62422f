"""What holds for every score of contours and of images, whatever is in the image."""

import warnings

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.metrics.boundary import boundary_iou, count_boundary
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.contour_f import boundary_f, count_contours
from pixelwise.metrics.image_scores import IMAGE_SCORES
from pixelwise.metrics.scores import mean_iou
from pixelwise.metrics.surface import (
    average_surface_distance,
    hausdorff_distance,
    normalized_surface_distance,
    surface_distances,
)

NUM_CLASSES = 4
SEEDS = range(3)


def nsd(pred, target, num_classes, **options):
    return normalized_surface_distance(surface_distances(pred, target, num_classes, **options), 1)


def hd95(pred, target, num_classes, **options):
    return hausdorff_distance(surface_distances(pred, target, num_classes, **options), 95)


def assd(pred, target, num_classes, **options):
    return average_surface_distance(surface_distances(pred, target, num_classes, **options))


def boundary_overlap(pred, target, num_classes, **options):
    return boundary_iou(count_boundary(pred, target, num_classes, **options))


def boundary_match(pred, target, num_classes, **options):
    return boundary_f(count_contours(pred, target, num_classes, **options))


# score -> what a perfect prediction gets
PERFECT = {nsd: 1.0, hd95: 0.0, assd: 0.0, boundary_overlap: 1.0, boundary_match: 1.0}
SHAPE_SCORES = list(PERFECT)


def scene(seed, void=0.05, shape=(15, 18)):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, NUM_CLASSES - 1, (4, 5)).astype(np.uint8)
    target = np.kron(blocks, np.ones((4, 4), np.uint8))[: shape[0], : shape[1]].copy()
    pred = np.roll(target, (1, 2), (0, 1))
    target[rng.random(shape) < void] = 255
    return pred, target


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("score", SHAPE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_perfect_prediction_is_perfect_with_any_void(score, seed):
    """Exactly; absent classes have no score."""
    _, target = scene(seed, void=0.2)
    scores = score(np.where(target == 255, 0, target), target, NUM_CLASSES)
    assert set(scores[~np.isnan(scores)]) == {PERFECT[score]}
    assert np.isnan(scores[NUM_CLASSES - 1])


@pytest.mark.parametrize("score", SHAPE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_predicted_under_void_never_matters(score, seed):
    """Not even values that are not a class."""
    pred, target = scene(seed, void=0.2)
    other = np.where(target == 255, 99, pred)
    np.testing.assert_array_equal(
        score(pred, target, NUM_CLASSES), score(other, target, NUM_CLASSES)
    )


@pytest.mark.parametrize("score", SHAPE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_void_is_void_by_value_by_list_or_by_mask(score, seed):
    """One contract for every metric."""
    pred, target = scene(seed)
    expected = score(pred, target, NUM_CLASSES)
    signed = np.where(target == 255, -1, target.astype(int))
    mask = target == 255
    for changed, ignore_index in ((signed, -1), (signed, (7, -1)), (target, mask)):
        np.testing.assert_array_equal(
            score(pred, changed, NUM_CLASSES, ignore_index=ignore_index), expected
        )


@pytest.mark.parametrize("score", SHAPE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_renumbering_the_classes_permutes_the_scores_of_shapes(score, seed):
    """No class is background."""
    order = np.random.default_rng(seed).permutation(NUM_CLASSES)
    pred, target = scene(seed)
    renumbered = np.append(order, np.full(252, 255))[target]
    same(score(order[pred], renumbered, NUM_CLASSES)[order], score(pred, target, NUM_CLASSES))


@pytest.mark.parametrize("score", SHAPE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_flipping_and_transposing_the_picture_changes_nothing(score, seed):
    """No direction is special; views that are not contiguous are fine."""
    pred, target = scene(seed)
    expected = score(pred, target, NUM_CLASSES)
    same(score(pred[::-1], target[::-1], NUM_CLASSES), expected)
    same(score(pred[:, ::-1], target[:, ::-1], NUM_CLASSES), expected)
    same(score(pred.T, target.T, NUM_CLASSES), expected)


@pytest.mark.parametrize("score", SHAPE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_scores_of_shapes_are_symmetric(score, seed):
    """Swapping target and prediction changes nothing where nothing is void."""
    pred, target = scene(seed, void=0)
    same(score(target, pred, NUM_CLASSES), score(pred, target, NUM_CLASSES))


@pytest.mark.parametrize(
    ("score", "factor"), [(hd95, 2), (assd, 2), (boundary_overlap, 1), (boundary_match, 1)]
)
def test_distances_are_in_the_unit_of_the_spacing_and_shares_have_none(score, factor):
    """Twice the spacing, twice the distance."""
    pred, target = scene(0)
    expected = factor * score(pred, target, NUM_CLASSES)
    same(score(pred, target, NUM_CLASSES, spacing=(2, 2)), expected)


@pytest.mark.parametrize("score", SHAPE_SCORES)
def test_inputs_of_shape_scores_are_not_changed(score):
    """Arrays of the caller are read only."""
    pred, target = scene(0)
    pred.setflags(write=False)
    target.setflags(write=False)
    score(pred, target, NUM_CLASSES)


NOTHING = {
    "all void": np.full((5, 6), 255, np.uint8),
    "no row": np.zeros((0, 6), np.uint8),
    "no column": np.zeros((6, 0), np.uint8),
}


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("score", SHAPE_SCORES)
def test_without_a_valid_pixel_no_shape_has_a_score(score, nothing):
    """NaN in every class, and no warning."""
    target = NOTHING[nothing]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(score(np.zeros(target.shape, int), target, NUM_CLASSES)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3)])
@pytest.mark.parametrize("score", SHAPE_SCORES)
def test_images_of_a_pixel_or_a_line_are_images(score, shape):
    """A perfect prediction is perfect; a class that is in neither has no score."""
    target = (np.arange(np.prod(shape)) % 3).reshape(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(target, target, NUM_CLASSES)
    assert set(scores[~np.isnan(scores)]) <= {PERFECT[score]}
    assert np.isnan(scores[NUM_CLASSES - 1])


@pytest.mark.parametrize(
    ("score", "worst"),
    [
        (nsd, 0),
        (hd95, np.hypot(15, 18)),
        (assd, np.hypot(15, 18)),
        (boundary_overlap, 0),
        (boundary_match, 0),
    ],
)
def test_a_shape_in_one_of_the_two_alone_has_the_worst_score(score, worst):
    """An object that was missed, or made up: a share of 0, a distance of the whole diagonal."""
    empty, object_ = np.zeros((15, 18), int), np.zeros((15, 18), int)
    object_[4:9, 5:11] = 2
    for pred, target in ((empty, object_), (object_, empty)):
        scores = score(pred, target, NUM_CLASSES)
        assert scores[2] == pytest.approx(worst)
        assert np.isnan(scores[[1, 3]]).all()


@pytest.mark.parametrize("score", SHAPE_SCORES)
def test_a_single_class_has_its_border_or_nothing(score):
    """C = 1: perfect where the image border is a contour, and no score where it is none."""
    scores = score(np.zeros((5, 6), int), np.zeros((5, 6), int), 1)
    assert set(scores[~np.isnan(scores)]) <= {PERFECT[score]}


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.uint64])
@pytest.mark.parametrize("score", SHAPE_SCORES)
def test_the_integer_type_changes_no_bit(score, dtype):
    """Class 255 of a byte does not become -1, and 0 - 1 does not become a class."""
    pred, target = scene(1)
    np.testing.assert_array_equal(
        score(pred.astype(dtype), target.astype(dtype), NUM_CLASSES),
        score(pred, target, NUM_CLASSES),
    )


@pytest.mark.parametrize("score", SHAPE_SCORES)
def test_a_volume_of_one_slice_needs_its_spacing(score):
    """(N, H, W) is a batch or a volume; without a spacing it is ambiguous."""
    pred, target = scene(0)
    with pytest.raises(ArgumentError, match=r"spacing must be given for \(D, H, W\), got None"):
        score(pred[None], target[None], NUM_CLASSES)
    scores = score(np.stack([pred] * 3), np.stack([target] * 3), NUM_CLASSES, spacing=(1, 1, 1))
    assert scores.shape == (NUM_CLASSES,)


# scores of a list of images ---------------------------------------------------------------------


def images(seed, number=6):
    pairs = [scene(100 * seed + i, void=0.1) for i in range(number)]
    return [count_confusion(pred, target, NUM_CLASSES) for pred, target in pairs]


@pytest.mark.parametrize("name", IMAGE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_images_does_not_matter(name, seed):
    """Whatever worker finishes first."""
    counted = images(seed)
    same(IMAGE_SCORES[name].fn(counted[::-1]), IMAGE_SCORES[name].fn(counted))


@pytest.mark.parametrize("name", IMAGE_SCORES)
@pytest.mark.parametrize("seed", SEEDS)
def test_renumbering_the_classes_changes_no_mean_over_images(name, seed):
    """No class is special."""
    order = np.random.default_rng(seed).permutation(NUM_CLASSES)
    counted = images(seed)
    permuted = [ConfusionCounts(counts.matrix[np.ix_(order, order)]) for counts in counted]
    same(IMAGE_SCORES[name].fn(permuted), IMAGE_SCORES[name].fn(counted))


@pytest.mark.parametrize("name", IMAGE_SCORES)
def test_one_image_scored_as_a_list_is_the_image(name):
    """All three are then the mean over the classes of one image."""
    diagonal = ConfusionCounts(np.array([[5, 1], [2, 7]]))
    same(IMAGE_SCORES[name].fn([diagonal]), mean_iou(diagonal, "target"))


@pytest.mark.parametrize("name", ["mean_iou_i", "mean_iou_c"])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_image_has_one_vote_whatever_its_size(name, seed):
    """Ten times the pixels of one image change the pooled mean, not these."""
    counted = images(seed)
    larger = [ConfusionCounts(10 * counted[0].matrix), *counted[1:]]
    same(IMAGE_SCORES[name].fn(larger), IMAGE_SCORES[name].fn(counted))


@pytest.mark.parametrize("name", ["mean_iou_i", "mean_iou_c"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_worst_are_never_better_than_all(name, seed):
    """The mean of a lowest part grows with the part."""
    counted = images(seed)
    means = [IMAGE_SCORES[name].fn(counted, worst=q) for q in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert means == sorted(means)


@pytest.mark.parametrize("name", IMAGE_SCORES)
def test_images_without_a_valid_pixel_have_no_vote(name):
    """They change nothing; if there is no other, there is no score."""
    counted = images(0)
    void = ConfusionCounts.zero(NUM_CLASSES)
    same(IMAGE_SCORES[name].fn([void, *counted, void]), IMAGE_SCORES[name].fn(counted))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(IMAGE_SCORES[name].fn([void, void]))


@pytest.mark.parametrize("name", IMAGE_SCORES)
def test_a_single_class_in_every_image_is_right(name):
    """C = 1, and one class of several."""
    assert IMAGE_SCORES[name].fn([ConfusionCounts(np.array([[4]]))] * 2) == 1
    assert IMAGE_SCORES[name].fn([ConfusionCounts(np.diag([0, 4, 0]))] * 2) == 1
