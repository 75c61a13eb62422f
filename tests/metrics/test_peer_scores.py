"""The numbers that other libraries' own tests expect, computed from our counts and scores.

An adapter only maps: layouts, thresholds, one-hot channels to two classes, and the peer's rule for
absent classes and means. Every division is ours.
"""

import json

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.metrics.confusion import count_confusion
from pixelwise.metrics.scores import dice, f_beta, iou, mean_iou, pixel_accuracy, precision, recall

SCORES_OF = {"jaccard_score": iou, "f1_score": dice, "compute_iou": iou, "compute_dice": dice}
SCORES_OF |= {"MeanIoU": iou, "DiceMetric": dice}
OUT_OF_RANGE = [f"keras/{n:03}" for n in (4, 5, 6, 7, 21, 22)]
KERAS_MEAN_IOU = [f"keras/{n:03}" for n in (15, 16, 17, 18, 19, 20, 23)]
DEFECTS = {"monai_confusion_fbeta/043": "peer defect: a NaN target still counts in a denominator"}


def ids(name, number):
    """The first cases of a file; defects are skipped by name, refusals have their own test."""
    known = [f"{name}/{n:03}" for n in range(number)]
    return [
        pytest.param(i, marks=pytest.mark.skip(reason=DEFECTS[i])) if i in DEFECTS else i
        for i in known
        if i not in OUT_OF_RANGE
    ]


def read_case(shared, case_id):
    file = shared / "peer-cases" / f"{case_id.split('/')[0]}.json"
    (case,) = (c for c in json.loads(file.read_text())["cases"] if c["id"] == case_id)
    case["inputs"] = {name: as_array(value) for name, value in case["inputs"].items()}
    return case


def as_array(value):
    """A tensor, or a list of tensors, one a sample."""
    if isinstance(value, list):
        return np.stack([as_array(v) for v in value])
    return np.array(value["data"], dtype=value["dtype"]).reshape(value["shape"])


def check(result, case):
    expected = case["expected"]
    expected = list(expected.values()) if isinstance(expected, dict) else expected
    result = np.isnan(result) if case.get("expected_kind") == "nan-pattern" else result
    np.testing.assert_allclose(
        np.squeeze(result), np.squeeze(expected), rtol=case["rtol"], atol=case["atol"]
    )


def two_classes(pred, target):
    """Counts of "not the class" (0) and "the class" (1) from a one-hot channel."""
    return count_confusion(pred.astype(bool), target.astype(bool), 2, ignore_index=None)


# scikit-learn -----------------------------------------------------------------------------------


def sklearn_classes(case):
    """Per class: the counts of that class against all others. 2-D arrays are multi-label."""
    target, pred = case["inputs"]["y_true"], case["inputs"]["y_pred"]
    if target.ndim == 1:
        labels = np.arange(max(2, target.max() + 1, pred.max() + 1))
        target, pred = target[:, None] == labels, pred[:, None] == labels
    labels = case["params"].get("labels", range(target.shape[1]))
    return pred[:, labels], target[:, labels]


def sklearn_score(case):
    score = SCORES_OF[case["call"].split(".")[-1]]
    pred, target = sklearn_classes(case)
    zero_division = case["params"].get("zero_division", 0)

    def of_class(counts):
        return np.nan_to_num(score(counts)[1], nan=zero_division)

    per_class = np.array([of_class(two_classes(p, t)) for p, t in zip(pred.T, target.T)])
    averages = {
        None: lambda: per_class,
        "macro": per_class.mean,
        "micro": lambda: of_class(two_classes(pred, target)),
        "weighted": lambda: np.average(per_class, weights=target.sum(axis=0)),
        "samples": lambda: np.mean([of_class(two_classes(p, t)) for p, t in zip(pred, target)]),
        "binary": lambda: per_class[case["params"].get("pos_label", 1)],
    }
    return averages[case["params"]["average"]]()


def sklearn_confusion(case):
    return count_confusion(case["inputs"]["y_pred"], case["inputs"]["y_true"], 3).matrix


@pytest.mark.parametrize("case_id", ids("sklearn", 33))
def test_scikit_learn_expects_the_same(shared, case_id):
    """jaccard_score, f1_score and confusion_matrix, with every average."""
    case = read_case(shared, case_id)
    adapter = {"confusion_matrix": sklearn_confusion}.get(case["family"], sklearn_score)
    check(adapter(case), case)


# keras ------------------------------------------------------------------------------------------


def keras_iou(case):
    """The mean over the target_class_ids that are present; weights are tenths of a pixel."""
    params, inputs = case["params"], case["inputs"]
    target, pred = inputs["y_true"], inputs["y_pred"]
    if "OneHot" in case["call"]:
        target, pred = target.argmax(axis=-1), pred.argmax(axis=-1)
    if "threshold" in params:
        pred = pred >= params["threshold"]
    tenths = np.rint(10 * inputs.get("sample_weight", np.full(target.shape, 0.1))).astype(int)
    target = np.repeat(target.ravel().astype(int), tenths.ravel())
    pred = np.repeat(pred.ravel(), tenths.ravel())
    num_classes = params.get("num_classes", 2)
    counts = count_confusion(pred, target, num_classes, params.get("ignore_class"))
    chosen = params.get("target_class_ids", list(range(num_classes)))
    return np.nanmean(iou(counts)[chosen])


@pytest.mark.parametrize("case_id", ids("keras", 28))
def test_keras_expects_the_same(shared, case_id):
    """IoU, BinaryIoU, MeanIoU, OneHotIoU, OneHotMeanIoU."""
    case = read_case(shared, case_id)
    check(keras_iou(case), case)


