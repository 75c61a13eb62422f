"""Scores: the numbers of the definition, the content of score.json, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, DatasetError, LabelError, PairingError, RunError
from pixelwise.files.results import read_record
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import read_label
from pixelwise.metrics.scores import CLASS_SCORES, MEAN_SCORES
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig
from pixelwise.score.record import Score


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data", val=4)


@pytest.fixture
def predictions(data, tmp_path):
    """Predictions that are the labels, shifted by one column, without void."""
    folder = tmp_path / "predictions"
    for path in (data / "val" / "labels").iterdir():
        label = read_label(path)
        shifted = np.roll(np.where(label == VOID, STORED[0], label), 1, axis=1)
        write_stored(folder / path.name, shifted)
    return folder


def iou_by_hand(data, predictions, stored):
    """Intersection over union of a stored value over all images, void left out."""
    both = either = 0
    for path in (data / "val" / "labels").iterdir():
        label, pred = read_label(path), read_label(predictions / path.name)
        valid = label != VOID
        both += ((label == stored) & (pred == stored) & valid).sum()
        either += (((label == stored) | (pred == stored)) & valid).sum()
    return both / either


def test_the_scores_are_those_of_the_definition(data, predictions):
    content = score(ScoreConfig(predictions, data=data))
    expected = [iou_by_hand(data, predictions, stored) for stored in STORED]
    assert [entry["iou"] for entry in content["per_class"]] == pytest.approx(expected, abs=1e-15)
    assert content["scores"]["mean_iou"] == pytest.approx(np.mean(expected), abs=1e-15)
    assert content["convention"] == "present"
    assert "in the target or in the prediction" in content["convention_meaning"]


def test_score_json_holds_what_reports_read(data, predictions):
    content = score(ScoreConfig(predictions, data=data))
    assert json.loads((predictions / "score.json").read_text()) == content
    assert content["schema"] == "pixelwise.score/1"
    assert content["dataset"] == {"path": str(data), "split": "val"}
    assert content["command"] == f"pixelwise score {predictions} --data {data}"
    assert Classes.from_dict(content["classes"]).names == ("ground", "disc", "bar")
    first = content["images"][0]
    label = read_label(first["label"])
    assert (first["height"], first["width"]) == label.shape
    assert first["valid"] + first["ignored"] == label.size
    assert first["ignored"] == (label == VOID).sum()
    assert sum(pixels for _, _, pixels in first["confusion"]) == first["valid"]
    assert first["prediction"] == f"{first['id']}.png"
    total = np.sum([first["valid"] for first in content["images"]])
    assert (content["valid_pixels"], np.sum(content["confusion"])) == (total, total)


def test_settings_are_given_by_name_and_results_read_by_attribute_or_key(data, predictions):
    """`pw.score(folder, data=...)` is `pw.score(ScoreConfig(folder, data=...))`."""
    found = score(predictions, data=data)
    again = score(ScoreConfig(predictions, data=data))  # perhaps in another second
    assert {**found, "created": ""} == {**again, "created": ""}
    assert found.scores["mean_iou"] == found["scores"]["mean_iou"]
    assert found.per_class[1].scores["iou"] == found["per_class"][1]["iou"]
    assert found.counts.matrix.tolist() == found["confusion"]
    assert (found.counts.ignored, found.counts.images) == (found.ignored_pixels, 4)
    assert read_record(Score, predictions / "score.json") == again
    assert repr(found) == found.text()


def test_every_reported_row_of_the_table_is_in_the_file_and_on_the_screen(data, predictions):
    """A new score is one function and one row."""
    found = score(predictions, data=data)
    assert list(found.per_class[0].scores) == list(CLASS_SCORES)
    assert set(MEAN_SCORES) < set(found.scores)
    header, text = found.text().splitlines()[0].split(), found.text()
    assert header == ["class", *CLASS_SCORES, "share"]
    titles = [row.title for name, row in MEAN_SCORES.items() if name != "mean_iou"]
    assert [title for title in titles if title not in text] == []


def test_an_executor_changes_nothing(data, predictions):
    alone = score(ScoreConfig(predictions, data=data))
    with ThreadPoolExecutor(3) as executor:
        shared = score(ScoreConfig(predictions, data=data), executor)
    spread = score(ScoreConfig(predictions, data=data, workers=2))
    assert spread["command"] == f"{alone['command']} --workers 2"
    same = {"created": "", "command": ""}
    assert {**alone, **same} == {**shared, **same} == {**spread, **same}


def test_a_class_in_neither_has_no_score(tmp_path):
    """null in the file, "-" in the table, and the conventions differ."""
    data = make_dataset(tmp_path / "data", names=("ground", "disc", "bar"))
    folder = tmp_path / "predictions"
    for path in (data / "val" / "labels").iterdir():
        label = read_label(path)
        write_stored(path, np.where(label == STORED[2], STORED[0], label))
        write_stored(folder / path.name, np.where(label == VOID, STORED[0], read_label(path)))
    content = score(ScoreConfig(folder, data=data))
    assert content["per_class"][2]["iou"] is None
    means = content["mean_iou_by_convention"]
    assert means["present"] == 1.0
    assert means["absent_as_zero"] == pytest.approx(2 / 3)
    table = content.text()
    assert "mIoU 100.00  (present: mean over the classes that are in" in table
    assert [line.split()[1] for line in table.splitlines()[1:4]] == ["100.00", "100.00", "-"]


def test_bare_folders_need_a_class_file_only(data, predictions, tmp_path):
    classes = Classes(["ground", "disc", "bar"], values=STORED, ignore_values=[VOID])
    classes.save(tmp_path / "classes.toml")
    bare = score(
        ScoreConfig(
            predictions,
            labels=data / "val" / "labels",
            images=data / "val" / "images",
            classes=str(tmp_path / "classes.toml"),
            out=tmp_path / "bare.json",
        )
    )
    described = score(ScoreConfig(predictions, data=data))
    assert bare["confusion"] == described["confusion"]
    assert bare["images"][0]["image"] == "data/val/images/06.png"
    assert described["images"][0]["image"] == str(data / "val" / "images" / "06.png")


def about(folder, **content):
    """prediction.json as predict writes it, as far as score reads it."""
    (folder / "prediction.json").write_text(json.dumps(content))


@pytest.mark.parametrize("by", ["dataset", "run"])
def test_bare_labels_have_the_classes_of_the_dataset_that_was_predicted(data, predictions, by):
    """Or, where bare images were predicted, of the dataset that the run was trained on."""
    run = predictions.parent / "run"
    (run / "best").mkdir(parents=True)
    (run / "config.json").write_text(json.dumps({"dataset": {"path": str(data)}}))
    of = {"dataset": {"data": str(data)}, "run": {"data": None, "checkpoint": str(run / "best")}}
    about(predictions, **of[by])
    found = score(predictions, labels=data / "val/labels")
    assert found.confusion == score(predictions, data=data).confusion
    assert (found.classes.names, found.dataset.path) == (("ground", "disc", "bar"), None)


def test_bare_labels_of_nothing_known_need_classes(data, predictions):
    """Without prediction.json, or with one that names no dataset."""
    message = "labels need classes. Give .* has no prediction.json that names a dataset"
    with pytest.raises(ArgumentError, match=message):
        score(predictions, labels=data / "val/labels")
    about(predictions, data=None, split=None)
    with pytest.raises(ArgumentError, match=message):
        score(predictions, labels=data / "val/labels")


@pytest.fixture
def renamed(predictions):
    """The predictions as p_06_pred.png."""
    for path in predictions.iterdir():
        path.rename(path.with_stem(f"p_{path.stem}_pred"))
    return predictions


AFFIXES = {"prediction_prefix": "p_", "prediction_suffix": "_pred"}
MEANT = r'Did you mean prediction_prefix="p_" and prediction_suffix="_pred"\?'


def test_names_of_predictions_may_have_a_prefix_and_a_suffix(data, renamed):
    """Of a dataset; without them they are suggested."""
    with pytest.raises(PairingError, match=rf"got 4 without: 06.png, .*{MEANT}"):
        score(renamed, data=data)
    found = score(renamed, data=data, **AFFIXES)
    assert [image.id for image in found.images] == ["06", "07", "08", "09"]
    assert found.images[0].prediction == "p_06_pred.png"
    (renamed / "p_07_pred.png").unlink()
    with pytest.raises(PairingError, match=r"got 1 without: p_07_pred\.png"):
        score(renamed, data=data, **AFFIXES)


def test_names_of_bare_folders_may_have_prefixes_and_suffixes(data, renamed, capsys):
    """Of predictions, labels and images; the suggestion works on the command line."""
    for kind in ("labels", "images"):
        for path in (data / "val" / kind).iterdir():
            path.rename(path.with_stem(f"{kind}_{path.stem}"))
    labels, images = data / "val/labels", data / "val/images"
    about(renamed, data=str(data))
    affixes = {**AFFIXES, "label_prefix": "labels_"}
    expected = r'mean prediction_prefix="p_" and prediction_suffix="_pred" and label_prefix="lab'
    with pytest.raises(PairingError, match=f"every prediction must have a label.*{expected}"):
        score(renamed, labels=labels)
    found = score(renamed, labels=labels, images=images, image_prefix="images_", **affixes)
    assert [image.id for image in found.images] == ["06", "07", "08", "09"]
    assert {bool(image.image) for image in found.images} == {True}
    words = ["score", str(renamed), "--labels", str(labels)]
    assert main(words) == 2
    meant = capsys.readouterr().err.partition("Did you mean ")[2].partition("?")[0]
    assert (
        meant == "--prediction-prefix p_ and --prediction-suffix _pred and --label-prefix labels_"
    )
    assert main([*words, *meant.replace(" and", "").split()]) == 0


def test_all_missing_predictions_are_named(data, predictions):
    for name in ("06", "08"):
        (predictions / f"{name}.png").unlink()
    with pytest.raises(PairingError, match=r"got 2 without: 06.png, 08.png"):
        score(ScoreConfig(predictions, data=data))
    assert not (predictions / "score.json").exists()


def test_sizes_that_differ_name_both_files(data, predictions):
    path = predictions / "07.png"
    Image.open(path).resize((20, 10)).save(path)
    message = (
        r"predictions/07.png: size .* must be \(37, 41\) as in .*labels/07.png, got \(10, 20\)"
    )
    with pytest.raises(LabelError, match=message):
        score(ScoreConfig(predictions, data=data))


def test_values_that_are_no_class_are_named_with_their_file(data, predictions):
    write_stored(predictions / "07.png", np.full((37, 41), 9))
    with pytest.raises(LabelError, match=r"07.png: stored values .* got 9 \(1,517 pixels"):
        score(ScoreConfig(predictions, data=data))
    write_stored(predictions / "07.png", np.full((37, 41), VOID))
    with pytest.raises(LabelError, match=r"07.png against .*07.png: .* void, stored as 11 \("):
        score(ScoreConfig(predictions, data=data))


def test_what_cannot_be_scored_says_what_is_missing(data, predictions, tmp_path):
    with pytest.raises(DatasetError, match=r"predictions must be a folder of label images"):
        score(ScoreConfig(tmp_path / "nowhere", data=data))
    with pytest.raises(RunError, match=r"no prediction.json in it"):
        score(ScoreConfig(predictions))
    with pytest.raises(ArgumentError, match=r"convention must be one of present, target"):
        score(ScoreConfig(predictions, data=data, convention="macro"))
    with pytest.raises(ArgumentError, match=r"split must be one of train, val, got 'test'"):
        score(ScoreConfig(predictions, data=data, split="test"))
    with pytest.raises(ArgumentError, match=r"classes must be one of .*a file, got 'vok'"):
        score(ScoreConfig(predictions, labels=data / "val" / "labels", classes="vok"))
