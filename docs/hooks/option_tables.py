"""Settings as tables: for Python by name, for the command line by option."""

import re
from dataclasses import MISSING, Field, fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from markdown_text import code, table, text
from pixelwise.cli.parser import headings, metavar_of, shown_default
from pixelwise.settings import choices_of, flag, type_hints

SEVERAL = {"integer": "integers", "number": "numbers", "path": "paths", "text": "texts"}
SEVERAL |= {"a word": "words"}
NAMES = {"str": "text", "int": "integer", "float": "number", "bool": "yes or no", "Path": "path"}


def kind_in_words(hint: Any) -> str:
    """A type hint in words: `tuple[int, int] | None` -> "2 integers or none"."""
    kinds = get_args(hint) if NoneType in get_args(hint) or "|" in str(hint) else (hint,)
    words = [_kind(kind) for kind in kinds if kind is not NoneType]
    return " or ".join(dict.fromkeys(words + ["none"] * (NoneType in kinds)))


def _kind(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "a word"
    if origin in (tuple, list):
        name = kind_in_words(args[0])
        several = SEVERAL.get(name, f"lists of {name}" if name[0].isdigit() else f"list of {name}")
        return several if args[-1] is Ellipsis or origin is list else f"{len(args)} {several}"
    if origin in (dict,):
        return "a table"
    name = getattr(kind, "__name__", str(kind))
    return NAMES.get(name, name)


def default_of(f: Field) -> str:
    """The default of a setting: in the words of its help, or as code."""
    if words := re.search(r" \(default: (.*)\)$", f.metadata["help"]):
        return text(words[1])
    if f.default is MISSING:
        return "must be given"
    if f.default in (None, (), "") or f.default is False:
        return {None: "none", False: "no"}.get(f.default, "empty") if f.default != () else "empty"
    return code(shown_default(f.default))


def about(config: type, f: Field) -> str:
    """What a setting is: its help, its choices and its range."""
    words = text(f.metadata["help"].partition(" (default:")[0])
    words = re.sub(r"(?<![\w-])--[a-z][a-z-]*", lambda m: code(m[0]), words)
    if choices := choices_of(config, f.name):
        words += ": " + ", ".join(map(code, choices))
    low, high, above = (f.metadata[name] for name in ("low", "high", "above"))
    bounds = [f"≥ {low}"] * (low is not None) + [f"> {above}"] * (above is not None)
    bounds += [f"≤ {high}"] * (high is not None)
    return words + (f" ({', '.join(bounds)})" if bounds else "")


def settings_table(config: type) -> str:
    """The settings of a configuration by their names in Python."""
    hints = type_hints(config)
    rows = [
        (code(f.name), about(config, f), kind_in_words(hints[f.name]), default_of(f))
        for f in fields(config)
    ]
    return table(("setting", "what it is", "type", "default"), rows)


def option_tables(config: type, level: str = "###") -> str:
    """The options of a command, under the headings of its --help."""
    hints, parts = type_hints(config), []
    for title, members in headings(config).items():
        rows = [
            (option(config, f), about(config, f), kind_in_words(hints[f.name]), default_of(f))
            for f in members
        ]
        head = ("option", "what it is", "type", "default")
        parts += [f"{level} {title[0].upper()}{title[1:]}\n", table(head, rows), ""]
    return "\n".join(parts)


def option(config: type, f: Field) -> str:
    """An option as it is typed."""
    hint = type_hints(config)[f.name]
    if f.metadata["positional"]:
        return code(f.name.upper())
    if hint is bool:
        return code(flag(f"no_{f.name}") if f.default is True else flag(f.name))
    metavar = metavar_of(config, f)
    shown = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    return code(f"{flag(f.name)} {shown.replace(',', '|')}")
