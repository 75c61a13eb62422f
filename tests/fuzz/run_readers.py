"""Readers of settings, and of what the commands write: somebody else may have made it."""

import hashlib
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from fuzz.readers import Reader
from make import make_dataset, train_settings
from pixelwise.audit.baseline import read_baseline
from pixelwise.logs.curves import read_metrics
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.report.calibration import read_calibration
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.report.source import read_result
from pixelwise.run.checkpoint import find_checkpoint
from pixelwise.run.run_folder import saved_config
from pixelwise.run.train import train
from pixelwise.run.trained import load_network
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig
from pixelwise.settings import read_settings
from pixelwise.weights.file import read_weights

NAMES = ("ground", "disc", "bar")


@cache
def trained():
    """A dataset and a run with predictions and a score, made once by each process."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-run-"))
    data = make_dataset(folder / "data", 2, 2, size=(21, 31))
    train(TrainConfig(**train_settings(data, folder / "run")))
    predict(PredictConfig(folder / "run", out=folder / "predictions", calibration=True))
    score(ScoreConfig(folder / "predictions"))
    return folder


def copied(folder):
    shutil.copytree(trained(), folder, dirs_exist_ok=True)


def loading(folder):
    """The checksums are of the damaged files, as somebody who made them would write them."""
    last = folder / "run/last"
    config = json.loads((last / "config.json").read_text())
    for name in config["sha256"]:
        config["sha256"][name] = hashlib.sha256((last / name).read_bytes()).hexdigest()
    (last / "config.json").write_text(json.dumps(config))
    found = find_checkpoint(last, ("last",), print)
    found.training_state()
    load_network(last)


def loading_network(folder):
    load_network(folder / "run/last")


def going_on(folder):
    train(TrainConfig(resume=folder / "run"))


def reporting(folder):
    report(ReportConfig(folder / "predictions", out=folder / "out/report.html"))


def scoring(folder):
    score(ScoreConfig(folder / "predictions", out=folder / "out/score.json"))


def written(name, content):
    return lambda folder: (folder / name).write_text(content)


WEIGHTS = {"schema": "pixelwise.weights/1", "classes": {"names": NAMES}, "weights": [0.5, 1, 2]}
ACCEPTED = [{"rule": "V1", "file": "a.png", "values": [7], "count": 3}]
BASELINE = {"schema": "pixelwise.baseline/1", "accepted": ACCEPTED}
SETTINGS = {"epochs": 3, "lr": 0.1, "loss": "ce+dice", "workers": 0}
TOML = 'epochs = 3\nlr = 0.1\nloss = "ce+dice"\nworkers = 0\n'
RUNS = [
    Reader(
        "weights.json",
        "w.json",
        "json",
        written("w.json", json.dumps(WEIGHTS)),
        lambda f: read_weights(f / "w.json", NAMES),
    ),
    Reader(
        "baseline",
        "b.json",
        "json",
        written("b.json", json.dumps(BASELINE)),
        lambda f: read_baseline(f / "b.json"),
    ),
    Reader(
        "settings JSON",
        "s.json",
        "json",
        written("s.json", json.dumps(SETTINGS)),
        lambda f: read_settings(f / "s.json", TrainConfig),
    ),
    Reader(
        "settings TOML",
        "s.toml",
        "text",
        written("s.toml", TOML),
        lambda f: read_settings(f / "s.toml", TrainConfig),
    ),
    Reader(
        "score.json",
        "predictions/score.json",
        "json",
        copied,
        lambda f: read_result(f / "predictions/score.json"),
    ),
    Reader("report of score.json", "predictions/score.json", "json", copied, reporting),
    Reader(
        "metrics.jsonl",
        "run/metrics.jsonl",
        "json",
        copied,
        lambda f: read_metrics(f / "run/metrics.jsonl"),
    ),
    Reader(
        "calibration.json",
        "predictions/calibration.json",
        "json",
        copied,
        lambda f: read_calibration(f / "predictions/calibration.json"),
    ),
    Reader("report of calibration.json", "predictions/calibration.json", "json", copied, reporting),
    Reader("prediction.json", "predictions/prediction.json", "json", copied, scoring),
    Reader(
        "config.json of a run", "run/config.json", "json", copied, lambda f: saved_config(f / "run")
    ),
    Reader("resumed config.json", "run/config.json", "json", copied, going_on),
    Reader("resumed metrics.jsonl", "run/metrics.jsonl", "json", copied, going_on),
    Reader("data.json of a run", "run/data.json", "json", copied, going_on),
    Reader("config.json of a checkpoint", "run/last/config.json", "json", copied, loading_network),
    Reader("weights.safetensors", "run/last/weights.safetensors", "safetensors", copied, loading),
    Reader("optimizer.pt", "run/last/optimizer.pt", "zip", copied, loading),
]
