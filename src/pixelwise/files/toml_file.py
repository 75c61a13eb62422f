"""TOML files: read as tables, which records.from_plain checks; written value by value.

The standard library reads TOML but does not write it. Strings, numbers and lists of them are
written.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.text import reason_of

# The parser takes time and memory that grow with the square of the parts of a key.
_MOST_PARTS = 64
_PART = r"""(?:[\w-]++|"[^"\n]*"|'[^'\n]*')[ \t]*+\.[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{{_MOST_PARTS}}}")
_TOO_LARGE = 1 << 63
# Lists of millions of ids, and settings: as text they take several times that, as tables more.
_MOST_TEXT, _MOST_TOML = 1 << 27, 1 << 23


def read_text(
    path: Path | str, error: type[PixelwiseError] = DatasetError, most: int = _MOST_TEXT
) -> str:
    """The text of a UTF-8 file of at most so many bytes.

    Raises:
        PixelwiseError: as `error`; the file cannot be read or is not UTF-8.
    """
    try:
        # -sig: editors on Windows put a mark in front
        text = read_file(path, may_be_empty=True, most=most).decode("utf-8-sig")
    except Unreadable as reason:
        must = reason.must if reason.cause == "large" else "readable UTF-8 text"
        raise error(path, "file", must=must, got=reason.got) from None
    except UnicodeDecodeError as reason:
        raise error(path, "file", must="readable UTF-8 text", got=reason) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_toml(path: Path | str, error: type[PixelwiseError] = DatasetError) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        PixelwiseError: as `error`; the file cannot be read or is not valid TOML.
    """
    text = read_text(path, error, _MOST_TOML)
    try:
        if _LONG_KEY.search(text):
            raise ValueError(f"a key of {_MOST_PARTS} parts or more")
        tables = tomllib.loads(text)
        _check_integers(tables)
    except RecursionError:
        got = "deeper nesting than any settings have"
        raise error(path, "file", must="valid TOML", got=got) from None
    except ValueError as reason:  # such as an integer of 5,000 digits
        raise error(path, "file", must="valid TOML", got=reason_of(reason)) from None
    return tables


def _check_integers(value: Any) -> None:
    """Refuse integers that TOML does not have; in hexadecimal they could be of any length."""
    if isinstance(value, int) and not -_TOO_LARGE <= value < _TOO_LARGE:
        raise ValueError("an integer of more than 64 bits")
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        _check_integers(item)


def toml_value(value: str | float | Sequence[Any]) -> str:
    """A string, a number or a list of them as TOML.

    Source: TOML 1.0.0, sections String, Integer, Float and Array.
    """
    if isinstance(value, str):
        # the escapes of JSON are a subset of those of TOML, which also wants DEL escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, float):
        # as Python writes it, which TOML reads as the same number; whole ones as integers
        return str(int(value)) if value.is_integer() and abs(value) < _TOO_LARGE else repr(value)
    if isinstance(value, int):
        return str(value)
    return "[" + ", ".join(toml_value(item) for item in value) + "]"


def toml_key(key: str) -> str:
    """A key, in quotes unless it can do without."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else toml_value(key)
