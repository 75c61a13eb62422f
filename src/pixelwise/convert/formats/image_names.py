"""The images that an annotation file names, also where they have been moved to since.

A tool writes the path that an image had when it was annotated: absolute, of another computer, or an
address. Such a name is looked for below the folder of the images: by as many of its last parts as
there are in that folder, in the end by the name of the file alone, which must be there once.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from os.path import exists, isfile, islink
from pathlib import Path
from urllib.parse import unquote

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.manifest import FILE_NAME as MANIFEST
from pixelwise.convert.paths import images_below, inside, safe_id, split_word
from pixelwise.errors import DatasetError, setting
from pixelwise.files.names import with_slashes
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES
from pixelwise.survey.pairing import subfolders
from pixelwise.text import some

_ABSOLUTE = re.compile(r"/|[A-Za-z]:|file:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/]*/?")
# Folders below that of the annotations that are searched if no folder of images is given: others
# may be of another data set.
_DEEPEST = 2
# Parts of a path that are tried.
_MOST_PARTS = 8


class Images:
    """Finds images below one folder."""

    def __init__(self, config: ConvertConfig, root: Path, is_sure: bool = False) -> None:
        """Look below config.images, or below the root if there is no such folder.

        Args:
            config: images and image_files.
            root: the folder of the annotations.
            is_sure: whether images that lie elsewhere than their relative names say may be looked
                for without config.images too.
        """
        self.root = config.images or root
        self.moved = 0
        self.has_root = config.images is not None
        self._looks = self.has_root or is_sure

    def find(
        self,
        where: str,
        name: str,
        text: str,
        base: Path,
        folders: Sequence[str] = ("",),
        split: str = "",
    ) -> tuple[str, Path]:
        """The id and the path of an image; the file need not exist.

        Args:
            where: the annotation file, first word of messages.
            name: the field that has the name.
            text: the name.
            base: what it is relative to, unless there is a folder of images.
            folders: those in base that may have the image; "" is base itself.
            split: of the images of this file, which decides between two of the same name.
        Raises:
            DatasetError: the name leads out of the folders, or several images have it.
        """
        plain, is_wild = _plain(text)
        base = self.root if self.has_root else base
        if not is_wild and not (self.has_root and ".." in plain.split("/")):
            inside(where, name, plain, base, [base])
            id = safe_id(where, name, plain)
            names = (f"{folder}/{plain}" if folder else plain for folder in folders)
            files = [inside(where, name, below, base, [base]) for below in names]
            file = next(filter(isfile, files), files[-1])
            found = None if isfile(file) or not self._looks else self._search(where, plain, split)
            self.moved += found is not None
            return id, found[1] if found else file
        found = self._search(where, plain, split)
        if found is None and self.has_root:
            must = f"that of an image in {self.root}"
            raise DatasetError(where, name, must=must, got=shown(text))
        if found is None:
            inside(where, name, text, base, [base])  # says what is wrong with it
            hint = f"Give the folder of the images as {setting('images')}."
            raise DatasetError(where, name, must="a path", got=shown(text), hint=hint)
        self.moved += 1
        return safe_id(where, name, found[0]), found[1]

    @property
    def notes(self) -> list[str]:
        """How many images lie elsewhere than their names say."""
        return [f"{self.moved:,} images were found by the end of their names"] * (self.moved > 0)

    def _search(self, where: str, plain: str, split: str) -> tuple[str, Path] | None:
        """The name below the root and the path of an image; None if it is not there."""
        parts = [part for part in plain.rpartition("../")[2].split("/") if part not in ("", ".")]
        for first in range(max(0, len(parts) - _MOST_PARTS), len(parts)):
            name = "/".join(parts[first:])
            if "\0" not in name and isfile(self.root / name):
                return name, inside(where, "images", name, self.root, [self.root])
        names = self._by_name.get(parts[-1], []) if parts else []
        if len(names) > 1 and split:
            names = [n for n in names if _is_below(split, n)] or names
        if len(names) > 1:
            must, got = f"in one folder of {self.root}", some(names)
            hint = "" if self.has_root else f"Give that folder as {setting('images')}."
            raise DatasetError(where, f"image {parts[-1]}", must=must, got=got, hint=hint)
        if not names:
            return None
        return parts[-1], inside(where, "images", names[0], self.root, [self.root])

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """The names below the root of all images, by the name of the file."""
        found = defaultdict(list)
        for name in _names_below(self.root, None if self.has_root else _DEEPEST):
            found[name.rpartition("/")[2]].append(name)
        return dict(found)


def _names_below(root: Path, deepest: int | None) -> Iterator[str]:
    """The names of images below a folder; below so many folders at most."""
    if deepest is None:
        yield from (name for name, _ in images_below(root))
        return
    level = [root]
    for _ in range(deepest + 1):
        for folder in level:
            with suppress(OSError):  # a folder that cannot be read has no image for us
                for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                    if entry.name.lower().endswith(tuple(IMAGE_SUFFIXES)) and entry.is_file():
                        yield Path(entry.path).relative_to(root).as_posix()
        below = (inner for folder in level for inner in subfolders(folder))
        # without links, and without what convert has made
        level = [inner for inner in below if not islink(inner) and not exists(inner / MANIFEST)]


def _is_below(split: str, name: str) -> bool:
    """Whether a folder of a name is called like a split."""
    folders = name.split("/")[:-1]
    return split in folders or split in map(split_word, folders)


def _plain(text: str) -> tuple[str, bool]:
    """A name with "/", and whether it is absolute or an address."""
    address = _ADDRESS.match(text)
    if address:
        rest = text[address.end() :]
        path = rest.partition("?d=")[2] or rest.partition("?")[0].partition("#")[0]
        return with_slashes(unquote(path)), True
    plain = with_slashes(text)
    return plain, _ABSOLUTE.match(plain) is not None
