"""Names of the rows of a figure or table: of classes, or numbers where nobody gave any."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pixelwise.errors import ArgumentError, ArgumentTypeError, shown


class Named(Protocol):
    """Something with names, such as Classes."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of every class."""
        ...


ClassNames = Named | Sequence[str] | None


def row_names(where: str, classes: ClassNames, number: int) -> tuple[str, ...]:
    """The names of so many classes; "class 0", "class 1", ... without any.

    Args:
        where: function, the first word of messages.
        classes: Classes, or their names.
        number: C.
    Raises:
        ArgumentError: there are more or fewer.
        ArgumentTypeError: they are not texts.
    """
    if classes is None:
        return tuple(f"class {index}" for index in range(number))
    if hasattr(classes, "names"):
        names = classes.names
    else:
        names = tuple(classes) if np.iterable(classes) and not isinstance(classes, str) else ()
        if not names or not all(isinstance(name, str) for name in names):
            must = "Classes or names of classes"
            raise ArgumentTypeError(where, "classes", must=must, got=shown(classes))
    if len(names) != number:
        raise ArgumentError(where, "classes", must=f"{number} classes", got=len(names))
    return names
