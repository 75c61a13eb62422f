"""Class files of other tools, and colours typed on the command line.

R G B name                    CamVid's label_colors.txt, columns apart by blanks or tabs
name R G B                    colour lists of Pascal VOC tools
name:R,G,B:parts:actions      CVAT's labelmap.txt; "#" starts a comment
name,r,g,b                    CSV with a header
{"name": [r, g, b]}           JSON; so are lists of {"name", "color", "id"} as COCO has them,
                              {"0": "name"}, and datumaro's dataset_meta.json
names:                        YAML of Ultralytics, of which only these names are read
name=#rrggbb,#rrggbb          colours in hex, with or without names

Everything else is read as Classes.load reads it.
"""

import csv
import re
from os.path import isfile
from pathlib import Path
from typing import Any

from pixelwise.errors import DatasetError, LabelError, error_at
from pixelwise.files.json_file import read_json
from pixelwise.files.records import shown
from pixelwise.files.toml_file import read_text
from pixelwise.labels.class_checks import parse_number
from pixelwise.labels.class_files import parse_class_file
from pixelwise.labels.classes import Classes
from pixelwise.labels.palettes import PALETTES
from pixelwise.legend.rows import Rows, parse_hex, rows_of
from pixelwise.text import reason_of

_HEX_ITEM = re.compile(r"(?:[^=,#]+=)?#[0-9a-fA-F]{6}")
_COLOR_FIRST = re.compile(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)")
_LABELMAP = re.compile(r"([^:]*):(\d+),(\d+),(\d+):([^:]*):([^:]*)")
_COLUMNS = (
    *(("name", "class", "label", "class_name"), ("r", "red"), ("g", "green"), ("b", "blue")),
)
_LIST_KEYS = ("classes", "categories", "labels")


def read_rows(text: str) -> Rows:
    """The classes that a word names: a known dataset, colours in hex, or a class file.

    Raises:
        DatasetError: it has none of these forms, or the file contradicts itself.
    """
    if text in PALETTES:
        return rows_of(Classes.named(text))
    if "#" in text and all(_HEX_ITEM.fullmatch(item.strip()) for item in text.split(",")):
        return _hex_rows(text)
    path = Path(text)
    if not isfile(path):
        known = ", ".join(PALETTES)
        must = f"a class file, colours such as sky=#8080ff,#ff0000, or one of {known}"
        raise DatasetError("convert", "classes", must=must, got=shown(text))
    return read_row_file(path)


def read_row_file(path: Path) -> Rows:
    """The classes in a file; see the top of this module for what it may look like.

    Raises:
        DatasetError: the file cannot be read, or contradicts itself.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _json_rows(path)
    if suffix == ".csv":
        return _csv_rows(path)
    if suffix in (".yaml", ".yml"):
        return Rows(yaml_names(str(path), read_text(path)))
    if suffix == ".toml":
        return _own_rows(path)
    text = read_text(path)
    return _colored_lines(str(path), text) or _own_rows(path, text)


def yaml_names(where: str, text: str) -> tuple[str, ...]:
    """The class names in the YAML file of an Ultralytics dataset.

    Understood are `names: [a, b]`, and below `names:` lines such as `0: a` or `- a`. The rest of
    the file is not looked at, so nothing in it can do anything.

    Raises:
        DatasetError: there is no such list, or the numbers are not 0, 1, 2, ...
    """
    lines = [line.split(" #")[0].rstrip() for line in text.splitlines()]
    heads = [i for i, line in enumerate(lines) if re.match(r"names\s*:", line)]
    if len(heads) != 1:
        got = f"{len(heads)} lines with that key"
        raise DatasetError(where, "names", must="given once", got=got)
    rest = lines[heads[0]].split(":", 1)[1].strip()
    if rest.startswith("[") and rest.endswith("]"):
        return tuple(_unquoted(part) for part in rest[1:-1].split(","))
    names: list[str] = []
    for line in lines[heads[0] + 1 :]:
        entry = re.fullmatch(r"\s*(?:-|(\d+)\s*:)\s+(.+)", line)
        if entry is None:
            if line.strip() and not line.lstrip().startswith("#"):
                break
            continue
        if entry[1] is not None and parse_number(where, entry[1]) != len(names):
            must = "numbered 0, 1, 2, ... in order"
            raise DatasetError(where, "names", must=must, got=shown(line.strip()))
        names.append(_unquoted(entry[2]))
    if not names:
        must = "a list [a, b], or lines such as `0: a` below it"
        raise DatasetError(where, "names", must=must, got=shown(rest))
    return tuple(names)


def _own_rows(path: Path, content: Any = None) -> Rows:
    """A class file of pixelwise; void has no value below the classes unless the file says so."""
    fields = parse_class_file(path, content)
    try:
        return rows_of(Classes.from_dict(fields))
    except LabelError as error:
        raise error_at(path, error) from None


def _hex_rows(text: str) -> Rows:
    items = [item.strip().rpartition("=") for item in text.split(",")]
    names = tuple((name or color.lower()).strip() for name, _, color in items)
    return Rows(names, tuple(parse_hex("convert", color) for *_, color in items))


def _colored_lines(where: str, text: str) -> Rows | None:
    """Rows if every line has a name and a colour in the same form, else None."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    for pattern, name, color, step in (
        (_LABELMAP, 1, (2, 3, 4), 1),
        (_COLOR_FIRST, 4, (1, 2, 3), 1),
        # from behind: the name could be matched in as many ways as it has commas
        (_COLOR_FIRST, 4, (3, 2, 1), -1),
    ):
        found = [m for line in lines if (m := pattern.fullmatch(line[::step])) is not None]
        if lines and len(found) == len(lines):
            colors = tuple(tuple(parse_number(where, m[p][::step]) for p in color) for m in found)
            return Rows(tuple(match[name][::step].strip() for match in found), colors)
    return None


