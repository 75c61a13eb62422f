"""audit --fix of soft masks: labels that were resized or blurred like images."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.classes import Classes
from pixelwise.labels.png import read_label
from pixelwise.repair.command import fix
from repair.fix_data import NUMBER, make, rules_of, save

BINARY = ["background", "object"]


def mask(number):
    """(120, 160) bool: a disc and a bar apart from each other."""
    y, x = np.ogrid[:120, :160]
    found = np.hypot(y - 50, x - 50 - number) < 30
    found[80:110, 100:150] = True
    return found


def cells(number):
    """(120, 160) stored values 0, 128 and 255; the disc of 255 lies in 128, the bar in 0."""
    y, x = np.ogrid[:120, :160]
    distance = np.hypot(y - 50, x - 50 - number)
    label = np.zeros((120, 160), np.uint8)
    label[distance < 40] = 128
    label[distance < 20] = 255
    label[80:112, 110:150] = 255
    return label


def soft(label):
    """Enlarged like an image."""
    return np.asarray(Image.fromarray(label).resize((320, 240), Image.Resampling.BICUBIC))


def sharp(label):
    return np.kron(label, np.ones((2, 2), label.dtype))


def make_soft(folder, classes, draw):
    """A dataset whose label files are soft; its images have their size."""
    labels = [soft(draw(number)) for number in range(NUMBER)]
    make(folder, classes, "binary" if len(classes) == 2 else "multiclass", lambda n: sharp(mask(n)))
    for number, label in enumerate(labels):
        save(folder / f"labels/{number:02}.png", label)
    return labels


def test_a_soft_mask_of_0_and_255_is_cut_at_128_and_its_pixels_are_counted(tmp_path):
    """V2, each pixel the nearer of the two values."""
    classes = Classes(BINARY, values=[0, 255])
    labels = make_soft(tmp_path / "data", classes, lambda n: mask(n) * np.uint8(255))
    assert rules_of(tmp_path / "data") == {"V2"}
    fixed = fix(tmp_path / "data", tmp_path / "out")
    changes = {change.file: change.rules["V2"] for change in fixed.changes}
    for number, label in enumerate(labels):
        name = f"labels/{number:02}.png"
        found = read_label(tmp_path / "out" / name)
        assert np.array_equal(found, np.where(label < 128, 0, 255))
        assert changes[name].pixels == (found != label).sum()
        assert changes[name].snapped.pixels == changes[name].pixels
        assert changes[name].void == 0
    assert "V2" not in rules_of(tmp_path / "out")
    assert fixed.left == ()


def test_a_soft_mask_of_0_and_255_of_classes_0_and_1_loses_no_foreground(tmp_path):
    """255 is not void where no label has areas of 1 beside it."""
    labels = make_soft(tmp_path / "data", Classes(BINARY), lambda n: mask(n) * np.uint8(255))
    assert rules_of(tmp_path / "data") == {"V2"}
    fixed = fix(tmp_path / "data", tmp_path / "out")
    for number, label in enumerate(labels):
        found = read_label(tmp_path / "out" / f"labels/{number:02}.png")
        assert np.array_equal(found, label > 127)
    assert {rule for change in fixed.changes for rule in change.rules} >= {"V2", "V5"}


def test_a_border_between_two_levels_does_not_become_the_class_between_them(tmp_path):
    """From 0 to 255 a smooth border passes 128, which is a class as well."""
    classes = Classes(["background", "cytoplasm", "nucleus"], values=[0, 128, 255])
    make_soft(tmp_path / "data", classes, cells)
    assert rules_of(tmp_path / "data") == {"V2"}
    fix(tmp_path / "data", tmp_path / "out")
    for number in range(NUMBER):
        found = read_label(tmp_path / "out" / f"labels/{number:02}.png")
        truth = sharp(cells(number))
        assert set(np.unique(found)) == {0, 128, 255}
        assert (found == truth).mean() > 0.995
        assert not (found[150:, 210:] == 128).any()


@pytest.mark.parametrize("radius", [1, 3, 6])
def test_a_wide_border_is_cut_in_its_middle(radius, tmp_path):
    """A mask that was blurred."""
    classes = Classes(BINARY, values=[0, 255])
    kernel = np.exp(-(np.arange(-20, 21) ** 2) / (2 * radius**2))

    def blurred(number):
        label = mask(number) * 255.0
        for axis in (0, 1):
            label = np.apply_along_axis(np.convolve, axis, label, kernel / kernel.sum(), "same")
        return label.round().clip(0, 255).astype(np.uint8)

    make(tmp_path / "data", classes, "binary", mask)
    for number in range(NUMBER):
        save(tmp_path / f"data/labels/{number:02}.png", blurred(number))
    assert rules_of(tmp_path / "data") == {"V2"}
    fix(tmp_path / "data", tmp_path / "out")
    for number in range(NUMBER):
        found = read_label(tmp_path / "out" / f"labels/{number:02}.png")
        assert np.array_equal(found, np.where(blurred(number) < 128, 0, 255))
