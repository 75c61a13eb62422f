"""Cross-validation: ordinary runs that part a split, and one exact score of all its pairs."""

import json
import os
import shutil
import signal

import numpy as np
import pytest

from make import make_dataset, train_settings, write_stored
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, RunError
from pixelwise.files.lock import locked
from pixelwise.folds.command import train
from pixelwise.folds.record import read_folds
from pixelwise.interrupt import Terminated
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.run import train as training
from pixelwise.run.trained import load_network
from pixelwise.score.command import score

PAIRS = {"1of3": {"02"}, "2of3": {"00", "03", "04"}, "3of3": {"01", "05"}}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def settings(data, out, **changes):
    return train_settings(data, out, **{"folds": 3, "epochs": 2, **changes})


@pytest.fixture(scope="module")
def counts():
    """The counts of the best epoch of each run."""
    return {}


@pytest.fixture(scope="module")
def whole(data, counts, tmp_path_factory):
    """A cross-validation that nothing interrupts."""

    def keep(done):
        counts.update({done.run.name: done.counts} if done.is_best else {})

    out = tmp_path_factory.mktemp("whole") / "cv"
    return train(TrainConfig(**settings(data, out)), on_epoch=keep)


def content_of(folder):
    """Everything that two equal cross-validations have equal."""
    names = ["metrics.jsonl", "last/weights.safetensors", "best/weights.safetensors"]
    runs = [folder / f"fold-{fold}" / name for fold in (1, 2, 3) for name in names]
    files = [*runs, *(folder / "predictions").rglob("*.png")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_each_fold_is_an_ordinary_run_that_is_scored_on_what_it_has_not_seen(whole):
    for fold, held_out in PAIRS.items():
        run = whole / f"fold-{fold[0]}"
        config = json.loads((run / "config.json").read_text())["config"]
        assert (config["train_split"], config["val_split"]) == (f"train.not{fold}", f"train.{fold}")
        assert config["folds"] is None
        files = json.loads((run / "data.json").read_text())
        assert set(files[f"train.{fold}"]["files"]) == held_out
        learnt = set(files[f"train.not{fold}"]["files"])
        assert learnt | held_out == set().union(*PAIRS.values())
        assert not learnt & held_out


def test_the_joined_counts_are_the_sum_of_those_of_the_folds(whole, counts):
    """To the last pixel: of each fold's best epoch, as it was scored in training."""
    found = score(whole)
    total = sum(list(counts.values())[1:], start=next(iter(counts.values())))
    assert len(counts) == 3
    assert (found.counts.matrix == total.matrix).all()
    assert found.ignored_pixels == total.ignored
    assert {image.id for image in found.images} == set().union(*PAIRS.values())
    assert read_folds(whole).joined == found.scores["mean_iou"]


def test_the_summary_is_of_the_best_epochs(whole):
    folds = read_folds(whole)
    bests = [json.loads((whole / f.folder / "best/config.json").read_text()) for f in folds.folds]
    scores = [best["score"]["val/miou"] for best in bests]
    assert [(f.epoch, f.miou) for f in folds.folds] == [
        (best["epoch"], value) for best, value in zip(bests, scores)
    ]
    assert folds.mean == pytest.approx(sum(scores) / 3)
    variance = sum((value - folds.mean) ** 2 for value in scores) / 2
    assert folds.standard_deviation == pytest.approx(variance**0.5)
    assert [fold.pairs for fold in folds.folds] == [1, 3, 2]


def test_a_pair_is_predicted_by_the_run_that_has_not_seen_it(whole, tmp_path):
    out = whole / "predictions" / "train"
    about = json.loads((out / "prediction.json").read_text())
    assert (about["split"], about["images"], about["failed"]) == ("train", 6, [])
    for part, (fold, held_out) in zip(about["folds"], PAIRS.items()):
        run = whole / f"fold-{fold[0]}"
        assert part["checkpoint"] == str(run / "best")
        assert set(part["ids"]) == held_out
        own = predict(PredictConfig(run, out=tmp_path / fold))
        assert {p.stem: p.read_bytes() for p in own.glob("*.png")} == {
            id: (out / f"{id}.png").read_bytes() for id in held_out
        }


def interrupted(data, out, monkeypatch, fold, step):
    """The same, with SIGTERM in a step of a fold."""
    take_step = training.take_step

    def step_with_signal(run, *rest):
        if run.folder.name == f"fold-{fold}" and run.position.step + 1 == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return take_step(run, *rest)

    monkeypatch.setattr(training, "take_step", step_with_signal)
    with pytest.raises(Terminated):
        train(TrainConfig(**settings(data, out)))
    monkeypatch.undo()
    return out


def test_what_was_interrupted_goes_on_to_the_same_bits(data, whole, tmp_path, monkeypatch, capsys):
    """In mid-fold, and then by a limit of time, which counts over all folds."""
    out = interrupted(data, tmp_path / "cv", monkeypatch, 2, 2)
    assert "go on with all folds: pixelwise train --resume" in capsys.readouterr().err
    about = json.loads((out / "folds.json").read_text())
    assert [fold["is_complete"] for fold in about["folds"]] == [True, False, False]
    about["folds"][0]["seconds"] = 120
    (out / "folds.json").write_text(json.dumps(about))
    assert train(resume=out, max_minutes=2) == out
    assert "stopped by max_minutes after 1 of 3 folds" in capsys.readouterr().err
    assert not (out / "fold-3").exists()
    train(resume=out)
    assert content_of(out) == content_of(whole)


def test_a_fold_that_was_killed_in_its_first_epoch_begins_again(data, whole, tmp_path):
    out = tmp_path / "cv"

    def fail(done):
        if done.run.name == "fold-2":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(TrainConfig(**settings(data, out)), on_step=fail)
    assert not (out / "fold-2" / "last").exists()
    train(resume=out)
    assert content_of(out) == content_of(whole)


def test_one_that_is_complete_stays_as_it_is_and_says_so(whole, capsys):
    before = content_of(whole), (whole / "folds.json").read_bytes()
    assert train(resume=whole) == whole
    assert (content_of(whole), (whole / "folds.json").read_bytes()) == before
    assert f"{whole} is complete: 3 folds" in capsys.readouterr().err


def test_a_folder_of_folds_is_written_by_one_process(whole):
    with locked(whole, "train"), pytest.raises(RunError, match="is writing to it"):
        train(resume=whole)


def test_who_wants_one_network_is_told_which_there_are(whole):
    message = rf"a run for each fold of a cross-validation, {whole}/fold-1 and so on\. Name one"
    with pytest.raises(RunError, match=message):
        load_network(whole)
    assert load_network(whole / "fold-2").classes.names == ("ground", "disc", "bar")


def test_joined_splits_are_divided_too_and_leave_val_alone_otherwise(data, tmp_path):
    run = train(**settings(data, tmp_path / "cv", train_split="train+val", folds=2, epochs=1))
    found = score(run)
    assert {image.id for image in found.images} == {
        p.id for p in read_description(data).pairs("train+val")
    }
    config = json.loads((run / "fold-1" / "config.json").read_text())["config"]
    assert config["train_split"] == "train.not1of2+val.not1of2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 1}, r"folds must be between 2 and 100, got 1"),
        ({"folds": 50}, r"\d+ folds of 50 without a pair: 1, 2, .*Give fewer folds\."),
        ({"folds": None, "fold_by": "_"}, r"fold_by needs folds"),
        ({"fold_by": "a+"}, r"fold_by must be without \+, got a\+"),
        ({"val_split": "train"}, r"val_split must be left out with folds, got train\. Each net"),
        ({"train_split": "train.1of2"}, r"train_split must be a split without folds in its name"),
        ({"fold_by": "*"}, r"2 folds of 3 without a pair: .*, or smaller groups with fold_by\."),
    ],
)
def test_what_cannot_be_divided_is_refused_before_anything_is_written(
    data, tmp_path, changes, message
):
    with pytest.raises(ArgumentError, match=message):
        train(**settings(data, tmp_path / "cv", **changes))
    assert not (tmp_path / "cv").exists()


