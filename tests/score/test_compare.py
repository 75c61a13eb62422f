"""Two predictions of the same images: differences, intervals, the images that changed, refusals."""

import json
import math

import numpy as np
import pytest

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, PairingError
from pixelwise.labels.png import read_label
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig
from pixelwise.settings import command_line


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data", val=5)


def predict(data, folder, shift):
    """Labels moved to the right by a number of columns, void filled with ground."""
    for path in (data / "val" / "labels").iterdir():
        label = read_label(path)
        filled = np.where(label == VOID, STORED[0], label)
        write_stored(folder / path.name, np.roll(filled, shift, axis=1))
    return folder


@pytest.fixture
def worse(data, tmp_path):
    return predict(data, tmp_path / "worse", 4)


@pytest.fixture
def better(data, tmp_path):
    return predict(data, tmp_path / "better", 1)


def compare(a, b, data, **options):
    return score(ScoreConfig(a, versus=b, data=data, **options))


def test_a_and_b_are_called_as_they_were_given(data, worse, better, monkeypatch):
    """Not as the places that comparison.json knows them under."""
    monkeypatch.chdir(better)
    both = compare("../worse", ".", data)
    assert both["names"] == ["../worse", "."]
    assert both.text().splitlines()[:2] == ["a = ../worse", "b = ."]
    assert (both["a"], both["b"]) == (str(worse.resolve()), ".")


@pytest.mark.parametrize("convention", ["present", "micro", "per_image"])
def test_a_comparison_is_the_difference_of_two_scores(data, worse, better, convention):
    """The same numbers as scoring both alone."""
    alone = [score(ScoreConfig(p, data=data, convention=convention)) for p in (worse, better)]
    both = compare(worse, better, data, convention=convention)
    means = [one["scores"]["mean_iou"] for one in alone]
    assert [both["mean_iou"]["a"], both["mean_iou"]["b"]] == pytest.approx(means)
    assert both["mean_iou"]["difference"] == pytest.approx(means[1] - means[0])
    for entry, a, b in zip(both["per_class"], alone[0]["per_class"], alone[1]["per_class"]):
        assert (entry["name"], entry["target_pixels"]) == (a["name"], a["target_pixels"])
        assert (entry["a"], entry["b"]) == (a["iou"], b["iou"])
    assert both["mean_iou"]["clear"]
    assert 0 < both["mean_iou"]["low"] < both["mean_iou"]["difference"] < both["mean_iou"]["high"]


def test_images_are_sorted_by_how_much_they_changed(data, worse, better):
    """Largest change first, whatever its sign."""
    write_stored(better / "08.png", np.full(read_label(better / "08.png").shape, STORED[2]))
    images = compare(worse, better, data)["images"]
    changes = [abs(image["difference"]) for image in images]
    assert changes == sorted(changes, reverse=True)
    assert images[0]["id"] == "08"
    assert images[0]["difference"] < 0
    assert images[0]["prediction_b"] == "08.png"
    assert images[0]["prediction_a"] == str(worse / "08.png")


def test_comparison_json_is_what_is_returned(data, worse, better, tmp_path):
    """Beside the second predictions, or at the given path."""
    content = compare(worse, better, data)
    assert json.loads((better / "comparison.json").read_text()) == content
    assert content["schema"] == "pixelwise.comparison/1"
    assert content["command"] == f"pixelwise score {worse} {better} --data {data}"
    assert content["bootstrap"] == {"resamples": 2000, "confidence": 0.95, "seed": 0}
    assert (content["a"], content["b"]) == (str(worse), ".")
    compare(worse, better, data, out=tmp_path / "other.json")
    assert (tmp_path / "other.json").is_file()
    assert not (worse / "score.json").exists()


def test_a_comparison_is_repeatable_and_antisymmetric(data, worse, better):
    """Swapping the two changes signs and nothing else."""
    forth, back = compare(worse, better, data), compare(better, worse, data)
    assert forth["mean_iou"] == compare(worse, better, data)["mean_iou"]
    assert back["mean_iou"]["difference"] == -forth["mean_iou"]["difference"]
    assert back["mean_iou"]["low"] == pytest.approx(-forth["mean_iou"]["high"])


def test_a_prediction_compared_with_itself_changed_nowhere(data, worse):
    """No star, no image."""
    content = compare(worse, worse, data)
    assert content["mean_iou"]["difference"] == 0
    table = content.text()
    assert "changed most" not in table
    assert not any(line.endswith("*") for line in table.splitlines()[:8])


def test_the_table_shows_scores_difference_and_interval(data, worse, better):
    """One row a class, the mean, and the images that changed most."""
    content = compare(worse, better, data)
    lines = content.text().splitlines()
    row = next(line for line in lines if line.startswith("mIoU ")).split()
    assert row[1] == f"{100 * content['mean_iou']['a']:.2f}"
    assert row[3] == f"{100 * content['mean_iou']['difference']:+.2f}"
    assert row[-1] == "*"
    assert "95 % of 2000 paired resamples of 5 images" in content.text()
    assert lines[-1].split()[0] in {"06", "07", "08", "09", "10"}


def test_an_absent_class_has_no_difference(data, worse, better):
    """null in the file, "-" in the table."""
    for folder in (data / "val" / "labels", worse, better):
        for path in folder.glob("*.png"):
            label = read_label(path)
            write_stored(path, np.where(label == STORED[2], STORED[0], label))
    content = compare(worse, better, data)
    assert content["per_class"][2]["difference"] is None
    assert content["per_class"][2]["clear"] is False
    row = next(line for line in content.text().splitlines() if line.startswith("bar"))
    assert row.split() == ["bar", "-", "-", "-", "-"]


def test_two_run_folders_are_compared_by_their_predictions(data, worse, better, tmp_path):
    """RUN/predictions/SPLIT is found, as predict makes it."""
    runs = [tmp_path / "runs" / name for name in "ab"]
    for run, folder in zip(runs, (worse, better)):
        (run / "predictions").mkdir(parents=True)
        folder.rename(run / "predictions" / "val")
    content = compare(*runs, data)
    assert content["mean_iou"]["difference"] > 0
    assert (runs[1] / "predictions" / "val" / "comparison.json").is_file()
    assert score(ScoreConfig(runs[0], data=data))["predictions"] == "."


def test_the_command_takes_two_folders(data, worse, better, capsys):
    """pixelwise score A B."""
    assert main(["score", str(worse), str(better), "--data", str(data)]) == 0
    assert "b - a" in capsys.readouterr().out
    assert main(["score", str(worse), str(better), "--data", str(data), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert not math.isnan(content["mean_iou"]["low"])


def test_commands_name_both_folders_in_order():
    """The line can be run again."""
    config = ScoreConfig("a", versus="b", data="d")
    assert command_line(config) == "pixelwise score a b --data d"


def test_predictions_of_other_labels_are_refused(data, worse, better, tmp_path):
    """Each is scored where its prediction.json says; those must agree."""
    other = make_dataset(tmp_path / "other", val=5)
    for folder, where in ((worse, data), (better, other)):
        about = {"data": str(where), "split": "val"}
        (folder / "prediction.json").write_text(json.dumps(about))
    with pytest.raises(
        PairingError, match=r"must be of the same labels, got split val of .*data and split val of"
    ):
        score(ScoreConfig(worse, versus=better))


def test_numbers_of_other_tools_are_of_one_prediction():
    """A comparison has no fields for them."""
    with pytest.raises(ArgumentError, match="like, all and boundary are of one prediction"):
        ScoreConfig("a", versus="b", like="smp")
