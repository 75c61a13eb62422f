"""Classes as a source lists them: void may be among them, and colours or values may be missing."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixelwise.errors import DatasetError
from pixelwise.files.records import shown
from pixelwise.labels.class_checks import OTHER
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
    """

    names: tuple[str, ...]
    colors: tuple[Any, ...] | None = None
    values: tuple[Any, ...] | None = None
    ignore_values: tuple[int, ...] = ()
    void: tuple[str, ...] = ()


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


def parse_hex(where: str, text: str) -> tuple[int, ...]:
    """(red, green, blue) of "#rrggbb".

    Raises:
        DatasetError: it looks different.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise DatasetError(where, "color", must="#rrggbb", got=shown(text))
    return tuple(bytes.fromhex(text[1:]))
