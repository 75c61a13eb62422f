"""What given classes stand for in labels of values or colours, if they do not say so themselves.

Two names are those of the two values 0 and 255 in their order, and the names of grey colours are
those of grey values. What is concluded is said in the report.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from pixelwise.labels.class_checks import OTHER
from pixelwise.legend.rows import Rows
from pixelwise.survey.content import NOISE, levels_of
from pixelwise.survey.conversion import Colors

Concluded = tuple[Rows, tuple[str, ...]]


def with_values(rows: Rows, pixels: Counter[int], *, nearest: bool) -> Concluded:
    """The classes with their stored values, and a note of what was concluded.

    Args:
        rows: as they were given.
        pixels: of each value in the labels, but those that were said to be void.
        nearest: the labels were resized like images, or saved with loss.
    """
    seen = sorted(set(pixels) - set(rows.ignore_values))
    if rows.values is not None:
        return (_with_one_value(rows, pixels) if nearest else rows), ()
    if not seen or set(seen) <= set(range(len(rows.names))):
        return rows, ()
    levels = _levels(pixels) if nearest else seen
    if nearest and len(levels) != len(rows.names) == 2 and seen[-1] - seen[0] > 2 * NOISE:
        levels = [seen[0], seen[-1]]
    greys = [red for red, green, blue in rows.colors or () if red == green == blue]
    if len(greys) == len(set(greys)) == len(rows.names) and (nearest or set(seen) <= set(greys)):
        return _stored_as(rows, greys, "as their grey colours say")
    if len(levels) == len(rows.names):
        return _stored_as(rows, levels, "in the order of the values")
    return rows, ()


def with_colors(rows: Rows, colors: Colors) -> Concluded:
    """The classes with colours, if they have none and the labels are grey; and a note."""
    if rows.colors is not None or not colors.is_grey:
        return rows, ()
    greys = [color & 255 for color, _ in colors.shares]
    values = rows.values
    if values is not None and all(isinstance(value, int) for value in values):
        if max(values) > 255 or not set(greys) <= {*values, *rows.ignore_values}:
            return rows, ()
        greys, why = list(values), "as their values say"
    elif values is None and len(greys) == len(rows.names):
        why = "in the order of the values"
    else:
        return rows, ()
    said, notes = _stored_as(rows, greys, why)
    return replace(said, colors=tuple((grey, grey, grey) for grey in greys)), notes


def _stored_as(rows: Rows, values: list[int], why: str) -> Concluded:
    listed = ", ".join(f"{value} is {name}" for name, value in zip(rows.names, values))
    return replace(rows, values=tuple(values)), (f"stored values, {why}: {listed}",)


def _levels(pixels: Counter[int]) -> list[int]:
    values = np.array(sorted(pixels), np.int64)
    counts = np.array([pixels[value] for value in values.tolist()], np.int64)
    return sorted(value for value, _ in levels_of(values, counts, is_packed=False)[0])


def _with_one_value(rows: Rows, pixels: Counter[int]) -> Rows:
    """Of several values of a class, those that stand out in the labels: of 1 and 255, mostly 255.

    The others are noise of another class, and would attract what is near them.
    """
    several = [_as_tuple(value) for value in rows.values or ()]
    every = [value for values in several for value in values]
    levels = _levels(pixels)
    if not levels or not every or len(every) == len(several):
        return rows
    held = {min(every, key=lambda value: abs(value - level)) for level in levels}
    kept = []
    for values in several:
        own = [value for value in values if value in held]
        apart = [v for v in values if all(abs(v - h) > NOISE for h in held)]
        kept.append(tuple(own or apart or values) or OTHER)
    return replace(rows, values=tuple(kept))


def _as_tuple(value: object) -> tuple[int, ...]:
    if value == OTHER:
        return ()
    return (value,) if isinstance(value, int) else tuple(value)  # type: ignore[arg-type]
