"""Images that are nearly all one class: found by their counts, left out by a list of the others."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixelwise.errors import ArgumentError, DatasetError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.toml_file import toml_key, toml_value
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description
from pixelwise.weights.counts import LabelCounts

_LISTED = 5


@dataclass(frozen=True)
class Filled:
    """An image that one class fills.

    Args:
        id: of its pair.
        name: of the class; None if no pixel is valid.
        share: of the valid pixels, 0..1; 1 if there are none.
    """

    id: str
    name: str | None
    share: float


def filled_image(id: str, counts: LabelCounts, classes: Classes, share: float) -> Filled | None:
    """The class that has at least this share of the valid pixels of an image, if there is one.

    max over c of pixels[c] / valid >= share; an image that is all void counts as filled.

    Args:
        id: of the image.
        counts: of its label alone.
        classes: for their names.
        share: 0..1.
    """
    if counts.valid == 0:
        return Filled(id, None, 1.0)
    largest = int(np.argmax(counts.pixels))
    part = int(counts.pixels[largest]) / counts.valid
    return Filled(id, classes.names[largest], part) if part >= share else None


def list_name(path: Path, description: Description) -> str:
    """How dataset.toml names a list: relative to its folder.

    Raises:
        DatasetError: the list would not be in the folder.
    """
    root = Path(os.path.realpath(description.root))
    file = Path(os.path.realpath(path))
    if not file.is_relative_to(root):
        hint = f"Write it there: --keep-list {Path(description.root, path.name)}"
        raise DatasetError(
            "weights",
            "keep_list",
            must=f"in the folder {description.root}",
            got=str(path),
            hint=hint,
        )
    return file.relative_to(root).as_posix()


def write_keep_list(path: Path, ids: list[str]) -> None:
    """Write ids, one a line; a file with other content is not replaced.

    Raises:
        ArgumentError: no id is left, an id cannot stand in a line, or the file exists.
    """
    if not ids:
        hint = "Choose a larger share."
        raise ArgumentError(
            "weights", "keep_list", must="a list of at least one image", got="none", hint=hint
        )
    broken = [repr(id) for id in ids if id.splitlines() != [id] or id != id.strip()]
    if broken:
        got = ", ".join(broken[:_LISTED])
        constraint = "free of line breaks and blanks at the ends"
        raise ArgumentError("weights", "ids", must=constraint, got=got)
    data = "".join(f"{id}\n" for id in ids).encode("utf-8", "surrogateescape")
    if path.exists() and not (path.is_file() and path.read_bytes() == data):
        hint = "Choose another name, or remove it."
        got = f"an existing {path}"
        raise ArgumentError("weights", "keep_list", must="a new file", got=got, hint=hint)
    atomic_write(path, data)


def toml_lines(split: str, name: str) -> str:
    """The two lines of dataset.toml that make a split use a list."""
    return f"[splits.{toml_key(split)}]\nlist = {toml_value(name)}"
