"""Bootstrap over the images of val: the same draws for all epochs, and what follows from them."""

import numpy as np
import pytest

from pixelwise.metrics.bootstrap import paired_bootstrap
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.scores import mean_iou
from pixelwise.run import evidence
from pixelwise.run.evidence import (
    Scores,
    draws,
    evidence_of,
    highest_gain,
    interval,
    ranges,
    resampled,
)
from pixelwise.run.val_counts import ImageCounts, ValCounts, sparse, write_counts

CLASSES = 5
WINDOW, GAIN = 5, 0.1


def drawn_tables(wrong, seed, images=60, own=0.02, wander=0.0):
    """Confusion matrices (N, C, C) in which about a share `wrong` of the pixels is wrong.

    Args:
        seed: and the epoch. Of one seed, images have the same targets and are equally difficult.
        own: what is wrong besides, of each image by itself.
        wander: what is wrong besides, of a class in all images: the network is another one.
    """
    seed, epoch = seed
    fixed, new = np.random.default_rng(seed), np.random.default_rng((seed, epoch))
    difficult = fixed.normal(0, 0.08, (images, CLASSES))
    target = fixed.integers(200, 3000, (images, CLASSES))
    target *= fixed.random((images, CLASSES)) < 0.7
    share = wrong + difficult + new.normal(0, wander, CLASSES)
    share = np.clip(share + new.normal(0, own, (images, CLASSES)), 0, 1)
    missed = np.round(share * target).astype(np.int64)
    tables = np.zeros((images, CLASSES, CLASSES), np.int64)
    index = np.arange(CLASSES)
    tables[:, index, index] = target - missed
    tables[:, index, (index + 1) % CLASSES] = missed
    return tables


def sums_of(tables):
    """(N, 3, C) correct, target, predicted."""
    return np.stack([np.diagonal(tables, 0, 1, 2), tables.sum(2), tables.sum(1)], 1).astype(float)


def scores_of(wrong, seed, **noise):
    """The scores of epochs whose shares of wrong pixels are given."""
    tables = (drawn_tables(w, (seed, epoch), **noise) for epoch, w in enumerate(wrong, 1))
    return Scores(("a",) * 60, {e: resampled(sums_of(t)) for e, t in enumerate(tables, 1)})


def test_a_resample_is_scored_as_a_data_set_of_its_images():
    """Added up image by image, with the score of the library."""
    tables = drawn_tables(0.3, (1, 1), images=12)
    found = resampled(sums_of(tables), resamples=9)
    times = np.concatenate([np.ones((1, 12)), *draws(12, 9)]).astype(int)
    expected = [
        mean_iou(sum(ConfusionCounts(table) for t, table in zip(row, tables) for _ in range(t)))
        for row in times
    ]
    assert found.shape == (10,)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_every_epoch_is_given_the_same_draws_whatever_the_block(monkeypatch):
    """A resample has as many images as the split."""
    monkeypatch.setattr(evidence, "_BLOCK", 300)
    blocks, again = list(draws(100, 10)), list(draws(100, 10))
    assert [len(block) for block in blocks] == [3, 3, 3, 1]
    assert np.array_equal(np.concatenate(blocks), np.concatenate(again))
    assert {row.sum() for block in blocks for row in block} == {100}


def test_a_resample_without_a_class_has_no_score():
    sums = np.zeros((2, 3, 2))
    sums[0] = 4
    found = resampled(sums)
    assert found[0] == 1
    assert 0.2 < np.isnan(found).mean() < 0.3  # the other image twice: one in four
    assert interval(found[1:]) == (1, 1)
    assert np.isnan(interval(found[:0])).all()


def test_the_interval_of_a_difference_is_that_of_a_paired_comparison():
    """Other draws of the same distribution: as `score A B` says it."""
    one, other = (drawn_tables(w, (3, e)) for e, w in enumerate((0.30, 0.31)))
    mean = paired_bootstrap(*([ConfusionCounts(t) for t in ts] for ts in (other, one))).mean
    behind = resampled(sums_of(one)) - resampled(sums_of(other))
    assert behind[0] == pytest.approx(mean.value)
    assert interval(behind[1:]) == pytest.approx((mean.low, mean.high), abs=0.0006)


def test_a_small_step_in_all_images_is_seen_though_the_scores_vary_far_more():
    """The same images in both: what is difficult in them is not part of the difference."""
    found = evidence_of(scores_of([0.31, 0.30], 4, own=0.005))
    worse, best = found.epochs
    assert (best.is_best, worse.is_same) == (True, False)
    assert worse.high > best.miou > best.low > worse.low
    assert found.text().startswith("best is epoch 2 (val mIoU ")
    assert found.text().endswith("; every other epoch is distinguishably worse on 60 images")


