"""Lists of the ids of a split, in all the forms that data sets have them.

a                       ids, of which a folder in front may be missing or too many
a.png                   names of files, with what follows or precedes the id in them
images/a.jpg            paths, below any folder
img/a.jpg gt/a.png      pairs, apart by blanks, tabs, commas or semicolons
a 1 1 1                 more columns, of which one is the id
a                       folders, of sequences or sites: all ids below

One file may have several splits: JSON such as {"train": ["a"], "val": ["b"]}, or that of folds
[{"train": ...}, ...], or CSV with a column of the split's name.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from os.path import isdir, isfile, splitext
from pathlib import Path
from typing import Any, NamedTuple

from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.json_file import parse_json
from pixelwise.files.names import with_slashes
from pixelwise.sample import sample
from pixelwise.survey.folder_names import SPLIT_NAMES

# Folders that have lists, relative to one of images or labels or above it, the most telling first.
LIST_FOLDERS = (
    *("ImageSets/Segmentation", "", "splits", "split", "lists", "list", "ImageSets"),
    *("ImageSets/Main", "imagesets", "ImageSets/SegmentationContext", "imageLists", "imagesLists"),
)
LIST_SUFFIXES = (".txt", ".lst", ".csv")
_SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}
# A list of both, which is used where there is none of the first alone.
_BOTH = {"trainval": "train", "trainvalid": "train", "train_val": "train"}
# Words that say nothing about a list.
_NEUTRAL = {
    *("", "list", "lists", "id", "ids", "file", "files", "filelist", "filenames", "names", "name"),
    *(
        "set",
        "split",
        "splits",
        "images",
        "image",
        "img",
        "imgs",
        "index",
        "samples",
        "data",
        "seg",
    ),
    *("segmentation", "labels", "label", "paths", "pairs"),
}
_LARGEST = 1 << 26
_LINES_COMPARED = 5
_LINES_COUNTED = 200


class Listed(NamedTuple):
    """The ids that lines name, and the lines that name none."""

    ids: frozenset[str]
    missing: list[str]


def read_list(path: Path, ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that a list names; none if it cannot be read or names none of them."""
    return match_lines(read_list_lines(path), {id: id for id in ids}).ids


def match_lines(lines: list[str], names: Mapping[str, str]) -> Listed:
    """The ids that the lines of a list name.

    Args:
        lines: in any of the forms above.
        names: the id by each name that it has: itself, or a path without suffix.
    """
    found = _match(lines, names, "", "")
    if found.ids and found.missing == lines[:1] and not re.search(r"\d|[./\\]", lines[0]):
        found.missing.clear()  # names of columns
    if 2 * len(found.missing) <= len(lines):
        return found
    some = sample(lines, _LINES_COUNTED)
    tried = [
        affixes
        for affixes in _affixes(found.missing[:_LINES_COMPARED], names)
        if 2 * sum(_has_affixes(line, *affixes) for line in some) >= len(some)
    ]
    results = [found, *(_match(lines, names, *affixes) for affixes in tried)]
    best = max(results, key=lambda one: len(one.ids))
    return best if best.ids else _match_folders(lines, names)


def read_splits(path: Path) -> dict[str, list[str]]:
    """The lines of each split of a JSON or CSV file that has several; none of other files.

    Of several folds it is the first.
    """
    try:
        data = read_file(path, most=_LARGEST)
        rows = (
            _json_rows(parse_json(data, str(path))) if path.suffix == ".json" else _csv_rows(data)
        )
        found = dict[str, list[str]]()
        for name, line in rows:
            if split := split_of_word(name):
                found.setdefault(split, []).append(line)
    except (Unreadable, PixelwiseError, csv.Error):
        return {}
    return found if "train" in found and len(found) > 1 else {}


