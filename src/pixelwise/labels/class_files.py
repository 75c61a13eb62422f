"""Tables of classes as files: TOML (the same keys as in dataset.toml), JSON, and plain text.

Everything here works on the plain dictionary of Classes.as_dict, so that Classes can use it.
"""

import json
import re
from pathlib import Path
from typing import Any

from pixelwise.errors import DatasetError, check_choice
from pixelwise.files.json_file import read_json
from pixelwise.files.toml_file import check_table, read_text, read_toml, toml_value
from pixelwise.labels.class_checks import default_ignore_index
from pixelwise.labels.palettes import voc_colormap

# Top level of a dataset.toml; task and splits say nothing about classes and may be missing.
_FILE_KEYS: dict[str, tuple[type, ...]] = {
    "task": (str,),
    "ignore_index": (int,),
    "ignore_values": (list,),
    "classes": (list,),
    "splits": (dict,),
}
_ROW_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "value": (int, str, list),
    "color": (list,),
}
_JSON_KEYS: dict[str, tuple[type, ...]] = {
    "names": (list,),
    "colors": (list,),
    "values": (list,),
    "ignore_index": (int,),
    "ignore_values": (list,),
}

_VALUE_LINE = re.compile(r"(\d+)\s+(\S.*)")
_COLOR_LINE = re.compile(r"(\d+)\s+(\d+)\s+(\d+)\s+(\S.*)")


def parse_class_file(path: Path | str) -> dict[str, Any]:
    """Read the fields of Classes from a .toml, .json or text file.

    A file with more than 255 classes that does not say what void is has ignore_index 65535.

    Raises:
        DatasetError: the file cannot be read, or its keys or types are wrong.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".toml":
        return classes_from_toml(str(path), read_toml(path))
    if suffix == ".json":
        fields = _checked_json(str(path), read_json(path))
    else:
        fields = _parse_lines(str(path), read_text(path))
    return {"ignore_index": default_ignore_index(len(fields["names"])), **fields}


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
    check_table(where, "", document, _FILE_KEYS)
    rows = document.get("classes", [])
    if not rows:
        hint = 'Write a table [[classes]] with name = "..." for each class.'
        raise DatasetError(where, "classes", must="at least one table", got="none", hint=hint)
    for number, row in enumerate(rows):
        check_table(where, f"classes[{number}]", row, _ROW_KEYS)
        if "name" not in row:
            raise DatasetError(where, f"classes[{number}].name", must="a string", got="none")
    default_colors = voc_colormap(len(rows)).tolist()
    return {
        "names": [row["name"] for row in rows],
        "colors": [row.get("color", color) for row, color in zip(rows, default_colors)],
        "values": [row.get("value", number) for number, row in enumerate(rows)],
        "ignore_index": document.get("ignore_index", default_ignore_index(len(rows))),
        "ignore_values": document.get("ignore_values", []),
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


def _checked_json(where: str, fields: Any) -> dict[str, Any]:
    check_table(where, "", fields, _JSON_KEYS)
    if "names" not in fields:
        raise DatasetError(where, "names", must="a list", got="none")
    return fields


def _parse_lines(where: str, text: str) -> dict[str, Any]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        hint = "Write one class a line: its name, perhaps with its stored value in front."
        raise DatasetError(where, "file", must="a list of classes", got="no lines", hint=hint)
    # only if every line has numbers in front; a class may be called "2 wheeler"
    colored = [match.groups() for match in map(_COLOR_LINE.fullmatch, lines) if match]
    if len(colored) == len(lines):
        colors = [(int(red), int(green), int(blue)) for red, green, blue, _ in colored]
        return {"names": [name for *_, name in colored], "colors": colors}
    valued = [match.groups() for match in map(_VALUE_LINE.fullmatch, lines) if match]
    if len(valued) == len(lines):
        return {"names": [name for _, name in valued], "values": [int(v) for v, _ in valued]}
    return {"names": lines}
