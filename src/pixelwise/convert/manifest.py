"""What is done already, recognised by content: a line of JSON for each label.

A line holds the key of everything that the label depends on (settings, annotation files, image)
and the digest of the label and image that were written. A file counts as done only if the key is
the same and the files on disk still have those digests; that they exist is not enough. Lines are
appended while a run goes on, so that it can be stopped at any time; a torn line is ignored. At the
end the file is rewritten in the order of the ids, the same for every run.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any

from pixelwise.convert.reading import digest
from pixelwise.errors import PixelwiseError, RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.records import from_plain, to_plain
from pixelwise.labels.color import Snapped

FILE_NAME = "convert.jsonl"


@dataclass(frozen=True)
class Entry:
    """One label that was written, and what happened on the way.

    Args:
        id: of its item.
        key: digest of what it was made from.
        label, image: digest of the files that were written; "" = no image.
        image_name: the image below its folder.
        turned: whether the image was written with its EXIF tag applied.
        objects: things that were painted.
        overlapped: pixels that more than one class wanted.
        vanished: objects that no pixel shows, by their place in the file.
        skipped: shapes that cannot be painted.
        unknown: objects of each name that is not a class.
        snapped: colours that became the nearest class.
    """

    id: str
    key: str
    label: str
    image: str = ""
    image_name: str = ""
    turned: bool = False
    objects: int = 0
    overlapped: int = 0
    vanished: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()
    snapped: Snapped | None = None

    def line(self) -> bytes:
        """The entry as a line of JSON."""
        return json.dumps(to_plain(self), sort_keys=True).encode() + b"\n"


def read_entries(path: Path) -> dict[str, Entry]:
    """The last whole entry of each id; none if there is no such file.

    Raises:
        RunError: it is something else than a file, or cannot be read.
    """
    if not os.path.lexists(path):
        return {}
    try:
        data = read_file(path, may_be_empty=True)
    except Unreadable as error:
        raise error.at(RunError, path, "file") from None
    entries = {}
    for line in data.splitlines():
        try:
            entry = from_plain(Entry, json.loads(line), str(path))
        except (ValueError, RecursionError, PixelwiseError):
            continue  # cut by an interruption, or of another version: then it is not done
        entries[entry.id] = entry
    return entries


def open_to_append(path: Path) -> BufferedWriter:
    """The file of entries, made if it is missing; opening it proves that the folder is writable.

    Raises:
        RunError: it is not.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "ab")
    except OSError as error:
        got = error.strerror or str(error)
        raise RunError(path, "folder", must="writable", got=got) from None


def append(file: BufferedWriter, entry: Entry) -> None:
    """Add one entry so that a process that is killed leaves it whole or absent."""
    try:
        # a torn line of an earlier run must not swallow this one
        file.write(b"\n" + entry.line())
        file.flush()
    except OSError as error:
        got = error.strerror or str(error)
        raise RunError(file.name, "file", must="writable", got=got) from None


def rewrite(path: Path, entries: Mapping[str, Entry]) -> None:
    """Replace the file by these entries, sorted by id."""
    atomic_write(path, b"".join(entries[key].line() for key in sorted(entries)))


def digest_of_written(path: Path) -> str:
    """The digest of a file that an earlier run wrote; "" if it cannot be read."""
    try:
        return digest(read_file(path))
    except Unreadable:
        return ""


def digest_of_values(*values: Any) -> str:
    """The digest of values that JSON can hold."""
    return digest(json.dumps(values, sort_keys=True, default=str).encode())
