"""YOLO segmentation: one text file an image, one object a line, in fractions of the image.

class x0 y0 x1 y1 ...        at least three points
class x y width height       a box by its centre: it is painted as a rectangle

An image without a text file has no objects. Classes have no background, so class k of the file is
index k + 1. Images and text files have the same names, in folders called images and labels.

Source: Ultralytics documentation, segmentation dataset format.
"""

from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.images import read_picture
from pixelwise.convert.legend import Legend
from pixelwise.convert.legend_files import yaml_names
from pixelwise.convert.paths import check_apart, files_below, images_below
from pixelwise.convert.records import Drawing, Item, Object, Rows, Source
from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.toml_file import read_text
from pixelwise.labels.shapes import Outline, Size
from pixelwise.sums import map_over

IMAGES, LABELS = "images", "labels"
_NAME_FILES = ("classes.txt", "obj.names")
_BOX_NUMBERS = 4
# A point may miss the image by the rounding of its six digits.
_SLACK = 1e-3


def find(config: ConvertConfig, executor: Executor | None) -> Source:
    """The images below the source, each with its text file, and the names of the classes."""
    items = _by_folders(config) if config.images is None else _by_two_folders(config)
    names = _names(config.source)
    notes: tuple[str, ...] = ()
    if names is None and config.classes is None:
        files = (path for item in items for path in item.files)
        largest = max(map_over(files, _largest_class, executor), default=-1)
        names = tuple(f"class_{number}" for number in range(largest + 1)) or None
        notes = ("classes have no names: there is no .yaml file and no classes.txt",)
    return Source(items, None if names is None else Rows(names), notes)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:  # noqa: ARG001
    """The objects of one text file."""
    size = read_picture(Path(str(item.image))).turned_size
    names = legend.stored.names
    objects, problems = [], []
    for path in item.files:
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            at = f"line {number}"
            words = line.split()
            outline = _outline(words, size) if words else None
            if isinstance(outline, str):
                problems.append(f"{at} has {outline}")
            elif outline is not None:
                index = int(words[0])
                name = names[index] if index < len(names) else f"class {index}"
                objects.append(Object(name, (outline,), at))
    return Drawing(size, tuple(objects), problems=tuple(problems), frames=("turned",))


def _outline(words: list[str], size: Size) -> Outline | str:
    """The shape of a line, or what is wrong with it in words."""
    if not words[0].isdecimal():
        return f"the class {words[0]!r}, which is no number 0, 1, 2, ..."
    try:
        numbers = np.array(words[1:], np.float64)
    except ValueError:
        return "coordinates that are no numbers"
    if len(numbers) % 2 or len(numbers) < _BOX_NUMBERS:
        return f"{len(numbers)} coordinates instead of x y x y ..."
    if not np.isfinite(numbers).all():
        return "coordinates that are not finite"
    if numbers.min() < -_SLACK or numbers.max() > 1 + _SLACK:
        return f"coordinates {numbers.min():g}..{numbers.max():g} instead of 0..1"
    points = numbers.reshape(-1, 2) * (size[1], size[0])
    if len(numbers) == _BOX_NUMBERS:
        center, half = points[0], points[1] / 2
        return Outline(np.array([center - half, center + half]), "rectangle")
    return Outline(points)


def _by_folders(config: ConvertConfig) -> list[Item]:
    """images/... with labels/..., or .../images with .../labels, below the source."""
    items = []
    for name, image in images_below(config.source):
        parts = name.split("/")
        if IMAGES not in parts[:-1]:
            continue
        place = len(parts) - 2 - parts[-2::-1].index(IMAGES)
        text = Path(config.source, *parts[:place], LABELS, *parts[place + 1 :]).with_suffix(".txt")
        key = "/".join((*parts[:place], *parts[place + 1 :]))
        items.append(_item(key, image, text))
    if not items:
        hint = "Give the folder of the images with --images."
        got = "none of the two"
        constraint = f"a folder with {IMAGES} and {LABELS} in it"
        raise DatasetError(config.source, "source", must=constraint, got=got, hint=hint)
    return items


def _by_two_folders(config: ConvertConfig) -> list[Item]:
    images = Path(str(config.images))
    check_apart(images, config.folder)
    items = [
        _item(name, image, Path(config.source, name).with_suffix(".txt"))
        for name, image in images_below(images)
    ]
    used = {path for item in items for path in item.files}
    orphans = [
        str(path)
        for _, path in files_below(config.source, [".txt"])
        if path not in used and path.name not in _NAME_FILES
    ]
    if orphans:
        got = f"{len(orphans):,} without, such as {orphans[0]}"
        raise DatasetError(config.source, "text files", must="each with an image", got=got)
    return items


def _item(key: str, image: Path, text: Path) -> Item:
    return Item(str(Path(key).with_suffix("")), (text,) if text.is_file() else (), image)


def _names(source: Path) -> tuple[str, ...] | None:
    """Class names in a .yaml file or a list of names beside the data."""
    folders = [source, source.parent]
    for folder in folders:
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            try:
                return yaml_names(str(file), read_text(file))
            except DatasetError:
                continue  # a settings file of something else
        for file in (folder / name for name in _NAME_FILES):
            if file.is_file():
                return tuple(line.strip() for line in read_text(file).splitlines() if line.strip())
    return None


def _largest_class(path: Path) -> int:
    """The largest class number of a file; lines that are wrong are refused by read."""
    try:
        words = [line.split()[0] for line in read_text(path).splitlines() if line.strip()]
    except PixelwiseError:
        return -1
    return max((int(word) for word in words if word.isdecimal()), default=-1)
