"""YOLO: fractions of the image, boxes, layouts of folders, names, and lines that are wrong."""

import numpy as np
import pytest

from convert.annotations import SIZE, SQUARE, square, write_image
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError
from pixelwise.labels.description import read_description
from pixelwise.labels.png import read_label
from pixelwise.labels.shapes import polygons_to_label

HEIGHT, WIDTH = SIZE
LINE = "1 " + " ".join(f"{x / WIDTH:.6f} {y / HEIGHT:.6f}" for x, y in SQUARE)
BOX = f"1 {7 / WIDTH:.6f} {7 / HEIGHT:.6f} {10 / WIDTH:.6f} {10 / HEIGHT:.6f}"


def write_yolo(root, text=LINE, name="a", images="images", labels="labels", orientation=None):
    write_image(root / images / f"{name}.png", orientation=orientation)
    (root / labels).mkdir(parents=True, exist_ok=True)
    (root / labels / f"{name}.txt").write_text(text)
    return root


def converted(source, **changes):
    settings = {"format": "yolo", "out": source.parent / "out", **changes}
    return convert(ConvertConfig(source=source, **settings))


def test_fractions_of_the_image_become_pixels(tmp_path):
    """Class k of the file is index k + 1; names come from the .yaml file."""
    source = write_yolo(tmp_path / "yolo")
    (source / "data.yaml").write_text("path: .\nnames:\n  0: cat\n  1: 'a dog'\nnc: 2\n")
    report = converted(source)
    assert report.classes.names == ("background", "cat", "a dog")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(2))


@pytest.mark.parametrize("seed", range(5))
def test_polygons_come_back_within_the_rounding_of_the_file(tmp_path, seed):
    """Six digits of a fraction move a point by less than 1e-4 pixels."""
    points = np.random.default_rng(seed).uniform(0, 1, (7, 2))
    text = "0 " + " ".join(f"{value:.6f}" for value in points.ravel())
    source = write_yolo(tmp_path / "yolo", text)
    label = read_label(converted(source).folder / "labels/a.png")
    expected = polygons_to_label([(1, points * (WIDTH, HEIGHT))], SIZE)
    assert int((label != expected).sum()) <= 1


def test_five_numbers_are_a_box(tmp_path):
    """Centre, width and height; it is painted on request alone, as it covers its surroundings."""
    source = write_yolo(tmp_path / "yolo", BOX)
    with pytest.raises(DatasetError, match=r"1 of 1 objects are boxes, not outlines.* boxes=True"):
        converted(source)
    report = converted(source, boxes=True)
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(2))
    assert "1 objects are boxes, painted as rectangles" in report.notes


def test_boxes_among_outlines_can_be_left_out(tmp_path):
    """If they are not all there is: then nothing would be left but background."""
    source = write_yolo(tmp_path / "yolo", f"{BOX}\n{LINE}\n")
    with pytest.raises(DatasetError, match=r"1 of 2 objects are boxes.* or .* invalid=.skip"):
        converted(source)
    report = converted(source, invalid="skip")
    assert report.skipped == ("a: line 1 (class_1) has a box and no outline",)
    with pytest.raises(DatasetError, match=r"1 of 1 objects are boxes, not outlines"):
        converted(write_yolo(tmp_path / "boxes", BOX), invalid="skip", out=tmp_path / "b")


@pytest.mark.parametrize(
    ("images", "labels", "id"),
    [
        ("images", "labels", "a"),
        ("images/train", "labels/train", "train/a"),
        ("train/images", "train/labels", "train/a"),
    ],
)
def test_the_usual_layouts_are_found(tmp_path, images, labels, id):
    """images and labels, above or below the splits."""
    source = write_yolo(tmp_path / "yolo", images=images, labels=labels)
    report = converted(source)
    np.testing.assert_array_equal(read_label(report.folder / f"labels/{id}.png"), square(2))


def test_images_may_lie_in_a_folder_of_their_own(tmp_path):
    """--images; a text file without an image is an error."""
    write_yolo(tmp_path, images="pictures", labels="texts")
    settings = {"images": tmp_path / "pictures", "out": tmp_path / "out"}
    report = converted(tmp_path / "texts", **settings)
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square(2))
    (tmp_path / "texts/b.txt").write_text(LINE)
    with pytest.raises(DatasetError, match="each with an image, got 1 without"):
        converted(tmp_path / "texts", **settings)


def test_an_image_without_a_text_file_is_background(tmp_path):
    """As Ultralytics reads it."""
    source = write_yolo(tmp_path / "yolo")
    write_image(source / "images/b.png")
    report = converted(source)
    assert not read_label(report.folder / "labels/b.png").any()
    description = read_description(report.description)
    assert sum(len(description.pairs(split)) for split in description.splits) == 2


