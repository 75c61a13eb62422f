"""Twelve annotated images of a street, and the settings that convert them."""

from convert.annotations import RIGHT, SQUARE, shape, write_labelme
from pixelwise.convert.config import ConvertConfig

NAMES = [f"street/{name}" for name in "abcdefghijkl"]


def settings(source, **changes):
    return ConvertConfig(
        **{"source": source, "format": "labelme", "out": source / "../out", **changes}
    )


def write_street(folder):
    """Twelve images, each with a cat, and a dog that lies partly on top of it."""
    for number, name in enumerate(NAMES):
        moved = [[x + number / 4, y] for x, y in SQUARE]
        write_labelme(folder, name, [shape("cat", moved), shape("dog", RIGHT)])
    return folder
