"""What a table of classes must satisfy, checked once when Classes is made."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Sized
from operator import index
from typing import Any, NoReturn

from pixelwise.errors import DatasetError, LabelError
from pixelwise.files.names import is_portable
from pixelwise.files.records import shown
from pixelwise.labels.palettes import voc_colormap
from pixelwise.labels.tables.class_table import Color
from pixelwise.text import some

# A class with this in place of stored values takes every value that nothing else claims.
OTHER = "other"
MAX_STORED = 65535
_MOST_DIGITS = 9
# no hidden name, and no pattern
_FILE = re.compile(r"[^.\x00-\x1f\x7f*?\[\]{}/\\][^\x00-\x1f\x7f*?\[\]{}/\\]*")

Values = tuple[int, ...] | str


def as_names(names: Any) -> tuple[str, ...]:
    """Class names as a tuple: printable, without blanks at the ends, each only once.

    Raises:
        LabelError: a name is not of this form, or there is no name.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        _fail("names", "a list of strings", shown(names))
    names = tuple(names)
    bad = [n for n in names if not isinstance(n, str) or not n.isprintable() or n != n.strip()]
    if bad or "" in names:
        _fail("names", "printable text without blanks at the ends", some(map(shown, bad or [""])))
    if not names:
        _fail("names", "at least one class", "none")
    if len(names) > MAX_STORED:
        _fail("names", f"at most {MAX_STORED:,}", f"{len(names):,}")
    repeated = sorted(n for n, times in Counter(names).items() if times > 1)
    if repeated:
        _fail("names", "different from each other", f"{some(map(repr, repeated))} more than once")
    return names


def as_colors(colors: Any, names: tuple[str, ...]) -> tuple[Color, ...]:
    """One (red, green, blue) in 0..255 for each class; None gives the Pascal VOC colours.

    Raises:
        LabelError: the number of colours is wrong, or one is not three integers 0..255.
    """
    if colors is None:
        colors = voc_colormap(len(names)).tolist()
    colors = _one_each("colors", colors, names)
    return tuple(_as_color(name, color) for name, color in zip(names, colors))


def as_values(values: Any, names: tuple[str, ...]) -> tuple[Values, ...]:
    """For each class the stored values that mean it, or OTHER; None gives the class index.

    Raises:
        LabelError: the number of entries is wrong, or one is not OTHER or integers 0..65535.
    """
    if values is None:
        values = range(len(names))
    values = _one_each("values", values, names)
    return tuple(
        OTHER if isinstance(v, str) and v == OTHER else as_stored_values(f"values of {name}", v)
        for name, v in zip(names, values)
    )


def as_stored_values(name: str, values: Any) -> tuple[int, ...]:
    """One stored value, or several, as a tuple of integers 0..65535.

    Raises:
        LabelError: something else, or no value at all.
    """
    several = values if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    stored = tuple(_as_int(name, value) for value in several)
    if not stored or len(set(stored)) < len(stored):
        _fail(name, "one or more different stored values", shown(values))
    return stored


def parse_number(where: str, text: str) -> int:
    """A number in a class file, as int() reads it.

    Raises:
        DatasetError: it has more digits than any stored value or colour.
    """
    if len(text) > _MOST_DIGITS:
        must = f"of at most {_MOST_DIGITS} digits"
        raise DatasetError(where, "numbers", must=must, got=shown(text))
    return int(text)


def default_ignore_index(num_classes: int) -> int:
    """The class index of void, unless one was chosen: 255, or 65535 if that is a class."""
    return 255 if num_classes <= 255 else MAX_STORED


def as_ignore_values(values: Any) -> tuple[int, ...]:
    """The stored values that mean void: none, one or several.

    Raises:
        LabelError: one is not an integer 0..65535, or occurs twice.
    """
    if isinstance(values, Sized) and len(values) == 0:
        return ()
    return as_stored_values("ignore_values", values)


def as_files(files: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    """What the label files of each class are called: part of a name; () for None or ().

    Raises:
        LabelError: one cannot be a name, or two differ in nothing but capital letters.
    """
    if files is None or (isinstance(files, Sized) and len(files) == 0):
        return ()
    files = tuple(_one_each("files", files, names))
    bad = [f for f in files if not isinstance(f, str) or not _FILE.fullmatch(f) or "/" in f]
    bad += [f for f in files if f not in bad and (f != f.strip() or not is_portable(f))]
    if bad:
        hint = 'Write file = "..." in its table [[classes]].'
        _fail("files", "names that a file can have", some(map(shown, bad)), hint)
    alike = [f for f, times in Counter(f.casefold() for f in files).items() if times > 1]
    if alike:
        _fail("files", "different in more than capital letters", some(map(repr, alike)))
    return files


def as_ignore_index(ignore_index: Any, names: tuple[str, ...]) -> int:
    """The class index that means void in memory.

    Raises:
        LabelError: it is the index of a class, or not an integer 0..65535.
    """
    ignore_index = _as_int("ignore_index", ignore_index)
    if ignore_index < len(names):
        hint = f"Choose a larger one, such as {default_ignore_index(len(names))}."
        got = f"{ignore_index}, which is the class {names[ignore_index]!r}"
        _fail("ignore_index", f"outside of the class indices 0..{len(names) - 1}", got, hint)
    return ignore_index


def check_claims(
    names: tuple[str, ...], values: tuple[Values, ...], ignore_values: tuple[int, ...]
) -> None:
    """Refuse a stored value with two meanings.

    Raises:
        LabelError: two classes, or a class and void, claim one stored value; or two are OTHER.
    """
    claims = defaultdict(list)
    for name, claimed in [*zip(names, values), ("void", ignore_values)]:
        for value in [claimed] if isinstance(claimed, str) else claimed:
            claims[value].append(name)
    twice = [f"{value} for {' and '.join(who)}" for value, who in claims.items() if len(who) > 1]
    if twice:
        _fail("values", "claimed only once", some(twice))


def _one_each(name: str, entries: Any, names: Sequence[str]) -> list[Any]:
    if isinstance(entries, str) or not isinstance(entries, Iterable):
        _fail(name, "a list with one entry for each class", repr(entries))
    entries = list(entries)
    if len(entries) != len(names):
        _fail(name, f"one for each of the {len(names)} classes", f"{len(entries)} entries")
    return entries


def _as_color(name: str, color: Any) -> Color:
    try:
        red, green, blue = (index(part) for part in color)
    except (TypeError, ValueError):
        _fail(f"color of {name}", "three integers 0..255", shown(color))
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        _fail(f"color of {name}", "three integers 0..255", shown(color))
    return red, green, blue


def _as_int(name: str, value: Any) -> int:
    try:
        number = index(value)
    except TypeError:
        number = -1
    if isinstance(value, bool) or not 0 <= number <= MAX_STORED:
        _fail(name, f"an integer 0..{MAX_STORED}", shown(value))
    return number


def _fail(name: str, constraint: str, got: str, hint: str = "") -> NoReturn:
    raise LabelError("Classes", name, must=constraint, got=got, hint=hint)
