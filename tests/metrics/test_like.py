"""Other tools' numbers: from the tools where they are installed, else from their definitions."""

import math
import warnings

import numpy as np
import pytest

import oracles_scores as oracle
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.like import LIKE, TOOLS, count_under_void, scores_like

NUM_CLASSES = 6


def pairs(void=0.08):
    """Four images: class 5 is nowhere, class 4 is predicted but in no target."""
    rng = np.random.default_rng(7)
    result = []
    for known in (2, 3, 3, 4):
        target = np.repeat(np.sort(rng.integers(0, known, (12, 3)), axis=0), 4, axis=1)
        pred = np.where(rng.random(target.shape) < 0.35, rng.integers(0, 5, target.shape), target)
        target[rng.random(target.shape) < void] = 255
        result.append((pred, target))
    return result


def values(images, tool=None):
    counts = [count_confusion(pred, target, NUM_CLASSES) for pred, target in images]
    hidden = [count_under_void(pred, target, NUM_CLASSES) for pred, target in images]
    return {
        (r["tool"], r["version"], r["call"]): r["value"] for r in scores_like(counts, hidden, tool)
    }


def value(call, images):
    (found,) = (v for (_, _, c), v in values(images).items() if c == call)
    return found


def tensors(images):
    torch = pytest.importorskip("torch")
    return [torch.tensor(np.stack(arrays)).long() for arrays in zip(*images)]


def per_image(images, name="iou"):
    """The score of each class in each image, by loops over pixels."""
    lists = [oracle.pixels_of(pred, target, {255}) for pred, target in images]
    return [oracle.per_class(name, pixels, NUM_CLASSES) for pixels in lists]


def pooled(images, convention):
    lists = [oracle.pixels_of(pred, target, {255}) for pred, target in images]
    return oracle.mean_score("iou", lists, NUM_CLASSES, convention)


# What each release printed for pairs() of six classes, or NaN; noted from running it.
PRINTED = {
    ("mmseg", "1.x", "IoUMetric, mIoU"): 0.4602567,
    ("hf", "evaluate 0.4", 'evaluate.load("mean_iou")'): 0.4602567,
    (
        "torchmetrics",
        "1.9",
        'MulticlassJaccardIndex(average="macro", ignore_index=255)',
    ): 0.4602567,
    (
        "torchmetrics",
        "1.9",
        'MulticlassJaccardIndex(average="weighted", ignore_index=255)',
    ): 0.6175461,
    ("torchmetrics", "1.9", "segmentation.MeanIoU"): math.nan,
    ("smp", "0.6", 'iou_score(reduction="macro")'): 0.5502139,
    ("smp", "0.6", 'iou_score(reduction="micro")'): 0.5766423,
    ("smp", "0.6", 'iou_score(reduction="macro-imagewise")'): 0.4780210,
    ("monai", "1.6", "MeanIoU()"): 0.6008322,
    ("monai", "1.6", "MeanIoU(ignore_index=255)"): 0.6330429,
    ("monai", "1.6", "GeneralizedDiceScore(ignore_index=255)"): 0.6992457,
    ("ultralytics", "8.4.60", "semantic val, mIoU"): 0.3835472,
    ("ultralytics", "8.4.120 to 8.4.190", "semantic val, mIoU"): 0.5753208,
    ("cityscapes", "2.x", "averageScoreClasses"): 0.4602567,
    ("nnunet", "2.x", "foreground_mean IoU"): math.nan,
    ("nnunet", "2.x", "foreground_mean Dice"): math.nan,
}


def two_classes(images):
    """The same images of background and foreground: every class but the first is foreground."""
    return [(np.minimum(p, 1), np.where(t == 255, 255, np.minimum(t, 1))) for p, t in images]


def test_every_row_is_what_the_release_printed():
    """mmseg 1.2.2, evaluate 0.4, torchmetrics 1.9, smp 0.6, MONAI 1.6, Ultralytics 8.4.60, 8.4.120
    and 8.4.190, cityscapesScripts 2.3 and nnU-Net 2.8 on the same four images, with void, a class
    that is nowhere and one that is only predicted.
    """
    assert values(pairs()) == pytest.approx(PRINTED, abs=2e-7, nan_ok=True)


