"""Classes in Python files, of which only literals are read: nothing is imported or run.

Label('road', 7, 0, 'flat', 1, False, False, (128, 64, 128))    labels.py of Cityscapes
METAINFO = dict(classes=(...), palette=[...])                   mmsegmentation; CLASSES, PALETTE
reduce_zero_label=True                                          stored values are one higher
"""

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from pixelwise.errors import DatasetError
from pixelwise.legend.json_lists import without_zero
from pixelwise.legend.rows import Rows

# Python's parser takes much memory for long or deep expressions.
_MOST_TEXT = 1 << 18
# of a Label: its name, id, and from behind whether it is not evaluated, and its colour
_FIELDS = 8


def python_rows(where: str, text: str) -> Rows | None:
    """The classes that the literals of a Python file list; None if there are none.

    Args:
        where: the file, first word of messages.
        text: what is in it.
    Raises:
        DatasetError: it is no Python, too long, or has other numbers of classes and colours.
    """
    if len(text) > _MOST_TEXT:
        must, got = f"Python of at most {_MOST_TEXT:,} characters", f"{len(text):,}"
        raise DatasetError(where, "file", must=must, got=got)
    try:
        with warnings.catch_warnings(action="ignore"):  # such as escapes that are none
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        got = f"{type(error).__name__} in line {getattr(error, 'lineno', None) or 1}"
        raise DatasetError(where, "file", must="Python", got=got) from None
    labels = [
        tuple(map(_literal, node.args))
        for node in nodes
        if isinstance(node, ast.Call) and _name_of(node.func) == "Label"
    ]
    found: dict[str, Any] = {}
    for name, node in _named(nodes):
        found.setdefault(name.lower(), _literal(node))
    labels = [row for row in labels if _is_label(row)]
    if labels:
        kept = [row for row in labels if row[1] >= 0]
        void = tuple(row[0] for row in kept if row[6] is True)
        names, rgb, values = (tuple(row[k] for row in kept) for k in (0, 7, 1))
        return Rows(names, rgb, values, void=void)
    listed, palette = (found.get(key) for key in ("classes", "palette"))
    if not isinstance(listed, list | tuple) or not all(isinstance(name, str) for name in listed):
        return None
    colors: tuple[Any, ...] | None = None
    if isinstance(palette, list | tuple):
        colors = tuple(tuple(color) if isinstance(color, list) else color for color in palette)
    if colors is not None and len(colors) != len(listed):
        must = f"as long as classes, which are {len(listed)}"
        raise DatasetError(where, "palette", must=must, got=len(colors))
    rows = Rows(tuple(listed), colors)
    return without_zero(rows) if found.get("reduce_zero_label") is True else rows


def _named(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given: assignments, keywords, keys and defaults of arguments."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from ((_name_of(target), node.value) for target in node.targets)
        elif isinstance(node, ast.keyword):
            yield node.arg or "", node.value
        elif isinstance(node, ast.Dict):
            yield from ((str(_literal(k)), v) for k, v in zip(node.keys, node.values) if k)
        elif isinstance(node, ast.arguments):
            args = node.args[len(node.args) - len(node.defaults) :]
            yield from ((arg.arg, value) for arg, value in zip(args, node.defaults))


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _is_label(row: tuple[Any, ...]) -> bool:
    return len(row) == _FIELDS and isinstance(row[0], str) and type(row[1]) is int
