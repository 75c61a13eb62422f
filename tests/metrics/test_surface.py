"""Surface distances: by hand, against loops over pixels, peers, empty classes, refusals."""

import pickle

import numpy as np
import pytest

import oracles_surface as oracle
from pixelwise.errors import ArgumentError
from pixelwise.metrics.surface import (
    average_surface_distance,
    hausdorff_distance,
    normalized_surface_distance,
    surface_distances,
)

SEEDS = range(4)


def dot(y, x, shape=(100, 100)):
    label = np.zeros(shape, np.uint8)
    label[y, x] = 1
    return label


def scene(seed, shape=(13, 17), num_classes=3):
    """Blocks of classes, a shifted and noisy prediction, some void."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, num_classes, (4, 5)).astype(np.uint8)
    target = np.kron(blocks, np.ones((4, 4), np.uint8))[: shape[0], : shape[1]]
    pred = np.roll(target, (2, -1), (0, 1))
    pred[rng.random(shape) < 0.05] = 0
    target[rng.random(shape) < 0.06] = 255
    return pred, target


def blobs(seed, shape=(11, 12, 13)):
    """Two volumes of three classes that overlap in part."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 3, [-(-n // 4) for n in shape])
    target = np.kron(coarse, np.ones((4, 4, 4), int))[: shape[0], : shape[1], : shape[2]]
    return np.roll(target, (1, 0, 2), (0, 1, 2)), target


def test_two_dots_two_pixels_apart_have_the_published_distances():
    """Half of the corners are 1 away and half 2: mean 1.5, largest 2, half within 1."""
    distances = surface_distances(dot(50, 72), dot(50, 70), 2)
    assert average_surface_distance(distances)[1] == pytest.approx(1.5)
    assert hausdorff_distance(distances)[1] == 2
    assert hausdorff_distance(distances, percent=50)[1] == 1
    assert normalized_surface_distance(distances, 1)[1] == pytest.approx(0.5)


def test_distances_and_lengths_follow_the_spacing():
    """Two pixels of 3 mm are 6 mm; a corner of 4 x 3 mm is 2.5 mm long."""
    distances = surface_distances(dot(50, 72), dot(50, 70), 2, spacing=(4, 3))
    np.testing.assert_allclose(np.sort(distances.pred[1].distance), [3, 3, 6, 6])
    np.testing.assert_allclose(distances.pred[1].size, 2.5)
    assert average_surface_distance(distances)[1] == pytest.approx(4.5)


def test_pieces_are_weighed_by_their_length():
    """Of two 4 x 4 squares one row apart, 6 sides of 1 and 2 corners of 0.7 are off by one each."""
    pred, target = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)
    target[5:9, 5:9] = pred[6:10, 5:9] = 1
    distances = surface_distances(pred, target, 2)
    off = 6 + 2 * np.sqrt(0.5)
    total = 12 + 4 * np.sqrt(0.5)
    assert average_surface_distance(distances)[1] == pytest.approx(off / total)
    assert normalized_surface_distance(distances, 0)[1] == pytest.approx(1 - off / total)


@pytest.mark.parametrize("border", [True, False])
@pytest.mark.parametrize("spacing", [(1, 1), (0.5, 2)])
@pytest.mark.parametrize("seed", SEEDS)
def test_surface_scores_equal_the_loop_over_pixels(seed, spacing, border):
    """Every class of a scene with void, one class after the other."""
    pred, target = scene(seed)
    distances = surface_distances(pred, target, 4, spacing=spacing, image_border=border)
    valid, limit = target != 255, np.hypot(*np.multiply(target.shape, spacing))
    sides = [oracle.surfaces(pred == c, target == c, valid, spacing, border) for c in range(4)]

    def same(scores, expected):
        np.testing.assert_allclose(scores, expected, rtol=1e-9)

    for tolerance in (0, 1, 2.5):
        expected = [oracle.normalized_surface_distance(side, tolerance) for side in sides]
        same(normalized_surface_distance(distances, tolerance), expected)
    for percent in (50, 95, 100):
        expected = [oracle.hausdorff_distance(side, percent, limit) for side in sides]
        same(hausdorff_distance(distances, percent), expected)
    expected = [oracle.average_surface_distance(side, limit) for side in sides]
    same(average_surface_distance(distances), expected)


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.7, 0.7)])
def test_normalized_surface_distance_of_volumes_equals_monai(seed, spacing):
    """SurfaceDice with use_subvoxels=True is the DeepMind definition; outside is background."""
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    pred, target = blobs(seed)
    distances = surface_distances(pred, target, 3, spacing=spacing)
    one_hot = [torch.tensor(np.eye(3)[label]).movedim(-1, 0)[None] for label in (pred, target)]
    for tolerance in (0.5, 1.5, 4.0):
        expected = metrics.compute_surface_dice(
            *one_hot, [tolerance] * 3, True, spacing=spacing, use_subvoxels=True
        )
        scores = normalized_surface_distance(distances, tolerance)
        np.testing.assert_allclose(scores, expected[0].numpy(), rtol=1e-5)


def test_a_missed_or_invented_object_has_a_defined_finite_distance():
    """Nothing within the tolerance; the diagonal as distance; a mean over images stays finite."""
    empty, object_ = np.zeros((30, 40), np.uint8), dot(5, 5, (30, 40))
    for pred, target in ((empty, object_), (object_, empty)):
        distances = surface_distances(pred, target, 2)
        assert normalized_surface_distance(distances, 1000)[1] == 0
        assert hausdorff_distance(distances)[1] == 50
        assert hausdorff_distance(distances, 95)[1] == 50
        assert average_surface_distance(distances)[1] == 50


def test_a_class_in_neither_has_no_distance():
    """NaN: neither 0 nor infinity."""
    distances = surface_distances(dot(5, 5), dot(5, 5), 3)
    assert np.isnan(normalized_surface_distance(distances, 1)[2])
    assert np.isnan(hausdorff_distance(distances)[2])
    assert np.isnan(average_surface_distance(distances)[2])


def test_a_class_may_have_its_own_tolerance():
    """One number for all, or one a class."""
    distances = surface_distances(dot(50, 72), dot(50, 70), 2)
    scores = normalized_surface_distance(distances, [0, 2])
    assert scores[1] == 1
    assert scores[0] < 1
    with pytest.raises(ArgumentError, match=r"tolerance must be \(C,\) = \(2\), got \(3,\)"):
        normalized_surface_distance(distances, [1, 1, 1])


def test_distances_can_be_sent_by_a_worker():
    """A record of arrays."""
    distances = surface_distances(*scene(0), 3)
    restored = pickle.loads(pickle.dumps(distances))
    np.testing.assert_array_equal(hausdorff_distance(restored), hausdorff_distance(distances))


@pytest.mark.parametrize("tolerance", [-1, float("nan")])
def test_a_tolerance_below_0_is_refused(tolerance):
    """No distance is."""
    distances = surface_distances(dot(5, 5), dot(5, 5), 2)
    with pytest.raises(ArgumentError, match="tolerance must be >= 0, got"):
        normalized_surface_distance(distances, tolerance)


@pytest.mark.parametrize("percent", [0, 0.0, 101, -5, float("nan")])
def test_a_percentage_is_above_0_and_at_most_100(percent):
    """0.95 would be no error but no HD95 either, so the message says how it is meant."""
    distances = surface_distances(dot(5, 5), dot(5, 5), 2)
    with pytest.raises(ArgumentError, match=r"percent must be .* 95 is HD95"):
        hausdorff_distance(distances, percent)
