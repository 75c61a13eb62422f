"""predict with several runs, folds and views: files, records, folders and refusals."""

import json
import shutil

import numpy as np
import pytest

import pixelwise as pw
from make import make_dataset, train_settings
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, RunError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.prediction.config import PredictConfig
from pixelwise.settings import command_line


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    """Three runs of one dataset; the second sees images at half their size."""
    folder = tmp_path_factory.mktemp("runs")
    changes = {"seed": 0}, {"seed": 1, "scale": 0.5}, {"seed": 2}
    return [
        pw.train(**train_settings(data, folder / f"r{n}", lr=0.01, **one))
        for n, one in enumerate(changes)
    ]


@pytest.fixture(scope="module")
def folds(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("folds") / "cv"
    return pw.train(**train_settings(data, out, folds=3, epochs=1, lr=0.01))


def labels_of(folder):
    return {path.stem: path.read_bytes() for path in folder.glob("*.png")}


def about(folder):
    return json.loads((folder / "prediction.json").read_text())


def copied(run, folder, file="config.json", **changes):
    """A run with other values in a table of a record of it."""
    shutil.copytree(run, folder)
    path = folder / file
    content = json.loads(path.read_text())
    content.get("config", content).update(changes)
    path.write_text(json.dumps(content))
    return folder


def test_python_has_what_the_command_writes(runs, data, tmp_path):
    views = {"flip": True, "scales": (0.75, 1.0, 1.25)}
    out = pw.predict(runs, out=tmp_path / "out", **views)
    predictor = pw.load_predictor(runs, **views)
    classes = read_description(data).classes
    for path in (data / "val" / "images").iterdir():
        stored = predictor.classes.to_stored(predictor.predict(path))
        assert np.array_equal(read_label(out / path.name), stored)
        assert np.array_equal(stored, classes.to_stored(predictor.predict(path)))
    alone = pw.load_network(runs[0]).predict(path)
    assert np.array_equal(pw.load_predictor(str(runs[0])).predict(path), alone)


def test_what_was_averaged_is_recorded(runs, tmp_path):
    plain = about(pw.predict(runs[0], out=tmp_path / "plain"))
    assert "averaged" not in plain
    several = about(pw.predict(runs[:2], out=tmp_path / "several", flip=True))
    views = {"flip": True, "scales": [1.0], "mean": "logits"}
    networks = {"number": 2, "mean": "probabilities"}
    assert several["averaged"] == {"views": views, "networks": networks}
    assert {one["checkpoint"] for one in several["networks"]} == {
        str(run / "best") for run in runs[:2]
    }
    assert (several["run"], several["checkpoint"], several["epoch"]) == (None, None, None)
    one = about(pw.predict(runs[0], out=tmp_path / "one", scales=(1, 0.5)))
    assert one["averaged"]["networks"] is None
    assert one["averaged"]["views"]["scales"] == [1.0, 0.5]
    assert one["checkpoint"] == str(runs[0] / "best")
    assert "--scales 1.0 0.5" in one["command"]
    assert pw.score(tmp_path / "several").images


def test_a_run_with_itself_is_the_run_and_the_order_of_runs_does_not_matter(runs, tmp_path):
    twice = pw.predict([runs[0], runs[0]], out=tmp_path / "twice")
    assert labels_of(twice) == labels_of(pw.predict(runs[0], out=tmp_path / "once"))
    there = pw.predict(runs, out=tmp_path / "there")
    assert labels_of(there) == labels_of(pw.predict(runs[::-1], out=tmp_path / "back"))
    assert labels_of(there) != labels_of(twice)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_scale_of_a_run_is_a_view_of_none(runs, tmp_path, batch):
    one = pw.predict(runs[1], out=tmp_path / "one")
    assert labels_of(pw.predict([runs[1]], out=tmp_path / "b", scales=(1,), batch=batch)) == (
        labels_of(one)
    )


@pytest.mark.parametrize("tile", [None, (16, 32)])
def test_one_size_is_a_run_of_that_scale(runs, tmp_path, tile):
    twice = copied(runs[0], tmp_path / "run", "best/config.json", scale=2.0)
    of_run = pw.predict(twice, tile=tile, out=tmp_path / "of-run")
    found = pw.predict(runs[0], scales=(2,), tile=tile, out=tmp_path / "found")
    assert labels_of(found) == labels_of(of_run)


def test_tiles_take_views_and_networks_of_one_size(runs, tmp_path):
    """A tile that is as large as the image is the image; a small one is predicted by all."""
    given = {"run": [runs[0], runs[2]], "flip": True}
    whole = pw.predict(**given, out=tmp_path / "whole")
    assert labels_of(pw.predict(**given, tile=(64, 64), out=tmp_path / "one")) == labels_of(whole)
    tiled = pw.predict(**given, tile=(32, 32), out=tmp_path / "tiled")
    assert about(tiled)["averaged"] == about(whole)["averaged"]
    assert labels_of(tiled).keys() == labels_of(whole).keys()
    tiles = {"tile": [32, 32], "overlap": 0.5, "blend": "equal"}
    scored = copied(runs[2], tmp_path / "run", "best/config.json", tiling=tiles)
    with pytest.raises(ArgumentError, match=r"different tiles: .*32.*; whole images\. Give tile"):
        pw.predict([runs[0], scored], out=tmp_path / "no")
    for other in ({"run": runs}, {"scales": (1, 2)}):
        with pytest.raises(ArgumentError, match=r"tiles are of images in one size, and here are 2"):
            pw.predict(**{**given, **other}, tile=(32, 32), out=tmp_path / "no")


def test_the_command_takes_several_runs(runs, tmp_path, capsys):
    words = ["--flip", "--scales", "0.75", "1", "--out", str(tmp_path / "out"), "--split", "val"]
    assert main(["predict", *map(str, runs[:2]), *words]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    config = PredictConfig(tuple(runs[:2]), flip=True, scales=(0.75, 1), out=tmp_path / "other")
    assert labels_of(pw.predict(config)) == labels_of(tmp_path / "out")
    assert f"pixelwise predict {runs[0]} {runs[1]} --flip" in command_line(config)
    assert main(["predict", str(runs[0]), str(tmp_path / "none"), "--out", str(tmp_path)]) == 2
    assert "RUN must be a folder with config.json, got" in capsys.readouterr().err
    assert main(["predict"]) == 2


def test_a_score_of_bare_labels_finds_the_classes_of_an_ensemble(runs, data, tmp_path):
    out = pw.predict(runs[:2], images=data / "val" / "images", out=tmp_path / "out")
    found = pw.score(out, labels=data / "val" / "labels")
    assert found.scores == pw.score(pw.predict(runs[:2], out=tmp_path / "split")).scores


def test_one_run_is_a_path():
    assert PredictConfig("runs/a").runs == PredictConfig(["runs/a"]).runs
    assert PredictConfig(["runs/a"]) == PredictConfig("runs/a")
    with pytest.raises(ArgumentError, match="predict: run must be at least one, got none"):
        PredictConfig(())
    for scales in ((), (1, 1)):
        with pytest.raises(ArgumentError, match="scales must be at least one number, each given"):
            PredictConfig("runs/a", scales=scales)
    with pytest.raises(ArgumentError, match="scales must be > 0"):
        PredictConfig("runs/a", scales=(0, 1))


def test_an_unfinished_folder_is_not_continued_with_other_views(runs, data, tmp_path):
    """Of one image that is done, none is kept."""
    images = tmp_path / "images"
    shutil.copytree(data / "val" / "images", images)
    first, second = sorted(images.iterdir())
    whole = second.read_bytes()
    second.write_bytes(whole[:100])
    given = {"images": images, "out": tmp_path / "out"}
    with pytest.warns(UserWarning, match="1 of 2 images"):
        pw.predict(runs[0], **given)
    second.write_bytes(whole)
    for other in ({"flip": True}, {"scales": (0.5,)}, {"run": runs[:2]}):
        with pytest.raises(RunError, match="overwrite"):
            pw.predict(**{"run": runs[0], **given, **other})
    assert set(labels_of(pw.predict(runs[0], **given))) == {first.stem, second.stem}


@pytest.mark.parametrize("changes", [{"flip": False}, {"augment": "none"}])
def test_a_run_that_may_tell_left_from_right_has_no_mirrored_view(runs, tmp_path, changes):
    run = copied(runs[0], tmp_path / "run", **changes)
    message = r"run was trained without mirrored images\. It may tell left from right: leave flip"
    with pytest.raises(ArgumentError, match=message):
        pw.predict([runs[2], run], flip=True, out=tmp_path / "out")
    with pytest.raises(ArgumentError, match="trained without mirrored images"):
        pw.load_predictor(run, flip=True)
    assert pw.predict(run, out=tmp_path / "out")


def test_a_checkpoint_alone_does_not_say_whether_it_was_mirrored(runs, tmp_path):
    shutil.copytree(runs[0] / "best", tmp_path / "best")
    with pytest.raises(ArgumentError, match=r"flip needs .*config\.json, which says whether"):
        pw.predict(tmp_path / "best", flip=True, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "multilabel"}, r"task must be that of .*r0.*\(multiclass\), .*, got multilabel"),
        ({"names": ["ground", "bar", "disc"]}, r"classes must be that of .*got ground, bar, disc"),
    ],
)
def test_networks_must_mean_the_same(runs, tmp_path, changes, message):
    run = tmp_path / "run"
    shutil.copytree(runs[1], run)
    path = run / "best" / "config.json"
    content = json.loads(path.read_text())
    names = changes.get("names", content["classes"]["names"])
    content["classes"]["names"], content["task"] = names, changes.get("task", content["task"])
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match=message):
        pw.predict([runs[0], run], out=tmp_path / "out")


