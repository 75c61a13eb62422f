"""Stored values that are hardly what the class table takes them for: V14 to V16.

V14 a few pixels in few files, V15 foreground and background the other way round, V16 numbers of
objects.
"""

from collections.abc import Iterator

import numpy as np

from pixelwise.audit.contents import MOST_VALUES, Contents
from pixelwise.audit.findings import Finding
from pixelwise.audit.headers import GREY16
from pixelwise.audit.label_rules import ClassTable
from pixelwise.audit.regions import first_place
from pixelwise.errors import PixelwiseError
from pixelwise.labels.description import FILE_NAME
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.png import read_label
from pixelwise.survey.content import is_flat
from pixelwise.survey.conversion import command_lines
from pixelwise.text import percent, plural, shell_line

# V14: at most this share of all pixels has a rogue value; fewer labels say nothing.
_PIXELS_SHARE, _FEWEST_LABELS = 1e-4, 3
# An area of 30 pixels has about so many that are surrounded by their own value.
_AREA = 12
# A value that a person named is rogue only with so few pixels a label.
_PIXELS_OF_NAMED = 16
# V15: share of the valid pixels.
_HALF = 0.5
# V16: ids that hold class and object, how many objects of a class there may be, and the share of
# values that must be so.
_IDS, _AGREE, _MOST_CLASSES = {1000: 200, 256: 64}, 0.95, 64
_WIDE_VOID, _HIGHEST_PLAIN = 65535, 255
# V16: the share of labels that number their objects 1..n, and the least greatest n.
_NUMBERED, _LEAST_OBJECTS = 0.9, 9
# V16: the first class of Cityscapes that has objects.
_FIRST_OBJECT = 24


def rogue_values(contents: Contents) -> Iterator[Finding]:
    """V14: values of a few pixels in few labels, with the first place in each.

    The labels that have them are read again to see where they are.
    """
    pixels, table = contents.pixels.sum(axis=0), contents.table
    seen, labels = np.flatnonzero(pixels), int(contents.labels.sum())
    if len(seen) > MOST_VALUES or labels < _FEWEST_LABELS:
        return
    holders = contents.occurrence.few
    rare = [
        value
        for value in seen.tolist()
        if len(holders.get(value, range(labels))) < labels
        and pixels[value] < _PIXELS_SHARE * pixels.sum()
        and _may_be_rogue(value, int(pixels[value]) / len(holders[value]), table)
    ]
    if len(seen) - len(rare) < 2 or len(rare) > len(seen) / 2 + 4:
        return
    for value in rare:
        found = list(_places(contents, value))
        if any(area >= _AREA for *_, area in found):
            continue
        index = table.index_of[value]
        name = f" ({table.classes.names[index]})" if index >= 0 else ""
        have = f"{len(found):,} of {plural(labels, 'label')} {'has' if len(found) < 2 else 'have'}"
        for file, count, place, _ in found:
            detail = f"value {value}{name} in {plural(count, 'pixel')}; {have} it"
            yield Finding("V14", file, count, place, detail, (value,))


def _may_be_rogue(value: int, pixels_a_label: float, table: ClassTable) -> bool:
    index = int(table.index_of[value])
    if index < 0 or table.guessed:
        return index != -1  # void may be rare
    if "other" in table.classes.values:
        return False
    return _is_numbered(table, index) or pixels_a_label <= _PIXELS_OF_NAMED


def _is_numbered(table: ClassTable, index: int) -> bool:
    """Whether nobody has named a class."""
    name, values = table.classes.names[index], table.classes.values[index]
    return name in (f"class_{index}", f"class_{values[0]}")


def _places(contents: Contents, value: int) -> Iterator[tuple[str, int, tuple[int, int], int]]:
    """(name, pixels, first place, pixels inside areas) of a value in each label that has it."""
    inventory = contents.source.inventory
    for number in contents.occurrence.few[value]:
        name = str(inventory.pairs[number].label)
        try:
            label = read_label(inventory.path(name))
        except PixelwiseError:
            continue  # somebody changes the dataset
        here = label == value
        inside = (is_flat(label) & here[1:-1, 1:-1]).sum() if min(label.shape) > 2 else 0
        if here.any():
            yield name, int(here.sum()), first_place(here), int(inside)