def test_two_classes_have_rows_of_their_own():
    """Where a tool scores the foreground alone, printed by the same releases; void or not."""
    counts, hidden = zip(
        *((count_confusion(p, t, 2), count_under_void(p, t, 2)) for p, t in two_classes(pairs()))
    )
    found = {row["call"]: row["value"] for row in scores_like(counts, hidden)}
    single = "semantic val of a single class, mIoU"
    assert len(found) + 1 == len(LIKE)  # one call has two versions
    assert found["BinaryJaccardIndex(ignore_index=255)"] == pytest.approx(0.8390244, abs=1e-7)
    assert found[single] == pytest.approx(0.8390244, abs=1e-7)
    assert found["foreground_mean IoU"] == pytest.approx(0.8362169, abs=1e-7)
    assert found["foreground_mean Dice"] == pytest.approx(0.9103189, abs=1e-7)
    assert math.isnan(found['get_stats(mode="binary"), iou_score(reduction="micro")'])
    empty = {row["call"]: row["value"] for row in scores_like([ConfusionCounts(np.diag([4, 0]))])}
    assert empty[single] == empty["BinaryJaccardIndex(ignore_index=255)"] == 0


def test_the_foreground_of_two_classes_equals_the_installed_tools():
    """BinaryJaccardIndex, and get_stats with mode="binary", without void."""
    classification = pytest.importorskip("torchmetrics.functional.classification")
    metrics = pytest.importorskip("segmentation_models_pytorch.metrics")
    images = two_classes(pairs(void=0))
    pred, target = tensors(images)
    rows = scores_like([count_confusion(p, t, 2) for p, t in images])
    found = {row["call"]: row["value"] for row in rows}
    expected = float(classification.binary_jaccard_index(pred, target))
    assert found["BinaryJaccardIndex(ignore_index=255)"] == pytest.approx(expected, abs=1e-6)
    stats = metrics.get_stats(pred, target, mode="binary")
    expected = float(metrics.iou_score(*stats, reduction="micro"))
    call = 'get_stats(mode="binary"), iou_score(reduction="micro")'
    assert found[call] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("tool", "version", "convention"),
    [
        ("mmseg", "1.x", "present"),
        ("hf", "evaluate 0.4", "present"),
        ("cityscapes", "2.x", "present"),
        ("ultralytics", "8.4.60", "absent_as_zero"),
        ("ultralytics", "8.4.120 to 8.4.190", "target"),
    ],
)
def test_tools_that_pool_all_pixels_differ_in_their_absent_classes(tool, version, convention):
    """Against loops over pixels of the convention that their code follows."""
    found = [v for (t, w, _), v in values(pairs()).items() if (t, w) == (tool, version)]
    assert found == [pytest.approx(pooled(pairs(), convention), abs=1e-12)]


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_torchmetrics_macro_and_weighted_are_ours(average):
    """MulticlassJaccardIndex at its own precision, float32."""
    classification = pytest.importorskip("torchmetrics.functional.classification")
    pred, target = tensors(pairs())
    expected = classification.multiclass_jaccard_index(
        pred, target, NUM_CLASSES, average=average, ignore_index=255
    )
    call = f'MulticlassJaccardIndex(average="{average}", ignore_index=255)'
    assert value(call, pairs()) == pytest.approx(float(expected), abs=1e-6)


def test_torchmetrics_segmentation_averages_pairs_and_has_no_void():
    """Without void its number; with void an error there, and no number here."""
    segmentation = pytest.importorskip("torchmetrics.segmentation")
    metric = segmentation.MeanIoU(num_classes=NUM_CLASSES, input_format="index")
    metric.update(*tensors(pairs(void=0)))
    got = value("segmentation.MeanIoU", pairs(void=0))
    assert got == pytest.approx(float(metric.compute()), abs=1e-6)
    with pytest.raises(RuntimeError, match="Class values must be smaller than num_classes"):
        metric.update(*tensors(pairs()))
    assert math.isnan(value("segmentation.MeanIoU", pairs()))


