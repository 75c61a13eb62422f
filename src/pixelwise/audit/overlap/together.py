"""What only the label files of all classes that overlap say together: V11, V17, V18 and M2."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.findings import Finding
from pixelwise.audit.regions import first_place
from pixelwise.errors import PixelwiseError
from pixelwise.labels.description import FILE_NAME, Description
from pixelwise.labels.overlap.members import MEMBER, read_members
from pixelwise.labels.pairs import Pair
from pixelwise.text import some


@dataclass(frozen=True)
class Look:
    """What the label files of an image hold together.

    Args:
        split: its number.
        inside: (C,) pixels of each class.
        both: (C, C) pixels that are of two classes, where the first is the lower.
        findings: of classes that exclude each other.
    """

    split: int
    inside: NDArray[np.int64]
    both: NDArray[np.int64]
    findings: tuple[Finding, ...]


def look_at(root: Path, description: Description, item: tuple[Pair, int]) -> Look | None:
    """The label files of an image together; None if one of them is wrong, which is a finding.

    Args:
        root: what names are relative to.
        description: classes that overlap, and which of them exclude each other.
        item: the image with its label files, and the number of its split.
    """
    pair, split = item
    classes = description.classes
    try:
        planes = read_members(pair, classes) == MEMBER
    except PixelwiseError:
        return None
    inside = planes.sum((1, 2))
    both = np.zeros((len(classes), len(classes)), np.int64)
    there = np.flatnonzero(inside).tolist()
    for place, first in enumerate(there):
        for second in there[place + 1 :]:
            both[first, second] = np.count_nonzero(planes[first] & planes[second])
    findings = []
    for first, second in sorted(_exclusive(description)):
        if both[first, second]:
            common = planes[first] & planes[second]
            names = classes.names[first], classes.names[second]
            label, other = (
                Path(relpath(str(pair.labels[number]), root)).as_posix()
                for number in (second, first)
            )
            detail = "{} and {} exclude each other".format(*names)
            at = first_place(common)
            findings.append(
                Finding("V18", label, int(both[first, second]), at, detail, other=other)
            )
    return Look(split, inside, both, tuple(findings))


def class_rules(description: Description, looks: Iterable[Look | None]) -> Iterator[Finding]:
    """The findings of every image, and those of all of them together.

    Args:
        description: classes that overlap.
        looks: at every image.
    """
    names, splits = description.classes.names, list(description.splits)
    inside = np.zeros((len(splits), len(names)), np.int64)
    both = np.zeros((len(names), len(names)), np.int64)
    images = np.zeros(len(splits), np.int64)
    for look in looks:
        if look is None:
            continue
        yield from look.findings
        inside[look.split] += look.inside
        both += look.both
        images[look.split] += 1
    yield from _classes_without_pixels(description, inside, images)
    total = inside.sum(0)
    for first, second in np.argwhere(both).tolist():
        if both[first, second] == total[first] == total[second]:
            detail = f"{names[first]} and {names[second]} have the same pixels in every image"
            yield Finding("M2", FILE_NAME, 2, None, detail)


def _classes_without_pixels(
    description: Description, inside: NDArray[np.int64], images: NDArray[np.int64]
) -> Iterator[Finding]:
    """V11 and V17: classes that are nowhere, or not in a split."""
    names, splits = description.classes.names, list(description.splits)
    train = splits.index("train") if "train" in splits else 0
    if not inside.any():
        return
    for index, name in enumerate(names):
        without = [
            split
            for number, split in enumerate(splits)
            if images[number] and not inside[number, index]
        ]
        where = [split for split, pixels in zip(splits, inside[:, index]) if pixels]
        if not where:
            detail = f"class {index}, {name}, occurs in no label"
            yield Finding("V11", FILE_NAME, 0, None, detail)
            continue
        if splits[train] in without:
            without.remove(splits[train])
            detail = f"class {index}, {name}, occurs in {some(where)} only, so it is not learnt"
            number = int(inside[:, index].sum())
            yield Finding("V11", FILE_NAME, number, None, detail)
        for split in without:
            detail = f"class {index}, {name}, has no pixel in {split}, so it has no score there"
            yield Finding("V17", FILE_NAME, 1, None, detail)


def _exclusive(description: Description) -> set[tuple[int, int]]:
    """Pairs of numbers of classes that exclude each other, the lower one first."""
    names = description.classes.names
    groups = ([names.index(name) for name in group] for group in description.exclusive)
    return {(a, b) for group in groups for a in group for b in group if a < b}
