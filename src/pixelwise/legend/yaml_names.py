"""Class names, and what the splits are, in the YAML file of an Ultralytics dataset.

names: [a, b]     names: {0: a, 1: b}     below names: the lines `- a` or `0: a`
train: images/train     train: [a, b.txt]     below train: the lines `- a`

The rest of the file is not looked at, so nothing in it can do anything. Names are taken as they are
written: a class called no, off, null or 1 keeps its name, which YAML would make a value of.
"""

import json
import re

from pixelwise.errors import DatasetError
from pixelwise.files.records import shown
from pixelwise.labels.class_checks import MAX_STORED, parse_number
from pixelwise.legend.rows import Rows

_ENTRY = re.compile(r"(-)\s+(\S.*)|['\"]?(\d+)['\"]?\s*:\s+(\S.*)")
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'"""
# an item of [a, b] or {0: a}, up to its comma; the colon of a pair has a blank behind it
_PLAIN = r"""[^\s,\[\]{}&*!|>%@`"'](?:[^,\[\]{}:]|:(?!\s))*"""
_ITEM = re.compile(rf"\s*(?:['\"]?(\d+)['\"]?\s*:\s+)?({_QUOTED}|{_PLAIN})\s*(?:,|$)")
_SPLIT = re.compile(r"(train|val|validation|test)\s*:(\s.*|$)")
_NOT_PLAIN = tuple("[]{}&*!|>%@`")
_BRACKETS = {"[": "]", "{": "}"}


def yaml_rows(where: str, text: str) -> Rows:
    """The classes below `names:`; those of a mapping have their numbers as stored values.

    Args:
        where: the file, first word of messages.
        text: what is in it.
    Raises:
        DatasetError: there is no such list, a number is there twice, or `nc` is another number.
    """
    lines = [_without_comment(line) for line in text.splitlines()]
    heads = [i for i, line in enumerate(lines) if re.match(r"['\"]?names['\"]?\s*:", line)]
    if len(heads) != 1:
        got = f"{len(heads)} lines with that key"
        raise DatasetError(where, "names", must="given once", got=got)
    rest = lines[heads[0]].split(":", 1)[1].strip()
    below = lines[heads[0] + 1 :]
    pairs = _in_brackets(rest, below) if rest[:1] in _BRACKETS else [] if rest else _block(below)
    if not pairs:
        must = "a list [a, b], or lines such as `0: a` below it"
        raise DatasetError(where, "names", must=must, got=shown(rest))
    number = re.search(r"^nc\s*:\s*(\d{1,9})\s*$", "\n".join(lines), re.MULTILINE)
    if number and int(number[1]) != len(pairs):
        must = f"as many as nc, which is {number[1]}"
        raise DatasetError(where, "names", must=must, got=len(pairs))
    keys = [key for key, _ in pairs]
    names = tuple(_unquoted(name) for _, name in pairs)
    if not any(keys):
        return Rows(names)
    values = [parse_number(where, key) for key in keys if key]
    if len(set(values)) < len(pairs) or max(values) > MAX_STORED:
        must = f"numbered differently, 0..{MAX_STORED}"
        raise DatasetError(where, "names", must=must, got=shown(keys))
    ordered = sorted(zip(values, names))
    if ordered[-1][0] == len(ordered) - 1:
        return Rows(tuple(name for _, name in ordered))
    return Rows(tuple(name for _, name in ordered), None, tuple(value for value, _ in ordered))


def yaml_names(where: str, text: str) -> tuple[str, ...]:
    """The name of every class 0, 1, 2, ...; numbers that are left out are called class_k.

    Raises:
        DatasetError: see yaml_rows.
    """
    rows = yaml_rows(where, text)
    if rows.values is None:
        return rows.names
    name_of = dict(zip(rows.values, rows.names))
    return tuple(name_of.get(n, f"class_{n}") for n in range(rows.values[-1] + 1))


def yaml_splits(text: str) -> dict[str, list[str]]:
    """The folders and lists of images that are train, val and test; no split without any."""
    lines = [_without_comment(line) for line in text.splitlines()]
    found = dict[str, list[str]]()
    for place, line in enumerate(lines):
        head = _SPLIT.match(line)
        if head is None:
            continue
        rest, below = head[2].strip(), lines[place + 1 :]
        pairs = _in_brackets(rest, below) if rest[:1] == "[" else [] if rest else _block(below)
        paths = [_unquoted(path) for _, path in pairs] or [_unquoted(rest)] * bool(rest)
        if paths and rest not in ("null", "~"):
            found["val" if head[1] == "validation" else head[1]] = paths
    return found


def _in_brackets(rest: str, below: list[str]) -> list[tuple[str, str]]:
    """(number or "", name) of [a, b] or {0: a, 1: b}, perhaps of several lines; [] if damaged."""
    close = _BRACKETS[rest[0]]
    lines = [rest]
    for line in below:
        if lines[-1].rstrip().endswith(close):
            break
        lines.append(line.strip())
    inner = " ".join(lines).strip()[1:]
    if not inner.endswith(close):
        return []
    inner = inner[:-1].strip()
    pairs, place = [], 0
    while place < len(inner):
        item = _ITEM.match(inner, place)
        if item is None:
            return []
        pairs.append((item[1] or "", item[2].strip()))
        place = item.end()
    return pairs if all(bool(number) == (close == "}") for number, _ in pairs) else []


def _block(below: list[str]) -> list[tuple[str, str]]:
    """(number or "", name) of lines such as `- a` or `0: a`; [] if they are mixed."""
    pairs = []
    for line in filter(None, below):
        entry = _ENTRY.fullmatch(line.strip())
        if entry is None or (line[0] not in " -" and entry[3] is not None):
            break
        pairs.append((entry[3] or "", (entry[2] or entry[4]).strip()))
    plain = not any(name.startswith(_NOT_PLAIN) for _, name in pairs)
    return pairs if plain and len({bool(number) for number, _ in pairs}) == 1 else []


def _without_comment(line: str) -> str:
    """A line up to the first # behind a blank that is in no quotes."""
    quote, before = "", " "
    for place, char in enumerate(line if "#" in line else ""):
        if quote:
            quote = "" if char == quote and before != "\\" else quote
        elif char in "'\"" and before in " [{,:":
            quote = char
        elif char == "#" and before.isspace():
            return line[:place].rstrip()
        before = char
    return line.rstrip()


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        return text
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    try:
        return str(json.loads(text))
    except ValueError:  # escapes that YAML has and JSON has not
        return text[1:-1]
