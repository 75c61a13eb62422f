"""Splits that lists of ids give, where folders give no val."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from pixelwise.files.content import Unreadable, read_file
from pixelwise.survey.folder_names import words_of
from pixelwise.survey.layout.draft import Draft
from pixelwise.survey.layout.placing import Place
from pixelwise.survey.lists import read_list
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
    ids = {*pairing.image_of, *pairing.label_of}
    found = _best_lists(draft, ids)
    if lists:
        found = {name: (f, read_list(draft.tree.root / f, ids)) for name, f in lists.items()}
    if not found:
        return
    whole = draft.splits["train"]
    named = {name: listed & ids for name, (_, listed) in found.items()}
    if "train" not in found and "trainval" in found:
        file, listed = found.pop("trainval")
        rest = listed - named.get("val", frozenset())
        found["train"] = (file, rest) if "val" in found else (file, listed)
        named["train"] = rest
    found.pop("trainval", None)
    if "train" not in found and ("val" in found or "test" in found):
        taken = frozenset().union(*named.values())
        found["train"] = ("", frozenset(pairing.of()[0]) - taken)
        named["train"] = found["train"][1]
    texts = []
    for name in ("train", "val", "test"):
        if name not in found or not named[name]:
            continue
        file, _ = found[name]
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
    rest = frozenset(pairing.of()[0]).difference(*named.values())
    if rest:
        text = f"{plural(len(rest), 'pair')} are in no list and not used, such as {min(rest)}"
        draft.statements.append(Statement(LIKELY, text))
    shared = named.get("train", frozenset()) & named.get("val", frozenset())
    if shared:
        text = f"{plural(len(shared), 'id')} are in the lists of train and of val"
        draft.statements.append(Statement(LIKELY, f"{text}, such as {min(shared)}"))


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


def _best_lists(draft: Draft, ids: set[str]) -> dict[str, tuple[str, frozenset[str]]]:
    """split -> (file, ids) of the lists of the folder whose lists are the most telling."""
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for text in sorted(draft.tree.texts, key=len):
        folder, _, name = text.rpartition("/")
        words = words_of(name.rsplit(".", 1)[0])
        if words.split and not set(words.template.split()) - _NEUTRAL - {"{}"}:
            folders[folder].setdefault(words.split, text)
    best: dict[str, tuple[str, frozenset[str]]] = {}
    best_rank: tuple = ()
    for folder, files in folders.items():
        read = {n: (f, read_list(draft.tree.root / f, ids)) for n, f in files.items()}
        read = {n: (f, found) for n, (f, found) in read.items() if found}
        number = len(frozenset().union(*(found for _, found in read.values())))
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
