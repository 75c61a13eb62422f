"""Masks of each class beside one set of images: classes that may overlap.

images/017.jpg, labels/car/017.png, labels/wheel/017.png        a folder for each class
train/images/017.jpg, train/car/017.png, ...                    also below the folder of a split
images/017.jpg, masks/017_car.png, masks/017_wheel.png          a suffix for each class

It is sure only if masks overlap by more than their rims and a class file, or a known data set, has
the names: two observers, or labels and a field of view, look the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import DatasetError, LabelError, PixelwiseError
from pixelwise.files.walk import IMAGE_SUFFIXES, walk_files
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description, Split, fold_of
from pixelwise.labels.overlap.pairing import PLACE
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.png import read_label
from pixelwise.legend.find import find_class_file
from pixelwise.sample import sample
from pixelwise.survey.content import look
from pixelwise.survey.conversion import command_lines
from pixelwise.survey.decoys import decoy_of
from pixelwise.survey.folder_names import words_of
from pixelwise.survey.given import Given
from pixelwise.survey.statements import LIKELY, OPEN, SURE, Answer, Statement, Survey
from pixelwise.text import plural, some

FOLDS = 5
# Images whose masks are compared, and files of a folder that are looked at.
_COMPARED, _LOOKED_AT = 60, 3
_MOST_CLASSES = 200
# Of the smaller of two masks, the share that is more than a border drawn twice; of both together,
# the share from which on they are the same thing.
_OVERLAP, _SAME = 0.3, 0.5
_MARKS = "_-."
# What may be decided besides: files and values of labels are of the other forms.
_OF_OTHERS = ("task", "unpaired", "channels", "bands", "range")
_SPLIT = "{}"
Folders = dict[tuple[str, ...], dict[str, str]]


@dataclass(frozen=True)
class ClassMasks:
    """Where the masks of each class are.

    Args:
        names: of the classes.
        splits: with {class} in the place of the class.
        masks: of each split the file of a class by (image, class).
        images: of each split the ids.
    """

    names: tuple[str, ...]
    splits: dict[str, Split]
    masks: dict[str, dict[tuple[str, str], Path]]
    images: dict[str, list[str]]


def survey_masks(root: Path, given: Given) -> Survey | None:
    """The survey of a folder that has masks of each class; None if it has others.

    Raises:
        DatasetError: it was said that there are such masks, and there are none.
    """
    said = given.task is not None
    decided = {n for n in given.options() if n not in _OF_OTHERS}
    found = None if decided and not said else find_masks(root)
    values = None if found is None else _values(found, given.ignore_values or ())
    if found is None or values is None:
        if said:
            must = "one with an image for each id, and masks of 0 and one other value of each class"
            hint = f"Write {FILE_NAME} by hand, see docs/multi-label.md."
            raise DatasetError(root, "folder", must=must, got="another", hint=hint)
        return None
    if not said and not _may_be_classes(found):
        return None
    whole = all(
        (id, name) in found.masks[split]
        for split, ids in found.images.items()
        for id in ids
        for name in found.names
    )
    statement = _statement(root, found, said, whole)
    void = tuple(value for value in given.ignore_values or () if value != 255)
    try:
        classes = Classes(found.names, values=values, ignore_values=void, files=found.names)
    except LabelError:
        if said:
            raise
        return None  # names that no file has on other systems
    splits = found.splits if whole else _absent(found.splits)
    statements = [statement, *_about_files(found, values, whole)]
    if "val" not in splits:
        splits, more = _with_folds(splits, found.images["train"])
        statements.append(more)
    questions = (statement.text,) if statement.sureness == OPEN else ()
    description = Description(root, classes, splits, "multilabel", questions)
    pairs = [pair for split in splits for pair in description.pairs(split)]
    return Survey(description, tuple(statements), tuple(pairs), given)


def find_masks(root: Path) -> ClassMasks | None:
    """Masks of each class by the names of folders and files, and what some files look like."""
    by_split: dict[str, Folders] = {}
    for name in walk_files(root, IMAGE_SUFFIXES, failures=[]):
        *parts, last = name.split("/")
        splits = [words_of(part).split if not words_of(part).rest else "" for part in parts]
        split = next((s for s in splits if s in ("train", "val", "test")), "")
        place = tuple(_SPLIT if s and s == split else p for s, p in zip(splits, parts))
        stem = last.rpartition(".")[0]
        by_split.setdefault(split, {}).setdefault(place, {})[stem] = name
    if "" in by_split and len(by_split) == 1:
        by_split = {"train": by_split[""]}
    first = by_split.get("train")
    if first is None or "" in by_split or not 2 <= len(first) <= _MOST_CLASSES:
        return None
    # before any file is opened: one folder has the images of all masks
    stems = sorted((set(files) for files in first.values()), key=len)
    if len(first) > 2 and not set().union(*stems) <= stems[-1]:
        return None
    kinds = {place: _are_masks(root, list(files.values())) for place, files in first.items()}
    images = [place for place, masks in kinds.items() if not masks]
    masks = [place for place, masks in kinds.items() if masks]
    if len(images) != 1 or not masks:
        return None
    form = _by_folder(masks) if len(masks) > 1 else _by_suffix(first, images[0], masks[0])
    if form is None:
        return None
    return _placed(root, by_split, images[0], *form)


def _by_folder(masks: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], str] | None:
    """The folder of masks with {class} in it, and "", if folders differ in one part."""
    if len(set(map(len, masks))) > 1:
        return None
    differ = [n for n, parts in enumerate(zip(*masks)) if len(set(parts)) > 1]
    if len(differ) != 1:
        return None
    place = list(masks[0])
    place[differ[0]] = PLACE
    return tuple(place), ""


def _by_suffix(
    folders: Folders, images: tuple[str, ...], masks: tuple[str, ...]
) -> tuple[tuple[str, ...], str] | None:
    """The folder of masks, and the suffix with {class} in it, if all names have an image's."""
    marks = set()
    for stem in folders[masks]:
        cut = _cut(stem, folders[images])
        if cut is None:
            return None
        marks.add(cut[1])
    return (masks, f"{marks.pop()}{PLACE}") if len(marks) == 1 else None


