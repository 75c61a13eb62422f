"""predict --calibration: the counts of the probabilities, and the numbers that follow from them."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from make import VOID, make_dataset, train_settings, write_stored
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, PairingError
from pixelwise.files.results import record_of
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label
from pixelwise.metrics.calibration import count_calibration
from pixelwise.metrics.threshold import ThresholdCounts, confusion_at, count_thresholds
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.calibration import BINS, STEPS
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train
from pixelwise.run.trained import TrainedNetwork, load_network
from pixelwise.score.calibration import Calibration
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig

TASKS = ["binary", "multiclass"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each task."""
    folder = tmp_path_factory.mktemp("tasks")
    made = {}
    for task in TASKS:
        data = make_dataset(folder / f"{task}-data", val=3, binary=task == "binary")
        made[task] = train(TrainConfig(**train_settings(data, folder / task, epochs=2)))
    return made


@pytest.fixture(scope="module")
def contents(runs, tmp_path_factory):
    """calibration.json and the folder of each task."""
    folder = tmp_path_factory.mktemp("calibrated")
    made = {}
    for task, run in runs.items():
        out = predict(PredictConfig(run, out=folder / task, calibration=True))
        made[task] = json.loads((out / "calibration.json").read_text()), out
    return made


def probabilities(run):
    """(probs, target) of every val image, at the size of the label, by plain torch."""
    network = load_network(run)
    activate = {"sigmoid": torch.sigmoid, "softmax": lambda x: x.softmax(1)}[network.activation]
    dataset = read_checkpoint(run / "best").about.dataset
    for pair in read_description(dataset).pairs("val"):
        logits = network.logits_of(read_rgb(pair.image))
        target = network.classes.to_index(read_label(pair.label))
        large = F.interpolate(logits, size=target.shape, mode="bilinear")
        yield activate(large)[0].numpy(), target


@pytest.mark.parametrize("task", TASKS)
def test_the_bins_are_those_of_the_probabilities(runs, contents, task):
    """Counted from logits in one pass over the images, equal to counts of activated arrays."""
    counts = sum(count_calibration(p, t, bins=BINS) for p, t in probabilities(runs[task]))
    content, _ = contents[task]
    found = np.array([one["pixels"] for one in content["bins"]])
    assert np.abs(found - counts.pixels).sum() <= 2  # a confidence on an edge may round either way
    assert content["pixels"] == counts.pixels.sum()
    assert content["accuracy"] == counts.correct.sum() / counts.pixels.sum()
    error = np.abs(counts.correct - counts.confidence).sum() / counts.pixels.sum()
    assert content["expected_calibration_error"] == pytest.approx(error, abs=1e-4)


def test_the_thresholds_are_those_of_the_probabilities(runs, contents):
    """A binary task has a histogram of probabilities by target."""
    counts = sum(count_thresholds(p[0], t, steps=STEPS) for p, t in probabilities(runs["binary"]))
    content, _ = contents["binary"]
    assert np.abs(np.array(content["thresholds"]["pixels"]) - counts.pixels).sum() <= 4
    assert contents["multiclass"][0]["thresholds"] is None


@pytest.mark.parametrize("task", TASKS)
def test_calibration_and_score_of_the_same_folder_agree(contents, task):
    """The share of correct pixels is the pixel accuracy of the written label images."""
    content, folder = contents[task]
    assert content["accuracy"] == score(ScoreConfig(folder))["scores"]["pixel_accuracy"]


def test_the_histogram_at_one_half_is_the_confusion_of_the_score(contents):
    """Two commands, one set of pixels."""
    content, folder = contents["binary"]
    counts = ThresholdCounts(np.array(content["thresholds"]["pixels"]))
    assert confusion_at(counts, 0.5).matrix.tolist() == score(ScoreConfig(folder))["confusion"]


@pytest.mark.parametrize("name", ["iou", "dice"])
def test_the_best_threshold_scores_what_was_promised(runs, contents, name, tmp_path):
    """Predicted again with it, the foreground has exactly that score."""
    content, folder = contents["binary"]
    best = content["thresholds"]["best"][name]
    assert best["at_half"] == score(ScoreConfig(folder))["per_class"][1][name]
    again = PredictConfig(runs["binary"], out=tmp_path / "out", threshold=best["threshold"])
    foreground = score(ScoreConfig(predict(again)))["per_class"][1]
    assert foreground[name] == pytest.approx(best["value"], abs=1e-12)
    assert best["value"] >= best["at_half"]


def test_calibration_changes_no_prediction(runs, contents, tmp_path):
    """It is counted beside; without being asked for there is no such file."""
    plain = predict(PredictConfig(runs["binary"], out=tmp_path / "plain"))
    _, folder = contents["binary"]
    names = {p.name for p in plain.iterdir()}
    assert names == {p.name for p in folder.iterdir()} - {"calibration.json", "score.json"}
    for path in plain.glob("*.png"):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_the_command_prints_the_calibration(runs, tmp_path, capsys):
    """The folder on the first line, then the tables; --json has the content of the file."""
    words = ["predict", str(runs["binary"]), "--calibration", "--out"]
    assert main([*words, str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == str(tmp_path / "a")
    content = json.loads((tmp_path / "a" / "calibration.json").read_text())
    assert "\n".join(said[2:]) == record_of(Calibration, content, "file").text()
    assert "best threshold" in record_of(Calibration, content, "file").text()
    assert main([*words, str(tmp_path / "b"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calibration"]["bins"] == content["bins"]


def test_void_alone_has_no_calibration(runs, tmp_path):
    """null for every number, and a table that says "-"."""
    data = make_dataset(tmp_path / "data", val=2, binary=True)
    for path in (data / "val" / "labels").iterdir():
        write_stored(path, np.full(read_label(path).shape, VOID))
    out = predict(PredictConfig(runs["binary"], data=data, out=tmp_path / "out", calibration=True))
    text = (out / "calibration.json").read_text()
    content = json.loads(text, parse_constant=pytest.fail)
    assert content["pixels"] == 0
    assert content["expected_calibration_error"] is content["accuracy"] is None
    assert content["thresholds"]["best"]["iou"] == {
        "threshold": None,
        "value": None,
        "at_half": None,
    }
    assert "ECE -  MCE -  (0 valid pixels)" in record_of(Calibration, content, "file").text()


def test_calibration_needs_labels(runs, tmp_path):
    """Of a split, and of all its images."""
    with pytest.raises(ArgumentError, match=r"calibration needs labels\. Give a split"):
        PredictConfig(runs["binary"], images=tmp_path, calibration=True)
    data = make_dataset(tmp_path / "data", val=2, binary=True)
    toml = data / "dataset.toml"
    toml.write_text(toml.read_text().replace('labels = "val/labels"\n', ""))
    with pytest.raises(PairingError, match=r"calibration needs labels, and 2 images have none: 0"):
        predict(PredictConfig(runs["binary"], data=data, out=tmp_path / "out", calibration=True))
    assert not (tmp_path / "out").exists()


def test_logits_that_are_nan_are_no_prediction(runs, tmp_path, monkeypatch):
    """argmax would write a class; the image is named and nothing is left."""
    nan = torch.full((1, 1, 8, 8), torch.nan)
    monkeypatch.setattr(TrainedNetwork, "forward", lambda *_: nan)
    with pytest.raises(ArgumentError, match=r"06\.png: logits must be numbers .* NaN at 64 pixels"):
        predict(PredictConfig(runs["binary"], out=tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
