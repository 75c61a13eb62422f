"""What only all labels together can say: storage and palettes, values, splits, the class table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pixelwise.audit.findings import Finding
from pixelwise.audit.headers import GREY, GREY16, PALETTE
from pixelwise.audit.label_rules import Table
from pixelwise.labels.class_names import is_void_name
from pixelwise.labels.palettes import VOID_COLOR, voc_colormap

# Cityscapes: the label ids that have a train id.
_TRAINED_IDS = {7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33}
_CITYSCAPES_CLASSES, _CITYSCAPES_IDS = 19, 34
_MOST = 0.9
# V8 and S5: splits with fewer labels differ by chance.
_FEW_LABELS = 5
# S5: so many of the pixels would have to change their class.
_DIFFERENCE = 0.25
_ONE_CHANNEL = (PALETTE, GREY, GREY16)
_CALLED = {PALETTE: "indexed", GREY: "grey", GREY16: "16-bit grey"}


@dataclass(frozen=True)
class Stored:
    """How the labels are stored, one entry a label.

    Args:
        names: of the label files.
        storage: as in headers.Header; "" where a label cannot be decoded.
        depth: bits of a sample.
        palette: number of its palette in palettes, -1 without one.
        palettes: the different ones.
    """

    names: list[str]
    storage: list[str]
    depth: np.ndarray
    palette: np.ndarray
    palettes: list[bytes]


@dataclass(frozen=True)
class Contents:
    """What the labels of each split contain; S splits.

    Args:
        splits: names of the splits.
        folders: of their labels, for findings about a whole split.
        labels: (S,) labels that were decoded.
        pixels: (S, 65536) pixels by stored value.
        voids: (S,) labels with void.
        sizes: sizes (height, width) of the labels of each split, and how often each occurs.
    """

    splits: tuple[str, ...]
    folders: tuple[str, ...]
    labels: np.ndarray
    pixels: np.ndarray
    voids: np.ndarray
    sizes: tuple[Counter, ...]


def storage_rules(stored: Stored, contents: Contents, table: Table) -> Iterator[Finding]:
    """F5, F7, F9 and V10."""
    seen = np.flatnonzero(contents.pixels.sum(axis=0))
    highest = int(seen[-1]) if seen.size else 0
    number = Counter(s for s in stored.storage if s in _ONE_CHANNEL)
    if not number:
        return
    usual = number.most_common(1)[0][0]
    for name, storage, depth in zip(stored.names, stored.storage, stored.depth):
        if storage == GREY and depth < 8:
            continue  # a finding of F6
        if storage in _ONE_CHANNEL and storage != usual:
            detail = f"it is {_CALLED[storage]}, {number[usual]:,} others are {_CALLED[usual]}"
            yield Finding("F5", name, 1, None, detail)
        elif storage == usual == GREY16 and highest <= 255:
            yield Finding("V10", name, 1, None, f"the highest value is {highest}")
    yield from _narrow(stored, highest, table)
    yield from _palettes(stored, table)


def value_rules(contents: Contents, table: Table, misread: bool) -> Iterator[Finding]:
    """V8, V11, S5 and M1; V11 only if the values are what they should be."""
    if not (misread or table.guessed):
        yield from _classes_that_never_occur(contents, table)
    yield from _splits_without_void(contents)
    yield from _splits_that_differ(contents, table)
    if not table.guessed:
        yield from _class_table(table)


def explanation_of_unknown(contents: Contents, table: Table) -> tuple[str, str] | None:
    """(rule, detail) if one mistake explains every unknown value of the data set: V6 or V7."""
    index = table.index_of
    seen = set(np.flatnonzero(contents.pixels.sum(axis=0)).tolist())
    unknown = {v for v in seen if index[v] == -2}
    if not unknown:
        return None
    declared = _declared(table)
    used = {v for v in seen if index[v] != -1}
    if (
        declared == set(range(_CITYSCAPES_CLASSES))
        and used <= set(range(_CITYSCAPES_IDS))
        and len(used & _TRAINED_IDS) >= _MOST * len(used & set(range(7, _CITYSCAPES_IDS)))
        and len(unknown) > 1
    ):
        return "V7", f"the values {_listed(used)} are label ids"
    for shift, missing in ((1, min(declared)), (-1, max(declared))):
        if used <= {v + shift for v in declared} and missing not in used and len(used) > 1:
            lowest, highest = min(declared), max(declared)
            detail = (
                f"the values {min(used)}..{max(used)} occur, and the classes are stored as "
                f"{lowest}..{highest}"
            )
            return "V6", detail
    return None


def _declared(table: Table) -> set[int]:
    """Stored values that classes name."""
    several = (values for values in table.classes.values if not isinstance(values, str))
    return {v for values in several for v in values}


def _narrow(stored: Stored, highest: int, table: Table) -> Iterator[Finding]:
    """F7: indexed labels with fewer bits than the values of the data set need."""
    needed = max(highest, *(v for v in _declared(table) if v <= 255), 0)
    for name, storage, depth in zip(stored.names, stored.storage, stored.depth):
        if storage == PALETTE and needed >= 1 << int(depth):
            detail = f"{depth} bits hold 0..{(1 << int(depth)) - 1}, the data set has {needed}"
            yield Finding("F7", name, 1, None, detail)


def _palettes(stored: Stored, table: Table) -> Iterator[Finding]:
    """F9: palettes that differ from the colours of the classes, or from each other."""
    if not stored.palettes:
        return
    values = np.flatnonzero(table.index_of[:256] >= 0).tolist()
    if "other" in table.classes.values:
        values = values[:2]
    shown = [_colors_at(palette, values) for palette in stored.palettes]
    voc = voc_colormap(257)
    uses_voc = [tuple(color) for color in table.classes.colors] == [
        tuple(color) for color in voc[: len(table.classes)].tolist()
    ]
    often = np.bincount(stored.palette[stored.palette >= 0], minlength=len(shown))
    if uses_voc or table.guessed:
        usual = int(often.argmax())
        wanted = shown[usual]
        like = stored.names[int((stored.palette == usual).argmax())]
        against = f"the same value has another colour in {like}"
    else:
        wanted = _colors_at(table.classes.palette().tobytes(), values)
        against = "its colours are not those of the classes"
    shifted = _colors_at(voc[1:].tobytes(), values)
    wrong = {}
    for number, colors in enumerate(shown):
        if len(values) > 1 and _agree(colors, shifted):
            wrong[number] = "its palette is the one of Pascal VOC, shifted by one"
        elif not _agree(colors, wanted):
            wrong[number] = against
    for name, palette in zip(stored.names, stored.palette):
        if int(palette) in wrong:
            yield Finding("F9", name, 1, None, wrong[int(palette)])


def _colors_at(palette: bytes, values: list[int]) -> list[bytes]:
    """The colours of stored values; b"" beyond the end of the palette."""
    return [palette[3 * v : 3 * v + 3] for v in values]


def _agree(a: list[bytes], b: list[bytes]) -> bool:
    return all(x == y or not x or not y for x, y in zip(a, b))


def _classes_that_never_occur(contents: Contents, table: Table) -> Iterator[Finding]:
    pixels = _class_pixels(contents, table)
    if not pixels.any():
        return
    train = contents.splits.index("train") if "train" in contents.splits else 0
    for index, name in enumerate(table.classes.names):
        values = table.classes.values[index]
        shown = values if isinstance(values, str) else _listed(values)
        stored = () if isinstance(values, str) else values[:8]
        where = [s for s, n in zip(contents.splits, pixels[:, index]) if n]
        number = int(pixels[:, index].sum())
        if not number:
            detail = f"class {index}, {name}, stored as {shown}, occurs in no label"
        elif not pixels[train, index] and contents.labels[train]:
            detail = (
                f"class {index}, {name}, occurs in {', '.join(where)} only, so it is not learnt"
            )
        else:
            continue
        yield Finding("V11", "dataset.toml", number, None, detail, tuple(stored))


def _splits_without_void(contents: Contents) -> Iterator[Finding]:
    enough = contents.labels >= _FEW_LABELS
    share = contents.voids / np.maximum(contents.labels, 1)
    usual = np.flatnonzero(enough & (share >= _MOST))
    if not usual.size:
        return
    for number in np.flatnonzero(enough & (contents.voids == 0)):
        with_void, all_labels = contents.voids[usual[0]], contents.labels[usual[0]]
        detail = (
            f"no label of {contents.splits[number]} has void, and {with_void:,} of {all_labels:,} "
            f"in {contents.splits[usual[0]]} do"
        )
        yield Finding("V8", contents.folders[number], int(contents.labels[number]), None, detail)


def _splits_that_differ(contents: Contents, table: Table) -> Iterator[Finding]:
    enough = np.flatnonzero(contents.labels >= _FEW_LABELS)
    pixels = _class_pixels(contents, table)
    for number in enough[1:]:
        first, labels = enough[0], int(contents.labels[number])
        pair = f"{contents.splits[first]} and {contents.splits[number]}"
        shares = [pixels[i] / max(1, pixels[i].sum()) for i in (first, number)]
        moved = np.abs(shares[0] - shares[1]).sum() / 2
        if moved > _DIFFERENCE:
            worst = int(np.abs(shares[0] - shares[1]).argmax())
            detail = (
                f"{table.classes.names[worst]} is {100 * shares[0][worst]:.0f} % of the pixels of "
                f"{contents.splits[first]} and {100 * shares[1][worst]:.0f} % of "
                f"{contents.splits[number]}"
            )
            yield Finding("S5", contents.folders[number], labels, None, detail)
        elif not contents.sizes[first].keys() & contents.sizes[number].keys():
            sizes = [contents.sizes[i].most_common(1)[0][0] for i in (first, number)]
            shown = " and ".join(f"{width} x {height}" for height, width in sizes)
            detail = f"{pair} have no size in common: most often {shown}"
            yield Finding("S5", contents.folders[number], labels, None, detail)


def _class_table(table: Table) -> Iterator[Finding]:
    classes = table.classes
    first: dict[tuple[int, int, int], int] = {}
    for index, (name, color) in enumerate(zip(classes.names, classes.colors)):
        twin = first.setdefault(color, index)
        if twin != index:
            detail = f"{classes.names[twin]} and {name} have the colour {color}"
            yield Finding("M1", "dataset.toml", 2, None, detail)
        elif color == VOID_COLOR:
            yield Finding("M1", "dataset.toml", 1, None, f"{name} has the colour of void, {color}")
        if is_void_name(name):
            detail = f"class {index} is called {name}, but it is trained and scored"
            yield Finding("M1", "dataset.toml", 1, None, detail)


def _class_pixels(contents: Contents, table: Table) -> np.ndarray:
    """(S, C) valid pixels of each class in each split."""
    index = table.index_of
    valid = np.flatnonzero((index >= 0) & (contents.pixels.sum(axis=0) > 0))
    total = np.zeros((len(contents.splits), len(table.classes)), np.int64)
    for value in valid:
        total[:, index[value]] += contents.pixels[:, value]
    return total


def _listed(values: object) -> str:
    texts = [str(v) for v in sorted(values)]  # type: ignore[call-overload]
    return ", ".join(texts[:8]) + (", ..." if len(texts) > 8 else "")
