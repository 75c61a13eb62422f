"""A class table of a published data set, and how such tables are written as text."""

from dataclasses import dataclass

Color = tuple[int, int, int]


@dataclass(frozen=True)
class ClassTable:
    """The arguments of Classes for a known dataset, and where they come from.

    Args:
        source: what it is and where it is from.
        names, colors, values, ignore_index, ignore_values: as in Classes; no colors = those of
            Pascal VOC.
        void_colors: name and colour of what colour labels show as void.
    """

    source: str
    names: tuple[str, ...]
    colors: tuple[Color, ...] = ()
    values: tuple[int | tuple[int, ...] | str, ...] | None = None
    ignore_index: int = 255
    ignore_values: tuple[int, ...] = ()
    void_colors: tuple[tuple[str, Color], ...] = ()


def names_of(text: str) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(" ".join(name.split()) for name in text.split(","))


def color_of(text: str) -> Color:
    """The colour of six hexadecimal digits."""
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def colors_of(text: str) -> tuple[Color, ...]:
    """Colours between blanks."""
    return tuple(color_of(part) for part in text.split())


def colored(text: str) -> tuple[tuple[str, ...], tuple[Color, ...]]:
    """Names and colours of "name rrggbb" between commas."""
    rows = [row.rpartition(" ") for row in names_of(text)]
    return tuple(name for name, _, _ in rows), tuple(color_of(color) for _, _, color in rows)
