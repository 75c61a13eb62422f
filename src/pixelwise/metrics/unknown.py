"""The error that names index values that are not a class, with pixel counts and places."""

import numpy as np

from pixelwise.errors import ArgumentError
from pixelwise.offenders import list_offenders

HINTS = {
    "target": "Pass void values as ignore_index.",
    "pred": "Only the target may hold ignored values.",
}


def unknown_indices(
    where: str, pred: np.ndarray, target: np.ndarray, num_classes: int, valid: np.ndarray
) -> ArgumentError | None:
    """The error about all values at valid pixels that are not a class; None if there is none.

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
    listed = [list_offenders(arrays[name], unknown[name]) for name in names]
    got = listed[0] if len(names) == 1 else f"target {listed[0]} and pred {listed[1]}"
    must = f"class indices 0..{num_classes - 1} or ignored"
    hint = " ".join(HINTS[name] for name in names)
    return ArgumentError(where, " and ".join(names), must=must, got=got, hint=hint)
