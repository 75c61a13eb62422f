"""audit --fix of images: one that was resized alone gets the size of its label, if G1 is asked for.

A label is never resized.
"""

import numpy as np
import pytest
from PIL import Image

from pixelwise.audit.pair_rules import same_aspect
from pixelwise.cli import main
from pixelwise.repair.command import fix
from pixelwise.report.audit_page import audit
from repair.fix_data import bytes_of, make

IMAGE, LABEL = "images/03.png", "labels/03.png"
# the size of the image, (width, height) as Pillow takes it; the label has 60 x 40
SAME_ASPECT = [(120, 80), (30, 20), (90, 60), (46, 31), (119, 80)]
CROPPED = [(60, 44), (100, 100), (120, 85)]


def load(path):
    with Image.open(path) as image:
        return image.copy()


def resize(data, size, mode="RGB"):
    """One image, resized alone."""
    image = load(data / IMAGE).resize(size).convert(mode)
    image.save(data / IMAGE)
    return image


@pytest.fixture
def data(tmp_path):
    return make(tmp_path / "data")


@pytest.mark.parametrize("size", SAME_ASPECT)
def test_an_image_of_the_same_aspect_is_resized_to_its_label_when_g1_is_asked_for(
    size, data, tmp_path
):
    """Only that file changes, and nothing is wrong afterwards."""
    resize(data, size)
    before = bytes_of(data)
    fixed = fix(data, tmp_path / "out", ["safe", "G1"])
    assert [(c.file, c.to, list(c.rules)) for c in fixed.changes] == [(IMAGE, IMAGE, ["G1"])]
    after = bytes_of(tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == {IMAGE}
    assert load(tmp_path / "out" / IMAGE).size == (60, 40)
    assert "G1" not in audit(tmp_path / "out").totals


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_pixels_are_those_that_pillow_makes(mode, data, tmp_path):
    """Bicubic, in the mode of the image."""
    wanted = resize(data, (120, 80), mode).resize((60, 40), Image.Resampling.BICUBIC)
    fix(data, tmp_path / "out", ["G1"])
    found = load(tmp_path / "out" / IMAGE)
    assert found.mode == mode
    assert np.array_equal(np.asarray(found), np.asarray(wanted))


def test_an_image_of_16_bits_keeps_them(data, tmp_path):
    """Values between 0 and 65535 stay what they are."""
    grey = np.full((80, 120), 40000, np.uint16)
    Image.fromarray(grey).save(data / IMAGE)
    fix(data, tmp_path / "out", ["G1"])
    assert (np.asarray(load(tmp_path / "out" / IMAGE)) == 40000).all()


@pytest.mark.parametrize("size", CROPPED)
def test_an_image_of_another_aspect_is_left_with_the_reason(size, data, tmp_path, capsys):
    """It was cropped, or belongs to another label; no command is printed."""
    resize(data, size)
    assert audit(data).repair("G1") == ""
    main(["audit", str(data)])
    assert "cropped or padded alone" in capsys.readouterr().out
    (left,) = fix(data, tmp_path / "out", ["safe", "G1"]).left
    assert left.reason == "image and label differ in their aspect: one of them was cropped"
    assert (tmp_path / "out" / IMAGE).read_bytes() == (data / IMAGE).read_bytes()


def test_it_is_not_resized_without_being_asked_for(data, tmp_path):
    """The image may be another one than that which was labelled."""
    resize(data, (120, 80))
    assert audit(data).repair("G1").endswith("--fix-rules safe G1")
    fixed = fix(data, tmp_path / "out")
    assert fixed.changes == ()
    (left,) = fixed.left
    assert "ask for G1" in left.reason


def test_an_image_with_an_orientation_tag_is_not_resized(data, tmp_path):
    """Its label may lie on the turned image."""
    exif = Image.Exif()
    exif[274] = 3
    load(data / IMAGE).resize((120, 80)).save(data / IMAGE, exif=exif)
    (left,) = fix(data, tmp_path / "out", ["G1"]).left
    assert "orientation tag" in left.reason


def test_same_aspect_allows_one_pixel():
    """375 x 500 reduced to 300 x 400, rounded down or up, and not by two pixels."""
    sizes = [(300, 399), (300, 400), (300, 401), (300, 403), (300, 397)]
    assert [same_aspect((375, 500), size) for size in sizes] == [True, True, True, False, False]
