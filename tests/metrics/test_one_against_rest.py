"""Each class against the rest, planes of classes that overlap, and one-hot arrays."""

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import count_confusion
from pixelwise.metrics.means import CONVENTIONS
from pixelwise.metrics.members import (
    count_one_hot,
    count_planes,
    mean_of_members,
    member_scores,
    one_against_rest,
)
from pixelwise.metrics.scores import dice, iou, mean_iou, precision, recall

NUM_CLASSES = 5


def drawn(seed, shape=(3, 8, 9)):
    """Class 3 is only predicted, class 4 in neither; a tenth is void."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 3, shape)
    pred = np.where(rng.random(shape) < 0.3, rng.integers(0, 4, shape), target)
    target[rng.random(shape) < 0.1] = 255
    return pred, target


def hot(index, classes=NUM_CLASSES):
    return np.stack([index == c for c in range(classes)], axis=1).astype(np.uint8)


def planes(seed, shape=(2, 4, 6, 7)):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, shape)
    pred = np.where(rng.random(shape) < 0.2, 1 - target, target)
    target[rng.random(shape) < 0.1] = 255
    return pred, target


@pytest.mark.parametrize("seed", range(3))
def test_every_class_has_four_counts_that_add_up_to_the_valid_pixels(seed):
    """Against loops over pixels."""
    pred, target = drawn(seed)
    rest = one_against_rest(count_confusion(pred, target, NUM_CLASSES))
    pixels = oracle.pixels_of(pred, target, {255})
    outcomes = [oracle.outcome(pixels, c) for c in range(NUM_CLASSES)]
    assert list(zip(rest.tp.tolist(), rest.fp.tolist(), rest.fn.tolist())) == outcomes
    assert (rest.tp + rest.fp + rest.fn + rest.tn).tolist() == [len(pixels)] * NUM_CLASSES
    assert rest.ignored.tolist() == [(target == 255).sum()] * NUM_CLASSES


def test_the_scores_of_one_against_rest_are_those_of_the_counts():
    """And every mean by a convention that knows no other class."""
    counts = count_confusion(*drawn(0), NUM_CLASSES)
    rest = one_against_rest(counts)
    expected = {"iou": iou, "dice": dice, "precision": precision, "recall": recall}
    for name, values in member_scores(rest).items():
        np.testing.assert_array_equal(values, expected[name](counts))
    for convention in set(CONVENTIONS) - {"per_image"}:
        assert mean_of_members(rest, convention) == mean_iou(counts, convention)


def test_one_against_rest_adds_up_as_counts_do():
    parts = [count_confusion(*drawn(seed), NUM_CLASSES) for seed in range(3)]
    whole = one_against_rest(sum(parts))
    added = sum(one_against_rest(part) for part in parts)
    np.testing.assert_array_equal(added.matrix, whole.matrix)
    np.testing.assert_array_equal(added.ignored, whole.ignored)
    assert added.images == whole.images


def test_torchmetrics_counts_the_same_against_the_rest():
    """multiclass_stat_scores gives tp, fp, tn, fn and the target pixels of each class."""
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    pred, target = drawn(1)
    theirs = classification.multiclass_stat_scores(
        *map(torch.tensor, (pred, target)), NUM_CLASSES, average=None, ignore_index=255
    )
    rest = one_against_rest(count_confusion(pred, target, NUM_CLASSES))
    ours = [rest.tp, rest.fp, rest.tn, rest.fn, rest.target_pixels]
    np.testing.assert_array_equal(np.stack(ours, axis=1), theirs)


def test_smp_counts_the_same_against_the_rest():
    torch = pytest.importorskip("torch")
    smp = pytest.importorskip("segmentation_models_pytorch")
    pred, target = drawn(2)
    stats = smp.metrics.get_stats(
        *map(torch.tensor, (pred, target)),
        mode="multiclass",
        num_classes=NUM_CLASSES,
        ignore_index=255,
    )
    rest = one_against_rest(count_confusion(pred, target, NUM_CLASSES))
    ours = [rest.tp, rest.fp, rest.fn]  # its true negatives hold void too
    np.testing.assert_array_equal(np.stack(ours), np.stack([s.sum(0) for s in stats[:3]]))


def test_scikit_learn_counts_the_same_against_the_rest():
    metrics = pytest.importorskip("sklearn.metrics")
    pred, target = drawn(0)
    kept = target != 255
    expected = metrics.multilabel_confusion_matrix(
        target[kept], pred[kept], labels=range(NUM_CLASSES)
    )
    rest = one_against_rest(count_confusion(pred, target, NUM_CLASSES))
    np.testing.assert_array_equal(rest.matrix, expected)


# Planes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_planes_are_counted_class_by_class(seed):
    """Void is left out of its own class alone."""
    pred, target = planes(seed)
    counts = count_planes(pred, target)
    for c in range(4):
        own = count_confusion(pred[:, c], target[:, c], 2)
        np.testing.assert_array_equal(counts.matrix[c], own.matrix)
        assert counts.ignored[c] == own.ignored
    assert counts.images == 2


def test_torchmetrics_counts_the_same_planes():
    """multilabel_confusion_matrix, and its Jaccard index by macro, micro and weighted means."""
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    pred, target = planes(3)
    given = [torch.tensor(array) for array in (pred, target)]
    counts = count_planes(pred, target)
    theirs = classification.multilabel_confusion_matrix(*given, 4, ignore_index=255)
    np.testing.assert_array_equal(counts.matrix, theirs)
    for average, convention in (("macro", "present"), ("micro", "micro"), ("weighted", "weighted")):
        theirs = classification.multilabel_jaccard_index(
            *given, 4, average=average, ignore_index=255
        )
        assert mean_of_members(counts, convention) == pytest.approx(float(theirs), abs=1e-6)


def test_void_of_planes_is_a_value_several_or_a_mask():
    pred, target = planes(0)
    np.testing.assert_array_equal(
        count_planes(pred, target).matrix, count_planes(pred, target, target == 255).matrix
    )
    several = np.where(target == 255, 254 + np.arange(7) % 2, target)
    np.testing.assert_array_equal(
        count_planes(pred, several, [254, 255]).matrix, count_planes(pred, target).matrix
    )


@pytest.mark.parametrize(
    ("pred", "target", "words"),
    [
        ([[[0, 2]]], [[[0, 1]]], r"count_planes: pred must be class indices 0..1"),
        ([[[0, 1]]], [[[0, 7]]], r"count_planes: target must be class indices 0..1 or ignored"),
        ([0, 1], [0, 1], r"target must be \(N, C, \*S\), a plane for each class, got \(2,\)"),
        ([[[0, 1]]], [[[0]]], "pred must be as large as target"),
    ],
)
def test_what_is_no_plane_is_refused(pred, target, words):
    with pytest.raises(ArgumentError, match=words):
        count_planes(pred, target)
    with pytest.raises(ArgumentTypeError, match="pred must be of an integer or bool dtype"):
        count_planes(np.array(pred, float), target)


def test_a_mean_of_members_has_no_image_to_average():
    counts = count_planes(*planes(0))
    with pytest.raises(ArgumentError, match=r"convention must be one of present.*'per_image'"):
        mean_of_members(counts, "per_image")
    with pytest.raises(ArgumentError, match="score must be one of iou, dice, got 'f1'"):
        mean_of_members(counts, score="f1")


# One-hot ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_one_hot_arrays_are_counted_like_their_indices(seed):
    """A pixel of zeros alone is void in the target; what is predicted there does not matter."""
    pred, target = drawn(seed)
    one = hot(pred)
    one[np.broadcast_to((target == 255)[:, None], one.shape)] = 9
    counts = count_one_hot(one, hot(target))
    assert counts == count_confusion(pred, target, NUM_CLASSES)
    assert counts.images == 3


def test_more_of_a_one_hot_target_can_be_left_out():
    pred, target = drawn(0)
    expected = count_confusion(pred, target, NUM_CLASSES, ignore_index=[1, 255])
    assert count_one_hot(hot(pred), hot(target), ignore_index=1) == expected
    assert count_one_hot(hot(pred), hot(target), ignore_index=target == 1) == expected


@pytest.mark.parametrize(
    ("pred", "target", "words"),
    [
        (
            [[[1], [1]]],
            [[[1], [0]]],
            r"pred must be one 1 .* 1 other .* at \(0, 0\)",
        ),
        ([[[0], [0]]], [[[1], [0]]], "pred must be one 1 and otherwise 0 at every pixel"),
        ([[[1], [0]]], [[[1], [1]]], "target must be one 1 .*counted by count_planes"),
        ([[[1], [0]]], [[[3], [0]]], "count_one_hot: target must be one 1 and otherwise 0"),
        ([1], [1], r"target must be \(N, C, \*S\), a plane for each class"),
    ],
)
def test_what_is_not_one_hot_is_refused(pred, target, words):
    with pytest.raises(ArgumentError, match=words):
        count_one_hot(pred, target)
