"""What scores take: counts of pixels, and not the pixels."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from pixelwise.errors import ArgumentTypeError
from pixelwise.metrics.confusion import ConfusionCounts

P = ParamSpec("P")
R = TypeVar("R")


def on_counts(score: Callable[P, R]) -> Callable[P, R]:
    """The score; score(pred, target) is told to count before Python finds one value too many."""

    @wraps(score)
    def checked(*args: P.args, **options: P.kwargs) -> R:
        if args and hasattr(args[0], "shape"):
            as_counts(score.__name__, args[0])
        return score(*args, **options)

    checked.__signature__ = signature(score)  # type: ignore[attr-defined]
    del checked.__wrapped__  # what is wrapped is a command that takes settings
    return checked


def as_counts(where: str, counts: Any) -> ConfusionCounts:
    """counts itself.

    Raises:
        ArgumentTypeError: it is not a ConfusionCounts.
    """
    if not isinstance(counts, ConfusionCounts):
        hint = "Make it with count_confusion(pred, target, num_classes); add a list up with sum()."
        got = type(counts).__name__
        raise ArgumentTypeError(where, "counts", must="a ConfusionCounts", got=got, hint=hint)
    return counts
