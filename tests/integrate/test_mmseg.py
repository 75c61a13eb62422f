"""mmsegmentation, tested against mmengine: registries, the call of a head, an evaluator."""

import runpy

import pytest
import torch
from torch import nn

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, run_example
from pixelwise.integrate import mmseg
from pixelwise.integrate.mmseg import NativeStride, PixelwiseLoss

pytest.importorskip("mmengine")
registry = pytest.importorskip("mmengine.registry")
Evaluator = pytest.importorskip("mmengine.evaluator").Evaluator
LOGITS, TARGET = drawn()
LOSS = {"type": "PixelwiseLoss", "loss": "ce + dice", "num_classes": CLASSES}
NAMES = ["road", "grass", "car", "sky"]
NATIVE = pw.criterion("ce + dice", num_classes=CLASSES, upsample="bilinear")


@pytest.fixture(autouse=True)
def _registered():
    mmseg.register()
    mmseg.register()  # twice does no harm


def test_a_config_of_a_child_registry_makes_the_loss():
    """As that of mmsegmentation is."""
    child = registry.Registry("model", parent=registry.MODELS, scope="mmseg")
    loss = child.build({**LOSS, "loss_weight": 0.4, "loss_name": "loss_aux"})
    assert isinstance(loss, PixelwiseLoss)
    assert loss.loss_name == "loss_aux"
    assert loss(LOGITS, TARGET, weight=None, ignore_index=255) == 0.4 * NATIVE(LOGITS, TARGET)


def test_a_config_that_imports_the_module_registers_both(monkeypatch):
    monkeypatch.delitem(registry.MODELS.module_dict, "PixelwiseLoss")
    monkeypatch.delitem(registry.METRICS.module_dict, "PixelwiseIoU")
    runpy.run_path(mmseg.__file__)
    assert "PixelwiseLoss" in registry.MODELS
    assert "PixelwiseIoU" in registry.METRICS


def test_weights_of_a_sampler_are_the_weights_of_pixels():
    weight = torch.rand(TARGET.shape)
    loss = registry.MODELS.build(LOSS)(LOGITS, TARGET.long(), weight=weight, ignore_index=255)
    torch.testing.assert_close(loss, NATIVE(LOGITS, TARGET, weight), atol=1e-6, rtol=0)


def test_class_weights_and_another_void_are_those_of_the_criterion():
    weights, target = [1.0, 2.0, 0.5, 1.0], TARGET.long().masked_fill(TARGET == 255, 7)
    loss = PixelwiseLoss("ce", CLASSES, class_weights=weights, ignore_index=7)
    expected = pw.CrossEntropy(weight=weights, ignore_index=7, upsample="bilinear")
    assert loss(LOGITS, target, ignore_index=7) == expected(LOGITS, target)


class OwnHead:
    """What a head of mmsegmentation has that NativeStride uses."""

    align_corners, sampler, ignore_index = False, None, 255

    def __init__(self, *losses):
        self.loss_decode = losses[0] if len(losses) == 1 else nn.ModuleList(losses)

    def _stack_batch_gt(self, samples):
        return torch.stack(samples)


class Head(NativeStride, OwnHead):
    """A head whose losses take logits at its own stride."""


def test_a_head_at_native_stride_has_the_losses_of_the_native_criterion():
    leaf = LOGITS.clone().requires_grad_()
    head = Head(
        PixelwiseLoss("ce", CLASSES),
        PixelwiseLoss("dice", CLASSES),
        PixelwiseLoss("dice", CLASSES, loss_name="loss_dice"),
    )
    losses = head.loss_by_feat(leaf, list(TARGET[:, None]))
    assert sorted(losses) == ["acc_seg", "loss_dice", "loss_pixelwise"]
    torch.testing.assert_close(losses["loss_pixelwise"], NATIVE(leaf, TARGET), atol=1e-6, rtol=0)
    counts = pw.ConfusionCounts(pw.confusion_matrix(LOGITS, TARGET).numpy())
    assert float(losses["acc_seg"]) == pytest.approx(100 * pw.pixel_accuracy(counts), abs=1e-4)
    assert losses["acc_seg"].grad_fn is None


