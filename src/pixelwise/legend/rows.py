"""Classes as a source lists them: void may be among them, and colours or values may be missing."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixelwise.errors import DatasetError
from pixelwise.files.records import shown
from pixelwise.labels.class_checks import OTHER, default_ignore_index
from pixelwise.labels.class_names import is_doubtful_name, is_void_name
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES, voc_colormap


@dataclass(frozen=True)
class Rows:
    """Classes as a source lists them, void among them.

    Args:
        names: in the order that gives the class indices.
        colors: (red, green, blue) of each; None if the source does not say.
        values: stored value, or several, of each; None if the source does not say.
        ignore_values: stored values that mean void.
        void: those of the names that mean void, besides names that say so.
        notes: sentences about how the source was read.
    """

    names: tuple[str, ...]
    colors: tuple[Any, ...] | None = None
    values: tuple[Any, ...] | None = None
    ignore_values: tuple[int, ...] = ()
    void: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def void_names(self) -> tuple[str, ...]:
        """All names that mean void."""
        return tuple(name for name in self.names if name in self.void or is_void_name(name))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Names that are likely to mean void, but not surely."""
        return tuple(n for n in self.names if n not in self.void and is_doubtful_name(n))

    def values_of(self, name: str) -> tuple[int, ...]:
        """The stored values of a class: its place in the list if the source does not say."""
        place = self.names.index(name)
        value = place if self.values is None else self.values[place]
        return (value,) if isinstance(value, int) else () if value == OTHER else tuple(value)


def rows_of(classes: Classes) -> Rows:
    """The classes of a table as Rows; colours only if they were chosen."""
    chosen = not np.array_equal(classes.colors, voc_colormap(len(classes)))
    claimed = {v for values in classes.values if values != OTHER for v in values}
    free = OTHER not in classes.values and classes.ignore_index not in claimed
    void = (*classes.ignore_values, *[classes.ignore_index] * free)
    colors = classes.colors if chosen else None
    return Rows(classes.names, colors, classes.values, tuple(dict.fromkeys(void)))


def colored_rows(name: str) -> Rows:
    """The classes of a known dataset and the colours that its colour labels have for void."""
    table, rows = PALETTES[name], rows_of(Classes.named(name))
    claimed = {v for values in rows.values or () if values != OTHER for v in values}
    free = [v for v in (*rows.ignore_values, *range(65534, 65434, -1)) if v not in claimed]
    void = tuple(void_name for void_name, _ in table.void_colors)
    return Rows(
        (*rows.names, *void),
        (*table.colors, *(color for _, color in table.void_colors)),
        (*(rows.values or ()), *free[: len(void)]),
        rows.ignore_values,
        void,
    )


def classes_of(rows: Rows, void: Collection[str]) -> Classes:
    """The table of classes of Rows.

    Args:
        rows: with at least one name that is not in void.
        void: names whose stored values become ignore_values.
    Raises:
        LabelError: the rows contradict themselves, see Classes.
    """
    values = rows.values or tuple(range(len(rows.names)))
    colors = rows.colors or (None,) * len(rows.names)
    ignore_index = default_ignore_index(len(rows.names))
    kept = [row for row in zip(rows.names, values, colors, strict=True) if row[0] not in void]
    ignored = [*rows.ignore_values, *(value for name in void for value in rows.values_of(name))]
    return Classes(
        [name for name, *_ in kept],
        None if rows.colors is None else [color for *_, color in kept],
        [value for _, value, _ in kept],
        ignore_index,
        tuple(value for value in dict.fromkeys(ignored) if value != ignore_index),
    )


def parse_hex(where: str, text: str) -> tuple[int, ...]:
    """(red, green, blue) of "#rrggbb".

    Raises:
        DatasetError: it looks different.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise DatasetError(where, "color", must="#rrggbb", got=shown(text))
    return tuple(bytes.fromhex(text[1:]))