def _csv_rows(path: Path) -> Rows:
    where = str(path)
    try:
        rows = list(csv.reader(read_text(path).splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise DatasetError(where, "file", must="a CSV table", got=reason_of(error)) from None
    header, *lines = rows or [[]]
    place = {cell.strip().lower(): column for column, cell in enumerate(header)}
    columns = [next((place[n] for n in names if n in place), None) for names in _COLUMNS]
    if None in columns:
        must = "a line that names the columns: name,r,g,b"
        raise DatasetError(where, "header", must=must, got=shown(",".join(header)))
    names, colors = [], []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        name, *color = (
            cells[c].strip() if c < len(cells) else "" for c in columns if c is not None
        )
        if not all(cell.isdecimal() for cell in color):
            got = shown(",".join(cells))
            raise DatasetError(where, f"line {number}", must="a name and three numbers", got=got)
        names.append(name)
        colors.append(tuple(parse_number(where, cell) for cell in color))
    return Rows(tuple(names), tuple(colors))


def _json_rows(path: Path) -> Rows:
    where, content = str(path), read_json(path)
    if isinstance(content, dict):
        if "names" in content:
            return _own_rows(path, content)
        if "segmentation_colors" in content:
            return _datumaro_rows(where, content)
        listed = next((content[k] for k in _LIST_KEYS if isinstance(content.get(k), list)), None)
        if listed is None:
            return _mapping_rows(where, content)
        content = listed
    if not isinstance(content, list) or not content:
        raise DatasetError(where, "file", must="a list or object of classes", got=shown(content))
    if all(isinstance(entry, str) for entry in content):
        return Rows(tuple(content))
    return category_rows(where, content)


def category_rows(where: str, entries: list[Any]) -> Rows:
    """Rows of a list of {"name", "color", "id"}; colour and id may be missing from all of them.

    With ids, the classes are in the order of the ids, which are their stored values.

    Raises:
        DatasetError: an entry has no name, or an id is not an integer or not unique.
    """
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            must = 'an object with a "name"'
            raise DatasetError(where, f"classes[{place}]", must=must, got=shown(entry))
    if all("id" in entry for entry in entries):
        ids = [entry["id"] for entry in entries]
        if not all(type(i) is int for i in ids) or len(set(ids)) < len(ids):
            raise DatasetError(where, "ids", must="different integers", got=shown(ids))
        entries = sorted(entries, key=lambda entry: entry["id"])
    stored = [entry.get("id") for entry in entries]
    return Rows(
        tuple(entry["name"].strip() for entry in entries),
        _if_all([_color_of(where, entry.get("color")) for entry in entries]),
        _if_all(stored) if all(type(s) is int and 0 <= s <= 65535 for s in stored) else None,
    )


def _datumaro_rows(where: str, content: dict[str, Any]) -> Rows:
    names, colors = content.get("label_map", {}), content["segmentation_colors"]
    if not isinstance(names, dict) or not isinstance(colors, list) or len(names) != len(colors):
        must = "as many as segmentation_colors"
        raise DatasetError(where, "label_map", must=must, got=shown(names))
    colors = _if_all([_color_of(where, color) for color in colors])
    return Rows(_mapping_rows(where, names).names, colors)


def _mapping_rows(where: str, content: dict[str, Any]) -> Rows:
    """{"name": color}, or {"0": "name"}."""
    if content and all(k.isdecimal() and isinstance(v, str) for k, v in content.items()):
        number_of = {key: parse_number(where, key) for key in content}
        ids = sorted(content, key=number_of.__getitem__)
        return Rows(tuple(content[i] for i in ids), None, tuple(number_of[i] for i in ids))
    colors = [_color_of(where, color) for color in content.values()]
    if not content or None in colors:
        must = '{"name": [r, g, b]} or {"0": "name"}'
        raise DatasetError(where, "file", must=must, got=shown(content))
    return Rows(tuple(content), tuple(colors))


def _color_of(where: str, value: Any) -> tuple[int, ...] | None:
    if isinstance(value, str):
        return parse_hex(where, value)
    if isinstance(value, list) and len(value) == 3 and all(type(part) is int for part in value):
        return tuple(value)
    return None


def _if_all(values: list[Any]) -> tuple[Any, ...] | None:
    return None if None in values else tuple(values)


def _unquoted(text: str) -> str:
    text = text.strip()
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text
