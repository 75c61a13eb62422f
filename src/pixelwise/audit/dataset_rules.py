"""What only all labels together can say: storage and palettes, values, splits, the class table."""

from collections import Counter
from collections.abc import Collection, Iterator

import numpy as np

from pixelwise.audit.contents import Contents
from pixelwise.audit.findings import Finding
from pixelwise.audit.headers import GREY, GREY16, PALETTE, Header
from pixelwise.audit.label_rules import ClassTable
from pixelwise.files.content import Unreadable
from pixelwise.labels.bands.reading import check_bands
from pixelwise.labels.class_names import is_void_name
from pixelwise.labels.description import FILE_NAME
from pixelwise.labels.palettes import VOID_COLOR, voc_colormap
from pixelwise.text import percent, plural, some

# Cityscapes: the label ids that have a train id.
_TRAINED_IDS = {7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33}
_CITYSCAPES_CLASSES, _CITYSCAPES_IDS = 19, 34
_MOST = 0.9
# V8 and S5: splits with fewer labels differ by chance.
_FEW_LABELS = 5
# S5: least share of the pixels that would have to change their class.
_DIFFERENCE = 0.25
# Rules after which stored values are not what the class table says.
_SMOOTHED = {"V2", "V3"}
MISREAD = {"V5", "V6", "V7", *_SMOOTHED}
_LISTED = 8
_ONE_CHANNEL = (PALETTE, GREY, GREY16)
_CALLED = {PALETTE: "indexed", GREY: "grey", GREY16: "16-bit grey"}


def storage_rules(contents: Contents) -> Iterator[Finding]:
    """F5, F7, F9 and V10."""
    highest = max(contents.values(), default=0)
    labels = list(contents.stored())
    number = Counter(h.storage for _, h in labels if h.storage in _ONE_CHANNEL)
    if not number:
        return
    usual = number.most_common(1)[0][0]
    for name, header in labels:
        storage = header.storage
        if storage == GREY and header.depth < 8:
            continue  # a finding of F6
        if storage in _ONE_CHANNEL and storage != usual:
            others = "1 other is" if number[usual] == 1 else f"{number[usual]:,} others are"
            detail = f"it is {_CALLED[storage]}, {others} {_CALLED[usual]}"
            yield Finding("F5", name, 1, None, detail)
        elif storage == usual == GREY16 and highest <= 255:
            yield Finding("V10", name, 1, None, f"the highest value is {highest}")
    yield from _narrow(labels, highest, contents.table)
    yield from _palettes(labels, contents.table)


def kind_rule(contents: Contents) -> Iterator[Finding]:
    """F14: images without the bands of the description, or with other samples than most."""
    channels, pairs = contents.source.description.channels, contents.source.inventory.pairs
    number = np.bincount(contents.image_kinds[contents.image_kinds >= 0])
    if not number.size:
        return
    of_type = Counter[str]()
    for (samples, *_), images in zip(contents.kinds_found, number.tolist()):
        of_type[samples] += images
    usual = of_type.most_common(1)[0][0]
    for place, (samples, bands, alpha, as_rgb) in enumerate(contents.kinds_found):
        detail = ""
        if samples != usual:
            have = "other has" if of_type[usual] == 1 else "others have"
            detail = f"it has samples of {samples}, {of_type[usual]:,} {have} {usual}"
        elif channels.is_rgb:
            if not as_rgb:
                detail = f"it has {bands - alpha} bands, and dataset.toml names no channels"
        else:
            try:
                check_bands((0, bands, alpha), channels)
            except Unreadable as error:
                detail = f"it must be {error.must}, got {error.got}"
        for pair in np.flatnonzero(contents.image_kinds == place) if detail else ():
            yield Finding("F14", pairs[int(pair)].image, 1, None, detail)


def value_rules(contents: Contents, found: Collection[str]) -> Iterator[Finding]:
    """V8, V11, S5 and M1; V11 only if the values are what they should be.

    Args:
        contents: what the labels hold.
        found: the rules that have findings already.
    """
    guessed = contents.table.guessed
    # a soft mask of 0 and 255 has no foreground that is stored as 1
    soft = "V2" in found and contents.table.is_zero_one and not contents.void_is_used
    if not guessed and not soft and (MISREAD - _SMOOTHED).isdisjoint(found):
        yield from _classes_that_never_occur(contents)
    yield from _splits_without_void(contents)
    yield from _splits_that_differ(contents)
    if not guessed:
        yield from class_table(contents.table)


