"""audit --fix of values and colours: the right class, or void, or nothing is changed."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png import read_label, write_label
from pixelwise.repair.command import fix
from pixelwise.repair.result import Pixels
from repair.fix_data import (
    BAD,
    CLASSES,
    NUMBER,
    colors_of,
    label_of,
    make,
    pixels_of,
    right_or_void,
    rules_of,
    save,
)


@pytest.fixture
def data(tmp_path):
    return make(tmp_path / "data")


def test_smooth_edges_become_the_nearest_class_or_void(data, tmp_path):
    """V2 in colours: every pixel is right or void, and void is no more than the edges."""
    small = Image.fromarray(colors_of(np.where(label_of(3) == 255, 0, label_of(3))))
    small.resize((120, 80), Image.Resampling.BILINEAR).resize(
        (60, 40), Image.Resampling.BILINEAR
    ).save(data / BAD)
    rules = rules_of(data)
    fixed = fix(data, tmp_path / "out")
    found, truth = read_label(tmp_path / "out" / BAD), np.where(label_of(3) == 255, 0, label_of(3))
    assert rules & {"V2", "V3"}
    assert ((found == truth) | (found == 255)).mean() > 0.99
    assert (found == 255).mean() < 0.15
    assert rules_of(tmp_path / "out") <= {"R1"}
    (change,) = fixed.changes
    done = change.rules[next(iter(rules & {"V2", "V3"}))]
    pixels, void = done.pixels, done.void
    assert void == (found == 255).sum()
    assert pixels >= void


def large_label(number):
    return np.kron(label_of(number), np.ones((4, 4), np.uint8))


def test_noise_of_a_jpeg_becomes_the_nearest_class_or_void(tmp_path):
    """V3, or V1 if no pixel has kept its colour: a label that was a JPEG in between."""
    data = make(tmp_path / "large", labels=large_label)
    save(tmp_path / "lossy.jpg", colors_of(large_label(3)), quality=90, subsampling=0)
    Image.open(tmp_path / "lossy.jpg").save(data / BAD)
    assert rules_of(data) & {"V1", "V3"}
    fix(data, tmp_path / "out")
    right, void = right_or_void(tmp_path / "out", large_label(3))
    assert right + void > 0.99
    assert right > 0.85
    assert not rules_of(tmp_path / "out") & {"V1", "V3"}


def test_a_colour_beside_that_of_a_class_is_repaired_and_counted(data, tmp_path):
    """V1 of a few pixels: (92, 141, 90) can only be ground."""
    picture = colors_of(label_of(3))
    picture[36:39, 3:9] = (92, 141, 90)
    picture[0, :2] = (255, 0, 255)
    save(data / BAD, picture)
    rule = (rules_of(data) & {"V1", "V2"}).pop()
    fixed = fix(data, tmp_path / "out")
    found = read_label(tmp_path / "out" / BAD)
    assert fixed.changes[0].rules[rule] == Pixels(20, 2)
    assert (found[36:39, 3:9] == 0).all()
    assert (found[0, :2] == 255).all()
    assert np.array_equal(found[1:], label_of(3)[1:])


def test_colours_of_another_table_are_left(data, tmp_path):
    """V1 of all pixels: void everywhere would be no repair."""
    save(data / BAD, voc_colormap()[label_of(3) % 4 + 4])
    fixed = fix(data, tmp_path / "out")
    (left,) = fixed.left
    assert (left.file, left.rule) == (BAD, "V1")
    assert "near no class" in left.reason
    assert (tmp_path / "out" / BAD).read_bytes() == (data / BAD).read_bytes()


FAR = Classes(["ground", "disc", "bar"], values=[0, 128, 250], ignore_index=60)


def far_labels(number):
    label = np.minimum(label_of(number), 2)
    return np.array(FAR.to_stored(label))


def test_noise_on_values_that_are_far_apart_is_repaired(tmp_path):
    """V3 of a grey label: 0, 60 for void, 128 and 250 are distinct, 64 off would be void."""
    data = make(tmp_path / "data", FAR, labels=far_labels)
    truth = far_labels(3)
    noise = np.random.default_rng(5).integers(-15, 16, truth.shape)
    noisy = (truth + noise).clip(0, 255).astype(np.uint8)
    write_label(data / BAD, noisy, FAR)
    assert rules_of(data) == {"V3"}
    fixed = fix(data, tmp_path / "out")
    assert np.array_equal(read_label(tmp_path / "out" / BAD), truth)
    assert pixels_of(fixed, "V3") == (noisy != truth).sum()


def test_noise_on_values_that_are_close_is_left(data, tmp_path):
    """V3 among 0, 1, 2, 3: a wrong 2 looks like a right one."""
    noise = np.random.default_rng(5).integers(0, 14, (40, 60))
    write_label(data / BAD, (label_of(3) % 4 + noise).astype(np.uint8), CLASSES)
    assert "V3" in rules_of(data)
    fixed = fix(data, tmp_path / "out")
    (left,) = (one for one in fixed.left if one.rule == "V3")
    assert "stored values are closer to each other than noise reaches" in left.reason
    assert (tmp_path / "out" / BAD).read_bytes() == (data / BAD).read_bytes()


def test_lines_between_two_values_become_their_neighbours_or_void(tmp_path):
    """V2 of stored values: 0 and 200 were interpolated, and 50, 100, 150 mean nothing."""
    classes = Classes(["ground", "disc"], values=[0, 200])

    def labels(number):
        label = np.zeros((40, 60), np.uint8)
        label[10:30, 20 + number : 40] = 200
        return label

    data = make(tmp_path / "data", classes, labels=labels)
    truth = labels(3)
    smooth = truth.astype(float)
    for axis in (0, 1):
        smooth = (np.roll(smooth, 1, axis) + smooth * 2 + np.roll(smooth, -1, axis)) / 4
    write_label(data / BAD, smooth.astype(np.uint8), classes)
    assert rules_of(data) == {"V2"}
    fix(data, tmp_path / "out")
    found = read_label(tmp_path / "out" / BAD)
    assert set(np.unique(found)) <= {0, 200, 255}
    assert (found == truth).mean() > 0.95
    assert ((found == truth) | (found == 255)).mean() > 0.99
    assert rules_of(tmp_path / "out") == set()


BINARY = Classes(["ground", "disc"])


def mask_of(number, foreground=255):
    return np.where(label_of(number) == 1, foreground, 0).astype(np.uint8)


@pytest.mark.parametrize("shown", [255, 128])
def test_a_mask_for_looking_at_becomes_zero_and_one(tmp_path, shown):
    """V5: the foreground is 1, in every file."""
    data = make(tmp_path / "data", BINARY, "binary", lambda n: mask_of(n, shown))
    fixed = fix(data, tmp_path / "out")
    assert np.array_equal(read_label(tmp_path / "out" / BAD), mask_of(3, 1))
    assert pixels_of(fixed, "V5") == sum(int((mask_of(n, 1)).sum()) for n in range(NUMBER))
    assert rules_of(tmp_path / "out") == set()


def test_a_mask_with_three_channels_becomes_zero_and_one(tmp_path):
    """F10 and V5 at once, as cv2.imwrite of a mask makes them."""
    data = make(tmp_path / "data", BINARY, "binary")
    for number in range(NUMBER):
        save(data / f"labels/{number:02}.png", np.stack([mask_of(number)] * 3, axis=2))
    fix(data, tmp_path / "out")
    assert np.array_equal(read_label(tmp_path / "out" / BAD), mask_of(3, 1))
    assert rules_of(tmp_path / "out") == set()


def test_void_of_a_binary_data_set_stays_void(tmp_path):
    """Where 1 and 255 stand side by side in one label, 255 is void in all of them."""
    data = make(tmp_path / "data", BINARY, "binary", lambda n: np.minimum(label_of(n), 255))
    save(data / BAD, np.stack([mask_of(3)] * 3, axis=2))
    write_label(data / "labels/00.png", np.where(label_of(0) > 1, 255, label_of(0)), BINARY)
    for number in (1, 2, 4, 5):
        write_label(data / f"labels/{number:02}.png", mask_of(number, 1), BINARY)
    fix(data, tmp_path / "out")
    assert set(np.unique(read_label(tmp_path / "out" / BAD))) == {0, 255}


def test_wide_files_of_small_values_get_eight_bits(data, tmp_path):
    """V10: the same values, indexed."""
    for number in range(NUMBER):
        save(data / f"labels/{number:02}.png", label_of(number).astype(np.uint16))
    assert rules_of(data) == {"V10"}
    fix(data, tmp_path / "out")
    assert read_label(tmp_path / "out" / BAD).dtype == np.uint8
    assert np.array_equal(read_label(tmp_path / "out" / BAD), label_of(3))
    assert rules_of(tmp_path / "out") == set()


def test_values_above_255_keep_all_labels_at_sixteen_bits(tmp_path):
    """A label with 8 bits among them is written like the others."""
    classes = Classes(["ground", "thing"], values=[0, "other"])
    data = make(tmp_path / "data", classes, labels=lambda n: label_of(n).astype(np.uint16) * 300)
    save(data / BAD, np.minimum(label_of(3), 9))
    assert "F5" in rules_of(data)
    fix(data, tmp_path / "out")
    assert read_label(tmp_path / "out" / BAD).dtype == np.uint16
    assert np.array_equal(read_label(tmp_path / "out" / BAD), np.minimum(label_of(3), 9))
    assert "F5" not in rules_of(tmp_path / "out")


def test_label_ids_of_cityscapes_become_train_ids(tmp_path):
    """V7: 7 -> 0, 8 -> 1, 11 -> 2, 26 -> 13, and 0, 4 and 9 are void."""
    ids = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
    extra = np.array([0, 4, 9])

    def labels(number):
        row = np.roll(np.concatenate([ids, extra]), number).astype(np.uint8)
        return np.repeat(np.repeat(row[None], 30, axis=0), 3, axis=1)

    data = make(tmp_path / "data", Classes.named("cityscapes"), labels=labels)
    assert "V7" in rules_of(data)
    fix(data, tmp_path / "out")
    table = np.full(34, 255)
    table[ids] = np.arange(19)
    assert np.array_equal(read_label(tmp_path / "out" / BAD), table[labels(3)])
    assert not rules_of(tmp_path / "out") & {"V4", "V7"}


def test_a_shift_by_one_is_repaired_only_when_it_is_asked_for(data, tmp_path):
    """V6 is likely, not sure: left with a reason, or all labels are shifted."""
    for number in range(NUMBER):
        label = label_of(number)
        write_label(
            data / f"labels/{number:02}.png", np.where(label < 255, label + 1, 255), CLASSES
        )
    assert "V6" in rules_of(data)
    left = fix(data, tmp_path / "same").left
    assert {one.rule for one in left} == {"V6"}
    assert "ask for V6" in left[0].reason
    fix(data, tmp_path / "out", ["V6"])
    assert all(
        np.array_equal(read_label(tmp_path / f"out/labels/{n:02}.png"), label_of(n))
        for n in range(NUMBER)
    )
    assert rules_of(tmp_path / "out") == set()


def test_a_lossy_label_is_repaired_only_when_it_is_asked_for(data, tmp_path):
    """F1: a JPEG of the colours, called .png."""
    save(data / BAD, colors_of(label_of(3)), format="JPEG", quality=95, subsampling=0)
    left = fix(data, tmp_path / "same").left
    assert {one.rule for one in left} == {"F1"}
    assert (tmp_path / "same" / BAD).read_bytes() == (data / BAD).read_bytes()
    repaired = fix(data, tmp_path / "out", ["safe", "F1"])
    right, void = right_or_void(tmp_path / "out", label_of(3))
    assert right + void > 0.99
    assert "F1" not in rules_of(tmp_path / "out")
    (number,) = [change.rules["F1"] for change in repaired.changes if "F1" in change.rules]
    assert number.snapped.pixels == number.pixels - number.void
    assert 0 < number.snapped.mean_distance <= number.snapped.largest_distance <= 48
    assert f"{number.snapped.pixels:,} pixels in 1 label, of up to" in repaired.text()
