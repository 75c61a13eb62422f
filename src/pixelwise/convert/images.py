"""The images beside the labels: found, turned as their EXIF tag says, and written once.

Annotation tools show an image after its EXIF orientation tag has been applied, and annotate that
frame. Readers of pictures do not agree on the tag, so an image whose label lies in the turned frame
is written turned, without a tag; any other image is copied byte for byte.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from pixelwise.errors import DatasetError, RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import (
    ENDINGS,
    Unreadable,
    check_pixels,
    format_of,
    read_file,
)
from pixelwise.labels.shapes import Size

_ORIENTATION = 274
# Orientations 5 to 8 swap height and width.
_FIRST_SWAPPED = 5
# Modes that a PNG can hold without a palette; others are written as RGB.
_KEPT_MODES = {"L", "LA", "RGB", "RGBA", "I;16"}


@dataclass(frozen=True, eq=False)
class Picture:
    """An image as bytes, with what its header says.

    Args:
        where: the file that it comes from, for messages.
        data: the whole image file.
    """

    where: str
    data: bytes

    @cached_property
    def stored_size(self) -> Size:
        """(height, width) of the pixels as they are stored."""
        return self._header[0]

    @cached_property
    def orientation(self) -> int:
        """The EXIF orientation tag, 1..8; 1 if there is none."""
        return self._header[1]

    @property
    def turned_size(self) -> Size:
        """(height, width) after the EXIF tag has been applied."""
        height, width = self.stored_size
        return (width, height) if self.orientation >= _FIRST_SWAPPED else (height, width)

    @cached_property
    def _header(self) -> tuple[Size, int]:
        try:
            with Image.open(BytesIO(self.data)) as image:
                check_pixels(*image.size)
                tag = image.getexif().get(_ORIENTATION, 1)
                known = isinstance(tag, int) and 1 <= tag <= 8
                return (image.height, image.width), tag if known else 1
        except Unreadable as error:
            raise error.at(DatasetError, self.where, "image") from None
        except Exception:
            # decoders raise anything from KeyError to struct.error on damaged files
            got = f"bytes that start with {self.data[:12]!r}"
            raise DatasetError(self.where, "image", must="a readable picture", got=got) from None


def read_picture(path: Path) -> Picture:
    """Read the bytes of an image file.

    Raises:
        DatasetError: it is missing, empty or no regular file.
    """
    try:
        return Picture(str(path), read_file(path))
    except Unreadable as error:
        constraint, got = error.must, error.got
        hint = "Give the folder of the images with --images, or --image-files none."
        raise DatasetError(path, "image", must=constraint, got=got, hint=hint) from None


def is_turned(picture: Picture, size: Size, frames: Sequence[str]) -> bool:
    """Whether the label lies on the pixels that the image has after its EXIF tag is applied.

    Args:
        picture: the image.
        size: (height, width) of the label.
        frames: "stored" and "turned" in the order in which they are tried; see Drawing.
    Returns:
        False also if the image has no tag, or one that says that nothing is to be turned.
    Raises:
        DatasetError: the label has another size than the image.
    """
    size_of = {"stored": picture.stored_size, "turned": picture.turned_size}
    frame = next((frame for frame in frames if size_of[frame] == size), None)
    if frame is None:
        shown = " or ".join(f"{size_of[frame]} as {frame}" for frame in frames)
        constraint = f"{shown}, the (height, width) of the image"
        hint = "Is it the image that was annotated?"
        raise DatasetError(picture.where, "annotated size", must=constraint, got=size, hint=hint)
    return frame == "turned" and picture.orientation != 1


def write_picture(picture: Picture, turned: bool, stem: Path, link_to: Path | None) -> Path:
    """Write the image, turned upright if the label is.

    Args:
        picture: the image.
        turned: write its pixels with the EXIF tag applied, as a PNG; otherwise copy the bytes.
        stem: the path to write, without ending.
        link_to: make a hard link to this file instead of a copy, unless it is turned.
    Returns:
        The path.
    Raises:
        RunError: the file system refuses.
    """
    if turned:
        path = Path(f"{stem}.png")
        atomic_write(path, _upright_png(picture))
    else:
        path = Path(f"{stem}{_ending(picture, link_to)}")
        if link_to is None:
            atomic_write(path, picture.data)
        else:
            _link(link_to, path)
    return path


def _upright_png(picture: Picture) -> bytes:
    out = BytesIO()
    try:
        with Image.open(BytesIO(picture.data)) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode not in _KEPT_MODES:
                upright = upright.convert("RGB")
            # pixels alone: the tag, and whatever else the header says, stay behind
            Image.frombytes(upright.mode, upright.size, upright.tobytes()).save(out, "PNG")
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(
            picture.where, "image", must="a picture that can be turned", got=str(error)
        ) from None
    return out.getvalue()


def _ending(picture: Picture, path: Path | None) -> str:
    ending = Path(path or picture.where).suffix.lower()
    try:
        return ending if ending in ENDINGS.values() else ENDINGS[format_of(picture.data[:16])]
    except Unreadable:
        return ending or ".png"


def _link(target: Path, path: Path) -> None:
    """A hard link, made under another name first, so that no reader sees the name without it."""
    temporary = path.parent / f".pixelwise-{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(target.resolve(), temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        hint = "Use --image-files copy."
        got = f"{error.strerror or error}"
        raise RunError(path, "link", must=f"possible to {target}", got=got, hint=hint) from None