def explanations(contents: Contents) -> Iterator[tuple[str, str, str]]:
    """(rule, the rule that takes the place of its findings or "", detail), from all labels.

    255 is void, not foreground, where a label has both (V5). Unknown values (V4) may have one
    reason in the whole dataset: V6 or V7.
    """
    if contents.void_is_used:
        yield "V5", "", ""
    index = contents.table.index_of
    seen = set(contents.values())
    unknown = {v for v in seen if index[v] == -2}
    if unknown and (reason := _reason(seen, unknown, contents.table)):
        yield "V4", *reason


def _reason(seen: set[int], unknown: set[int], table: ClassTable) -> tuple[str, str] | None:
    """V7 or V6 and a detail if it explains every unknown value."""
    declared = _declared(table)
    used = {v for v in seen if table.index_of[v] != -1}
    if (
        declared == set(range(_CITYSCAPES_CLASSES))
        and used <= set(range(_CITYSCAPES_IDS))
        and len(used & _TRAINED_IDS) >= _MOST * len(used & set(range(7, _CITYSCAPES_IDS)))
        and len(unknown) > 1
    ):
        return "V7", f"the values {some(sorted(used), _LISTED)} are label ids"
    for shift, missing in ((1, min(declared)), (-1, max(declared))):
        if used <= {v + shift for v in declared} and missing not in used and len(used) > 1:
            lowest, highest = min(declared), max(declared)
            detail = (
                f"the values {min(used)}..{max(used)} occur, and the classes are stored as "
                f"{lowest}..{highest}"
            )
            return "V6", detail
    return None


def _declared(table: ClassTable) -> set[int]:
    """Stored values that classes name."""
    several = (values for values in table.classes.values if not isinstance(values, str))
    return {v for values in several for v in values}


def _narrow(labels: list[tuple[str, Header]], highest: int, table: ClassTable) -> Iterator[Finding]:
    """F7: indexed labels with fewer bits than the values of the dataset need."""
    needed = max(highest, *(v for v in _declared(table) if v <= 255), 0)
    for name, header in labels:
        if header.storage == PALETTE and needed >= 1 << header.depth:
            hold = "holds" if header.depth == 1 else "hold"
            detail = f"{plural(header.depth, 'bit')} {hold} 0..{(1 << header.depth) - 1}"
            yield Finding("F7", name, 1, None, f"{detail}, the dataset has {needed}")


def _palettes(labels: list[tuple[str, Header]], table: ClassTable) -> Iterator[Finding]:
    """F9: palettes that differ from the colours of the classes, or from each other."""
    often = Counter(header.palette for _, header in labels if header.palette)
    if not often:
        return
    values = np.flatnonzero(table.index_of[:256] >= 0).tolist()
    if "other" in table.classes.values:
        values = values[:2]
    voc = voc_colormap(257)
    uses_voc = [tuple(color) for color in table.classes.colors] == [
        tuple(color) for color in voc[: len(table.classes)].tolist()
    ]
    if uses_voc or table.guessed:
        usual = often.most_common(1)[0][0]
        wanted = _colors_at(usual, values)
        like = next(name for name, header in labels if header.palette == usual)
        against = f"the same value has another colour in {like}"
    else:
        wanted = _colors_at(table.classes.palette().tobytes(), values)
        against = "its colours are not those of the classes"
    shifted = _colors_at(voc[1:].tobytes(), values)
    wrong = {}
    for palette in often:
        colors = _colors_at(palette, values)
        if len(values) > 1 and _agree(colors, shifted):
            wrong[palette] = "its palette is the one of Pascal VOC, shifted by one"
        elif not _agree(colors, wanted):
            wrong[palette] = against
    for name, header in labels:
        if header.palette in wrong:
            yield Finding("F9", name, 1, None, wrong[header.palette])