def _cut(stem: str, images: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The id, the mark and the class of a mask; the longest id of an image."""
    places = (n for n in range(len(stem) - 1, 0, -1) if stem[n] in _MARKS and stem[:n] in images)
    place = next(places, None)
    return None if place is None else (stem[:place], stem[place], stem[place + 1 :])


def _placed(
    root: Path,
    by_split: dict[str, Folders],
    images: tuple[str, ...],
    labels: tuple[str, ...],
    suffix: str,
) -> ClassMasks | None:
    """All files in their places; None if there are others."""
    splits, masks, ids, names = {}, {}, {}, set[str]()
    for split, folders in by_split.items():
        own = folders.get(images)
        if own is None:
            return None
        found: dict[tuple[str, str], Path] = {}
        for place, files in folders.items():
            if place == images:
                continue
            name = _name_of(place, labels)
            for stem, file in files.items():
                cut = _cut(stem, own) if suffix else None
                id, called = (cut[0], cut[2]) if cut else (stem, name)
                # another folder, or a mask without an image
                if id not in own or not called or (bool(suffix) and cut is None):
                    return None
                found[id, called] = root / file
        if not found and split != "test":
            return None
        if found:
            masks[split], ids[split] = found, sorted(own)
            names |= {name for _, name in found}
        folder = _written(labels, split, folders) if found else None
        splits[split] = Split(
            _written(images, split, folders) or ".",
            folder,
            label_suffix=suffix if found else "",
        )
    if len(names) < 2:
        return None
    return ClassMasks(tuple(sorted(names)), splits, masks, ids)


def _name_of(place: tuple[str, ...], labels: tuple[str, ...]) -> str:
    """The class that a folder of masks is of; "" if it is another folder."""
    if PLACE not in labels:
        return "" if place != labels else "?"
    at = labels.index(PLACE)
    others = place[:at] + place[at + 1 :] == labels[:at] + labels[at + 1 :]
    return place[at] if others and len(place) == len(labels) else ""


def _written(place: tuple[str, ...], split: str, folders: Folders) -> str:
    """A folder as it is called on disk: where the split stands is its own name."""
    for known, files in folders.items():
        if len(known) == len(place) and all(
            a in (b, PLACE) or b == PLACE for a, b in zip(known, place)
        ):
            real = next(iter(files.values())).split("/")[:-1]
            return "/".join(p if p == PLACE else r for p, r in zip(place, real))
    return "/".join(split if part == _SPLIT else part for part in place)


def _are_masks(root: Path, files: Sequence[str]) -> bool:
    """Whether some files of a folder have two values at most."""
    seen = [look(root / name) for name in sample(files, _LOOKED_AT)]
    return all(content is not None and content.colors <= 3 for content in seen)


def _values(found: ClassMasks, void: tuple[int, ...]) -> list[int] | None:
    """The stored value of each class; None if one has several, or files are not label images."""
    values: dict[str, set[int]] = {name: set() for name in found.names}
    every = [item for own in found.masks.values() for item in own.items()]
    for name in found.names:
        of_class = [path for (_, called), path in every if called == name]
        for path in sample(of_class, _COMPARED):
            try:
                values[name].update(np.unique(read_label(path)).tolist())
            except LabelError:
                return None
    seen = {name: sorted(own - {0, *void}) for name, own in values.items()}
    if any(len(own) > 1 for own in seen.values()):
        return None
    return [seen[name][0] if seen[name] else 1 for name in found.names]


def _may_be_classes(found: ClassMasks) -> bool:
    """Whether no name says that it is of something else than a class."""
    words = {name: words_of(name) for name in found.names}
    return not any(
        (word.is_label or word.is_image or word.split or decoy_of(f"{name}/") is not None)
        or any(letter.isdigit() for letter in name)
        for name, word in words.items()
    )


def _statement(root: Path, found: ClassMasks, said: bool, whole: bool) -> Statement:
    """Whether the masks are of classes that overlap, with the evidence."""
    names = some(found.names, 6)
    place = next(iter(found.splits.values()))
    where = f"{place.labels}/*{place.label_suffix}"
    if said:
        return Statement(SURE, f"classes may overlap, each has masks of its own: {where} ({names})")
    images, overlap, same = _compare(found)
    text = f"masks of each class are {where} ({names})"
    shared = f"in {overlap:,} of {plural(images, 'image')} they overlap"
    if whole and _are_listed(root, found) and overlap >= min(2, images) and not same:
        return Statement(SURE, f"{text}; {shared}")
    if same:
        shared += f", and are nearly the same in {same:,}: is one thing drawn twice?"
    elif not overlap:
        shared = f"they overlap in none of {plural(images, 'image')} by more than a border"
        shared += ": are they parts of one label?"
    else:
        shared += ": may a pixel be of several classes?"
    absent = "" if whole else " A class without a file for an image is then nowhere in it."
    plain = {
        name: Split(split.images, (split.labels or "").partition(PLACE)[0].rstrip("/"))
        for name, split in found.splits.items()
        if split.labels is not None
    }
    way = " For one class a pixel, put the folders of masks into one and convert that."
    if all(split.labels for split in plain.values()):
        command = command_lines(root, plain, ["--format", "masks"])
        way = f" For one class a pixel: {command}"
    answer = Answer("each class has masks of its own, and they may overlap", {"task": "multilabel"})
    return Statement(OPEN, f"{text}; {shared}{absent}{way}", (answer,))


def _compare(found: ClassMasks) -> tuple[int, int, int]:
    """Images with two masks, those in which two overlap, and those in which two are the same."""
    images = overlap = same = 0
    every = [(split, id) for split, ids in found.images.items() for id in ids]
    for split, id in sample(every, _COMPARED):
        own = found.masks[split]
        try:
            masks = [read_label(own[id, n]) > 0 for n in found.names if (id, n) in own]
        except PixelwiseError:
            continue
        masks = [mask for mask in masks if mask.any()]
        if len(masks) < 2 or len({mask.shape for mask in masks}) > 1:
            continue
        images += 1
        shares = [_shares(a, b) for a, b in combinations(masks, 2)]
        overlap += any(of_lesser >= _OVERLAP for of_lesser, _ in shares)
        same += any(of_both >= _SAME for _, of_both in shares)
    return images, overlap, same


def _shares(a: NDArray[np.bool], b: NDArray[np.bool]) -> tuple[float, float]:
    """What two masks have in common, of the smaller one and of both."""
    common = np.count_nonzero(a & b)
    lesser = min(np.count_nonzero(a), np.count_nonzero(b))
    return common / lesser, common / np.count_nonzero(a | b)


def _are_listed(root: Path, found: ClassMasks) -> bool:
    """Whether a class file, or a known data set, has all of the names."""
    folders = [root / (s.labels or "").split(PLACE)[0] for s in found.splits.values()]
    listed = find_class_file([*folders, root])
    names = {name.casefold() for name in found.names}
    if listed is not None and names <= {name.casefold() for name in listed.rows.names}:
        return True
    return any(names <= {name.casefold() for name in table.names} for table in PALETTES.values())


def _about_files(found: ClassMasks, values: Sequence[int], whole: bool) -> list[Statement]:
    number = sum(map(len, found.masks.values()))
    notes = [Statement(SURE, f"masks: {number:,} of {plural(len(found.names), 'class')}")]
    shown = some(f"{name} {value}" for name, value in zip(found.names, values))
    notes.append(Statement(SURE, f"stored values: 0 is not the class; {shown}"))
    if not whole:
        missing = len(found.names) * sum(map(len, found.images.values())) - number
        text = f"without a file: {plural(missing, 'mask')}, whose class is nowhere in the image"
        notes.append(Statement(LIKELY, text))
    notes += [
        Statement(LIKELY, f"split {name} has no labels")
        for name, split in found.splits.items()
        if split.labels is None
    ]
    return [*notes, Statement(SURE, "task is multilabel")]


def _absent(splits: Mapping[str, Split]) -> dict[str, Split]:
    return {
        name: split
        if split.labels is None
        else Split(split.images, split.labels, label_suffix=split.label_suffix, missing="absent")
        for name, split in splits.items()
    }


def _with_folds(splits: dict[str, Split], ids: Sequence[str]) -> tuple[dict[str, Split], Statement]:
    """Where there is no val: the lowest fold that has an image."""
    used = sorted({fold_of(id, FOLDS) for id in ids})
    if len(used) < 2:
        text = "there is no split val: train has too few pairs to take some out"
        return splits, Statement(LIKELY, text)
    whole = splits["train"]
    parts = {
        name: Split(
            *(whole.images, whole.labels),
            label_suffix=whole.label_suffix,
            missing=whole.missing,
            folds=FOLDS,
            keep=keep,
        )
        for name, keep in (
            ("train", tuple(fold for fold in range(FOLDS) if fold != used[0])),
            ("val", (used[0],)),
        )
    }
    count = sum(fold_of(id, FOLDS) == used[0] for id in ids)
    which = f"{count:,} of {plural(len(ids), 'pair')}: fold {used[0]} of {FOLDS}"
    text = f"split val is {which}, the first that is not empty; the others train"
    return splits | parts, Statement(LIKELY, text)
