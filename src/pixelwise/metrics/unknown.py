"""The sentence that names index values which are no class, with pixel counts and places."""

import numpy as np

from pixelwise.errors import ArgumentError

# Enough offenders to recognise the mistake; the rest are counted.
LISTED_VALUES = 8


def unknown_values(
    where: str, name: str, index: np.ndarray, valid: np.ndarray, num_classes: int, hint: str
) -> ArgumentError | None:
    """One sentence about all values of index at valid pixels that are not a class; None if none.

    Args:
        where: function or file, the first word of the sentence.
        name: what index is called there.
        index: (*S) integer or bool.
        valid: (*S) bool, pixels to look at.
        num_classes: C; a class index is 0..C-1.
        hint: what to do, a whole sentence.
    """
    unknown = valid & ((index < 0) | (index >= num_classes))
    if not unknown.any():
        return None
    values, first, pixels = np.unique(index[unknown], return_index=True, return_counts=True)
    places = np.flatnonzero(unknown)[first]
    most_first = np.argsort(-pixels, kind="stable")[:LISTED_VALUES]
    listed = [
        f"{values[i]} ({_pixels(pixels[i])}, first at {_place(places[i], index.shape)})"
        for i in most_first
    ]
    unlisted = len(values) - len(listed)
    got = ", ".join(listed) + (f" and {unlisted} other values" if unlisted else "")
    must = f"a class index 0..{num_classes - 1} or ignored"
    return ArgumentError(where, name, must=must, got=got, hint=hint)


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count:,} pixels"


def _place(position: int, shape: tuple[int, ...]) -> str:
    """A flat position as coordinates: y and x are the last two axes, n counts images."""
    coordinates = [int(i) for i in np.unravel_index(position, shape)]
    axes = {1: "x", 2: "yx", 3: "nyx"}.get(len(shape))
    if axes is None:
        return f"index {tuple(coordinates)}"
    return " ".join(f"{axis}={i}" for axis, i in zip(axes, coordinates))
