"""Counting a pair by its runs gives what counting it by its pixels gives."""

from pathlib import Path

import numpy as np
import pytest

from pixelwise.errors import LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import write_label
from pixelwise.score.one_image import Item, count_item, count_prediction, count_runs

NAMES = ["a", "b", "c"]
TABLES = {
    "as they are": Classes(NAMES),
    "in another order, several a class": Classes(NAMES, values=[7, (2, 3), 0], ignore_values=(9,)),
    "one for all others": Classes(NAMES, values=[0, "other", 1], ignore_values=(5,)),
    "16 bits": Classes(NAMES, values=[0, 300, 65535], ignore_index=999),
}
VALUES = {
    "as they are": [0, 1, 2],
    "in another order, several a class": [0, 2, 3, 7],
    "one for all others": [0, 1, 44, 200],
    "16 bits": [0, 300, 65535],
}
VOIDS = dict(zip(TABLES, (255, 9, 5, 999), strict=True))


def draw(table, size, block, seed=0):
    """(prediction, label) in blocks, both with void where the label has it, in places."""
    rng = np.random.default_rng(seed)
    height, width = size
    blocks = -(-height // block), -(-width // block)
    dtype = np.uint16 if table == "16 bits" else np.uint8
    found = []
    for _ in range(2):
        coarse = rng.choice(VALUES[table], blocks).astype(dtype)
        found.append(coarse.repeat(block, 0).repeat(block, 1)[:height, :width].copy())
    pred, label = found
    label[: height // 5] = VOIDS[table]
    pred[: height // 9] = VOIDS[table]
    return pred, label


def by_pixels(pred, label, classes):
    target = classes.to_index(label)
    return count_prediction(Path("pred"), pred, Path("label"), target, classes, True, False)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("size", [(10, 1), (61, 43), (400, 701)])
@pytest.mark.parametrize("block", [1, 2, 5, 50])
def test_runs_and_pixels_are_counted_alike(table, size, block):
    """Where there are hardly runs, None says so."""
    pred, label = draw(table, size, block)
    found, expected = (
        count_runs(pred, label, TABLES[table], True),
        by_pixels(pred, label, TABLES[table]),
    )
    assert (found is None) == (block == 1)
    found = found or expected
    assert found.counts == expected.counts
    assert found.size == expected.size == size
    assert found.under_void.tolist() == expected.under_void.tolist()
    assert found.under_void.dtype == expected.under_void.dtype


@pytest.mark.parametrize(
    ("changed", "value"),
    [("pred", 77), ("label", 77), ("pred", 255)],
    ids=["unknown in the prediction", "unknown in the label", "void where there is a class"],
)
def test_what_is_wrong_is_left_to_counting_by_pixels(changed, value):
    pred, label = draw("as they are", (60, 60), 10)
    {"pred": pred, "label": label}[changed][-1, -1] = value
    assert count_runs(pred, label, TABLES["as they are"], False) is None


def test_of_two_files_that_are_wrong_the_label_is_named_first(tmp_path):
    """Also where the prediction cannot be read at all."""
    _, label = draw("as they are", (60, 60), 10)
    label[0, 0] = 77
    write_label(tmp_path / "label.png", label)
    (tmp_path / "pred.png").write_bytes(b"no image")
    item = Item("x", (tmp_path / "pred.png",), tmp_path / "label.png", None)
    with pytest.raises(LabelError, match=r"label\.png: stored values must be in the class table"):
        count_item(item, TABLES["as they are"])
