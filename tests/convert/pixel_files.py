"""Label images of random classes, and their conversion."""

import numpy as np
from PIL import Image

from convert.annotations import SIZE
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.labels.png import read_label


def random_index(classes, seed=0, size=SIZE):
    return np.random.default_rng(seed).integers(0, classes, size).astype(np.uint8)


def save(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array, mode).save(path)
    return path


def converted(source, format, **changes):
    return convert(
        ConvertConfig(source=source, format=format, out=source.parent / "out", **changes)
    )


def label_of(report, name="a"):
    return read_label(report.folder / f"labels/{name}.png")
