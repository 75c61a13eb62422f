"""Names, options and calls of other libraries: what is meant here is said in one sentence."""

import re

import numpy as np
import pytest
import torch

import pixelwise as pw
from pixelwise.elsewhere import NAMES, OPTIONS
from pixelwise.errors import PixelwiseError, shown

LOGITS = torch.randn(2, 3, 8, 9, generator=torch.Generator().manual_seed(0))
TARGET = torch.randint(0, 3, (2, 8, 9), generator=torch.Generator().manual_seed(0))
COUNTS = "must be a ConfusionCounts, got Tensor. Make it with count_confusion(pred, target, num"
MEANT = {
    "DiceLoss": "Dice",
    "FocalLoss": "Focal",
    "JaccardLoss": "Jaccard",
    "TverskyLoss": "Tversky",
    "LovaszLoss": "Lovasz",
    "CrossEntropyLoss": "CrossEntropy",
    "MCCLoss": "MCC",
    "GeneralizedDiceLoss": "GeneralizedDice",
    "MeanIou": "mean_iou",
    "dise": "dice",
}


@pytest.mark.parametrize("name", [*MEANT, *NAMES])
def test_a_name_of_another_library_leads_to_ours(name):
    meant = (MEANT | NAMES)[name]
    with pytest.raises(AttributeError, match=re.escape(f"Did you mean pixelwise.{meant}?")):
        getattr(pw, name)


@pytest.mark.parametrize("meant", NAMES.values())
def test_what_a_hint_names_exists(meant):
    assert callable(getattr(pw, re.match(r"\w+", meant)[0]))


def test_a_name_of_nothing_gets_no_hint():
    with pytest.raises(AttributeError, match=r"has no attribute 'xyzzy'$"):
        _ = pw.xyzzy


@pytest.mark.parametrize("option", sorted(OPTIONS))
@pytest.mark.parametrize("loss", [pw.Dice, pw.Focal, pw.CrossEntropy, pw.Lovasz])
def test_an_option_of_another_library_leads_to_ours(loss, option):
    words = re.escape(f"got {option!r}. {OPTIONS[option]}")
    with pytest.raises(PixelwiseError, match=words):
        loss(**{option: "mean"})


def test_sum_adds_losses_up():
    ce, dice = pw.CrossEntropy(), pw.Dice()
    assert sum([ce, 0.5 * dice])(LOGITS, TARGET) == (ce + 0.5 * dice)(LOGITS, TARGET)
    assert sum([ce]) is ce


def test_another_start_of_a_sum_is_refused():
    with pytest.raises(TypeError, match="unsupported operand"):
        sum([pw.Dice()], start=1)


# a call and a part of what it says
CALLS = {
    "iou(pred, target)": (lambda: pw.iou(TARGET, TARGET), COUNTS),
    "dice(logits, target)": (lambda: pw.dice(LOGITS, TARGET), COUNTS),
    "mean_iou(pred, target)": (lambda: pw.mean_iou(TARGET, TARGET), COUNTS),
    "f_beta(pred, target)": (lambda: pw.f_beta(TARGET, TARGET), COUNTS),
    "pixel_accuracy(pred, target)": (lambda: pw.pixel_accuracy(TARGET, TARGET), COUNTS),
    "mean_iou of arrays": (
        lambda: pw.mean_iou(TARGET.numpy(), TARGET.numpy()),
        "must be a ConfusionCounts, got ndarray.",
    ),
    "one_hot of an array": (
        lambda: pw.one_hot(TARGET.numpy(), 3),
        "target must be a tensor, got ndarray. Use torch.from_numpy(target).",
    ),
    "weights of labels": (lambda: pw.class_weights(TARGET), "Make it with count_labels("),
    "options without names": (
        lambda: pw.Dice("softmax"),
        "options must be given by name, got 'softmax'.",
    ),
    "a misspelt activation": (
        lambda: pw.Dice(activation="softmx"),
        "Dice: activation must be one of softmax, sigmoid, got 'softmx'. Did you mean 'softmax'?",
    ),
    "a misspelt upsample": (lambda: pw.Focal(upsample="bilinaer"), "Did you mean 'bilinear'?"),
    "a misspelt backend": (lambda: pw.Dice(backend="nubma"), "Did you mean 'numba'?"),
    "cross_entropy": (lambda: pw.criterion("cross_entropy+dice"), "Did you mean 'ce'?"),
    "a loss that is one already": (lambda: pw.criterion(pw.Dice()), "A loss needs no criterion()"),
    "a size of one number": (lambda: pw.predict_label(LOGITS, 64), "size must be (H, W), got 64."),
    "text for a number": (lambda: pw.Focal(gamma="2"), "gamma must be a number, got '2'."),
    "one class": (lambda: pw.Dice(classes=3), 'classes must be indices, "foreground" or None'),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_as_in_another_library_is_answered_with_what_to_do(call):
    run, words = CALLS[call]
    with pytest.raises(PixelwiseError, match=re.escape(words)):
        run()


LONG = {
    "a tensor": torch.zeros(300, 300),
    "an array": np.zeros((300, 300)),
    "a table": {number: number for number in range(1000)},
    "a list": [[1.0] * 500] * 500,
}


@pytest.mark.parametrize("value", LONG)
@pytest.mark.parametrize(
    "call",
    [
        lambda value: pw.mean_iou(pw.count_confusion([0], [0], 2), value),
        lambda value: pw.Dice(form=value),
        lambda value: pw.Dice(activation=value),
        lambda value: pw.pixel_stats(LOGITS, TARGET, activation=value),
        lambda value: pw.pixel_stats(LOGITS, TARGET, weight=value),
        lambda value: pw.Focal(gamma=value),
        pw.criterion,
    ],
    ids=["mean_iou", "form", "activation", "pass", "weight", "gamma", "criterion"],
)
def test_a_value_in_a_message_is_one_short_line(call, value):
    with pytest.raises((PixelwiseError, ValueError)) as found:
        call(LONG[value])
    assert len(str(found.value)) < 400
    assert "\n" not in str(found.value)


def test_text_is_shown_whole_and_numbers_as_they_are():
    assert [shown(value) for value in ("a\nb", 3, 0.5, None, (1, 2))] == [
        "'a\\nb'", "3", "0.5", "None", "(1, 2)",
    ]  # fmt: skip
