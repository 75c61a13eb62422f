"""A clean dataset: eighteen pairs of 48 x 64 pixels, two splits, nothing to find.

Everything is drawn and written here with numpy and Pillow; nothing of ours is imported.
Ground is 0, disc 1, bar 2, and a ring of void 255. The edges of an image are where the classes of
its label meet.
"""

import functools
import io

import numpy as np
from PIL import Image

TRAIN, VAL = range(12), range(12, 18)
SIZE = (48, 64)
NAMES = ("ground", "disc", "bar")
VOID = 255
FILE = "train/labels/03.png"
IMAGE = "train/images/03.png"
_SHADES = np.array([(90, 140, 90), (200, 60, 50), (60, 80, 210), (140, 140, 140)], np.float64)


def draw_label(index, size=SIZE):
    """(H, W) stored values."""
    random = np.random.default_rng((7, index))
    height, width = size
    y, x = np.ogrid[:height, :width]
    cy, cx = random.uniform(0.35, 0.65, 2) * (height, width)
    distance = np.hypot(y - cy, x - cx)
    label = np.zeros(size, np.uint8)
    bar = int(random.integers(2, width - 10))
    label[4:-4, bar : bar + 6] = 2
    label[distance < height / 4] = 1
    label[np.abs(distance - height / 4) < 1] = VOID
    return label


def draw_image(label, index):
    """(H, W, 3) uint8, a shade for each class and some noise."""
    noise = np.random.default_rng((8, index)).normal(0, 6, (*label.shape, 3))
    kind = np.where(label == VOID, 3, np.minimum(label, 2))
    return (_SHADES[kind] + noise).clip(0, 255).astype(np.uint8)


def voc_colors():
    """(256, 3): the bits of the index, dealt out to red, green and blue."""
    index = np.arange(256)
    rgb = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            rgb[:, channel] |= (((index >> 3 * bit + channel) & 1) << 7 - bit).astype(np.uint8)
    return rgb


COLORS = voc_colors()


def write_label(path, stored, palette=COLORS):
    """An indexed PNG of 8 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(label_file(stored, palette))


def label_file(stored, palette=COLORS):
    picture = Image.frombytes("P", stored.shape[::-1], np.ascontiguousarray(stored).tobytes())
    picture.putpalette(np.asarray(palette, np.uint8).tobytes())
    return png(picture)


def png(picture):
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def read(path):
    """The array of an image, as Pillow has it."""
    with Image.open(path) as picture:
        return np.array(picture)


def write_toml(folder, names=NAMES, colors=None, task="multiclass", more=None):
    """dataset.toml with the splits train and val; more holds further lines of each split."""
    lines = [f'task = "{task}"']
    for number, name in enumerate(names):
        lines += ["[[classes]]", f'name = "{name}"', f"value = {number}"]
        lines += [f"color = {list(color)}" for color in (colors or [])[number : number + 1]]
    for split in ("train", "val"):
        lines += [f"[splits.{split}]", f'images = "{split}/images"', f'labels = "{split}/labels"']
        lines += (more or {}).get(split, [])
    (folder / "dataset.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


@functools.cache
def pair_files(label, image, index):
    """The files of a label and of its image."""
    stored = label(index)
    return label_file(stored), png(Image.fromarray(image(stored, index)))


def make_clean(folder, label=draw_label, image=draw_image, **toml):
    """Write the clean dataset; returns the folder."""
    for split, indices in (("train", TRAIN), ("val", VAL)):
        for name in ("labels", "images"):
            (folder / split / name).mkdir(parents=True, exist_ok=True)
        for index in indices:
            for name, content in zip(("labels", "images"), pair_files(label, image, index)):
                (folder / split / name / f"{index:02}.png").write_bytes(content)
    write_toml(folder, **toml)
    return folder


def labels_of(folder, split="*"):
    """Every label file, in order."""
    return sorted(folder.glob(f"{split}/labels/*.png"))


def repaint(folder, change, split="*"):
    """Write every label again, changed."""
    for path in labels_of(folder, split):
        write_label(path, change(read(path)))


def without_void(stored):
    """Ground where void was."""
    return np.where(stored == VOID, 0, stored).astype(np.uint8)
