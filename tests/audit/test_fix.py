"""audit --fix: the copy is right, the source is as it was, and what is not plain is left."""

import json
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from pixelwise.audit.audit import audit
from pixelwise.audit.fix import fix
from pixelwise.audit.fix_plan import ASKED, MENDABLE, SAFE
from pixelwise.audit.rules import RULES
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split, read_description, write_description
from pixelwise.labels.image import read_image
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png import read_label, write_label

CLASSES = Classes(
    ["ground", "disc", "bar", "pole"],
    colors=[(90, 140, 90), (200, 60, 50), (60, 80, 210), (250, 250, 0)],
)
NUMBER = 6
BAD = "labels/03.png"


def label_of(number, classes=4):
    """(40, 60): a disc, a bar and a pole on the ground, with a rim of void around the disc."""
    y, x = np.ogrid[:40, :60]
    label = np.zeros((40, 60), np.uint8)
    distance = np.hypot(y - 18, x - 20 - number)
    label[distance < 12] = 255
    label[distance < 10] = 1
    label[25:35, 36:57] = 2
    label[2:20, 45 + number : 51 + number] = 3
    return np.where(label < 255, np.minimum(label, classes - 1), label).astype(np.uint8)


def make(folder, classes=CLASSES, task="multiclass", labels=None, **split):
    """Images and clean labels, 00 to 05."""
    split = {"images": "images", "labels": "labels", **split}
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(NUMBER):
        label = label_of(number, len(classes)) if labels is None else labels(number)
        random = np.random.default_rng(number)
        image = random.integers(0, 256, (*label.shape, 3), np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{number:02}.png")
        write_label(folder / "labels" / f"{number:02}.png", label, classes)
    write_description(Description(folder, classes, {"train": Split(**split)}, task), folder)
    return folder


@pytest.fixture
def data(tmp_path):
    return make(tmp_path / "data")


def bytes_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def rules_of(folder):
    return set(audit(folder, listed=None).totals)


def pixels_of(fixed, rule):
    return sum(change.rules[rule][0] for change in fixed.changes if rule in change.rules)


def colors_of(label):
    return CLASSES.palette()[label]


def indexed(label, palette, **options):
    picture = Image.frombytes("P", label.shape[::-1], label.tobytes())
    picture.putpalette(np.asarray(palette, np.uint8).ravel().tolist())
    return picture, options


def two_bit_grey(path, label):
    """A grey PNG with 2 bits a pixel, which Pillow does not write."""
    rows = label.reshape(len(label), -1, 4).astype(np.uint8)
    packed = rows[:, :, 0] << 6 | rows[:, :, 1] << 4 | rows[:, :, 2] << 2 | rows[:, :, 3]
    stream = b"".join(b"\0" + row.tobytes() for row in packed.astype(np.uint8))

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", label.shape[1], label.shape[0], 2, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(stream)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)


def one_channel(label):
    only = np.zeros((*label.shape, 3), np.uint8)
    only[:, :, 2] = label
    return only


def with_alpha(label, alpha=255):
    return np.dstack([colors_of(label), np.full(label.shape, alpha, np.uint8)])


# How each defect comes about; the label is the right one.
DAMAGE = {
    "F2": lambda path, label: save(path, label, format="BMP"),
    "F4": lambda path, label: save(path, label, transparency=3),
    "F5": save,
    "F8": lambda path, label: indexed(label, CLASSES.palette()[:20])[0].save(path),
    "F9": write_label,
    "F10 colours": lambda path, label: save(path, colors_of(label)),
    "F10 grey": lambda path, label: save(path, np.stack([label] * 3, axis=2)),
    "F10 blue": lambda path, label: save(path, one_channel(label)),
    "F11": lambda path, label: save(path, colors_of(label)[:, :, ::-1].copy()),
    "F12": lambda path, label: save(path, with_alpha(label)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_loses_nothing_is_mended_to_the_right_values(data, tmp_path, damage):
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


def test_labels_of_another_format_get_another_ending(data, tmp_path):
    """A BMP label that is written anew is a PNG; pairs are found as before."""
    save(data / "labels/05.bmp", label_of(5))
    (data / "labels/05.png").unlink()
    fixed = fix(data, tmp_path / "out")
    assert [(c.file, c.to) for c in fixed.changes] == [("labels/05.bmp", "labels/05.png")]
    assert np.array_equal(read_label(tmp_path / "out/labels/05.png"), label_of(5))
    assert len(read_description(tmp_path / "out").pairs("train")) == NUMBER


def test_an_image_with_a_wrong_ending_is_renamed(data, tmp_path):
    """F2 of an image: the bytes stay, the name says what they are."""
    picture = np.zeros((40, 60, 3), np.uint8)
    save(data / "images/03.png", picture, format="BMP")
    fixed = fix(data, tmp_path / "out")
    assert [(c.file, c.to, c.rules) for c in fixed.changes] == [
        ("images/03.png", "images/03.bmp", {"F2": (0, 0)})
    ]
    assert np.array_equal(read_image(tmp_path / "out/images/03.bmp"), picture)
    assert rules_of(tmp_path / "out") == set()
    assert len(read_description(tmp_path / "out").pairs("train")) == NUMBER


@pytest.mark.parametrize(
    ("split", "reason"),
    [
        ({"images": "labels", "label_suffix": ".png"}, "is another file"),
        ({"images": "images", "image_suffix": ".bmp"}, "asks for its ending"),
    ],
)
def test_a_name_that_cannot_change_is_left(tmp_path, split, reason):
    """The new name is taken, or dataset.toml asks for the old ending."""
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


def right_or_void(out, truth):
    """Shares of the pixels of BAD that are right, and that are void though they should not be."""
    found = read_label(out / BAD)
    return (found == truth).mean(), ((found == 255) & (truth != 255)).mean()


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
    pixels, void = change.rules[next(iter(rules & {"V2", "V3"}))]
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


def test_a_colour_beside_that_of_a_class_is_mended_and_counted(data, tmp_path):
    """V1 of a few pixels: (92, 141, 90) can only be ground."""
    picture = colors_of(label_of(3))
    picture[36:39, 3:9] = (92, 141, 90)
    picture[0, :2] = (255, 0, 255)
    save(data / BAD, picture)
    rule = (rules_of(data) & {"V1", "V2"}).pop()
    fixed = fix(data, tmp_path / "out")
    found = read_label(tmp_path / "out" / BAD)
    assert fixed.changes[0].rules[rule] == (20, 2)
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


def test_noise_on_values_that_are_far_apart_is_mended(tmp_path):
    """V3 of a grey label: 0, 60 for void, 128 and 250 can be told apart, 64 off would be void."""
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
    assert "noise joins them" in left.reason
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


def test_a_shift_by_one_is_mended_only_when_it_is_asked_for(data, tmp_path):
    """V6 is likely, not sure: left with a reason, or all labels are shifted."""
    for number in range(NUMBER):
        label = label_of(number)
        write_label(
            data / f"labels/{number:02}.png", np.where(label < 255, label + 1, 255), CLASSES
        )
    assert "V6" in rules_of(data)
    left = fix(data, tmp_path / "same").left
    assert {one.rule for one in left} == {"V6"}
    assert "--fix-rules safe V6" in left[0].reason
    fix(data, tmp_path / "out", ["V6"])
    assert all(
        np.array_equal(read_label(tmp_path / f"out/labels/{n:02}.png"), label_of(n))
        for n in range(NUMBER)
    )
    assert rules_of(tmp_path / "out") == set()


def test_a_lossy_label_is_mended_only_when_it_is_asked_for(data, tmp_path):
    """F1: a JPEG of the colours, called .png."""
    save(data / BAD, colors_of(label_of(3)), format="JPEG", quality=95, subsampling=0)
    left = fix(data, tmp_path / "same").left
    assert {one.rule for one in left} == {"F1"}
    assert (tmp_path / "same" / BAD).read_bytes() == (data / BAD).read_bytes()
    fix(data, tmp_path / "out", ["safe", "F1"])
    right, void = right_or_void(tmp_path / "out", label_of(3))
    assert right + void > 0.99
    assert "F1" not in rules_of(tmp_path / "out")


def cut(path):
    path.write_bytes(path.read_bytes()[:300])


def short_palette(path):
    # Pillow keeps the low two bits of every value, as it does for anyone
    picture, options = indexed(label_of(3) & 3, CLASSES.palette()[:4])
    picture.save(path, **options)


def unknown_value(path):
    label = label_of(3)
    label[5:7, 5:7] = 77
    write_label(path, label, CLASSES)


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
def test_what_cannot_be_mended_safely_is_left_with_a_reason(data, tmp_path, damage, rule, reason):
    """The bytes stay, and the copy still shows the defect."""
    damage(data / BAD)
    save(data / "labels/01.png", label_of(1))
    fixed = fix(data, tmp_path / "out")
    left = {(one.file, one.rule): one.reason for one in fixed.left}
    assert left[BAD, rule].startswith(reason)
    assert (tmp_path / "out" / BAD).read_bytes() == (data / BAD).read_bytes()
    assert [change.file for change in fixed.changes] == ["labels/01.png"]
    assert rule in rules_of(tmp_path / "out")


def test_a_clean_data_set_is_copied_byte_for_byte(data, tmp_path):
    """Nothing is written anew for the sake of it."""
    fixed = fix(data, tmp_path / "out")
    assert (fixed.changes, fixed.left) == ((), ())
    after = bytes_of(tmp_path / "out")
    del after["fix.json"]
    assert after == bytes_of(data)


def test_grey_labels_alone_are_no_reason_to_write_them(data, tmp_path):
    """They are all stored the same way, so that no rule is broken."""
    for number in range(NUMBER):
        save(data / f"labels/{number:02}.png", label_of(number))
    assert fix(data, tmp_path / "out").changes == ()


def damaged(data):
    """Several defects at once."""
    for number, name in enumerate(("F2", "F10 colours", "F11", "F9", "F12")):
        DAMAGE[name](data / f"labels/{number:02}.png", label_of(number))
    return data


def test_the_same_call_gives_the_same_bytes(data, tmp_path):
    """In another folder, and once more in the same one."""
    damaged(data)
    fix(data, tmp_path / "out")
    first = bytes_of(tmp_path / "out")
    fix(data, tmp_path / "out")
    assert bytes_of(tmp_path / "out") == first
    fix(data, tmp_path / "two")
    second = bytes_of(tmp_path / "two")
    assert {**second, "fix.json": b""} == {**first, "fix.json": b""}


def test_an_interrupted_copy_is_completed(data, tmp_path):
    """Files are missing, one is of the source, one is half written by somebody else."""
    damaged(data)
    fix(data, tmp_path / "out")
    whole = bytes_of(tmp_path / "out")
    (tmp_path / "out/fix.json").unlink()
    (tmp_path / "out/labels/01.png").write_bytes((data / "labels/01.png").read_bytes())
    (tmp_path / "out/labels/02.png").unlink()
    (tmp_path / "out/images/04.png").write_bytes(b"half")
    fix(data, tmp_path / "out")
    assert bytes_of(tmp_path / "out") == whole


def test_any_executor_gives_the_same_copy(data, tmp_path):
    """Four threads, and none."""
    damaged(data)
    alone = fix(data, tmp_path / "out")
    with ThreadPoolExecutor(4) as executor:
        together = fix(data, tmp_path / "two", executor=executor)
    assert (alone.changes, alone.left) == (together.changes, together.left)
    one, two = bytes_of(tmp_path / "out"), bytes_of(tmp_path / "two")
    assert {**one, "fix.json": b""} == {**two, "fix.json": b""}


def test_the_log_names_every_change(data, tmp_path):
    """File, name in the copy, and pixels by rule; no time, so that it is the same twice."""
    DAMAGE["F11"](data / BAD, label_of(3))
    unknown_value(data / "labels/01.png")
    fixed = fix(data, tmp_path / "out")
    log = json.loads((tmp_path / "out/fix.json").read_text())
    assert log == json.loads(json.dumps(fixed.as_dict()))
    assert log["schema"] == "pixelwise.fix/1"
    swapped = (colors_of(label_of(3)) != colors_of(label_of(3))[:, :, ::-1]).any(axis=2).sum()
    assert log["changes"] == [
        {"file": BAD, "to": BAD, "rules": {"F11": {"pixels": int(swapped), "void": 0}}}
    ]
    assert [(one["file"], one["rule"]) for one in log["left"]] == [("labels/01.png", "V4")]


@pytest.mark.parametrize("place", [".", "labels", "new/folder", ".."])
def test_a_copy_is_never_written_into_the_source(data, place):
    """Nor around it; the message proposes a folder beside it."""
    before = bytes_of(data)
    with pytest.raises(DatasetError, match=r"outside of the data set, .* --fix .*data-fixed"):
        fix(data, data / place)
    assert bytes_of(data) == before


def test_a_link_into_the_source_is_seen_through(data, tmp_path):
    """The real path counts."""
    (tmp_path / "link").symlink_to(data, target_is_directory=True)
    with pytest.raises(DatasetError, match="outside of the data set"):
        fix(data, tmp_path / "link")


def test_a_folder_with_other_files_is_refused(data, tmp_path):
    """They would become a part of the copy; nothing is written."""
    (tmp_path / "out/labels").mkdir(parents=True)
    (tmp_path / "out/labels/99.png").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"out must be new, empty, .* 1 other files .*99\.png"):
        fix(data, tmp_path / "out")
    assert list(bytes_of(tmp_path / "out")) == ["labels/99.png"]


def test_a_data_set_without_description_is_refused(data, tmp_path):
    """Without classes nobody knows what is right."""
    (data / "dataset.toml").unlink()
    with pytest.raises(DatasetError, match=r"with dataset\.toml, got none.* pixelwise init"):
        fix(data, tmp_path / "out")


def test_a_rule_that_cannot_be_mended_is_refused(data, tmp_path):
    """The message lists those that can."""
    with pytest.raises(ArgumentError, match=r"rules must be one of safe, F2, .* got 'V4'"):
        fix(data, tmp_path / "out", ["V4"])


def test_every_rule_that_names_the_command_is_mended_by_it():
    """And the two that must be asked for say how."""
    named = {rule for rule, meaning in RULES.items() if " --fix " in meaning.fix}
    assert named == set(MENDABLE)
    for rule in ASKED:
        assert RULES[rule].fix.endswith(f"--fix-rules safe {rule}")


def test_safe_stands_for_all_that_need_not_be_asked_for(data, tmp_path):
    """Each rule once, in the order of the table."""
    assert fix(data, tmp_path / "a").rules == SAFE
    assert fix(data, tmp_path / "b", ["F1", "safe", "F9"]).rules == (*SAFE, "F1")


def test_only_the_rules_asked_for_are_mended(data, tmp_path):
    """The others are left and say so; labels are stored alike whenever one is written anew."""
    damaged(data)
    fixed = fix(data, tmp_path / "out", ["F11"])
    assert {rule for change in fixed.changes for rule in change.rules} == {"F2", "F5", "F9", "F11"}
    assert {(one.rule, one.reason) for one in fixed.left} == {
        ("F10", "its repair is not asked for"),
        ("F12", "its repair is not asked for"),
    }


def test_lists_are_copied_and_other_files_are_not(data, tmp_path):
    """What dataset.toml names is the data set."""
    text = (data / "dataset.toml").read_text()
    (data / "dataset.toml").write_text(text + 'list = "train.txt"\n')
    (data / "train.txt").write_text("00\n01\n")
    (data / "secret.txt").write_text("x")
    fix(data, tmp_path / "out")
    names = bytes_of(tmp_path / "out").keys()
    assert "train.txt" in names
    assert "secret.txt" not in names
    assert len(names) == 2 * NUMBER + 3


def test_the_command_mends_and_says_what_it_did(data, tmp_path, capsys):
    """Exit code 1, as the data set itself still has errors; the copy has none."""
    DAMAGE["F11"](data / BAD, label_of(3))
    assert main(["audit", str(data), "--fix", str(tmp_path / "out")]) == 1
    out = capsys.readouterr().out
    assert f"{tmp_path / 'out'}: 1 file mended, {2 * NUMBER} files copied as they were" in out
    assert "  mended F11 red and blue are swapped in the label: 1 file, " in out
    assert main(["audit", str(tmp_path / "out")]) == 0
    words = ["audit", str(data), "--fix", str(tmp_path / "out"), "--fix-rules", "F11", "--json"]
    capsys.readouterr()
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out)["fixed"]["rules"] == ["F11"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fix-rules", "F1"], "fix_rules must be used with fix"),
        (["--fix", "out", "--fix-rules", "V4"], "rules must be one of safe, F2"),
    ],
)
def test_wrong_options_of_the_command_are_one_line(data, tmp_path, capsys, words, message):
    """Exit code 2."""
    words = [str(tmp_path / word) if word == "out" else word for word in words]
    assert main(["audit", str(data), *words]) == 2
    assert message in capsys.readouterr().err
