"""Prefixes of names, and what becomes of images without annotation and of the reverse."""

import json
import os

import numpy as np
import pytest

from convert.annotations import SIZE, SQUARE, write_image, write_json, write_labelme
from convert.pixel_files import converted, label_of, save
from pixelwise.cli import main
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, PairingError
from pixelwise.labels.description import read_description

COLORS = np.array([(10, 20, 30), (200, 100, 0)], np.uint8)
HEX = "background=#0a141e,road=#c86400"
INDEX = np.indices(SIZE).sum(axis=0) % 2


@pytest.fixture
def color(tmp_path):
    """Three images, of which the last has no label, and a label without an image."""
    for number in range(3):
        write_image(tmp_path / f"images/{number}.png", seed=number)
    for name in ("0", "1", "x"):
        save(tmp_path / f"labels/{name}.png", COLORS[INDEX])
    return {"source": tmp_path / "labels", "format": "color", "images": tmp_path / "images"}


def ids(report):
    description = read_description(report.description)
    return sorted(pair.id for split in description.splits for pair in description.pairs(split))


@pytest.mark.parametrize(("format", "suffix"), [("color", "png"), ("array", "npy")])
@pytest.mark.parametrize("together", [True, False])
def test_prefixes_are_no_part_of_the_id(tmp_path, format, suffix, together):
    """In one folder or two, for label images and for arrays."""
    images = tmp_path / ("data" if together else "images")
    write_image(images / "a/img_1.png")
    label = tmp_path / f"data/a/lbl_1.{suffix}"
    label.parent.mkdir(parents=True, exist_ok=True)
    {"png": lambda: save(label, COLORS[INDEX]), "npy": lambda: np.save(label, INDEX)}[suffix]()
    prefixes = {"image_prefix": "img_", "label_prefix": "lbl_"}
    report = converted(tmp_path / "data", format, images=images, classes=HEX, **prefixes)
    assert ids(report) == ["a/1"]
    np.testing.assert_array_equal(label_of(report, "a/1"), INDEX)


def test_files_without_a_partner_are_refused_with_both_ways_out(color):
    """Each is an option of the command."""
    message = (
        r'got 1 without: \S*2\.png\. every label .* 1 without: \S*x\.png\. .*unpaired="skip" '
        r'leaves them out, unpaired="background" makes labels of background alone'
    )
    with pytest.raises(PairingError, match=message):
        converted(**color, classes=HEX)


def test_files_without_a_partner_are_skipped_and_counted(color):
    """In the report, in convert.json and in dataset.toml."""
    report = converted(**color, classes=HEX, unpaired="skip")
    assert ids(report) == ["0", "1"]
    notes = (
        "left out: 1 annotation without an image, such as x.png",
        "left out: 1 image without annotation, such as 2.png (--unpaired background makes labels "
        "of background alone)",
    )
    assert report.notes[:2] == notes
    assert tuple(json.loads((report.folder / "convert.json").read_text())["notes"][:2]) == notes
    assert "# left out: 1 annotation without" in report.description.read_text()


def test_of_nothing_that_pairs_nothing_is_skipped(color):
    """Then the names or folders are wrong."""
    for name in ("0", "1", "x"):
        os.rename(color["source"] / f"{name}.png", color["source"] / f"{name}_gt.png")
    os.remove(color["source"] / "x_gt.png")
    with pytest.raises(PairingError, match=r'Did you mean label_suffix="_gt"\?'):
        converted(**color, classes=HEX, unpaired="skip")


def test_images_without_a_label_become_background(color):
    """A label without an image is still refused."""
    with pytest.raises(PairingError, match=r"every label must have an image, got 1 without: \S*x"):
        converted(**color, classes=HEX, unpaired="background")
    os.remove(color["source"] / "x.png")
    report = converted(**color, classes=HEX, unpaired="background")
    assert ids(report) == ["0", "1", "2"]
    assert (label_of(report, "2") == 0).all()
    assert report.notes[0].startswith("1 label of background alone, of images without annotation")


