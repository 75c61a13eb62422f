"""Thresholds of a binary task: histogram, confusion, sweep, ROC, precision and recall."""

import pickle

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import count_confusion
from pixelwise.metrics.scores import SCORES, iou
from pixelwise.metrics.threshold import (
    ThresholdCounts,
    average_precision,
    best_threshold,
    confusion_at,
    count_thresholds,
    precision_recall_curve,
    roc_auc,
    roc_curve,
    sweep,
)

PROBS = np.array([0.0, 0.25, 0.5, 0.5, 0.75, 1.0])
TARGET = np.array([0, 1, 0, 1, 1, 1])
COUNTS = count_thresholds(PROBS, TARGET, steps=4)


def draw(seed, steps=16, pixels=500):
    """Probabilities that are multiples of 1 / steps, so that nothing is blurred."""
    rng = np.random.default_rng(seed)
    target = (rng.random(pixels) < 0.3).astype(np.uint8)
    probs = np.clip(np.round(rng.normal(0.35 + 0.3 * target, 0.25) * steps) / steps, 0, 1)
    target[rng.random(pixels) < 0.1] = 255
    return probs, target


def test_pixels_are_counted_by_probability_and_target():
    """A probability on an edge belongs to the interval below: it is not above that threshold."""
    assert COUNTS.pixels.tolist() == [[1, 0], [0, 1], [1, 1], [0, 1], [0, 1]]
    assert COUNTS.thresholds.tolist() == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("seed", range(3))
def test_the_confusion_at_a_threshold_is_that_of_the_thresholded_prediction(seed, dtype):
    """prob > threshold, exactly, for every threshold of the histogram and any probabilities."""
    rng = np.random.default_rng(seed)
    probs = rng.random((20, 30)).astype(dtype)
    probs[:3] = np.round(probs[:3] * 32) / 32
    target = rng.integers(0, 2, probs.shape).astype(np.uint8)
    target[rng.random(probs.shape) < 0.1] = 255
    counts = count_thresholds(probs, target, steps=32)
    for threshold in counts.thresholds:
        expected = count_confusion(probs > dtype(threshold), target, 2)
        np.testing.assert_array_equal(confusion_at(counts, threshold).matrix, expected.matrix)


@pytest.mark.parametrize("score", SCORES)
def test_a_sweep_is_the_score_of_every_threshold(score):
    """Any row of SCORES; the foreground of those with one score a class."""
    counts = count_thresholds(*draw(0), steps=16)
    values = [
        np.atleast_1d(SCORES[score].fn(confusion_at(counts, t)))[-1] for t in counts.thresholds
    ]
    np.testing.assert_array_equal(sweep(counts, score), values)


def test_the_best_threshold_is_found_by_hand():
    """Above 0 all 4 of the foreground and 1 other: 4/5. Above 0.25: 3/5; above 0.5: 2/4."""
    assert best_threshold(COUNTS) == (0.0, 0.8)
    assert best_threshold(COUNTS, "precision") == (0.5, 1.0)


def test_of_equal_thresholds_the_nearest_to_one_half_is_taken():
    """A plateau from 0.25 to 0.75 is cut in the middle, one below it at its end."""
    gap = count_thresholds(np.array([0.2, 0.8]), np.array([0, 1]), steps=8)
    assert best_threshold(gap) == (0.5, 1.0)
    low = count_thresholds(np.array([0.0, 0.3]), np.array([0, 1]), steps=8)
    assert best_threshold(low) == (0.25, 1.0)


def test_without_foreground_there_is_no_best_threshold():
    """NaN: any threshold would do."""
    assert np.isnan(best_threshold(count_thresholds(PROBS, np.zeros(6, int)))).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_area_under_the_roc_is_the_share_of_pairs_in_order(seed):
    """Every foreground pixel against every background pixel, ties half."""
    probs, target = draw(seed)
    counts = count_thresholds(probs, target, steps=16)
    ahead = probs[target == 1][:, None] - probs[target == 0][None]
    assert roc_auc(counts) == pytest.approx(np.mean((ahead > 0) + 0.5 * (ahead == 0)))


def test_the_roc_rises_from_nothing_to_everything():
    """From (0, 0) to (1, 1), with one point a threshold between them."""
    false_rate, true_rate = roc_curve(COUNTS)
    assert false_rate.tolist() == [0, 0, 0, 0.5, 0.5, 1]
    assert true_rate.tolist() == [0, 0.25, 0.5, 0.75, 1, 1]


