"""Paired bootstrap: values, exact resamples, intervals that cover, refusals."""

import math

import numpy as np
import pytest

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.bootstrap import PairedDifference, paired_bootstrap
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.means import CONVENTIONS
from pixelwise.metrics.scores import iou, mean_iou

NUM_CLASSES = 4


def predictions(seed, right, images=8, shape=(10, 12)):
    """Counts of two predictions of the same targets, right with these probabilities."""
    rng = np.random.default_rng(seed)
    both = [[], []]
    for _ in range(images):
        target = rng.integers(0, NUM_CLASSES - 1, shape)
        for counts, share in zip(both, right):
            guess = rng.integers(0, NUM_CLASSES - 1, shape)
            pred = np.where(rng.random(shape) < share, target, guess)
            counts.append(count_confusion(pred, target, NUM_CLASSES))
    return both


def pooled(images, convention):
    return mean_iou(images if convention == "per_image" else sum(images), convention)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_scores_of_all_images_are_those_of_mean_iou(convention):
    """The difference is that of two pooled scores, not a mean of differences."""
    a, b = predictions(0, (0.5, 0.7))
    found = paired_bootstrap(a, b, convention, resamples=20)
    assert found.mean.a == pytest.approx(pooled(a, convention), abs=1e-15)
    assert found.mean.b == pytest.approx(pooled(b, convention), abs=1e-15)
    assert found.mean.value == pytest.approx(found.mean.b - found.mean.a)
    np.testing.assert_allclose([c.a for c in found.classes], iou(sum(a)))
    np.testing.assert_allclose([c.b for c in found.classes], iou(sum(b)))
    expected = [mean_iou(y) - mean_iou(x) for x, y in zip(a, b)]
    np.testing.assert_allclose(found.images, expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_bounds_are_percentiles_of_exact_scores_of_resampled_data_sets(convention):
    """Every resample is scored again from its list of images, the same images for both."""
    a, b = predictions(1, (0.5, 0.6), images=5)
    found = paired_bootstrap(a, b, convention, resamples=60, confidence=0.8, seed=3)
    draws = np.random.default_rng(3).multinomial(5, np.full(5, 0.2), 60)
    chosen = [np.repeat(np.arange(5), times) for times in draws]
    spread = [
        pooled([b[i] for i in images], convention) - pooled([a[i] for i in images], convention)
        for images in chosen
    ]
    low, high = np.quantile(spread, [0.1, 0.9])
    assert found.mean.low == pytest.approx(low, abs=1e-12)
    assert found.mean.high == pytest.approx(high, abs=1e-12)


def test_the_same_seed_gives_the_same_interval_and_another_a_little_another():
    """Results can be repeated."""
    a, b = predictions(2, (0.5, 0.6))
    first, again, other = (paired_bootstrap(a, b, seed=s) for s in (0, 0, 1))
    assert first.mean == again.mean
    assert first.mean.low != other.mean.low
    assert first.mean.low == pytest.approx(other.mean.low, abs=0.02)


def test_a_prediction_does_not_differ_from_itself():
    """Pairing removes what the images have in common."""
    a, _ = predictions(3, (0.5, 0.5))
    same = paired_bootstrap(a, a).mean
    assert (same.value, same.low, same.high, same.clear) == (0, 0, 0, False)


def test_a_clear_difference_is_told_from_none():
    """The interval of a much better prediction is above 0, of a worse one below."""
    a, b = predictions(4, (0.4, 0.8))
    assert paired_bootstrap(a, b).mean.clear
    assert paired_bootstrap(a, b).mean.low > 0
    assert paired_bootstrap(b, a).mean.high < 0


def test_intervals_cover_the_true_difference_about_as_often_as_they_say():
    """40 datasets of 30 images from one source; 90 % intervals miss the truth now and then."""
    truth = np.subtract(*[pooled(p, "present") for p in predictions(99, (0.6, 0.55), 3000)])
    found = [
        paired_bootstrap(*predictions(s, (0.55, 0.6), 30), resamples=200, confidence=0.9).mean
        for s in range(40)
    ]
    covered = sum(d.low <= truth <= d.high for d in found)
    assert 30 <= covered <= 40


def test_an_absent_class_has_no_difference():
    """NaN value and bounds, without a warning; it is never clear."""
    absent = paired_bootstrap(*predictions(5, (0.5, 0.6))).classes[NUM_CLASSES - 1]
    assert math.isnan(absent.value)
    assert math.isnan(absent.low)
    assert not absent.clear


def test_resamples_without_a_class_are_left_out_of_its_interval():
    """Class 1 is in one image of three; the interval of its IoU is that of this image."""
    one, other = ConfusionCounts(np.diag([4, 0])), ConfusionCounts(np.array([[4, 0], [1, 3]]))
    worse = ConfusionCounts(np.array([[4, 0], [3, 1]]))
    found = paired_bootstrap([one, one, other], [one, one, worse]).classes[1]
    assert (found.low, found.value, found.high) == (-0.5, -0.5, -0.5)


def test_an_image_without_valid_pixels_has_no_difference():
    """It takes part in the draw and changes no sum."""
    a, b = predictions(6, (0.5, 0.7))
    void = [ConfusionCounts.zero(NUM_CLASSES)]
    found = paired_bootstrap(a + void, b + void)
    assert math.isnan(found.images[-1])
    assert found.mean.value == paired_bootstrap(a, b).mean.value


def test_counts_beyond_53_bits_are_added_exactly():
    """Integers all the way to the quotient."""
    large = 2**55
    a = [ConfusionCounts(np.array([[large, 1], [0, 1]]))]
    b = [ConfusionCounts(np.array([[large + 1, 0], [0, 1]]))]
    assert paired_bootstrap(a, b, resamples=1).classes[1] == PairedDifference(
        0.5, 1.0, 0.5, 0.5, 0.5
    )


def test_only_the_same_images_can_be_compared():
    """As many, in the same order, with the same target pixels."""
    a, b = predictions(7, (0.5, 0.6))
    with pytest.raises(ArgumentError, match=r"as many images in a as in b, .* got 8 and 7"):
        paired_bootstrap(a, b[1:])
    with pytest.raises(ArgumentError, match="at least one, got 0 and 0"):
        paired_bootstrap([], [])
    with pytest.raises(
        ArgumentError, match=r"target pixels must be the same in a and b, .* image 0"
    ):
        paired_bootstrap(a, b[::-1])
    with pytest.raises(ArgumentTypeError, match="counts must be a ConfusionCounts, got ndarray"):
        paired_bootstrap([np.eye(2)], [np.eye(2)])
    with pytest.raises(ArgumentError, match="convention must be one of present"):
        paired_bootstrap(a, b, "mean")
    with pytest.raises(ArgumentError, match="resamples must be >= 1, got 0"):
        paired_bootstrap(a, b, resamples=0)
    with pytest.raises(ArgumentError, match="confidence must be between 0 and 1, got 95"):
        paired_bootstrap(a, b, confidence=95)