@pytest.mark.parametrize("reduction", ["macro", "micro", "macro-imagewise"])
def test_smp_reductions_are_three_numbers(reduction):
    """iou_score over the counts of get_stats."""
    metrics = pytest.importorskip("segmentation_models_pytorch.metrics")
    stats = metrics.get_stats(
        *tensors(pairs()), mode="multiclass", num_classes=NUM_CLASSES, ignore_index=255
    )
    expected = float(metrics.iou_score(*stats, reduction=reduction))
    assert value(f'iou_score(reduction="{reduction}")', pairs()) == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize(
    ("call", "options"),
    [
        ("MeanIoU()", {}),
        ("MeanIoU(ignore_index=255)", {"ignore_index": 255}),
        ("GeneralizedDiceScore(ignore_index=255)", {"ignore_index": 255}),
    ],
)
def test_monai_counts_predictions_under_void_unless_told_otherwise(call, options):
    """One-hot of void is all zero; without ignore_index the prediction there is all wrong."""
    metrics = pytest.importorskip("monai.metrics")
    import torch

    table = torch.cat([torch.eye(NUM_CLASSES), torch.zeros(250, NUM_CLASSES)])
    one_hot = [table[index].movedim(-1, 1) for index in tensors(pairs())]
    metric = getattr(metrics, call.split("(")[0])(**options)
    metric(*one_hot)
    assert value(call, pairs()) == pytest.approx(float(metric.aggregate()), abs=1e-6)


@pytest.mark.parametrize("score", ["iou", "dice"])
def test_nnunet_averages_cases_then_foreground_classes(score):
    """A class that no case has makes its mean NaN, so it is compared on classes that occur."""
    call = {"iou": "foreground_mean IoU", "dice": "foreground_mean Dice"}[score]
    assert math.isnan(value(call, pairs()))
    counts = [count_confusion(pred, target, 5) for pred, target in pairs()]
    columns = list(zip(*per_image(pairs(), score)))[1:5]
    means = [oracle.mean(filter(oracle.is_number, column)) for column in columns]
    (found,) = (
        row["value"] for row in scores_like(counts, np.zeros((4, 5))) if row["call"] == call
    )
    assert found == pytest.approx(oracle.mean(means), abs=1e-12)


def test_the_same_predictions_have_many_mean_ious():
    """The reason for the table: numbers of tools spread over dozens of points."""
    found = [v for v in values(pairs()).values() if not math.isnan(v)]
    assert len({round(v, 3) for v in found}) >= 7
    assert max(found) - min(found) > 0.2


@pytest.mark.parametrize("row", LIKE, ids=lambda row: f"{row.tool} {row.call}")
def test_every_row_says_why_in_one_sentence(row):
    """And a perfect prediction without absent classes or void is 1 in all of them."""
    assert row.why.endswith(".")
    assert row.why.count(". ") == 0
    perfect = [ConfusionCounts(np.diag([5, 3]))] * 2
    assert row.formula(perfect, np.zeros((2, 2))) == 1


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_can_be_asked_for_alone(tool):
    """Only its own rows, in the order of the table."""
    assert {t for t, _, _ in values(pairs(), tool)} == {tool}


def test_nothing_valid_is_no_number_and_no_warning():
    """NaN, but where absent classes count as 0 or 1, or the tool says 0 for nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = scores_like([ConfusionCounts.zero(3)])
    filled = [(row["tool"], row["value"]) for row in rows if not math.isnan(row["value"])]
    assert filled == [
        *[("smp", 1)] * 2,
        *[("monai", 0)] * 2,
        ("monai", 1),
        *[("ultralytics", 0)] * 2,
    ]


def test_predictions_under_void_are_counted_by_class():
    """Values that are not a class are not counted there."""
    pred = np.array([0, 1, 1, 2, 200, 0])
    target = np.array([0, 255, 255, 255, 255, 1])
    assert count_under_void(pred, target, 3).tolist() == [0, 2, 1]
    assert count_under_void(pred, target, 3, ignore_index=None).tolist() == [0, 0, 0]
    assert count_under_void(pred, target, 3, target == 1).tolist() == [1, 0, 0]


def test_unknown_tools_and_missing_counts_are_refused():
    """The nearest name is suggested."""
    counts = [count_confusion(pred, target, NUM_CLASSES) for pred, target in pairs()]
    with pytest.raises(ArgumentError, match=r"tool must be one of mmseg.* Did you mean 'monai'"):
        scores_like(counts, tool="mona")
    with pytest.raises(ArgumentError, match="under_void must be given with void, got None"):
        scores_like(counts, tool="monai")
    with pytest.raises(ArgumentError, match="images must be at least one image, got none"):
        scores_like([])
    with pytest.raises(ArgumentTypeError, match="counts must be a ConfusionCounts, got ndarray"):
        scores_like([np.eye(3)])
    assert scores_like(counts, tool="mmseg")[0]["value"] > 0