def inverted(contents: Contents) -> Iterator[Finding]:
    """V15: more foreground than background in all labels together."""
    source, table = contents.source, contents.table
    if not table.binary or "other" in table.classes.values:
        return
    pixels = contents.class_pixels().sum(axis=0)
    share = float(pixels[1] / max(1, pixels.sum()))
    asked = source.survey is not None and source.survey.open
    if share <= _HALF or not pixels.all() or asked:
        return
    (background, foreground), names = table.classes.values, table.classes.names
    detail = f"{names[1]} is {percent(share, 1)} % of the valid pixels; if the object is the rest"
    if source.guessed:
        detail += f": {source.first} --foreground {background[0]}"
    else:
        lines = [f"value = {v[0] if len(v) == 1 else list(v)}" for v in (foreground, background)]
        detail += f", write {lines[0]} below {names[0]} and {lines[1]} below {names[1]}"
    place = contents.folder(0) if source.guessed else FILE_NAME
    yield Finding("V15", place, int(pixels[1]), None, detail)


def numbers_of_objects(contents: Contents) -> Iterator[Finding]:
    """V16: id = class * 1000 + object, class * 256 + object, or objects that each file numbers."""
    table, values = contents.table, contents.values()
    if not values or (table.known and "other" in table.classes.values):
        return
    index = table.index_of[values]
    if table.known and any(not _is_numbered(table, i) for i in index[index >= 0].tolist()):
        return  # a person has named the values
    labels, objects = int(contents.labels.sum()), contents.occurrence.objects
    split = int(contents.labels.argmax())
    if divisor := _divisor(contents):
        detail = f"values up to {values[-1]} are class * {divisor} + object"
        yield Finding("V16", contents.folder(split), labels, None, detail, (divisor,))
    elif (
        not table.guessed  # the survey asks
        and labels > 2
        and objects.total() >= _NUMBERED * labels
        and max(objects) >= _LEAST_OBJECTS
        and len(objects) > min(2, labels - 1)
    ):
        detail = f"labels have the values 1..n without a gap, up to {max(objects)}, n another in "
        yield Finding("V16", contents.folder(split), labels, None, f"{detail}each")


def objects_command(contents: Contents) -> str:
    """The command that makes labels of numbers of objects."""
    root, values = contents.source.inventory.root, contents.values()
    divisor = _divisor(contents)
    if not divisor:
        words = ["pixelwise", "init", str(root), "--force", "--classes", "objects"]
        return shell_line(words) if "objects" in PALETTES else ""
    options = ["--format", "instances", "--divisor", str(divisor)]
    classes = {v // divisor if v >= divisor else v for v in values if v < _WIDE_VOID}
    known = len(PALETTES["cityscapes_all"].names)
    if max(classes) < known and max(v // divisor for v in values) >= _FIRST_OBJECT:
        options += ["--classes", "cityscapes_ids"]
    return command_lines(root, contents.source.description.splits, options)


def _divisor(contents: Contents) -> int:
    """Of 16-bit ids that hold class and object; 0 if they do not."""
    values = contents.values()
    wide = any(header.storage == GREY16 for _, header in contents.stored())
    return next((d for d in _IDS if wide and hold_class_and_object(values, d)), 0)


def hold_class_and_object(values: list[int], divisor: int) -> bool:
    """Whether stored values are class * divisor + object, but for those below the divisor."""
    ids = [v for v in values if divisor <= v < _WIDE_VOID]
    plain = [v for v in values if v < divisor]
    agree = [v for v in ids if v % divisor < _IDS[divisor]]
    return (
        len(ids) > 1
        and len(agree) >= _AGREE * len(ids)
        and len({v // divisor for v in agree}) <= _MOST_CLASSES
        and any(v % divisor for v in agree)
        and len(plain) <= _MOST_CLASSES
        and max(plain, default=0) <= _HIGHEST_PLAIN
    )