@pytest.mark.parametrize(("name", "index"), [("road", 1), ("sky", 0)])
def test_the_class_of_images_without_a_label_may_be_given(color, name, index):
    """By its name; a table without a background class needs it."""
    os.remove(color["source"] / "x.png")
    settings = {**color, "classes": HEX.replace("background", "sky"), "unpaired": "background"}
    message = r'background must be one of sky, road, for images .* Name it with background="CLASS"'
    with pytest.raises(DatasetError, match=message):
        converted(**settings)
    with pytest.raises(DatasetError, match=r"background must be one of sky, road, .* got sea"):
        converted(**settings, background="sea")
    report = converted(**settings, background=name)
    assert (label_of(report, "2") == index).all()


@pytest.mark.parametrize("images", [True, False])
def test_images_beside_annotation_files_are_left_out_and_said(tmp_path, images):
    """Or become negatives, in the folders that they are in."""
    for number in range(2):
        write_labelme(tmp_path / "source/a", name=str(number))
    write_image(tmp_path / "source/a/2.png")
    write_image(tmp_path / "source/b/9.png")
    settings = {"images": tmp_path / "source"} if images else {}
    report = converted(tmp_path / "source", "labelme", **settings)
    assert ids(report) == ["a/0", "a/1"]
    assert report.notes[0].startswith("left out: 2 images without annotation, such as 2.png")
    report = converted(tmp_path / "source", "labelme", unpaired="background", **settings)
    assert ids(report) == ["a/0", "a/1", "a/2", "b/9"]
    assert (label_of(report, "b/9") == 0).all()


@pytest.mark.parametrize("path", ["IMG_0001.JPG", "C:\\photos\\IMG_0001.JPG", "../IMG_0001.JPG"])
def test_a_renamed_image_is_found_by_the_name_of_its_json_file(tmp_path, path):
    """If there is only one; that is said."""
    write_labelme(tmp_path / "source", name="new", imagePath=path)
    report = converted(tmp_path / "source", "labelme")
    assert ids(report) == ["new"]
    assert report.notes[0] == "1 image found by the name of the JSON file: new.png"
    write_image(tmp_path / "source/new.jpg")
    with pytest.raises(DatasetError, match=r"IMG_0001\.JPG: image must be an existing|imagePath"):
        converted(tmp_path / "source", "labelme", split="other")


def test_prefixes_and_suffixes_choose_the_annotation_files(tmp_path):
    """Other JSON files are not annotations."""
    write_labelme(tmp_path / "source", name="ann_1_x", imagePath="1.png")
    write_image(tmp_path / "source/1.png")
    write_json(tmp_path / "source/settings.json", {"a": 1})
    affixes = {"label_prefix": "ann_", "label_suffix": "_x.json"}
    assert ids(converted(tmp_path / "source", "labelme", **affixes)) == ["1"]


def write_coco(folder, names):
    """A COCO file with an object on each image."""
    flat = [value for point in SQUARE for value in point]
    height, width = SIZE
    images = [
        {"id": number, "file_name": name, "height": height, "width": width}
        for number, name in enumerate(names)
    ]
    annotations = [
        {"id": number, "image_id": number, "category_id": 1, "segmentation": [flat]}
        for number in range(len(names))
    ]
    table = {"images": images, "annotations": annotations}
    return write_json(folder / "a.json", {**table, "categories": [{"id": 1, "name": "cat"}]})


def test_a_part_of_the_images_of_an_annotation_file_may_be_there(tmp_path):
    """The others are skipped on request, and images that the file does not name are said."""
    file = write_coco(tmp_path / "coco", ["0.png", "1.png", "2.png"])
    for name in ("0.png", "1.png", "new.png"):
        write_image(tmp_path / "images" / name)
    settings = {"format": "coco", "images": tmp_path / "images"}
    report = converted(file, **settings, unpaired="skip")
    assert ids(report) == ["0", "1"]
    assert report.notes[0] == "left out: 1 annotation without an image, such as 2"
    assert report.notes[1].startswith("left out: 1 image without annotation, such as new.png")
    assert "2.png: image must be an existing file" in converted(file, **settings).failed[0]


