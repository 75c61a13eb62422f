"""What holds for every row of SCORES, whatever is counted."""

import inspect
import pickle
import warnings

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.metrics import scores
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.means import CONVENTIONS
from pixelwise.metrics.scores import (
    SCORES,
    dice,
    f_beta,
    iou,
    mean_dice,
    mean_iou,
    precision,
    recall,
)

NUM_CLASSES = 5
SEEDS = range(4)
ROWS = sorted(SCORES)
PER_CLASS = [name for name in ROWS if SCORES[name].per_class]
SYMMETRIC = [name for name in ROWS if SCORES[name].symmetric]


def image(seed, shape=(9, 11)):
    """Prediction and target with void pixels; class 4 is absent from odd seeds."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, NUM_CLASSES - seed % 2, shape).astype(np.uint8)
    guess = rng.integers(0, NUM_CLASSES - seed % 2, shape).astype(np.uint8)
    pred = np.where(rng.random(shape) < 0.6, target, guess)
    target[rng.random(shape) < 0.1] = 255
    return pred, target


def counts_of(seed):
    return count_confusion(*image(seed), NUM_CLASSES)


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_score_equals_the_loop_over_pixels(name, seed):
    """Definition, one pixel at a time."""
    pixels = oracle.pixels_of(*image(seed), {255})
    same(SCORES[name].fn(counts_of(seed)), oracle.score(name, pixels, NUM_CLASSES))


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_score_stays_within_its_bounds(name, seed):
    """NaN is not a score; every other value lies between the bounds of the row."""
    low, high = SCORES[name].bounds
    scores = np.asarray(SCORES[name].fn(counts_of(seed)))
    present = scores[~np.isnan(scores)]
    assert present.size > 0
    assert (low <= present).all()
    assert (present <= high).all()


@pytest.mark.parametrize("name", ROWS)
def test_a_perfect_prediction_scores_1_and_a_disjoint_one_0(name):
    """Exactly, not to rounding."""
    _, target = image(0)
    perfect = SCORES[name].fn(count_confusion(target, target, NUM_CLASSES))
    assert np.unique(perfect).tolist() == [1.0]
    shifted = (target.astype(int) + 1) % NUM_CLASSES
    disjoint = SCORES[name].fn(count_confusion(shifted, target, NUM_CLASSES))
    assert np.unique(disjoint).tolist() == [0.0]


def test_every_score_is_a_row_of_the_table():
    """A new one is under all laws of this file, or it is not a formula on counts."""
    public = {
        name
        for name, fn in inspect.getmembers(scores, inspect.isfunction)
        if fn.__module__ == scores.__name__ and "counts" in inspect.signature(fn).parameters
    }
    no_scores = {"classes_averaged"}
    assert {name for name in public if not name.startswith("_")} - no_scores == set(SCORES)


NOTHING = {
    "all void": (np.zeros((4, 5), int), np.full((4, 5), 255)),
    "no row": (np.zeros((0, 5), int), np.zeros((0, 5), int)),
    "no column": (np.zeros((5, 0), np.uint8), np.zeros((5, 0), np.uint8)),
    "no axis": (np.array(0), np.array(255)),
}


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("name", ROWS)
def test_without_a_valid_pixel_there_is_no_score(name, nothing):
    """NaN, in every class and every mean, and no warning of numpy."""
    counts = count_confusion(*NOTHING[nothing], NUM_CLASSES)
    assert counts.valid == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(SCORES[name].fn(counts)).all()


@pytest.mark.parametrize("name", ROWS)
def test_a_single_class_is_always_right(name):
    """C = 1, with void or without: there is nothing else to predict."""
    target = np.array([[0, 255, 0]])
    assert np.unique(SCORES[name].fn(count_confusion(np.zeros((1, 3), int), target, 1))) == [1.0]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("name", ROWS)
def test_layout_and_integer_type_change_no_bit(name, dtype):
    """Views with any strides, and every integer type, are read as they are and left as they are."""
    pred, target = (array.astype(dtype) for array in image(2))
    expected = SCORES[name].fn(counts_of(2))
    wide = [np.repeat(np.repeat(array, 2, 0), 3, 1)[::2, ::3] for array in (pred, target)]
    back = [np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1] for array in (pred, target)]
    column = [np.asfortranarray(array) for array in (pred, target)]
    for one, other in (wide, back, column, (pred, column[1])):
        one.setflags(write=False)
        other.setflags(write=False)
        np.testing.assert_array_equal(
            SCORES[name].fn(count_confusion(one, other, NUM_CLASSES)), expected
        )


@pytest.mark.parametrize("name", ROWS)
def test_scoring_changes_no_counts(name):
    """Twice is the same, and the counts are what they were."""
    counts = counts_of(1)
    before = counts.matrix.copy()
    np.testing.assert_array_equal(SCORES[name].fn(counts), SCORES[name].fn(counts))
    np.testing.assert_array_equal(counts.matrix, before)


@pytest.mark.parametrize("exponent", [24, 31, 53])
@pytest.mark.parametrize("name", ROWS)
def test_the_size_of_the_counts_does_not_matter(name, exponent):
    """A dataset 2^53 times as large has the same scores: nothing stops, wraps or turns inexact."""
    counts = counts_of(0)
    larger = ConfusionCounts(counts.matrix * 2**exponent)
    np.testing.assert_array_equal(SCORES[name].fn(larger), SCORES[name].fn(counts))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("mean", [mean_iou, mean_dice])
def test_every_convention_keeps_the_laws_of_a_mean(mean, convention):
    """Within 0..1, whatever the names of the classes, and NaN without a valid pixel."""
    as_list = {True: lambda counts: [counts], False: lambda counts: counts}
    given = as_list[convention == "per_image"]
    counts = counts_of(1)
    order = np.random.default_rng(5).permutation(NUM_CLASSES)
    permuted = ConfusionCounts(counts.matrix[np.ix_(order, order)])
    value = mean(given(counts), convention)
    assert 0 < value < 1
    same(mean(given(permuted), convention), value)
    assert np.isnan(mean(given(ConfusionCounts.zero(NUM_CLASSES)), convention))
    assert mean(given(ConfusionCounts(np.diag([3, 4]))), convention) == 1


@pytest.mark.parametrize("name", PER_CLASS)
def test_one_score_a_class(name):
    """(C,) float64."""
    scores = SCORES[name].fn(counts_of(0))
    assert scores.shape == (NUM_CLASSES,)
    assert scores.dtype == np.float64


@pytest.mark.parametrize("name", PER_CLASS)
def test_a_class_that_is_only_predicted_scores_0(name):
    """False positives are never dropped from the score."""
    pred, target = np.array([0, 0, 2]), np.array([0, 0, 0])
    assert SCORES[name].fn(count_confusion(pred, target, 4))[2] == 0


@pytest.mark.parametrize("name", PER_CLASS)
def test_a_class_that_is_only_in_the_target_scores_0(name):
    """A missed class is a failure, not an absence."""
    pred, target = np.array([0, 0, 0]), np.array([0, 0, 3])
    assert SCORES[name].fn(count_confusion(pred, target, 4))[3] == 0


@pytest.mark.parametrize("name", PER_CLASS)
def test_a_class_that_is_in_neither_has_no_score(name):
    """NaN: not 0, not 1, not -1."""
    pred, target = np.array([0, 0, 2]), np.array([0, 3, 0])
    assert np.isnan(SCORES[name].fn(count_confusion(pred, target, 4))[1])


@pytest.mark.parametrize("name", [name for name in ROWS if name not in PER_CLASS])
def test_a_class_more_that_is_in_neither_changes_no_mean(name):
    """The scores of a dataset do not depend on classes that never occur."""
    pred, target = image(0)
    same(
        SCORES[name].fn(count_confusion(pred, target, NUM_CLASSES)),
        SCORES[name].fn(count_confusion(pred, target, NUM_CLASSES + 3)),
    )


@pytest.mark.parametrize("name", SYMMETRIC)
@pytest.mark.parametrize("seed", SEEDS)
def test_swapping_target_and_prediction_changes_no_symmetric_score(name, seed):
    """Rows registered as symmetric are."""
    swapped = ConfusionCounts(counts_of(seed).matrix.T)
    same(SCORES[name].fn(swapped), SCORES[name].fn(counts_of(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_recall_is_precision_with_target_and_prediction_swapped(seed):
    """The two differ in nothing but the direction."""
    swapped = ConfusionCounts(counts_of(seed).matrix.T)
    same(recall(counts_of(seed)), precision(swapped))


@pytest.mark.parametrize("seed", SEEDS)
def test_dice_iou_and_f_beta_are_functions_of_each_other(seed):
    """Dice = 2 IoU / (1 + IoU) = F1, and the harmonic mean of precision and recall."""
    counts = counts_of(seed)
    same(dice(counts), 2 * iou(counts) / (1 + iou(counts)))
    same(dice(counts), f_beta(counts, beta=1))
    same(f_beta(counts, beta=0), precision(counts))


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_renumbering_the_classes_permutes_the_scores(name, seed):
    """No class is special, the first included."""
    order = np.random.default_rng(seed).permutation(NUM_CLASSES)
    counts = counts_of(seed)
    permuted = ConfusionCounts(counts.matrix[np.ix_(order, order)])
    before = SCORES[name].fn(counts)
    expected = before[order] if name in PER_CLASS else before
    same(SCORES[name].fn(permuted), expected)


@pytest.mark.parametrize("name", ROWS)
def test_the_score_of_summed_counts_is_the_score_of_the_images_as_one(name):
    """Pooled over pixels, never an average of averages."""
    images = [image(seed) for seed in SEEDS]
    summed = sum(count_confusion(pred, target, NUM_CLASSES) for pred, target in images)
    pred, target = (np.concatenate(arrays) for arrays in zip(*images))
    as_one = count_confusion(pred, target, NUM_CLASSES)
    assert summed == as_one
    np.testing.assert_array_equal(SCORES[name].fn(summed), SCORES[name].fn(as_one))


@pytest.mark.parametrize("name", ROWS)
def test_ignored_pixels_never_matter(name):
    """Leaving pixels out by index is the same as not having them."""
    pred, target = image(1)
    kept = target != 255
    np.testing.assert_array_equal(
        SCORES[name].fn(count_confusion(pred, target, NUM_CLASSES)),
        SCORES[name].fn(count_confusion(pred[kept], target[kept], NUM_CLASSES)),
    )


def test_adding_counts_is_associative_and_commutative():
    """Exactly, so that the order of workers and shards never matters."""
    a, b, c = (counts_of(seed) for seed in (0, 1, 2))
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert (a + b).images == 2


def test_adding_counts_has_a_zero():
    """The counts of no image change nothing, and neither does the 0 that sum() starts with."""
    counts, zero = counts_of(0), ConfusionCounts.zero(NUM_CLASSES)
    assert zero + counts == counts == counts + zero
    assert (zero + counts).images == counts.images
    assert sum([counts]) == counts == sum([], counts)


def test_counts_survive_a_pickle():
    """Workers send them back."""
    counts = counts_of(0) + counts_of(1)
    restored = pickle.loads(pickle.dumps(counts))
    assert restored == counts
    assert restored.images == counts.images
    assert restored + counts == counts + counts


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_the_tiles_of_an_image_add_up_to_the_image(parts):
    """Any cut along any axis."""
    pred, target = image(3)
    tiles = zip(np.array_split(pred, parts, axis=1), np.array_split(target, parts, axis=1))
    assert sum(count_confusion(p, t, NUM_CLASSES) for p, t in tiles) == counts_of(3)


@pytest.mark.parametrize(
    ("name", "call", "options"),
    [
        ("iou", "jaccard_score", {"average": None}),
        ("dice", "f1_score", {"average": None}),
        ("precision", "precision_score", {"average": None}),
        ("recall", "recall_score", {"average": None}),
        ("f_beta", "fbeta_score", {"average": None, "beta": 1}),
        ("pixel_accuracy", "accuracy_score", None),
        ("mean_accuracy", "balanced_accuracy_score", None),
        ("frequency_weighted_iou", "jaccard_score", {"average": "weighted"}),
        ("mean_iou", "jaccard_score", {"average": "macro"}),
        ("mean_dice", "f1_score", {"average": "macro"}),
    ],
)
def test_a_score_equals_the_one_of_scikit_learn(name, call, options):
    """Where scikit-learn is installed: the calls that the docstrings name."""
    metrics = pytest.importorskip("sklearn.metrics")
    pred, target = image(2)
    kept = target != 255
    zero = {} if options is None else {"zero_division": 0, **options}
    expected = getattr(metrics, call)(target[kept], pred[kept], **zero)
    same(SCORES[name].fn(counts_of(2)), expected)
