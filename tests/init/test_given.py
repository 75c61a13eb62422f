"""What is given as an option is taken and not asked."""

import numpy as np
import pytest

import pixelwise as pw
from first_contact.drawings import BINARY, disc, photo, save, stripes, write
from pixelwise.errors import DatasetError


def ids(survey, split):
    return [pair.id for pair in survey.description.pairs(split)]


def test_lists_are_splits_when_they_are_given(tmp_path):
    for i in range(8):
        save(tmp_path / f"images/{i}.png", photo(i))
        save(tmp_path / f"labels/{i}.png", disc(i))
    write(tmp_path / "mine/learn.txt", "0\n1\n2\n3\n")
    write(tmp_path / "mine/check.txt", "images/5.png\nimages/6.png\n")
    given = {"split_train": "mine/learn.txt", "split_val": "mine/check.txt"}
    survey = pw.init(tmp_path, **given)
    assert (ids(survey, "train"), ids(survey, "val")) == (["0", "1", "2", "3"], ["5", "6"])


def test_folders_are_splits_when_they_are_given(tmp_path):
    for split, first in (("monday", 0), ("tuesday", 10), ("friday", 20)):
        for i in range(first, first + 4):
            save(tmp_path / f"images/{split}/{i}.png", photo(i))
            save(tmp_path / f"labels/{split}/{i}.png", disc(i))
    survey = pw.init(tmp_path, split_train="images/monday", split_val="images/friday")
    assert [i.rpartition("/")[2] for i in ids(survey, "train")] == ["0", "1", "2", "3"]
    assert [i.rpartition("/")[2] for i in ids(survey, "val")] == ["20", "21", "22", "23"]
    assert not survey.open


def test_one_folder_that_is_given_finds_the_other(tmp_path):
    for i in range(6):
        save(tmp_path / f"images/{i}.png", photo(i))
        save(tmp_path / f"first/{i}.png", disc(i))
        save(tmp_path / f"second/{i}.png", disc(i + 50))
    split = pw.init(tmp_path, labels="second").description.splits["train"]
    assert (split.images, split.labels) == ("images", "second")


def test_suffixes_that_are_given_decide_between_kinds(tmp_path):
    for i in range(6):
        save(tmp_path / f"images/{i}.png", photo(i))
        save(tmp_path / f"labels/{i}_a.png", stripes(i, 4))
        save(tmp_path / f"labels/{i}_b.png", stripes(i + 50, 4))
    split = pw.init(tmp_path, label_suffix="_b.png").description.splits["train"]
    assert split.label_suffix in ("_b.png", "_b")


def test_values_that_are_given_are_not_asked(tmp_path):
    for i in range(6):
        save(tmp_path / f"images/{i}.png", photo(i))
        save(tmp_path / f"labels/{i}.png", BINARY[1 - disc(i)])
    assert pw.init(tmp_path).open
    survey = pw.init(tmp_path, foreground=0, force=True)
    assert not survey.open
    assert [v for values in survey.description.classes.values for v in values] == [255, 0]
    for i in range(6):
        save(tmp_path / f"labels/{i}.png", np.array([0, 1, 2, 255], np.uint8)[stripes(i, 4)])
    assert pw.init(tmp_path, force=True).open
    for values, number in (((255,), 3), ((), 4)):
        survey = pw.init(tmp_path, ignore_values=values, force=True)
        assert not survey.open
        assert len(survey.description.classes) == number


@pytest.mark.parametrize("option", ["images", "labels", "split_train", "split_val"])
def test_what_does_not_exist_is_named(tmp_path, option):
    save(tmp_path / "images/0.png", photo(0))
    save(tmp_path / "labels/0.png", disc(0))
    with pytest.raises(DatasetError, match=f"{option} must be a folder.* in .*, got nowhere"):
        pw.init(tmp_path, **{option: "nowhere"})
