"""Words, numbers and tables for messages and terminals."""

import shlex
import sys
from collections.abc import Iterable, Sequence
from math import isnan

# Enough of a list to recognise a mistake; the rest is counted.
LISTED = 5
# Of a reason: longer ones quote the file.
_LONGEST = 200


def some(items: Iterable[object], most: int = LISTED, separator: str = ", ") -> str:
    """The first items of a list: "a, b, c and 12 more"."""
    words = [str(item) for item in items]
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return separator.join(words[:most]) + more


def plural(number: int, word: str) -> str:
    """A number and what it counts: "1 class", "2 classes", "1,200 files"."""
    hissing = word.endswith(("s", "x", "ch")) and not word.endswith("epoch")
    return f"{number:,} {word}{'' if number == 1 else 'es' if hissing else 's'}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share 0..1 as a percentage without its sign; "-" where there is none (None, NaN)."""
    return "-" if share is None or isnan(share) else f"{100 * share:.{digits}f}"


def text_table(rows: list[list[str]]) -> str:
    """Rows as aligned columns: the first to the left, the others to the right."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]
        ).rstrip()
        for row in rows
    )


def shell_line(words: Sequence[str]) -> str:
    """Words as they are typed into the shell of this system, in quotes where they need them."""
    if sys.platform != "win32":
        return shlex.join(words)
    from subprocess import list2cmdline

    return list2cmdline(words)


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)


def duration(seconds: float) -> str:
    """90.0 -> "1m30s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def reason_of(error: BaseException) -> str:
    """What another library says is wrong, on one line and not too long; else the error's name."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
