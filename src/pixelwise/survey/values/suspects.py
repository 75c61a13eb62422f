"""Stored values that are hardly those of classes: a few pixels, in few files, never an area."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from pixelwise.survey.values.stored import StoredValues
from pixelwise.text import plural, some

# At most so many files hold a suspect, or this share of them, and at most this share of all pixels.
_FILES, _FILES_SHARE, _PIXELS_SHARE = 2, 0.1, 1e-3 / 10
# A round area of 30 pixels has at least so many that are surrounded by their own value.
_AREA = 8
# Beside grey levels, which lie far apart, also in many files: so few pixels a file.
_GREY_SHARE, _PIXELS_A_FILE, _GREY_GAP = 1e-3, 16, 8
_NAMED = 3


@dataclass(frozen=True)
class Suspects:
    """Values that are neither classes nor void, ascending, and what is said about them."""

    values: tuple[int, ...] = ()
    text: str = ""


def find_suspects(stored: StoredValues, known: Collection[int] = ()) -> Suspects:
    """The suspects among stored values; none if the layout of files was not looked at.

    Args:
        stored: what the label files contain.
        known: values that are classes or void by name.
    """
    if not stored.layouts:
        return Suspects()
    rare = [v for v in stored.seen if v not in known and _is_rare(stored, v)]
    heavy = [v for v in stored.seen if v not in rare]
    loose = [v for v in heavy if v not in known and _is_loose(stored, v)]
    levels = [v for v in heavy if v not in loose]
    if len(levels) > 1 and min(b - a for a, b in pairwise(levels)) >= _GREY_GAP:
        rare, heavy = rare + loose, levels
    if 255 in rare and heavy and heavy[-1] < 255 and heavy[0] <= 1:
        rare.remove(255)  # void may be rare
    if len(heavy) < 2 or len(rare) > len(stored.seen) / 2 + 4:
        return Suspects()
    values = tuple(sorted(rare))
    return Suspects(values, _text(stored, values) if values else "")


def _is_rare(stored: StoredValues, value: int) -> bool:
    few = max(_FILES, int(_FILES_SHARE * len(stored.files)))
    return (
        stored.holders[value] <= few
        and stored.share([value]) < _PIXELS_SHARE
        and not _is_area(stored, value)
    )


def _is_loose(stored: StoredValues, value: int) -> bool:
    a_file = stored.pixels[value] / stored.holders[value]
    extent = stored.extents.get(value)
    return (
        stored.share([value]) < _GREY_SHARE
        and a_file <= _PIXELS_A_FILE
        and extent is not None
        and not extent.inner
    )


def _is_area(stored: StoredValues, value: int) -> bool:
    extent = stored.extents.get(value)
    return extent is None or extent.most_inner >= _AREA


def _text(stored: StoredValues, values: tuple[int, ...]) -> str:
    """The sentence that names values, files, pixels and places."""
    named = [_one(stored, value) for value in values]
    verb = "is" if len(values) == 1 else "are"
    subject = f"stored {'value' if len(values) == 1 else 'values'} {some(values, 8)}"
    what = "hardly a class" if len(values) == 1 else "hardly classes"
    return f"{subject} {verb} {what}, but a few pixels: {some(named, _NAMED, '; ')}"


def _one(stored: StoredValues, value: int) -> str:
    text = f"{value} in {plural(stored.holders[value], 'file')}, "
    text += plural(stored.pixels[value], "pixel")
    found = [(place, at) for (place, v), at in stored.places.items() if v == value]
    if not found or not stored.names:
        return text
    place, (row, column) = max(found, key=lambda one: stored.files[one[0]][value])
    return f"{text}, first in {stored.names[place]} at x={column}, y={row}"
