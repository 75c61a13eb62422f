"""The conversion as a whole: what is written, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from convert.annotations import RIGHT, SIZE, SQUARE, shape, square, write_labelme
from convert.street import NAMES, settings, write_street
from pixelwise.convert.command import convert
from pixelwise.errors import ArgumentError, DatasetError, LabelError, RunError
from pixelwise.labels.description import read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label


@pytest.fixture
def source(tmp_path):
    return write_street(tmp_path / "source")


def test_a_folder_of_annotations_becomes_a_data_set(source):
    """Labels, images, and a dataset.toml with classes, splits and pairs."""
    report = convert(settings(source))
    description = read_description(report.description)
    assert description.classes.names == ("background", "cat", "dog")
    pairs = [pair for split in ("train", "val") for pair in description.pairs(split)]
    assert sorted(pair.id for pair in pairs) == NAMES
    for pair in pairs:
        label = description.classes.to_index(read_label(pair.label))
        assert label.shape == SIZE == read_rgb(pair.image).shape[:2]
        assert set(np.unique(label)) == {0, 1, 2}


def test_the_report_counts_objects_and_overlaps(source):
    """12 x 2 objects; the dog takes what the two squares share."""
    report = convert(settings(source))
    shared = [8 * (2 + min(1, round(number / 4 - 1e-9))) for number in range(12)]
    assert (report.files, report.resumed, report.objects) == (12, 0, 24)
    assert report.overlapped > sum(shared) / 2
    assert (report.vanished, report.skipped, report.unknown) == ((), (), {})
    assert (report.rule, report.order) == ("center", "file")
    assert "24 objects" in report.text()


def test_the_rules_are_recorded_in_the_data_set(source):
    """Which pixels, which order, which background: a reader of dataset.toml can tell."""
    report = convert(settings(source, rule="coco", order="area"))
    text = report.description.read_text()
    assert "pixel rule coco, paint order area" in text
    assert "class 0 is background" in text
    saved = json.loads((report.folder / "convert.json").read_text())
    assert (saved["rule"], saved["order"], saved["objects"]) == ("coco", "area", 24)


def test_shapes_that_cannot_be_painted_are_named_by_their_place(tmp_path):
    """All of a file at once, with the class."""
    shapes = [
        shape("cat", SQUARE),
        shape("cat", [[1, 1], [2, 2]]),
        shape("dog", [[1, 1]], "circle"),
        shape("dog", [[1, 2, 3]] * 3),
    ]
    write_labelme(tmp_path / "source", shapes=shapes)
    with pytest.raises(
        DatasetError,
        match=r"shapes\[1\] \(cat\) has 2 points.*shapes\[2\] \(dog\) has 1 points.*shapes\[3\]",
    ):
        convert(settings(tmp_path / "source"))
    report = convert(settings(tmp_path / "source", invalid="skip"))
    assert len(report.skipped) == 3
    assert report.skipped[0].startswith("a: shapes[1] (cat) has 2 points")
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), square())


UNKNOWN = {"ignore": 255, "skip": 0}


@pytest.mark.parametrize("policy", sorted(UNKNOWN))
def test_names_that_are_not_a_class_are_an_error_unless_the_settings_say_otherwise(
    tmp_path, policy
):
    """Void or left out, and counted."""
    write_labelme(tmp_path / "source", shapes=[shape("dgo", SQUARE), shape("dog", RIGHT)])
    (tmp_path / "classes.txt").write_text("background\ncat\ndog\n")
    given = {"classes": str(tmp_path / "classes.txt")}
    with pytest.raises(
        DatasetError, match=r"must be one of background, cat, dog.* got 'dgo' in shapes\[0\]"
    ):
        convert(settings(tmp_path / "source", **given))
    report = convert(settings(tmp_path / "source", unknown=policy, **given))
    assert report.unknown == {"dgo": 1}
    assert read_label(report.folder / "labels/a.png")[3, 3] == UNKNOWN[policy]


def test_names_that_differ_in_capital_letters_alone_are_said(tmp_path):
    """They stay apart unless an alias makes them one."""
    write_labelme(tmp_path / "source", "a", [shape("dog", SQUARE), shape("Dog", RIGHT)])
    report = convert(settings(tmp_path / "source", classes=None))
    assert report.classes.names == ("background", "Dog", "dog")
    assert "Dog and dog are two classes (--alias dog=Dog makes them one)" in report.notes
    one = settings(tmp_path / "source", classes=None, alias=("dog=Dog",), out=tmp_path / "one")
    assert convert(one).classes.names == ("background", "Dog")


def test_an_alias_is_another_name_of_a_class(tmp_path):
    """OLD=NEW; the old name is not a class of its own."""
    write_labelme(tmp_path / "source", shapes=[shape("dgo", SQUARE), shape("dog", RIGHT)])
    report = convert(settings(tmp_path / "source", alias=("dgo=dog",)))
    assert report.classes.names == ("background", "dog")
    assert report.overlapped == 0


def test_objects_that_vanish_are_named(tmp_path):
    """Covered by others, too thin for a pixel, outside; an equal class on top hides nothing."""
    shapes = [
        shape("cat", SQUARE),
        shape("dog", SQUARE),
        shape("cat", [[20.1, 1], [20.2, 1], [20.2, 9]]),
        shape("cat", [[90, 1], [99, 1], [99, 9]]),
        shape("cow", RIGHT),
        shape("cow", RIGHT),
    ]
    write_labelme(tmp_path / "source", shapes=shapes)
    report = convert(settings(tmp_path / "source"))
    assert report.vanished == tuple(f"a: shapes[{place}] (cat)" for place in (0, 2, 3))
    assert report.overlapped == 100


@pytest.mark.parametrize(
    ("order", "top"), [("file", "big"), ("area", "small"), (None, "big")], ids=str
)
def test_the_paint_order_decides_what_lies_on_top(tmp_path, order, top):
    """The last of the file, or the smallest."""
    big, small = [[0, 0], [18, 0], [18, 18], [0, 18]], SQUARE
    write_labelme(tmp_path / "source", shapes=[shape("small", small), shape("big", big)])
    report = convert(settings(tmp_path / "source", order=order))
    index = read_label(report.folder / "labels/a.png")[5, 5]
    assert report.classes.names[index] == top


@pytest.mark.parametrize(
    ("storage", "mode"), [("palette", "P"), ("grey", "L"), ("grey16", "I;16")], ids=str
)
def test_labels_are_stored_as_asked(tmp_path, storage, mode):
    """Indexed, grey with 8 bits, grey with 16: the values are the same."""
    write_labelme(tmp_path / "source")
    report = convert(settings(tmp_path / "source", storage=storage))
    file = report.folder / "labels/a.png"
    with Image.open(file) as image:
        assert image.mode == mode
    np.testing.assert_array_equal(read_label(file), square())


def test_more_classes_than_eight_bits_hold_are_written_with_sixteen(tmp_path):
    """300 classes; void is 65535 then, and 8-bit grey is refused."""
    names = [f"class {number}" for number in range(300)]
    (tmp_path / "classes.txt").write_text("\n".join(names))
    write_labelme(tmp_path / "source", shapes=[shape("class 299", SQUARE)])
    given = {"classes": str(tmp_path / "classes.txt"), "background": "ignore"}
    with pytest.raises(
        DatasetError, match=r"must be 0\.\.255, got 299\.\.65535\. Use storage=.grey16."
    ):
        convert(settings(tmp_path / "source", storage="grey", **given))
    report = convert(settings(tmp_path / "source", **given))
    label = read_label(report.folder / "labels/a.png")
    assert (label[3, 3], label[0, 0]) == (299, 65535)


def test_pixels_that_nothing_covers_may_be_void(tmp_path):
    """--background ignore; then no class is added."""
    write_labelme(tmp_path / "source")
    report = convert(settings(tmp_path / "source", background="ignore"))
    assert report.classes.names == ("cat",)
    expected = square(0, background=255)
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), expected)


@pytest.mark.parametrize("name", ["_background_", "Background"])
def test_a_background_of_the_source_is_used(tmp_path, name):
    """It stays class 0, under its own name."""
    write_labelme(tmp_path / "source", shapes=[shape("cat", SQUARE), shape(name, SQUARE)])
    report = convert(settings(tmp_path / "source"))
    assert report.classes.names == (name, "cat")
    assert not read_label(report.folder / "labels/a.png").any()


def test_images_can_be_linked_or_left_where_they_are(tmp_path):
    """A hard link has the same bytes and takes no space; without images there are no splits."""
    write_labelme(tmp_path / "source")
    linked = convert(settings(tmp_path / "source", image_files="link"))
    image = linked.folder / "images/a.png"
    assert image.samefile(tmp_path / "source/a.png")
    none = convert(settings(tmp_path / "source", out=tmp_path / "none", image_files="none"))
    assert not (none.folder / "images").exists()
    assert read_description(none.description).splits == {}


def test_top_folders_that_are_called_like_splits_are_splits(tmp_path):
    """train/... and validation/..."""
    for name in ("train/a", "train/b", "validation/c"):
        write_labelme(tmp_path / "source", name)
    report = convert(settings(tmp_path / "source"))
    description = read_description(report.description)
    assert [pair.id for pair in description.pairs("train")] == ["a", "b"]
    assert [pair.id for pair in description.pairs("val")] == ["c"]


def test_splits_that_are_converted_one_by_one_make_one_data_set(tmp_path):
    """The second adds itself; other classes are refused."""
    for name in ("first", "second", "third"):
        write_labelme(tmp_path / name, name[0])
    write_labelme(tmp_path / "third", shapes=[shape("dog", SQUARE)])
    out = tmp_path / "out"
    convert(settings(tmp_path / "first", out=out, split="train"))
    report = convert(settings(tmp_path / "second", out=out, split="val"))
    description = read_description(report.description)
    assert sorted(description.splits) == ["train", "val"]
    assert [pair.id for pair in description.pairs("val")] == ["s"]
    with pytest.raises(DatasetError, match=r"classes must be those of .*: background, cat"):
        convert(settings(tmp_path / "third", out=out, split="test"))


def test_annotations_are_never_converted_in_place(tmp_path):
    """The folder to write lies apart from the one that is read."""
    write_labelme(tmp_path / "source")
    for out in ("source", "source/out", "."):
        with pytest.raises(DatasetError, match="out must be apart from the source"):
            convert(settings(tmp_path / "source", out=tmp_path / out))


def test_a_folder_with_other_files_is_not_written_into(tmp_path):
    """Nor one with the labels of another source."""
    write_labelme(tmp_path / "source")
    (tmp_path / "out/labels").mkdir(parents=True)
    with pytest.raises(ArgumentError, match="a new folder, or one that convert made"):
        convert(settings(tmp_path / "source"))
    write_labelme(tmp_path / "other", "b")
    convert(settings(tmp_path / "source", out=tmp_path / "new"))
    with pytest.raises(ArgumentError, match="with 1 other labels, such as a"):
        convert(settings(tmp_path / "other", out=tmp_path / "new"))


def test_a_folder_that_cannot_be_written_is_found_before_the_work(tmp_path):
    """A file is where the folder should be."""
    write_labelme(tmp_path / "source")
    (tmp_path / "out").write_text("")
    with pytest.raises(RunError, match="must be writable"):
        convert(settings(tmp_path / "source"))


def test_nothing_to_convert_is_an_error(tmp_path):
    """An empty folder, or none."""
    (tmp_path / "source").mkdir()
    with pytest.raises(
        DatasetError, match="source must be annotations, got none of format labelme"
    ):
        convert(settings(tmp_path / "source"))
    with pytest.raises(DatasetError, match="source must be an existing folder"):
        convert(settings(tmp_path / "missing"))


def test_two_files_with_one_id_are_refused(tmp_path):
    """Their labels would be one file."""
    write_labelme(tmp_path / "source", "a")
    write_labelme(tmp_path / "source", "b").rename(tmp_path / "source/a.JSON")
    with pytest.raises(DatasetError, match="different without their suffixes, got a"):
        convert(settings(tmp_path / "source"))


def test_an_option_that_means_nothing_for_a_format_is_refused(tmp_path):
    """Instead of being ignored."""
    with pytest.raises(ArgumentError, match="unknown must be one of error, ignore, skip"):
        convert(settings(tmp_path / "source", unknown="nearest"))
    with pytest.raises(ArgumentError, match="background must be left out"):
        convert(settings(tmp_path / "source", format="color", background="sky"))


def test_classes_that_contradict_themselves_are_refused(tmp_path):
    """A name twice in the class file."""
    write_labelme(tmp_path / "source")
    (tmp_path / "classes.txt").write_text("cat\ncat\n")
    with pytest.raises((DatasetError, LabelError), match="'cat' more than once"):
        convert(settings(tmp_path / "source", classes=str(tmp_path / "classes.txt")))


def test_a_polygon_with_very_many_corners_is_painted(tmp_path):
    """10^5 of them on a circle; hostile files are data."""
    angle = np.linspace(0, 2 * np.pi, 10**5)
    points = (np.stack([np.cos(angle), np.sin(angle)], axis=1) * 7.9 + (15, 9)).tolist()
    write_labelme(tmp_path / "source", shapes=[shape("cat", points)])
    report = convert(settings(tmp_path / "source"))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    expected = np.hypot(x - 15, y - 9) < 7.9
    np.testing.assert_array_equal(read_label(report.folder / "labels/a.png"), expected)


@pytest.mark.parametrize(
    "name", ["café", "cafe\u0301", "-a", " a ", "a\nb", "ünï/çødé", "a.b.c", "x" * 240]
)
def test_names_of_any_kind_come_through(tmp_path, name):
    """Both Unicode forms, blanks, line ends, points; and a second run knows them."""
    write_labelme(tmp_path / "source", name)
    report = convert(settings(tmp_path / "source"))
    assert (report.folder / f"labels/{name}.png").is_file()
    assert convert(settings(tmp_path / "source")).resumed == 1