def samples(labels, target):
    return [
        {"pred_sem_seg": {"data": p[None]}, "gt_sem_seg": {"data": t[None]}}
        for p, t in zip(labels, target)
    ]


@pytest.mark.parametrize("convention", pw.CONVENTIONS)
def test_an_evaluator_gives_the_native_scores(convention):
    labels = pw.predict_label(LOGITS, size=tuple(TARGET.shape[1:])).long()
    evaluator = Evaluator({"type": "PixelwiseIoU", "convention": convention})
    evaluator.dataset_meta = {"classes": NAMES}
    evaluator.process(samples(labels[:2], TARGET[:2]), {})
    evaluator.process(samples(labels[2:], TARGET[2:].long()), {})
    found = evaluator.evaluate(size=3)
    images = [pw.count_confusion(p, t, CLASSES) for p, t in zip(labels, TARGET)]
    counts = images if convention == "per_image" else sum(images)
    expected = pytest.approx(pw.mean_iou(counts, convention), abs=1e-6)
    assert found["pixelwise/mean_iou"] == expected
    assert found["pixelwise/iou_grass"] == pytest.approx(pw.iou(sum(images))[1], abs=1e-6)


def test_images_that_pad_the_last_batch_do_not_count():
    labels = pw.predict_label(LOGITS, size=tuple(TARGET.shape[1:]))
    metric = mmseg.PixelwiseIoU()
    metric.dataset_meta = {"classes": NAMES}
    metric.process({}, samples(labels, TARGET))
    metric.process({}, samples(labels[:1], TARGET[:1]))
    counts = sum(pw.count_confusion(p, t, CLASSES) for p, t in zip(labels, TARGET))
    assert metric.evaluate(size=3)["pixelwise/mean_iou"] == pw.mean_iou(counts)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x, y: (x.softmax(1), y), {}, "logits must be raw"),
        (lambda x, y: (x, pw.one_hot(y, CLASSES)), {}, "It looks one-hot"),
        (lambda x, y: (x, y[:, None]), {}, "Remove the channel axis"),
        (lambda x, y: (x, y), {"ignore_index": 0}, "ignore_index must be 255, as this loss was"),
        (lambda x, y: (x, y), {"avg_factor": 3.0}, "avg_factor must be None"),
        (lambda x, y: (x, y), {"reduction_override": "sum"}, "reduction_override must be one of"),
        (lambda x, y: (x, y.clamp(max=9)), {}, "target must be class indices 0"),
    ],
)
def test_wrong_input_is_refused(change, options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        registry.MODELS.build(LOSS)(*change(LOGITS, TARGET), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss_name": "pixelwise"}, 'loss_name must be a name that begins with "loss_"'),
        ({"loss_weight": -1}, "loss_weight must be >= 0"),
        ({"loss": "crossentropy"}, "Did you mean"),
    ],
)
def test_a_loss_that_cannot_be_is_refused(options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        PixelwiseLoss(**{"loss": "ce", "num_classes": 3, **options})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("align_corners", True, "align_corners must be False"),
        ("sampler", object(), "sampler must be None at native stride, got object"),
        ("loss_decode", nn.CrossEntropyLoss(), "loss_decode must be PixelwiseLoss, got Cross"),
    ],
)
def test_a_head_that_cannot_be_at_native_stride_is_refused(name, value, message):
    head = Head(PixelwiseLoss("ce", CLASSES))
    setattr(head, name, value)
    with pytest.raises(pw.PixelwiseError, match=message):
        head.loss_by_feat(LOGITS, list(TARGET[:, None]))


def test_a_metric_without_void_classes_or_a_convention_is_refused():
    metric = mmseg.PixelwiseIoU(ignore_index=None)
    with pytest.raises(pw.PixelwiseError, match="classes must be given in dataset_meta"):
        metric.process({}, samples(TARGET, TARGET))
    metric.dataset_meta = {"classes": NAMES}
    with pytest.raises(pw.PixelwiseError, match="target and pred must be class indices 0"):
        metric.process({}, samples(TARGET, TARGET))
    with pytest.raises(pw.PixelwiseError, match="convention must be one of"):
        mmseg.PixelwiseIoU(convention="macro")


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("mmsegmentation", tmp_path, monkeypatch)
