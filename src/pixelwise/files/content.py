"""Open only what is a regular file, and detect its format by its first bytes, not by its name."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pixelwise.errors import PixelwiseError

# 16384 x 16384, or any other shape of that area; a label of that size takes 256 or 512 MiB.
MAX_PIXELS = 1 << 28
# The largest file that is read into memory; no image of MAX_PIXELS is larger.
MAX_BYTES = 1 << 31

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # the variant for files over 4 GiB
    b"MM\0+": "TIFF",
    b"RIFF": "WebP",
}
# file name suffixes of the formats above
SUFFIXES = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "WebP": ".webp",
}
_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


class Unreadable(Exception):
    """Why a file cannot be used. The function that the user called adds name and type of the error.

    Args:
        must, got, hint: as of PixelwiseError.
    """

    def __init__(self, must: str, got: object, hint: str = "") -> None:
        super().__init__(must, got, hint)
        self.must, self.got, self.hint = must, got, hint

    def at(self, error: type[PixelwiseError], where: object, name: str) -> PixelwiseError:
        """The error that names the file, and what it is there for."""
        return error(where, name, must=self.must, got=self.got, hint=self.hint)


def read_file(path: Path | str, *, may_be_empty: bool = False) -> bytes:
    """The content of a regular file.

    Raises:
        Unreadable: there is no such file, it is empty and must not be, too large, a folder, a pipe
            or a device, the system refuses to read it, or someone writes to it at the same time.
    """
    check_regular(path, may_be_empty=may_be_empty)
    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > MAX_BYTES:
                raise Unreadable(f"at most {MAX_BYTES:,} bytes", f"{before.st_size:,}")
            data = file.read()
            after = os.fstat(file.fileno())
    except OSError as error:
        raise Unreadable("a readable file", error.strerror or str(error)) from None
    if not len(data) == before.st_size == after.st_size or before.st_mtime_ns != after.st_mtime_ns:
        hint = "Run this again when nothing writes to it any more."
        raise Unreadable("left alone while it is read", "other bytes meanwhile", hint)
    return data


@contextmanager
def open_file(path: Path | str) -> Iterator[BinaryIO]:
    """A regular file to read a part of.

    Raises:
        Unreadable: see read_file.
    """
    check_regular(path)
    try:
        file = open(path, "rb")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise Unreadable("a readable file", error.strerror or str(error)) from None
    with file:
        yield file


def holds(path: Path, data: bytes) -> bool:
    """Whether a file, and not a link to one, has exactly these bytes."""
    try:
        return not path.is_symlink() and read_file(path, may_be_empty=True) == data
    except Unreadable:
        return False


def check_regular(path: Path | str, *, may_be_empty: bool = False) -> None:
    """Refuse what cannot be read to its end, before opening it: a pipe would block for ever.

    Raises:
        Unreadable: see read_file.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or str(error)
        raise Unreadable("an existing file", got) from None
    if not stat.S_ISREG(found.st_mode):
        kinds = (name for is_kind, name in _KINDS.items() if is_kind(found.st_mode))
        raise Unreadable("a regular file", next(kinds, "something else"))
    if found.st_size == 0 and not may_be_empty:
        raise Unreadable("a file with content", "an empty file")


def format_of(data: bytes) -> str:
    """PNG, JPEG, GIF, BMP, TIFF or WebP.

    Raises:
        Unreadable: the file starts like none of these.
    """
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    raise Unreadable("an image file", f"a file that starts with {bytes(data[:12])!r}")


def check_pixels(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse a image that would not fit into memory; called before it is decoded.

    Raises:
        Unreadable: width * height exceeds max_pixels.
    """
    if width * height > max_pixels:
        raise Unreadable(f"at most {max_pixels:,} pixels", f"{width:,} x {height:,}")
