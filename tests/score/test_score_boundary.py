"""score --boundary: boundary IoU of each class beside its IoU."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.cli import main
from pixelwise.errors import ArgumentError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.metrics.boundary import boundary_iou, count_boundary
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data", val=4)


def predict(data, folder, change):
    for path in (data / "val" / "labels").iterdir():
        label = read_label(path)
        write_stored(folder / path.name, change(np.where(label == VOID, STORED[0], label)))
    return folder


def test_the_boundary_iou_is_that_of_all_images_added_up(data, tmp_path):
    """Counts of the files' arrays, by the function of the library, with threads or without."""
    folder = predict(data, tmp_path / "shifted", lambda x: np.roll(x, 2, axis=1))
    content = score(ScoreConfig(folder, data=data, boundary=True))
    classes = read_description(data).classes
    counted = [
        count_boundary(
            *(classes.to_index(read_label(p)) for p in (folder / path.name, path)), len(classes)
        )
        for path in (data / "val" / "labels").iterdir()
    ]
    expected = boundary_iou(sum(counted))
    found = content["boundary"]
    assert found["per_class"] == expected.tolist()
    assert found["mean_boundary_iou"] == expected.mean()
    assert found["width"] == 0.02
    with ThreadPoolExecutor(2) as executor:
        shared = score(ScoreConfig(folder, data=data, boundary=True), executor)
    assert shared["boundary"] == found


def test_edges_are_harder_than_areas(data, tmp_path):
    """A shift that an area hardly feels; labels as predictions are perfect in both.

    The disc is lined with void as wide as the strips of these small images: it has no score.
    """
    shifted = predict(data, tmp_path / "shifted", lambda x: np.roll(x, 1, axis=1))
    content = score(ScoreConfig(shifted, data=data, boundary=True))
    assert content["boundary"]["mean_boundary_iou"] < content["scores"]["mean_iou"]
    same = score(ScoreConfig(predict(data, tmp_path / "same", np.copy), data=data, boundary=True))
    assert same["boundary"]["per_class"] == [1.0, None, 1.0]


def test_the_table_has_a_column_more_and_says_the_width(data, tmp_path, capsys):
    """Without being asked neither the file nor the table has it."""
    folder = predict(data, tmp_path / "same", np.copy)
    assert main(["score", str(folder), "--data", str(data), "--boundary"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split()[-2:] == ["boundary", "share"]
    assert "mean boundary IoU 100.00  (in strips along contours of 2 % of the diagonal)" in said
    assert json.loads((folder / "score.json").read_text())["boundary"]["mean_boundary_iou"] == 1
    plain = score(ScoreConfig(folder, data=data))
    assert "boundary" not in plain
    assert "boundary" not in plain.text()


def test_void_alone_has_no_boundary(data, tmp_path):
    """null, and "-" in the table."""
    folder = predict(data, tmp_path / "any", np.copy)
    for path in (data / "val" / "labels").iterdir():
        write_stored(path, np.full(read_label(path).shape, VOID))
    content = score(ScoreConfig(folder, data=data, boundary=True))
    assert content["boundary"]["per_class"] == [None] * 3
    assert content["boundary"]["mean_boundary_iou"] is None
    assert "mean boundary IoU -" in content.text()


def test_a_comparison_has_no_boundary(tmp_path):
    """It is of two predictions."""
    with pytest.raises(ArgumentError, match="like, all and boundary are of one prediction"):
        ScoreConfig(tmp_path, versus=tmp_path, boundary=True)
