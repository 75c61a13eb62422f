"""The images beside the labels: turned as their EXIF tag says, and written once.

Annotation tools show an image after its EXIF orientation tag has been applied, and annotate that
frame. Programs do not agree on the tag, so an image whose label lies in the turned frame is written
turned, without a tag; any other image is copied byte for byte.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from PIL import Image

from pixelwise.errors import DatasetError, RunError, setting
from pixelwise.files.atomic import atomic_write, take_name
from pixelwise.files.content import SUFFIXES, Unreadable, check_pixels, format_of, read_file
from pixelwise.files.names import real_path
from pixelwise.labels.decode import decode_image, read_head
from pixelwise.labels.shapes import Size

# How the stored pixels are turned, by EXIF orientation tag.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Orientations 5 to 8 swap height and width.
_FIRST_SWAPPED = 5
# Modes that a PNG can hold without a palette; others are written as RGB.
_KEPT_MODES = {"L", "LA", "RGB", "RGBA", "I;16"}


@dataclass(frozen=True, eq=False)
class ImageFile:
    """An image as bytes, with what its header says.

    Args:
        where: the file that it comes from, for messages.
        data: the whole image file.
    """

    where: str
    data: bytes

    @property
    def turned_size(self) -> Size:
        """(height, width) after the EXIF tag has been applied."""
        (height, width), orientation = self.header
        return (width, height) if orientation >= _FIRST_SWAPPED else (height, width)

    @cached_property
    def header(self) -> tuple[Size, int]:
        """(height, width) of the stored pixels, and the EXIF orientation tag 1..8; 1 = none."""
        try:
            head = read_head(BytesIO(self.data))
            check_pixels(head.width, head.height)
        except Unreadable as error:
            raise error.at(DatasetError, self.where, "image") from None
        return (head.height, head.width), head.orientation


def read_image_file(path: Path) -> ImageFile:
    """Read the bytes of an image file.

    Raises:
        DatasetError: it is missing, empty or not a regular file.
    """
    try:
        return ImageFile(str(path), read_file(path))
    except Unreadable as error:
        hint = (
            f"Give the folder of the images as {setting('images')}, "
            f"or {setting('image_files', 'none')}; {setting('unpaired', 'skip')} leaves out "
            "annotations without an image."
        )
        raise DatasetError(path, "image", must=error.must, got=error.got, hint=hint) from None


def is_turned(image: ImageFile, size: Size, frames: Sequence[str]) -> bool:
    """Whether the label lies on the pixels that the image has after its EXIF tag is applied.

    Args:
        image: the image.
        size: (height, width) of the label.
        frames: "stored" and "turned" in the order in which they are tried; see Drawing.
    Returns:
        False also if the image has no tag, or one that says that nothing is to be turned.
    Raises:
        DatasetError: the label has another size than the image.
    """
    stored_size, orientation = image.header
    size_of = {"stored": stored_size, "turned": image.turned_size}
    frame = next((frame for frame in frames if size_of[frame] == size), None)
    if frame is None:
        sizes = " or ".join(f"{size_of[frame]} as {frame}" for frame in frames)
        must = f"{sizes}, the (height, width) of the image"
        hint = "Is it the image that was annotated?"
        raise DatasetError(image.where, "annotated size", must=must, got=size, hint=hint)
    return frame == "turned" and orientation != 1


def write_image_file(
    image: ImageFile, turned: bool, stem: Path, link_to: Path | None
) -> tuple[Path, bytes]:
    """Write the image, turned upright if the label is.

    Args:
        image: the image.
        turned: write its pixels with the EXIF tag applied, as a PNG; otherwise copy the bytes.
        stem: the path to write, without suffix.
        link_to: make a hard link to this file instead of a copy, unless it is turned.
    Returns:
        The path, and what is in the file.
    Raises:
        RunError: the file system refuses.
    """
    if turned:
        path, data = Path(f"{stem}.png"), upright_png(image)
    else:
        path, data = Path(f"{stem}{_suffix(image, link_to)}"), image.data
    if turned or link_to is None:
        atomic_write(path, data)
    else:
        _link(link_to, path)
    return path, data


def upright_png(image: ImageFile) -> bytes:
    """The image as a PNG, its pixels turned as its EXIF tag says, and without the tag.

    Raises:
        DatasetError: it cannot be decoded.
    """
    out = BytesIO()
    try:
        upright = decode_image(image.data)
        _, orientation = image.header
        if orientation != 1:
            upright = upright.transpose(_UPRIGHT[orientation])
        if upright.mode not in _KEPT_MODES:
            upright = upright.convert("RGB")
    except (Unreadable, ValueError) as error:
        must = "one that can be turned"
        raise DatasetError(image.where, "image", must=must, got=error) from None
    # pixels alone: the tag, and whatever else the header says, stay behind
    Image.frombytes(upright.mode, upright.size, upright.tobytes()).save(out, "PNG")
    return out.getvalue()


def _suffix(image: ImageFile, path: Path | None) -> str:
    suffix = Path(path or image.where).suffix.lower()
    try:
        return suffix if suffix in SUFFIXES.values() else SUFFIXES[format_of(image.data[:16])]
    except Unreadable:
        return suffix or ".png"


def _link(target: Path, path: Path) -> None:
    """A hard link, made under another name first, so that no reader sees the name without it."""
    temporary = path.parent / f".pixelwise-{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(real_path(target), temporary)
            take_name(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        event = f"no hard link to {target} could be made ({error.strerror or error})"
        hint = f"Use {setting('image_files', 'copy')}."
        raise RunError(path, event=event, hint=hint) from None