def test_the_frame_is_that_of_the_turned_image(tmp_path):
    """Orientation 6 swaps the sides."""
    report = converted(write_yolo(tmp_path / "yolo", orientation=6))
    assert read_label(report.folder / "labels/a.png").shape == SIZE[::-1]


def test_classes_without_names_are_numbered(tmp_path):
    """And the report says so."""
    report = converted(write_yolo(tmp_path / "yolo"))
    assert report.classes.names == ("background", "class_0", "class_1")
    assert any("no names" in note for note in report.notes)


def test_names_may_be_a_list_of_lines(tmp_path):
    """classes.txt beside the folders."""
    source = write_yolo(tmp_path / "yolo")
    (source / "classes.txt").write_text("cat\ndog\n")
    assert converted(source).classes.names == ("background", "cat", "dog")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 0.1 0.1 0.2 0.2 0.3", "5 coordinates instead of x y x y"),
        ("0 0.1 0.1", "2 coordinates"),
        ("0 0.1 0.1 0.2 0.2 0.3 1.5", "coordinates 0.1..1.5 instead of 0..1"),
        ("0 0.1 0.1 0.2 0.2 0.3 nan", "not finite"),
        ("0 0.1 0.1 0.2 0.2 0.3 x", "not numbers"),
        ("cat 0.1 0.1 0.2 0.2 0.3 0.3", "the class 'cat'"),
        ("-1 0.1 0.1 0.2 0.2 0.3 0.3", "the class '-1'"),
        ("9999999999 0.1 0.1 0.2 0.2 0.3 0.3", "the class '9999999999'"),
        ("9" * 5000 + " 0.1 0.1 0.2 0.2 0.3 0.3", "the class '9999"),
    ],
)
def test_lines_that_are_wrong_are_named(tmp_path, line, problem):
    """By their number; --invalid skip leaves them out."""
    source = write_yolo(tmp_path / "yolo", f"{LINE}\n\n{line}\n")
    with pytest.raises(DatasetError, match=rf"line 3 .*has .*{problem}"):
        converted(source)
    assert len(converted(source, invalid="skip").skipped) == 1


def test_a_class_without_a_name_is_unknown(tmp_path):
    """The file has class 1, the list one name."""
    source = write_yolo(tmp_path / "yolo")
    (source / "classes.txt").write_text("cat\n")
    with pytest.raises(DatasetError, match="got 'class 1' in line 1"):
        converted(source)


def test_a_folder_without_images_is_refused(tmp_path):
    """With what it should look like."""
    (tmp_path / "yolo").mkdir()
    with pytest.raises(DatasetError, match="a folder with images and labels in it"):
        converted(tmp_path / "yolo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train:\n  - images/p\n  - images/q\nval: images/r\n", {"train": 2, "val": 1}),
        ("train: [../images/p, ../images/q]\nvalidation: x/images/r\n", {"train": 2, "val": 1}),
        ("train: lists/one.lst  # a list\nval: 'lists/two.lst'\n", {"train": 2, "val": 1}),
        ("train: images/p\nval: images/q\ntest:\n", {"train": 1, "val": 1}),
    ],
)
def test_splits_are_those_of_the_yaml_file(tmp_path, text, expected):
    """Folders and lists of any name."""
    for name in "pqr":
        source = write_yolo(tmp_path / "yolo", LINE, name, f"images/{name}", f"labels/{name}")
    (source / "lists").mkdir()
    (source / "lists/one.lst").write_text("./images/p/p.png\ndata/images/q/q.png\n")
    (source / "lists/two.lst").write_text("./images/r/r.png\n")
    (source / "data.yaml").write_text(f"path: ../elsewhere\n{text}names: [cat, dog]\n")
    found = read_description(converted(source).description)
    assert {split: len(found.pairs(split)) for split in found.splits} == expected


def test_val_of_the_yaml_file_may_be_a_folder_called_test(tmp_path):
    for name in ("train", "test"):
        source = write_yolo(tmp_path / "yolo", LINE, name, f"images/{name}", f"labels/{name}")
    text = "train: images/train\nval: images/test\nnames: [cat, dog]\n"
    (source / "data.yaml").write_text(text)
    found = read_description(converted(source).description)
    assert [pair.id for pair in found.pairs("val")] == ["test/test"]


def test_splits_of_the_yaml_file_that_share_images_are_not_used(tmp_path):
    source = write_yolo(tmp_path / "yolo")
    (source / "data.yaml").write_text("train: images\nval: images\nnames: [cat, dog]\n")
    assert any("share images, so they are not used" in note for note in converted(source).notes)
