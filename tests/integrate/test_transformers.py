"""Hugging Face Trainer: two steps are two steps of a plain loop; counts are kept, not logits."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import pixelwise as pw
from integrate.inputs import CLASSES, drawn, run_example
from pixelwise.integrate.transformers import (
    check_processor,
    compute_loss_func,
    compute_metrics,
    preprocess_logits_for_metrics,
    trainer_options,
)

transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")
IMAGES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TARGET = drawn(images=4, size=(32, 32))[1].long()
TARGET[:2, :16] = 255
NAMES = [f"class {i}" for i in range(CLASSES)]
LOSS = pw.criterion("ce + dice", num_classes=CLASSES, upsample="bilinear")


class Drawn(torch.utils.data.Dataset):
    """Four images as the Trainer takes them."""

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, index):
        return {"pixel_values": IMAGES[index], "labels": TARGET[index]}


def segformer():
    """A tiny SegFormer of random weights, logits at stride 4, without dropout."""
    config = transformers.SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[4, 8],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=8,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout_prob=0.0,
        drop_path_rate=0.0,
        id2label=dict(enumerate(NAMES)),
        label2id={name: i for i, name in enumerate(NAMES)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return transformers.SegformerForSemanticSegmentation(config)


def trainer(folder, model, **options):
    arguments = {"per_device_train_batch_size": 2, "max_steps": 2, **options}
    args = transformers.TrainingArguments(
        output_dir=str(folder),
        learning_rate=0.01,
        optim="sgd",
        lr_scheduler_type="constant",
        max_grad_norm=0.0,
        remove_unused_columns=False,
        per_device_eval_batch_size=3,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        dataloader_num_workers=0,
        **arguments,
    )
    given = trainer_options(model, LOSS)
    made = transformers.Trainer(args=args, train_dataset=Drawn(), eval_dataset=Drawn(), **given)
    # in the order of the data set
    made._get_train_sampler = lambda *_: torch.utils.data.SequentialSampler(Drawn())
    return made


def plain(parts):
    """Steps of a plain loop, each with the mean of the losses of these parts."""
    model = segformer()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.train()
    for step in parts:
        optimizer.zero_grad()
        for part in step:
            loss = LOSS(model(IMAGES[part]).logits, TARGET[part])
            (loss / len(step)).backward()
        optimizer.step()
    return model


def assert_same(model, other):
    for own, wanted in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(own, wanted, atol=1e-6, rtol=0)


def test_two_steps_are_those_of_a_plain_loop(tmp_path):
    model = segformer()
    trainer(tmp_path, model).train()
    assert_same(model, plain([[slice(0, 2)], [slice(2, 4)]]))


def test_accumulated_steps_are_the_mean_of_their_parts(tmp_path):
    model = segformer()
    trainer(tmp_path, model, gradient_accumulation_steps=2, max_steps=1).train()
    assert_same(model, plain([[slice(0, 2), slice(2, 4)]]))


@pytest.mark.parametrize("one_by_one", [False, True])
def test_an_evaluation_gives_the_native_scores(one_by_one, tmp_path):
    model = segformer()
    found = trainer(tmp_path, model, batch_eval_metrics=one_by_one).evaluate()
    with torch.no_grad():
        logits = model.eval()(IMAGES).logits
    counts = pw.count_confusion(pw.predict_label(logits, size=(32, 32)), TARGET, CLASSES)
    assert found["eval_mean_iou"] == pytest.approx(pw.mean_iou(counts), abs=1e-6)
    assert found["eval_pixel_accuracy"] == pytest.approx(pw.pixel_accuracy(counts), abs=1e-6)
    classes = [found[f"eval_iou_{name}"] for name in NAMES]
    np.testing.assert_allclose(classes, pw.iou(counts), atol=1e-6)


def test_counts_of_images_are_kept_instead_of_logits():
    logits, target = drawn()
    rows = preprocess_logits_for_metrics(CLASSES)((logits, [logits]), (target,))
    assert rows.shape == (3, CLASSES, CLASSES)
    assert rows.dtype == torch.int64
    assert torch.equal(rows.sum(0), pw.confusion_matrix(logits, target))


@pytest.mark.parametrize("convention", pw.CONVENTIONS)
def test_every_convention_is_the_native_one(convention):
    logits, target = drawn()
    rows = preprocess_logits_for_metrics(CLASSES)(logits, target)
    found = compute_metrics(NAMES, convention)(SimpleNamespace(predictions=rows.numpy()))
    images = [pw.ConfusionCounts(row.numpy()) for row in rows]
    counts = images if convention == "per_image" else sum(images)
    assert found["mean_iou"] == pw.mean_iou(counts, convention)


def test_one_sigmoid_channel_is_background_and_foreground():
    model = SimpleNamespace(config=SimpleNamespace(num_labels=1, id2label={0: "lake"}))
    options = trainer_options(model, pw.criterion("bce", num_classes=2))
    logits, target = drawn(stride=1)
    target = torch.where(target == 255, 255, (target == 1).to(torch.uint8))
    rows = options["preprocess_logits_for_metrics"](logits[:, :1], target)
    found = options["compute_metrics"](SimpleNamespace(predictions=rows))
    counts = pw.ConfusionCounts(pw.confusion_matrix(logits[:, :1], target, "sigmoid").numpy())
    assert found["iou_lake"] == pw.iou(counts)[1]
    assert "iou_background" in found


@pytest.mark.parametrize("name", ["do_reduce_labels", "reduce_labels"])
def test_a_processor_that_reduces_labels_is_refused(name):
    with pytest.raises(pw.PixelwiseError, match=f"{name} must be False, got True. With it label 0"):
        trainer_options(segformer(), LOSS, SimpleNamespace(**{name: True}))
    check_processor(SimpleNamespace(**{name: False}))


def test_a_processor_is_handed_on():
    processor = SimpleNamespace(do_reduce_labels=False)
    assert trainer_options(segformer(), LOSS, processor)["processing_class"] is processor


LOGITS, LABELS = drawn()


@pytest.mark.parametrize(
    ("outputs", "labels", "message"),
    [
        ({"logits": LOGITS.softmax(1)}, LABELS, "logits must be raw"),
        ({"logits": LOGITS}, None, "labels must be given, got None"),
        ({"masks_queries_logits": LOGITS}, LABELS, r"outputs must be with logits \(N, C, h, w\)"),
        ((), LABELS, r"outputs must be with logits \(N, C, h, w\)"),
        ({"logits": LOGITS}, LABELS.clamp(max=9), "target must be class indices 0"),
        ({"logits": LOGITS}, LABELS[:, None], "target must be"),
    ],
)
def test_a_loss_without_its_input_is_refused(outputs, labels, message):
    with pytest.raises(pw.PixelwiseError, match=message):
        compute_loss_func(LOSS)(outputs, labels)


@pytest.mark.parametrize(
    "predictions", [LOGITS, LOGITS.numpy(), (LOGITS,), np.zeros((3, 5, 5), int), LABELS]
)
def test_logits_in_place_of_counts_are_refused(predictions):
    with pytest.raises(pw.PixelwiseError, match=r"Give the Trainer preprocess_logits_for_metrics"):
        compute_metrics(CLASSES)(SimpleNamespace(predictions=predictions))


def test_another_loss_and_an_unknown_convention_are_refused():
    with pytest.raises(pw.PixelwiseError, match="criterion must be a Criterion"):
        trainer_options(segformer(), torch.nn.CrossEntropyLoss())
    with pytest.raises(pw.PixelwiseError, match="convention must be one of"):
        compute_metrics(3, "macro")


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    run_example("Hugging Face Trainer", tmp_path, monkeypatch)
