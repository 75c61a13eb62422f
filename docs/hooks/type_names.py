"""What the names of types in a signature stand for: `Absent = Literal["skip", "zero", "keep"]`."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from textwrap import dedent
from typing import Any


def type_names(function: Callable) -> dict[str, str]:
    """The names in the signature of a function that are assigned in our source -> their values."""
    try:
        tree = ast.parse(dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError):  # made by dataclass
        return {}
    module = sys.modules[function.__module__]
    found = {name: definition(module.__name__, name) for name in annotated(tree)}
    return {name: value for name, value in found.items() if value}


def annotated(tree: Any) -> Iterator[str]:
    """The names in the annotations of a function."""
    args = [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
    hints = [arg.annotation for arg in args if arg.annotation] + [tree.returns] * bool(tree.returns)
    for hint in hints:
        yield from (node.id for node in ast.walk(hint) if isinstance(node, ast.Name))


@cache
def definition(module: str, name: str) -> str:
    """What is assigned to a name in a module, or where that has it from; "" if nothing is."""
    if not module.startswith("pixelwise"):
        return ""
    for node in statements(module):
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if hasattr(t, "id")] == [
            name
        ]:
            return " ".join(ast.unparse(node.value).replace("'", '"').split())
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return definition(node.module or "", alias.name)
    return ""


@cache
def statements(module: str) -> list[ast.stmt]:
    """The statements of a module, those below `if TYPE_CHECKING` too."""
    body = ast.parse(inspect.getsource(sys.modules[module])).body if module in sys.modules else []
    return [
        inner
        for node in body
        for inner in ([node] + getattr(node, "body", []) * isinstance(node, ast.If))
    ]
