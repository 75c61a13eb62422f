"""What predict has done in a folder that is not finished: a line of JSON for each image.

The same command goes on from there: after Ctrl-C, a kill or a full disk, and when images that could
not be predicted are repaired. What counts as done has the same checkpoint, classes and threshold,
and an image of the same size and time of change.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pixelwise.convert.manifest import open_to_append
from pixelwise.errors import PixelwiseError, RunError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.folder import remove, swap_in
from pixelwise.files.records import to_plain
from pixelwise.progress import Display

FILE = "unfinished.jsonl"

Stamp = list[int]  # bytes and time of change of an image


class Unfinished:
    """The images that are done in a folder.

    Args:
        folder: where label images are written.
        key: digest of what they depend on beside the images.
        done: id -> stamp of its image.
        notes: id -> what was added up of its image, for those of which something was.

    Attributes:
        parts: folders of the label images of an image, one for each class if they overlap.
        suffix: of their names.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        done: dict[str, Stamp],
        notes: dict[str, Any] | None = None,
    ) -> None:
        self.folder, self.key, self.done = folder, key, done
        self.notes = notes or {}
        self.parts: tuple[str, ...] = ("",)
        self.suffix = ".png"

    def files(self, id: str) -> list[Path]:
        """The label images of an image."""
        return [self.folder / part / f"{id}{self.suffix}" for part in self.parts]

    def is_done(self, id: str, image: Path) -> bool:
        """Whether the label image of an image is there, and the image unchanged."""
        is_same = self.done.get(id) == stamp_of(image)
        return is_same and all(file.is_file() for file in self.files(id))

    def forget(self, id: str) -> None:
        """Remove the label image of an image that has none any more."""
        self.done.pop(id, None)
        self.notes.pop(id, None)
        for file in self.files(id):
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove the part of a label image that a process which was killed has left."""
        for part in self.parts:
            for leftover in (self.folder / part).glob(".pixelwise-*.tmp"):
                with suppress(OSError):
                    leftover.unlink()

    def forget_others(self, ids: Iterable[str]) -> None:
        """Remove what is done for images that are not among these."""
        for id in self.done.keys() - set(ids):
            self.forget(id)

    @contextmanager
    def journal(self) -> Iterator["Journal"]:
        """The file, to add lines to; the first says what label images here depend on.

        Raises:
            RunError: the file system refuses.
        """
        with open_to_append(self.folder / FILE) as file:
            journal = Journal(self, file)
            journal.write(self.key)
            yield journal


class Journal:
    """The file of an Unfinished while images are predicted."""

    def __init__(self, unfinished: Unfinished, file: Any) -> None:
        self.unfinished, self.file = unfinished, file

    def add(self, id: str, stamp: Stamp, note: Any = None) -> None:
        """An image is done; note: what was added up of it, as JSON can hold it."""
        self.unfinished.done[id] = stamp
        if note is not None:
            self.unfinished.notes[id] = note
        self.write([id, *stamp, *([] if note is None else [note])])

    def write(self, value: Any) -> None:
        """Add a line; one that a kill has cut does not take this one with it."""
        try:
            self.file.write(b"\n" + json.dumps(value).encode() + b"\n")
            self.file.flush()
        except OSError as error:
            got = error.strerror or str(error)
            raise RunError(self.file.name, "file", must="writable", got=got) from None


def read_unfinished(folder: Path, key: str) -> Unfinished | None:
    """What was done in a folder; None if that was nothing, or with another key.

    Lines that are not whole are left out: those images are predicted again.
    """
    try:
        lines = read_file(folder / FILE).splitlines()
    except Unreadable:
        return None
    done: dict[str, Stamp] = {}
    notes: dict[str, Any] = {}
    keys = set()
    for line in filter(None, lines):
        with suppress(ValueError, RecursionError):
            match json.loads(line):
                case str(found):
                    keys.add(found)
                case [str(id), int(size), int(changed), *rest]:
                    done[id] = [size, changed]
                    notes[id] = rest[0] if rest else None
    return Unfinished(folder, key, done, notes) if keys == {key} else None


@contextmanager
def finished(begun: Unfinished, out: Path, display: Display) -> Iterator[None]:
    """Give a folder its name when all images have been tried; until then what is done stays."""
    keep = "What is done is kept: the same command goes on."
    try:
        yield
        if begun.folder != out:
            swap_in(begun.folder, out)
    except BaseException as error:
        if not begun.done and begun.folder != out:
            remove(begun.folder)
        elif isinstance(error, KeyboardInterrupt):
            display.line(f"predict: interrupted. {keep}")
        elif isinstance(error, PixelwiseError):
            error.add_hint(keep)
        if isinstance(error, PixelwiseError):
            error.replace(str(begun.folder), str(out))
        raise


def key_of(*values: Any) -> str:
    """A digest of what label images depend on."""
    return hashlib.sha256(json.dumps(to_plain(values), sort_keys=True).encode()).hexdigest()


def stamp_of(image: Path) -> Stamp:
    """Bytes and time of change of an image; none if it is not there."""
    try:
        found = os.stat(image)
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]
