"""The rules about the pixels of one label, which is decoded once: F3, F8, V2 to V13, G4, R1.

What costs more than decoding has a gate: the histogram decides whether the places of unknown
values are looked for, and neighbours are compared in a sample of the files only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.color_rules import color_rules
from pixelwise.audit.findings import Finding, unreadable
from pixelwise.audit.headers import COLOR, NUMBER, PALETTE, Header
from pixelwise.audit.regions import (
    first_place,
    frame_of,
    is_line_between,
    roughness,
    single_pixels,
    smooth_share,
    thin_share,
    values_between,
)
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable
from pixelwise.labels.classes import Classes
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image
from pixelwise.labels.png import read_and_count
from pixelwise.survey.blended import blended_values
from pixelwise.text import percent, plural, some

# Of every so many rows one enters the key of a label; its histogram does as a whole.
_KEY_ROWS = 16
_MOST_VALUES = 8
# V12: a label that is background but for this share.
_NEARLY_ALL = 0.99
# R1: fewer single pixels than this, or a smaller share, are how labels look.
_FEW_SINGLES, _SMALL_SHARE = 16, 2e-3
# R1: the same of those that lie in an area of one value, where nobody draws a pixel.
_FEW_SPECKS, _SPECKS_SHARE = 8, 3e-4
# V2, V3: shares of pixels that an explanation must fit, and values that noise has at least.
_MOST, _NOISE_VALUES, _NOISE_REACH = 0.95, 8, 20
_FEW_BETWEEN, _FEW_BLENDED = 16, 3
# Half of the rows that decide whether neighbours are compared in a whole label.
_BAND_ROWS = 32
_SHOWN_STORAGE = {"F": "floating point", "I": "32 bits"}


@dataclass(frozen=True)
class LabelFile:
    """A label file that has been read.

    Args:
        path, name: of the file, for Pillow and for findings.
        header: what its beginning says.
        data: its content.
    """

    path: str
    name: str
    header: Header
    data: bytes

    @property
    def entries(self) -> int:
        """Of its palette."""
        return len(self.header.palette) // 3


@dataclass(frozen=True)
class LabelContents:
    """What a label contains.

    Args:
        findings: of the label alone.
        values, pixels: (K,) stored values, ascending, and the pixels of each.
        key: equal for equal labels; 0 if it cannot be decoded to stored values.
        label: (H, W) stored values; None if it cannot be decoded to them.
    """

    findings: tuple[Finding, ...]
    values: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    key: int = 0
    label: NDArray[np.unsignedinteger] | None = None

    def without_label(self) -> "LabelContents":
        """What is kept of it, and sent to other processes."""
        return replace(self, label=None)


@dataclass(frozen=True)
class ClassTable:
    """The class table as the rules need it; pickled without its arrays.

    Args:
        classes: what stored values mean.
        binary: two classes, the first of them background.
        guessed: classes were guessed from the values, so that none of them can be unknown.
        known: there are classes at all; if not, any value is one.
    """

    classes: Classes
    binary: bool
    guessed: bool = False
    known: bool = True

    def __reduce__(self) -> tuple:
        return ClassTable, (self.classes, self.binary, self.guessed, self.known)

    @cached_property
    def index_of(self) -> np.ndarray:
        """(65536,) class index of every stored value, -1 void, -2 unknown."""
        classes = self.classes
        index = np.full(1 << 16, -2, np.int32)
        if classes.ignore_index < len(index):
            index[classes.ignore_index] = -1
        if "other" in classes.values:
            index[:] = classes.values.index("other")
        for number, claimed in enumerate(classes.values):
            if not isinstance(claimed, str):
                index[list(claimed)] = number
        index[list(classes.ignore_values)] = -1
        return index

    @property
    def is_zero_one(self) -> bool:
        """Background is stored as 0 and foreground as 1."""
        return self.classes.values == ((0,), (1,))


def examine_label(table: ClassTable, file: LabelFile, sampled: bool) -> LabelContents:
    """Decode a label once; what cannot be decoded is a finding.

    Args:
        table: the classes.
        file: the label.
        sampled: whether neighbouring pixels are compared too.
    """
    if file.header.storage == COLOR:
        classes = table.classes if table.known else None
        return LabelContents(color_rules(classes, file.path, file.name, file.data))
    if file.header.storage == NUMBER and (wrong := _numbers(file)):
        return LabelContents(wrong)
    try:
        label, values, pixels = read_and_count(file.path, data=file.data)
    except PixelwiseError as error:
        return LabelContents((unreadable(file.name, error),))
    index = table.index_of.take(values)
    findings = _values(table, file, label, values, pixels, index)
    findings += _palette_end(file, label, values)
    if not findings:
        findings += _frame(table, file, label)
        if sampled:
            findings += neighbour_rules(table, file, label)
    return LabelContents(tuple(findings), values, pixels, _key(label, values, pixels), label)


def _values(
    table: ClassTable,
    file: LabelFile,
    label: np.ndarray,
    values: np.ndarray,
    pixels: np.ndarray,
    index: np.ndarray,
) -> list[Finding]:
    """What the histogram says: V2 to V5, V12 and V13."""
    if table.guessed or not table.known:  # a guess may have taken such values for classes
        blended = blended_values(label)[label]
        found = np.unique(label[blended])
        detail = f"{plural(len(found), 'value')} between others: {some(found, _MOST_VALUES)}"
        if found.size:
            return [_at(file, "V2", blended, detail, found)]
        if not table.known:
            return []
    if table.is_zero_one and values[-1] in (128, 255) and set(values.tolist()) <= {0, values[-1]}:
        only = "value is" if len(values) == 1 else "values are"
        detail = f"the only {only} {', '.join(map(str, values))}"
        return [_at(file, "V5", label == values[-1], detail, values[-1:])]
    unknown = values[index == -2]
    if unknown.size:
        return [_unknown(file, label, unknown, pixels[index == -2], table)]
    valid = index >= 0
    if not valid.any():
        return [Finding("V13", file.name, int(pixels.sum()), (0, 0), "every pixel is void")]
    shares = np.bincount(index[valid], pixels[valid], len(table.classes)) / pixels[valid].sum()
    top = int(shares.argmax())
    if shares[top] == 1 or (table.binary and top == 0 and shares[top] >= _NEARLY_ALL):
        number = int(pixels[valid][index[valid] == top].sum())
        share = "all" if shares[top] == 1 else f"{percent(shares[top], 1)} %"
        detail = f"{share} of its valid pixels are {table.classes.names[top]}"
        return [Finding("V12", file.name, number, None, detail)]
    return []


def _unknown(
    file: LabelFile, label: np.ndarray, unknown: np.ndarray, pixels: np.ndarray, table: ClassTable
) -> Finding:
    """Why there are unknown values: smooth borders, noise, or simply other values."""
    wrong = np.isin(label, unknown)
    detail = some(
        (f"{v} ({plural(int(n), 'pixel')})" for v, n in zip(unknown, pixels)), _MOST_VALUES
    )
    rule = "V4"
    if not wrong.all():
        known = np.flatnonzero(table.index_of >= -1)
        near = np.abs(label[wrong][:, None].astype(np.int32) - _around(label[wrong], known))
        meant = np.isin(np.arange(int(label.max()) + 1), unknown)
        blended = blended_values(label, meant, _FEW_BLENDED)
        noisy = len(unknown) >= _NOISE_VALUES and roughness(label, wrong) > 0.5
        smooth = smooth_share(label, wrong) >= _MOST
        if smooth or (blended.any() and blended[label].sum() >= wrong.sum() / 2):
            rule = "V2"
        elif noisy and (near.min(axis=1) <= _NOISE_REACH).mean() >= _MOST:
            rule = "V3"
        elif noisy and thin_share(wrong) >= _MOST:
            rule = "V2"  # a line that was so thin that its own value is lost
    return _at(file, rule, wrong, detail, unknown)


def _around(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N, 2) the known values next below and next above each value."""
    place = np.searchsorted(known, values)
    below, above = (place - 1).clip(0), place.clip(max=len(known) - 1)
    return np.stack([known[below], known[above]], axis=1)


