"""Annotation files are opened once: what one step has read is handed on to the next.

`detect` reads some JSON files to detect the format, `find` reads those whose classes are known from
the files alone, and workers read what they make labels of.
"""

import csv
import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.json_file import parse_json
from pixelwise.sums import map_over
from pixelwise.text import reason_of

Result = TypeVar("Result")
NamedFile = tuple[str, Path]

# Bytes of annotation files whose content find hands on. The files after these are read again, so
# that memory does not grow with their number.
HANDED_ON = 256 << 20

# What Python, NumPy, zlib and expat raise on data that is not what its format says. Errors of ours
# are sentences already, and those of the file system are not about what is in a file.
OF_DATA = (
    *(LookupError, ArithmeticError, ValueError, TypeError, AttributeError, RecursionError),
    *(MemoryError, SyntaxError, StopIteration, csv.Error, struct.error, zlib.error),
)


@contextmanager
def untrusted(where: object, format: str) -> Iterator[None]:
    """Say in one sentence that a file is damaged, whatever trips over what is in it.

    Args:
        where: the file.
        format: what it should be.
    Raises:
        DatasetError: for errors of OF_DATA, and for Unreadable.
    """
    try:
        # what overflows is named by the checks of points, with its place
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except PixelwiseError:
        raise
    except Unreadable as error:
        raise error.at(DatasetError, where, "file") from None
    except OF_DATA as error:
        got = f"{type(error).__name__}: {reason_of(error)}"
        raise DatasetError(where, "file", must=f"undamaged {format}", got=got) from error


class JsonFile(NamedTuple):
    """The digest of a JSON file, "" if it cannot be read, and its value or what is wrong."""

    digest: str
    content: Any

    @property
    def value(self) -> Any:
        """The value; what is wrong is raised."""
        if isinstance(self.content, PixelwiseError):
            raise self.content
        return self.content


class Reading:
    """How `find` reads annotation files; the executor, if there is one, reads many of them."""

    def __init__(self, executor: Executor | None = None, folder: Path | None = None) -> None:
        """Read with an executor; keep the folder that was given as the source, if it is one."""
        self.folder = folder
        self._executor = executor
        self._json: dict[Path, JsonFile] = {}

    def look(self, path: Path) -> Any:
        """The value of a JSON file, which is kept until it is asked for again."""
        self._json[path] = read_json_file(path)
        return self._json[path].value

    def json(self, path: Path) -> Any:
        """The value of a JSON file, perhaps one that look has read."""
        return (self._json.pop(path, None) or read_json_file(path)).value

    def each(
        self, files: Sequence[NamedFile], read: Callable[[NamedFile, bool, Any], Result]
    ) -> Iterator[Result]:
        """read(file, whether to hand on its content, what look has read) of every file."""
        jobs, size = [], 0
        for name, path in files:
            size += _size_of(path)
            jobs.append(((name, path), size <= HANDED_ON, self._json.pop(path, None)))
        return map_over(jobs, partial(_call, read), self._executor, name=_path_of)


def _path_of(job: tuple[NamedFile, bool, Any]) -> str:
    return str(job[0][1])


def read_json_file(path: Path) -> JsonFile:
    """A JSON file and its digest, from the same bytes."""
    key = ""
    try:
        data = read_content(path)
        key = digest(data)
        return JsonFile(key, parse_json(data, str(path)))
    except DatasetError as error:
        return JsonFile(key, error)


def read_content(path: Path) -> bytes:
    """The bytes of an annotation file.

    Raises:
        DatasetError: it is missing, empty or not a regular file.
    """
    try:
        return read_file(path)
    except Unreadable as error:
        raise error.at(DatasetError, path, "file") from None


def digest(data: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def _call(read: Callable[..., Result], job: tuple[Any, ...]) -> Result:
    return read(*job)


def _size_of(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0  # reading it says why
