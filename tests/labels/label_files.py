"""Small label files, from bytes and from values."""

import numpy as np
from PIL import Image

from pixelwise.labels.classes import Classes
from pixelwise.labels.png import write_label

VALUES = np.arange(64, dtype=np.uint8).reshape(8, 8)
CLASSES = Classes(["ground", "tree"])


def stored(folder, data, name="a.png"):
    """The path of a file with these bytes."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def pair(folder, label, name="a", size=None):
    """A grey image and its label below a folder."""
    height, width = size or np.shape(label)
    image = folder / f"images/{name}.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (9, 9, 9)).save(image)
    write_label(folder / f"labels/{name}.png", np.asarray(label, np.uint8))