def test_if_no_image_is_there_each_says_so(tmp_path):
    """The folder is wrong."""
    file = write_coco(tmp_path / "coco", ["0.png", "1.png"])
    write_image(tmp_path / "images/new.png")
    with pytest.raises(DatasetError, match="not one of 2 labels could be made"):
        converted(file, "coco", images=tmp_path / "images", unpaired="skip")


@pytest.mark.parametrize("images", [True, False])
def test_yolo_images_without_a_text_file_have_no_objects_or_are_skipped(tmp_path, images):
    """An empty text file says that there are none; pictures elsewhere are not looked at."""
    for number in range(3):
        write_image(tmp_path / f"source/images/{number}.jpg")
    write_image(tmp_path / "source/preview.jpg")
    (tmp_path / "source/labels").mkdir()
    (tmp_path / "source/labels/0.txt").write_text("0 0.1 0.1 0.9 0.1 0.9 0.9\n")
    (tmp_path / "source/labels/1.txt").write_text("")
    source = tmp_path / "source"
    settings = {True: {"images": source / "images"}, False: {}}[images]
    place = {True: source / "labels", False: source}[images]
    for unpaired in ("error", "background"):
        settings |= {"unpaired": unpaired, "out": tmp_path / unpaired}
        assert ids(yolo(place, **settings)) == ["0", "1", "2"]
    settings |= {"unpaired": "skip", "out": tmp_path / "skip"}
    report = yolo(place, **settings)
    assert ids(report) == ["0", "1"]
    assert any("left out: 1 image without annotation, such as 2.jpg" in n for n in report.notes)


def test_yolo_text_files_without_an_image_may_be_skipped(tmp_path):
    """Counted like annotations of any format."""
    write_image(tmp_path / "images/0.jpg")
    for number in range(2):
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / f"labels/{number}.txt").write_text("0 0.1 0.1 0.9 0.1 0.9 0.9\n")
    settings = {"images": tmp_path / "images", "out": tmp_path / "out"}
    with pytest.raises(DatasetError, match=r'1 without, .*unpaired="skip" leaves them out'):
        yolo(tmp_path / "labels", **settings)
    report = yolo(tmp_path / "labels", **settings, unpaired="skip")
    assert (ids(report), report.files) == (["0"], 1)
    assert any(n.startswith("left out: 1 annotation without an image") for n in report.notes)


def yolo(source, **settings):
    return convert(ConvertConfig(source=source, format="yolo", **settings))


def test_masks_of_classes_without_an_image_may_be_skipped(tmp_path):
    """CLASS/ID.png, where another image has no mask at all."""
    for name in ("1", "2"):
        save(tmp_path / f"masks/cat/{name}.png", np.eye(*SIZE, dtype=np.uint8))
    for name in ("in_1", "in_3"):
        write_image(tmp_path / f"images/{name}.png")
    settings = {"format": "masks", "images": tmp_path / "images", "image_prefix": "in_"}
    with pytest.raises(DatasetError, match=r'got 2 without\. Leave them out with unpaired="skip"'):
        converted(tmp_path / "masks", **settings)
    report = converted(tmp_path / "masks", **settings, unpaired="skip")
    assert ids(report) == ["1"]
    assert [note.split(",")[0] for note in report.notes[:2]] == [
        "left out: 1 annotation without an image",
        "left out: 1 image without annotation",
    ]


def test_the_command_line_has_the_options_that_its_messages_name(color, capsys):
    """Pasted, they work."""
    words = ["convert", str(color["source"]), "--images", str(color["images"])]
    words += ["--format", "color", "--classes", HEX, "--out", str(color["source"] / "../out")]
    assert main(words) == 2
    assert "--unpaired skip leaves them out, --unpaired background" in capsys.readouterr().err
    assert main([*words, "--unpaired", "skip"]) == 0
    assert "left out: 1 image without annotation" in capsys.readouterr().out
