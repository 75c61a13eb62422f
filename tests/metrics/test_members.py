"""Means over classes that overlap, by each convention, from pixels counted class by class."""

import numpy as np
import pytest

from pixelwise.metrics.bootstrap import paired_bootstrap
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts, mean_of_members, mean_over_images


def counts_of(target, pred):
    """(pixels, C) bool -> MemberCounts."""
    cells = [[(~target & ~pred), (~target & pred)], [(target & ~pred), (target & pred)]]
    matrix = np.array([[cell.sum(0) for cell in row] for row in cells]).transpose(2, 0, 1)
    return MemberCounts(matrix, np.zeros(target.shape[1], np.int64))


def drawn(seed, absent=True, only_predicted=True):
    """Five classes; the last is in neither, the fourth only predicted."""
    random = np.random.default_rng(seed)
    target = random.random((500, 5)) < [0.5, 0.2, 0.1, 0, 0]
    pred = np.where(random.random((500, 5)) < 0.1, ~target, target)
    pred[:, 3] &= only_predicted
    pred[:, 4] &= not absent
    return target, pred


@pytest.mark.parametrize("seed", range(5))
def test_means_are_those_of_the_classes_one_by_one(seed):
    """Three classes in the target, one that is only predicted, one in neither."""
    target, pred = drawn(seed)
    counts = counts_of(target, pred)
    both, either = (target & pred).sum(0), (target | pred).sum(0)
    ious = both[:4] / either[:4]
    dices = 2 * both[:4] / (target.sum(0) + pred.sum(0))[:4]
    want = {
        "present": ious.mean(),
        "target": ious[:3].mean(),
        "absent_as_zero": ious.sum() / 5,
        "absent_as_one": (ious.sum() + 1) / 5,
        "micro": both.sum() / either.sum(),
    }
    assert ious[3] == 0
    for name, value in want.items():
        assert mean_of_members(counts, name) == pytest.approx(value)
    assert mean_of_members(counts, "present", "dice") == pytest.approx(dices.mean())
    one = mean_of_members(counts, "absent_as_one", "dice")
    assert one == pytest.approx((dices.sum() + 1) / 5)


def test_a_split_without_any_foreground_has_scores_where_absent_classes_count():
    """Rightly empty is 1 by absent_as_one and 0 by absent_as_zero; the others have none."""
    target = np.zeros((100, 2), bool)
    counts = counts_of(target, target)
    assert mean_of_members(counts, "absent_as_one") == 1
    assert mean_of_members(counts, "absent_as_zero") == 0
    for name in ("present", "target", "micro"):
        assert np.isnan(mean_of_members(counts, name))
    wrong = counts_of(target, target | [True, False])
    assert mean_of_members(wrong, "absent_as_one") == 0.5


def test_a_class_that_is_void_everywhere_is_in_no_mean():
    target, pred = drawn(0)
    counts = counts_of(target, pred)
    matrix = np.concatenate([counts.matrix, np.zeros((1, 2, 2), np.int64)])
    more = MemberCounts(matrix, np.append(counts.ignored, 500))
    for name in ("present", "target", "absent_as_zero", "absent_as_one", "micro"):
        assert mean_of_members(more, name) == mean_of_members(counts, name)
    nothing = MemberCounts(np.zeros((2, 2, 2), np.int64), np.array([9, 9]))
    assert np.isnan(mean_of_members(nothing, "absent_as_one"))


def test_per_image_leaves_out_images_without_a_class():
    target, pred = drawn(1)
    none = np.zeros_like(target)
    images = [counts_of(target, pred), counts_of(none, none), counts_of(target, target)]
    first = mean_of_members(images[0])
    assert mean_over_images(images) == pytest.approx((first + 1) / 2)
    assert np.isnan(mean_over_images(images[1:2]))


@pytest.mark.parametrize("convention", ["present", "absent_as_one", "micro", "per_image"])
def test_a_bootstrap_over_planes_scores_as_the_sums_do(convention):
    a = [counts_of(*drawn(seed)) for seed in range(8)]
    b = [counts_of(target, target) for target, _ in map(drawn, range(8))]
    found = paired_bootstrap(a, b, convention, resamples=50)
    want = (
        mean_over_images(a) if convention == "per_image" else mean_of_members(sum_of(a), convention)
    )
    assert found.mean.a == pytest.approx(want)
    assert found.mean.b == pytest.approx(1)
    assert found.mean.low <= found.mean.value <= found.mean.high
    assert found.classes[0].clear


def sum_of(counts):
    return sum(counts[1:], start=counts[0])


def test_one_class_beside_its_outside_is_as_a_binary_confusion():
    """The classes themselves: the second row of each table is that of a binary task."""
    target, pred = drawn(2)
    counts = counts_of(target, pred)
    own = [ConfusionCounts(matrix) for matrix in counts.matrix]
    assert [one.target_pixels[1] for one in own] == counts.target_pixels.tolist()
    assert counts.valid_pixels.tolist() == [500] * 5
