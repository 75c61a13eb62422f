"""A label that is a colour image -> stored values: exactly where possible, nearest where plain.

Everything is decided for the different colours of the image, and then looked up for its pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.label_rules import ClassTable
from pixelwise.errors import LabelError
from pixelwise.labels.color import Snapped
from pixelwise.labels.palettes import VOID_COLOR
from pixelwise.repair.nearest import NO_ANSWER, nearest
from pixelwise.repair.result import Pixels

# What a JPEG does to a colour, as a distance; a colour that is further from all classes is void.
NOISE_REACH = 48.0
# Values of a one-channel label closer than this cannot be distinguished once noise is added.
LEAST_GAP = 32
# If fewer of the wrong pixels have a plain answer, the image does not show these classes.
_LEAST_PLAIN = 0.5


class Unrepairable(Exception):
    """Why a file is left as it is.

    Args:
        rule: that cannot be repaired.
        reason: in words.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(rule, reason)
        self.rule, self.reason = rule, reason


@dataclass(frozen=True)
class RepairedLabel:
    """A label with its stored values repaired.

    Args:
        stored: (H, W) stored values.
        changes: the rules that were repaired, and the pixels that changed.
    """

    stored: NDArray[np.unsignedinteger]
    changes: dict[str, Pixels]


def repair_color(image: np.ndarray, rule: str, table: ClassTable) -> RepairedLabel:
    """The stored values that a colour image shows.

    Its channels may repeat one value or hold it in one of them; its colours may be those of the
    classes, with red and blue swapped, smoothed (V2: only colours that the image has count), or
    with noise.

    Args:
        image: (H, W, 3) uint8 RGB.
        rule: that the audit found: F1, F10, F11, F12, V1, V2 or V3.
        table: classes and what stored values mean.
    Raises:
        Unrepairable: two readings contradict each other, classes share a colour, or most of the
            wrong pixels have no plain answer.
    """
    packed = image.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    found, place = np.unique(packed, return_inverse=True)
    colors = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    place = place.reshape(packed.shape)
    if rule == "F11":
        return _by_color(colors[:, ::-1], place, rule, table, turned=colors)
    channel = _value_channel(colors, rule, table)
    if channel is not None:
        stored = colors[:, channel].astype(np.uint8)[place]
        return RepairedLabel(stored, {rule: Pixels()})
    return _by_color(colors, place, rule, table)


def _value_channel(colors: np.ndarray, rule: str, table: ClassTable) -> int | None:
    """The channel that holds stored values; None if colours are colours of classes."""
    used = (colors != 0).any(axis=0)
    grey = bool((colors == colors[:, :1]).all())
    if not grey and used.sum() != 1:
        return None
    channel = 0 if grey else int(used.argmax())
    index = table.index_of.take(colors[:, channel])
    if (index == -2).any():
        return None
    candidates, of_class = _candidates(table)
    known = (colors[:, None] == candidates).all(axis=2)
    if known.any(axis=1).all():
        by_color = of_class[known.argmax(axis=1)]
        if (by_color == index).all():
            return channel
        if not grey:
            return None  # pure red, green and blue are what colours of classes look like
        raise Unrepairable(
            rule,
            "its grey levels are stored values and colours of classes, and mean different ones",
        )
    return channel


def _candidates(table: ClassTable) -> tuple[np.ndarray, np.ndarray]:
    """(M, 3) colours of classes and of void, and (M,) the class index of each, -1 for void."""
    colors = list(table.classes.colors)
    void = [] if VOID_COLOR in colors else [VOID_COLOR]
    return np.array([*colors, *void]), np.array([*range(len(colors)), *(-1 for _ in void)])


def _by_color(
    colors: np.ndarray,
    place: np.ndarray,
    rule: str,
    table: ClassTable,
    turned: np.ndarray | None = None,
) -> RepairedLabel:
    """Exact colours first; the others by distance, or void."""
    candidates, of_class = _candidates(table)
    if len(np.unique(candidates, axis=0)) < len(candidates):
        raise Unrepairable(rule, "two classes share a colour (M1)")
    same = (colors[:, None] == candidates).all(axis=2)
    answer = np.where(same.any(axis=1), same.argmax(axis=1), NO_ANSWER)
    wrong = answer == NO_ANSWER
    if wrong.any():
        smooth = rule == "V2"
        # a smooth border mixes only what is there; a third colour on its way would be an accident
        allowed = (
            np.unique(answer[~wrong]) if smooth and not wrong.all() else np.arange(len(same.T))
        )
        reach = np.inf if smooth else NOISE_REACH
        near = nearest(colors[wrong], candidates[allowed], reach)
        answer[wrong] = np.where(near == NO_ANSWER, NO_ANSWER, allowed[near])
    pixels = np.bincount(place.ravel(), minlength=len(colors))
    unanswered = int(pixels[answer == NO_ANSWER].sum())
    if wrong.any() and 1 - unanswered / pixels[wrong].sum() < _LEAST_PLAIN:
        raise Unrepairable(rule, "most of its wrong colours are near no class, or near two")
    index = np.where(answer == NO_ANSWER, -1, of_class[answer])
    changed = wrong if turned is None else wrong | (colors != turned).any(axis=1)
    moved = wrong & (answer != NO_ANSWER)
    distance = np.sqrt(((colors - candidates[answer]) ** 2).sum(axis=1))
    snapped = Snapped.measured(distance[moved], pixels[moved])
    return RepairedLabel(
        stored_values(index, table, rule)[place],
        {rule: Pixels(int(pixels[changed].sum()), unanswered, snapped)},
    )


def stored_values(index: np.ndarray, table: ClassTable, rule: str) -> np.ndarray:
    """Class indices, -1 for void, as stored values.

    Raises:
        Unrepairable: there is void, and no value to store it as.
    """
    classes = table.classes
    plain = np.where(index < 0, classes.ignore_index, index)
    try:
        return classes.to_stored(plain)
    except LabelError:
        raise Unrepairable(rule, "void has no stored value: add one to ignore_values") from None