def _palette_end(file: LabelFile, label: np.ndarray, values: np.ndarray) -> list[Finding]:
    beyond = values >= file.entries
    if file.header.storage != PALETTE or not file.entries or not beyond.any():
        return []
    first, entries = values[beyond], "entry" if file.entries == 1 else "entries"
    detail = f"values up to {values[-1]}, and a palette of {file.entries} {entries}"
    return [_at(file, "F8", label >= file.entries, detail, first)]


def _frame(table: ClassTable, file: LabelFile, label: np.ndarray) -> list[Finding]:
    found = frame_of(label)
    if found is None or table.index_of[found[0]] < 0:
        return []
    value, thickness = found
    height, width = label.shape
    inside = max(0, height - 2 * thickness) * max(0, width - 2 * thickness)
    name = table.classes.names[table.index_of[value]]
    detail = f"{plural(thickness, 'pixel')} of {name} all around"
    return [Finding("G4", file.name, label.size - inside, (0, 0), detail, (value,))]


def neighbour_rules(table: ClassTable, file: LabelFile, label: np.ndarray) -> list[Finding]:
    """Single pixels, and values that occur only between two others.

    A band in the middle decides whether the whole label is looked at.
    """
    if min(label.shape) < 3:
        return []
    middle = label.shape[0] // 2
    band = label[max(0, middle - _BAND_ROWS) : middle + _BAND_ROWS]
    lines = [v for v in values_between(band, _MOST) if table.index_of[v] >= 0]
    if lines:
        valid = table.index_of.take(label) >= 0
        lines = [v for v in lines if is_line_between(label, valid, v, _MOST, _FEW_BETWEEN)]
    if lines:
        names = ", ".join(table.classes.names[i] for i in table.index_of[lines])
        detail = f"{names} occurs only as a line between a lower and a higher value"
        return [_at(file, "V2", np.isin(label, lines), detail, lines)]
    singles, specks = (found.sum() for found in single_pixels(band))
    if singles < _SMALL_SHARE / 2 * band.size and specks <= _SPECKS_SHARE / 2 * band.size:
        return []
    single, speck = (np.pad(found, 1) for found in single_pixels(label))
    singles, specks = int(single.sum()), int(speck.sum())
    if singles >= max(_FEW_SINGLES, _SMALL_SHARE * label.size):
        return [_at(file, "R1", single, f"{singles:,} pixels differ from all neighbours")]
    if specks >= max(_FEW_SPECKS, _SPECKS_SHARE * label.size):
        return [_at(file, "R1", speck, f"{specks:,} single pixels lie in areas of another value")]
    return []


