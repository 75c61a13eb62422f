"""What the colours of a picture mean, with shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixelwise.figures.words import percent
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import MEMBER
from pixelwise.labels.tables.class_table import Color
from pixelwise.pictures.errors import KINDS, Masks

MOST = 24  # entries; more are counted
STRIPED = None  # in place of a colour


@dataclass(frozen=True)
class Entry:
    """A colour, or stripes for void, and what it means."""

    color: Color | None
    text: str


def class_entries(
    arrays: Sequence[tuple[str, NDArray[np.integer]]], classes: Classes
) -> list[Entry]:
    """The classes that occur, each with its share of each array, and void.

    Args:
        arrays: ("label", (H, W)) and ("prediction", (H, W)), or (C, H, W) of classes that overlap.
        classes: with the colours that are shown.
    """
    shares = [(name, _shares(array, classes)) for name, array in arrays]
    entries = []
    for index, name in enumerate(classes.names):
        if any(share[index] for _, share in shares):
            told = _told([(where, share[index]) for where, share in shares])
            entries.append(Entry(classes.colors[index], f"{name}  {told}"))
    more = len(entries) - MOST
    if more > 0:
        entries = [*entries[: MOST - 1], Entry((128, 128, 128), f"and {more + 1} more classes")]
    void = [(where, share[-1]) for where, share in shares]
    if any(share for _, share in void):
        entries.append(Entry(STRIPED, f"void  {_told(void)}"))
    return entries


def error_entries(masks: Masks, valid: int) -> list[Entry]:
    """The kinds of errors, each with its share of the valid pixels."""
    return [
        Entry(KINDS[kind], f"{kind}  {percent(float(mask.sum()) / max(1, valid))} %")
        for kind, mask in masks.items()
    ]


def _shares(array: NDArray[np.integer], classes: Classes) -> list[float]:
    """Of each class, and of void."""
    number = len(classes)
    if array.ndim == 3:
        inside = (array == MEMBER).mean((1, 2)).tolist()
        return [*inside, float((array == classes.ignore_index).all(0).mean())]
    pixels = np.bincount(array.ravel(), minlength=max(number, classes.ignore_index + 1))
    return (pixels[[*range(number), classes.ignore_index]] / max(1, array.size)).tolist()


def _told(shares: list[tuple[str, float]]) -> str:
    """ "label 31.0 %, prediction 30.2 %"; the share alone if there is one array."""
    if len(shares) == 1:
        return f"{percent(shares[0][1])} %"
    return ", ".join(f"{where} {percent(share)} %" for where, share in shares)
