"""The error that names index values which are no class, with pixel counts and places."""

import numpy as np

from pixelwise.errors import ArgumentError
from pixelwise.text import plural

# Enough offenders to recognise the mistake; the rest are counted.
LISTED_VALUES = 8
HINTS = {
    "target": "Pass void values as ignore_index.",
    "pred": "Only the target may hold ignored values.",
}


def unknown_indices(
    where: str, pred: np.ndarray, target: np.ndarray, num_classes: int, valid: np.ndarray
) -> ArgumentError | None:
    """The error about all values at valid pixels that are no class; None if there is none.

    Args:
        where: function, the first word of the message.
        pred, target: (*S) integer or bool.
        num_classes: C; a class index is 0..C-1.
        valid: (*S) bool, pixels to look at.
    """
    arrays = {"target": target, "pred": pred}
    unknown = {n: valid & ((a < 0) | (a >= num_classes)) for n, a in arrays.items()}
    names = [name for name in arrays if unknown[name].any()]
    if not names:
        return None
    listed = [_listed(arrays[name], unknown[name]) for name in names]
    got = listed[0] if len(names) == 1 else f"target {listed[0]} and pred {listed[1]}"
    must = f"a class index 0..{num_classes - 1} or ignored"
    hint = " ".join(HINTS[name] for name in names)
    return ArgumentError(where, " and ".join(names), must=must, got=got, hint=hint)


def _listed(index: np.ndarray, unknown: np.ndarray) -> str:
    values, first, pixels = np.unique(index[unknown], return_index=True, return_counts=True)
    places = np.flatnonzero(unknown)[first]
    most_first = np.argsort(-pixels, kind="stable")[:LISTED_VALUES]
    listed = [
        f"{values[i]} ({plural(int(pixels[i]), 'pixel')}, "
        f"first at {_place(places[i], index.shape)})"
        for i in most_first
    ]
    more = len(values) - len(listed)
    return ", ".join(listed) + (f" and {more} other values" if more else "")


def _place(position: int, shape: tuple[int, ...]) -> str:
    """A flat position as coordinates: y and x are the last two axes, n counts images."""
    coordinates = [int(i) for i in np.unravel_index(position, shape)]
    axes = {1: "x", 2: "yx", 3: "nyx"}.get(len(shape))
    if axes is None:
        return f"index {tuple(coordinates)}"
    return " ".join(f"{axis}={i}" for axis, i in zip(axes, coordinates))
