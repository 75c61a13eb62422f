"""Pictures of what an audit found: the whole file, and its surroundings at the size of pixels."""

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pixelwise.errors import LabelError, PixelwiseError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.walk import ARRAY_SUFFIX, IMAGE_SUFFIXES
from pixelwise.labels.bands.channels import RGB
from pixelwise.labels.bands.reading import decode_shown
from pixelwise.labels.description import Description
from pixelwise.labels.image import decode_rgb
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.png import read_and_count
from pixelwise.labels.tables.distinct import shown_classes
from pixelwise.pictures.encode import data_uri
from pixelwise.report.pictures import WRONG, Picture

WIDEST, HIGHEST = 240, 240
# A crop shows so many pixels of the file to each side of the place, enlarged.
REACH = 20
LIGHT = (255, 255, 255)


@dataclass(frozen=True)
class Canvas:
    """A file as it is shown.

    Args:
        colors: (H, W, 3) uint8.
        values: (H, W) stored values if it is a label image; None for a picture of colours.
    """

    colors: np.ndarray
    values: np.ndarray | None

    def affected(self, place: tuple[int, int] | None, values: tuple[int, ...]) -> np.ndarray:
        """(H, W) bool: pixels of the stored values, or of the same colour as at the place."""
        if self.values is not None:
            return np.isin(self.values, values)
        none = np.zeros(self.colors.shape[:2], bool)
        return none if place is None else (self.colors == self.colors[place]).all(axis=2)


@dataclass(frozen=True)
class DatasetFiles:
    """The files of a dataset, as an audit page shows them.

    Args:
        root: folder of the dataset.
        description: for the colours; None if there is none.
        images: of each label, its image.
        labels: files that are kept once they are read, for other examples and the repair.
        read: the content of those that have been read.
    """

    root: Path
    description: Description | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    labels: Container[str] = ()
    read: dict[str, bytes] = field(default_factory=dict)

    def open(self, file: str) -> Canvas | str:
        """What a file looks like, or why it cannot be shown."""
        path = self.root / file
        # realpath raises nothing for links in a circle
        place = "" if "\0" in file else os.path.realpath(path)
        if not Path(place).is_relative_to(os.path.realpath(self.root)):
            return f"{file} is not in the folder of the dataset."
        if not os.path.isfile(path):  # a name may be too long for Path.is_file
            return f"{file} is not there."
        try:
            data = self._content(path, file)
            return self._as_label(path, data)
        except Unreadable as error:
            return error.at(LabelError, path, "file").reason
        except PixelwiseError as error:
            reason = error.reason
        try:
            return Canvas(decode_rgb(path, data), None)
        except PixelwiseError:
            return reason

    def _content(self, path: Path, file: str) -> bytes:
        if file in self.read:
            return self.read[file]
        data = read_file(path)
        if file in self.labels:
            self.read[file] = data
        return data

    def _as_label(self, path: Path, data: bytes) -> Canvas:
        """A label image in the colours of the classes, and an image in its own."""
        if self._is_image(path):
            channels = RGB if self.description is None else self.description.channels
            return Canvas(decode_shown(path, data, channels), None)
        values, _, _ = read_and_count(path, data=data)
        classes = None if self.description is None else self.description.classes
        palette = voc_colormap() if classes is None else shown_classes(classes).palette()
        return Canvas(palette[values & 255], values)

    def _is_image(self, path: Path) -> bool:
        """Whether a file lies where only images are."""
        if self.description is None:
            return False
        splits = self.description.splits.values()
        labels = {split.labels for split in splits}
        images = [split.images for split in splits if split.images not in labels]
        return any(path.is_relative_to(self.description.root / folder) for folder in images)


