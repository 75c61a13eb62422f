"""Keras-style counts: the native numbers from channels-last arrays of numpy."""

import numpy as np
import pytest

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, run_example
from pixelwise.integrate.keras import MeanIoU

LOGITS, TARGET = (tensor.numpy() for tensor in drawn(stride=1))
LAST = np.moveaxis(LOGITS, 1, -1)
PROBS = np.exp(LAST) / np.exp(LAST).sum(-1, keepdims=True)
IMAGES = [pw.count_confusion(p.argmax(-1), t, CLASSES) for p, t in zip(LAST, TARGET)]


@pytest.mark.parametrize("convention", pw.CONVENTIONS)
@pytest.mark.parametrize("pred", [LAST, PROBS, LAST.argmax(-1)], ids=["logits", "probs", "indices"])
def test_the_result_of_two_batches_is_the_native_one(pred, convention):
    metric = MeanIoU(CLASSES, 255, from_logits=pred is LAST, convention=convention)
    metric.update_state(TARGET[:1], pred[:1])
    metric.update_state(TARGET[1:, ..., None].astype(np.float32), pred[1:])
    counts = IMAGES if convention == "per_image" else sum(IMAGES)
    assert metric.result() == pytest.approx(pw.mean_iou(counts, convention), abs=1e-12)
    assert metric.counts == sum(IMAGES)
    assert metric.counts.images == len(IMAGES)


@pytest.mark.parametrize("from_logits", [True, False])
def test_one_channel_is_foreground_above_the_threshold(from_logits):
    logits, target = LAST[..., :1], (TARGET == 1).astype(np.int32)
    pred = logits if from_logits else 1 / (1 + np.exp(-logits))
    metric = MeanIoU(2, from_logits=from_logits, threshold=0.3)
    metric.update_state(target, pred)
    probs = 1 / (1 + np.exp(-logits[..., 0]))
    assert metric.counts == pw.count_confusion(probs > 0.3, target, 2)


@pytest.mark.parametrize(("threshold", "foreground"), [(0.0, 1), (1.0, 0)])
def test_thresholds_of_zero_and_one_are_all_or_nothing(threshold, foreground):
    metric = MeanIoU(2, from_logits=True, threshold=threshold)
    metric.update_state(np.ones((1, 2, 2), int), np.array([-9.0, 0, 1, 9]).reshape(1, 2, 2, 1))
    assert metric.counts.pred_pixels[foreground] == 4


def test_a_class_may_be_ignored_as_keras_does():
    metric = MeanIoU(CLASSES, ignore_class=0)
    metric.update_state(np.where(TARGET == 255, 1, TARGET), PROBS)
    assert metric.counts.target_pixels[0] == 0
    assert metric.counts.ignored == (TARGET == 0).sum()


@pytest.mark.parametrize("convention", ["present", "per_image"])
def test_reset_state_forgets_all(convention):
    metric = MeanIoU(CLASSES, 255, convention=convention)
    metric.update_state(TARGET, PROBS)
    metric.reset_state()
    assert np.isnan(metric.result())
    assert metric.counts.images == 0


@pytest.mark.parametrize(
    ("true", "pred", "options", "message"),
    [
        (TARGET, LAST, {}, r"probs must be 0\.\.1 at valid pixels"),
        (TARGET, 0.5 * PROBS, {}, "Pass from_logits=True for logits"),
        (TARGET, PROBS, {"from_logits": True}, "Pass from_logits=False for probabilities"),
        (np.eye(CLASSES)[TARGET % 4], PROBS, {}, "It looks one-hot"),
        (TARGET + 0.5, PROBS, {}, "y_true must be whole numbers"),
        (TARGET, PROBS, {"ignore_class": None}, "target must be class indices 0..3"),
        (TARGET, np.moveaxis(PROBS, -1, 1), {}, "channels last"),
        (TARGET, PROBS * np.nan, {}, "at valid pixels"),
        (TARGET, LAST * np.nan, {"from_logits": True}, "y_pred must be without NaN"),
    ],
)
def test_wrong_input_is_refused(true, pred, options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        MeanIoU(CLASSES, **{"ignore_class": 255, **options}).update_state(true, pred)


def test_weights_are_refused():
    with pytest.raises(pw.PixelwiseError, match="sample_weight must be None"):
        MeanIoU(CLASSES, 255).update_state(TARGET, PROBS, sample_weight=np.ones(3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 1}, "num_classes must be >= 2"),
        ({"num_classes": 2, "threshold": -1}, "threshold must be between 0 and 1"),
        ({"num_classes": 2, "convention": "macro"}, "convention must be one of present"),
    ],
)
def test_a_metric_that_cannot_be_is_refused(options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        MeanIoU(**options)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("Keras", tmp_path, monkeypatch)
