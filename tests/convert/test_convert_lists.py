"""Lists of official splits are carried over to the new data set; folds are drawn without them."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.labels.description import read_description

INDEX = np.zeros((12, 16), np.uint8)
INDEX[3:9, 4:9] = 1
COLORS = np.array([(0, 0, 0), (250, 50, 80)], np.uint8)


def draw(folder, number=8):
    """JPEGImages/X.jpg and SegmentationClass/X.png."""
    for index in range(number):
        noise = np.random.default_rng(index).integers(0, 255, (12, 16, 3), np.uint8)
        for name, array in (
            (f"JPEGImages/2007_{index:03d}.jpg", noise),
            (f"SegmentationClass/2007_{index:03d}.png", COLORS[INDEX]),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / name)


def lists(folder, form="{}", **numbers):
    folder.mkdir(parents=True, exist_ok=True)
    for name, ids in numbers.items():
        lines = [form.format(f"2007_{number:03d}") for number in ids]
        (folder / f"{name}.txt").write_text("\n".join(lines))


def converted(folder, **settings):
    config = ConvertConfig(
        source=folder / "SegmentationClass",
        images=folder / "JPEGImages",
        classes="background=#000000,tool=#fa3250",
        out=folder.parent / "out",
        **settings,
    )
    report = convert(config)
    made = read_description(report.folder)
    numbers = {name: {int(pair.id[-3:]) for pair in made.pairs(name)} for name in made.splits}
    return report, made, numbers


@pytest.mark.parametrize(
    "form", ["{}", "{}.jpg", "JPEGImages/{}.jpg", "JPEGImages/{0}.jpg SegmentationClass/{0}.png"]
)
@pytest.mark.parametrize("place", ["ImageSets/Segmentation", ".", "SegmentationClass"])
def test_lists_of_the_source_become_splits(form, place, tmp_path):
    draw(tmp_path / "voc")
    lists(tmp_path / "voc" / place, form, train=[0, 2, 4, 6], val=[1, 3], test=[5, 7])
    report, made, numbers = converted(tmp_path / "voc")
    assert numbers == {"train": {0, 2, 4, 6}, "val": {1, 3}, "test": {5, 7}}
    assert not any(split.folds for split in made.splits.values())
    assert any("train.txt, " in note and "train 4, " in note for note in report.notes)
    assert (tmp_path / "out/val.txt").read_text() == "2007_001\n2007_003\n"
    assert converted(tmp_path / "voc")[0].resumed == 8


def test_without_a_list_of_val_it_is_a_fold_of_train_and_that_is_said(tmp_path):
    draw(tmp_path / "voc", 12)
    lists(tmp_path / "voc", trainval=range(10), test=[10, 11])
    report, _, numbers = converted(tmp_path / "voc")
    assert numbers["train"] | numbers["val"] == set(range(10))
    assert numbers["train"].isdisjoint(numbers["val"])
    assert numbers["test"] == {10, 11}
    assert any("no list of val" in note for note in report.notes)


def test_labels_in_no_list_are_in_no_split_and_counted(tmp_path):
    draw(tmp_path / "voc")
    lists(tmp_path / "voc", train=[0, 2, 4], val=[1])
    report, _, numbers = converted(tmp_path / "voc")
    assert numbers == {"train": {0, 2, 4}, "val": {1}}
    assert any("4 labels in no list and no split" in note for note in report.notes)


def test_without_lists_folds_are_drawn(tmp_path):
    draw(tmp_path / "voc")
    lists(tmp_path / "voc/ImageSets/Segmentation", default=range(8))
    _, made, numbers = converted(tmp_path / "voc")
    assert numbers["train"] | numbers["val"] == set(range(8))
    assert made.splits["val"].folds == 5
