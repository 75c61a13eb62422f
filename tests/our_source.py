"""The syntax trees of our own source, for tests of what no module may do."""

import ast
from functools import cache
from pathlib import Path

import pixelwise


@cache
def our_source():
    """Every node of our source."""
    files = Path(pixelwise.__file__).parent.rglob("*.py")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return [node for tree in trees for node in ast.walk(tree)]


def nodes(kind):
    """Every node of one kind."""
    return [node for node in our_source() if isinstance(node, kind)]
