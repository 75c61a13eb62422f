"""Records that add: the counts of two images, tiles or machines are the sum of their records."""

from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np

from pixelwise.errors import ArgumentError
from pixelwise.figures.figure import Axes, Figure
from pixelwise.figures.names import ClassNames


class Additive:
    """Base of a frozen dataclass whose records add up field by field; sum() adds a list of them.

    Attributes:
        UNIT: what both must have the same of.
        SHARED: fields that must be equal in both, and are not added.
    """

    UNIT: ClassVar[str] = "classes"
    SHARED: ClassVar[tuple[str, ...]] = ()

    def __add__(self, other: Any) -> Self:
        if not isinstance(other, type(self)):
            return NotImplemented
        total = {}
        for name in (f.name for f in fields(self)):  # type: ignore[arg-type]
            a, b = getattr(self, name), getattr(other, name)
            shared = name in self.SHARED
            if np.shape(a) != np.shape(b) or (shared and not np.array_equal(a, b)):
                must = f"of the same {self.UNIT}"
                got = f"{name} {np.shape(a)} and {np.shape(b)}"
                raise ArgumentError(type(self).__name__, "+", must=must, got=got)
            total[name] = a if shared else a + b
        return type(self)(**total)

    def __radd__(self, other: Any) -> Self:
        # the built-in sum starts with the integer 0
        return self if isinstance(other, int) and other == 0 else NotImplemented


class ScoredByClass(Additive):
    """Base of records that one score of each class is taken of; it is a row of plots.BY_CLASS."""

    def plot(self, ax: Axes | None = None, *, classes: ClassNames = None) -> Figure | Axes:
        """A bar for each class.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            classes: Classes, or their names.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.metrics.plots import by_class_figure

        return by_class_figure(self, ax, classes)
