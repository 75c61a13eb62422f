"""Generalised Dice score, beside its definition and two libraries; means over images."""

import math

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.image_scores import mean_per_image
from pixelwise.metrics.means import CONVENTIONS
from pixelwise.metrics.scores import dice, generalized_dice, mean_iou

NUM_CLASSES = 5
WEIGHTINGS = ["square", "simple", "uniform"]
CONVENTIONS_OF_AN_IMAGE = [name for name in CONVENTIONS if name != "per_image"]


def images(known, void=0.1):
    """One image for each number of classes in its target; any class may be predicted."""
    rng = np.random.default_rng(3)
    found = []
    for number in known:
        target = rng.integers(0, number, (8, 9)) * (rng.random((8, 9)) < 0.4)
        pred = np.where(rng.random((8, 9)) < 0.3, rng.integers(0, 4, (8, 9)), target)
        target[rng.random((8, 9)) < void] = 255
        found.append((pred, target))
    return found


def counted(pairs):
    return [count_confusion(pred, target, NUM_CLASSES) for pred, target in pairs]


def one_hot(torch, pairs):
    """(N, C, H, W); zeros alone where the value is not a class."""
    table = torch.cat([torch.eye(NUM_CLASSES), torch.zeros(251, NUM_CLASSES)])
    arrays = [torch.tensor(np.stack(a)).long() for a in zip(*pairs)]
    return [table[index].movedim(-1, 1) for index in arrays]


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_generalised_dice_is_the_loop_over_pixels(weighting, keeps):
    """A class is only predicted, another in neither."""
    absent = {True: "keep", False: "skip"}[keeps]
    for pred, target in images((2, 3, 4)):
        pixels = oracle.pixels_of(pred, target, {255})
        expected = oracle.generalized_dice(pixels, NUM_CLASSES, weighting, keeps)
        counts = count_confusion(pred, target, NUM_CLASSES)
        assert generalized_dice(counts, weighting, absent) == pytest.approx(expected)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_one_class_alone_has_its_dice(weighting):
    counts = counted(images((4,)))[0]
    for c in range(4):
        assert generalized_dice(counts, weighting, classes=[c]) == pytest.approx(dice(counts)[c])


def test_absent_classes_that_are_predicted_cost_or_do_not():
    """Without any class in the target, what is predicted scores 0; nothing at all has no score."""
    counts = ConfusionCounts(np.array([[6, 0, 2], [0, 3, 0], [0, 0, 0]]))
    keep, skip = (generalized_dice(counts, "simple", rule) for rule in ("keep", "skip"))
    assert keep == pytest.approx(2 * (6 / 8 + 3 / 3) / ((8 + 6) / 8 + (3 + 3) / 3 + 2 / 3))
    assert skip == pytest.approx(2 * (6 / 8 + 3 / 3) / ((8 + 6) / 8 + (3 + 3) / 3))
    for rule in ("keep", "skip"):
        assert generalized_dice(counts, absent=rule, classes=[2]) == 0
    assert math.isnan(generalized_dice(ConfusionCounts.zero(3)))
    assert math.isnan(generalized_dice(ConfusionCounts(np.diag([4, 0])), classes="foreground"))


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_generalised_dice_of_images_is_that_of_monai(weighting, background):
    """Void, absent classes and classes that are only predicted, image by image."""
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    pairs = images((2, 3, 4, 4))
    metric = metrics.GeneralizedDiceScore(
        include_background=background, weight_type=weighting, ignore_index=255
    )
    metric(*one_hot(torch, pairs))
    classes = {True: None, False: "foreground"}[background]
    ours = [generalized_dice(counts, weighting, classes=classes) for counts in counted(pairs)]
    assert np.mean(ours) == pytest.approx(float(metric.aggregate()), abs=1e-6)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_generalised_dice_of_an_image_is_that_of_torchmetrics(weighting):
    """Alone in its batch an absent class has weight 0 there, but for weights of 1."""
    torch = pytest.importorskip("torch")
    segmentation = pytest.importorskip("torchmetrics.functional.segmentation")
    absent = {"uniform": "keep"}.get(weighting, "skip")
    for pair in images((2, 4), void=0):
        theirs = segmentation.generalized_dice_score(
            *one_hot(torch, [pair]),
            NUM_CLASSES,
            weight_type={"uniform": "linear"}.get(weighting, weighting),
        )
        ours = generalized_dice(counted([pair])[0], weighting, absent)
        assert ours == pytest.approx(float(theirs), abs=1e-6)


