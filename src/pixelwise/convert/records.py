"""What a format says: where the labels come from, and what is on each of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.images import ImageFile, read_image_file
from pixelwise.convert.reading import read_content
from pixelwise.files.content import check_pixels
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.color import Snapped
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import Outline, Size, problem_of
from pixelwise.legend.rows import Rows

Frame = Literal["stored", "turned"]
Index = NDArray[np.uint8] | NDArray[np.uint16]
# Shapes that belong together; or what is wrong with them, in words that continue "it has ...".
Parts = tuple[Outline | Patch, ...] | str


@dataclass(frozen=True)
class Item:
    """One label to make.

    Args:
        id: its name below the folder of labels, without suffix.
        files: the annotation files that it is made of.
        image: its image; None = the format knows, or there is none.
        data: what the format wants to know besides, as JSON can hold it; with `digest`, what it has
            read of the files already, or the error that this gave, or None for nothing.
        digest: of the content of its file, if that has been read already.
        alone: there is an annotation or an image, but not both.
    """

    id: str
    files: tuple[Path, ...] = ()
    image: Path | None = None
    data: Any = None
    digest: str = ""
    alone: bool = False

    @cached_property
    def contents(self) -> tuple[bytes, ...]:
        """The bytes of the files, which are opened once."""
        return tuple(map(read_content, self.files))

    @cached_property
    def image_file(self) -> ImageFile:
        """The image, which is opened once."""
        return read_image_file(Path(str(self.image)))


@dataclass(frozen=True)
class Source:
    """Everything that a format found.

    Args:
        items: in any order.
        rows: classes that the source names itself; None = they must be given.
        notes: sentences for the report.
        conclude: classes that were given -> what stands for them in this source, with notes;
            None = they say so themselves.
        splits: the ids of each split, if the source says them.
    """

    items: Sequence[Item]
    rows: Rows | None = None
    notes: tuple[str, ...] = ()
    conclude: Callable[[Rows], tuple[Rows, tuple[str, ...]]] | None = None
    splits: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Object:
    """One thing on an image.

    Args:
        name: of its class, as the source calls it; "" = unknown, which only a wrong one may be.
        shapes: what it is made of.
        where: its place in the file, for messages, such as "shapes[3]".
        z: the source's own order; larger ones lie on top.
        is_crowd: a region of several things, of which none is outlined alone: where classes
            overlap, it is void for its class.
    """

    name: str
    shapes: Parts
    where: str
    z: int = 0
    is_crowd: bool = False

    def __str__(self) -> str:
        return f"{self.where} ({self.name})" if self.name else self.where

    @property
    def parts(self) -> tuple[Outline | Patch, ...]:
        """What can be painted."""
        return () if isinstance(self.shapes, str) else self.shapes

    @property
    def problems(self) -> list[str]:
        """Why it cannot be painted; [] if it can."""
        if isinstance(self.shapes, str):
            return [self.shapes]
        return [problem for part in self.shapes if (problem := problem_of(part))]


# Bytes of a pixel while its label is painted (8), or written, read back and compared.
PAINTING = 11


class Masks:
    """The masks of one image; what they take together is checked before each is unpacked."""

    def __init__(self) -> None:
        self._kept = 0

    def add(self, size: Size, unpack: Callable[[], Patch], a_pixel: int = 1) -> Patch:
        """A mask without the empty rows and columns around it.

        Args:
            size: (height, width) that it is unpacked to.
            unpack: gives the mask.
            a_pixel: bytes that a pixel takes while it is unpacked, besides painting.
        Raises:
            Unreadable: there is not enough memory left, see check_unpacked.
        """
        height, width = size
        check_pixels(width, height)
        what = f"masks of which one is {height:,} x {width:,}"
        check_unpacked(self._kept + height * width * (a_pixel + PAINTING), what)
        patch = unpack().trimmed()
        self._kept += patch.mask.size
        return patch


@dataclass(frozen=True, eq=False)
class Drawing:
    """What the source says about one image.

    Args:
        size: (height, width) of the label; None = that of the image, turned.
        objects: in the order of the file.
        label: (H, W) class indices of formats that store pixels; None = paint on background.
        count: objects in that label.
        vanished: objects of that label without a pixel.
        snapped: colours of that label that became the nearest class.
        image: the image itself, if the annotation file contains it.
        frames: which pixels of the image the label may lie on, the first of the right size counts:
            "stored" as they are in its file, "turned" after its EXIF tag has been applied.
    """

    size: Size | None
    objects: tuple[Object, ...] = ()
    label: Index | None = None
    count: int = 0
    vanished: tuple[str, ...] = ()
    snapped: Snapped | None = None
    image: bytes | None = None
    frames: tuple[Frame, ...] = ("stored", "turned")
