"""The names of losses in text, for settings that are checked without torch."""

import ast
from collections.abc import Iterator

from pixelwise.errors import check_choice

# those of LOSSES in table.py
NAMES = (
    "ce", "bce", "focal", "dice", "jaccard", "tversky", "generalized_dice", "f_beta", "mcc",
    "poly1", "unified_focal", "focal_of_mean", "top_k", "ohem", "lovasz", "lovasz_hinge",
    "boundary", "hausdorff", "soft_cldice",
)  # fmt: skip


def check_loss_names(where: str, text: str) -> None:
    """Raise if a name in "ce+0.5*dice(squared=true)" is not that of a loss.

    Raises:
        ArgumentError: with the names that are known. What else is wrong, criterion() says.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        names = list(_names_in(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for name in names:
        check_choice(where, "loss", name, NAMES)


def _names_in(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.BinOp):
        yield from _names_in(node.left)
        yield from _names_in(node.right)
    elif isinstance(node, ast.Call):
        yield from _names_in(node.func)
    elif isinstance(node, ast.Name):
        yield node.id
