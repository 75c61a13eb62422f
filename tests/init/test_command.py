"""init writes a dataset.toml and returns the survey that it rests on."""

import os

import numpy as np
import pytest

import pixelwise as pw
from make import make_dataset, write_image
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import write_label

GREY = np.zeros((3, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Images and labels in folders whose names say nothing, beside others that pair too."""
    for number in range(12):
        write_image(tmp_path / f"data/scene/{number}.png", GREY)
        write_label(tmp_path / f"data/drawn/{number}.png", GREY + number % 3)
        write_image(tmp_path / f"data/images/{number}.png", GREY)
        write_label(tmp_path / f"data/labels/{number}.png", GREY + number % 2)
    return tmp_path / "data"


def test_the_survey_is_what_was_written(tmp_path):
    root = make_dataset(tmp_path / "data", train=4, val=2)
    (root / "dataset.toml").unlink()
    survey = pw.init(root)
    assert read_description(root) == survey.description
    text = (root / "dataset.toml").read_text()
    assert all(f"# {note}" in text for note in survey.notes)
    assert set(survey.unsure) <= set(survey.notes)
    assert survey.text().count("\n") >= len(survey.notes) - 1


def test_folders_that_are_given_are_not_searched_for(folder, monkeypatch):
    """Absolute, in the folder, or in the current one."""
    for images, labels in [("scene", "drawn"), (folder / "scene", folder / "drawn")]:
        survey = pw.init(folder, images=images, labels=labels, force=True)
        train = survey.description.splits["train"]
        assert (train.images, train.labels) == ("scene", "drawn")
        assert "images are scene/*, labels are drawn/* (sure)" in survey.notes
    monkeypatch.chdir(folder.parent)
    survey = pw.init("data", images="data/scene", labels="data/drawn", force=True)
    assert survey.description.splits["train"].labels == "drawn"


def test_a_folder_outside_of_the_dataset_is_refused(folder, tmp_path):
    os.mkdir(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match=r"init: labels must be a folder in .*data, got .*where"):
        pw.init(folder, images="scene", labels=tmp_path / "elsewhere")


def test_files_that_do_not_pair_are_refused(folder):
    os.mkdir(folder / "empty")
    with pytest.raises(DatasetError, match=r"labels must be .* names pair .*scene, got .*empty"):
        pw.init(folder, images="scene", labels="empty")


def test_an_existing_file_is_replaced_only_if_that_is_said(folder):
    pw.init(folder)
    with pytest.raises(
        DatasetError, match=r"must be a new file, got an existing .* Give force=True"
    ):
        pw.init(folder)
    assert pw.init(folder, force=True).description.classes.names == ("background", "foreground")
