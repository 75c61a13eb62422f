"""Small datasets for tests, drawn here and written with Pillow alone; adversarial by default.

Stored values are not class indices, void is 11, images differ in size, and no size is even.
"""

from pathlib import Path

import numpy as np
from PIL import Image

VOID = 11
STORED = (0, 128, 7)  # of ground, disc, bar
COLORS = np.array([(90, 140, 90), (200, 60, 50), (60, 80, 210)])
NAMES = ("ground", "disc", "bar")


def draw(index, size, classes=3):
    """An image (H, W, 3) uint8 and class indices (H, W), with 255 for void."""
    random = np.random.default_rng((99, index))
    height, width = size[0] + 4 * (index % 2), size[1] - 6 * (index % 3)
    y, x = np.ogrid[:height, :width]
    cy, cx = random.uniform(0.3, 0.7, 2) * (height, width)
    distance = np.hypot(y - cy, x - cx)
    radius = height / 3.5
    index_map = np.zeros((height, width), np.uint8)
    bar = int(random.integers(0, width - 6))
    index_map[:, bar : bar + 5] = 2 if classes > 2 else 0
    index_map[distance < radius] = 1
    image = COLORS[index_map] + random.normal(0, 12, (height, width, 3))
    index_map[np.abs(distance - radius) < 0.7] = 255
    return np.clip(image, 0, 255).astype(np.uint8), index_map


def write_image(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def write_stored(path, stored):
    """A label file with a palette, holding exactly these values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.frombytes("P", stored.shape[::-1], stored.astype(np.uint8).tobytes())
    picture.putpalette([v for i in range(256) for v in (i, 255 - i, i)])
    picture.save(path)


def make_dataset(folder, train=6, val=2, size=(33, 47), binary=False, names=NAMES, declare=True):
    """A folder with images, labels and dataset.toml.

    Args:
        folder: made if it does not exist.
        train, val: pairs of each split.
        size: (height, width) of the first pair; the others differ a little.
        binary: two classes and one sigmoid channel instead of three classes.
        names: class names.
        declare: say in dataset.toml that 11 is void.
    Returns:
        The folder.
    """
    names = names[:2] if binary else names
    folder = Path(folder)
    values = np.full(256, VOID, np.uint8)
    values[: len(names)] = STORED[: len(names)]
    index = 0
    for split, count in (("train", train), ("val", val)):
        for _ in range(count):
            image, label = draw(index, size, len(names))
            write_image(folder / split / "images" / f"{index:02}.png", image)
            write_stored(folder / split / "labels" / f"{index:02}.png", values[label])
            index += 1
    write_toml(folder, names, binary, declare)
    return folder


def write_toml(folder, names, binary=False, declare=True):
    lines = [f'task = "{"binary" if binary else "multiclass"}"']
    lines += [f"ignore_values = [{VOID}]"] * declare
    for name, value in zip(names, STORED):
        lines += ["[[classes]]", f"name = '{name}'", f"value = {value}"]
    for split in ("train", "val"):
        lines += [f"[splits.{split}]", f'images = "{split}/images"', f'labels = "{split}/labels"']
    (folder / "dataset.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def train_settings(data, out, **changes):
    """Settings of a training that takes a second."""
    small = {
        "network": "small",
        "epochs": 1,
        "batch": 2,
        "workers": 0,
        "device": "cpu",
        "log_every": 1,
    }
    return {"data": data, "out": out, **small, **changes}