def example_pictures(
    files: DatasetFiles,
    file: str,
    place: tuple[int, int] | None,
    values: tuple[int, ...],
    other: str,
    image: str = "",
) -> list[Picture]:
    """The whole file with its place marked, what is around the place, the other file, the image.

    A picture whose file cannot be shown is replaced by a sentence that says why; a folder or a file
    that is not an image by its name, such as dataset.toml, has none.

    Args:
        files: of the dataset.
        file: relative to its root.
        place: (y, x), or None.
        values: stored values that the finding is about.
        other: the file that it is compared with, or "".
        image: of the label, or "".
    """
    if os.path.splitext(file)[1].lower() not in (*IMAGE_SUFFIXES, ARRAY_SUFFIX):
        return []
    shown = files.open(file)
    if isinstance(shown, str):
        pictures = [Picture("File", shown)]
    else:
        height, width = shown.colors.shape[:2]
        if place is not None and not (0 <= place[0] < height and 0 <= place[1] < width):
            place = None
        pictures = [whole(shown, place)]
        # a crop as large as the file would say nothing new
        if place is not None:
            pictures.append(crop(shown, place, shown.affected(place, values)))
    beside = {f"Compared with {other}": other, "Its image": image if image != other else ""}
    for caption, name in beside.items():
        second = files.open(name) if name else None
        if isinstance(second, str):
            pictures.append(Picture(caption, second))
        elif second is not None:
            pictures.append(whole(second, None, caption))
    return pictures


def whole(shown: Canvas, place: tuple[int, int] | None, caption: str = "") -> Picture:
    """A file made small, with a frame around what the crop shows."""
    height, width = shown.colors.shape[:2]
    scale = min(WIDEST / width, HIGHEST / height)
    scale = scale if scale < 1 else float(int(min(scale, 8)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # the pixel at the centre of each: neighbouring classes are never mixed to a third colour
    small = Image.fromarray(shown.colors).resize(size, Image.Resampling.NEAREST)
    if shown.values is None:
        small = Image.fromarray(shown.colors).resize(size, Image.Resampling.BOX)
    if place is not None:
        top, left, bottom, right = window(place, (height, width))
        _frame(small, [v * scale for v in (left, top, right, bottom)])
    caption = caption or f"{width} × {height}"
    return Picture(caption, f"The whole file, {width} × {height}.", _encoded(small), small.size)


def crop(shown: Canvas, place: tuple[int, int], affected: np.ndarray) -> Picture:
    """The surroundings of a place, enlarged; affected pixels are outlined, the place is framed."""
    top, left, bottom, right = window(place, shown.colors.shape[:2])
    part = (slice(top, bottom), slice(left, right))
    factor = max(1, WIDEST // max(bottom - top, right - left))
    colors = shown.colors[part].repeat(factor, 0).repeat(factor, 1)
    colors[_outline(affected[part].repeat(factor, 0).repeat(factor, 1))] = WRONG
    picture = Image.fromarray(colors)
    y, x = (place[0] - top) * factor, (place[1] - left) * factor
    _frame(picture, [x - 2, y - 2, x + factor + 2, y + factor + 2])
    caption = f"around x={place[1]}, y={place[0]}"
    text = f"The pixels around x={place[1]}, y={place[0]}; those affected are outlined."
    return Picture(caption, text, data_uri(picture, "PNG"), picture.size)


def window(place: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of the surroundings of a place, inside the picture."""
    spans = []
    for at, length in zip(place, size):
        side = min(length, 2 * REACH + 1)
        start = min(max(0, at - REACH), length - side)
        spans.append((start, start + side))
    (top, bottom), (left, right) = spans
    return top, left, bottom, right


def _outline(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask that touch its outside."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def _frame(picture: Image.Image, box: list[float]) -> None:
    """A frame that is seen on any colour: strong, with a light line inside and outside."""
    left, top, right, bottom = (round(v) for v in box)
    right, bottom = max(left + 2, right - 1), max(top + 2, bottom - 1)
    draw = ImageDraw.Draw(picture)
    for grow, color in ((1, LIGHT), (-2, LIGHT), (0, WRONG), (-1, WRONG)):
        if right + grow > left - grow and bottom + grow > top - grow:
            draw.rectangle((left - grow, top - grow, right + grow, bottom + grow), outline=color)


def _encoded(picture: Image.Image) -> str:
    """As PNG if it has few colours, as labels have; otherwise as JPEG."""
    if picture.getcolors(256) is not None:
        return data_uri(picture.quantize(256, dither=Image.Dither.NONE), "PNG")
    return data_uri(picture, "JPEG", quality=82, subsampling=0)