def _numbers(file: LabelFile) -> tuple[Finding, ...]:
    """Fractions, NaN and negative values of a floating-point or 32-bit TIFF file."""
    try:
        image = decode_image(file.data)
    except Unreadable as error:
        return (unreadable(file.name, error),)
    mode, array = image.mode, samples_of(image)
    if array.dtype == np.uint8:
        array = array.view(np.int8)
    with np.errstate(invalid="ignore"):
        bad = ~((array >= 0) & (array <= 65535) & (array == np.floor(array)))
    if bad.any():
        worst = ", ".join(f"{v:g}" for v in np.unique(array[bad])[:3].tolist())
        return (_at(file, "V9", bad, f"such as {worst}"),)
    if mode == "F":
        detail = f"whole numbers, stored as {_SHOWN_STORAGE[mode]}"
        return (Finding("V9", file.name, array.size, (0, 0), detail),)
    return ()


def _at(
    file: LabelFile,
    rule: str,
    wrong: np.ndarray,
    detail: str,
    values: Sequence[int] | np.ndarray = (),
) -> Finding:
    """A finding with its pixels counted and the first of them as its place."""
    first = tuple(int(v) for v in values[:_MOST_VALUES])
    return Finding(rule, file.name, int(wrong.sum()), first_place(wrong), detail, first)


def _key(label: np.ndarray, values: np.ndarray, pixels: np.ndarray) -> int:
    """64 bits: the histogram and shape, and some of the rows."""
    content = crc32(pixels.tobytes(), crc32(values.tobytes(), crc32(repr(label.shape).encode())))
    rows = crc32(np.ascontiguousarray(label[_KEY_ROWS // 2 :: _KEY_ROWS]).tobytes())
    return content << 32 | rows
