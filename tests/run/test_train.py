"""Training: what a run folder holds, that runs repeat, and that scores agree to the last pixel."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from make import VOID, make_dataset, train_settings, write_stored
from pixelwise.errors import ArgumentError, BackendError, DatasetError, LabelError, RunError
from pixelwise.losses.criterion import Criterion
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run import step as steps
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig


def train_small(data, out, **changes):
    return train(TrainConfig(**train_settings(data, out, **changes)))


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights_of(run, name="last"):
    return (run / name / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def test_a_run_folder_holds_settings_metrics_and_two_checkpoints(data, tmp_path):
    run = train_small(data, tmp_path / "run", epochs=2)
    about = json.loads((run / "config.json").read_text())
    assert about["config"]["loss"] == "ce+dice"
    assert about["config"]["crop"] == [33, 41]
    assert about["command"].startswith("pixelwise train ")
    assert about["classes"]["names"] == ["ground", "disc", "bar"]
    assert about["dataset"]["pairs"] == {"train": 6, "val": 2}
    train_lines = [line for line in lines_of(run) if "train/loss" in line]
    val_lines = [line for line in lines_of(run) if "val/loss" in line]
    assert [line["step"] for line in train_lines] == [1, 2, 3, 4, 5, 6]
    assert [(line["step"], line["epoch"]) for line in val_lines] == [(3, 1), (6, 2)]
    assert {"val/miou", "val/pixel_acc", "val/iou/disc"} <= val_lines[0].keys()
    assert read_checkpoint(run / "last").about.epoch == 2
    best = max(range(2), key=lambda i: val_lines[i]["val/miou"])
    assert read_checkpoint(run / "best").about.epoch == best + 1


def test_the_loss_falls(data, tmp_path):
    """Ten epochs on six images of three colours: the network learns the classes."""
    run = train_small(data, tmp_path / "run", epochs=10, lr=1e-2, scale_jitter=(0.8, 1.25))
    losses = [line["val/loss"] for line in lines_of(run) if "val/loss" in line]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("changes", [{}, {"scale": 1.9}])
def test_the_validation_number_is_the_score_of_the_predictions(data, tmp_path, changes):
    """Every pixel that training counted, `predict` writes and `score` counts again."""
    run = train_small(data, tmp_path / "run", epochs=1, **changes)
    predict(PredictConfig(run / "last"))
    content = score(ScoreConfig(run / "predictions" / "val"))
    line = lines_of(run)[-1]
    assert content["scores"]["mean_iou"] == line["val/miou"]
    assert content["scores"]["pixel_accuracy"] == line["val/pixel_acc"]
    for entry in content["per_class"]:
        assert entry["iou"] == line[f"val/iou/{entry['name']}"]


def test_a_binary_task_trains_one_channel(tmp_path):
    """One sigmoid channel, two scores, bce+dice by default, and the same agreement."""
    data = make_dataset(tmp_path / "data", binary=True)
    run = train_small(data, tmp_path / "run", epochs=2)
    assert json.loads((run / "config.json").read_text())["config"]["loss"] == "bce+dice"
    assert read_checkpoint(run / "last").about.num_channels == 1
    predict(PredictConfig(run / "last"))
    content = score(ScoreConfig(run / "predictions" / "val"))
    assert np.shape(content["confusion"]) == (2, 2)
    assert content["scores"]["mean_iou"] == lines_of(run)[-1]["val/miou"]


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_workers(data, tmp_path):
    first = train_small(data, tmp_path / "a", workers=0)
    second = train_small(data, tmp_path / "b", workers=2)
    other = train_small(data, tmp_path / "c", seed=1)
    assert weights_of(first) == weights_of(second)
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()
    assert weights_of(first) != weights_of(other)


def test_training_leaves_the_random_numbers_of_the_caller_alone(data, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_small(data, tmp_path / "run")
    assert torch.equal(torch.rand(3), expected)


def test_class_weights_come_from_the_train_split(data, tmp_path):
    run = train_small(data, tmp_path / "run", class_weights="median_frequency")
    weights = json.loads((run / "config.json").read_text())["class_weights"]
    assert len(weights) == 3
    assert weights[2] > weights[0]


def test_class_weights_of_a_binary_task_are_refused(tmp_path):
    data = make_dataset(tmp_path / "data", binary=True)
    must = r"class_weights must be one of none, pos_weight for a binary task, got inverse"
    with pytest.raises(ArgumentError, match=must):
        train_small(data, tmp_path / "run", class_weights="inverse")


def test_a_loss_that_is_not_finite_stops_and_names_the_images(data, tmp_path):
    """The message has epoch, step, images and what to try; `last` is from before."""
    with pytest.raises(RunError, match=r"epoch \d+, step \d+, images 0\d, 0\d: .* finite, got"):
        train_small(data, tmp_path / "run", lr=1e30, clip=None, epochs=9)


def make_the_loss_nan_at_step(number, monkeypatch):
    """The losses of validation, which have no gradient, stay as they are."""
    whole, calls = Criterion.forward, []

    def forward(self, logits, target, weight=None):
        calls.append(logits.requires_grad)
        loss = whole(self, logits, target, weight)
        return loss * float("nan") if sum(calls) == number and logits.requires_grad else loss

    monkeypatch.setattr(Criterion, "forward", forward)


def test_after_a_loss_that_is_not_finite_the_last_checkpoint_is_usable(data, tmp_path, monkeypatch):
    """The loss is NaN at the fourth step, in epoch 2: `last` holds epoch 1."""
    make_the_loss_nan_at_step(4, monkeypatch)
    with pytest.raises(RunError, match=r"epoch 2, step 4, .* got nan\. .*last is from before"):
        train_small(data, tmp_path / "run", epochs=3)
    assert read_checkpoint(tmp_path / "run" / "last").about.step == 3


def test_a_learning_rate_that_was_far_too_high_is_named_in_round_numbers(
    data, tmp_path, monkeypatch
):
    """1e30 / 10 is 1.0000000000000001e+29 in binary."""
    make_the_loss_nan_at_step(2, monkeypatch)
    with pytest.raises(RunError, match=r"Try lr=1e\+29, clip=1 or precision="):
        train_small(data, tmp_path / "run", epochs=1, lr=1e30)


@pytest.mark.parametrize(("log_every", "logged"), [(1000, [3]), (1, [1, 2, 3, 3])])
def test_on_a_gpu_losses_are_read_at_the_log_and_before_a_checkpoint(
    data, tmp_path, monkeypatch, log_every, logged
):
    """The step is still named, although others were taken after it, and nothing of it is saved."""
    monkeypatch.setattr(steps, "reads_at_once", lambda _: False)
    make_the_loss_nan_at_step(5, monkeypatch)
    run = tmp_path / "run"
    with pytest.raises(RunError, match=r"epoch 2, step 5, images .* loss must be finite, got nan"):
        train_small(data, run, epochs=3, log_every=log_every)
    assert read_checkpoint(run / "last").about.step == 3
    assert [line["step"] for line in lines_of(run)][: len(logged)] == logged


def test_a_run_whose_losses_are_read_late_is_the_same_run(data, tmp_path, monkeypatch):
    first = train_small(data, tmp_path / "a", epochs=2, log_every=2)
    monkeypatch.setattr(steps, "reads_at_once", lambda _: False)
    second = train_small(data, tmp_path / "b", epochs=2, log_every=2)
    assert weights_of(first) == weights_of(second)
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()


def test_a_batch_that_does_not_fit_into_memory_is_an_event_with_ways_out(
    data, tmp_path, monkeypatch
):
    def no_memory(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(steps, "loss_over_ranks", no_memory)
    message = r"out of GPU memory for a batch of 2 images of 32x32\. Try accumulate=2, or a smaller"
    with pytest.raises(RunError, match=message):
        train_small(data, tmp_path / "run")


def test_the_time_limit_ends_a_run_after_an_epoch(data, tmp_path, capsys):
    run = train_small(data, tmp_path / "run", epochs=50, max_minutes=1e-9)
    assert read_checkpoint(run / "last").about.epoch == 1
    assert f"pixelwise train --resume {run}" in capsys.readouterr().err


def test_a_data_set_without_val_is_told_what_to_do(tmp_path):
    """As init leaves it if there are too few pairs."""
    data = make_dataset(tmp_path / "data", train=2, val=0)
    text = (data / "dataset.toml").read_text().split("[splits.val]")[0]
    (data / "dataset.toml").write_text(text)
    with pytest.raises(DatasetError, match=r"got 'val'\. Add .* val_split=.train"):
        train_small(data, tmp_path / "run")
    run = train_small(data, tmp_path / "run", val_split="train")
    assert (run / "best").is_dir()


def test_a_run_that_ends_late_is_not_said_to_be_stopped(data, tmp_path, capsys):
    """After its last epoch there is nothing to go on with."""
    train_small(data, tmp_path / "run", epochs=1, max_minutes=1e-9)
    assert "--resume" not in capsys.readouterr().err


def test_a_run_folder_is_never_overwritten(data, tmp_path):
    train_small(data, tmp_path / "run")
    before = weights_of(tmp_path / "run")
    with pytest.raises(RunError, match=r"out must be a new or empty folder, got .*run\. Choose"):
        train_small(data, tmp_path / "run", seed=3)
    assert weights_of(tmp_path / "run") == before


def test_without_a_name_runs_are_numbered(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [train_small(data, None).as_posix() for _ in range(2)]
    assert names == [f"runs/{data.name}-1", f"runs/{data.name}-2"]


def refuse_to_start(data, tmp_path, error, message, **changes):
    """The run does not start, and no folder is made."""
    with pytest.raises(error, match=message):
        train_small(data, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"loss": "dicee"}, ArgumentError, r"loss must be one of .* Did you mean 'dice'\?"),
        ({"network": "smal"}, ArgumentError, r"network must be one of .* 'small'\?"),
        ({"train_split": "training"}, DatasetError, r"split must be one of train, val, got"),
        ({"batch": 5, "devices": 2}, ArgumentError, r"batch must be a multiple of devices"),
    ],
)
def test_wrong_settings_are_found_before_anything_is_written(
    data, tmp_path, changes, error, message
):
    refuse_to_start(data, tmp_path, error, message, **changes)


def test_a_gpu_that_is_not_there_is_an_error(data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refuse_to_start(
        data,
        tmp_path,
        BackendError,
        r"this machine has no GPU that torch can use\. Use device=.cpu",
        device="cuda",
    )


def test_softmax_over_one_channel_is_refused(tmp_path):
    """A binary task with ce, and a multiclass task with one class."""
    binary = make_dataset(tmp_path / "binary", binary=True)
    refuse_to_start(binary, tmp_path, ArgumentError, r"Use bce in place of ce", loss="ce+dice")
    single = make_dataset(tmp_path / "single", names=("ground",))
    refuse_to_start(single, tmp_path, DatasetError, r"softmax over one channel is always 1")


def test_all_sizes_that_differ_are_found_before_training(tmp_path):
    from PIL import Image

    data = make_dataset(tmp_path / "data")
    for name in ("01", "04"):
        path = data / "train" / "labels" / f"{name}.png"
        Image.open(path).resize((20, 10)).save(path)
    message = (
        r"2 pairs cannot be used: .*labels/01.png: size must be 37x41 \(height x width\), that of "
        r".*images/01.png, got 10x20; .*04.png: .*\. Labels are never resized\. Find all defects"
    )
    refuse_to_start(data, tmp_path, LabelError, message)


def test_void_that_is_not_declared_is_found_before_training(tmp_path):
    data = make_dataset(tmp_path / "data", declare=False)
    refuse_to_start(data, tmp_path, LabelError, r"got 11 \(.*Is 11 the void value\?")


def test_where_all_of_val_is_void_the_line_of_an_epoch_says_so(tmp_path, capfd):
    data = make_dataset(tmp_path / "data")
    for path in (data / "val" / "labels").iterdir():
        with Image.open(path) as image:
            write_stored(path, np.full(image.size[::-1], VOID))
    train(TrainConfig(**train_settings(data, tmp_path / "run")))
    assert "val mIoU - (no pixel of val is labelled)" in capfd.readouterr().err
