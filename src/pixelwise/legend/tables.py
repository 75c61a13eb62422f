"""Classes in tables with a header, and in colour tables of other programs.

name,r,g,b              class_dict.csv; other words for the columns, one column of colours, an id
Pixel Value, Class      _classes.csv of Roboflow
Idx  Ratio  ...  Name   objectInfo150.txt of ADE20K, where 0 is everything else
R G B  name             .gpl of GIMP
value R G B A name      .clr of ESRI, and the colour tables that QGIS exports
paletteEntry            .qml of QGIS
item { id: name: }      .pbtxt of TensorFlow
"""

import csv
import html
import re
from typing import Any

from pixelwise.errors import DatasetError
from pixelwise.files.records import shown
from pixelwise.labels.class_checks import MAX_STORED, default_ignore_index, parse_number
from pixelwise.labels.class_files import parse_lines
from pixelwise.labels.classes import Classes
from pixelwise.legend.rows import Rows, parse_hex, rows_of
from pixelwise.text import reason_of

# Words of a header, those first that are surest.
_NAMES = ("name", "class_name", "label_name", "classname", "class", "label", "category")
_VALUES = (
    *("pixel_value", "value", "id", "idx", "index", "class_id", "label_id", "class_index"),
    *("pixel", "gray", "grey", "class", "label"),
)
_COLORS = (("r", "red"), ("g", "green"), ("b", "blue"))
_ONE_COLOR = ("rgb", "color", "colour", "hex")
_ADE = {"idx", "ratio", "name"}
_RGB = 3
_ENTRY = re.compile(r"<paletteEntry\s([^<>]*)>")
_ATTRIBUTE = re.compile(r"\b(\w{1,40})=(?:\"([^\"]*)\"|'([^']*)')")
_ITEM = re.compile(r"\bitem\s*\{([^{}]*)\}")


def is_table(text: str) -> bool:
    """Whether the first line names columns of a table of classes."""
    header = _header(text)
    telling = (*_VALUES, *_ONE_COLOR, *(word for words in _COLORS for word in words))
    name = _column(header, _NAMES)
    return name is not None and any(w in telling for i, w in enumerate(header) if i != name)


