"""Names of the rows of a figure or table: of classes, or numbers where nobody gave any."""

from collections.abc import Sequence
from typing import Protocol

from pixelwise.errors import ArgumentError


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
    """
    if classes is None:
        return tuple(f"class {index}" for index in range(number))
    names = classes.names if hasattr(classes, "names") else tuple(classes)
    if len(names) != number:
        raise ArgumentError(where, "classes", must=f"{number} classes", got=len(names))
    return names
