"""Scores: worked examples by hand, named conventions, absent classes, refusals."""

import math
import re
from typing import get_args

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.like import TOOLS, Tool
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import (
    SCORES,
    classes_averaged,
    dice,
    f_beta,
    frequency_weighted_iou,
    iou,
    mean_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
    precision,
    recall,
)

NUM_CLASSES = 6
# Class 3 is only in the target, 4 only predicted, 5 in neither.
COUNTS = ConfusionCounts(
    np.array(
        [
            [50, 5, 0, 0, 5, 0],
            [10, 20, 0, 0, 0, 0],
            [0, 0, 8, 0, 0, 0],
            [0, 2, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0],
        ]
    )
)


def four_images():
    """Four images of six classes: one class is nowhere, one is predicted but in no target."""
    rng = np.random.default_rng(7)
    images = []
    for known in (2, 2, 3, 4):
        target = np.repeat(np.sort(rng.integers(0, known, (12, 3)), axis=0), 4, axis=1)
        pred = np.where(rng.random(target.shape) < 0.35, rng.integers(0, 5, target.shape), target)
        target[rng.random(target.shape) < 0.05] = 255
        images.append((pred, target))
    return images


def test_type_hints_know_every_convention_and_tool():
    """The words of a Literal are the rows of its table."""
    assert get_args(Convention) == tuple(CONVENTIONS)
    assert get_args(Tool) == TOOLS


def test_per_class_scores_are_the_hand_computed_ratios():
    """Correct, target and predicted pixels of each class, divided as the formulas say."""
    nan = math.nan
    np.testing.assert_allclose(iou(COUNTS), [50 / 70, 20 / 37, 1, 0, 0, nan])
    np.testing.assert_allclose(dice(COUNTS), [100 / 120, 40 / 57, 1, 0, 0, nan])
    np.testing.assert_allclose(precision(COUNTS), [50 / 60, 20 / 27, 1, 0, 0, nan])
    np.testing.assert_allclose(recall(COUNTS), [50 / 60, 20 / 30, 1, 0, 0, nan])
    np.testing.assert_allclose(f_beta(COUNTS, beta=2)[1], 5 * 20 / (4 * 30 + 27))


def test_scores_of_all_pixels_are_the_hand_computed_ratios():
    """100 valid pixels, 78 of them correct."""
    assert pixel_accuracy(COUNTS) == pytest.approx(0.78)
    assert mean_accuracy(COUNTS) == pytest.approx((50 / 60 + 20 / 30 + 1 + 0) / 4)
    weighted = 0.6 * 50 / 70 + 0.3 * 20 / 37 + 0.08 * 1 + 0.02 * 0
    assert frequency_weighted_iou(COUNTS) == pytest.approx(weighted)


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        ("present", (50 / 70 + 20 / 37 + 1 + 0 + 0) / 5),
        ("target", (50 / 70 + 20 / 37 + 1 + 0) / 4),
        ("absent_as_zero", (50 / 70 + 20 / 37 + 1 + 0 + 0 + 0) / 6),
        ("absent_as_one", (50 / 70 + 20 / 37 + 1 + 0 + 0 + 1) / 6),
        ("micro", 78 / (100 + 100 - 78)),
        ("weighted", (60 * 50 / 70 + 30 * 20 / 37 + 8 * 1 + 2 * 0) / 100),
    ],
)
def test_a_mean_iou_has_as_many_values_as_conventions(convention, expected):
    """One confusion matrix, a number for each convention."""
    assert mean_iou(COUNTS, convention) == pytest.approx(expected)


@pytest.mark.parametrize("fn", [mean_iou, mean_dice])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_is_what_its_sentence_says(fn, convention):
    """Against loops over pixels, on images where all conventions give another number."""
    images = four_images()
    counts = [count_confusion(pred, target, NUM_CLASSES) for pred, target in images]
    given = counts if convention == "per_image" else sum(counts)
    pixels = [oracle.pixels_of(pred, target, {255}) for pred, target in images]
    name = fn.__name__.removeprefix("mean_")
    expected = oracle.mean_score(name, pixels, NUM_CLASSES, convention)
    assert fn(given, convention) == pytest.approx(expected, abs=1e-12)


def test_the_conventions_disagree_by_many_points():
    """The reason why a mean is never written without its convention."""
    counts = [count_confusion(pred, target, NUM_CLASSES) for pred, target in four_images()]
    pooled = [mean_iou(sum(counts), c) for c in CONVENTIONS if c != "per_image"]
    values = [*pooled, mean_iou(counts, "per_image")]
    gaps = np.diff(np.sort(values))
    assert gaps.min() > 0.01
    assert max(values) - min(values) > 0.2


