"""Photographs are never taken for labels, whatever is to be done about unknown colours."""

import shlex

import numpy as np
import pytest
from PIL import Image

from pixelwise.cli.entry import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.labels.description import read_description

COLORS = np.array([(0, 255, 255), (255, 255, 0), (255, 0, 255), (0, 255, 0)], np.uint8)
CLASSES = "name,r,g,b\nurban,0,255,255\nfields,255,255,0\nrange,255,0,255\nforest,0,255,0\n"


def photograph(seed):
    return np.random.default_rng(seed).integers(0, 255, (40, 56, 3), np.uint8)


def index(seed):
    cuts = np.sort(np.random.default_rng(seed).integers(2, 54, 3))
    return np.broadcast_to(np.searchsorted(cuts, np.arange(56)), (40, 56)).astype(np.uint8)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def side_by_side(folder):
    for number in range(6):
        save(folder / f"train/{number * 31}_sat.jpg", photograph(number))
        save(folder / f"train/{number * 31}_mask.png", COLORS[index(number)])
    (folder / "class_dict.csv").write_text(CLASSES)


def two_folders(folder):
    for number in range(6):
        save(folder / f"default/{number}.png", photograph(number))
        save(folder / f"defaultannot/{number}.png", COLORS[index(number)])
    (folder / "class_dict.csv").write_text(CLASSES)


def numbered_folders(folder):
    for number in range(6):
        save(folder / f"2_Ortho/tile_{number}_RGB.tif", photograph(number))
        save(folder / f"5_Labels/tile_{number}_label.tif", COLORS[index(number)])
    (folder / "class_dict.csv").write_text(CLASSES)


FOLDERS = [side_by_side, two_folders, numbered_folders]


def advice(text):
    """The words of the command that a message ends with."""
    return shlex.split(text[text.index("pixelwise convert") :].rstrip())


@pytest.mark.parametrize("unknown", ["error", "nearest", "ignore"])
@pytest.mark.parametrize("make", FOLDERS)
def test_a_folder_of_photographs_and_labels_is_refused_with_a_command_that_works(
    make, unknown, tmp_path, capsys
):
    folder = tmp_path / "my data"
    make(folder)
    assert main(["convert", str(folder), "--unknown", unknown]) == 2
    error = capsys.readouterr().err
    assert "got photographs" in error
    assert "beside labels" in error
    assert not (tmp_path / "my data-converted").exists()
    assert main(advice(error)[1:]) == 0
    made = read_description(tmp_path / "my data-converted")
    assert made.classes.names == ("urban", "fields", "range", "forest")
    assert sum(len(made.pairs(split)) for split in made.splits) == 6


@pytest.mark.parametrize("format", ["color", "array"])
def test_a_format_that_is_named_takes_no_photographs_either(format, tmp_path):
    side_by_side(tmp_path / "data")
    with pytest.raises(DatasetError, match=r"labels alone, got photographs, .*_sat\.jpg"):
        convert(ConvertConfig(source=tmp_path / "data", format=format, classes="voc"))


@pytest.mark.parametrize("unknown", ["nearest", "ignore"])
def test_a_photograph_among_many_labels_becomes_no_label(unknown, tmp_path):
    classes = ",".join(f"c{n}=#{r:02x}{g:02x}{b:02x}" for n, (r, g, b) in enumerate(COLORS))
    for number in range(30):
        save(tmp_path / f"labels/{number}.png", COLORS[index(number)])
    save(tmp_path / "labels/preview.png", photograph(0))
    report = convert(ConvertConfig(source=tmp_path / "labels", classes=classes, unknown=unknown))
    assert report.files == 30
    assert "looks like a photograph: 2,2" in report.failed[0]


def test_a_grey_photograph_among_labels_of_values_becomes_no_label(tmp_path):
    for number in range(30):
        save(tmp_path / f"labels/{number}.tif", index(number) * np.uint8(60))
    save(tmp_path / "labels/preview.tif", photograph(0)[..., 0])
    config = ConvertConfig(
        source=tmp_path / "labels", classes="a=0,b=60,c=120,d=180", unknown="nearest"
    )
    report = convert(config)
    assert report.files == 30
    assert "looks like a photograph" in report.failed[0]


def test_labels_beside_which_are_images_in_another_folder_are_converted(tmp_path):
    two_folders(tmp_path)
    config = ConvertConfig(
        source=tmp_path / "defaultannot", images=tmp_path / "default", out=tmp_path / "out"
    )
    assert convert(config).files == 6


def test_photographs_that_are_called_labels_are_refused(tmp_path):
    save(tmp_path / "labels/a.jpg", photograph(0))
    with pytest.raises(PixelwiseError, match="a folder of labels, got photographs, by their look"):
        convert(ConvertConfig(source=tmp_path / "labels", unknown="nearest", classes="binary"))
