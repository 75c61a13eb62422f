"""YOLO segmentation: one text file an image, one object a line, in fractions of the image.

class x0 y0 x1 y1 ...        at least three points
class x y width height       a box by its centre: painted, as a rectangle, on request alone

An image without a text file has no objects. Classes have no background, so class k of the file is
index k + 1. Images and text files have the same names, in folders called images and labels.

Source: Ultralytics documentation, segmentation dataset format.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from os.path import isdir, isfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.coco import boxes_error
from pixelwise.convert.formats.items import size_of_image
from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import IMAGES, LABELS, check_apart, files_below, images_below
from pixelwise.convert.reading import JsonFile, NamedFile, Reading, digest, read_content
from pixelwise.convert.records import Drawing, Item, Object, Parts, Source
from pixelwise.errors import DatasetError, PixelwiseError, setting
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.files.toml_file import read_text
from pixelwise.labels.shapes import Outline, Size
from pixelwise.legend.rows import Rows
from pixelwise.legend.yaml_names import yaml_names, yaml_splits
from pixelwise.survey.lists import read_list
from pixelwise.text import some

_NAME_FILES = ("classes.txt", "obj.names")
_BOX_NUMBERS = 4
# A point may miss the image by the rounding of its six digits.
_SLACK = 1e-3
# With the background before it and void behind it, this one still fits into 16 bits.
_LAST_CLASS = 65533


def find(config: ConvertConfig, reading: Reading) -> Source:
    """The images below the source, each with its text file, and the names of the classes."""
    items = _by_folders(config) if config.images is None else _by_two_folders(config)
    beside = _yaml_beside(config.source)
    names = _names(config.source, beside)
    files = [(item.id, path) for item in items for path in item.files]
    found = dict(zip((id for id, _ in files), reading.each(files, _find_one)))
    boxes, total = (sum(f.boxes for f in found.values()), sum(f.objects for f in found.values()))
    if boxes and not config.boxes and (config.invalid == "error" or boxes == total):
        raise boxes_error(str(config.source), boxes, total)
    for place, item in enumerate(items):
        if item.id in found:
            one = found[item.id]
            items[place] = replace(item, digest=one.digest, data=one.data)
    splits, notes = ({}, []) if beside is None else _splits(beside, items)
    notes += [f"{boxes:,} objects are boxes, painted as rectangles"] * bool(boxes and config.boxes)
    without = len(items) - len(files)
    notes += [f"{without:,} images have no objects: all of them is background"] * bool(without)
    if names is not None or config.classes is not None:
        rows = None if names is None else Rows(names)
        return Source(items, rows, tuple(notes), splits=splits)
    largest = max((one.largest for one in found.values()), default=-1)
    # one class at least: then each file says what is wrong with its numbers
    numbers = range(max(largest, 0) + 1)
    rows = Rows(tuple(f"class_{number}" for number in numbers)) if found else None
    notes.append("classes have no names: there is no .yaml file and no classes.txt")
    return Source(items, rows, tuple(notes), splits=splits)


def read(item: Item, config: ConvertConfig, legend: Legend) -> Drawing:
    """The objects of one text file."""
    size, names = size_of_image(item), legend.stored.names
    lines = [] if not item.files else _lines(item.files[0], item.data or item.contents[0])
    objects = (
        Object(_name(words[0], names), _parts(words, size, config.boxes), f"line {number}")
        for number, line in enumerate(lines, start=1)
        if (words := line.split())
    )
    return Drawing(size, tuple(objects), frames=("turned",))


def _name(word: str, names: tuple[str, ...]) -> str:
    if not _is_class(word):
        return ""
    return names[int(word)] if int(word) < len(names) else f"class {int(word)}"


class _Found(NamedTuple):
    """What is in a text file: read says what is wrong."""

    digest: str = ""
    data: bytes | None = None
    largest: int = -1
    boxes: int = 0
    objects: int = 0


def _find_one(
    file: NamedFile,
    hand_on: bool,
    known: JsonFile | None,  # noqa: ARG001
) -> _Found:
    """The digest of a text file, its bytes, the largest class, and its boxes and objects."""
    try:
        data = read_content(file[1])
        lines = [words for line in _lines(file[1], data) if (words := line.split())]
    except PixelwiseError:
        return _Found()
    numbers = (int(words[0]) for words in lines if _is_class(words[0]))
    boxes = sum(len(words) == 1 + _BOX_NUMBERS for words in lines)
    largest = max(numbers, default=-1)
    return _Found(digest(data), data if hand_on else None, largest, boxes, len(lines))


def _is_class(word: str) -> bool:
    return word.isdecimal() and len(word) <= 5 and int(word) <= _LAST_CLASS


def _lines(path: Path, data: bytes) -> list[str]:
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        must = "readable UTF-8 text"
        raise DatasetError(path, "file", must=must, got=str(error)) from None


def _parts(words: list[str], size: Size, boxes: bool) -> Parts:
    """The shape of a line, or what is wrong with it in words."""
    if not _is_class(words[0]):
        return f"the class {shown(words[0])}, which is not a number 0..{_LAST_CLASS}"
    try:
        numbers = np.array(words[1:], np.float64)
    except ValueError:
        return "coordinates that are not numbers"
    if len(numbers) % 2 or len(numbers) < _BOX_NUMBERS:
        return f"{len(numbers)} coordinates instead of x y x y ..."
    if not np.isfinite(numbers).all():
        return "coordinates that are not finite"
    if numbers.min() < -_SLACK or numbers.max() > 1 + _SLACK:
        return f"coordinates {numbers.min():g}..{numbers.max():g} instead of 0..1"
    points = numbers.reshape(-1, 2) * (size[1], size[0])
    if len(numbers) == _BOX_NUMBERS:
        if not boxes:
            return "a box and no outline"
        center, half = points[0], points[1] / 2
        return (Outline(np.array([center - half, center + half]), "rectangle"),)
    return (Outline(points),)


def _by_folders(config: ConvertConfig) -> list[Item]:
    """images/... with labels/..., or .../images with .../labels, below the source."""
    found = []
    for name, image in images_below(config.source):
        parts = name.split("/")
        if IMAGES not in parts[:-1]:
            continue
        place = len(parts) - 2 - parts[-2::-1].index(IMAGES)
        text = Path(config.source, *parts[:place], LABELS, *parts[place + 1 :]).with_suffix(".txt")
        key = "/".join((*parts[:place], *parts[place + 1 :]))
        found.append((key, image, text))
    if not found:
        hint = f"Give the folder of the images as {setting('images')}."
        must, got = f"a folder with {IMAGES} and {LABELS} in it", "none of the two"
        raise DatasetError(config.source, "source", must=must, got=got, hint=hint)
    return _items(config, found)


def _by_two_folders(config: ConvertConfig) -> list[Item]:
    images = Path(str(config.images))
    check_apart(images, config.folder)
    named = list(images_below(images))
    items = _items(
        config,
        ((name, image, Path(config.source, name).with_suffix(".txt")) for name, image in named),
    )
    used = {Path(config.source, name).with_suffix(".txt") for name, _ in named}
    orphans = [
        path
        for _, path in files_below(config.source, [".txt"])
        if path not in used and path.name not in _NAME_FILES
    ]
    if orphans and config.unpaired != "skip":
        got = f"{len(orphans):,} without, such as {orphans[0]}"
        must, hint = "each with an image", f"{setting('unpaired', 'skip')} leaves them out."
        raise DatasetError(config.source, "text files", must=must, got=got, hint=hint)
    return [*items, *(Item(path.stem, (path,), alone=True) for path in orphans)]


def _items(config: ConvertConfig, named: Iterable[tuple[str, Path, Path]]) -> list[Item]:
    """Items of (name, image, text file); an image without one has no objects, or is skipped."""
    items = []
    for name, image, text in named:
        is_there = isfile(text)
        # an empty file says what a missing one does
        files = (text,) if is_there and text.stat().st_size > 0 else ()
        if is_there or config.unpaired != "skip":
            items.append(Item(str(Path(name).with_suffix("")), files, image))
    return items


class _Yaml(NamedTuple):
    """A .yaml file that names classes: its folder, its text, and the names."""

    folder: Path
    text: str
    names: tuple[str, ...]


def _yaml_beside(source: Path) -> _Yaml | None:
    for folder in (source, source.parent):
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            with suppress(DatasetError):  # a settings file of something else
                text = read_text(file)
                return _Yaml(folder, text, yaml_names(str(file), text))
    return None


def _names(source: Path, beside: _Yaml | None) -> tuple[str, ...] | None:
    """Class names in a .yaml file or a list of names beside the data."""
    for folder in (source, source.parent):
        if beside is not None and beside.folder == folder:
            return beside.names
        for file in (folder / name for name in _NAME_FILES):
            if isfile(file):
                return tuple(line.strip() for line in read_text(file).splitlines() if line.strip())
    return None


def _splits(beside: _Yaml, items: Iterable[Item]) -> tuple[dict[str, list[str]], list[str]]:
    """The ids of each split that a .yaml file says, and notes."""
    said = yaml_splits(beside.text)
    image_of = {item.id: str(item.image) for item in items if item.image is not None}
    splits = {}
    for split, paths in said.items():
        own = {id for path in paths for id in _ids_of(beside.folder, path, image_of)}
        if own:
            splits[split] = sorted(own)
    together = set[str]().union(*splits.values())
    if sum(map(len, splits.values())) > len(together):
        return {}, ["splits of the .yaml file share images, so they are not used"]
    if not splits and len(said) > 1:
        return {}, [f"splits of the .yaml file are not used, as nothing is there: {some(said)}"]
    return ({} if [*splits] == ["train"] else splits), []


def _ids_of(folder: Path, text: str, image_of: dict[str, str]) -> Iterable[str]:
    """The images below a folder, or in a list of images, that a .yaml file names.

    Its path may be relative to another folder, or to one below, as in ../train/images.
    """
    parts = [part for part in with_slashes(text).split("/") if part not in ("", ".", "..")]
    for first in range(len(parts)):
        place = folder.joinpath(*parts[first:])
        if isdir(place):
            inside = f"{place}{os.sep}"
            return [id for id, image in image_of.items() if image.startswith(inside)]
        if isfile(place):
            return read_list(place, image_of)
    return []