def table_rows(where: str, text: str) -> Rows | None:
    """The classes of a table with a header; None if its columns are others.

    Args:
        where: the file, first word of messages.
        text: what is in it.
    Raises:
        DatasetError: it is no table, or a line has no name, or numbers where none belong.
    """
    header = _header(text)
    if not is_table(text):
        return None
    separator = _separator(text)
    try:
        table = list(csv.reader(text.splitlines(), delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise DatasetError(where, "file", must="a CSV table", got=reason_of(error)) from None
    name = _column(header, _NAMES)
    lines = {
        number: line for number, line in enumerate(table[1:], start=2) if any(map(str.strip, line))
    }
    number_columns = [_column(header, words) for words in _COLORS]
    if None in number_columns:
        number_columns = []
    one_color = _column(header, _ONE_COLOR)
    value = _column([w if i != name else "" for i, w in enumerate(header)], _VALUES)
    if value is not None and header[value] in ("class", "label"):
        cells = [_cell(line, value) for line in lines.values()]
        value = value if all(cell.isdecimal() for cell in cells) else None
    names, colors, values = list[str](), list[Any](), list[int]()
    for number, line in lines.items():
        names.append(_cell(line, name))
        numbers = [] if value is None else [_cell(line, value)]
        rgb = [_cell(line, column) for column in number_columns]
        if not names[-1] or not all(cell.isdecimal() for cell in [*numbers, *rgb]):
            must = "a name and three numbers" if rgb and not numbers else "a name and numbers"
            got = shown(separator.join(line))
            raise DatasetError(where, f"line {number}", must=must, got=got)
        values += [parse_number(where, cell) for cell in numbers]
        if rgb:
            colors.append(tuple(parse_number(where, cell) for cell in rgb))
        elif one_color is not None:
            colors.append(_one_color(where, number, _cell(line, one_color)))
    is_ade = set(header) >= _ADE
    if is_ade:
        first = [re.split("[;,]", n)[0].strip() for n in names]
        names = first if len(set(first)) == len(names) else names
    void = (0,) if is_ade else ()
    notes = (
        "stored value 0 is void, as in ade20k: it is everything that the list does not name",
    ) * is_ade
    return Rows(tuple(names), tuple(colors) or None, tuple(values) or None, void, notes=notes)


def gimp_rows(where: str, text: str) -> Rows:
    """The colours of a palette of GIMP, with the names that it has for them."""
    lines = [line for line in text.splitlines()[1:] if re.match(r"\s*\d", line)]
    found = [re.match(r"\s*(\d+)\s+(\d+)\s+(\d+)\s*(.*)", line) for line in lines]
    if not lines or not all(found):
        raise DatasetError(where, "file", must="lines of R G B name", got=shown(lines[:1]))
    matches = [match for match in found if match]
    names = [match[4].strip() for match in matches]
    if len(set(names) - {"", "Untitled"}) < len(names):
        names = [f"class_{place}" for place in range(len(names))]
    colors = [tuple(parse_number(where, match[k]) for k in (1, 2, 3)) for match in matches]
    return Rows(tuple(names), tuple(colors))


def color_table_rows(where: str, text: str) -> Rows:
    """`value R G B`, perhaps with alpha and a name; blanks or commas between them."""
    names, colors, values = [], [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#") or line.upper().startswith("INTERPOLATION"):
            continue
        match = re.match(r"\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,]+(\d+))?(.*)", line)
        if match is None:
            must = "value R G B, perhaps with alpha and a name"
            raise DatasetError(where, f"line {number}", must=must, got=shown(line))
        values.append(parse_number(where, match[1]))
        colors.append(tuple(parse_number(where, match[k]) for k in (2, 3, 4)))
        names.append(match[6].strip(" \t,") or f"class_{match[1]}")
    order = sorted(range(len(values)), key=values.__getitem__)
    columns: list[list[Any]] = [names, colors, values]
    return Rows(*(tuple(column[k] for k in order) for column in columns))


def qgis_rows(where: str, text: str) -> Rows | None:
    """The entries of a paletted raster in a style of QGIS; None if it has another renderer."""
    entries = []
    for attributes in _ENTRY.findall(text):
        found = {key: html.unescape(a or b) for key, a, b in _ATTRIBUTE.findall(attributes)}
        value = found.get("value", "")
        # values that no label file can hold
        if value.isdecimal() and parse_number(where, value) <= MAX_STORED:
            label = found.get("label", "").strip()
            entries.append((int(value), label or f"class_{value}", found.get("color", "")))
    if not entries:
        return None
    values, names, colors = zip(*sorted(entries))
    prefixed = [re.fullmatch(r"(\d+)[\s:.\-]+(\S.*)", name) for name in names]
    if all(match and match[1] == str(value) for match, value in zip(prefixed, values)):
        names = tuple(match[2] for match in prefixed if match)
    return Rows(names, tuple(parse_hex(where, color) for color in colors), values)


def pbtxt_rows(where: str, text: str) -> Rows | None:
    """The items of a label map of TensorFlow; None if there are none."""
    pairs = []
    for item in _ITEM.findall(text):
        name = re.search(r"(?:display_)?name\s*:\s*(?:'([^']*)'|\"([^\"]*)\")", item)
        number = re.search(r"\bid\s*:\s*(\d+)", item)
        if name is None or number is None:
            raise DatasetError(where, "item", must="with an id and a name", got=shown(item.strip()))
        pairs.append((parse_number(where, number[1]), name[1] or name[2]))
    pairs.sort()
    return Rows(tuple(n for _, n in pairs), None, tuple(v for v, _ in pairs)) if pairs else None


def line_rows(where: str, text: str) -> Rows:
    """One class a line, see class_files; a line between names that is empty is an error.

    Raises:
        DatasetError: there are no lines, or the number of a name is not certain.
        LabelError: the classes contradict themselves, see Classes.
    """
    fields = parse_lines(where, text)
    if "colors" in fields:
        values = tuple(fields.get("values", ())) or None
        return Rows(tuple(fields["names"]), tuple(map(tuple, fields["colors"])), values)
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if "values" not in fields and not any(line.startswith("#") for line in lines):
        gaps = [number for number, line in enumerate(lines, start=1) if not line]
        if gaps:
            hint = "Lines are counted: without it all names behind it would move."
            raise DatasetError(where, f"line {gaps[0]}", must="a name", got="none", hint=hint)
    number = len(fields["names"])
    return rows_of(Classes(**fields, ignore_index=default_ignore_index(number)))


def csv_rows(where: str, text: str) -> Rows | None:
    """A table with a header, or lines that all have a name and numbers; None if it is neither."""
    if is_table(text):
        return table_rows(where, text)
    return line_rows(where, text) if len(parse_lines(where, text)) > 1 else None


def _header(text: str) -> list[str]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    cells = next(csv.reader([first[:1000]], delimiter=_separator(text), skipinitialspace=True), [])
    return [re.sub(r"[\s_\-?]+", "_", cell.strip().lower()).strip("_") for cell in cells]


def _separator(text: str) -> str:
    first = text.lstrip().split("\n", 1)[0]
    return max(",\t;", key=first.count)


def _column(header: list[str], words: tuple[str, ...]) -> int | None:
    return next((header.index(word) for word in words if word in header), None)


def _cell(line: list[str], column: int | None) -> str:
    return line[column].strip() if column is not None and column < len(line) else ""


def _one_color(where: str, number: int, text: str) -> tuple[int, ...]:
    if text.startswith("#"):
        return parse_hex(where, text)
    parts = re.findall(r"\d+", text)
    if len(parts) != _RGB:
        raise DatasetError(where, f"line {number}", must="with a colour of R G B", got=shown(text))
    return tuple(parse_number(where, part) for part in parts)
