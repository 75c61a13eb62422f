"""What the names of classes say: which mean void, which background, and whose classes they are.

Only letters count, and not whether they are capital: "__ignore__", "Void" and "no data" mean void,
"tv/monitor" is the class "tvmonitor" of Pascal VOC.
"""

from collections.abc import Sequence

from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.tables.class_table import Color

VOID_NAMES = {"dontcare", "ignore", "ignored", "nodata", "unlabeled", "unlabelled", "void"}
# What was left out in most sets that have such a class, and is a class in some.
DOUBTFUL_NAMES = {"unknown", "unclassified", "undefined", "notclassified", "nolabel"}
BACKGROUND_NAMES = {"background", "bg"}
# Two names that agree with a table prove nothing.
FEWEST_KNOWN = 3


def is_void_name(name: str) -> bool:
    """Whether a class of this name is meant to be left out."""
    return letters_of(name) in VOID_NAMES


def is_doubtful_name(name: str) -> bool:
    """Whether a class of this name is likely to be left out, but not surely."""
    return letters_of(name) in DOUBTFUL_NAMES


def is_background_name(name: str) -> bool:
    """Whether a class of this name is what nothing else covers."""
    return letters_of(name) in BACKGROUND_NAMES


def known_colors(names: Sequence[str]) -> tuple[str, list[Color]] | None:
    """The name of the table in PALETTES that has exactly these classes, and their colours there.

    Args:
        names: without void, in any order.
    Returns:
        None if there is no such table.
    """
    wanted = [letters_of(name) for name in names]
    if len(wanted) < FEWEST_KNOWN:
        return None
    for table_name, table in PALETTES.items():
        color_of = dict(zip(map(letters_of, table.names), table.colors))
        if len(wanted) == len(color_of) and sorted(wanted) == sorted(color_of):
            return table_name, [color_of[name] for name in wanted]
    return None


def letters_of(name: str) -> str:
    """The letters of a name in lower case."""
    return "".join(c for c in name.lower() if c.isalpha())
