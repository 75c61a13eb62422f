"""Loggers are given the very lines of metrics.jsonl, each once, and never stop a run."""

import json
import os
import sys
from importlib.util import find_spec
from typing import get_args

import numpy as np
import pytest

from make import make_dataset, train_settings
from overlapping import make_set
from pixelwise.errors import MissingPackageError
from pixelwise.logs import loggers
from pixelwise.logs.loggers import LOGGERS
from pixelwise.plan.config import Log, TrainConfig
from pixelwise.run import train as training
from pixelwise.run.train import train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


class Recorder:
    """Keeps what it is given, over all parts of a run."""

    def __init__(self, failing=""):
        self.lines, self.pictures, self.closed, self.failing = [], [], 0, failing

    def __call__(self, folder, settings):
        self.fail("start")
        assert settings["log"]
        assert (folder / "config.json").is_file()
        return self

    def fail(self, action):
        if action == self.failing:
            raise ValueError(f"no {action} today")

    def line(self, step, values):
        self.fail("line")
        self.lines.append({"step": step, **values})

    def figure(self, step, name, image):
        self.fail("figure")
        self.pictures.append((step, name, image.shape, image.dtype))

    def close(self):
        self.closed += 1


@pytest.fixture
def recorder(monkeypatch):
    return use(monkeypatch, Recorder())


def use(monkeypatch, recorder):
    monkeypatch.setitem(LOGGERS, "wandb", recorder)
    monkeypatch.setitem(sys.modules, "wandb", sys)
    return recorder


def lines_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if v is not None} for line in lines]


def small(data, out, **changes):
    return TrainConfig(**train_settings(data, out, log=("wandb",), **changes))


def test_the_names_of_the_option_are_those_of_the_table():
    assert get_args(Log) == tuple(LOGGERS)


def test_a_logger_is_given_the_lines_of_the_file_and_pictures_of_val(data, tmp_path, recorder):
    run = train(small(data, tmp_path / "run", epochs=2))
    assert recorder.lines == lines_of(run)
    seen = [one for one in recorder.pictures if one[1].startswith("train/")]
    assert [one[:2] for one in seen] == [(0, f"train/{n}") for n in range(1, 7)]  # once
    of_val = [one for one in recorder.pictures if one not in seen]
    names = [(step, name) for step, name, _, _ in of_val]
    assert len(set(names)) == len(names) == 4  # two images of val, two epochs
    assert {(shape, kind) for _, _, shape, kind in of_val} == {
        ((37, 82, 3), np.dtype("uint8")),
        ((33, 94, 3), np.dtype("uint8")),
    }
    assert recorder.closed == 1


@pytest.mark.usefixtures("recorder")
def test_a_logger_changes_nothing_in_the_run(data, tmp_path):
    with_logger = train(small(data, tmp_path / "a", epochs=2))
    without = train(TrainConfig(**train_settings(data, tmp_path / "b", epochs=2)))
    for name in ("metrics.jsonl", "last/weights.safetensors"):
        assert (with_logger / name).read_bytes() == (without / name).read_bytes()


@pytest.mark.parametrize("action", ["start", "line", "figure"])
def test_a_logger_that_fails_is_warned_about_once(data, tmp_path, monkeypatch, capsys, action):
    use(monkeypatch, Recorder(failing=action))
    run = train(small(data, tmp_path / "run", epochs=2))
    assert len(lines_of(run)) == 8
    said = capsys.readouterr().err
    assert said.count("the logger wandb has failed and is not used any more") == 1
    assert f"(ValueError: no {action} today)" in said


def test_steps_that_are_taken_again_are_logged_once(data, tmp_path, monkeypatch, recorder):
    """Twice a run breaks in its third epoch without saving, and goes on from its second."""
    take_step, steps = training.take_step, []

    def breaks(run, *rest):
        steps.append(run.position.step)
        if len(steps) in (9, 10):
            raise OSError("the power is gone")
        return take_step(run, *rest)

    monkeypatch.setattr(training, "take_step", breaks)
    with pytest.raises(OSError, match="the power is gone"):
        training.train_here(small(data, tmp_path / "run", epochs=3), training.Hooks())
    with pytest.raises(OSError, match="the power is gone"):
        training.train_here(TrainConfig(resume=tmp_path / "run"), training.Hooks())
    run = train(TrainConfig(resume=tmp_path / "run"))
    assert recorder.lines == lines_of(run)
    assert [line["step"] for line in recorder.lines] == [1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9]
    assert steps.count(6) == 3