def test_epochs_that_differ_by_chance_are_not_told_apart():
    found = evidence_of(scores_of([0.5, 0.3, 0.3, 0.3, 0.45, 0.3], 5))
    best = next(e.epoch for e in found.epochs if e.is_best)
    assert {e.epoch for e in found.epochs if e.is_same} == {2, 3, 4, 6}
    rest = ranges([e for e in (2, 3, 4, 6) if e != best])
    assert f"epochs {rest} are not distinguishable from it" in found.text()


def test_of_equal_epochs_the_first_is_the_best_and_those_without_a_score_are_left_out():
    """As the checkpoint `best` is."""
    own = scores_of([0.3], 7).of[1]
    found = evidence_of(Scores(("a",), {1: own * np.nan, 2: own, 3: own.copy()}))
    assert [(e.epoch, e.is_best, e.is_same, e.behind) for e in found.epochs] == [
        (2, True, True, (0, 0)),
        (3, False, True, (0, 0)),
    ]
    assert found.text().startswith("of epochs 2 and 3 best is epoch 2 (val mIoU ")
    end = "; epoch 3 is not distinguishable from it on 1 image, too few to be sure"
    assert found.text().endswith(end)
    assert evidence_of(Scores(("a",), {1: own * np.nan})).text() == "no epoch had a score"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([3], "3"), ([3, 4], "3 and 4"), ([1, 3, 4, 5, 9], "1, 3 to 5 and 9"), ([2, 3, 4], "2 to 4")],
)
def test_numbers_that_follow_each_other_are_a_range(numbers, words):
    assert ranges(numbers) == words


def last_epoch(wrong, seed, **noise):
    """The epoch after which training ends by evidence, or one more than there are."""
    scores = scores_of(wrong, seed, **noise)
    parts = (Scores((), dict(list(scores.of.items())[:n])) for n in range(1, len(wrong) + 1))
    ends = (len(part.of) for part in parts if 100 * highest_gain(part, WINDOW) < GAIN)
    return next(ends, len(wrong) + 1)


def test_training_that_gains_nothing_ends_and_one_that_gains_goes_on():
    """20 runs of 25 epochs each: flat; half a point an epoch; a gain that ends at epoch 8."""
    courses = {
        "flat": [0.3] * 25,
        "rising": [0.4 - 0.005 * e for e in range(25)],
        "ending": [0.4 - 0.01 * min(e, 7) for e in range(25)],
    }
    flat, rising, ending = (
        [last_epoch(course, seed, wander=0.004) for seed in range(20)]
        for course in courses.values()
    )
    assert min(flat) > WINDOW
    assert sum(end <= 25 for end in flat) >= 18
    assert rising == [26] * 20
    assert min(ending) > 8 + WINDOW - 1
    assert sum(end <= 25 for end in ending) >= 15


def test_a_gain_that_is_smaller_than_was_asked_for_is_not_waited_for():
    """0.01 points an epoch, of images on which differences are seen well."""
    assert last_epoch([0.4 - 0.0001 * e for e in range(25)], 3, own=0.0005) <= 25


def test_without_epochs_before_the_last_ones_nothing_is_known():
    scores = scores_of([0.4, 0.3, 0.3], 1)
    assert highest_gain(scores, 3) == float("inf")
    assert highest_gain(scores, 2) > 0.05


def test_a_score_that_is_not_a_number_is_below_all_others():
    """An epoch of NaN is no gain; a first one is no mark that others have to exceed."""
    own = scores_of([0.3], 2).of[1]
    nan = own * np.nan
    assert highest_gain(Scores(("a",), {1: own, 2: nan}), 1) < -1
    assert highest_gain(Scores(("a",), {1: nan, 2: own}), 1) > 1
    assert highest_gain(Scores(("a",), {1: nan, 2: nan}), 1) == float("inf")


def test_all_epochs_are_compared_on_the_images_that_all_have(tmp_path):
    """An image was found to be bad in the second epoch: the first is scored again without it."""
    tables = [sparse(str(i), t, np.array([0])) for i, t in enumerate(drawn_tables(0.3, (1, 1)))]
    first = ValCounts(1, 3, (CLASSES, CLASSES), tuple(tables))
    second = ValCounts(2, 6, (CLASSES, CLASSES), (*tables[:4], *tables[5:]))
    scores = Scores()
    for counts in (first, second):
        write_counts(tmp_path, counts)
        scores.add(tmp_path, counts)
    assert scores.ids == second.ids
    assert np.array_equal(scores.of[1], scores.of[2])


def test_images_that_no_two_epochs_share_leave_nothing_to_compare(tmp_path):
    for epoch in (1, 2):
        image = ImageCounts(str(epoch), (0,), (0,), (4,))
        write_counts(tmp_path, ValCounts(epoch, 3, (2, 2), (image,)))
    assert evidence.read_scores(tmp_path, (2, 2)) == Scores()