def test_a_fold_that_would_be_refused_later_is_refused_before_the_first(tmp_path):
    """The bar is in 01 alone: the run that is scored on it has no pixel of its class."""
    data = make_dataset(tmp_path / "data")
    for file in sorted((data / "train" / "labels").glob("*.png")):
        stored = read_label(file)
        write_stored(file, np.where((stored == 7) & (file.stem != "01"), 0, stored))
    with pytest.raises(ArgumentError, match=r"no pixel of split train\.not3of3 is bar"):
        train(**settings(data, tmp_path / "cv", class_weights="median_frequency"))
    assert not (tmp_path / "cv").exists()


def test_a_folder_that_has_files_is_refused(data, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match=r"out must be a new or empty folder"):
        train(**settings(data, tmp_path))


def test_pairs_that_belong_together_are_said_or_kept_together(tmp_path, capsys):
    data = make_dataset(tmp_path / "data", train=9)
    for kind in ("images", "labels"):
        for index in range(9):
            file = data / "train" / kind / f"{index:02}.png"
            file.rename(file.with_name(f"clip{index % 3}_{index:02}.png"))
    train(**settings(data, tmp_path / "a", folds=2, epochs=1))
    said = capsys.readouterr().err
    assert "warning: 9 ids have 3 beginnings up to '_'" in said
    assert "start again with --fold-by _" in said
    train(**settings(data, tmp_path / "b", folds=2, epochs=1, fold_by="_"))
    assert "3 groups of ids that begin alike up to '_'" in capsys.readouterr().err
    about = json.loads((tmp_path / "b/predictions/train/prediction.json").read_text())
    held_out = [{id.split("_")[0] for id in part["ids"]} for part in about["folds"]]
    assert not held_out[0] & held_out[1]
    assert about["folds"][0]["split"] == "train.1of2by_"


