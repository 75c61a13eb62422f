"""iIoU: every instance counts alike."""

import math
import pickle

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import count_confusion
from pixelwise.metrics.instances import CITYSCAPES_SIZES, count_instances, instance_iou
from pixelwise.metrics.scores import iou

NAN = math.nan
# Class 1 has two instances, of 8 and of 2 pixels; class 2 has a crowd of 2; class 0 is stuff.
TARGET = np.array([[1, 1, 1, 1, 0, 0, 2], [1, 1, 1, 1, 0, 0, 2], [0, 1, 1, 0, 0, 0, 0]])
IDS = np.array([[7, 7, 7, 7, 0, 0, 0], [7, 7, 7, 7, 0, 0, 0], [0, 9, 9, 0, 0, 0, 0]])
# The large instance is found, half of the small one is called 2, and 3 pixels of 0 are called 1.
PRED = np.array([[1, 1, 1, 1, 1, 1, 2], [1, 1, 1, 1, 1, 0, 2], [0, 1, 2, 0, 0, 0, 0]])


def scene(seed, shape=(20, 24)):
    """Blocks with ids; a block is one class; some void; a noisy prediction."""
    rng = np.random.default_rng(seed)
    ids = np.kron(np.arange(30).reshape(5, 6), np.ones((4, 4), int))
    target = rng.integers(0, 4, 30)[ids]
    pred = np.where(rng.random(shape) < 0.7, target, rng.integers(0, 4, shape))
    target[rng.random(shape) < 0.2] = 255
    ids[target == 0] = 0
    return pred, target, ids


def iiou_by_loops(images, num_classes, sizes, category):
    """iTP, iFN and FP of each category, instance by instance."""
    scores = []
    for k in range(max(category) + 1):
        itp = ifn = fp = 0.0
        for pred, target, ids in images:
            kept = [
                (p, t, i)
                for p, t, i in zip(pred.ravel().tolist(), target.ravel().tolist(), ids.ravel())
                if t != 255
            ]
            fp += sum(category[p] == k and category[t] != k for p, t, _ in kept)
            for c in (c for c in range(num_classes) if category[c] == k):
                for i in {i for _, t, i in kept if t == c and i != 0}:
                    own = [category[p] == k for p, t, j in kept if t == c and j == i]
                    itp += sizes[c] / len(own) * sum(own)
                    ifn += sizes[c] / len(own) * (len(own) - sum(own))
        scores.append(itp / (itp + ifn + fp) if itp + ifn + fp else NAN)
    return scores


def test_a_lost_small_instance_weighs_as_much_as_a_large_one():
    """Mean size 5: iTP = 5/8 · 8 + 5/2 · 1, iFN = 5/2 · 1, FP = 3; only 1 pixel of 10 is lost."""
    counts = count_instances(PRED, TARGET, IDS, 3)
    assert instance_iou(counts)[1] == pytest.approx(7.5 / (7.5 + 3 + 2.5))
    assert iou(count_confusion(PRED, TARGET, 3))[1] == 9 / (10 + 3)


def test_the_size_of_a_class_may_be_given():
    """With S = 10: iTP = 15, iFN = 5, FP = 3."""
    counts = count_instances(PRED, TARGET, IDS, 3)
    assert instance_iou(counts, [NAN, 10, NAN])[1] == pytest.approx(15 / 23)


def test_stuff_has_no_score_and_an_invented_thing_scores_0():
    """A class is a thing if it has a size; crowds are pixels of the class but no instance."""
    counts = count_instances(PRED, TARGET, IDS, 3)
    np.testing.assert_array_equal(np.isnan(instance_iou(counts)), [True, False, True])
    assert instance_iou(counts, [NAN, 5, 5])[2] == 0
    assert counts.false_positives.tolist() == [0, 3, 1]


def test_a_thing_in_neither_has_no_score():
    """NaN, also when its size is known."""
    nothing = np.zeros((3, 3), int)
    counts = count_instances(nothing, nothing, nothing, 2)
    assert np.isnan(instance_iou(counts, [NAN, 5])).all()


@pytest.mark.parametrize("seed", range(3))
def test_iiou_equals_the_loop_over_instances(seed):
    """Several images, added up before dividing."""
    images = [scene(seed), scene(seed + 100)]
    total = sum(count_instances(*image, 4) for image in images)
    sizes = [9.0, 12.0, 3.0, 20.0]
    expected = iiou_by_loops(images, 4, sizes, [0, 1, 2, 3])
    np.testing.assert_allclose(instance_iou(total, sizes), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_categories_forgive_confusion_within_them(seed):
    """Weights stay those of the classes, as in Cityscapes."""
    images = [scene(seed), scene(seed + 100)]
    names = ("flat", "human", "human", "vehicle")
    total = sum(count_instances(*image, 4, categories=names) for image in images)
    sizes = [9.0, 12.0, 3.0, 20.0]
    expected = iiou_by_loops(images, 4, sizes, [0, 1, 1, 2])
    np.testing.assert_allclose(instance_iou(total, sizes), expected, rtol=1e-12)


def test_instances_of_one_pixel_each_make_iiou_the_iou():
    """Without any difference in size there is nothing to weigh."""
    rng = np.random.default_rng(3)
    pred, target = rng.integers(0, 3, (2, 8, 9))
    counts = count_instances(pred, target, np.arange(1, 73).reshape(8, 9), 3)
    np.testing.assert_allclose(instance_iou(counts), iou(count_confusion(pred, target, 3)))


def test_an_id_in_two_classes_is_two_instances():
    """Ids need to be unique only within a class."""
    counts = count_instances(TARGET, TARGET, (TARGET > 0).astype(int), 3)
    assert counts.instances.tolist() == [0, 1, 1]
    assert counts.pixels.tolist() == [0, 10, 2]


def test_void_belongs_to_no_instance():
    """The valid rest of an instance is its size."""
    target = TARGET.copy()
    target[0, :4] = 255
    counts = count_instances(PRED, target, IDS, 3)
    assert counts.pixels.tolist() == [0, 6, 0]
    assert instance_iou(counts, [NAN, 8, NAN])[1] == pytest.approx(12 / (12 + 3 + 4))


def test_counts_survive_a_pickle():
    """Workers send them back."""
    counts = count_instances(PRED, TARGET, IDS, 3)
    np.testing.assert_array_equal(
        instance_iou(pickle.loads(pickle.dumps(counts))), [NAN, 7.5 / 13, NAN]
    )


def test_sizes_of_cityscapes_are_known_for_its_things():
    """Ten classes with instances."""
    assert len(CITYSCAPES_SIZES) == 10
    assert CITYSCAPES_SIZES["person"] < CITYSCAPES_SIZES["train"]


def test_wrong_ids_sizes_and_sums_are_refused():
    """Each with the shape that is needed."""
    counts = count_instances(PRED, TARGET, IDS, 3)
    with pytest.raises(ArgumentError, match="instances must be as large as target"):
        count_instances(PRED, TARGET, IDS[:2], 3)
    with pytest.raises(ArgumentTypeError, match="instances must be of an integer or bool dtype"):
        count_instances(PRED, TARGET, IDS / 2, 3)
    with pytest.raises(ArgumentError, match=r"sizes must be \(C,\) = \(3\), got \(2,\)"):
        instance_iou(counts, [1, 2])
    with pytest.raises(ArgumentError, match="must be of the same classes and categories"):
        counts + count_instances(PRED, TARGET, IDS, 4)
