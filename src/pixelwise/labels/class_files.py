"""Tables of classes as files: TOML (the same keys as in dataset.toml), JSON, and plain text.

Everything here works on the plain dictionary of Classes.as_dict, so that Classes can use it. A text
file has one class a line, in the forms that tools write:

name
7 name        7: name        7,name         a stored value and a name, or the other way round
R G B name    name R G B     #rrggbb name   a display colour and a name; perhaps with a value
R G B         #rrggbb                       colours alone: line k is class k
name:R,G,B:parts:actions                    the labelmap.txt of CVAT

The form is that of all lines: a class may be called "2 wheeler". Empty lines and lines that begin
with # are left out, and so is the __ignore__ of labelme in front, which has no value.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pixelwise.errors import DatasetError, check_choice
from pixelwise.files.json_file import read_json
from pixelwise.files.records import from_plain, to_plain
from pixelwise.files.toml_file import read_text, read_toml, toml_value
from pixelwise.labels.class_checks import default_ignore_index, parse_number
from pixelwise.labels.palettes import voc_colormap


@dataclass(frozen=True)
class _Row:
    """A table [[classes]] of a TOML file."""

    name: str
    value: int | str | tuple[int, ...] | None = None
    color: tuple[int, ...] | None = None
    file: str | None = None


@dataclass(frozen=True)
class _Document:
    """The top level of a dataset.toml; its other keys say nothing about classes."""

    classes: tuple[_Row, ...] = ()
    ignore_index: int | None = None
    ignore_values: tuple[int, ...] = ()
    task: str = ""
    open: Any = ()
    images: Any = None
    exclusive: Any = ()
    splits: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Fields:
    """The fields of Classes in a JSON file; Classes checks their items."""

    names: tuple[Any, ...]
    colors: tuple[Any, ...] | None = None
    values: tuple[Any, ...] | None = None
    ignore_index: int | None = None
    ignore_values: tuple[Any, ...] = ()
    files: tuple[Any, ...] | None = None


_NEXT = r"[\s,;]+"
_HEX = "#[0-9a-fA-F]{6}"
_RGB = rf"(?P<c0>\d+){_NEXT}(?P<c1>\d+){_NEXT}(?P<c2>\d+)"
_VALUED = re.compile(r"(?P<value>\d+)(?:\s*[:,;=]\s*|\s+)(?P<name>\S.*)")
_COLORS_ALONE = re.compile(rf"[\[(]?\s*{_RGB}\s*[\])]?[,;]?|(?P<hex>{_HEX})")
MULTILABEL = "multilabel"  # the task of classes that overlap
# (lines, whether they are read from behind: a name could end at each of its blanks)
_COLORED = (
    (re.compile(r"(?P<name>[^:]*):(?P<c0>\d+),(?P<c1>\d+),(?P<c2>\d+):[^:]*:[^:]*"), False),
    (re.compile(rf"{_RGB}{_NEXT}(?P<name>\S.*)"), False),
    (re.compile(rf"{_RGB}{_NEXT}(?P<name>\S.*)"), True),
    (re.compile(rf"(?P<hex>{_HEX})[\s,;:=]+(?P<name>\S.*)"), False),
    (re.compile(rf"(?P<hex>{_HEX[1:]}#)[\s,;:=]+(?P<name>\S.*)"), True),
)
_BYTE = 255
_IS_HEX = re.compile(rf"{_HEX}(?![0-9a-zA-Z])")


def parse_class_file(path: Path | str, content: Any = None) -> dict[str, Any]:
    """Read the fields of Classes from a .toml, .json or text file.

    A file with more than 255 classes that does not say what void is has ignore_index 65535.

    Args:
        path: the file.
        content: its JSON value or its text, if it has been read already.
    Raises:
        DatasetError: the file cannot be read, or its keys or types are wrong.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".toml":
        return classes_from_toml(str(path), read_toml(path))
    if suffix == ".json":
        table = read_json(path) if content is None else content
        fields = to_plain(from_plain(_Fields, table, str(path), DatasetError))
    else:
        fields = parse_lines(str(path), read_text(path) if content is None else content)
    given = {key: value for key, value in fields.items() if value is not None}
    return {"ignore_index": default_ignore_index(len(fields["names"])), **given}


def class_file_text(fields: dict[str, Any], suffix: str) -> str:
    """The text of a class file, in the format that the suffix names.

    Raises:
        ArgumentError: the suffix is neither .toml nor .json.
    """
    check_choice("Classes.save", "suffix", suffix.lower(), (".toml", ".json"))
    if suffix.lower() == ".json":
        return json.dumps(fields, indent=2) + "\n"
    task = f"task = {toml_value(MULTILABEL)}\n" if fields.get("files") else ""
    return task + classes_to_toml(fields)


