"""Records <-> plain data: frozen dataclasses as what JSON and TOML hold, checked on the way back.

The type hints of a dataclass say all there is to say: names, types, choices (`Literal`), what may
be missing (a default) and what is nested. Settings, results and files are checked by them alike.
"""

import math
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from reprlib import Repr
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pixelwise.errors import ArgumentError, PixelwiseError, check_choice

Record = TypeVar("Record")
_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false"}
_NAMES |= dict.fromkeys((dict, Mapping), "a table")
_SHOWN = 60
# A pickle of a few bytes can hold one list in itself so often that its text never ends.
_short = Repr()
_short.maxlevel, _short.maxlist, _short.maxtuple, _short.maxdict = 4, 20, 20, 20
_short.maxstring = _short.maxlong = _short.maxother = 4 * _SHOWN
_PLAIN = frozenset([int, str, bool, NoneType])
# Of a field that is a dict: its items stand in the table of the record, beside the other fields.
FLAT = {"flat": True}


@cache
def type_hints(kind: Any) -> dict[str, Any]:
    """The resolved type hints of a dataclass."""
    return get_type_hints(kind)


@cache
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """dict[str, int] -> dict, (str, int)."""
    return get_origin(kind), get_args(kind)


def to_plain(value: Any) -> Any:
    """A value as JSON can hold it: records become tables, tuples lists, NaN and infinity None.

    Paths become text, arrays lists.
    """
    if isinstance(value, list | tuple):
        if _PLAIN.issuperset(map(type, value)):
            return list(value)  # numbers or texts, of which there may be millions
        return [to_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        table: dict[str, Any] = {}
        for f in fields(value):
            item = to_plain(getattr(value, f.name))
            table |= item if f.metadata == FLAT else {f.name: item}
        return table
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    # arrays and scalars of numpy, which this layer does not import
    return to_plain(value.tolist()) if hasattr(value, "tolist") else value


def from_plain(
    kind: type[Record], value: Any, where: str, error: type[PixelwiseError] = ArgumentError
) -> Record:
    """The inverse of to_plain: the record of a type that a table stands for.

    Numbers written as integers become floats where the hint says float, text becomes a Path, lists
    become tuples; nothing else is converted. A number that may be absent is `float | None`.

    Args:
        kind: a frozen dataclass.
        value: what JSON or TOML gave.
        where: the file or function, first word of messages.
        error: what is raised.
    Raises:
        PixelwiseError: as `error`; a name that the record does not have, one that it needs, or a
            value of another type.
    """
    if not isinstance(value, Mapping):
        raise error(where, "content", must="a table", got=shown(value))
    return _record(kind, value, where, "", error)


def converted(
    kind: Any, value: Any, where: str, name: str, error: type[PixelwiseError] = ArgumentError
) -> Any:
    """One value as its declared type.

    Args:
        kind: a type hint: a class, dataclass, TypedDict, Literal, `X | None`, tuple, list, dict.
        value: what was given.
        where: function or file; name: dotted name of the value, both for the message.
        error: what is raised.
    Raises:
        PixelwiseError: as `error`; the value is of another type.
    """
    if kind is Any or type(value) is kind:
        return value
    origin, args = _parts(kind)
    if origin in (Union, UnionType):
        if value is None and NoneType in args:
            return None
        kinds = [arg for arg in args if arg is not NoneType]
        if len(kinds) == 1:
            return converted(kinds[0], value, where, name, error)
        for exact_first in sorted(kinds, key=lambda arg: arg is not type(value)):
            with suppress(PixelwiseError):
                return converted(exact_first, value, where, name, error)
    elif origin is Literal:
        check_choice(where, name, value, args, error)
        return value
    elif origin in (tuple, list) and isinstance(value, list | tuple):
        same = args[-1] is Ellipsis or origin is list
        if same and set(map(type, value)) <= {args[0]}:
            return origin(value)
        declared = args[:1] * len(value) if same else args
        if len(declared) == len(value):
            items = enumerate(zip(declared, value))
            return origin(converted(k, v, where, f"{name}[{i}]", error) for i, (k, v) in items)
    elif origin in (dict, Mapping) and isinstance(value, Mapping):
        return {
            converted(args[0], k, where, f"a key of {name}", error): converted(
                args[1], v, where, f"{name}.{k}", error
            )
            for k, v in value.items()
        }
    elif (is_dataclass(kind) or is_typeddict(kind)) and isinstance(value, Mapping):
        return _record(kind, value, where, name, error)
    elif kind is Path and isinstance(value, str | Path):
        return Path(value)
    elif kind is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    elif is_typeddict(kind) or (kind is not bool and isinstance(value, bool)):
        pass
    elif isinstance(value, origin or kind):
        return value
    raise error(where, name, must=in_words(kind), got=shown(value))


@cache
def _plan(kind: Any) -> tuple[dict[str, Any], list[str], str | None]:
    """Of a record or TypedDict: the hint of each key, the keys it needs, its FLAT field."""
    hints = type_hints(kind)
    if not is_dataclass(kind):
        return hints, list(hints), None
    own = {f.name: f for f in fields(kind) if f.init}
    needed = [n for n, f in own.items() if f.default is f.default_factory is MISSING]
    flat = next((n for n, f in own.items() if f.metadata == FLAT), None)
    return {name: hints[name] for name in own}, needed, flat


def _record(kind: Any, value: Mapping, where: str, name: str, error: type[PixelwiseError]) -> Any:
    prefix, (hints, needed, flat) = f"{name}." if name else "", _plan(kind)
    if flat is not None:
        others = {key: v for key, v in value.items() if key not in hints}
        value = {**{key: v for key, v in value.items() if key in hints}, flat: others}
    for key in value:
        if key not in hints:
            check_choice(where, f"{prefix}key", key, hints, error)
    missing = [prefix + n for n in needed if n not in value]
    if missing:
        raise error(where, ", ".join(missing), must="given", got="nothing")
    given = {
        key: converted(hints[key], v, where, name if key == flat else prefix + key, error)
        for key, v in value.items()
    }
    try:
        return kind(**given)
    except PixelwiseError as refused:
        if not name:
            raise
        # a record that checks itself knows neither the file nor its place in it
        raise error(where, event=f"in {name}: {str(refused).rstrip('.')}") from None


def in_words(kind: Any) -> str:
    """A type hint for a message: "an integer", "2 values", "a number or none"."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        words = [in_words(arg) for arg in args if arg is not NoneType]
        return " or ".join(words + ["none"] * (NoneType in args))
    if origin in (tuple, list):
        return "a list" if args[-1] is Ellipsis or origin is list else f"{len(args)} values"
    if origin is Literal:
        return " or ".join(map(str, args))
    if kind is Path:
        return "a path"
    if is_dataclass(kind) or is_typeddict(kind):
        return "a table"
    return _NAMES.get(origin or kind, getattr(kind, "__name__", str(kind)))


def shown(value: Any) -> str:
    """A value for a message: its beginning."""
    try:
        text = _short.repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or nested too deeply
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