def test_unknown_rules_of_generalised_dice_are_refused():
    counts = counted(images((2,)))[0]
    with pytest.raises(ArgumentError, match="weighting must be one of square, simple, uniform"):
        generalized_dice(counts, "linear")
    with pytest.raises(ArgumentError, match="absent must be one of keep, skip, got 'zero'"):
        generalized_dice(counts, absent="zero")


# Means over images ------------------------------------------------------------------------------


@pytest.mark.parametrize("score", ["iou", "dice"])
@pytest.mark.parametrize("convention", CONVENTIONS_OF_AN_IMAGE)
def test_a_mean_over_images_is_that_of_each_image(convention, score):
    """Against loops over pixels; an image that is all void is left out."""
    pairs = images((2, 3, 4))
    pairs.append((pairs[0][0], np.full_like(pairs[0][1], 255)))
    pixels = [oracle.pixels_of(pred, target, {255}) for pred, target in pairs]
    means = [oracle.mean_score(score, [own], NUM_CLASSES, convention) for own in pixels]
    expected = oracle.mean(filter(oracle.is_number, means))
    assert mean_per_image(counted(pairs), score, convention) == pytest.approx(expected)


def test_the_convention_per_image_is_the_mean_over_present_classes():
    counts = counted(images((2, 3, 4)))
    assert mean_per_image(counts) == mean_iou(counts, "per_image")
    assert mean_per_image(counts, classes=[1]) == mean_iou(counts, "per_image", [1])


def test_an_image_without_the_classes_is_left_out():
    counts = [ConfusionCounts(np.diag([4, 0])), ConfusionCounts(np.array([[0, 2], [0, 2]]))]
    assert mean_per_image(counts, classes="foreground") == 0.5
    assert math.isnan(mean_per_image(counts[:1], classes="foreground"))


def test_smp_and_monai_average_images():
    """macro-imagewise counts absent classes as 1; MONAI takes the classes of the target."""
    torch = pytest.importorskip("torch")
    smp = pytest.importorskip("segmentation_models_pytorch").metrics
    monai = pytest.importorskip("monai.metrics")
    pairs = images((2, 3, 4))
    arrays = [torch.tensor(np.stack(a)).long() for a in zip(*pairs)]
    stats = smp.get_stats(*arrays, mode="multiclass", num_classes=NUM_CLASSES, ignore_index=255)
    counts = counted(pairs)
    for score, theirs in (("iou", smp.iou_score), ("dice", smp.f1_score)):
        expected = float(theirs(*stats, reduction="macro-imagewise"))
        found = mean_per_image(counts, score, "absent_as_one")
        assert found == pytest.approx(expected, abs=1e-6)
    for score, make in (("iou", monai.MeanIoU), ("dice", monai.DiceMetric)):
        metric = make(ignore_index=255)
        metric(*one_hot(torch, pairs))
        expected = float(metric.aggregate())
        assert mean_per_image(counts, score, "target") == pytest.approx(expected, abs=1e-6)


def test_a_mean_over_images_refuses_what_is_not_images():
    counts = counted(images((2,)))
    with pytest.raises(ArgumentError, match="mean_per_image: images must be at least one image"):
        mean_per_image([])
    with pytest.raises(ArgumentError, match=r"convention must be one of present.*'per_image'"):
        mean_per_image(counts, convention="per_image")
    with pytest.raises(ArgumentError, match="score must be one of iou, dice, got 'f1'"):
        mean_per_image(counts, "f1")
    with pytest.raises(ArgumentError, match=r"\+ must be of the same classes"):
        mean_per_image([*counts, ConfusionCounts.zero(2)])
    with pytest.raises(ArgumentTypeError, match="counts must be a ConfusionCounts, got int"):
        mean_per_image([1])
