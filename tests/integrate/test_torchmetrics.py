"""torchmetrics: the native numbers, int64 sums, void, conventions, ranks."""

import copy
import pickle

import pytest
import torch

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, run_example

torchmetrics = pytest.importorskip("torchmetrics")
from pixelwise.integrate.torchmetrics import MeanDice, MeanIoU  # noqa: E402

LOGITS, TARGET = drawn()


def native(logits, target, ignore_index=255):
    """Counts of each image, from labels that were predicted at full size."""
    labels = pw.predict_label(logits, size=tuple(target.shape[1:]))
    pairs = zip(labels.numpy(), target.numpy())
    return [pw.count_confusion(p, t, logits.shape[1], ignore_index) for p, t in pairs]


@pytest.mark.parametrize("convention", pw.CONVENTIONS)
@pytest.mark.parametrize(("make", "score"), [(MeanIoU, pw.mean_iou), (MeanDice, pw.mean_dice)])
def test_the_score_of_two_batches_is_the_native_one(make, score, convention):
    metric = make(CLASSES, convention=convention)
    other_logits, other = drawn(images=2, seed=1)
    metric.update(LOGITS, TARGET)
    metric.update(other_logits, other)
    images = native(LOGITS, TARGET) + native(other_logits, other)
    counts = images if convention == "per_image" else sum(images)
    assert float(metric.compute()) == pytest.approx(score(counts, convention), abs=1e-12)
    assert metric.counts == sum(images)
    assert metric.counts.images == 5


def test_class_indices_give_the_same_as_logits():
    metric, other = MeanIoU(CLASSES), MeanIoU(CLASSES)
    metric.update(LOGITS, TARGET)
    other.update(pw.predict_label(LOGITS, size=tuple(TARGET.shape[1:])).long(), TARGET.long())
    assert metric.counts == other.counts


def test_one_sigmoid_channel_is_two_classes():
    logits, target = LOGITS[:, :1], (TARGET == 1).to(torch.uint8)
    metric = MeanIoU(2, activation="sigmoid", threshold=0.3)
    metric.update(logits, target)
    expected = pw.confusion_matrix(logits, target, "sigmoid", 0.3)
    assert torch.equal(metric.matrix, expected)


@pytest.mark.parametrize(
    "cast",
    [
        lambda m: m.half(),
        lambda m: m.to(torch.float16),
        lambda m: m.set_dtype(torch.float16),
        lambda m: torch.nn.ModuleList([m]).half()[0],
        lambda m: torch.nn.ModuleList([m]).type(torch.bfloat16)[0],
    ],
)
def test_no_cast_changes_the_sums(cast):
    metric = MeanIoU(CLASSES, convention="per_image")
    metric.update(LOGITS, TARGET)
    before, dtypes = metric.compute(), {torch.int64, torch.float64}
    cast(metric)
    metric._computed = None
    assert {getattr(metric, name).dtype for name in metric._defaults} == dtypes
    assert metric.compute() == before
    metric.reset()
    assert metric.matrix.dtype == torch.int64


def test_sums_are_exact_beyond_what_float32_counts():
    metric = MeanIoU(2)
    metric.matrix += 2**40
    metric.update(torch.ones(1, 1, dtype=torch.int64), torch.ones(1, 1, dtype=torch.int64))
    assert metric.matrix.tolist() == [[2**40, 2**40], [2**40, 2**40 + 1]]


def test_forward_gives_the_score_of_the_batch_and_adds_it():
    metric = MeanIoU(CLASSES)
    other_logits, other = drawn(seed=5)
    assert float(metric(LOGITS, TARGET)) == pw.mean_iou(sum(native(LOGITS, TARGET)))
    assert float(metric(other_logits, other)) == pw.mean_iou(sum(native(other_logits, other)))
    assert metric.counts == sum(native(LOGITS, TARGET) + native(other_logits, other))


