"""--like and --all: other tools' numbers in the file and on the screen."""

import json

import numpy as np
import pytest

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.cli import main
from pixelwise.errors import ArgumentError
from pixelwise.files.results import record_of
from pixelwise.labels.png import read_label
from pixelwise.metrics.like import LIKE, TOOLS
from pixelwise.report.form import contradictions
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig
from pixelwise.score.record import Score


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data", val=3)


@pytest.fixture
def predictions(data, tmp_path):
    """Labels moved by two columns, void filled with disc; bar is predicted but never right."""
    folder = tmp_path / "predictions"
    for path in (data / "val" / "labels").iterdir():
        label = read_label(path)
        write_stored(path, np.where(label == STORED[2], STORED[0], label))
        filled = np.where(label == VOID, STORED[1], label)
        write_stored(folder / path.name, np.roll(filled, 2, axis=1))
    return folder


def test_without_being_asked_no_other_tool_is_named(data, predictions):
    """score.json has no key for it."""
    assert "like" not in score(ScoreConfig(predictions, data=data))


@pytest.mark.parametrize("tool", TOOLS)
def test_one_tool_is_shown_with_its_reason(data, predictions, tool):
    """Its numbers, and a sentence each."""
    content = score(ScoreConfig(predictions, data=data, like=tool))
    assert [row["tool"] for row in content["like"]] == [
        row.tool for row in LIKE if row.tool == tool and not row.two_classes
    ]
    table = content.text()
    assert all(row["why"] in table for row in content["like"])
    assert json.loads((predictions / "score.json").read_text()) == content


def test_all_tools_agree_with_the_conventions_of_the_same_file(data, predictions):
    """The table and mean_iou_by_convention are made of the same counts."""
    content = score(ScoreConfig(predictions, data=data, all=True))
    means = content["mean_iou_by_convention"]
    values = {(row["tool"], row["version"], row["call"]): row["value"] for row in content["like"]}
    assert len(values) == sum(not row.two_classes for row in LIKE)
    assert values["mmseg", "1.x", "IoUMetric, mIoU"] == means["present"]
    assert values["smp", "0.6", 'iou_score(reduction="micro")'] == means["micro"]
    assert values["ultralytics", "8.4.60", "semantic val, mIoU"] == means["absent_as_zero"]
    assert values["ultralytics", "8.4.120 to 8.4.190", "semantic val, mIoU"] == means["target"]
    assert values["torchmetrics", "1.9", "segmentation.MeanIoU"] is None
    assert values["monai", "1.6", "MeanIoU()"] < values["monai", "1.6", "MeanIoU(ignore_index=255)"]


def test_a_score_with_other_tools_is_still_of_the_form_that_reports_read(data, predictions):
    """Added keys change no schema."""
    content = score(ScoreConfig(predictions, data=data, all=True))
    assert content["schema"] == "pixelwise.score/1"
    assert contradictions(record_of(Score, json.loads(json.dumps(dict(content))), "file")) == []


def test_a_mean_says_over_how_many_classes_it_is(data, predictions):
    """Bar is predicted and in no target: present counts it, target does not."""
    present = score(ScoreConfig(predictions, data=data))
    target = score(ScoreConfig(predictions, data=data, convention="target"))
    assert (present["classes_averaged"], target["classes_averaged"]) == (3, 2)
    assert "2 of 3 classes" in target.text()
    scores = target["scores"]
    assert scores["mean_iou_i"] == pytest.approx(
        np.mean([two_class_mean(i) for i in target["images"]])
    )
    assert 0 < scores["mean_iou_c"] < 1


def two_class_mean(image):
    """Mean IoU of ground and disc from the sparse confusion of an image."""
    matrix = np.zeros((3, 3))
    for t, p, pixels in image["confusion"]:
        matrix[t, p] = pixels
    union = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    return (matrix.diagonal()[:2] / union[:2]).mean()


def test_the_command_prints_the_table(data, predictions, capsys):
    """--like TOOL and --all."""
    assert main(["score", str(predictions), "--data", str(data), "--like", "smp"]) == 0
    said = capsys.readouterr().out
    assert "the same predictions in other tools" in said
    assert 'smp 0.6, iou_score(reduction="macro")' in said
    assert "monai" not in said
    assert main(["score", str(predictions), "--data", str(data), "--all"]) == 0
    said = capsys.readouterr().out
    assert [tool for tool in TOOLS if tool not in said] == []


def test_unknown_tools_and_contradictions_are_refused():
    """The nearest name is suggested."""
    with pytest.raises(ArgumentError, match=r"like must be one of mmseg.* Did you mean 'monai'"):
        ScoreConfig("predictions", like="monaj")
    with pytest.raises(ArgumentError, match="only one of like and all can be given"):
        ScoreConfig("predictions", like="smp", all=True)
