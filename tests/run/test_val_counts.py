"""The counts of each image of val: exact sums, and files that are read only if they are whole."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from make import make_dataset, train_settings
from pixelwise.errors import RunError
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts, mean_of_members
from pixelwise.metrics.scores import mean_iou
from pixelwise.plan.config import TrainConfig
from pixelwise.run.train import train
from pixelwise.run.val_counts import (
    ImageCounts,
    ValCounts,
    epochs_kept,
    forget_counts,
    read_counts,
    sparse,
    total_of,
    write_counts,
)
from run.test_multilabel import make_set

RANDOM = np.random.default_rng(5)


def drawn_confusion():
    """Mostly empty, as that of an image is."""
    return RANDOM.integers(1, 900, (7, 7)) * (RANDOM.random((7, 7)) < 0.3)


def drawn_members():
    return RANDOM.integers(0, 900, (5, 2, 2)) * (RANDOM.random((5, 2, 2)) < 0.6)


def test_the_sums_of_an_image_are_those_of_its_confusion_matrix():
    tables = [drawn_confusion() for _ in range(4)]
    images = [sparse(str(i), table, np.array([i])) for i, table in enumerate(tables)]
    sums = ValCounts(1, 9, (7, 7), tuple(images)).sums()
    for own, table in zip(sums, tables, strict=True):
        counts = ConfusionCounts(table)
        expected = (counts.correct_pixels, counts.target_pixels, counts.pred_pixels)
        assert np.array_equal(own, expected)
    assert total_of(images, (7, 7)) == ConfusionCounts(sum(tables), 6)


def test_where_classes_overlap_they_are_those_of_the_members_of_each_class():
    tables, void = [drawn_members() for _ in range(3)], RANDOM.integers(0, 9, (3, 5))
    images = [sparse(str(i), *pair) for i, pair in enumerate(zip(tables, void))]
    sums = ValCounts(1, 9, (5, 2, 2), tuple(images)).sums()
    for own, table, ignored in zip(sums, tables, void, strict=True):
        counts = MemberCounts(table, ignored)
        expected = (counts.correct_pixels, counts.target_pixels, counts.pred_pixels)
        assert np.array_equal(own, expected)
    total = total_of(images, (5, 2, 2))
    assert np.array_equal(total.matrix, sum(tables))
    assert np.array_equal(total.ignored, void.sum(0))


def test_images_may_be_chosen_and_an_image_without_pixels_has_sums_of_0():
    images = (sparse("a", drawn_confusion(), np.array([0])), ImageCounts("b", (3,), (), ()))
    counts = ValCounts(1, 9, (7, 7), images)
    assert np.array_equal(counts.sums(["b", "a"]), counts.sums()[::-1])
    assert not counts.sums(["b"]).any()


@pytest.mark.parametrize(("make", "mean"), [(make_dataset, mean_iou), (make_set, mean_of_members)])
def test_the_counts_of_an_epoch_add_up_to_its_mean_iou(tmp_path, make, mean):
    """To the last bit, for one class a pixel and for classes that overlap."""
    settings = train_settings(make(tmp_path / "data"), tmp_path / "run", epochs=3)
    run = train(TrainConfig(**settings))
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    scored = {line["epoch"]: line for line in lines if "val/miou" in line}
    assert epochs_kept(run) == list(scored) == [1, 2, 3]
    shape = tuple(json.loads((run / "val_counts" / "1.json").read_text())["shape"])
    for found in read_counts(run, shape):
        line = scored[found.epoch]
        assert mean(total_of(found.images, shape)) == line["val/miou"]
        assert line["val/miou_low"] <= line["val/miou"] <= line["val/miou_high"]
        assert found.step == line["step"]


@pytest.fixture
def kept(tmp_path):
    """Three epochs."""
    for epoch in (1, 2, 10):
        image = ImageCounts("a", (epoch,), (0, 3), (5, 7))
        write_counts(tmp_path, ValCounts(epoch, 3 * epoch, (2, 2), (image,)))
    return tmp_path


def test_counts_are_read_in_the_order_of_epochs(kept):
    assert [found.epoch for found in read_counts(kept, (2, 2))] == [1, 2, 10]


def test_a_resumed_run_forgets_the_epochs_that_it_has_again(kept):
    forget_counts(kept, 2)
    assert epochs_kept(kept) == [1, 2]


DAMAGE = [
    ({"shape": [3, 3]}, r"content must be of epoch 2 and shape \(2, 2\), got"),
    ({"epoch": 1}, r"content must be of epoch 2"),
    ({"images": 3}, r"images must be a list, got 3"),
    ({"images": [{"id": "a", "ignored": [0], "places": [4], "pixels": [1]}]}, "places below 4"),
    ({"images": [{"id": "a", "ignored": [0], "places": [0], "pixels": [-1]}]}, "places below 4"),
    ({"images": [{"id": "a", "ignored": [0], "places": [0], "pixels": []}]}, "places below 4"),
    ({"images": [{"id": "a", "ignored": [], "places": [], "pixels": []}] * 2}, "image a must be"),
    ({"images": [{"id": "a", "ignored": [0], "places": [], "pixels": []}] * 2}, "named once"),
    ({"images": []}, "images must be named once, got none"),
]


def test_a_file_that_is_not_json_is_named_with_the_way_out(kept):
    (kept / "val_counts" / "2.json").write_text("{")
    with pytest.raises(RunError, match=r"2\.json: file must be valid JSON.*Remove the file"):
        list(read_counts(kept, (2, 2)))


@pytest.mark.parametrize(("change", "message"), DAMAGE, ids=str)
def test_a_damaged_file_is_named_with_the_way_out(kept, change, message):
    path = kept / "val_counts" / "2.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(RunError, match=message) as refused:
        list(read_counts(kept, (2, 2)))
    assert "Remove the file" in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "must"), [("val_counts", "a folder"), ("val_counts/3.json", "a file")]
)
def test_something_else_of_the_name_of_the_counts_is_named_with_a_way_on(tmp_path, name, must):
    """A file where the folder would be, or a folder where the file would be."""
    (tmp_path / "run" / "val_counts").parent.mkdir()
    makes = {"a folder": Path.touch, "a file": partial(Path.mkdir, parents=True)}
    makes[must](tmp_path / "run" / name)
    counts = ValCounts(3, 9, (7, 7), (sparse("a", drawn_confusion(), np.array([0])),))
    message = rf"{name}: kind must be {must}, got something else\. Move it away.*train --resume "
    with pytest.raises(RunError, match=message):
        write_counts(tmp_path / "run", counts)
