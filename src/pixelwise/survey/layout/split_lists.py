"""Splits that lists of ids give, where folders give no val."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from os.path import splitext
from pathlib import Path

from pixelwise.files.content import Unreadable, read_file
from pixelwise.survey.folder_names import words_of
from pixelwise.survey.layout.draft import Draft
from pixelwise.survey.layout.placing import Place
from pixelwise.survey.lists import Listed, match_lines, read_list_lines, read_splits
from pixelwise.survey.statements import LIKELY, SURE, Statement
from pixelwise.text import plural

# Words in the name of a list beside that of its split.
_NEUTRAL = frozenset(
    (
        *("list", "lists", "id", "ids", "file", "files", "filenames", "filelist", "names", "name"),
        *("image", "images", "img", "set", "split", "seg", "segmentation", "txt", "data", "index"),
        *("label", "labels"),
    )
)
# Folders of lists, the most telling first.
_TELLING = ("segmentation", "imagesets", "splits", "split", "lists", "list")

# Suffixes of files that may have several splits.
_TABLES = (".json", ".csv")
# split -> (file, what it names)
Lists = dict[str, tuple[str, Listed]]


def find_lists(draft: Draft) -> None:
    """train.txt, val.txt, ... where folders give no val."""
    lists = {
        name: path.as_posix()
        for name, path in draft.given.splits.items()
        if name not in draft.given_folders
    }
    if not lists and ("val" in draft.splits or draft.splits["train"].list is not None):
        return
    place = draft.places["train"]
    pairing = place.pairing
    found = _given_lists(draft, lists, place) if lists else _best_lists(draft, place)
    if not found:
        return
    whole = draft.splits["train"]
    missing = {name: list(one.missing) for name, (_, one) in found.items()}
    named = {name: one.ids & pairing.image_of.keys() for name, (_, one) in found.items()}
    for name, (_, one) in found.items():
        missing[name] += sorted(one.ids - named[name])
    files = {name: file for name, (file, _) in found.items()}
    if "train" not in named and "trainval" in named:
        files["train"], named["train"] = files["trainval"], named["trainval"]
        named["train"] -= named.get("val", frozenset())
    named.pop("trainval", None)
    if "train" not in named:
        files["train"] = ""
        named["train"] = frozenset(pairing.of()[0]).difference(*named.values())
    texts = []
    for name in ("train", "val", "test"):
        if not named.get(name):
            continue
        file = files[name]
        has_labels = any(id in pairing.label_of for id in named[name])
        split = whole if has_labels else replace(whole, labels=None, label_suffix="")
        if file and _are_ids(draft.tree.root / file, named[name]):
            draft.splits[name] = replace(split, list=file)
        else:
            draft.lists[f"{name}-ids.txt"] = tuple(sorted(named[name]))
            draft.splits[name] = replace(split, list=f"{name}-ids.txt")
        draft.used.add(file)
        draft.places[name] = _listed(place, named[name], has_labels=has_labels)
        texts.append(f"{name} ({file or 'the others'})")
    draft.statements.append(Statement(SURE, f"splits are lists of ids: {', '.join(texts)}"))
    draft.statements += _left_out(named, missing, pairing.of()[0])


def find_words(draft: Draft) -> None:
    """Splits that the name of every file says: train_01, test_01."""
    train = draft.splits["train"]
    if draft.splits.keys() & {"val", "test"} or train.list is not None or draft.folds:
        return
    place, named = draft.places["train"], dict[str, set[str]]()
    for id in place.ids():
        named.setdefault(words_of(id.rpartition("/")[2]).split, set()).add(id)
    if "train" not in named or not {"train"} < named.keys() <= {"train", "val", "test"}:
        return
    for name, ids in named.items():
        draft.lists[f"{name}-ids.txt"] = tuple(sorted(ids))
        draft.splits[name] = replace(train, list=f"{name}-ids.txt")
        draft.places[name] = _listed(place, frozenset(ids), has_labels=True)
    text = f"splits are words in the names of files: {', '.join(named)}"
    draft.statements.append(Statement(SURE, text))


def _left_out(
    named: Mapping[str, Collection[str]],
    missing: Mapping[str, list[str]],
    pairs: Collection[str],
) -> Iterator[Statement]:
    """What lists name twice, or not at all, and what they name that is not there."""
    for name, lines in missing.items():
        if lines:
            have = "has" if len(lines) == 1 else "have"
            text = f"{plural(len(lines), 'line')} in the list of {name} {have} no image here"
            yield Statement(LIKELY, f"{text}, such as {lines[0]}")
    rest = set(pairs).difference(*named.values())
    if rest:
        are = "is" if len(rest) == 1 else "are"
        text = f"{plural(len(rest), 'pair')} {are} in no list and not used, such as {min(rest)}"
        yield Statement(LIKELY, text)
    for one, other in combinations(named, 2):
        if shared := set(named[one]) & set(named[other]):
            are = "is" if len(shared) == 1 else "are"
            text = f"{plural(len(shared), 'id')} {are} in the lists of {one} and of {other}"
            yield Statement(LIKELY, f"{text}, such as {min(shared)}")


def _listed(place: Place, ids: frozenset[str], *, has_labels: bool) -> Place:
    """The part of a place that a list names."""
    pairing = place.pairing
    images = frozenset(name for id, name in pairing.image_of.items() if id in ids)
    pairs = frozenset(
        (name, str(pairing.label_of[id]))
        for id, name in pairing.image_of.items()
        if id in ids and id in pairing.label_of
    )
    labels = place.labels if has_labels else None
    return replace(place, labels=labels, expected_images=images, expected=pairs)


def _names(place: Place) -> dict[str, str]:
    """The id by each name that it has: itself, and the paths of its files."""
    names = {id: id for id in place.pairing.image_of}
    for files in (place.pairing.label_of, place.pairing.image_of):
        names |= {splitext(str(file))[0]: id for id, file in files.items()}
    return names


def _given_lists(draft: Draft, lists: Mapping[str, str], place: Place) -> Lists:
    names, root = _names(place), draft.tree.root
    return {
        n: (file, match_lines(read_list_lines(root / file), names)) for n, file in lists.items()
    }


def _best_lists(draft: Draft, place: Place) -> Lists:
    """split -> (file, what it names), of the folder whose lists are the most telling."""
    folders: dict[str, dict[str, tuple[str, list[str]]]] = defaultdict(dict)
    for text in sorted(draft.tree.texts, key=len):
        folder, _, name = text.rpartition("/")
        words = words_of(name.rsplit(".", 1)[0])
        if words.split and not set(words.template.split()) - _NEUTRAL - {"{}"}:
            if words.split not in folders[folder]:
                lines = read_list_lines(draft.tree.root / text)
                folders[folder][words.split] = text, lines
        elif not words.split and text.endswith(_TABLES):
            # a file of several splits counts as a folder of its own
            several = read_splits(draft.tree.root / text)
            folders[text] = {split: (text, lines) for split, lines in several.items()}
    names = _names(place) if any(folders.values()) else {}
    best: Lists = {}
    best_rank: tuple = ()
    for folder, files in folders.items():
        read = {n: (f, match_lines(lines, names)) for n, (f, lines) in files.items()}
        read = {n: (f, one) for n, (f, one) in read.items() if one.ids}
        if len(read) == 1 and all(f.endswith(".csv") for f, _ in read.values()):
            continue  # a table of what is in train, such as Kaggle's train.csv
        number = len(frozenset().union(*(one.ids for _, one in read.values())))
        innermost = folder.rpartition("/")[2].lower()
        telling = _TELLING.index(innermost) if innermost in _TELLING else len(_TELLING)
        rank = (bool({"train", "trainval"} & set(read)), -telling, number, -len(folder))
        if read and (not best or rank > best_rank):
            best, best_rank = read, rank
    return best


def _are_ids(file: Path, ids: frozenset[str]) -> bool:
    """Whether a list has the ids as they are, one a line, and nothing else."""
    try:
        text = read_file(file, may_be_empty=True).decode("utf-8-sig", "replace")
    except Unreadable:
        return False
    return {line.strip() for line in text.splitlines()} - {""} == ids
