"""Names, colours and stored values of a source -> the class indices that are written.

Rows as a source lists them include void, may lack the background, and may be given by the user
instead. The legend settles all of that once, so that every file of a run means the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.convert.config import ConvertConfig
from pixelwise.convert.formats.table import IGNORE
from pixelwise.convert.records import Index, Source
from pixelwise.errors import DatasetError, LabelError, setting
from pixelwise.labels.class_checks import OTHER, default_ignore_index
from pixelwise.labels.class_names import is_background_name, known_colors
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.legend.read import read_rows
from pixelwise.legend.rows import Rows, colored_rows
from pixelwise.text import shell_line, some


@dataclass(frozen=True)
class Legend:
    """What everything in a source becomes.

    Args:
        classes: of the written labels; their stored values are the class indices.
        index_of: class index, or ignore_index for void, of every name that the source may use.
        background: class index or ignore_index where nothing is painted.
        stored: the rows of the source, void among them, by stored value and colour; for formats
            that keep pixels.
        notes: sentences for the report.
    """

    classes: Classes
    index_of: Mapping[str, int]
    background: int
    stored: Classes
    notes: tuple[str, ...] = ()

    @cached_property
    def written(self) -> Index:
        """The class index that is written for each class index of `stored`, and for its void."""
        table = np.full(self.stored.ignore_index + 1, self.classes.ignore_index)
        table[: len(self.stored)] = [self.index_of[name] for name in self.stored.names]
        return table.astype(self.classes.dtype)

    @cached_property
    def known_values(self) -> NDArray[np.int64] | None:
        """(K,) stored values that are a class or void, ascending; None if all of them are."""
        if OTHER in self.stored.values:
            return None
        void = (*self.stored.ignore_values, self.stored.ignore_index)
        return np.unique([*void, *(v for values in self.stored.values for v in values)])


def make_legend(source: Source, config: ConvertConfig, background: str | None) -> Legend:
    """Decide the classes of a run.

    Args:
        source: its rows are used if the configuration has no classes.
        config: classes, ignore, alias, background and ignore_index.
        background: what the format paints on: a class name, "ignore", or None if it keeps pixels
            and there is nothing to paint on.
    Raises:
        DatasetError: no classes are known, all of them are void, or an alias means none of them.
        LabelError: the classes contradict themselves; see Classes.
    """
    rows, concluded = source.rows, tuple[str, ...]()
    if config.classes is not None:
        is_colored = config.format == "color" and config.classes in PALETTES
        rows = colored_rows(config.classes) if is_colored else read_rows(config.classes)
        if source.conclude is not None:
            rows, concluded = source.conclude(rows)
    if rows is None or not rows.names:
        hint = f"Give a class file, a known dataset or colours as {setting('classes')}."
        raise DatasetError("convert", "classes", must="known", got="none", hint=hint)
    void = _void_names(rows, config)
    aliases = dict(pair.split("=") for pair in config.alias)
    is_void = set(void)
    names = [name for name in rows.names if name not in is_void and name not in aliases]
    notes = [*rows.notes, *concluded, *(f"void: {name}" for name in rows.names if name in is_void)]
    if doubtful := [name for name in rows.doubtful if name in void and name not in config.ignore]:
        note = f"{some(doubtful)} may be a class all the same: then rename it in the class file"
        notes.append(note)

    if config.classes is None:
        notes += _twins(names)

    ground = config.background or background
    if background is not None and ground != IGNORE:
        ground = _matching(str(ground), names)
        if ground not in names:
            names.insert(0, ground)
            if config.task is None:
                notes.append(f"class 0 is {ground}: pixels that no shape covers")
    elif any(item.alone for item in source.items):
        ground = config.background or _matching("background", names)
        if ground not in names or background == IGNORE:
            must = f"one of {some(names, 30)}, for images without annotation"
            hint = f"Name it with {setting('background', 'CLASS')}."
            got = config.background or "none"
            raise DatasetError("convert", "background", must=must, got=got, hint=hint)
    else:
        ground = None
    if not names:
        raise DatasetError("convert", "classes", must="at least one that is not void", got="none")

    classes = _written_classes(names, rows, config.ignore_index)
    index_of = {name: index for index, name in enumerate(names)}
    index_of |= dict.fromkeys(void, classes.ignore_index)
    _check_aliases(aliases, index_of)
    index_of |= {old: index_of[new] for old, new in aliases.items()}
    return Legend(
        classes,
        index_of,
        classes.ignore_index if ground is None else index_of[ground],
        _stored_classes(rows, void, config, background is None),
        tuple(notes),
    )


def _twins(names: Sequence[str]) -> list[str]:
    """Which names differ in capital letters or blanks alone, in words."""
    first, notes = dict[str, str](), list[str]()
    for name in names:
        same = first.setdefault("".join(name.casefold().split()), name)
        if same != name:
            way = shell_line(["--alias", f"{name}={same}"])
            notes.append(f"{same} and {name} are two classes ({way} makes them one)")
    return notes


def unknown_hint(*others: str) -> str:
    """What to do about names that are not a class."""
    ways = [
        setting("classes"),
        setting("alias", "OLD=NEW"),
        *(setting("unknown", way) for way in ("ignore", *others)),
    ]
    return f"Use {', '.join(ways[:-1])} or {ways[-1]}."


def _void_names(rows: Rows, config: ConvertConfig) -> list[str]:
    """Names that mean void: those given, those that say so, and those of known datasets."""
    if config.classes in PALETTES:
        return [*config.ignore, *rows.void]
    return list(dict.fromkeys([*config.ignore, *rows.void_names, *rows.doubtful, "__ignore__"]))


def _matching(ground: str, names: list[str]) -> str:
    """The class that is the background already, under this name or a usual one."""
    usual = [name for name in names if is_background_name(name)]
    return ground if ground in names or not usual else usual[0]


def _written_classes(names: list[str], rows: Rows, ignore_index: int | None) -> Classes:
    if ignore_index is None:
        ignore_index = default_ignore_index(len(names))
    if rows.colors is None:
        known = known_colors(names)
        return Classes(names, known and known[1], ignore_index=ignore_index)
    colors = dict(zip(rows.names, rows.colors))
    # a background that was added is black
    return Classes(names, [colors.get(n, (0, 0, 0)) for n in names], ignore_index=ignore_index)


def _check_aliases(aliases: Mapping[str, str], index_of: Mapping[str, int]) -> None:
    unknown = [new for new in aliases.values() if new not in index_of]
    if unknown:
        must = f"OLD=NEW with NEW one of {some(index_of, 30)}"
        raise DatasetError("convert", "alias", must=must, got=some(unknown))


def _stored_classes(
    rows: Rows, void: Collection[str], config: ConvertConfig, is_read: bool
) -> Classes:
    """All rows, void among them; negative void values are the business of the format.

    Args:
        is_read: the format keeps pixels; masks and planes hold other values than those of classes.
    """
    values = rows.values or tuple(range(len(rows.names)))
    claims = {v: name for name, own in zip(rows.names, values) for v in _as_tuple(own)}
    given = [value for value in config.ignore_values if value >= 0]
    both = [f"{v} of {claims[v]}" for v in given if v in claims and claims[v] not in void]
    if both and is_read:
        hint = "Leave it out of the class file."
        got = some(both)
        raise LabelError(
            "convert", "ignore_values", must="not those of a class", got=got, hint=hint
        )
    ignored = [v for v in (*rows.ignore_values, *given) if v not in claims]
    return Classes(rows.names, rows.colors, values, 65535, tuple(dict.fromkeys(ignored)))


def _as_tuple(values: Any) -> tuple[int, ...]:
    if values == OTHER:
        return ()
    return (values,) if isinstance(values, int) else tuple(values)
