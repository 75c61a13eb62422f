"""Tables of classes as files: TOML (the same keys as in dataset.toml), JSON, and plain text.

Everything here works on the plain dictionary of Classes.as_dict, so that Classes can use it.
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


@dataclass(frozen=True)
class _Document:
    """The top level of a dataset.toml; its task and splits say nothing about classes."""

    classes: tuple[_Row, ...] = ()
    ignore_index: int | None = None
    ignore_values: tuple[int, ...] = ()
    task: str = ""
    splits: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Fields:
    """The fields of Classes in a JSON file; Classes checks their items."""

    names: tuple[Any, ...]
    colors: tuple[Any, ...] | None = None
    values: tuple[Any, ...] | None = None
    ignore_index: int | None = None
    ignore_values: tuple[Any, ...] = ()


_VALUE_LINE = re.compile(r"(\d+)\s+(\S.*)")
_COLOR_LINE = re.compile(r"(\d+)\s+(\d+)\s+(\d+)\s+(\S.*)")


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
        fields = _parse_lines(str(path), read_text(path) if content is None else content)
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
    return classes_to_toml(fields)


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
    index, colors = file.ignore_index, voc_colormap(len(rows)).tolist()
    return {
        "names": [row.name for row in rows],
        "colors": [color if row.color is None else row.color for row, color in zip(rows, colors)],
        "values": [n if row.value is None else row.value for n, row in enumerate(rows)],
        "ignore_index": default_ignore_index(len(rows)) if index is None else index,
        "ignore_values": file.ignore_values,
    }


def classes_to_toml(fields: dict[str, Any]) -> str:
    """The fields of Classes as TOML: the two keys about void, then one table for each class."""
    lines = [f"ignore_index = {fields['ignore_index']}"]
    if fields["ignore_values"]:
        lines.append(f"ignore_values = {toml_value(fields['ignore_values'])}")
    for name, color, value in zip(fields["names"], fields["colors"], fields["values"]):
        single = value[0] if isinstance(value, list) and len(value) == 1 else value
        lines += [
            "",
            "[[classes]]",
            f"name = {toml_value(name)}",
            f"value = {toml_value(single)}",
            f"color = {toml_value(color)}",
        ]
    return "\n".join(lines) + "\n"


def _parse_lines(where: str, text: str) -> dict[str, Any]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        hint = "Write one class a line: its name, perhaps with its stored value in front."
        raise DatasetError(where, "file", must="a list of classes", got="no lines", hint=hint)
    # only if every line has numbers in front; a class may be called "2 wheeler"
    colored = [match.groups() for match in map(_COLOR_LINE.fullmatch, lines) if match]
    if len(colored) == len(lines):
        colors = [[parse_number(where, part) for part in color] for *color, _ in colored]
        return {"names": [name for *_, name in colored], "colors": colors}
    valued = [match.groups() for match in map(_VALUE_LINE.fullmatch, lines) if match]
    if len(valued) == len(lines):
        return {
            "names": [name for _, name in valued],
            "values": [parse_number(where, v) for v, _ in valued],
        }
    return {"names": lines}
