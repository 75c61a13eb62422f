"""MONAI: targets with a channel axis, MetaTensors, sliding windows, cumulative counts."""

import pytest
import torch

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, network, run_example
from pixelwise.integrate.monai import Loss

monai = pytest.importorskip("monai")
inferers = pytest.importorskip("monai.inferers")
from monai.data import MetaTensor  # noqa: E402

from pixelwise.integrate.monai import MeanIoU  # noqa: E402

LOGITS, TARGET = drawn(stride=1)
CRITERION = pw.criterion("ce + dice", num_classes=CLASSES)


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.int64])
@pytest.mark.parametrize("wrapped", [lambda tensor: tensor, MetaTensor])
def test_the_loss_and_its_gradient_are_the_native_ones(wrapped, dtype):
    leaf = LOGITS.clone().requires_grad_()
    loss = Loss(CRITERION)(wrapped(leaf), wrapped(TARGET[:, None].to(dtype)))
    assert type(loss) is torch.Tensor
    native = LOGITS.clone().requires_grad_()
    expected = CRITERION(native, TARGET)
    assert torch.equal(loss, expected)
    loss.backward()
    expected.backward()
    assert torch.equal(leaf.grad, native.grad)


def test_overlapping_classes_have_a_channel_each():
    planes = (LOGITS > 0.5).float()
    criterion = pw.BinaryCrossEntropy() + pw.Dice(activation="sigmoid")
    loss = Loss(criterion)(MetaTensor(LOGITS), MetaTensor(planes))
    assert loss == criterion(LOGITS, planes.long())


def test_volumes_have_a_loss():
    logits, target = torch.randn(2, 3, 4, 8, 8), torch.randint(0, 3, (2, 1, 4, 8, 8))
    assert Loss(pw.Dice())(logits, target.float()) == pw.Dice()(logits, target[:, 0])


@pytest.mark.parametrize("convention", pw.CONVENTIONS)
def test_the_score_of_two_calls_is_the_native_one(convention):
    metric = MeanIoU(CLASSES, convention=convention)
    rows = metric(y_pred=MetaTensor(LOGITS), y=MetaTensor(TARGET[:, None].float()))
    assert torch.equal(rows.sum(0), pw.confusion_matrix(LOGITS, TARGET))
    other_logits, other = drawn(images=2, stride=1, seed=1)
    metric(y_pred=list(other_logits), y=list(other[:, None]))
    pairs = [*zip(LOGITS.argmax(1), TARGET), *zip(other_logits.argmax(1), other)]
    images = [pw.count_confusion(p, t, CLASSES) for p, t in pairs]
    counts = images if convention == "per_image" else sum(images)
    assert float(metric.aggregate()) == pytest.approx(pw.mean_iou(counts, convention), abs=1e-12)
    assert metric.images()[3] == pw.ConfusionCounts(images[3].matrix)
    metric.reset()
    assert torch.isnan(metric.aggregate())


def test_class_indices_give_the_same_as_logits():
    metric, other = MeanIoU(CLASSES), MeanIoU(CLASSES)
    metric(LOGITS, TARGET[:, None])
    other(LOGITS.argmax(1, keepdim=True), TARGET[:, None])
    assert torch.equal(metric.get_buffer(), other.get_buffer())


def test_sliding_windows_of_a_network_are_scored():
    net = network()
    images = MetaTensor(torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)))
    target = drawn(images=2, size=(32, 48))[1]
    with torch.no_grad():
        logits = inferers.sliding_window_inference(
            images, (16, 16), sw_batch_size=4, predictor=net, overlap=0.5
        )
    assert logits.shape == (2, CLASSES, 16, 24)  # at the stride of the network
    metric = MeanIoU(CLASSES)
    metric(logits, target[:, None])
    expected = pw.confusion_matrix(logits.as_tensor(), target)
    assert torch.equal(metric.get_buffer().sum(0), expected)
    upsampled = pw.criterion("ce", num_classes=CLASSES, upsample="bilinear")
    assert Loss(upsampled)(logits, target[:, None]) == upsampled(logits.as_tensor(), target)


ONE_HOT = torch.eye(CLASSES)[TARGET.long() % CLASSES].movedim(-1, 1)


@pytest.mark.parametrize("made", [Loss(CRITERION), MeanIoU(CLASSES)], ids=["loss", "score"])
@pytest.mark.parametrize(
    ("logits", "target", "message"),
    [
        (LOGITS, ONE_HOT, "A one-hot target becomes class indices"),
        (LOGITS, TARGET, "target must be"),
        (LOGITS, TARGET[:, None] + 0.25, "target must be whole numbers, class indices"),
        (LOGITS.softmax(1), TARGET[:, None], "logits must be raw"),
        (LOGITS, TARGET[:, None].clamp(max=9), "target must be class indices 0"),
    ],
)
def test_wrong_input_is_refused(made, logits, target, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        made(logits, target)


def test_255_without_void_is_refused():
    with pytest.raises(pw.PixelwiseError, match="target must be class indices 0"):
        MeanIoU(CLASSES, ignore_index=None)(LOGITS, TARGET[:, None])
    with pytest.raises(pw.PixelwiseError, match="y must be given, got None"):
        MeanIoU(CLASSES)(LOGITS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 1}, "num_classes must be >= 2"),
        ({"num_classes": 3, "convention": "macro"}, "convention must be one of"),
        ({"num_classes": 3, "activation": "tanh"}, "activation must be one of"),
    ],
)
def test_a_score_that_cannot_be_is_refused(options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        MeanIoU(**options)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("MONAI", tmp_path, monkeypatch)
