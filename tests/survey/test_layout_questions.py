"""Folders that can be understood in two ways, or in none: they are a question, or refused."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description
from pixelwise.survey.complete_pairs import find_complete
from pixelwise.survey.given import Given
from pixelwise.survey.splits import find_layout
from survey.drawing import colours, disc, draw, grey, objects, photo, stripes, view

P, G, L, D, C, V, N = photo, grey, stripes, disc, colours, view, objects


# what it is called: (files, the answers to the question which files are labels)
OPEN = {
    "two kinds of labels": (
        [("images/{}.png", P), ("labels/{}.png", L), ("masks/{}.png", L)],
        [{"images": "images", "labels": "labels"}, {"images": "images", "labels": "masks"}],
    ),
    "two kinds of labels side by side": (
        [("{}.jpg", P), ("{}_seg.png", L), ("{}_area.png", L)],
        [{"label_suffix": "_seg.png"}, {"label_suffix": "_area.png"}],
    ),
    "labels in folders of splits": (
        [
            (f"{s}/{k}/{{}}.png", m)
            for s in ("train", "val")
            for k, m in (("images", P), ("zones", L), ("labels", L))
        ],
        [{"labels": "*/labels"}, {"labels": "*/zones"}],
    ),
    "a mask and colours of more classes": (
        [("images/{}.png", P), ("masks/{}.png", D), ("annotations/{}.png", C)],
        [{"labels": "masks"}, {"labels": "annotations"}],
    ),
    "images of two bands": (
        [("rgb/{}.png", P), ("img/{}.png", P), ("labels/{}.png", L)],
        [{"images": "img"}, {"images": "rgb"}],
    ),
}


@pytest.mark.parametrize("layout", OPEN)
def test_what_can_be_one_or_the_other_is_asked_and_each_answer_decides(tmp_path, layout):
    files, answers = OPEN[layout]
    question = find_layout(draw(tmp_path, files)).statements[0]
    assert question.sureness == "open"
    assert len(question.answers) == len(answers)
    for options in (dict(answer.options) for answer in question.answers):
        assert any(expected.items() <= options.items() for expected in answers), options
        paths = {n: Path(v) if n in ("images", "labels") else v for n, v in options.items()}
        decided = find_layout(tmp_path, Given(**paths))
        assert decided.statements[0].sureness == "sure"
        train = decided.splits["train"]
        assert fnmatchcase(train.labels, str(options.get("labels", "*")))
        assert fnmatchcase(train.images, str(options.get("images", "*")))
        assert train.label_suffix == options.get("label_suffix", "")


REFUSED = {
    "one file a class": (
        [("images/{}.png", P), ("masks/{}_car.png", D), ("masks/{}_road.png", D)],
        r"one file for each image, got 2 kinds .*: pixelwise convert \S+/masks --images \S+/images "
        r"--format masks --out \S+-converted$",
    ),
    "one folder a class": (
        [("images/{}.png", P), ("masks/body/{}.png", D), ("masks/door/{}.png", D, 3)],
        r"one file for each image, got 2 kinds .*--format masks",
    ),
    "images alone": ([("a/{}.jpg", P), ("b/{}.jpg", P)], r"got 12 image files without such labels"),
    "images and predictions": (
        [("images/{}.jpg", P), ("predictions/{}.png", D)],
        r"without such labels, but with predictions/\* \(predictions, by their names\)",
    ),
    "several data sets": (
        [
            (f"{n}/{s}/{k}/{{}}.png", m)
            for n in ("bottle", "cable")
            for s in ("train", "test")
            for k, m in (("images", P), ("masks", D))
        ],
        r"one data set, got bottle, cable\. Choose one: pixelwise init \S+/bottle; "
        r"pixelwise init \S+/cable; or, if these are the sites of one: pixelwise init \S+ "
        r"--images '\*/\*/images' --labels '\*/\*/masks'$",
    ),
    "folds with splits of their own": (
        [
            (f"fold_{n}/{s}/{k}/{{}}.png", m)
            for n in (0, 1)
            for s in ("train", "val")
            for k, m in (("images", P), ("masks", L))
        ],
        r"one data set, got fold_0, fold_1",
    ),
    "one folder a class in splits": (
        [(f"{s}/images/rgb/{{}}.jpg", P) for s in ("train", "val")]
        + [(f"{s}/labels/{c}/{{}}.png", D) for s in ("train", "val") for c in ("car", "sky")],
        r"/labels --images \S+/train/images/rgb --format masks --out \S+ --split train && .*val",
    ),
    "names that do not pair": (
        [("images/{}.png", P), ("masks/1{}3.png", L)],
        r"such as images/0.png and masks/103.png\. Rename them",
    ),
    "sites without labels": ([("aachen/{}.png", P), ("bonn/{}.png", P)], "without such labels"),
}


@pytest.mark.parametrize("layout", REFUSED)
def test_what_is_no_data_set_of_images_and_labels_is_refused(tmp_path, layout):
    files, message = REFUSED[layout]
    with pytest.raises(DatasetError, match=message):
        find_layout(draw(tmp_path, files))


def test_several_data_sets_are_taken_as_sites_where_that_is_said(tmp_path):
    draw(tmp_path, REFUSED["several data sets"][0])
    given = Given(images=Path("*/*/images"), labels=Path("*/*/masks"))
    layout = find_layout(tmp_path, given)
    assert {name: split.images for name, split in layout.splits.items() if not split.folds} == {
        "test": "*/test/images"
    }


@pytest.mark.parametrize("suffix", [None, "_seg.png"])
def test_what_a_person_has_said_is_not_asked_again(tmp_path, suffix):
    files = [("d/{}.jpg", P), ("d/{}_small.jpg", P), ("d/{}_seg.png", L)]
    given = {"images": Path("d"), "labels": Path("d"), "label_suffix": suffix}
    question = find_layout(draw(tmp_path, files), Given(**given)).statements[0]
    for answer in question.answers:
        paths = {n: Path(v) if n in ("images", "labels") else v for n, v in answer.options.items()}
        assert find_layout(tmp_path, Given(**paths)).statements[0].sureness == "sure"


LISTS = {
    "ids": ("{}", {"train": 4, "val": 2}),
    "names of files": ("{}.jpg", {"train": 4, "val": 2}),
    "paths": ("data/images/{}.jpg", {"train": 4, "val": 2}),
    "pairs": ("/x/images/{}.jpg /x/labels/{}.png", {"train": 4, "val": 2}),
    "more columns": ("{} 1 1 1", {"train": 4, "val": 2}),
}


@pytest.mark.parametrize("form", LISTS)
@pytest.mark.parametrize(
    "places", [("train.txt", "val.txt"), ("splits/train_ids.txt", "splits/valid_ids.txt")]
)
def test_lists_of_any_form_give_the_splits(tmp_path, form, places):
    draw(tmp_path, [("images/a{}.jpg", P), ("labels/a{}.png", L)])
    line, expected = LISTS[form]
    for place, numbers in zip(places, (range(4), range(4, 6))):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        names = [f"a{n}" for n in numbers]
        text = "".join(line.replace("{}", name) + "\n" for name in names)
        (tmp_path / place).write_text(text)
    layout = find_layout(tmp_path)
    draft = Description(tmp_path, Classes(["a"]), layout.splits)
    several = {n: Description(tmp_path, Classes(["a"]), {n: s}) for n, s in draft.splits.items()}
    pairs = {n: len(find_complete(d, layout.lists, Given()).pairs) for n, d in several.items()}
    assert pairs == expected
    assert any(s.text.startswith("splits are lists of ids: train") for s in layout.statements)


def test_folds_in_folders_are_the_folds(tmp_path):
    """The first is val; which is, costs nothing."""
    draw(
        tmp_path,
        [(f"fold_{k}/{x}/{{}}.png", m) for k in range(3) for x, m in (("images", P), ("masks", D))],
    )
    layout = find_layout(tmp_path)
    assert {id[:6] for id in layout.lists["val-ids.txt"]} == {"fold_0"}
    assert {id[:6] for id in layout.lists["train-ids.txt"]} == {"fold_1", "fold_2"}
    text = "folds are folders: fold 0 is val, fold 1, fold 2 train"
    assert text in [statement.text for statement in layout.statements]


def test_a_split_without_labels_that_pair_is_not_dropped_in_silence(tmp_path):
    draw(
        tmp_path, [("train/images/{}.png", P), ("train/labels/{}.png", L), ("val/images/{}.png", P)]
    )
    texts = [statement.text for statement in find_layout(tmp_path).statements]
    assert "split val has no labels: 6 images in val/images are not used" in texts


def test_a_split_whose_files_are_called_otherwise_has_its_own_affixes(tmp_path):
    files = [("train/images/{}.png", P), ("train/labels/{}.png", L)]
    draw(tmp_path, [*files, ("val/images/{}.png", P), ("val/labels/x{}_odd.png", L)])
    layout = find_layout(tmp_path)
    assert [s.sureness for s in layout.statements][:2] == ["sure", "sure"]
    val = layout.splits["val"]
    assert (val.labels, val.label_prefix) == ("val/labels", "x")
