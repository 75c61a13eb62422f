"""Open only what is a regular file, and tell its format by its first bytes, not by its name."""

import os
import stat
from pathlib import Path

# 16384 x 16384, or any other shape of that area; a label of that size takes 256 or 512 MiB.
MAX_PIXELS = 1 << 28

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
_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


class Unreadable(Exception):
    """Why a file cannot be used, as (constraint, got) or (constraint, got, hint).

    The function that the user called adds the name of the file and the type of the error.
    """


def read_file(path: Path | str) -> bytes:
    """The content of a regular file that is not empty.

    Raises:
        Unreadable: there is no such file, it is empty, a folder, a pipe or a device, or the
            system refuses to read it.
    """
    check_regular(path)
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unreadable("a readable file", error.strerror or str(error)) from None


def check_regular(path: Path | str) -> None:
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
    if found.st_size == 0:
        raise Unreadable("an image file", "an empty file")


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
    """Refuse a picture that would not fit into memory; called before it is decoded.

    Raises:
        Unreadable: width * height exceeds max_pixels.
    """
    if width * height > max_pixels:
        raise Unreadable(f"at most {max_pixels:,} pixels", f"{width:,} x {height:,}")
