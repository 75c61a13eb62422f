"""Which format annotations have, told from their files as a person would tell it."""

from pathlib import Path
from typing import Any

from PIL import Image

from pixelwise.convert.paths import walk_files
from pixelwise.errors import DatasetError, sentence
from pixelwise.labels.pairs import PICTURES
from pixelwise.labels.strict_json import read_json

# Formats of a folder, by the end of a file name in it; the first that is found counts.
_BY_ENDING = {
    "_polygons.json": "cityscapes",
    "_labelids.png": "cityscapes_ids",
    ".json": "",
    "annotations.xml": "cvat",
    ".npy": "array",
    ".mat": "array",
}
_COLOR_MODES = {"RGB", "RGBA", "CMYK", "YCbCr"}
_WIDE_MODES = {"I;16", "I;16B", "I;16L", "I"}


def detect_format(source: Path) -> str:
    """The name in FORMATS that fits the files of a source.

    Raises:
        DatasetError: nothing fits.
    """
    if source.suffix.lower() == ".xml":
        return "cvat"
    if source.is_file():
        return _of_json(source) if source.suffix.lower() == ".json" else _of_picture(source)
    for ending, name in _BY_ENDING.items():
        found = next(walk_files(source, [ending]), None)
        if found is not None:
            return name or _of_json(found[1])
    folders = {part for name, _ in walk_files(source, [".txt"]) for part in name.split("/")[:-1]}
    if "labels" in folders:
        return "yolo"
    pictures = walk_files(source, sorted(PICTURES))
    first = next(pictures, None)
    if first is None:
        raise _unclear(source, "no file that looks like annotations")
    inside_masks = "masks" in first[0].split("/") or any("/masks/" in name for name, _ in pictures)
    return "masks" if inside_masks else _of_picture(first[1])


def _of_json(path: Path) -> str:
    content = read_json(path)
    if isinstance(content, list):
        tasks = content and isinstance(content[0], dict) and "annotations" in content[0]
        if tasks:
            return "label_studio"
    elif isinstance(content, dict):
        if "shapes" in content:
            return "labelme"
        if "imgHeight" in content:
            return "cityscapes"
        if "annotations" in content and "images" in content:
            return "coco_panoptic" if _has_segments(content["annotations"]) else "coco"
    raise _unclear(path, "JSON of another kind")


def _has_segments(annotations: Any) -> bool:
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    return isinstance(first, dict) and "segments_info" in first


def _of_picture(path: Path) -> str:
    try:
        with Image.open(path) as image:
            mode = image.mode
    except (OSError, SyntaxError, ValueError) as error:
        raise _unclear(path, str(error)) from None
    if mode in _COLOR_MODES:
        return "color"
    return "instances" if mode in _WIDE_MODES else "array"


def _unclear(path: Path, got: str) -> DatasetError:
    hint = "Say what it is with --format."
    return DatasetError(sentence(str(path), "format", "one that can be recognised", got, hint))