def test_predictions_of_classes_that_overlap_are_joined_too(tmp_path):
    from tests.run.test_multilabel import make_set

    data = make_set(tmp_path / "set")
    run = train(**settings(data, tmp_path / "cv", folds=2, epochs=1))
    files = {p.relative_to(run / "predictions/train") for p in run.glob("predictions/train/*/*")}
    assert {str(f) for f in files} == {f"{c}/{i}.png" for c in ("disc", "bars") for i in range(8)}
    assert read_folds(run).joined == score(run).mean_iou


def test_an_image_that_cannot_be_predicted_is_said_and_tried_again(data, tmp_path, capsys):
    copy, out = shutil.copytree(data, tmp_path / "data"), tmp_path / "cv"
    train(**settings(copy, out, epochs=1))
    about = json.loads((out / "folds.json").read_text())
    (out / "folds.json").write_text(json.dumps({**about, "predictions": "", "joined": None}))
    image = copy / "train" / "images" / "05.png"
    kept = image.read_bytes()
    image.write_bytes(kept[: len(kept) // 2])
    train(resume=out)
    assert "1 of 2 images could not be predicted" in capsys.readouterr().err
    assert read_folds(out).predictions == ""
    image.write_bytes(kept)
    train(resume=out)
    assert read_folds(out).joined == about["joined"]


def test_the_command_line_takes_the_folder_as_a_run_and_shows_its_folds(whole, capsys):
    assert main(["train", "--resume", str(whole)]) == 0
    assert "each predicted by the network that has not seen it" in capsys.readouterr().out
    assert main(["train", "--resume", str(whole), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["run"], found["split"], len(found["folds"])) == (str(whole), "train", 3)
    assert main(["predict", str(whole)]) == 2
    assert "Give --split" in capsys.readouterr().err


def test_the_report_of_the_folder_is_of_all_pairs(whole, tmp_path):
    score(whole)
    page = report(ReportConfig(whole, out=tmp_path / "report.html"))
    text = page.read_text(encoding="utf-8")
    assert all(f"{id}.png" in text or f">{id}<" in text for id in set().union(*PAIRS.values()))


def test_the_training_of_one_run_takes_no_folds(data, tmp_path):
    with pytest.raises(ArgumentError, match="this trains one run"):
        training.train(**settings(data, tmp_path / "cv"))


def test_code_that_is_not_trusted_is_not_imported(whole, tmp_path):
    """Also if folds.json alone names it, for the folds that have not begun."""
    out = shutil.copytree(whole, tmp_path / "cv")
    about = json.loads((out / "folds.json").read_text())
    about["config"]["network"] = "theirs:network"
    (out / "folds.json").write_text(json.dumps(about))
    message = r"folds\.json: its network theirs:network is code of the module theirs"
    with pytest.raises(RunError, match=message):
        train(resume=out)
