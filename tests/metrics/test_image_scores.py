"""mIoU-D, mIoU-I and mIoU-C, and their worst quantiles."""

import math

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.image_scores import (
    IMAGE_SCORES,
    image_iou,
    lowest_mean,
    mean_iou_c,
    mean_iou_d,
    mean_iou_i,
)
from pixelwise.metrics.scores import mean_iou

NUM_CLASSES = 5
WORST = {"mean_iou_i": mean_iou_i, "mean_iou_c": mean_iou_c}
# Two images. Image 0: class 0 has IoU 6/8, class 1 2/4. Image 1: class 0 has 9/10, 2 is invented.
HAND = [
    ConfusionCounts(np.array([[6, 1, 0], [1, 2, 0], [0, 0, 0]])),
    ConfusionCounts(np.array([[9, 0, 1], [0, 0, 0], [0, 0, 0]])),
]


def pairs(seed, images=7):
    rng = np.random.default_rng(seed)
    for _ in range(images):
        known = rng.integers(2, NUM_CLASSES)
        target = rng.integers(0, known, (6, 7)).astype(np.uint8)
        guess = rng.integers(0, NUM_CLASSES, target.shape)
        pred = np.where(rng.random(target.shape) < 0.6, target, guess)
        target[rng.random(target.shape) < 0.1] = 255
        yield pred, target


def counted(seed):
    return [count_confusion(pred, target, NUM_CLASSES) for pred, target in pairs(seed)]


def loops(seed, convention):
    """IoU per image and class by loops; NaN where the class has no score in the image."""
    rows = []
    for pred, target in pairs(seed):
        pixels = oracle.pixels_of(pred, target, {255})
        scores = oracle.per_class("iou", pixels, NUM_CLASSES)
        kept = [convention == "present" or oracle.in_target(pixels, c) for c in range(NUM_CLASSES)]
        rows.append([s if keep else math.nan for s, keep in zip(scores, kept)])
    return rows


def known(values):
    return sorted(v for v in values if not math.isnan(v))


def mean_of_lowest(values, fraction):
    values = known(values)
    count = max(1, math.floor(fraction * len(values) + 1e-9))
    return sum(values[:count]) / count if values else math.nan


def test_the_three_means_of_two_images_by_hand():
    """Pooled, per image, and per class: 15/18, 2/4, 0/1 are no IoU of any image."""
    assert mean_iou_d(HAND) == pytest.approx((15 / 18 + 2 / 4 + 0) / 3)
    assert mean_iou_i(HAND) == pytest.approx(((6 / 8 + 2 / 4) / 2 + 9 / 10) / 2)
    assert mean_iou_c(HAND) == pytest.approx(((6 / 8 + 9 / 10) / 2 + 2 / 4) / 2)


def test_an_invented_class_counts_under_present_only():
    """The paper scores the classes of the target; an error of 0 can be asked for."""
    assert mean_iou_i(HAND, "present") == pytest.approx(((6 / 8 + 2 / 4) / 2 + 9 / 20) / 2)
    assert mean_iou_c(HAND, "present") == pytest.approx(((6 / 8 + 9 / 10) / 2 + 2 / 4 + 0) / 3)
    np.testing.assert_array_equal(image_iou(HAND, "present")[1], [9 / 10, np.nan, 0])
    np.testing.assert_array_equal(image_iou(HAND)[1], [9 / 10, np.nan, np.nan])


def test_the_worst_images_and_the_worst_images_of_each_class():
    """Half of two images is one; a third is rounded up to one."""
    assert mean_iou_i(HAND, worst=0.5) == pytest.approx((6 / 8 + 2 / 4) / 2)
    assert mean_iou_c(HAND, worst=0.34) == pytest.approx((6 / 8 + 2 / 4) / 2)


@pytest.mark.parametrize("convention", ["target", "present"])
@pytest.mark.parametrize("worst", [1.0, 0.5, 0.29, 0.01])
@pytest.mark.parametrize("seed", range(3))
def test_means_equal_the_loops(seed, worst, convention):
    """Against sorted lists of the IoU of every image and class."""
    rows = loops(seed, convention)
    per_image = [mean_of_lowest(row, 1) for row in rows]
    per_class = [mean_of_lowest(column, worst) for column in zip(*rows)]
    images = counted(seed)
    expected = mean_of_lowest(per_image, worst)
    assert mean_iou_i(images, convention, worst) == pytest.approx(expected, abs=1e-12)
    expected = mean_of_lowest(per_class, 1)
    assert mean_iou_c(images, convention, worst) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_pooled_and_the_per_image_mean_are_conventions_of_mean_iou(seed):
    """Two names for one number each."""
    images = counted(seed)
    assert mean_iou_d(images) == mean_iou(sum(images), "present")
    per_image = mean_iou(images, "per_image")
    assert mean_iou_i(images, "present") == pytest.approx(per_image, abs=1e-15)


def test_a_fraction_of_a_hundred_is_the_number_one_expects():
    """0.29 of 100 images are 29, although the product in binary is less."""
    assert lowest_mean(np.arange(100.0), 0.29) == 14.0


@pytest.mark.parametrize("name", IMAGE_SCORES)
def test_images_without_valid_pixels_have_no_vote(name):
    """They are left out; without any other image there is no score."""
    score = IMAGE_SCORES[name].fn
    assert score([*HAND, ConfusionCounts.zero(3)]) == score(HAND)
    assert math.isnan(score([ConfusionCounts.zero(3)]))


@pytest.mark.parametrize("name", IMAGE_SCORES)
def test_a_list_of_counts_of_the_same_classes_is_needed(name):
    """One record, nothing, other classes and other types are refused."""
    score = IMAGE_SCORES[name].fn
    with pytest.raises(ArgumentError, match="images must be at least one image, got none"):
        score([])
    with pytest.raises(ArgumentError, match="must be of the same classes, got"):
        score([HAND[0], ConfusionCounts.zero(2)])
    with pytest.raises(ArgumentTypeError, match="counts must be a ConfusionCounts, got ndarray"):
        score([np.eye(3)])


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("worst", [0, -0.1, 1.5, float("nan")])
def test_the_worst_fraction_is_above_0_and_at_most_1(name, worst):
    """5 is not five percent."""
    with pytest.raises(ArgumentError, match=r"worst must be .* 0\.05 averages the worst twentieth"):
        WORST[name](HAND, worst=worst)


@pytest.mark.parametrize("name", WORST)
def test_a_convention_of_pooled_counts_is_refused(name):
    """absent_as_zero has no meaning for one image among many."""
    with pytest.raises(ArgumentError, match="convention must be one of target, present"):
        WORST[name](HAND, convention="absent_as_zero")
