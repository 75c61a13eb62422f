"""One mask file for each class of an image, however the names say which class it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.pixels.mask_names import masks_by_image
from pixelwise.errors import DatasetError
from pixelwise.files.affixes import Affixes
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label

CAR, ROAD = np.zeros((2, 24, 32), np.uint8)
CAR[4:10, 5:20] = 255
ROAD[8:20] = 255


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def images(folder, ids):
    for number, id in enumerate(ids):
        noise = np.random.default_rng(number).integers(0, 255, (24, 32, 3), np.uint8)
        save(folder / f"images/{id}.jpg", noise)


FORMS = ["{id}_{name}.png", "{name}/{id}.png", "{id}/{name}.png", "{id}-{name}-1.png"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("format", ["auto", "masks"])
def test_masks_of_classes_are_recognised_by_the_names_of_images(form, format, tmp_path):
    ids = ["0", "a_1", "a_10"]
    images(tmp_path, ids)
    for id in ids:
        save(tmp_path / "masks" / form.format(id=id, name="car"), CAR)
        save(tmp_path / "masks" / form.format(id=id, name="road"), ROAD)
    config = ConvertConfig(
        source=tmp_path / "masks",
        images=tmp_path / "images",
        format=format,
        out=tmp_path / "out",
    )
    report = convert(config)
    assert report.classes.names == ("background", "car", "road")
    assert report.overlapped == 3 * 30
    assert "where masks of an image overlap, the last of their names lies on top" in report.notes
    expected = np.where(ROAD > 0, 2, np.where(CAR > 0, 1, 0))
    for id in ids:
        np.testing.assert_array_equal(read_label(tmp_path / f"out/labels/{id}.png"), expected)
    made = read_description(tmp_path / "out")
    assert sum(len(made.pairs(split)) for split in made.splits) == 3


@pytest.mark.parametrize("form", FORMS[:3])
def test_the_folder_of_both_gets_the_command(form, tmp_path):
    images(tmp_path, ["0", "1"])
    for id in "01":
        save(tmp_path / "masks" / form.format(id=id, name="car"), CAR)
        save(tmp_path / "masks" / form.format(id=id, name="road"), ROAD)
    message = "one mask for each class.*--format masks.*--images"
    with pytest.raises(DatasetError, match=message):
        convert(ConvertConfig(source=tmp_path))


def test_labels_of_all_classes_are_no_masks_of_one(tmp_path):
    """Folders of cities or splits hold one label for each image."""
    ids = ["train/aachen_0", "train/bochum_1", "val/jena_0", "val/jena_1"]
    images(tmp_path, ids)
    for id in ids:
        save(tmp_path / f"labels/{id}.png", np.where(ROAD > 0, np.uint8(1), np.uint8(0)))
    config = ConvertConfig(
        source=tmp_path / "labels", images=tmp_path / "images", classes="bg,road"
    )
    assert convert(config).format == "array"


def test_an_image_without_any_mask_is_said_or_becomes_background(tmp_path):
    images(tmp_path, ["0", "1", "2"])
    for id in "01":
        save(tmp_path / f"masks/car/{id}.png", CAR)
        save(tmp_path / f"masks/road/{id}.png", ROAD)
    config = {"source": tmp_path / "masks", "images": tmp_path / "images"}
    report = convert(ConvertConfig(**config, out=tmp_path / "1"))
    assert report.files == 2
    assert any("1 image" in note for note in report.notes)
    report = convert(ConvertConfig(**config, out=tmp_path / "2", unpaired="background"))
    assert report.files == 3


def test_masks_of_objects_are_numbered():
    """Of one class, whose name the names do not say."""
    names = ["0_mask_1.png", "0_mask_2.png", "1_mask_1.png", "1_mask_2.png"]
    files = [(name, Path(name)) for name in names]
    groups = masks_by_image(Affixes(), files, ["0", "1"])
    assert {key: [name for name, _ in masks] for key, masks in groups.items()} == {
        "0": ["object", "object"],
        "1": ["object", "object"],
    }


def test_masks_without_image_are_an_error_or_left_out(tmp_path):
    images(tmp_path, ["0", "1"])
    for id in "012":
        save(tmp_path / f"masks/{id}_car.png", CAR)
        save(tmp_path / f"masks/{id}_road.png", ROAD)
    config = {"source": tmp_path / "masks", "images": tmp_path / "images", "format": "masks"}
    assert convert(ConvertConfig(**config, unpaired="skip", out=tmp_path / "out")).files == 2


@pytest.mark.parametrize("names", [("images", "gt"), ("pictures of it", "outlines")])
def test_a_folder_of_images_is_no_class(names, tmp_path):
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 255, (24, 32, 3), np.uint8)
        save(tmp_path / f"{names[0]}/{number}.tif", noise)
        save(tmp_path / f"{names[1]}/{number}.tif", CAR)
    with pytest.raises(DatasetError, match=r"source must be (a folder of )?labels alone"):
        convert(ConvertConfig(source=tmp_path))
