"""Open only what is a regular file, and detect its format by its first bytes, not by its name."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from pixelwise.errors import PixelwiseError, setting

# 16384 x 16384, or any other shape of that area; a label of that size takes 256 or 512 MiB.
MAX_PIXELS = 1 << 28
# The largest file that is read into memory; no image of MAX_PIXELS is larger.
MAX_BYTES = 1 << 31
# What the content of one file may take in memory when nothing is said, in GiB; and the variable of
# the environment that says more, which reaches worker processes too, forked or spawned.
MAX_GIB = 1.0
VARIABLE = "PIXELWISE_MAX_GIB"
GIB = 1 << 30
# What to do about a file that is cut or damaged.
RESTORE = "Restore it from its source; nothing is guessed."

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
# How it comes about that a file cannot be used: it ends too early, holds no byte, may not be read,
# the system fails, it is not there, is no file, is of another format, too large, takes too much
# memory, holds several images, is stored in another way, is written to meanwhile, or is damaged.
Cause = Literal[
    "cut", "empty", "access", "system", "missing", "kind", "format", "large", "memory", "several",
    "storage", "busy", "damaged",
]  # fmt: skip


class Unreadable(Exception):
    """Why a file cannot be used. The function that the user called adds name and type of the error.

    Args:
        must, got, hint: as of PixelwiseError.
        cause: how it came about, as far as that is known.
    """

    def __init__(self, must: str, got: object, hint: str = "", cause: Cause = "damaged") -> None:
        super().__init__(must, got, hint, cause)
        self.must, self.got, self.hint, self.cause = must, got, hint, cause

    def at(self, error: type[PixelwiseError], where: object, name: str) -> PixelwiseError:
        """The error that names the file, and what it is there for."""
        found = error(where, name, must=self.must, got=self.got, hint=self.hint)
        found.cause = self.cause
        return found


def max_unpacked() -> int:
    """Bytes that the content of one file may take in memory."""
    try:
        return int(float(os.environ[VARIABLE]) * GIB)
    except (KeyError, ValueError, OverflowError):
        return int(MAX_GIB * GIB)


def how_to_allow(size: int) -> str:
    """The hint for a file that takes more bytes than max_unpacked()."""
    need = -(-size // GIB)
    allow = f"{setting('max_gib', need)} of the command, or {VARIABLE}={need} in the environment"
    # no machine has a million GiB
    return f"If that is right, allow it: {allow}." if need < 1 << 20 else ""


def read_file(path: Path | str, *, may_be_empty: bool = False, most: int | None = None) -> bytes:
    """The content of a regular file.

    Args:
        path: the file.
        may_be_empty: it need not have content.
        most: bytes that it may have; None: max_unpacked().
    Raises:
        Unreadable: there is no such file, it is empty and must not be, too large, a folder, a pipe
            or a device, the system refuses to read it, or someone writes to it at the same time.
    """
    check_regular(path, may_be_empty=may_be_empty)
    limit = max_unpacked() if most is None else most
    try:
        # not open(), whose buffer and further calls of the system take longer than a small file
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            before = os.fstat(file)
            if before.st_size > limit:
                got = f"{before.st_size:,}"
                hint = how_to_allow(before.st_size) if most is None else ""
                raise Unreadable(f"at most {limit:,} bytes", got, hint, "large")
            # no more than its size: /proc has files of no size without an end
            data = os.read(file, before.st_size)
            while (rest := before.st_size - len(data)) and (more := os.read(file, rest)):
                data += more  # the system gives two gigabytes at a time
            after = os.fstat(file)
        finally:
            os.close(file)
    except OSError as error:
        raise not_allowed(error) from None
    if not len(data) == before.st_size == after.st_size or before.st_mtime_ns != after.st_mtime_ns:
        hint = "Run this again when nothing writes to it any more."
        raise Unreadable("left alone while it is read", "other bytes meanwhile", hint, "busy")
    return data


@contextmanager
def open_file(path: Path | str, *, may_be_empty: bool = False) -> Iterator[BinaryIO]:
    """A regular file to read a part of.

    Raises:
        Unreadable: see read_file.
    """
    check_regular(path, may_be_empty=may_be_empty)
    try:
        file = open(path, "rb")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise not_allowed(error) from None
    with file:
        yield file if os.fstat(file.fileno()).st_size else BytesIO()  # see read_file


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
        if isinstance(error, PermissionError):
            raise not_allowed(error) from None
        got = getattr(error, "strerror", None) or str(error)
        raise Unreadable("an existing file", got, cause="missing") from None
    if not stat.S_ISREG(found.st_mode):
        kinds = (name for is_kind, name in _KINDS.items() if is_kind(found.st_mode))
        raise Unreadable("a regular file", next(kinds, "something else"), cause="kind")
    if found.st_size == 0 and not may_be_empty:
        raise Unreadable("a file with content", "an empty file", cause="empty")


def not_allowed(error: OSError | ValueError) -> Unreadable:
    """Why the system does not open or read a file."""
    got = getattr(error, "strerror", None) or str(error)
    cause: Cause = "access" if isinstance(error, PermissionError) else "system"
    return Unreadable("a readable file", got, cause=cause)


def format_of(data: bytes) -> str:
    """PNG, JPEG, GIF, BMP, TIFF or WebP.

    Raises:
        Unreadable: the file starts like none of these.
    """
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    got = f"a file that starts with {bytes(data[:12])!r}"
    raise Unreadable("an image file", got, cause="format")


def check_pixels(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuse an image that would not fit into memory; called before it is decoded.

    Raises:
        Unreadable: width * height exceeds max_pixels.
    """
    if width * height > max_pixels:
        got = f"{width:,} x {height:,}"
        raise Unreadable(f"at most {max_pixels:,} pixels", got, cause="large")