def test_precision_and_recall_at_every_threshold_by_hand():
    """Above 1 nothing is predicted: precision 1, recall 0."""
    precision, recall = precision_recall_curve(COUNTS)
    assert precision.tolist() == [4 / 5, 3 / 4, 1, 1, 1]
    assert recall.tolist() == [1, 3 / 4, 2 / 4, 1 / 4, 0]


def test_average_precision_by_hand():
    """Rises of recall 1/4 each, at precision 1, 1, 3/4, 4/5; the last step has no rise."""
    assert average_precision(COUNTS) == pytest.approx((1 + 1 + 3 / 4 + 4 / 5) / 4)


@pytest.mark.parametrize("seed", range(3))
def test_curves_equal_those_of_scikit_learn(seed):
    """Where it is installed; probabilities are multiples of a step."""
    metrics = pytest.importorskip("sklearn.metrics")
    probs, target = draw(seed)
    counts, kept = count_thresholds(probs, target, steps=16), target != 255
    expected = metrics.roc_auc_score(target[kept], probs[kept])
    assert roc_auc(counts) == pytest.approx(expected)
    expected = metrics.average_precision_score(target[kept], probs[kept])
    assert average_precision(counts) == pytest.approx(expected)


def test_counts_of_thresholds_add_up_and_survive_a_pickle():
    """Of two images as of one."""
    (a, s), (b, t) = draw(0), draw(1)
    total = sum([count_thresholds(a, s), count_thresholds(b, t)])
    as_one = count_thresholds(np.append(a, b), np.append(s, t))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(total)).pixels, as_one.pixels)
    with pytest.raises(ArgumentError, match="must be of the same thresholds, got"):
        total + COUNTS


def test_counts_beyond_31_bits_are_exact():
    """int64 all the way."""
    huge = ThresholdCounts(COUNTS.pixels * 2**40)
    assert confusion_at(huge, 0.5).matrix.tolist() == [[2 * 2**40, 0], [2 * 2**40, 2 * 2**40]]
    assert average_precision(huge) == average_precision(COUNTS)


def test_one_sided_targets_have_no_rates():
    """NaN, without a warning."""
    only_background = count_thresholds(PROBS, np.zeros(6, int))
    assert np.isnan(roc_auc(only_background))
    assert np.isnan(average_precision(only_background))
    assert np.isnan(precision_recall_curve(only_background)[1]).all()
    assert np.isnan(iou(confusion_at(only_background, 1.0))[1])


def test_void_may_hold_any_probability():
    """NaN under void is never looked at."""
    target = np.array([0, 1, 255])
    counts = count_thresholds(np.array([0.2, 0.9, np.nan]), target, steps=2)
    assert counts.pixels.tolist() == [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1, np.inf])
def test_what_is_no_probability_is_refused_with_its_place(wrong):
    """Logits in place of probabilities are a common mistake."""
    probs = np.array([[0.5, wrong], [0.5, wrong]])
    message = r"probs must be 0\.\.1 at valid pixels, got 2 others, the first .* at \(0, 1\)"
    with pytest.raises(ArgumentError, match=message):
        count_thresholds(probs, np.ones((2, 2), int))


def test_wrong_types_shapes_steps_and_thresholds_are_refused():
    """One sentence each."""
    with pytest.raises(ArgumentTypeError, match=r"probs must be floating point.* divide 8-bit"):
        count_thresholds(TARGET, TARGET)
    with pytest.raises(ArgumentError, match="probs must be as large as target"):
        count_thresholds(PROBS[:5], TARGET)
    with pytest.raises(ArgumentError, match=r"target must be class indices 0\.\.1 or ignored"):
        count_thresholds(PROBS, TARGET * 3)
    with pytest.raises(ArgumentError, match="steps must be a power of two from 2 to 1048576"):
        count_thresholds(PROBS, TARGET, steps=100)
    with pytest.raises(ArgumentError, match=r"threshold must be a multiple of 1/4, such as 0\.25"):
        confusion_at(COUNTS, 0.3)
    with pytest.raises(ArgumentError, match="threshold must be between 0 and 1"):
        confusion_at(COUNTS, -0.25)
    with pytest.raises(ArgumentError, match="score must be one of iou, dice"):
        best_threshold(COUNTS, "auc")
    with pytest.raises(ArgumentError, match=r"pixels must be \(steps \+ 1, 2\)"):
        ThresholdCounts(np.zeros((5, 3), int))