def test_several_runs_need_a_folder_and_one_split(runs, tmp_path):
    with pytest.raises(ArgumentError, match="out is needed: predictions of several runs are in"):
        pw.predict(runs)
    other = copied(runs[1], tmp_path / "run", "best/config.json", val_split="train")
    with pytest.raises(ArgumentError, match=r"scored on different splits: train; val\. Give split"):
        pw.predict([runs[0], other], out=tmp_path / "out")
    assert pw.predict([runs[0], other], split="val", out=tmp_path / "out")


def test_the_folds_of_a_cross_validation_are_an_ensemble(folds, tmp_path):
    """In a folder of their own: predictions of each pair by the network without it stay."""
    held_out = labels_of(folds / "predictions" / "train")
    with pytest.raises(
        ArgumentError, match=r"scored on different splits: train\.1of3; train\.2of3; tr"
    ):
        pw.predict(folds)
    with pytest.raises(ArgumentError, match=r"tra.* can be given as a number or by hand instead"):
        pw.predict(folds, split="val", temperature="auto", confidence="max", out=tmp_path / "no")
    with pytest.raises(ArgumentError, match=r"tra.* can be given as a number or by hand instead"):
        pw.predict(folds, split="val", post=("auto",), out=tmp_path / "no")
    out = pw.predict(folds, split="val")
    assert out == folds / "predictions" / "val"
    assert about(out)["run"] == str(folds)
    assert about(out)["averaged"]["networks"]["number"] == 3
    both = [folds / f"fold-{n}" for n in (3, 1, 2)]
    both = pw.predict(both, split="val", out=tmp_path / "both")
    assert labels_of(both) == labels_of(out)
    with pytest.raises(ArgumentError, match=r"is for predictions of each pair by .*Give out"):
        pw.predict(folds, split="train", overwrite=True)
    assert labels_of(folds / "predictions" / "train") == held_out
    assert pw.score(folds).dataset.split == "train"
    assert pw.score(out).dataset.split == "val"


