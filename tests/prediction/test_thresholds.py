"""Thresholds chosen on a split: those of the best IoU, kept in the run with what chose them."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

import pixelwise as pw
from make import make_dataset, train_settings
from overlapping import make_set
from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.png import read_label
from pixelwise.prediction.config import PredictConfig

STEPS = 256


@pytest.fixture(scope="module")
def multilabel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("multilabel")
    data = make_set(folder / "data", train=4, val=2)
    return pw.train(**train_settings(data, folder / "run", epochs=6, lr=0.01))


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    folder = tmp_path_factory.mktemp("binary")
    data = make_dataset(folder / "data", binary=True)
    return pw.train(**train_settings(data, folder / "run", epochs=4, lr=0.01))


def best_by_trying(probs, target):
    """Of 257 thresholds the one with the best IoU, of equal ones the nearest to 0.5, then lower."""
    tried = []
    for k in range(STEPS + 1):
        pred = probs > k / STEPS
        iou = (pred & target).sum() / max(1, (pred | target).sum())
        tried.append((-iou, abs(k / STEPS - 0.5), k / STEPS))
    return min(tried)


def probabilities(run, pair, size):
    network = pw.load_network(run)
    logits = network.logits_of(read_rgb(pair.image))
    return interpolate(logits, size, mode="bilinear").sigmoid()[0].numpy()


def test_each_class_has_the_threshold_of_its_best_iou(multilabel):
    """Tried one by one; and the score of these predictions is the one that was stated."""
    folder = pw.predict(multilabel, thresholds_from="val")
    chosen = json.loads((multilabel / "thresholds.json").read_text())
    data = json.loads((multilabel / "config.json").read_text())["config"]["data"]
    description = read_description(data)
    probs, targets = [], []
    for pair in description.pairs("val"):
        target = read_members(pair, description.classes)
        probs.append(probabilities(multilabel, pair, target.shape[1:]))
        targets.append(target)
    probs, targets = np.stack(probs, 1), np.stack(targets, 1)
    for row, prob, target in zip(chosen["per_class"], probs, targets):
        valid = target != 255
        iou, _, threshold = best_by_trying(prob[valid], target[valid] == 1)
        assert row["threshold"] == threshold
        assert row["iou"] == pytest.approx(-iou, abs=1e-3)
        assert row["iou"] >= row["iou_at_half"]
    about = json.loads((folder / "prediction.json").read_text())
    assert about["threshold"] == [row["threshold"] for row in chosen["per_class"]]
    assert about["thresholds_from"]["split"] == "val"
    assert about["thresholds_from"]["same_images"] is True
    score = pw.score(folder)
    assert score.mean_iou == pytest.approx(chosen["mean_iou"], abs=1e-3)
    assert [row.scores["iou"] for row in score.per_class] == pytest.approx(
        [row["iou"] for row in chosen["per_class"]], abs=1e-3
    )


def test_they_are_kept_until_a_file_or_the_checkpoint_changes(multilabel, tmp_path, capsys):
    path = multilabel / "thresholds.json"
    pw.predict(multilabel, out=tmp_path / "a", thresholds_from="val")
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"images": 2', b'"images": 22'))
    pw.predict(multilabel, split="train", out=tmp_path / "b", thresholds_from="val")
    assert b'"images": 22' in path.read_bytes()  # read, not made again
    said = capsys.readouterr().err
    assert "predict: thresholds of the best IoU on val: disc 0." in said
    assert said.count("chosen on these very images") == 1
    about = json.loads((tmp_path / "b" / "prediction.json").read_text())
    assert about["thresholds_from"]["same_images"] is False
    again = {**about["thresholds_from"], "per_class": None}
    assert again["epoch"] == json.loads(before)["epoch"]
    pw.predict(multilabel / "last", out=tmp_path / "c", thresholds_from="val")
    pw.predict(multilabel, out=tmp_path / "d", thresholds_from="train")
    found = json.loads(path.read_text())
    assert (found["dataset"]["split"], found["images"]) == ("train", 4)
    path.write_text("{")
    pw.predict(multilabel, out=tmp_path / "e", thresholds_from="val")
    assert json.loads(path.read_text())["per_class"] == json.loads(before)["per_class"]


def test_a_binary_task_has_one(binary, tmp_path):
    folder = pw.predict(binary, out=tmp_path / "out", thresholds_from="val")
    (row,) = json.loads((binary / "thresholds.json").read_text())["per_class"]
    assert row["name"] == "disc"
    assert json.loads((folder / "prediction.json").read_text())["threshold"] == row["threshold"]
    assert pw.score(folder).per_class[1].scores["iou"] == pytest.approx(row["iou"], abs=1e-3)
    data = json.loads((binary / "config.json").read_text())["config"]["data"]
    description = read_description(data)
    probs, targets = [], []
    for pair in description.pairs("val"):
        target = description.classes.to_index(read_label(pair.label))
        prob = probabilities(binary, pair, target.shape)[0]
        probs.append(prob[target != 255])
        targets.append(target[target != 255] == 1)
    _, _, threshold = best_by_trying(np.concatenate(probs), np.concatenate(targets))
    assert row["threshold"] == threshold


def test_a_class_that_the_split_does_not_have_keeps_a_half(tmp_path):
    data = make_set(tmp_path / "data", train=2, val=2)
    for index in (2, 3):
        (data / "val" / "bars" / f"{index}.png").unlink()
    run = pw.train(**train_settings(data, tmp_path / "run"))
    pw.predict(run, thresholds_from="val")
    rows = json.loads((run / "thresholds.json").read_text())["per_class"]
    assert (rows[1]["threshold"], rows[1]["iou"], rows[1]["iou_at_half"]) == (0.5, None, None)
    assert torch.tensor(rows[0]["threshold"]).isfinite()


def test_what_cannot_be_chosen_is_one_sentence(multilabel, tmp_path):
    with pytest.raises(
        ArgumentError, match=r"only one of thresholds and thresholds_from can be given"
    ):
        PredictConfig(multilabel, thresholds=(0.4, 0.5), thresholds_from="val")
    for name in ("data", "split"):
        with pytest.raises(ArgumentError, match=f"only one of images and {name} can be given"):
            PredictConfig(multilabel, images=tmp_path, **{name: "val"})
    with pytest.raises(DatasetError, match="split must be one of train, val"):
        pw.predict(multilabel, out=tmp_path / "x", thresholds_from="nowhere")
    data = make_dataset(tmp_path / "data")
    run = pw.train(**train_settings(data, tmp_path / "run"))
    with pytest.raises(ArgumentError, match="thresholds_from must be left out for a multiclass"):
        pw.predict(run, thresholds_from="val")
