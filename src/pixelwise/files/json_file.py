"""JSON from outside: what Python's reader lets pass is refused, and types are checked.

Python accepts NaN, keeps the last of two equal keys, and gives up on deep nesting with an error
of its own; each becomes one sentence with the name of the file.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import MAX_BYTES, Unreadable, open_file, read_file
from pixelwise.files.limits import check_unpacked
from pixelwise.files.records import shown
from pixelwise.text import reason_of

# What values of JSON are called in messages.
_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def read_json(path: Path | str, error: type[PixelwiseError] = DatasetError) -> Any:
    """The value in a JSON file.

    Raises:
        PixelwiseError: as `error`; the file cannot be read, is not JSON, has NaN or infinity, an
            object with two equal keys, or is nested too deeply.
    """
    try:
        return parse_json(read_file(path), str(path), error)
    except Unreadable as reason:
        raise reason.at(error, path, "file") from None


def read_json_lines(
    path: Path | str, error: type[PixelwiseError] = DatasetError
) -> Iterator[tuple[str, Any]]:
    """The values of a file with one JSON text a line, each with its place: "path:line".

    Raises:
        PixelwiseError: as `error`; as read_json, of a line.
    """
    for where, line in read_lines(path, error):
        yield where, parse_json(line, where, error)


def read_lines(
    path: Path | str, error: type[PixelwiseError] = DatasetError
) -> Iterator[tuple[str, bytes]]:
    """The lines of a file that are not empty, each with its place: "path:line".

    Another process may be adding lines, or was killed while it did: a last one without its end is
    left out.

    Raises:
        PixelwiseError: as `error`; the file cannot be read.
    """
    try:
        with open_file(path, may_be_empty=True) as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Unreadable(f"at most {MAX_BYTES:,} bytes", "more")
    except OSError as reason:
        must, got = "a readable file", reason.strerror or str(reason)
        raise error(path, "file", must=must, got=got) from None
    except Unreadable as reason:
        raise reason.at(error, path, "file") from None
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        if line.strip():
            yield f"{path}:{number}", line


def parse_json(data: bytes, where: str, error: type[PixelwiseError] = DatasetError) -> Any:
    """The value of JSON text in UTF-8.

    Raises:
        DatasetError: see read_json; bytes and text take more memory than a file may.
    """
    try:
        check_unpacked(2 * len(data), f"{len(data):,} bytes of text")
    except Unreadable as reason:
        raise reason.at(error, where, "file") from None
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_twins)
    except RecursionError:
        got = "deeper nesting than any annotation has"
        raise error(where, "file", must="plain JSON", got=got) from None
    except ValueError as reason:
        # JSON errors, bytes that are not UTF-8, integers with thousands of digits
        raise error(where, "file", must="valid JSON", got=reason_of(reason)) from None


def get(where: str, table: Any, key: str | int, *types: type, at: str = "") -> Any:
    """The value of a key, if it is there and has one of the types.

    Args:
        where: the file, first word of messages.
        table: the object or list that should have the key.
        key: what to look up.
        types: allowed types; type(None) allows null and a missing key; float allows integers.
        at: where the table is in the file, such as "shapes[3]".
    Raises:
        DatasetError: the key is missing, or its value has another type.
    """
    name = f"{at}[{key}]" if isinstance(key, int) else f"{at}.{key}".lstrip(".")
    if not isinstance(table, dict | list):
        raise DatasetError(where, at or "file", must="an object", got=shown(table))
    if isinstance(table, dict):
        value = table.get(key)
    else:
        value = table[key] if isinstance(key, int) and -len(table) <= key < len(table) else None
    kind = type(value)
    if isinstance(value, int) and abs(value) >> 63:
        raise DatasetError(where, name, must="a number of at most 64 bits", got=shown(value))
    if kind in types or (kind is int and float in types):
        return value
    expected = " or ".join(_TYPE_NAMES[t] for t in types)
    raise DatasetError(where, name, must=expected, got="none" if value is None else shown(value))


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text}, which JSON does not allow")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twin = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {shown(twin)} twice in one object")
    return table
