"""Masks of each class beside images: classes that overlap, a question, or something else."""

import re

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from pixelwise.cli import main
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.overlap.members import read_members
from pixelwise.survey.class_masks import find_masks
from pixelwise.survey.statements import OPEN

SIZE = (48, 64)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def boxes(number, wheel_top):
    """(car, wheel): the wheel lies in the car, below it, or across its lower border."""
    car, wheel = np.zeros((2, *SIZE), np.uint8)
    car[10:30, 5 + number : 30 + number] = 1
    wheel[wheel_top : wheel_top + 10, 8 + number : 15 + number] = 1
    return car, wheel


def draw(root, form, names=("car", "wheel"), numbers=range(8), wheel_top=18, value=255, split=""):
    """Images and masks of two classes; returns the root."""
    for number in numbers:
        random = np.random.default_rng(number)
        image = random.normal(100, 20, (*SIZE, 3)).clip(0, 255).astype(np.uint8)
        save(root / split / f"images/im{number:02}.jpg", image)
        for name, mask in zip(names, boxes(number, wheel_top)):
            path = root / split / form.format(id=f"im{number:02}", name=name)
            save(path, mask * np.uint8(value))
    return root


FORMS = ["labels/{name}/{id}.png", "{name}/{id}.png", "masks/{id}_{name}.png"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [1, 255])
def test_masks_that_overlap_and_whose_names_are_listed_are_sure(tmp_path, form, value):
    """The dataset.toml is used by the commands as it is."""
    root = draw(tmp_path / "set", form, value=value)
    (root / "classes.txt").write_text("car\nwheel\n")
    survey = pw.init(root)
    assert survey.open == ()
    description = read_description(root)
    assert description.task == "multilabel"
    assert description.classes.names == ("car", "wheel")
    pairs = [pair for split in ("train", "val") for pair in description.pairs(split)]
    assert len(pairs) == 8
    for pair in pairs:
        expected = boxes(int(pair.id[-2:]), 18)
        np.testing.assert_array_equal(read_members(pair, description.classes), expected)


def test_names_of_a_known_data_set_are_clear(tmp_path):
    """car and person are classes wherever they stand."""
    root = draw(tmp_path / "set", FORMS[0], names=("car", "person"))
    assert pw.init(root).open == ()


@pytest.mark.parametrize(
    ("names", "wheel_top", "question"),
    [
        (
            ("car", "person"),
            32,
            "in none of 8 images by more than a border: are they parts of one label",
        ),
        (("car", "person"), 29, "overlap in none of 8 images by more than a border"),
        (("abc", "def"), 18, "in 8 of 8 images they overlap: may a pixel be of several classes"),
    ],
)
def test_what_is_not_clear_is_a_question(tmp_path, names, wheel_top, question, capsys):
    """Parts of one label, borders that are drawn twice, or names that nobody listed."""
    root = draw(tmp_path / "set", FORMS[0], names=names, wheel_top=wheel_top)
    assert main(["init", str(root)]) == 1
    shown = capsys.readouterr().out
    (asked,) = [s for s in pw.init(root, force=True).open if s.sureness == OPEN]
    assert re.search(question, asked.text)
    assert "--task multilabel" in shown
    assert f"pixelwise convert {root}/labels --images {root}/images --format masks" in shown
    with pytest.raises(DatasetError, match="there is an open question"):
        pw.train(root, network="small", out=tmp_path / "run")
    assert main(["init", str(root), "--force", "--task", "multilabel"]) == 0
    assert read_description(root).open == ()


def test_the_same_thing_drawn_twice_is_asked(tmp_path):
    """Two observers draw nearly the same."""
    root = draw(tmp_path / "set", FORMS[0], names=("anna", "bert"), wheel_top=10)
    for path in (root / "labels/anna").iterdir():
        with Image.open(path) as mask:
            save(root / "labels/bert" / path.name, np.roll(np.array(mask), 1, 1))
    (asked,) = pw.init(root).open
    assert "nearly the same in 8: is one thing drawn twice?" in asked.text


def test_a_file_that_is_not_there_is_part_of_the_question(tmp_path):
    """It may have been forgotten."""
    root = draw(tmp_path / "set", FORMS[0], names=("car", "person"))
    (root / "labels/person/im03.png").unlink()
    (asked,) = pw.init(root).open
    assert "A class without a file for an image is then nowhere in it" in asked.text
    pw.init(root, force=True, task="multilabel")
    assert read_description(root).splits["train"].missing == "absent"
    assert sum(len(read_description(root).pairs(s)) for s in ("train", "val")) == 8


def test_splits_are_folders(tmp_path):
    """And a test split without masks."""
    root = tmp_path / "set"
    for split, numbers in (("train", range(6)), ("val", range(6, 9))):
        draw(root, FORMS[0], names=("car", "person"), numbers=numbers, split=split)
    save(
        root / "test/images/im20.jpg",
        np.random.default_rng(1).integers(0, 255, (*SIZE, 3), np.uint8),
    )
    assert pw.init(root).open == ()
    description = read_description(root)
    assert [len(description.pairs(s)) for s in ("train", "val", "test")] == [6, 3, 1]
    assert description.splits["val"].labels == "val/labels/{class}"


@pytest.mark.parametrize(
    "names",
    [
        ("labels", "mask"),
        ("1st_manual", "mask"),
        ("rater1", "rater2"),
        ("gt", "pred"),
        ("fov", "vessel"),
    ],
)
def test_folders_of_something_else_are_left_to_the_other_rules(tmp_path, names):
    """Fields of view, observers and predictions are not classes."""
    root = draw(tmp_path / "set", "{name}/{id}.png", names=names)
    try:
        task = pw.init(root).description.task
    except pw.PixelwiseError:
        task = "refused"
    assert task != "multilabel"


def test_other_files_or_values_are_not_taken_for_masks(tmp_path):
    """A label of several values, an image beside, one folder alone."""
    root = draw(tmp_path / "a", FORMS[0])
    several = (np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) % 7).astype(np.uint8)
    save(root / "labels/car/im00.png", several)
    assert find_masks(root) is None or pw.init(root).description.task != "multilabel"
    root = draw(tmp_path / "b", FORMS[0])
    save(root / "labels/wheel/other.png", boxes(0, 18)[0])
    assert find_masks(root) is None
    root = draw(tmp_path / "c", FORMS[0], names=("car",))
    assert find_masks(root) is None
    with pytest.raises(DatasetError, match="masks of 0 and one other value of each class, got ano"):
        pw.init(root, task="multilabel")