def _json_rows(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and not any(map(split_of_word, value)):
        value = list(value.values())
    if isinstance(value, list):
        value = value[0] if value else {}
    for name, items in value.items() if isinstance(value, dict) else ():
        for item in items if isinstance(items, list) else ():
            parts = item.values() if isinstance(item, dict) else [item]
            yield name, "\t".join(str(part) for part in parts)


def _csv_rows(data: bytes) -> Iterator[tuple[str, str]]:
    rows = list(csv.reader(data.decode("utf-8-sig", "replace").splitlines()))
    for place in range(len(rows[0]) if rows else 0):
        names = [row[place] if place < len(row) else "" for row in rows[1:]]
        if len(set(names)) > 1 and all(map(split_of_word, names)):
            for name, row in zip(names, rows[1:]):
                yield name, "\t".join(row[:place] + row[place + 1 :])
            return


def split_of_word(name: object) -> str:
    """The split that a whole name is that of; "" if it is not."""
    return _SPLIT_OF.get(str(name).strip().lower(), "")


def find_lists(folders: Iterable[Path], ids: Collection[str]) -> dict[str, tuple[Path, frozenset]]:
    """The lists of splits near some folders: split -> (file, ids of it).

    Args:
        folders: of images, labels or both, and those above them; the first that has lists counts.
        ids: of all pairs.
    Returns:
        Splits that share no id; "train" is one of them. Nothing if there are no such lists.
    """
    for folder in dict.fromkeys(above / below for above in folders for below in LIST_FOLDERS):
        found: dict[str, tuple[Path, frozenset]] = {}
        for split, path in named_lists(folder):
            named = read_list(path, ids)
            if named and split not in found:
                found[split] = (path, named)
        together = sum(len(named) for _, named in found.values())
        apart = len(frozenset().union(*(named for _, named in found.values())))
        if "train" in found and len(found) > 1 and together == apart:
            return found
    return {}


def named_lists(folder: Path) -> Iterator[tuple[str, Path]]:
    """(split, file) of the files in a folder that are called like lists of a split."""
    if not isdir(folder):
        return
    both = list[tuple[str, Path]]()
    try:
        names = sorted(file.name for file in folder.iterdir())
    except OSError:
        return
    for name in names:
        stem, suffix = splitext(name.lower())
        if suffix not in LIST_SUFFIXES:
            continue
        words = [word for word in re.split(r"[^a-z]+", stem) if word not in _NEUTRAL]
        is_one = len(words) == 1 and words[0] in _SPLIT_OF
        if not (is_one or stem in _BOTH) or not isfile(folder / name):
            continue
        if stem in _BOTH:
            both.append((_BOTH[stem], folder / name))
        if is_one:
            yield _SPLIT_OF[words[0]], folder / name
    yield from both


def is_of_several(path: Path) -> bool:
    """Whether a list is called like one of train and val together."""
    return path.stem.lower() in _BOTH


def read_list_lines(path: Path) -> list[str]:
    """The lines of a list that are not empty; none if it cannot be read."""
    try:
        text = read_file(path, may_be_empty=True, most=_LARGEST).decode("utf-8-sig", "replace")
    except Unreadable:
        return []
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _match(lines: list[str], names: Mapping[str, str], prefix: str, suffix: str) -> Listed:
    by_tail = dict[str, str | None]()
    for name, id in names.items():
        for tail in _tails(name):
            by_tail[tail] = id if by_tail.get(tail, id) == id else None
    matched, missing = set[str](), list[str]()
    for line in lines:
        named = (_id_of(form, names, by_tail, prefix, suffix) for form in _forms(line))
        found = next((id for id in named if id is not None), None)
        if found is None:
            missing.append(line)
        else:
            matched.add(found)
    return Listed(frozenset(matched), missing)


def _match_folders(lines: list[str], names: Mapping[str, str]) -> Listed:
    """The ids below the folders that lines name."""
    below: dict[str, set[str]] = defaultdict(set)
    for name, id in names.items():
        folder = name.rpartition("/")[0]
        while folder:
            for tail in _tails(folder):
                below[tail].add(id)
            folder = folder.rpartition("/")[0]
    plain = {line: with_slashes(line).strip("/") for line in lines}
    return Listed(
        frozenset(id for text in plain.values() for id in below.get(text, ())),
        [line for line, text in plain.items() if text not in below],
    )


def _has_affixes(line: str, prefix: str, suffix: str) -> bool:
    names = (form.rpartition("/")[2] for form in _forms(line))
    return any(name.startswith(prefix) and name.endswith(suffix) for name in names)


def _forms(line: str) -> Iterator[str]:
    """What of a line may be an id or a path: all of it, then each column."""
    columns = re.split(r"[,;\t]\s*|\s+", line)
    for text in (line, *(columns if len(columns) > 1 else ())):
        plain = with_slashes(text.strip().strip("'\""))
        plain = re.sub(r"^(\./|/)+", "", plain)
        if plain:
            yield plain
            yield splitext(plain)[0]


def _id_of(
    text: str, known: Mapping[str, str], by_tail: dict[str, str | None], prefix: str, suffix: str
) -> str | None:
    folder, slash, name = text.rpartition("/")
    if not (name.startswith(prefix) and name.endswith(suffix)):
        return None
    text = folder + slash + name[len(prefix) : len(name) - len(suffix) or None]
    if text in known:
        return known[text]
    return next((found for tail in _tails(text) if (found := by_tail.get(tail))), None)


def _tails(text: str) -> Iterator[str]:
    """ "a/b/c", then "b/c", then "c"."""
    yield text
    while "/" in text:
        text = text.partition("/")[2]
        yield text


def _affixes(lines: list[str], ids: Collection[str]) -> set[tuple[str, str]]:
    """What may stand before and after the ids in the names of some lines."""
    found = set[tuple[str, str]]()
    names = {form.rpartition("/")[2] for line in lines for form in _forms(line)}
    for id in ids:
        short = id.rpartition("/")[2]
        for name in names if short else ():
            before, middle, after = name.partition(short)
            # the id ends where a word does
            apart = (not before or before[-1] in "_-.") and (not after or after[0] in "_-.")
            if middle and apart and before + after:
                found.add((before, after))
    return set(sorted(found, key=lambda both: len(both[0] + both[1]))[: 4 * _LINES_COMPARED])
