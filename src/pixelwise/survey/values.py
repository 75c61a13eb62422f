"""What the stored values of label files mean: classes, void, or ids of objects.

Three numbers are kept apart: the stored value in the file, the class index it gets, and the name.
A guess is made the way a person makes it, by the first rule that recognises the values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pixelwise.labels.class_names import is_void_name, known_colors
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import voc_colormap
from pixelwise.survey.statements import LIKELY, SURE, Statement
from pixelwise.text import plural

VOID, WIDE_VOID = 255, 65535
# More stored values than this are not a list of classes but ids of objects.
MOST_CLASSES = 256
# Up to this many contiguous values are as likely to be classes as ids.
FEW_IDS = 8
# Class indices are neighbours; grey levels that were chosen to be seen are far apart.
GREY_GAP = 8
LISTED_VALUES = 12


@dataclass(frozen=True)
class StoredValues:
    """The stored values of the label files that were read.

    Args:
        files: the values of each file; at least one file.
        wide: some file has 16 bits a pixel.
    """

    files: tuple[frozenset[int], ...]
    wide: bool = False

    @property
    def seen(self) -> list[int]:
        """The values of all files, ascending."""
        return sorted(frozenset().union(*self.files))


@dataclass(frozen=True)
class Meaning:
    """A guess at what stored values mean; each note is (how sure, sentence)."""

    classes: Classes
    statements: tuple[Statement, ...]

    @property
    def task(self) -> Literal["multiclass", "binary"]:
        """Two classes need no more than one sigmoid channel."""
        return "binary" if len(self.classes) == 2 else "multiclass"


def meaning_of(stored: StoredValues, named: Classes | None = None) -> Meaning:
    """Guess the classes behind stored values.

    Args:
        stored: what the label files contain.
        named: classes from a file of names; None without such a file.
    """
    if named is not None and not all(is_void_name(name) for name in named.names):
        return _by_name(stored, named)
    if _are_ids(stored):
        return _ids(stored)
    if set(stored.seen) <= {0, 1, VOID}:
        return _two_values(stored)
    gaps = [b - a for a, b in zip(stored.seen, stored.seen[1:])]
    if gaps and min(gaps) >= GREY_GAP:
        return _grey_levels(stored)
    return _indices(stored)


def _by_name(stored: StoredValues, named: Classes) -> Meaning:
    """Classes whose name means void become void; values without a name become void or a class."""
    if "other" in named.values:
        return Meaning(named, ())
    rows = [r for r in zip(named.names, named.values, named.colors) if not is_void_name(r[0])]
    void_rows = [r for r in zip(named.names, named.values) if is_void_name(r[0])]
    void: list[Any] = [
        *named.ignore_values,
        *(value for _, values in void_rows for value in values),
    ]
    names, values = [name for name, _, _ in rows], [value for _, value, _ in rows]
    colors: list[Any] | None = [color for _, _, color in rows]
    statements = [Statement(SURE, f"{plural(len(names), 'class')} with names: {listed(names)}")]
    statements += [
        Statement(SURE, f"stored value {listed(v)} is void: it is called {n}") for n, v in void_rows
    ]

    known = known_colors(names)
    if known is not None and _has_default_colors(named):
        colors = list(known[1])
        statements.append(
            Statement(SURE, f"colours are those of {known[0]}, which has the same class names")
        )

    claimed = {v for several in values if not isinstance(several, str) for v in several}
    in_files = [value for value in stored.seen if value not in void]
    unnamed = [value for value in in_files if value not in claimed]
    if unnamed and len(in_files) == len(names) and len(claimed.intersection(in_files)) <= 1:
        statements.append(
            Statement(LIKELY, f"stored values {listed(in_files)} have the names in their order")
        )
        values, unnamed = [(value,) for value in in_files], []
    if unnamed and unnamed[-1] in (VOID, max(claimed) + 1):
        void.append(unnamed.pop())
        statements.append(Statement(LIKELY, f"stored value {void[-1]} is void: no class has it"))
    if unnamed:
        statements.append(
            Statement(LIKELY, f"stored values without a name are classes: {listed(unnamed)}")
        )
        names += [f"class_{value}" for value in unnamed]
        values += [(value,) for value in unnamed]
        colors = None
    classes = Classes(names, colors, values, named.ignore_index, void)
    return Meaning(classes, tuple(statements))


def _has_default_colors(classes: Classes) -> bool:
    """Whether the colours are a default palette, not chosen."""
    return [list(color) for color in classes.colors] == voc_colormap(len(classes)).tolist()


def _are_ids(stored: StoredValues) -> bool:
    """Whether every file numbers its own objects from 1 without a gap, on background 0."""
    if len(stored.seen) > MOST_CLASSES:
        return True
    # an 8-bit file may have void around its objects
    files = stored.files if stored.wide else [values - {VOID} for values in stored.files]
    without_gap = sum(values == set(range(len(values))) for values in files)
    numbers_of_objects = {len(values) for values in files}
    enough_files = stored.wide or len(files) > 2
    return (
        enough_files
        and without_gap >= 0.9 * len(files)
        and max(numbers_of_objects) > FEW_IDS
        and len(numbers_of_objects) > min(2, len(files) - 1)
    )


def _ids(stored: StoredValues) -> Meaning:
    void = (VOID,) if VOID in stored.seen and not stored.wide else ()
    classes = Classes(["background", "object"], values=[0, "other"], ignore_values=void)
    note = (
        f"stored values up to {stored.seen[-1]} number the objects of each file: "
        "0 is background, any other value is object"
    )
    return Meaning(classes, (Statement(LIKELY, note), *_void_statements(void)))


def _two_values(stored: StoredValues) -> Meaning:
    foreground = VOID if VOID in stored.seen and 1 not in stored.seen else 1
    void = (VOID,) if {1, VOID} <= set(stored.seen) else ()
    classes = Classes(["background", "foreground"], values=[0, foreground], ignore_values=void)
    note = f"binary: stored value 0 is background, {foreground} is foreground"
    if not {0, foreground} <= set(stored.seen):
        note, sureness = f"{note}, though only {listed(stored.seen)} was seen", LIKELY
    else:
        sureness = SURE
    return Meaning(classes, (Statement(sureness, note), *_void_statements(void)))


def _grey_levels(stored: StoredValues) -> Meaning:
    names = ["background", "foreground"] if len(stored.seen) == 2 else _numbered(stored.seen)
    note = f"{plural(len(names), 'class')}, stored as the grey levels {listed(stored.seen)}"
    return Meaning(Classes(names, values=stored.seen), (Statement(LIKELY, note),))


def _indices(stored: StoredValues) -> Meaning:
    void = tuple(v for v in stored.seen[1:] if v == VOID or (stored.wide and v == WIDE_VOID))
    seen = [value for value in stored.seen if value not in void]
    values = list(range(seen[0], seen[-1] + 1))
    # a class in between may be missing from the files that were read, but not most classes
    values = values if 2 * len(seen) >= len(values) else seen
    statements = [
        Statement(
            LIKELY, f"{plural(len(values), 'class')}, stored as {listed(values)}, without names"
        )
    ]
    never = sorted(set(values) - set(seen))
    if never:
        statements.append(
            Statement(
                LIKELY, f"stored values that were never seen are classes too: {listed(never)}"
            )
        )
    if seen[0] > 0:
        statements.append(
            Statement(LIKELY, f"the lowest stored value is {seen[0]}, which becomes class index 0")
        )
    classes = Classes(_numbered(values), values=values, ignore_values=void)
    return Meaning(classes, (*statements, *_void_statements(void)))


def _numbered(values: list[int]) -> list[str]:
    return [f"class_{index}" for index in range(len(values))]


def _void_statements(void: Iterable[int]) -> list[Statement]:
    return [Statement(LIKELY, f"stored value {value} is void") for value in void]


def listed(items: Iterable[Any]) -> str:
    """Items after each other; a long list is cut in the middle."""
    texts = [str(item) for item in items]
    if len(texts) > LISTED_VALUES:
        texts = [*texts[: LISTED_VALUES - 2], "...", texts[-1]]
    return ", ".join(texts)
