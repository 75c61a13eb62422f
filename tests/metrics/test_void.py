"""Classes that are left out of counts and means, and void that is predicted."""

import math

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.means import CONVENTIONS
from pixelwise.metrics.scores import classes_averaged, iou, mean_dice, mean_iou, recall
from pixelwise.metrics.void import count_with_void, leave_out

NUM_CLASSES = 5
POOLED = [name for name in CONVENTIONS if name != "per_image"]


def drawn(seed, shape=(9, 11)):
    """Class 4 is only predicted; a tenth is void."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 4, shape)
    pred = np.where(rng.random(shape) < 0.4, rng.integers(0, NUM_CLASSES, shape), target)
    target[rng.random(shape) < 0.1] = 255
    return pred, target


@pytest.mark.parametrize("classes", [[0], [2, 3], [4]])
def test_leaving_classes_out_is_ignoring_their_target_pixels(classes):
    pred, target = drawn(0)
    counts = count_confusion(pred, target, NUM_CLASSES)
    expected = count_confusion(pred, target, NUM_CLASSES, ignore_index=[*classes, 255])
    assert leave_out(counts, classes) == expected
    assert leave_out(counts, classes).images == counts.images


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("ignored", [0, 2])
def test_torchmetrics_leaves_an_ignored_class_out_of_target_and_mean(average, ignored):
    """MulticlassJaccardIndex(ignore_index=c), for a class inside 0..C-1."""
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    pred, target = drawn(1)
    target[target == 255] = ignored
    theirs = classification.multiclass_jaccard_index(
        *map(torch.tensor, (pred, target)), NUM_CLASSES, average=average, ignore_index=ignored
    )
    counts = leave_out(count_confusion(pred, target, NUM_CLASSES), [ignored])
    rest = [c for c in range(NUM_CLASSES) if c != ignored]
    convention = {"macro": "present"}.get(average, average)
    assert mean_iou(counts, convention, rest) == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize("convention", POOLED)
@pytest.mark.parametrize("mean", [mean_iou, mean_dice])
def test_a_mean_over_all_classes_by_name_is_the_mean(mean, convention):
    counts = count_confusion(*drawn(0), NUM_CLASSES)
    assert mean(counts, convention, [2, 0, 4, 1, 3]) == pytest.approx(mean(counts, convention))
    assert mean(counts, convention, range(1, NUM_CLASSES)) == mean(counts, convention, "foreground")


def test_a_mean_over_some_classes_is_that_of_their_scores():
    """The pixels of the others still count as errors."""
    counts = count_confusion(*drawn(0), NUM_CLASSES)
    own = iou(counts)
    assert mean_iou(counts, classes=[1, 3]) == pytest.approx((own[1] + own[3]) / 2)
    share = counts.target_pixels[[1, 3]]
    expected = (share * own[[1, 3]]).sum() / share.sum()
    assert mean_iou(counts, "weighted", [1, 3]) == pytest.approx(expected)
    assert mean_iou([counts], "per_image", [1, 3]) == mean_iou(counts, classes=[1, 3])
    assert classes_averaged(counts, classes=[1, 3]).tolist() == [False, True, False, True, False]


def test_absent_classes_count_where_the_rest_has_valid_pixels():
    """The classes of the mean are absent, the image is not empty."""
    counts = ConfusionCounts(np.diag([5, 0, 0]))
    assert mean_iou(counts, "absent_as_one", "foreground") == 1
    assert mean_iou(counts, "absent_as_zero", "foreground") == 0
    assert math.isnan(mean_iou(counts, "present", "foreground"))
    assert math.isnan(mean_iou(ConfusionCounts.zero(3), "absent_as_one", "foreground"))


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_scikit_learn_takes_the_same_labels(average):
    metrics = pytest.importorskip("sklearn.metrics")
    pred, target = drawn(2)
    kept = target != 255
    expected = metrics.jaccard_score(target[kept], pred[kept], labels=[1, 3], average=average)
    counts = count_confusion(pred, target, NUM_CLASSES)
    convention = {"macro": "present"}.get(average, average)
    assert mean_iou(counts, convention, [1, 3]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([5], r"mean_iou: classes must be distinct indices 0..4, got \[5\]"),
        ([], r"classes must be distinct indices 0..4, got \[\]"),
        ([1, 1], r"classes must be distinct indices 0..4, got \[1, 1\]"),
        ("background", "classes must be one of foreground, got 'background'"),
    ],
)
def test_classes_that_do_not_exist_are_refused(classes, words):
    counts = count_confusion(*drawn(0), NUM_CLASSES)
    with pytest.raises(ArgumentError, match=words):
        mean_iou(counts, classes=classes)
    with pytest.raises(ArgumentTypeError, match="classes must be of an integer or bool dtype"):
        mean_iou(counts, classes=[0.5])


# Void that is predicted -------------------------------------------------------------------------


def cityscapes(pred, target, num_classes):
    """TP / (TP + FP + FN) of each class: void is missed by the class and false to none."""
    scores = []
    for c in range(num_classes):
        tp = ((target == c) & (pred == c)).sum()
        fn = ((target == c) & (pred != c)).sum()
        fp = ((target != c) & (target != 255) & (pred == c)).sum()
        scores.append(tp / (tp + fp + fn) if tp + fp + fn else math.nan)
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_a_prediction_of_void_is_missed_by_the_class_and_false_to_none(seed):
    """The definition of Cityscapes."""
    pred, target = drawn(seed)
    pred[np.random.default_rng(seed).random(pred.shape) < 0.2] = 255
    counts = count_with_void(pred, target, NUM_CLASSES)
    expected = cityscapes(pred, target, NUM_CLASSES)
    np.testing.assert_allclose(iou(counts)[:NUM_CLASSES], expected)
    assert mean_iou(counts, classes=range(NUM_CLASSES)) == pytest.approx(np.nanmean(expected))
    assert counts.valid == (target != 255).sum()
    assert counts.matrix[:, -1].sum() == ((pred == 255) & (target != 255)).sum()


def test_void_lowers_recall_as_a_wrong_class_does_and_costs_no_precision_elsewhere():
    target = np.array([0, 0, 1, 1])
    void, wrong = (np.array([0, value, 1, 1]) for value in (255, 1))
    with_void = count_with_void(void, target, 2)
    assert recall(with_void)[0] == recall(count_confusion(wrong, target, 2))[0] == 0.5
    assert iou(with_void)[1] == 1


def test_without_a_prediction_of_void_the_counts_are_those_of_the_classes():
    pred, target = drawn(0)
    counts = count_with_void(pred, target, NUM_CLASSES)
    plain = count_confusion(pred, target, NUM_CLASSES)
    assert ConfusionCounts(counts.matrix[:-1, :-1], counts.ignored) == plain
    assert mean_iou(counts, classes=range(NUM_CLASSES)) == mean_iou(plain)


def test_void_may_have_the_value_after_the_last_class_or_several():
    pred, target = drawn(1)
    pred[0], expected = 255, None
    expected = count_with_void(pred, target, NUM_CLASSES)
    for value in (NUM_CLASSES, 254):
        moved = [np.where(array == 255, value, array) for array in (pred, target)]
        assert count_with_void(*moved, NUM_CLASSES, value) == expected
    assert count_with_void(moved[0], target, NUM_CLASSES, [254, 255]) == expected


@pytest.mark.parametrize(
    ("pred", "target", "void", "words"),
    [
        ([0, 9], [0, 1], 255, "count_with_void: pred must be class indices 0..1 or ignored"),
        ([0, 1], [0, 2], 255, "count_with_void: target must be class indices 0..1 or ignored"),
        ([0, 1], [0, 1], [True, False], "ignore_index must be the value of void.*got a mask"),
        ([0, 1], [0, 1], None, "ignore_index must be the value of void"),
    ],
)
def test_other_values_and_a_mask_of_void_are_refused(pred, target, void, words):
    with pytest.raises(ArgumentError, match=words):
        count_with_void(pred, target, 2, void)