def test_a_cross_validation_without_folds_is_refused(folds, tmp_path):
    shutil.copytree(folds, tmp_path / "cv")
    path = tmp_path / "cv" / "folds.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"folds": []}))
    with pytest.raises(RunError, match="folds must be at least one, got none"):
        pw.predict(tmp_path / "cv", split="val", out=tmp_path / "out")


def test_folds_that_are_not_complete_are_refused(folds, tmp_path):
    shutil.copytree(folds, tmp_path / "cv")
    path = tmp_path / "cv" / "folds.json"
    content = json.loads(path.read_text())
    content["folds"][1]["is_complete"] = False
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"not complete: fold-2\. Go on with: pixelwise train --res"):
        pw.predict(tmp_path / "cv", split="val")
    with pytest.raises(RunError, match="Name one of them; predict and load_predictor take all"):
        pw.load_network(tmp_path / "cv")


def test_thresholds_and_calibration_are_those_of_the_mean(tmp_path):
    """Chosen with what they are used with; kept where one folder has all networks."""
    data = make_dataset(tmp_path / "data", binary=True)
    runs = [
        pw.train(**train_settings(data, tmp_path / f"r{seed}", seed=seed, lr=0.01, epochs=2))
        for seed in (0, 1)
    ]
    given = {"thresholds_from": "val", "calibration": True}
    out = pw.predict(runs, out=tmp_path / "out", **given)
    threshold = about(out)["threshold"]
    predictor = pw.load_predictor(runs)
    for path in (data / "val" / "images").iterdir():
        own = predictor.classes.to_stored(predictor.predict(path, threshold))
        assert np.array_equal(read_label(out / path.name), own)
    assert not any((run / "thresholds.json").exists() for run in runs)
    assert about(out)["thresholds_from"]["epoch"] is None
    counted = json.loads((out / "calibration.json").read_text())
    best = counted["thresholds"]["best"]["iou"] if "thresholds" in counted else None
    assert best is None or best["threshold"] == threshold
    pw.predict(runs[0], flip=True, out=tmp_path / "flip", **given)
    first = (runs[0] / "thresholds.json").read_bytes()
    pw.predict(runs[0], out=tmp_path / "plain", **given)
    assert json.loads(first)["key"] != json.loads((runs[0] / "thresholds.json").read_text())["key"]
