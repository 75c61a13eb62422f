"""The exit code of `pixelwise score` where there is nothing to score."""

import json

import numpy as np
import pytest

from make import VOID, make_dataset, write_stored
from pixelwise.cli import main
from pixelwise.files.results import record_of
from pixelwise.labels.png import read_label
from pixelwise.score.record import Score


@pytest.fixture
def void_data(tmp_path):
    """A dataset whose val labels are all void, with predictions of the first class."""
    data = make_dataset(tmp_path / "data", val=2)
    for path in (data / "val" / "labels").iterdir():
        shape = read_label(path).shape
        for folder in ("a", "b"):
            write_stored(tmp_path / folder / path.name, np.zeros(shape))
        write_stored(path, np.full(shape, VOID))
    return data


@pytest.mark.parametrize("predictions", [["a"], ["a", "b"]])
@pytest.mark.parametrize("json_wanted", [[], ["--json"]])
def test_labels_that_are_void_everywhere_exit_with_1(
    void_data, predictions, json_wanted, monkeypatch, capsys
):
    """A score and a comparison: the result is printed, the sentence stands on stderr."""
    monkeypatch.chdir(void_data.parent)
    words = ["score", *predictions, "--data", str(void_data), *json_wanted]
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.err == (
        "pixelwise: score: the labels hold nothing but void in 2 images. "
        "Every score is absent. Are the void values of the dataset the right ones?\n"
    )
    assert len(said.out) > 100


def test_one_valid_pixel_is_a_score(void_data, monkeypatch, capsys):
    """Exit code 0, and not a word on stderr."""
    monkeypatch.chdir(void_data.parent)
    first = sorted((void_data / "val" / "labels").iterdir())[0]
    label = read_label(first).copy()
    label[3, 4] = 0
    write_stored(first, label)
    assert main(["score", "a", "--data", str(void_data), "--json"]) == 0
    said = capsys.readouterr()
    content = json.loads(said.out)
    assert (content["valid_pixels"], content["scores"]["mean_iou"]) == (1, 1.0)
    assert record_of(Score, content, "stdout").finding() == said.err == ""
