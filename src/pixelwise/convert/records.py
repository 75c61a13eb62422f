"""What a format says: where the labels come from, and what is on each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import Outline


@dataclass(frozen=True)
class Rows:
    """Classes as a source lists them, void among them.

    Args:
        names: in the order that gives the class indices.
        colors: (red, green, blue) of each; None if the source does not say.
        values: stored value, or several, of each; None if the source does not say.
        ignore_values: stored values that mean void.
        void: those of the names that mean void, besides names that say so.
    """

    names: tuple[str, ...]
    colors: tuple[Any, ...] | None = None
    values: tuple[Any, ...] | None = None
    ignore_values: tuple[int, ...] = ()
    void: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One label to make.

    Args:
        id: its name below the folder of labels, without ending.
        files: the annotation files that it is made of.
        image: its image; None = the format knows, or there is none.
        data: what the format wants to know besides; values that JSON can hold.
    """

    id: str
    files: tuple[Path, ...] = ()
    image: Path | None = None
    data: Any = None


@dataclass(frozen=True)
class Source:
    """Everything that a format found.

    Args:
        items: in any order.
        rows: classes that the source names itself; None = they must be given.
        notes: sentences for the report.
    """

    items: Sequence[Item]
    rows: Rows | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Object:
    """One thing on an image.

    Args:
        name: of its class, as the source calls it.
        parts: shapes that belong together.
        where: its place in the file, for messages, such as "shapes[3]".
        z: the source's own order; larger ones lie on top.
    """

    name: str
    parts: tuple[Outline | Patch, ...]
    where: str
    z: int = 0


@dataclass(frozen=True, eq=False)
class Drawing:
    """What the source says about one image.

    Args:
        size: (height, width) of the label.
        objects: in the order of the file.
        label: (H, W) class indices of formats that store pixels; None = paint on background.
        count: objects in that label.
        problems: shapes that cannot be painted, each a sentence with its place.
        vanished: objects of that label without a pixel.
        image: the image itself, if the annotation file contains it.
        frames: which pixels of the image the label may lie on, the first of the right size counts:
            "stored" as they are in its file, "turned" after its EXIF tag has been applied.
    """

    size: tuple[int, int]
    objects: tuple[Object, ...] = ()
    label: np.ndarray | None = None
    count: int = 0
    problems: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    image: bytes | None = None
    frames: tuple[str, ...] = ("stored", "turned")
