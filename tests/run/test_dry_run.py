"""train --plan: what it says is what train does, and nothing is written."""

import json
import os

import pytest

from cli.calls import call
from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError
from pixelwise.plan.config import TrainConfig
from pixelwise.run import dry_run, memory
from pixelwise.run.dry_run import in_bytes, plan_training
from pixelwise.run.train import train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"), train=6, val=2)


def files_below(*folders):
    """Every file and folder, when it was changed, and its size."""
    paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    return {path: (os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths}


def planned(data, out, **changes):
    return plan_training(TrainConfig(**train_settings(data, out, **changes)))


def test_what_is_said_is_what_the_training_says(data, tmp_path):
    changes = {"accumulate": 2, "epochs": 2, "class_weights": "median_frequency"}
    found = planned(data, tmp_path / "run", **changes)
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", **changes)))
    log = (run / "log.txt").read_text().splitlines()
    assert found.notes == log[: len(found.notes)]
    assert any("BatchNorm" in note for note in found.notes)
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert (found.steps_per_epoch, found.steps, found.done) == (3, max(steps), 0)
    about = json.loads((run / "config.json").read_text())
    assert found.parameters == about["parameters"]
    assert list(found.class_weights.values()) == about["class_weights"]
    assert list(found.config.crop) == about["config"]["crop"]
    pixels = json.loads((run / "data.json").read_text())["train"]["pixels"]
    assert list(found.splits["train"].pixels.values()) == pixels
    assert (found.splits["train"].pairs, found.splits["val"].pairs) == (6, 2)


def test_a_plan_writes_nothing(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = files_below(tmp_path, data)
    found = plan_training(data, network="small", batch=2, device="cpu")
    assert files_below(tmp_path, data) == before
    assert found.run == os.path.join("runs", f"{data.name}-1")


def test_a_plan_of_a_run_that_goes_on_has_what_is_left(data, tmp_path, monkeypatch):
    """The settings are those of the run; nothing in its folder is changed."""
    monkeypatch.chdir(tmp_path)
    score_epoch = train.__wrapped__.__globals__["score_epoch"]

    def takes_hours(run):
        object.__setattr__(run, "started", run.started - 1e6)
        return score_epoch(run)

    monkeypatch.setitem(train.__wrapped__.__globals__, "score_epoch", takes_hours)
    settings = train_settings(data, tmp_path / "run", epochs=3, max_minutes=9, loss="ce")
    run = train(TrainConfig(**settings))
    monkeypatch.undo()
    before = files_below(run)
    found = plan_training(TrainConfig(resume=run, plan=True))
    assert files_below(run) == before
    assert (found.steps, found.done, found.config.loss) == (9, 3, "ce")
    assert found.run == str(run)
    train(TrainConfig(resume=run))
    assert plan_training(TrainConfig(resume=run)).step is None


def test_a_step_of_one_device_has_its_share_of_the_batch(data, tmp_path):
    found = planned(data, tmp_path / "run", batch=4, devices=2, accumulate=2, crop=(40, 70))
    assert (found.step.images, found.step.parts) == (2, 2)
    assert found.step.size == (32, 64)  # multiples of 32
    assert "batch 4: 2 on each of 2 devices (cpu)" in found.text()
    assert any("results differ from --devices 1" in note for note in found.notes)


def test_a_step_has_the_parts_that_the_training_takes(tmp_path):
    """The device with the fewest images has one in each."""
    data = make_dataset(tmp_path / "data", train=3, val=1)
    found = planned(data, tmp_path / "run", batch=8, devices=2, accumulate=4)
    assert (found.step.images, found.step.parts) == (2, 1)


def test_what_stops_a_training_stops_its_plan(data, tmp_path):
    with pytest.raises(ArgumentError, match=r"batch must be a multiple of devices \(2\), got 3"):
        planned(data, tmp_path / "run", batch=3, devices=2)


def test_a_function_that_returns_a_run_refuses_to_plan(data):
    with pytest.raises(ArgumentError, match=r"a plan makes no run folder .* Call plan_training"):
        train(data, plan=True)


def test_where_memory_cannot_be_measured_it_is_said(data, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "STATUS", str(tmp_path / "none"))
    monkeypatch.setattr(memory, "CLEAR", str(tmp_path / "none" / "none"))
    found = planned(data, tmp_path / "run")
    assert (found.step.memory, found.step.process) == (None, None)
    assert "memory  not measured on this system" in found.text()


def test_a_step_that_takes_long_is_taken_twice_as_the_first_compiles(data, tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr(dry_run, "LONG", 0.0)
    monkeypatch.setattr(dry_run, "take_step", lambda *_: taken.append(1))
    planned(data, tmp_path / "run")
    assert len(taken) == 2


def test_bytes_in_words():
    assert (in_bytes(31 * 2**20), in_bytes(25 * 2**29)) == ("31 MiB", "12.5 GiB")


def test_the_command_prints_the_plan_and_its_record(data, tmp_path, capsys):
    words = ["train", str(data), "--network", "small", "--plan", "--device", "cpu"]
    words += ["--out", str(tmp_path / "run")]
    assert call(*words) == 0
    text = capsys.readouterr().out
    assert "a step of one device: 6 images of" in text
    assert f"run folder: {tmp_path / 'run'}" in text
    assert call(*words, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema"], record["steps"]) == ("pixelwise.plan/1", 20)
    assert record["config"]["network"] == "small"
    assert not (tmp_path / "run").exists()
