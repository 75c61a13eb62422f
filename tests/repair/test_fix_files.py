"""audit --fix of label files: what loses nothing is repaired, and what is not plain is left."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.description import Description, Split, read_description, write_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label
from pixelwise.repair.command import fix
from pixelwise.repair.result import Pixels
from repair.fix_data import (
    BAD,
    CLASSES,
    DAMAGE,
    NUMBER,
    bytes_of,
    colors_of,
    indexed,
    label_of,
    make,
    rules_of,
    save,
    two_bit_grey,
    unknown_value,
)


@pytest.fixture
def data(tmp_path):
    return make(tmp_path / "data")


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_loses_nothing_is_repaired_to_the_right_values(data, tmp_path, damage):
    """The copy holds exactly the label that was damaged; its audit is clean of the rule."""
    DAMAGE[damage](data / BAD, label_of(3))
    rule = damage.split()[0]
    assert rule in rules_of(data)
    fixed = fix(data, tmp_path / "out")
    assert np.array_equal(read_label(tmp_path / "out" / BAD), label_of(3))
    assert rules_of(tmp_path / "out") == set()
    assert [change.file for change in fixed.changes] == [BAD]
    assert rule in fixed.changes[0].rules
    assert fixed.left == ()


@pytest.mark.parametrize("damage", DAMAGE)
def test_files_without_a_defect_keep_their_bytes(data, tmp_path, damage):
    """Only the damaged label differs, and the source does not change."""
    DAMAGE[damage](data / BAD, label_of(3))
    before = bytes_of(data)
    fix(data, tmp_path / "out")
    after = bytes_of(tmp_path / "out")
    assert bytes_of(data) == before
    assert after.keys() - before.keys() == {"fix.json"}
    assert [name for name in before if after[name] != before[name]] == [BAD]


def test_a_grey_label_of_few_bits_is_written_with_eight(tmp_path):
    """F6: stored values, not the multiplied ones."""
    data = make(tmp_path / "data", labels=lambda n: np.where(label_of(n) > 3, 0, label_of(n)))
    label = read_label(data / BAD)
    two_bit_grey(data / BAD, label)
    assert "F6" in rules_of(data)
    fixed = fix(data, tmp_path / "out")
    assert np.array_equal(read_label(tmp_path / "out" / BAD), label)
    assert rules_of(tmp_path / "out") == set()
    assert "F6" in fixed.changes[0].rules


def test_labels_of_another_kind_are_all_written_alike(data, tmp_path):
    """One indexed file among grey ones: all become indexed, with the colours of the classes."""
    for number in range(NUMBER - 1):
        save(data / f"labels/{number:02}.png", label_of(number))
    fixed = fix(data, tmp_path / "out")
    assert len(fixed.changes) == NUMBER - 1
    assert rules_of(tmp_path / "out") == set()
    picture = Image.open(tmp_path / "out/labels/00.png")
    assert picture.mode == "P"
    assert picture.getpalette()[:3] == [90, 140, 90]
    assert all(
        np.array_equal(read_label(tmp_path / f"out/labels/{n:02}.png"), label_of(n))
        for n in range(NUMBER)
    )


def test_labels_of_another_format_get_another_suffix(data, tmp_path):
    """A BMP label that is written anew is a PNG; pairs are found as before."""
    save(data / "labels/05.bmp", label_of(5))
    (data / "labels/05.png").unlink()
    fixed = fix(data, tmp_path / "out")
    assert [(c.file, c.to) for c in fixed.changes] == [("labels/05.bmp", "labels/05.png")]
    assert np.array_equal(read_label(tmp_path / "out/labels/05.png"), label_of(5))
    assert len(read_description(tmp_path / "out").pairs("train")) == NUMBER


def test_an_image_with_a_wrong_suffix_is_renamed(data, tmp_path):
    """F2 of an image: the bytes stay, the name says what they are."""
    picture = np.zeros((40, 60, 3), np.uint8)
    save(data / "images/03.png", picture, format="BMP")
    fixed = fix(data, tmp_path / "out")
    assert [(c.file, c.to, c.rules) for c in fixed.changes] == [
        ("images/03.png", "images/03.bmp", {"F2": Pixels()})
    ]
    assert np.array_equal(read_rgb(tmp_path / "out/images/03.bmp"), picture)
    assert rules_of(tmp_path / "out") == set()
    assert len(read_description(tmp_path / "out").pairs("train")) == NUMBER


@pytest.mark.parametrize(
    ("split", "reason"),
    [
        ({"images": "labels", "label_suffix": ".png"}, "is another file"),
        ({"images": "images", "image_suffix": ".bmp"}, "asks for its suffix"),
    ],
)
def test_a_name_that_cannot_change_is_left(tmp_path, split, reason):
    """The new name is taken, or dataset.toml asks for the old suffix."""
    data = make(tmp_path / "data")
    for number in range(NUMBER):
        (data / f"images/{number:02}.png").rename(data / split["images"] / f"{number:02}.bmp")
    write_description(Description(data, CLASSES, {"train": Split(labels="labels", **split)}), data)
    fixed = fix(data, tmp_path / "out")
    assert fixed.changes == ()
    left = [one for one in fixed.left if one.rule == "F2"]
    assert len(left) == NUMBER
    assert all(one.reason.endswith(reason) for one in left)
    copied = (tmp_path / "out" / left[0].file).read_bytes()
    assert copied == (data / left[0].file).read_bytes()


def cut(path):
    path.write_bytes(path.read_bytes()[:300])


def short_palette(path):
    # Pillow keeps the low two bits of every value, as it does for anyone
    picture, options = indexed(label_of(3) & 3, CLASSES.palette()[:4])
    picture.save(path, **options)


def holes(path):
    alpha = np.where(label_of(3) == 1, 255, 0).astype(np.uint8)
    save(path, np.dstack([colors_of(label_of(3)), alpha]))


@pytest.mark.parametrize(
    ("damage", "rule", "reason"),
    [
        (cut, "F3", "no repair is safe"),
        (short_palette, "F7", "no repair is safe"),
        (unknown_value, "V4", "no repair is safe"),
        (holes, "F12", "alpha is not full everywhere"),
    ],
)
def test_what_cannot_be_repaired_safely_is_left_with_a_reason(data, tmp_path, damage, rule, reason):
    """The bytes stay, and the copy still shows the defect."""
    damage(data / BAD)
    save(data / "labels/01.png", label_of(1))
    fixed = fix(data, tmp_path / "out")
    left = {(one.file, one.rule): one.reason for one in fixed.left}
    assert left[BAD, rule].startswith(reason)
    assert (tmp_path / "out" / BAD).read_bytes() == (data / BAD).read_bytes()
    assert [change.file for change in fixed.changes] == ["labels/01.png"]
    assert rule in rules_of(tmp_path / "out")
