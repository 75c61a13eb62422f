"""Cityscapes: train classes, groups, deleted objects, and the images in the folder beside."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from convert.annotations import SIZE, SQUARE, square, write_image, write_json
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label

CAR, VOID = 13, 255
NAME = "train/aachen/aachen_000000_000019"


def write_cityscapes(root, objects, **changes):
    write_image(root / f"leftImg8bit/{NAME}_leftImg8bit.png")
    table = {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": objects, **changes}
    write_json(root / f"gtFine/{NAME}_gtFine_polygons.json", table)
    return root / "gtFine"


def thing(label, polygon=SQUARE, **more):
    return {"label": label, "polygon": polygon, **more}


def converted(source, **changes):
    settings = {"format": "cityscapes", "out": source.parent / "out", **changes}
    return convert(ConvertConfig(source=source, **settings))


def label_of(source, **changes):
    return read_label(converted(source, **changes).folder / f"labels/{NAME}.png")


def test_polygons_become_train_ids(tmp_path):
    """What no polygon covers is void; folders of splits are splits; the image is found."""
    report = converted(write_cityscapes(tmp_path, [thing("car")]))
    expected = square(CAR, background=VOID)
    np.testing.assert_array_equal(read_label(report.folder / f"labels/{NAME}.png"), expected)
    pair = read_description(report.description).pairs("train")[0]
    assert pair.image.name == "aachen_000000_000019.png"
    assert len(report.classes) == 19


@pytest.mark.parametrize(
    ("label", "more", "index"),
    [
        ("cargroup", {}, CAR),
        ("license plate", {}, 0),
        ("car", {"deleted": 1}, 0),
        ("unlabeled", {}, VOID),
        ("polegroup", {}, VOID),
    ],
)
def test_special_labels_mean_what_the_scripts_say(tmp_path, label, more, index):
    """A group is its class; license plates and deleted objects are not painted; others are void."""
    road = [[0, 0], [30, 0], [30, 18], [0, 18]]
    source = write_cityscapes(tmp_path, [thing("road", road), thing(label, **more)])
    assert label_of(source)[5, 5] == index


def test_the_rule_pillow_is_that_of_the_scripts(tmp_path):
    """ImageDraw.polygon in the order of the file, on an image of the void value."""
    other = [[8, 3], [25, 9], [11, 15]]
    source = write_cityscapes(tmp_path, [thing("car"), thing("sky", other)])
    drawn = Image.new("L", SIZE[::-1], VOID)
    ImageDraw.Draw(drawn).polygon([tuple(p) for p in SQUARE], fill=CAR)
    ImageDraw.Draw(drawn).polygon([tuple(p) for p in other], fill=10)
    np.testing.assert_array_equal(label_of(source, rule="pillow"), np.array(drawn))


def test_an_unknown_label_is_named(tmp_path):
    """It is neither one of the 34 nor a group."""
    with pytest.raises(DatasetError, match=r"got 'spaceship' in objects\[0\]"):
        converted(write_cityscapes(tmp_path, [thing("spaceship")]))


def test_ids_become_train_ids(tmp_path):
    """labelIds.png: 26 is car, 4 is void, 200 is nothing."""
    write_cityscapes(tmp_path, [])
    ids = square(26, background=4)
    Image.fromarray(ids).save(tmp_path / f"gtFine/{NAME}_gtFine_labelIds.png")
    label = label_of(tmp_path / "gtFine", format="cityscapes_ids")
    np.testing.assert_array_equal(label, square(CAR, background=VOID))
    ids[0, 0] = 200
    Image.fromarray(ids).save(tmp_path / f"gtFine/{NAME}_gtFine_labelIds.png")
    with pytest.raises(DatasetError, match=r"got 200 \(1 pixel, first at y=0 x=0\)"):
        converted(tmp_path / "gtFine", format="cityscapes_ids")


def test_missing_images_are_an_error_unless_they_are_not_wanted(tmp_path):
    """leftImg8bit beside gtFine, or --images, or none."""
    source = write_cityscapes(tmp_path, [thing("car")])
    (tmp_path / f"leftImg8bit/{NAME}_leftImg8bit.png").rename(tmp_path / "image.png")
    with pytest.raises(DatasetError, match="leftImg8bit must be beside the annotations"):
        converted(source)
    assert label_of(source, image_files="none")[5, 5] == CAR


@pytest.mark.parametrize("images", ["", "leftImg8bit"])
def test_the_folder_of_the_download_is_a_source(tmp_path, images):
    """It holds gtFine and leftImg8bit; gtCoarse beside them is left out."""
    write_cityscapes(tmp_path / "root", [thing("car")])
    table = {"imgHeight": SIZE[0], "imgWidth": SIZE[1], "objects": []}
    write_json(tmp_path / f"root/gtCoarse/{NAME}_gtCoarse_polygons.json", table)
    given = {"images": tmp_path / "root" / images} if images else {}
    report = converted(tmp_path / "root", format="auto", **given)
    expected = square(CAR, background=VOID)
    np.testing.assert_array_equal(read_label(report.folder / f"labels/{NAME}.png"), expected)
    assert read_description(report.description).pairs("train")[0].image is not None


def test_zips_may_be_unpacked_into_folders_of_their_own(tmp_path):
    """gtFine_trainvaltest beside leftImg8bit_trainvaltest."""
    write_cityscapes(tmp_path, [thing("car")])
    for name in ("gtFine", "leftImg8bit"):
        (tmp_path / f"root/{name}_trainvaltest").mkdir(parents=True)
        (tmp_path / name).rename(tmp_path / f"root/{name}_trainvaltest/{name}")
    report = converted(tmp_path / "root", format="auto")
    assert (report.folder / f"images/{NAME}.png").is_file()
    again = converted(tmp_path / "root/gtFine_trainvaltest/gtFine", out=tmp_path / "again")
    assert (again.folder / f"images/{NAME}.png").is_file()
