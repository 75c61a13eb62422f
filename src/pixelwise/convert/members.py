"""Classes that overlap: what can overlap in a source becomes a label image of each class.

Only the classes that are in an image get a file for it, and the splits say missing = "absent".
A shape that is void is void for all classes, and wins over them; a region of a class whose objects
are not outlined one by one, as COCO calls a crowd, is void for this class alone, where no object of
it lies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.legend import Legend
from pixelwise.convert.paths import LABELS
from pixelwise.convert.records import Object
from pixelwise.errors import DatasetError
from pixelwise.files.names import is_portable
from pixelwise.labels.class_checks import default_ignore_index
from pixelwise.labels.class_names import is_background_name
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Split
from pixelwise.labels.overlap.members import MEMBER
from pixelwise.labels.overlap.pairing import PLACE
from pixelwise.labels.png import Storage, write_label
from pixelwise.labels.shapes import Rule, Size, patch_of

# In Legend.index_of: what is no class, and has no pixels of its own where classes overlap.
NOTHING = -1
# Bytes of the name of a folder: of 255 that file systems take.
_LONGEST = 100
_FORBIDDEN = set('<>:"|?*[]{}/\\')
Plane = NDArray[np.uint8]


def overlapping(legend: Legend) -> Legend:
    """The legend of a source whose classes may overlap: background is not a class.

    Args:
        legend: of the same source with one class a pixel.
    """
    old = legend.classes
    is_void = legend.background == old.ignore_index
    kept = [
        place
        for place, name in enumerate(old.names)
        if place != legend.background and not is_background_name(name)
    ]
    names = [old.names[place] for place in kept]
    if not names:
        must = "at least one that is neither void nor background"
        raise DatasetError("convert", "classes", must=must, got="none")
    void = default_ignore_index(0) if old.ignore_index > 255 else old.ignore_index
    colors = [old.colors[place] for place in kept]
    # black is what is not the class
    colored = all(map(any, colors))
    classes = Classes(
        names, colors if colored else None, ignore_index=void, files=file_names(names)
    )
    number_of = {place: number for number, place in enumerate(kept)} | {old.ignore_index: void}
    index_of = {name: number_of.get(place, NOTHING) for name, place in legend.index_of.items()}
    background = void if is_void else NOTHING
    return replace(legend, classes=classes, index_of=index_of, background=background)


def file_names(names: Sequence[str]) -> list[str]:
    """A folder name of each class, as Classes takes them: its own name as far as that is possible.

    Args:
        names: of the classes.
    """
    taken: set[str] = set()
    found = []
    for number, name in enumerate(names):
        plain = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in name)
        plain = plain.encode()[:_LONGEST].decode(errors="ignore").strip(" .") or "class"
        # a device of Windows, or the name of another class but for capital letters
        if plain.casefold() in taken or not is_portable(plain):
            plain = f"{plain}_{number}"
        taken.add(plain.casefold())
        found.append(plain)
    return found


def split_of(split: Split, of_folder: bool) -> Split:
    """A split of a result as one whose classes overlap.

    Args:
        split: its labels are in LABELS, or in a folder below it.
        of_folder: LABELS is in the folder of the split.
    """
    parts = (split.labels or "").split("/")
    parts.insert(1 + of_folder, PLACE)
    return replace(split, labels="/".join(parts), missing="absent")


def label_folders(classes: Classes) -> list[str]:
    """The folders of label images below that of the result."""
    return [f"{LABELS}/{file}" for file in classes.files] or [LABELS]


def paint_members(
    objects: Sequence[Object], indices: Sequence[int], legend: Legend, size: Size, rule: Rule
) -> tuple[dict[int, Plane], int, list[int]]:
    """Paint objects of classes that overlap.

    Args:
        objects: without problems.
        indices: the number of the class of each, the index of void, or NOTHING.
        legend: see overlapping.
        size: (height, width).
        rule: which pixels a shape covers.
    Returns:
        By the number of a class that is in the image its pixels (H, W): 0, 1 and the index of void;
        the pixels that are of more than one class; the places of the objects that cover no pixel.
    """
    void, planes = legend.classes.ignore_index, dict[int, Plane]()
    everywhere, covered = _covered(objects, indices, void, size, rule)
    if legend.background == void:
        everywhere |= ~covered
    vanished = [
        place
        for place, thing in enumerate(objects)
        if not any(patch_of(part, size, rule).mask.any() for part in thing.parts)
    ]
    once = np.zeros(size, bool)
    twice = np.zeros(size, bool)
    for number in range(len(legend.classes)):
        own = [thing for thing, index in zip(objects, indices) if index == number]
        if not own and not everywhere.any():
            continue
        plane = np.zeros(size, np.uint8)
        for value, is_crowd in ((void, True), (MEMBER, False)):
            for thing in own:
                if thing.is_crowd == is_crowd:
                    for part in thing.parts:
                        patch = patch_of(part, size, rule)
                        plane[patch.place][patch.mask] = value
        plane[everywhere] = void
        inside = plane == MEMBER
        twice |= once & inside
        once |= inside
        if plane.any():
            planes[number] = plane
    return planes, int(twice.sum()), vanished


def _covered(
    objects: Sequence[Object], indices: Sequence[int], void: int, size: Size, rule: Rule
) -> tuple[NDArray[np.bool], NDArray[np.bool]]:
    """Where void shapes lie, and where any shape does."""
    everywhere, covered = np.zeros((2, *size), bool)
    for thing, index in zip(objects, indices):
        for part in thing.parts:
            patch = patch_of(part, size, rule)
            covered[patch.place] |= patch.mask
            if index == void:
                everywhere[patch.place] |= patch.mask
    return everywhere, covered


def write_planes(
    folder: Path, id: str, planes: Mapping[int, Plane], classes: Classes, storage: Storage
) -> None:
    """Write a label image of each class that is in an image, and remove those of others.

    Raises:
        RunError: the file system refuses.
    """
    for number, (file, own) in enumerate(zip(files_of(folder, id, classes), classes.members)):
        plane = planes.get(number)
        if plane is None:
            file.unlink(missing_ok=True)
        else:
            write_label(file, own.to_stored(plane), own, storage=storage)


def files_of(folder: Path, id: str, classes: Classes) -> list[Path]:
    """Where the label image is; that of each class if they overlap, or where it would be."""
    return [folder / below / f"{id}.png" for below in label_folders(classes)]


def make_folders(folder: Path, classes: Classes, splits: Mapping[str, Split]) -> None:
    """Make the folder of each class and split: one without a file is a class that is nowhere."""
    for below in _folders(classes, splits):
        (folder / below).mkdir(parents=True, exist_ok=True)


def _folders(classes: Classes, splits: Mapping[str, Split]) -> Iterator[str]:
    for split in splits.values():
        for file in classes.files:
            yield (split.labels or "").replace(PLACE, file)
