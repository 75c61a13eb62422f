"""What is wrong around a label file.

Sizes, classes and void, names and links, files that change, polygons and run lengths, counting: the
right answer, or one sentence that says what is wrong and where.
"""

import os
import re

import numpy as np
import pytest
from PIL import Image

from labels.build_png import build_png
from labels.label_files import CLASSES, VALUES, pair, stored
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import ArgumentError, DatasetError, LabelError, PairingError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split
from pixelwise.labels.pairs import find_pairs
from pixelwise.labels.png import read_label, write_label
from pixelwise.labels.rle import rle_to_mask
from pixelwise.labels.shapes import Outline, polygons_to_label, problem_of
from pixelwise.metrics.confusion import count_confusion
from pixelwise.survey.folder import survey_folder
from pixelwise.weights.counts import count_labels
from pixelwise.weights.formulas import class_weights


@pytest.mark.parametrize("size", [(8, 9), (9, 8), (16, 16)])
def test_a_label_of_another_size_than_its_image_is_named_and_never_resized(tmp_path, size):
    """Off by one, turned, half as large: both sizes are said."""
    pair(tmp_path, VALUES % 2, size=size)
    (note,) = [note for note in survey_folder(tmp_path).notes if "sizes that differ" in note]
    image = f"image a.png is {size[0]} x {size[1]} (height x width)"
    assert f"{image}, label a.png is 8 x 8" in note
    folders = {"source": tmp_path / "labels", "images": tmp_path / "images"}
    config = ConvertConfig(**folders, out=tmp_path / "out", format="array", classes="binary")
    with pytest.raises(DatasetError, match=re.escape(f"{size} as stored") + r".*got \(8, 8\)"):
        convert(config)


def test_a_value_that_is_no_class_is_named_with_count_and_place(tmp_path):
    """And with the file, if it was one."""
    write_label(tmp_path / "a.png", np.uint8([[0, 1], [19, 19]]))
    with pytest.raises(LabelError, match=r"a\.png: .*got 19 \(2 pixels, first at y=1 x=0\)"):
        count_labels([tmp_path / "a.png"], CLASSES)


def test_void_has_a_value_of_its_own_or_several_and_is_missed_if_not_declared():
    """A class cannot be void too; two values may both be void; an undeclared one is asked for."""
    with pytest.raises(LabelError, match="claimed only once, got 1 for tree and void"):
        Classes(["ground", "tree"], ignore_values=1)
    with pytest.raises(LabelError, match="ignore_index must be outside of the class indices"):
        Classes(["ground", "tree"], ignore_index=1)
    both = Classes(["ground", "tree"], ignore_values=[11, 254])
    assert both.to_index([[0, 11, 254, 255]]).tolist() == [[0, 255, 255, 255]]
    with pytest.raises(LabelError, match="Is 11 the void value"):
        CLASSES.to_index([[0, 11]])


@pytest.mark.parametrize("value", [0, 1, 7, 255])
def test_a_label_of_one_value_is_counted_without_dividing_by_zero(tmp_path, value):
    """One class, nothing but void, a class that never occurs: said, not nan."""
    pair(tmp_path, np.full((8, 8), value))
    assert survey_folder(tmp_path).description.pairs("train")
    classes = Classes(["ground", "tree"], values=[0, [1, 7]])
    counts = count_labels([tmp_path / "labels/a.png"], classes)
    assert counts.pixels.sum() + counts.ignored == 64
    with pytest.raises(ArgumentError, match=r"no pixel is of class \d|at least one pixel"):
        class_weights(counts)


@pytest.mark.parametrize(
    "name",
    ["café", "cafe\u0301", "-rf", " a ", "a\nb", "a\udcff", "con", "a.b.c", "é" * 120],
    ids=["NFC", "NFD", "dash", "blanks", "line", "bytes", "con", "points", "long"],
)
def test_every_name_of_a_file_comes_through(tmp_path, name):
    """Written, paired, counted and looked at under exactly that name, undecodable bytes too."""
    pair(tmp_path, VALUES % 2, name)
    (found,) = find_pairs(tmp_path / "images", tmp_path / "labels")
    assert found.id == name
    assert found.label is not None
    assert os.fsencode(found.label.name) == os.fsencode(f"{name}.png")
    assert survey_folder(tmp_path).description.pairs("train") == [found]


def test_two_forms_of_one_name_are_two_names_and_the_message_says_so(tmp_path):
    """NFC and NFD look the same, so a list of the two names alone would not help."""
    pair(tmp_path, VALUES % 2, "café")
    os.rename(tmp_path / "labels/café.png", tmp_path / "labels/cafe\u0301.png")
    with pytest.raises(PairingError, match=r"look the same .* \(NFC and NFD\)"):
        find_pairs(tmp_path / "images", tmp_path / "labels")


