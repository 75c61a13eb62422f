"""Images that are nearly all one class: found by their counts, left out by a list of the others."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixelwise.errors import ArgumentError, DatasetError, setting
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import holds
from pixelwise.files.names import real_path
from pixelwise.files.toml_file import toml_key, toml_value
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description
from pixelwise.text import percent, some, text_table
from pixelwise.weights.counts import LabelCounts

LISTED_IMAGES = 20


@dataclass(frozen=True)
class FilledImage:
    """An image that one class fills.

    Args:
        id: of its pair.
        name: of the class; None if no pixel is valid.
        share: of the valid pixels, 0..1; 1 if there are none.
    """

    id: str
    name: str | None
    share: float


def filled_image(
    id: str, counts: LabelCounts, classes: Classes, share: float
) -> FilledImage | None:
    """The class that has at least this share of the valid pixels of an image, if there is one.

    max over c of pixels[c] / valid >= share; an image that is all void counts as filled.

    Args:
        id: of the image.
        counts: of its label alone.
        classes: for their names.
        share: 0..1.
    """
    if counts.valid == 0:
        return FilledImage(id, None, 1.0)
    largest = int(np.argmax(counts.pixels))
    part = int(counts.pixels[largest]) / counts.valid
    return FilledImage(id, classes.names[largest], part) if part >= share else None


def list_name(path: Path, description: Description) -> str:
    """How dataset.toml names a list: relative to its folder.

    Raises:
        DatasetError: the list would not be in the folder.
    """
    root = Path(os.path.realpath(description.root))
    file = Path(os.path.realpath(path))
    if not file.is_relative_to(root):
        must = f"in the folder {description.root}"
        hint = f"Write it there: {setting('keep_list', str(description.root / path.name))}."
        raise DatasetError("weights", "keep_list", must=must, got=path, hint=hint)
    return file.relative_to(root).as_posix()


def write_keep_list(path: Path, ids: list[str]) -> None:
    """Write ids, one a line; a file with other content is not replaced.

    Raises:
        ArgumentError: no id is left, an id cannot stand in a line, or the file exists.
    """
    if not ids:
        event = f"no image is left for {setting('keep_list')}"
        hint = f"Choose a larger {setting('drop_background')}."
        raise ArgumentError("weights", "keep_list", event=event, hint=hint)
    broken = [repr(id) for id in ids if id.splitlines() != [id] or id != id.strip()]
    if broken:
        must = "free of line breaks and of leading or trailing whitespace"
        raise ArgumentError("weights", "ids", must=must, got=some(broken))
    data = "".join(f"{id}\n" for id in ids).encode("utf-8", "surrogateescape")
    if path.exists() and not holds(real_path(path), data):
        hint = "Choose another name, or remove it."
        got = f"an existing {path}"
        raise ArgumentError("weights", "keep_list", must="a new file", got=got, hint=hint)
    atomic_write(path, data)


def filled_table(filled: list[FilledImage], share: float, files: int) -> str:
    """The filled images as a table.

    Args:
        filled: fullest first.
        share: from which on an image counts as filled.
        files: images that were looked at.
    """
    head = f"One class fills at least {100 * share:g}% of the valid pixels "
    head += f"in {len(filled):,} of {files:,} images"
    if not filled:
        return f"{head}."
    rows = [["image", "class", "share"]]
    rows += [[f.id, f.name or "all void", share_text(f.share)] for f in filled[:LISTED_IMAGES]]
    more = len(filled) - LISTED_IMAGES
    tail = f"\nand {more:,} more; --json lists all" if more > 0 else ""
    return f"{head}:\n\n{text_table(rows)}{tail}"


def list_advice(path: Path, description: Description, split: str, kept: int) -> str:
    """What to do with a list that was written.

    Args:
        path: of the list.
        description: the dataset.
        split: that the list is for.
        kept: ids in the list.
    """
    before = description.splits[split].list
    instead = "" if before is None else f" in place of {before}"
    return (
        f"wrote {path}: the ids of the other {kept:,} images.\nTo use it{instead}, "
        f"have these two lines below each other in {description.root / FILE_NAME}:\n\n"
        f"[splits.{toml_key(split)}]\nlist = {toml_value(list_name(path, description))}\n\n"
        "The counts and weights above are of all images: run again after that."
    )


def share_text(share: float) -> str:
    """A share in percent with two decimals, or two digits if it is small: "33.00%", "0.0012%"."""
    return f"{100 * share:.2g}%" if 0 < share < 1e-4 else f"{percent(share)}%"
