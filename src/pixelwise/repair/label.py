"""Repair one label: what the rules found in it, and nothing else.

The rules on storage change no value. The rules on values change those pixels that are wrong, to the
value that is plain from their surroundings, or to void.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.color_rules import alpha_of
from pixelwise.audit.headers import COLOR, LOSSY, PALETTE, Header, has_right_suffix
from pixelwise.audit.label_rules import ClassTable, LabelFile, examine_label
from pixelwise.audit.rules import RULES
from pixelwise.labels.color import Snapped
from pixelwise.labels.image import decode_rgb
from pixelwise.labels.png import read_and_count
from pixelwise.repair.color import (
    LEAST_GAP,
    NOISE_REACH,
    RepairedLabel,
    Unrepairable,
    repair_color,
    stored_values,
)
from pixelwise.repair.nearest import (
    NO_ANSWER,
    between_neighbours,
    majority,
    nearest,
    sides_of_border,
)
from pixelwise.repair.result import Pixels
from pixelwise.survey.blended import blended_values

# Binary masks that were saved for viewing.
SHOWN_FOREGROUND = (128, 255)


@dataclass(frozen=True)
class Method:
    """What is the same for all labels of a dataset.

    Args:
        table: classes and what stored values mean.
        wide: labels are stored with 16 bits, since some have values above 255.
        smooth: some labels have smooth borders, so that each is examined for them.
        foreground: 128 or 255 is the foreground of a binary dataset that stores 0 and 1.
        remap: (65536,) new stored values, and the rule that asks for them; None = as they are.
    """

    table: ClassTable
    wide: bool = False
    smooth: bool = False
    foreground: bool = False
    remap: tuple[str, NDArray[np.uint16]] | None = None


def is_plain(name: str, header: Header, method: Method) -> bool:
    """Whether a label is stored as write_label would store it, so that its bytes can stay."""
    if header.format != "PNG" or header.extras or not has_right_suffix(name, header):
        return False
    if method.wide:
        return header.depth == 16 and header.storage not in (COLOR, LOSSY)
    palette = method.table.classes.palette().tobytes()
    return header.storage == PALETTE and header.depth == 8 and header.palette == palette


def repair_label(
    file: LabelFile, rules: Collection[str], values: Collection[int], method: Method
) -> RepairedLabel:
    """Repair what the rules found in a label.

    Args:
        file: the label, which has been read.
        rules: found in this file, and asked for.
        values: stored values that rules V2 and V14 are about.
        method: what is the same for all labels.
    Raises:
        Unrepairable: nothing is plain.
        PixelwiseError: the file cannot be decoded.
    """
    changes = {rule: Pixels() for rule in rules if RULES[rule].repair == "storage"}
    named = [rule for rule in rules if RULES[rule].repair == "values"]
    if file.header.storage in (COLOR, LOSSY):
        if not named:
            raise Unrepairable("F10", "it is a colour image, and its rule was not asked for")
        repaired = _from_color(file, named[0], method)
    else:
        repaired = _of_values(file, named, values, method)
    if method.foreground:
        repaired = _foreground(repaired)
    return RepairedLabel(repaired.stored, {**changes, **repaired.changes})


def _of_values(
    file: LabelFile, rules: Collection[str], values: Collection[int], method: Method
) -> RepairedLabel:
    """A label of one channel: V2 and V3 by its pixels, then V6 or V7 by a table."""
    found = None
    if method.smooth and REPAIRS.keys().isdisjoint(rules):
        # the audit has compared neighbouring pixels in a sample of the labels; a palette that is
        # too short (F8) says nothing about them
        any_palette = replace(file, header=replace(file.header, palette=b""))
        found = examine_label(method.table, any_palette, sampled=True)
        smooth = [finding for finding in found.findings if finding.rule == "V2"]
        rules, values = [f.rule for f in smooth], [v for f in smooth for v in f.values]
    label = found.label if found else None
    if label is None:
        label, _, _ = read_and_count(file.path, data=file.data)
    repaired = RepairedLabel(label, {})
    for rule, repair in REPAIRS.items():
        if rule in rules:
            repaired = repair(repaired.stored, values, method)
    return repaired if method.remap is None else _remapped(repaired, method.table, *method.remap)


def _from_color(file: LabelFile, rule: str, method: Method) -> RepairedLabel:
    image = decode_rgb(file.path, file.data)
    alpha = alpha_of(file.data) if rule == "F12" else None
    if alpha is not None and (alpha < 255).any():
        reason = "alpha is not full everywhere: say what the pixels below it are"
        raise Unrepairable("F12", reason)
    if file.header.storage == LOSSY and (image == image[:, :, :1]).all():
        return _noise(image[:, :, 0], (), method, rule)
    return repair_color(image, rule, method.table)


def _smooth(label: NDArray, values: Collection[int], method: Method) -> RepairedLabel:
    """V2: values between two classes become the class of the nearer side of the border where
    stored values are far apart; else what most of their neighbours are, or void.
    """
    index = method.table.index_of.take(label)
    void = index == -1
    wrong = (index == -2) | np.isin(label, list(values))
    if method.table.guessed:
        wrong |= blended_values(label)[label]
    levels = np.flatnonzero(method.table.index_of != -2)
    if method.foreground:
        grey, white = SHOWN_FOREGROUND
        levels = np.array([0, white if label.max() > grey else grey])
        wrong = ~np.isin(label, levels)
    if len(levels) > 1 and np.diff(levels).min() >= LEAST_GAP:
        return _nearer_side(label, wrong, levels, method)
    wrong |= between_neighbours(label, void)
    answer = majority(label, wrong, ~wrong & ~void)
    plain = np.where(answer == NO_ANSWER, -1, method.table.index_of.take(answer.clip(0)))
    stored = label.astype(np.uint16)
    # a class may have several stored values: the neighbour's own one is kept
    stored[wrong] = np.where(plain == -1, stored_values(plain, method.table, "V2"), answer)
    changed = int((stored != label).sum())
    return RepairedLabel(stored, {"V2": Pixels(changed, int((plain == -1).sum()))})


def _nearer_side(
    label: NDArray, wrong: NDArray[np.bool_], levels: NDArray, method: Method
) -> RepairedLabel:
    """V2 of grey levels: 0..127 becomes 0 and 128..255 becomes 255 between areas of these two."""
    # a border from 0 to 255 also has the values of a class between them
    wrong = wrong | between_neighbours(label, np.zeros(label.shape, bool))
    here, sides = label[wrong].astype(np.int64), sides_of_border(label, wrong)
    near = levels[np.abs(here[:, None] - levels).argmin(axis=1)]
    middle = sides.sum(axis=1)
    side = np.where(2 * here < middle, sides[:, 0], sides[:, 1])
    stored = label.astype(np.uint16)
    stored[wrong] = np.where(sides[:, 0] == NO_ANSWER, near, side)
    return _snapped(label, stored, "V2", method)


def _snapped(
    label: NDArray, stored: NDArray[np.uint16], rule: str, method: Method
) -> RepairedLabel:
    """A label whose values became others that are near, and how near they were."""
    moved = stored != label
    if not moved.any():
        return RepairedLabel(stored, {rule: Pixels()})
    distance = np.abs(stored[moved].astype(np.int64) - label[moved])
    void = int((method.table.index_of.take(stored[moved]) == -1).sum())
    number, values = int(moved.sum()), len(np.unique(label[moved]))
    mean, most = round(float(distance.mean()), 3), float(distance.max())
    return RepairedLabel(stored, {rule: Pixels(number, void, Snapped(values, number, mean, most))})


def _noise(
    label: NDArray, _values: Collection[int], method: Method, rule: str = "V3"
) -> RepairedLabel:
    """V3: values become the nearest one that means something, or void."""
    known = np.flatnonzero(method.table.index_of != -2)
    if np.diff(known).min(initial=LEAST_GAP) < LEAST_GAP:
        raise Unrepairable(rule, "stored values are closer to each other than noise reaches")
    levels, place = np.unique(label, return_inverse=True)
    near = nearest(levels[:, None], known[:, None], NOISE_REACH)
    index = np.where(near == NO_ANSWER, -1, method.table.index_of.take(known[near]))
    answer = np.where(near == NO_ANSWER, stored_values(index, method.table, rule), known[near])
    stored = answer.astype(np.uint16)[place.reshape(label.shape)]
    pixels = np.bincount(place.ravel())
    plain, other = near != NO_ANSWER, answer != levels
    moved = plain & other
    snapped = Snapped.measured(np.abs(answer - levels.astype(np.int64))[moved], pixels[moved])
    changed = Pixels(int(pixels[other].sum()), int(pixels[~plain].sum()), snapped)
    return RepairedLabel(stored, {rule: changed})


def _rogue(label: NDArray, values: Collection[int], method: Method) -> RepairedLabel:
    """V14: pixels of a rogue value become what most of their neighbours are, from outside in."""
    stored = label.astype(np.uint16)
    wrong = np.isin(label, list(values))
    number = int(wrong.sum())
    while wrong.any():
        answer = majority(stored, wrong, ~wrong)
        place = tuple(axis[answer != NO_ANSWER] for axis in np.nonzero(wrong))
        if not place[0].size:
            break
        stored[place] = answer[answer != NO_ANSWER]
        wrong[place] = False
    if wrong.any():
        void = np.full(1, -1)
        stored[wrong] = stored_values(void, method.table, "V14")[0]
    return RepairedLabel(stored, {"V14": Pixels(number, int(wrong.sum()))})


# The rules on values that are repaired by the pixels of one label with one channel.
REPAIRS: dict[str, Callable[[NDArray, Collection[int], Method], RepairedLabel]] = {
    "V2": _smooth,
    "V3": _noise,
    "V14": _rogue,
}


def _remapped(
    repaired: RepairedLabel, classes: ClassTable, rule: str, table: NDArray[np.uint16]
) -> RepairedLabel:
    """V6 and V7: one table for all values at once."""
    stored = table.take(repaired.stored)
    void = classes.index_of.take(stored) == -1
    changed = stored != repaired.stored
    number = Pixels(int(changed.sum()), int((changed & void).sum()))
    return RepairedLabel(stored, {**repaired.changes, rule: number})


def _foreground(repaired: RepairedLabel) -> RepairedLabel:
    """V5: 0 and 255, or 0 and 128, become 0 and 1."""
    highest = int(repaired.stored.max())
    shown = repaired.stored == highest
    if highest not in SHOWN_FOREGROUND or (repaired.stored[~shown] != 0).any():
        return repaired
    stored = np.where(shown, 1, repaired.stored)
    return RepairedLabel(stored, {**repaired.changes, "V5": Pixels(int(shown.sum()))})
