"""Put one label right: what the rules found in it, and nothing else.

The rules on storage change no value. The rules on values change those pixels that are wrong, to the
value that is plain from their surroundings, or to void.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pixelwise.audit.headers import COLOR, LOSSY, PALETTE, Header, has_right_ending
from pixelwise.audit.label_rules import LabelJob, Table, look_at_label
from pixelwise.labels.image import read_rgb
from pixelwise.labels.png import read_label
from pixelwise.repair.color import (
    LEAST_GAP,
    NOISE_REACH,
    Mended,
    Unmendable,
    mend_color,
    stored_values,
)
from pixelwise.repair.nearest import NOBODY, between_neighbours, majority, nearest

# Storage: the file is written anew, its values stay.
STORAGE = ("F2", "F4", "F5", "F6", "F8", "F9", "V10")
# A colour picture becomes a label.
COLORS = ("F1", "F10", "F11", "F12", "V1", "V2", "V3")
# One table for all labels of a data set.
REMAPS = ("V6", "V7")
# Binary masks that were saved to be looked at.
SHOWN_FOREGROUND = (128, 255)


@dataclass(frozen=True)
class How:
    """What is the same for all labels of a data set.

    Args:
        table: classes and what stored values mean.
        wide: labels are stored with 16 bits, since some have values above 255.
        smooth: some labels have smooth borders, so that each is looked at for them.
        foreground: 128 or 255 is the foreground of a binary data set that stores 0 and 1.
        remap: (65536,) new stored values, and the rule that asks for them; None = as they are.
    """

    table: Table
    wide: bool = False
    smooth: bool = False
    foreground: bool = False
    remap: tuple[str, np.ndarray] | None = None


def is_plain(name: str, header: Header, how: How) -> bool:
    """Whether a label is stored as write_label would store it, so that its bytes can stay."""
    if header.format != "PNG" or header.extras or not has_right_ending(name, header):
        return False
    if how.wide:
        return header.depth == 16 and header.storage not in (COLOR, LOSSY)
    palette = how.table.classes.palette().tobytes()
    return header.storage == PALETTE and header.depth == 8 and header.palette == palette


def mend_label(
    path: Path, header: Header, rules: Collection[str], values: Collection[int], how: How
) -> Mended:
    """Read a label and put right what the rules found in it.

    Args:
        path: of the label.
        header: of the label.
        rules: found in this file, and wanted.
        values: stored values that rule V2 is about.
        how: what is the same for all labels.
    Raises:
        Unmendable: nothing is plain.
        PixelwiseError: the file cannot be read.
    """
    changes = {rule: (0, 0) for rule in STORAGE if rule in rules}
    if header.storage in (COLOR, LOSSY):
        named = [rule for rule in COLORS if rule in rules]
        if not named:
            raise Unmendable("F10", "it is a colour picture, and its rule was not asked for")
        mended = _from_color(path, header, named[0], how)
    else:
        mended = Mended(read_label(path), {})
        if how.smooth and not set(rules) & {"V2", "V3"}:
            found = _find_smooth(path, header, how)
            rules, values = ({*rules, "V2"}, found) if found is not None else (rules, values)
        for rule, mend in (("V2", _smooth), ("V3", _noise)):
            if rule in rules:
                mended = mend(mended.stored, values, how)
        mended = _remapped(mended, how)
    mended = _foreground(mended, how)
    return Mended(mended.stored, {**changes, **mended.changes})


def _find_smooth(path: Path, header: Header, how: How) -> tuple[int, ...] | None:
    """What V2 says about a label that was not in the sample of the audit; None = nothing."""
    job = LabelJob(0, str(path), path.name, header.storage, 0, sampled=True)
    look = look_at_label(how.table, job)
    return next((f.values for f in look.findings if f.rule == "V2"), None)


def _from_color(path: Path, header: Header, rule: str, how: How) -> Mended:
    if header.alpha and rule == "F12":
        _check_alpha(path)
    image = read_rgb(path)
    grey = bool((image == image[:, :, :1]).all())
    if header.storage == LOSSY and grey:
        return _noise(image[:, :, 0], (), how, rule)
    return mend_color(image, rule, how.table)


def _check_alpha(path: Path) -> None:
    with Image.open(path) as image:
        alpha = np.asarray(image.getchannel("A"))
    if (alpha < 255).any():
        raise Unmendable("F12", "alpha is not full everywhere: say what the pixels below it are")


def _smooth(label: np.ndarray, values: Collection[int], how: How) -> Mended:
    """V2: values between two classes become what most of their neighbours are, or void."""
    index = how.table.index_of.take(label)
    void = index == -1
    wrong = (index == -2) | np.isin(label, list(values)) | between_neighbours(label, void)
    answer = majority(label, wrong, ~wrong & ~void)
    plain = np.where(answer == NOBODY, -1, how.table.index_of.take(answer.clip(0)))
    stored = label.astype(np.uint16)
    # a class may have several stored values: the neighbour's own one is kept
    stored[wrong] = np.where(plain == -1, stored_values(plain, how.table, "V2"), answer)
    changed = int((stored != label).sum())
    return Mended(stored, {"V2": (changed, int((plain == -1).sum()))})


def _noise(label: np.ndarray, _values: Collection[int], how: How, rule: str = "V3") -> Mended:
    """V3: values become the nearest one that means something, or void."""
    known = np.flatnonzero(how.table.index_of != -2)
    if np.diff(known).min(initial=LEAST_GAP) < LEAST_GAP:
        raise Unmendable(rule, "stored values are so close to each other that noise joins them")
    levels, place = np.unique(label, return_inverse=True)
    near = nearest(levels[:, None], known[:, None], NOISE_REACH)
    index = np.where(near == NOBODY, -1, how.table.index_of.take(known[near]))
    answer = np.where(near == NOBODY, stored_values(index, how.table, rule), known[near])
    stored = answer.astype(np.uint16)[place.reshape(label.shape)]
    pixels = np.bincount(place.ravel())
    changed = (int(pixels[answer != levels].sum()), int(pixels[near == NOBODY].sum()))
    return Mended(stored, {rule: changed})


def _remapped(mended: Mended, how: How) -> Mended:
    """V6 and V7: one table for all values at once."""
    if how.remap is None:
        return mended
    rule, table = how.remap
    stored = table.take(mended.stored)
    void = how.table.index_of.take(stored) == -1
    changed = stored != mended.stored
    number = (int(changed.sum()), int((changed & void).sum()))
    return Mended(stored, {**mended.changes, rule: number})


def _foreground(mended: Mended, how: How) -> Mended:
    """V5: 0 and 255, or 0 and 128, become 0 and 1."""
    if not how.foreground:
        return mended
    highest = int(mended.stored.max())
    shown = mended.stored == highest
    if highest not in SHOWN_FOREGROUND or (mended.stored[~shown] != 0).any():
        return mended
    stored = np.where(shown, 1, mended.stored)
    return Mended(stored, {**mended.changes, "V5": (int(shown.sum()), 0)})