def test_files_are_paired_by_exact_name_and_doubt_is_an_error(tmp_path):
    """A and a are two names; two files of one name, and files without partner, are all listed."""
    pair(tmp_path, VALUES % 2, "A")
    pair(tmp_path, VALUES % 2, "a")
    assert [p.id for p in find_pairs(tmp_path / "images", tmp_path / "labels")] == ["A", "a"]
    Image.new("RGB", (8, 8)).save(tmp_path / "images/a.jpg")
    with pytest.raises(PairingError, match=r"one file for each id, got .*a\.jpg and .*a\.png"):
        find_pairs(tmp_path / "images", tmp_path / "labels")
    os.rename(tmp_path / "images/a.jpg", tmp_path / "images/x.jpg")
    os.rename(tmp_path / "labels/a.png", tmp_path / "labels/y.png")
    message = r"got 2 without: .*images/a\.png, .*images/x\.jpg\. .*got 1 without: .*y\.png\."
    with pytest.raises(PairingError, match=message):
        find_pairs(tmp_path / "images", tmp_path / "labels")


def test_names_that_differ_in_case_alone_are_called_that(tmp_path):
    """On a disk that ignores case they were one name."""
    pair(tmp_path, VALUES % 2, "Scene")
    os.rename(tmp_path / "labels/Scene.png", tmp_path / "labels/scene.png")
    with pytest.raises(PairingError, match="differ only in capital letters"):
        find_pairs(tmp_path / "images", tmp_path / "labels")


def test_links_lead_neither_in_circles_nor_out_of_the_data_set(tmp_path):
    """A folder is visited once; a dangling link is an error; a link out is refused by name."""
    root = tmp_path / "data"
    pair(root, VALUES % 2, "x/a")
    (root / "images/x/again").symlink_to(root / "images")
    (root / "images/self").symlink_to(root / "images/self")
    description = Description(root, CLASSES, {"train": Split("images", "labels")})
    assert [found.id for found in description.pairs("train")] == ["x/a"]
    os.rename(root / "labels/x/a.png", tmp_path / "a.png")
    (root / "labels/x/a.png").symlink_to(tmp_path / "a.png")
    with pytest.raises(DatasetError, match=r"splits\.train .* got 1 link .*labels/x/a\.png"):
        description.pairs("train")
    (tmp_path / "a.png").unlink()
    with pytest.raises(LabelError, match=r"an existing file, got No such file"):
        read_label(root / "labels/x/a.png")


def test_one_file_that_may_not_be_read_is_reported_and_the_others_are_done(tmp_path, monkeypatch):
    """Root may read everything, so the refusal is made here."""
    for name in "abc":
        pair(tmp_path, VALUES % 2, name)
    refuse(monkeypatch, tmp_path / "labels/b.png")
    with pytest.raises(LabelError, match=r"b\.png: label must be a readable file, got Permission"):
        count_labels(sorted((tmp_path / "labels").iterdir()), CLASSES)
    assert "1 of 3 that are not" in " ".join(survey_folder(tmp_path).unsure)
    config = ConvertConfig(
        tmp_path / "labels", out=tmp_path / "out", format="array", classes="binary"
    )
    finding = str(convert(config).finding())
    assert re.search(r"1 of 3 labels .*b\.png: .*Permission", finding)
    assert len(list((tmp_path / "out/labels").iterdir())) == 2


def refuse(monkeypatch, path):
    """Reading this file fails as if it belonged to someone else."""
    real = os.open

    def open_or_refuse(name, *args, **options):
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied")
        return real(name, *args, **options)

    monkeypatch.setattr(os, "open", open_or_refuse)


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    """Half of the old bytes and half of the new ones are not a label."""
    path = stored(tmp_path, build_png(VALUES))
    real = os.read

    def read_and_disturb(file, size):
        data = real(file, size)
        os.truncate(path, len(data) // 2)
        return data

    monkeypatch.setattr(os, "read", read_and_disturb)
    with pytest.raises(LabelError, match="left alone while it is read, got other bytes"):
        read_label(path)


def test_a_file_that_arrives_in_pieces_is_read_whole(tmp_path, monkeypatch):
    """The system gives at most two gigabytes at a time."""
    path, real = stored(tmp_path, build_png(VALUES)), os.read
    monkeypatch.setattr(os, "read", lambda file, size: real(file, min(size, 7)))
    np.testing.assert_array_equal(read_label(path), VALUES)


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([(0, 0), (4, 0), (float("nan"), 4)], "not finite"),
        ([(0, 0), (4, 0), (float("inf"), 4)], "not finite"),
        ([(0, 0), (4, 0)], "2 points, but a polygon needs at least 3"),
        ([(0, 0), (4, 0), (4,)], "not numbers, or of different length"),
    ],
)
def test_a_polygon_that_cannot_be_painted_is_named(points, problem):
    """Two points are not a line, NaN is not a coordinate."""
    assert problem in problem_of(Outline(points))
    with pytest.raises(ArgumentError, match=rf"shape 0 has .*{problem}"):
        polygons_to_label([(1, points)], (6, 6))


