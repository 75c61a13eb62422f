"""Images without a batch axis are refused with the fix; lists of points are not taken for them."""

import re

import pytest
import torch

import pixelwise as pw
from pixelwise.errors import PixelwiseError

LOGITS, TARGET = torch.randn(5, 32, 48), torch.zeros(32, 48, dtype=torch.long)
BOTH = "Add a batch axis: logits[None], target[None]."
CALLS = {
    "pixel_stats": (lambda: pw.pixel_stats(LOGITS, TARGET), BOTH),
    "a loss": (lambda: pw.Dice()(LOGITS, TARGET), BOTH),
    "a sum of losses": (lambda: (pw.CrossEntropy() + pw.Dice())(LOGITS, TARGET), BOTH),
    "a loss on logits": (lambda: pw.Lovasz()(LOGITS, TARGET), BOTH),
    "a loss that upsamples": (lambda: pw.Dice(upsample="bilinear")(LOGITS, TARGET), BOTH),
    "sigmoid": (lambda: pw.BinaryCrossEntropy()(LOGITS[:1], TARGET), BOTH),
    "a target with a batch axis": (lambda: pw.Dice()(LOGITS, TARGET[None]), "logits[None]."),
    "logits with a batch axis": (lambda: pw.Dice()(LOGITS[None], TARGET), "target[None]."),
    "confusion_matrix": (lambda: pw.confusion_matrix(LOGITS, TARGET), BOTH),
    "predict_label": (lambda: pw.predict_label(LOGITS), "logits[None]. If these are batches"),
    "predict_label of a size": (lambda: pw.predict_label(LOGITS, (64, 96)), "logits[None]."),
    "one_hot": (lambda: pw.one_hot(TARGET, 5), "target[None]. If these are batches"),
    "classes that overlap": (
        lambda: pw.Dice(activation="sigmoid")(LOGITS, torch.zeros(5, 32, 48).long()),
        "logits[None]. If these are batches",
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_image_without_a_batch_axis_is_refused_with_the_fix(call):
    run, fix = CALLS[call]
    with pytest.raises(PixelwiseError, match=re.escape(fix)):
        run()


@pytest.mark.parametrize("shape", [(2, 5, 300), (1, 2, 3), (4, 19, 4096), (8, 2, 16)])
def test_lists_of_points_are_logits_of_one_spatial_axis(shape):
    logits = torch.randn(shape)
    target = torch.zeros(shape[0], shape[2], dtype=torch.long)
    assert pw.predict_label(logits).shape == target.shape
    assert pw.confusion_matrix(logits, target).sum() == target.numel()
    assert pw.CrossEntropy()(logits, target).isfinite()


def test_a_second_spatial_axis_says_that_they_are_lists():
    logits = torch.randn(4, 19, 100)
    assert torch.equal(pw.predict_label(logits[..., None])[..., 0].long(), logits.argmax(1))
    assert pw.one_hot(torch.zeros(16, 16, 1).long(), 3).shape == (16, 3, 16, 1)