def classes_from_toml(where: str, document: dict[str, Any]) -> dict[str, Any]:
    """The fields of Classes in a parsed dataset.toml.

    Args:
        where: the file, first word of messages.
        document: its tables.
    Raises:
        DatasetError: a key is unknown, missing or of the wrong type.
    """
    file = from_plain(_Document, document, where, DatasetError)
    rows = file.classes
    if not rows:
        hint = 'Write a table [[classes]] with name = "..." for each class.'
        raise DatasetError(where, "classes", must="at least one table", got="none", hint=hint)
    overlap = file.task == MULTILABEL
    # black is what is not the class
    colors = voc_colormap(len(rows) + overlap)[overlap:].tolist()
    index = file.ignore_index
    named = [row.name for row in rows if row.file is not None]
    if named and not overlap:
        event = f"{named[0]} has a key file, which only classes that overlap have"
        raise DatasetError(where, "file", event=event, hint=f'Write task = "{MULTILABEL}".')
    files = [row.name if row.file is None else row.file for row in rows]
    default = 255 if overlap else default_ignore_index(len(rows))
    return {
        "names": [row.name for row in rows],
        "colors": [color if row.color is None else row.color for row, color in zip(rows, colors)],
        "values": [
            row.value if row.value is not None else 1 if overlap else n
            for n, row in enumerate(rows)
        ],
        "ignore_index": default if index is None else index,
        "ignore_values": file.ignore_values,
        **({"files": files} if overlap else {}),
    }


def classes_to_toml(fields: dict[str, Any]) -> str:
    """The fields of Classes as TOML: the two keys about void, then one table for each class."""
    lines = [f"ignore_index = {fields['ignore_index']}"]
    if fields["ignore_values"]:
        lines.append(f"ignore_values = {toml_value(fields['ignore_values'])}")
    files = fields.get("files") or fields["names"]
    for name, color, value, file in zip(fields["names"], fields["colors"], fields["values"], files):
        single = value[0] if isinstance(value, list) and len(value) == 1 else value
        lines += [
            "",
            "[[classes]]",
            f"name = {toml_value(name)}",
            f"value = {toml_value(single)}",
            f"color = {toml_value(color)}",
        ]
        lines += [f"file = {toml_value(file)}"] if file != name else []
    return "\n".join(lines) + "\n"


def parse_lines(where: str, text: str) -> dict[str, Any]:
    """The names, and the colours and stored values if the lines have them, as Classes takes them.

    Args:
        where: the file, first word of messages.
        text: what is in it.
    Raises:
        DatasetError: it has no lines, or numbers of too many digits.
    """
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    if not all(map(_IS_HEX.match, lines)):
        lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        hint = "Write one class a line: its name, perhaps with its stored value in front."
        raise DatasetError(where, "file", must="a list of classes", got="no lines", hint=hint)
    alone = _matches(_COLORS_ALONE, lines)
    if alone:
        names = [f"class_{place}" for place in range(len(lines))]
        return {"names": names, "colors": [_color(where, found) for found in alone]}
    for pattern, backwards in _COLORED:
        found = _matches(pattern, lines, backwards)
        if found:
            return _with_values(where, found, backwards)
    valued = _matches(_VALUED, lines)
    if not valued:
        # "lane 1", "lane 2" are names
        valued = _matches(_VALUED, lines, backwards=True)
        distinct = (len({row[key] for row in valued}) for key in ("name", "value"))
        if len(lines) == 1 or any(number < len(lines) for number in distinct):
            valued = []
    if valued:
        values = [parse_number(where, row["value"]) for row in valued]
        return {"names": [row["name"] for row in valued], "values": values}
    return {"names": lines[1:] if lines[0] == "__ignore__" and len(lines) > 1 else lines}


def _with_values(where: str, rows: list[dict[str, str]], name_first: bool) -> dict[str, Any]:
    """Rows with colours; stored values may be in front of the name or, ascending, of the colour."""
    colors = [_color(where, row) for row in rows]
    names = [row["name"] for row in rows]
    four = [re.fullmatch(rf"(\d+){_NEXT}(\S.*)", name) for name in names]
    if not all(four):
        return {"names": names, "colors": colors}
    numbers = [parse_number(where, match[1]) for match in four if match]
    rest = [match[2] for match in four if match]
    first = [color[0] for color in colors]
    if not name_first and first == sorted(set(first)) and max(numbers) <= _BYTE:
        shifted = [[*color[1:], last] for color, last in zip(colors, numbers)]
        return {"names": rest, "colors": shifted, "values": first}
    return {"names": rest, "colors": colors, "values": numbers}


def _matches(
    pattern: re.Pattern[str], lines: list[str], backwards: bool = False
) -> list[dict[str, str]]:
    """The groups of every line; [] unless all lines match."""
    step = -1 if backwards else 1
    found = []
    for line in lines:
        match = pattern.fullmatch(line[::step])
        if match is None:
            return []
        groups = {key: value[::step].strip() for key, value in match.groupdict("").items()}
        if backwards:
            groups |= {"c0": groups.get("c2", ""), "c2": groups.get("c0", "")}
        found.append(groups)
    return found


def _color(where: str, row: dict[str, str]) -> list[int]:
    if row.get("hex"):
        return list(bytes.fromhex(row["hex"][1:]))
    return [parse_number(where, row[key]) for key in ("c0", "c1", "c2")]