def test_reset_pickle_copy_and_state_dict_keep_the_meaning():
    metric = MeanIoU(CLASSES)
    metric.persistent(True)
    metric.update(LOGITS, TARGET)
    restored = MeanIoU(CLASSES)
    restored.persistent(True)
    restored.load_state_dict(metric.state_dict())
    for same in (restored, copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        assert same.counts == metric.counts
    metric.reset()
    assert metric.counts.valid == metric.counts.images == 0


def test_a_collection_shares_a_state_among_those_that_count_alike_and_no_others():
    metrics = torchmetrics.MetricCollection(
        {
            "iou": MeanIoU(CLASSES),
            "dice": MeanDice(CLASSES),
            "target": MeanIoU(CLASSES, convention="target"),
            "two voids": MeanIoU(CLASSES, ignore_index=[255, 1]),
            "iou of images": MeanIoU(CLASSES, convention="per_image"),
            "dice of images": MeanDice(CLASSES, convention="per_image"),
        }
    )
    perfect = torch.zeros_like(TARGET)  # one class alone: all of them have the same sums
    metrics.update(perfect, perfect)
    assert len(metrics.compute_groups) == 4
    metrics.update(LOGITS, TARGET)
    images = [*native(torch.eye(CLASSES)[perfect.long()].movedim(-1, 1), perfect)]
    images += native(LOGITS, TARGET)
    values = metrics.compute()
    assert float(values["iou"]) == pw.mean_iou(sum(images))
    assert float(values["dice"]) == pw.mean_dice(sum(images))
    assert float(values["target"]) == pw.mean_iou(sum(images), "target")
    assert float(values["two voids"]) != float(values["iou"])
    assert float(values["dice of images"]) == pytest.approx(pw.mean_dice(images, "per_image"))


@pytest.mark.parametrize("convention", ["present", "per_image"])
def test_ranks_add_up_exactly(convention):
    """The states of another rank, given by hand to what gathers them."""
    own, other = (MeanIoU(CLASSES, convention=convention) for _ in range(2))
    other_logits, target = drawn(images=2, seed=1)
    own.update(LOGITS, TARGET)
    other.update(other_logits, target)
    names = iter(list(own._reductions) * 2)
    own.distributed_available_fn = lambda: True
    own.dist_sync_fn = lambda state, **_: [state, getattr(other, next(names))]
    images = native(LOGITS, TARGET) + native(other_logits, target)
    counts = images if convention == "per_image" else sum(images)
    assert float(own.compute()) == pytest.approx(pw.mean_iou(counts, convention), abs=1e-12)
    assert own.counts == sum(native(LOGITS, TARGET))


def test_nothing_valid_is_nan():
    metric = MeanIoU(CLASSES)
    metric.update(LOGITS, torch.full_like(TARGET, 255))
    assert torch.isnan(metric.compute())
    assert metric.counts.ignored == TARGET.numel()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x.softmax(1), y), "logits must be raw, got channels in 0..1 that add up"),
        (lambda x, y: (x, pw.one_hot(y, CLASSES)), "It looks one-hot: use target.argmax"),
        (lambda x, y: (x, y[:, None]), r"Remove the channel axis: target.squeeze\(1\)"),
        (lambda x, y: (x[:, :3], y), r"pred must be \(N, 4, \*S\) for 4 classes"),
        (lambda x, y: (x[:2], y), "target must be of as many images as pred"),
        (lambda x, y: (x.argmax(1), y), "target must be as large as the indices in pred"),
        (lambda x, y: (x, y.float()), "must be class indices of an integer or bool dtype"),
        (lambda x, y: (x.numpy(), y), "pred must be a tensor, got ndarray"),
    ],
)
def test_wrong_input_is_refused(change, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        MeanIoU(CLASSES).update(*change(LOGITS, TARGET))


@pytest.mark.parametrize("pred", [LOGITS, torch.zeros_like(TARGET)])
def test_255_without_void_is_refused(pred):
    with pytest.raises(pw.PixelwiseError, match=r"target must be class indices 0..3"):
        MeanIoU(CLASSES, ignore_index=None).update(pred, TARGET)


def test_sigmoid_probabilities_are_refused():
    metric = MeanIoU(2, activation="sigmoid")
    with pytest.raises(pw.PixelwiseError, match=r"logits must be raw, got values in 0..1 alone"):
        metric.update((3 * LOGITS[:, :1]).sigmoid(), (TARGET == 1).to(torch.uint8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 1}, "num_classes must be >= 2"),
        ({"num_classes": 3, "activation": "sigmoid"}, "num_classes must be 2 with sigmoid"),
        ({"num_classes": 3, "convention": "mean"}, "convention must be one of present"),
        ({"num_classes": 3, "threshold": 2}, "threshold must be between 0 and 1"),
    ],
)
def test_a_metric_that_cannot_be_is_refused(options, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        MeanIoU(**options)


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("torchmetrics", tmp_path, monkeypatch)