def _colors_at(palette: bytes, values: list[int]) -> list[bytes]:
    """The colours of stored values; b"" beyond the end of the palette."""
    return [palette[3 * v : 3 * v + 3] for v in values]


def _agree(a: list[bytes], b: list[bytes]) -> bool:
    return all(x == y or not x or not y for x, y in zip(a, b))


def _classes_that_never_occur(contents: Contents) -> Iterator[Finding]:
    pixels, classes = contents.class_pixels(), contents.table.classes
    if not pixels.any():
        return
    splits = contents.source.inventory.splits
    train = splits.index("train") if "train" in splits else 0
    for index, (name, values) in enumerate(zip(classes.names, classes.values)):
        shown = values if isinstance(values, str) else some(sorted(values), _LISTED)
        stored = () if isinstance(values, str) else values[:_LISTED]
        where = [s for s, n in zip(splits, pixels[:, index]) if n]
        number = int(pixels[:, index].sum())
        if not number:
            detail = f"class {index}, {name}, stored as {shown}, occurs in no label"
        elif not pixels[train, index] and contents.labels[train]:
            detail = (
                f"class {index}, {name}, occurs in {', '.join(where)} only, so it is not learnt"
            )
        else:
            continue
        yield Finding("V11", FILE_NAME, number, None, detail, tuple(stored))


def _splits_without_void(contents: Contents) -> Iterator[Finding]:
    splits = contents.source.inventory.splits
    enough = contents.labels >= _FEW_LABELS
    share = contents.voids / np.maximum(contents.labels, 1)
    usual = np.flatnonzero(enough & (share >= _MOST))
    if not usual.size:
        return
    for number in np.flatnonzero(enough & (contents.voids == 0)).tolist():
        with_void, all_labels = contents.voids[usual[0]], contents.labels[usual[0]]
        detail = (
            f"no label of {splits[number]} has void, and {with_void:,} of {all_labels:,} "
            f"in {splits[usual[0]]} do"
        )
        count = int(contents.labels[number])
        yield Finding("V8", contents.folder(number), count, None, detail)


def _splits_that_differ(contents: Contents) -> Iterator[Finding]:
    enough = np.flatnonzero(contents.labels >= _FEW_LABELS).tolist()
    pixels, splits = contents.class_pixels(), contents.source.inventory.splits
    for number in enough[1:]:
        first, labels = enough[0], int(contents.labels[number])
        shares = [pixels[i] / max(1, pixels[i].sum()) for i in (first, number)]
        moved = np.abs(shares[0] - shares[1])
        if moved.sum() / 2 > _DIFFERENCE:
            worst = int(moved.argmax())
            detail = (
                f"{contents.table.classes.names[worst]} is {percent(shares[0][worst], 0)} % of the "
                f"pixels of {splits[first]} and {percent(shares[1][worst], 0)} % of "
                f"{splits[number]}"
            )
            yield Finding("S5", contents.folder(number), labels, None, detail)
        elif not contents.sizes[first].keys() & contents.sizes[number].keys():
            sizes = [contents.sizes[i].most_common(1)[0][0] for i in (first, number)]
            shown = " and ".join(f"{height} x {width}" for height, width in sizes)
            pair = f"{splits[first]} and {splits[number]}"
            detail = f"{pair} have no size in common: most often {shown} (height x width)"
            yield Finding("S5", contents.folder(number), labels, None, detail)


def class_table(table: ClassTable) -> Iterator[Finding]:
    """M1: classes of one colour, and void among the classes."""
    classes = table.classes
    first: dict[tuple[int, int, int], int] = {}
    for index, (name, color) in enumerate(zip(classes.names, classes.colors)):
        twin = first.setdefault(color, index)
        if twin != index:
            detail = f"{classes.names[twin]} and {name} have the colour {color}"
            yield Finding("M1", FILE_NAME, 2, None, detail)
        elif color == VOID_COLOR:
            yield Finding("M1", FILE_NAME, 1, None, f"{name} has the colour of void, {color}")
        if is_void_name(name):
            detail = f"class {index} is called {name}, but it is trained and scored"
            yield Finding("M1", FILE_NAME, 1, None, detail)
