"""The sentence about pixels that are wrong: which values, how many pixels, and where."""

from collections.abc import Callable

import numpy as np

from pixelwise.errors import ArgumentError, PixelwiseError
from pixelwise.text import plural

# Enough values to recognise the mistake; the rest are counted.
LISTED_VALUES = 8


def list_offenders(values: np.ndarray, chosen: np.ndarray, show: Callable[[int], str] = str) -> str:
    """The values where chosen, most frequent first: "37 (1,204 pixels, first at y=0 x=511), ..."

    Args:
        values: (*S) integer or bool.
        chosen: (*S) bool, at least one True.
        show: how to write one value.
    """
    found, first, pixels = np.unique(values[chosen], return_index=True, return_counts=True)
    positions = np.flatnonzero(chosen)[first]
    order = np.argsort(-pixels, kind="stable")[:LISTED_VALUES]
    listed = ", ".join(
        f"{show(int(found[i]))} ({plural(int(pixels[i]), 'pixel')}, "
        f"first at {_place(int(positions[i]), values.shape)})"
        for i in order
    )
    more = len(found) - len(order)
    return listed + (f" and {plural(more, 'more value')}" if more else "")


def unknown_values(
    where: str,
    name: str,
    index: np.ndarray,
    valid: np.ndarray,
    num_classes: int,
    hint: str,
    void: str = "ignored",
    error: type[PixelwiseError] = ArgumentError,
) -> PixelwiseError | None:
    """The error about all values of index at valid pixels that are not a class; None if none.

    Args:
        where: function or file, the first word of the sentence.
        name: what index is called there.
        index: (*S) integer or bool.
        valid: (*S) bool, pixels to look at.
        num_classes: C; a class index is 0..C-1.
        hint: what to do, a whole sentence.
        void: what an index may be besides, such as "ignore_index=255".
        error: its type.
    """
    unknown = valid & ((index < 0) | (index >= num_classes))
    if not unknown.any():
        return None
    must = f"class indices 0..{num_classes - 1} or {void}"
    return error(where, name, must=must, got=list_offenders(index, unknown), hint=hint)


def _place(position: int, shape: tuple[int, ...]) -> str:
    """A flat position as coordinates: y and x are the last two axes, n counts images."""
    coordinates = [int(i) for i in np.unravel_index(position, shape)]
    axes = {1: "x", 2: "yx", 3: "nyx"}.get(len(shape))
    if axes is None:
        return f"index {tuple(coordinates)}"
    return " ".join(f"{axis}={i}" for axis, i in zip(axes, coordinates))