@pytest.mark.parametrize(
    ("convention", "classes"),
    [
        ("present", [0, 1, 2, 3, 4]),
        ("target", [0, 1, 2, 3]),
        ("absent_as_zero", [0, 1, 2, 3, 4, 5]),
        ("absent_as_one", [0, 1, 2, 3, 4, 5]),
        ("micro", [0, 1, 2, 3, 4]),
        ("weighted", [0, 1, 2, 3]),
    ],
)
def test_a_mean_can_say_which_classes_it_averaged(convention, classes):
    """A class that is absent but predicted is not hidden, and the number of classes is known."""
    assert np.flatnonzero(classes_averaged(COUNTS, convention)).tolist() == classes


def test_a_mean_over_images_knows_the_classes_of_all_images():
    """Classes are those of the images together."""
    one = ConfusionCounts(np.diag([1, 0, 0]))
    two = ConfusionCounts(np.diag([0, 0, 4]))
    assert classes_averaged([one, two], "per_image").tolist() == [True, False, True]


def test_an_image_without_valid_pixels_is_left_out_of_the_mean_over_images():
    """It counts neither as 0 nor as 1."""
    image = ConfusionCounts(np.array([[1, 1], [0, 0]]))
    assert mean_iou([image, ConfusionCounts.zero(2)], "per_image") == mean_iou(image)


@pytest.mark.parametrize("name", SCORES)
def test_without_valid_pixels_there_is_no_score(name):
    """NaN, without a warning: nothing was measured."""
    assert np.isnan(SCORES[name].fn(ConfusionCounts.zero(3))).all()


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_without_valid_pixels_there_is_no_mean(convention):
    """NaN over 0 classes, also where absent classes would count as 0 or 1."""
    counts = {"per_image": [ConfusionCounts.zero(3)]}.get(convention, ConfusionCounts.zero(3))
    assert math.isnan(mean_iou(counts, convention))
    assert not classes_averaged(counts, convention).any()


def test_scores_of_huge_counts_are_exact_to_the_last_digit():
    """Above 2^53 pixels a class, sums are still integers; only the quotient is rounded."""
    huge = 2**55
    counts = ConfusionCounts(np.array([[huge, huge], [0, huge]]))
    assert iou(counts).tolist() == [0.5, 0.5]
    assert recall(counts).tolist() == [0.5, 1.0]
    lopsided = ConfusionCounts(np.array([[2**53, 1], [0, 1]]))
    assert iou(lopsided)[1] == 0.5


@pytest.mark.parametrize("fn", [mean_iou, mean_dice, classes_averaged])
def test_an_unknown_convention_is_named_with_the_known_ones(fn):
    """There is no unnamed default behind a typing error."""
    message = "convention must be one of present, target, .* Did you mean 'present'"
    with pytest.raises(ArgumentError, match=message):
        fn(COUNTS, "presnt")


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_made_of_counts_only(name):
    """A matrix or a list is not guessed at."""
    message = re.escape(f"{name}: counts must be a ConfusionCounts, got ndarray. Make it with")
    with pytest.raises(ArgumentTypeError, match=message):
        SCORES[name].fn(np.eye(2))


def test_a_list_is_for_the_mean_over_images_only():
    """Pooled and per-image means are never mixed up."""
    with pytest.raises(ArgumentTypeError, match=r"got list\. .* add a list up with sum"):
        mean_iou([COUNTS])
    with pytest.raises(ArgumentTypeError, match="counts must be a list, one record an image"):
        mean_iou(COUNTS, "per_image")
    with pytest.raises(ArgumentError, match="counts must be at least one image"):
        mean_dice([], "per_image")


def test_beta_must_not_be_negative():
    """beta = 0 is precision; less means nothing."""
    np.testing.assert_array_equal(f_beta(COUNTS, beta=0), precision(COUNTS))
    with pytest.raises(ArgumentError, match="f_beta: beta must be >= 0, got -1"):
        f_beta(COUNTS, beta=-1)


def test_absent_as_one_is_what_segmentation_models_pytorch_calls_macro():
    """Its iou_score scores an absent class 1 by default, over counts of all images."""
    torch = pytest.importorskip("torch")
    smp = pytest.importorskip("segmentation_models_pytorch")
    pred, target = (torch.tensor(np.stack(a)).long() for a in zip(*four_images()))
    stats = smp.metrics.get_stats(
        pred, target, mode="multiclass", num_classes=NUM_CLASSES, ignore_index=255
    )
    counts = count_confusion(pred, target, NUM_CLASSES)
    macro, micro = (float(smp.metrics.iou_score(*stats, reduction=r)) for r in ("macro", "micro"))
    assert mean_iou(counts, "absent_as_one") == pytest.approx(macro, abs=1e-6)
    assert mean_iou(counts, "micro") == pytest.approx(micro, abs=1e-6)