def test_a_logger_that_is_not_installed_is_refused_before_anything_is_written(
    data, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'pixelwise\[mlflow\]'"):
        train(TrainConfig(**train_settings(data, tmp_path / "run", log=("mlflow",))))
    assert not os.path.lexists(tmp_path / "run")


class FakeRun:
    def __init__(self, **settings):
        self.settings, self.rows, self.is_finished = settings, [], False

    def log(self, values, step):
        self.rows.append((step, values))

    def finish(self):
        self.is_finished = True


def folder_of_a_run(path):
    path.mkdir()
    (path / "config.json").write_text("{}")
    return path


def test_wandb_goes_on_with_the_same_run_and_is_told_every_step(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", Namespace(init=FakeRun, Image=len))
    monkeypatch.setenv("WANDB_PROJECT", "streets")
    logger, again = [
        LOGGERS["wandb"](folder, {"lr": 1})
        for folder in [folder_of_a_run(tmp_path / "run"), tmp_path / "run"]
    ]
    logger.line(4, {"train/loss": 0.5})
    logger.figure(4, "val/a", np.zeros((2, 3, 3), np.uint8))
    logger.close()
    assert logger.run.rows == [(4, {"train/loss": 0.5}), (4, {"val/a": 2})]
    assert logger.run.is_finished
    told = logger.run.settings
    assert (told["project"], told["name"], told["resume"]) == ("streets", "run", "allow")
    assert told["id"] == again.run.settings["id"] == loggers.id_of(tmp_path / "run")


class Namespace:
    def __init__(self, **values):
        vars(self).update(values)


class FakeClient:
    """As much of MLflow as is used; runs outlive the client."""

    runs: dict = {}  # noqa: RUF012

    def get_experiment_by_name(self, name):
        return Namespace(experiment_id=name) if self.runs else None

    def create_experiment(self, name):
        return name

    def search_runs(self, experiments, text):
        return [r for own, r in self.runs.items() if own in text and experiments == ["pixelwise"]]

    def create_run(self, _experiment, run_name, tags):
        info = Namespace(run_id=f"id of {run_name}")
        self.runs[tags["pixelwise.run"]] = run = Namespace(info=info, said=[])
        return run

    def said(self, id):
        return next(run.said for run in self.runs.values() if run.info.run_id == id)

    def update_run(self, id, status):
        self.said(id).append(status)

    def log_param(self, id, key, value):
        self.said(id).append((key, value))

    def log_metric(self, id, key, value, step):
        self.said(id).append((key, value, step))

    def log_image(self, id, image, key, step):
        self.said(id).append((key, image.shape, step))

    def set_terminated(self, id):
        self.said(id).append("ended")


def test_mlflow_finds_the_run_again_by_its_tag(tmp_path, monkeypatch):
    monkeypatch.setattr(FakeClient, "runs", {})
    monkeypatch.setitem(sys.modules, "mlflow", Namespace(MlflowClient=FakeClient))
    folder = folder_of_a_run(tmp_path / "run")
    first = LOGGERS["mlflow"](folder, {"lr": 1})
    first.line(4, {"val/iou/road (wet)": 0.5})
    first.figure(4, "val/a b", np.zeros((2, 3, 3), np.uint8))
    first.close()
    LOGGERS["mlflow"](folder, {"lr": 1}).line(5, {"val/miou": 1.0})
    assert len(FakeClient.runs) == 1
    assert first.client.said(first.id) == [
        ("lr", 1),
        ("val/iou/road _wet_", 0.5, 4),
        ("val/a_b", (2, 3, 3), 4),
        "ended",
        "RUNNING",
        ("val/miou", 1.0, 5),
    ]


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="tensorboard is not installed")
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_the_lines_back(data, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(TrainConfig(**train_settings(data, tmp_path / "run", log=("tensorboard",))))
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    found = {
        (event.step, name): event.value
        for name in events.Tags()["scalars"]
        for event in events.Scalars(name)
    }
    lines = {
        (line["step"], name): pytest.approx(value, rel=1e-6)
        for line in lines_of(run)
        for name, value in line.items()
        if name != "step"
    }
    assert found == lines
    assert len(events.Tags()["images"]) == 2


def test_pictures_of_classes_that_overlap_show_both_sides(tmp_path, recorder):
    data = make_set(tmp_path / "data", train=2, val=3)
    train(small(data, tmp_path / "run"))
    val = [one[1:3] for one in recorder.pictures if one[1].startswith("val/")]
    assert set(val) == {(f"val/{id}", (48, 128, 3)) for id in (2, 3, 4)}
