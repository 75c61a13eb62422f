"""Names in annotation files become paths, but only to where they may point.

A name from a file is data: it may be absolute, climb with "..", or pass through a link. What it
resolves to must lie in one of the folders that the user named.
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from os.path import isdir
from pathlib import Path

from pixelwise.convert.manifest import FILE_NAME as MANIFEST
from pixelwise.errors import DatasetError, setting
from pixelwise.files.names import lies_in, real_path, with_slashes
from pixelwise.files.patterns import fixed_part, names_below
from pixelwise.files.records import shown
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.survey.folder_names import SPLIT_NAMES

# Folders of what is written, and of a YOLO dataset.
IMAGES, LABELS = "images", "labels"
# A file system allows 255, of which a suffix takes up to 5.
_LONGEST_NAME = 250
# Names of the files of COCO's download, with and without outlines.
_OUTLINES, _BESIDE = "instances_", ("captions_", "person_keypoints_", "stuff_", "panoptic_")
_DRIVE = re.compile(r"[A-Za-z]:")


def inside(where: str, name: str, text: str, base: Path, roots: Sequence[Path]) -> Path:
    """The path that a name in an annotation file stands for.

    Args:
        where: the file that has the name, first word of the message.
        name: the field that has it.
        text: the name; Windows separators are understood.
        base: what it is relative to.
        roots: folders that it may lie in, however deep.
    Returns:
        base / text, not resolved; the file need not exist.
    Raises:
        DatasetError: the name is absolute, or leaves the roots by ".." or through a link.
    """
    plain = with_slashes(text)
    nameless = not plain or "\0" in plain or not _is_encodable(plain)
    bad = nameless or plain.startswith("/") or _DRIVE.match(plain)
    path = Path(base, "." if bad else plain)
    if bad or not _lies_in(path, roots):
        must = "a relative path that stays in the folders of the annotations or images"
        hint = f"Give the folder of the images as {setting('images')} if it lies elsewhere."
        raise DatasetError(where, name, must=must, got=shown(text), hint=hint)
    return path


def safe_id(where: str, name: str, text: str) -> str:
    """The id of an item from a name in a file: with "/", without suffix and without "..".

    Raises:
        DatasetError: the name is absolute, empty, climbs, or has a part that is hidden or too long.
    """
    plain = with_slashes(text)
    parts = plain.split("/")
    stem = os.path.splitext(plain)[0]
    # hidden files are not looked for in a dataset, so they would be written and never read
    hidden = any(part[:1] == "." and part != "." for part in parts)
    nameless = "" in parts or "\0" in plain or not _is_encodable(plain)
    wild = nameless or _DRIVE.match(plain) or stem.endswith("/")
    if hidden or wild or max(len(os.fsencode(part)) for part in stem.split("/")) > _LONGEST_NAME:
        must = f"a relative path without '..', hidden names or ones of over {_LONGEST_NAME} bytes"
        raise DatasetError(where, name, must=must, got=shown(text))
    return "/".join(part for part in stem.split("/") if part != ".")


def _is_encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False  # half of a character, as JSON can write it
    return True


def files_below(folder: Path, suffixes: Collection[str] = ()) -> Iterator[tuple[str, Path]]:
    """(path below the folder with "/", path) of every file with one of the suffixes, sorted.

    "*" in the folder's name stands for several. See walk_files; folders that convert has made of
    what is here are left out.

    Raises:
        DatasetError: the folder is missing or cannot be read.
    """
    root = fixed_part(folder)
    if not isdir(root):
        raise DatasetError(folder, "source", must="an existing folder", got="none")
    below = folder.relative_to(root).as_posix()
    try:
        names = walk_files(root, suffixes, except_with=MANIFEST)
        for name, path in names_below("" if below == "." else below, names):
            yield name, root / path
    except OSError as error:
        got = f"{error.filename}: {error.strerror}"
        raise DatasetError(folder, "source", must="a readable folder", got=got) from None


def images_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """files_below of all images."""
    return files_below(folder, IMAGE_SUFFIXES)


def json_files(folder: Path, names: Iterable[str]) -> list[Path]:
    """The JSON files among names below a folder, one of each folder first.

    Of COCO's download those with outlines are kept, without captions and key points beside them.
    """
    files = [folder / name for name in names if name.lower().endswith(".json")]
    outlined = {file.parent for file in files if file.name.startswith(_OUTLINES)}
    nth: Counter[Path] = Counter()
    places = []
    for place, file in enumerate(files):
        if file.parent not in outlined or not file.name.startswith(_BESIDE):
            places.append((nth[file.parent], place, file))
            nth[file.parent] += 1
    return [file for *_, file in sorted(places)]


def split_word(text: str) -> str:
    """The split that a word of a name says, such as "val" in instances_val2017; "" if none does."""
    words = set(re.findall("[a-z]+", text.lower()))
    found = [split for split, names in SPLIT_NAMES.items() if words.intersection(names)]
    return found[0] if len(found) == 1 else ""


def check_apart(source: Path, out: Path, may_be_below: bool = False) -> None:
    """Refuse to write where annotations are read: nothing is converted in place.

    Args:
        source: what is read.
        out: the folder of the result.
        may_be_below: whether it may lie in the source, as only the annotation files in it are read.
    Raises:
        DatasetError: one of the two folders lies in the other.
    """
    if lies_in(source, out) or (lies_in(out, source) and not may_be_below):
        hint = f"Choose a folder beside it for {setting('out')}."
        got = f"{out} with source {source}"
        raise DatasetError("convert", "out", must="apart from the source", got=got, hint=hint)


def _lies_in(path: Path, roots: Sequence[Path]) -> bool:
    try:
        resolved = real_path(path)
    except (OSError, ValueError):
        return False  # a name that no file can have
    if any(map(os.path.islink, (resolved, *resolved.parents))):
        return False  # a loop of links
    return any(resolved.is_relative_to(real_path(root)) for root in roots)
