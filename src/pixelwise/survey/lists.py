"""Lists of the ids of a split, in all the forms that data sets have them.

a                       ids, of which a folder in front may be missing or too many
a.png                   names of files, with what follows or precedes the id in them
images/a.jpg            paths, below any folder
img/a.jpg gt/a.png      pairs, apart by blanks, tabs, commas or semicolons
a 1 1 1                 more columns, of which one is the id
"""

import re
from collections.abc import Collection, Iterable, Iterator
from os.path import isdir, isfile, splitext
from pathlib import Path

from pixelwise.files.content import Unreadable, read_file
from pixelwise.files.names import with_slashes
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


def read_list(path: Path, ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that a list names; none if it cannot be read or names none of them."""
    lines = _lines(path)
    matched, missing = _match(lines, ids, "", "")
    if 2 * len(missing) <= len(lines):
        return matched
    tried = _affixes(missing[:_LINES_COMPARED], ids)
    results = [matched, *(_match(lines, ids, *affixes)[0] for affixes in tried)]
    return max(results, key=len)


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


def _lines(path: Path) -> list[str]:
    try:
        text = read_file(path, may_be_empty=True, most=_LARGEST).decode("utf-8-sig", "replace")
    except Unreadable:
        return []
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _match(
    lines: list[str], ids: Collection[str], prefix: str, suffix: str
) -> tuple[frozenset[str], list[str]]:
    """The ids that lines name, and the lines that name none."""
    known, by_tail = frozenset(ids), dict[str, str | None]()
    for id in ids:
        for tail in _tails(id):
            by_tail[tail] = None if tail in by_tail else id
    matched, missing = set[str](), list[str]()
    for line in lines:
        named = (_id_of(form, known, by_tail, prefix, suffix) for form in _forms(line))
        found = next((id for id in named if id is not None), None)
        if found is None:
            missing.append(line)
        else:
            matched.add(found)
    return frozenset(matched), missing


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
    text: str, known: Collection[str], by_tail: dict[str, str | None], prefix: str, suffix: str
) -> str | None:
    folder, slash, name = text.rpartition("/")
    if not (name.startswith(prefix) and name.endswith(suffix)):
        return None
    text = folder + slash + name[len(prefix) : len(name) - len(suffix) or None]
    if text in known:
        return text
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