def test_huge_crossing_and_very_long_polygons_are_painted_by_the_stated_rule():
    """1e9 is cut at the border; a star has a hole (even-odd); a million corners are a circle."""
    far = polygons_to_label([(1, [(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)])], (6, 6))
    assert far.all()
    fifths = np.arange(5) * np.radians(144)
    star = np.stack([np.sin(fifths), -np.cos(fifths)], axis=1) * 20 + 20
    painted = polygons_to_label([(1, star)], (40, 40))
    assert (painted[20, 20], painted[4, 20], painted[4, 4]) == (0, 1, 0)
    angle = np.linspace(0, 2 * np.pi, 10**6)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 20 + 24
    y, x = np.mgrid[:48, :48] + 0.5
    expected = np.hypot(x - 24, y - 24) < 20
    np.testing.assert_array_equal(polygons_to_label([(1, circle)], (48, 48)), expected)


@pytest.mark.parametrize(
    ("counts", "size", "problem"),
    [
        ([3, 4], (2, 4), "= 8 pixels in sum, got 7"),
        ([3, 6], (2, 4), "= 8 pixels in sum, got 9"),
        ([9, -1], (2, 4), "runs >= 0, got -1"),
        ([0, 10**12], (10**6, 10**6), "at most 268,435,456 pixels"),
        ("1", (10**6, 10**6), "at most 268,435,456 pixels"),
    ],
)
def test_run_lengths_are_checked_before_memory_is_taken(counts, size, problem):
    """Their sum, their signs and the size; as a list or as text."""
    with pytest.raises(LabelError, match=problem):
        rle_to_mask(counts, size)


def test_objects_that_overlap_are_painted_in_a_stated_order_and_counted(tmp_path):
    """Which lies on top is said in the result, and how many pixels both wanted."""
    square, small = [2, 2, 12, 2, 12, 12, 2, 12], [4, 4, 8, 4, 8, 8, 4, 8]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 18, "width": 30}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"image_id": 1, "category_id": 2, "segmentation": [small]},
            {"image_id": 1, "category_id": 1, "segmentation": [square]},
        ],
    }
    source = stored(tmp_path, str(content).replace("'", '"').encode(), "a.json")
    for order, top in (("area", 2), ("file", 1)):
        config = ConvertConfig(source, out=tmp_path / order, image_files="none", order=order)
        report = convert(config)
        assert read_label(report.folder / "labels/a.png")[5, 5] == top
        assert f"in the order {order}" in report.text()
        assert report.overlapped == 16


def test_values_swap_places_in_one_step():
    """{0: 1, 1: 2, 2: 0} is one table; three swaps one after the other would make all equal."""
    swapped = Classes(["a", "b", "c"], values=[1, 2, 0])
    label = np.uint8([[0, 1, 2, 255]])
    assert swapped.to_index(label).tolist() == [[2, 0, 1, 255]]
    assert label.tolist() == [[0, 1, 2, 255]]
    many = Classes(["a", "b"], values=[[0, 2], 1])
    assert many.to_index(label).tolist() == [[0, 1, 0, 255]]


def test_eight_bit_indices_do_not_wrap_when_they_are_counted():
    """18 * 19 + 3 is 345, which 8 bits would make 89."""
    matrix = count_confusion(np.uint8([[3]]), np.uint8([[18]]), 19).matrix
    assert (matrix[18, 3], matrix.sum()) == (1, 1)


def test_every_index_of_eight_bits_can_be_a_class():
    """256 classes with void elsewhere: each pixel lands in its own cell."""
    label = np.arange(256, dtype=np.uint8).reshape(16, 16)
    matrix = count_confusion(label[::-1], label, 256, ignore_index=None).matrix
    assert (matrix.sum(axis=0) == 1).all()
    assert matrix[0, 240] == 1
