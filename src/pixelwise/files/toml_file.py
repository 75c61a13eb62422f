"""TOML files: read with checked keys and types, written value by value.

The standard library reads TOML but does not write it; what this room writes are strings, integers
and lists of them.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pixelwise.errors import DatasetError, PixelwiseError

_TYPE_NAMES = {str: "a string", int: "an integer", list: "a list", dict: "a table"}


def read_text(path: Path | str, error: type[PixelwiseError] = DatasetError) -> str:
    """The text of a UTF-8 file.

    Raises:
        PixelwiseError: as `error`; the file cannot be read or is not UTF-8.
    """
    try:
        # -sig: editors on Windows put a mark in front
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as reason:
        got = getattr(reason, "strerror", None) or str(reason)
        raise error(path, "file", must="readable UTF-8 text", got=got) from None


def read_toml(path: Path | str, error: type[PixelwiseError] = DatasetError) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        PixelwiseError: as `error`; the file cannot be read or is not valid TOML.
    """
    try:
        return tomllib.loads(read_text(path, error))
    except (tomllib.TOMLDecodeError, RecursionError) as reason:
        raise error(path, "file", must="valid TOML", got=str(reason)) from None


def check_table(where: str, key: str, table: Any, types: dict[str, tuple[type, ...]]) -> None:
    """Raise unless a table has known keys with values of the right types.

    Args:
        where: the file, first word of the message.
        key: dotted name of the table, "" for the whole file.
        table: what was found there.
        types: allowed types of every key that the table may have.
    Raises:
        DatasetError: the message names the key, and the nearest known one.
    """
    if not isinstance(table, dict):
        raise DatasetError(where, key, must="a table", got=repr(table))
    prefix = f"{key}." if key else ""
    unknown = [name for name in table if name not in types]
    if unknown:
        near = [n for name in unknown for n in get_close_matches(name, list(types), n=1)]
        hint = f"Did you mean {', '.join(prefix + n for n in near)}?" if near else ""
        got = ", ".join(prefix + name for name in unknown)
        known = f"one of {', '.join(types)}"
        raise DatasetError(where, f"keys of {key or 'the file'}", must=known, got=got, hint=hint)
    for name, value in table.items():
        # a bool is an int to Python, but not to anyone who writes TOML
        if not isinstance(value, types[name]) or isinstance(value, bool):
            expected = " or ".join(_TYPE_NAMES[t] for t in types[name])
            raise DatasetError(where, prefix + name, must=expected, got=repr(value))


def toml_value(value: str | int | Sequence[Any]) -> str:
    """A string, an integer or a list of them as TOML.

    Source: TOML 1.0.0, sections String, Integer and Array.
    """
    if isinstance(value, str):
        # the escapes of JSON are a subset of those of TOML, which also wants DEL escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, int):
        return str(value)
    return "[" + ", ".join(toml_value(item) for item in value) + "]"


def toml_key(key: str) -> str:
    """A key, in quotes unless it can do without."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else toml_value(key)