@pytest.mark.parametrize("case_id", KERAS_MEAN_IOU)
def test_keras_mean_iou_is_the_convention_present(shared, case_id):
    """Where every class is chosen, the peer's mean is a named convention of ours."""
    case = read_case(shared, case_id)
    params, inputs = case["params"], case["inputs"]
    tenths = np.rint(10 * inputs.get("sample_weight", np.full(len(inputs["y_true"]), 0.1)))
    target, pred = (np.repeat(inputs[n], tenths.astype(int)) for n in ("y_true", "y_pred"))
    counts = count_confusion(pred, target, params["num_classes"], params.get("ignore_class"))
    check(mean_iou(counts, "present"), case)


@pytest.mark.parametrize("case_id", OUT_OF_RANGE)
def test_keras_drops_values_out_of_range_and_we_refuse_them(shared, case_id):
    """A difference on purpose: a dropped pixel hides an error in the data or in the network."""
    inputs = read_case(shared, case_id)["inputs"]
    with pytest.raises(ArgumentError, match=r"must be class indices 0\.\.1 or ignored"):
        count_confusion(inputs["y_pred"], inputs["y_true"], 2)


# MONAI ------------------------------------------------------------------------------------------


def monai_samples(case):
    """Counts (as two classes) of every sample and channel."""
    pred, target = case["inputs"]["y_pred"], case["inputs"]["y"]
    first = 0 if case["params"].get("include_background", True) else 1
    return [
        [two_classes(p, t) for p, t in zip(p_sample[first:], t_sample[first:])]
        for p_sample, t_sample in zip(pred, target)
    ]


def monai_reduce(values, reduction):
    """MONAI's means and sums over (sample, class): NaN is left out, nothing at all is 0."""
    values = np.array(values, dtype=float)
    valid, filled = ~np.isnan(values), np.nan_to_num(values)

    def mean(axis):
        return filled.sum(axis) / np.maximum(valid.sum(axis), 1)

    reductions = {
        "none": lambda: values,
        "mean": lambda: mean(1)[valid.any(axis=1)].sum() / max(valid.any(axis=1).sum(), 1),
        "mean_batch": lambda: mean(0),
        "sum": filled.sum,
        "sum_batch": lambda: filled.sum(axis=0),
    }
    return reductions[reduction]()


def monai_overlap(case):
    """IoU or Dice where the class is in the target; elsewhere MONAI's rule for absent classes."""
    score = SCORES_OF[case["call"].removeprefix("monai.metrics.").split(".")[0]]
    skip_absent = case["params"].get("ignore_empty", True)

    def of_class(counts):
        absent_score = np.nan if skip_absent else float(counts.pred_pixels[1] == 0)
        return score(counts)[1] if counts.target_pixels[1] else absent_score

    values = [[of_class(counts) for counts in sample] for sample in monai_samples(case)]
    return monai_reduce(values, case["params"].get("reduction", "none"))


@pytest.mark.parametrize("case_id", ids("monai_mean_iou", 14) + ids("monai_dice_metric", 17))
def test_monai_expects_the_same_overlap(shared, case_id):
    """MeanIoU and DiceMetric, per sample and reduced."""
    case = read_case(shared, case_id)
    check(monai_overlap(case), case)


def rate(values, denominators, c):
    return values[c] if denominators[c] else np.nan


def monai_rates(counts):
    """Every derived metric of MONAI as an expression in our precision, recall and accuracy."""
    tpr, tnr = (rate(recall(counts), counts.target_pixels, c) for c in (1, 0))
    ppv, npv = (rate(precision(counts), counts.pred_pixels, c) for c in (1, 0))
    fpr, fnr, fdr, omission = 1 - tnr, 1 - tpr, 1 - ppv, 1 - npv
    with np.errstate(invalid="ignore"):
        threshold = (np.sqrt(tpr * fpr) - fpr) / (tpr - fpr)
    return {
        "tpr": tpr,
        "tnr": tnr,
        "ppv": ppv,
        "npv": npv,
        "fpr": fpr,
        "fnr": fnr,
        "fdr": fdr,
        "for": omission,
        "pt": threshold,
        "ts": iou(counts)[1],
        "f1": f_beta(counts, beta=1)[1],
        "acc": pixel_accuracy(counts),
        "ba": (tpr + tnr) / 2,
        "bm": tpr + tnr - 1,
        "mk": ppv + npv - 1,
        "fm": np.sqrt(ppv * tpr),
        "mcc": np.sqrt(ppv * tpr * tnr * npv) - np.sqrt(fdr * fnr * fpr * omission),
    }


def monai_confusion(case):
    samples = [[c.matrix for c in sample] for sample in monai_samples(case)]
    return [[[m[1, 1], m[0, 1], m[0, 0], m[1, 0]] for m in sample] for sample in samples]


def monai_derived(case):
    name, reduction = case["params"]["metric_name"], case["params"]["reduction"]
    values = [[monai_rates(counts)[name] for counts in row] for row in monai_samples(case)]
    return monai_reduce(values, reduction)


def monai_f_beta(case):
    pooled = sum(counts for sample in monai_samples(case) for counts in sample)
    return f_beta(pooled, case["params"].get("beta", 1.0))[1]


@pytest.mark.parametrize("case_id", ids("monai_confusion_fbeta", 45))
def test_monai_expects_the_same_rates(shared, case_id):
    """get_confusion_matrix, ConfusionMatrixMetric and FBetaScore."""
    case = read_case(shared, case_id)
    adapters = {"confusion_matrix": monai_confusion, "f_beta": monai_f_beta}
    check(adapters.get(case["family"], monai_derived)(case), case)
