"""What a score of folders promises, whatever is in them."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.errors import LabelError
from pixelwise.labels.png import read_label
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig


@pytest.fixture
def data(tmp_path):
    return make_dataset(tmp_path / "data", val=4)


def label_paths(data):
    return sorted((data / "val" / "labels").iterdir())


def predict(data, folder, change):
    """change(label with void filled in) as the prediction of every label."""
    for path in label_paths(data):
        label = read_label(path)
        write_stored(folder / path.name, change(np.where(label == VOID, STORED[0], label)))
    return folder


def next_class(stored):
    table = np.zeros(256, np.uint8)
    table[list(STORED)] = np.roll(STORED, 1)
    return table[stored]


def test_labels_as_predictions_score_exactly_1(data, tmp_path):
    """Not 0.9999."""
    content = score(ScoreConfig(predict(data, tmp_path / "same", lambda x: x), data=data))
    assert set(content["scores"].values()) == {1.0}
    assert {entry["iou"] for entry in content["per_class"]} == {1.0}


def test_disjoint_predictions_score_exactly_0(data, tmp_path):
    """Every pixel of every class is another class."""
    content = score(ScoreConfig(predict(data, tmp_path / "other", next_class), data=data))
    assert set(content["scores"].values()) == {0.0}


def test_totals_are_the_sums_of_the_images_to_the_pixel(data, tmp_path):
    """Confusion, valid and void pixels, and the images of each class."""
    folder = predict(data, tmp_path / "shifted", lambda x: np.roll(x, 3, axis=1))
    content = score(ScoreConfig(folder, data=data))
    total = np.zeros((3, 3), int)
    for image in content["images"]:
        for t, p, pixels in image["confusion"]:
            total[t, p] += pixels
    assert total.tolist() == content["confusion"]
    assert sum(image["valid"] for image in content["images"]) == content["valid_pixels"]
    assert sum(image["ignored"] for image in content["images"]) == content["ignored_pixels"]
    assert [entry["target_pixels"] for entry in content["per_class"]] == total.sum(1).tolist()
    assert [entry["pred_pixels"] for entry in content["per_class"]] == total.sum(0).tolist()


def test_grey_and_palette_predictions_of_the_same_values_score_the_same(data, tmp_path):
    """Values are compared, never colours."""
    palette = predict(data, tmp_path / "palette", lambda x: np.roll(x, 2, axis=1))
    grey = tmp_path / "grey"
    grey.mkdir()
    for path in palette.glob("*.png"):
        Image.fromarray(read_label(path)).save(grey / path.name)
    contents = [score(ScoreConfig(folder, data=data)) for folder in (palette, grey)]
    with Image.open(next(grey.glob("*.png"))) as picture:
        assert picture.mode == "L"
    assert contents[0]["confusion"] == contents[1]["confusion"]


def test_nothing_valid_is_null_in_the_file_and_nan_in_no_place(data, tmp_path):
    """All void: no score, 0 classes averaged, and a file that any JSON reader accepts."""
    folder = predict(data, tmp_path / "any", lambda x: x)
    for path in label_paths(data):
        write_stored(path, np.full(read_label(path).shape, VOID))
    content = score(ScoreConfig(folder, data=data, all=True))
    assert set(content["scores"].values()) == {None}
    assert (content["classes_averaged"], content["valid_pixels"]) == (0, 0)
    text = (folder / "score.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == content
    assert not any(isinstance(v, float) and math.isnan(v) for v in content["scores"].values())


def test_a_predicted_void_is_no_way_to_skip_a_pixel(data, tmp_path):
    """Elsewhere it leaves the union smaller; here it is an error that names the file."""
    folder = predict(data, tmp_path / "void", lambda x: np.where(x == STORED[1], VOID, x))
    with pytest.raises(
        LabelError, match=r"06\.png against .*06\.png: .* got void, stored as 11 \("
    ):
        score(ScoreConfig(folder, data=data))
