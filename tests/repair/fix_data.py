"""A clean dataset for audit --fix, ways to damage its labels, and what to compare."""

import struct
import zlib

import numpy as np
from PIL import Image

from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description, Split, write_description
from pixelwise.labels.png import read_label, write_label
from pixelwise.report.audit_page import audit

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


def bytes_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def rules_of(folder):
    return set(audit(folder, listed=None).totals)


def pixels_of(fixed, rule):
    return sum(change.rules[rule].pixels for change in fixed.changes if rule in change.rules)


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


def right_or_void(out, truth):
    """Shares of the pixels of BAD that are right, and that are void though they should not be."""
    found = read_label(out / BAD)
    return (found == truth).mean(), ((found == 255) & (truth != 255)).mean()


def unknown_value(path):
    label = label_of(3)
    label[5:7, 5:7] = 77
    write_label(path, label, CLASSES)
