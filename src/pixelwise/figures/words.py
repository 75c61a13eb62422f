"""Numbers and names as a reader sees them."""

from math import isfinite
from typing import Any

ABSENT = "–"
NARROW_SPACE = "\u202f"

# Characters that reorder or hide the text around them: a name must look like what it is.
_BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_CONTROL = [c for c in [*range(0x20), *range(0x7F, 0xA0)] if chr(c) not in "\n\t"]
_LINE_ENDS = [0x2028, 0x2029]
_UNSEEN = dict.fromkeys([*_BIDI, *_CONTROL, *_LINE_ENDS, 0xFEFF, 0xFFFE, 0xFFFF])
# Half a character, as in a file name that is not UTF-8, cannot be written to a file.
_HALVES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_PLAIN = _UNSEEN | _HALVES


def plain(value: Any) -> Any:
    """A text without control and reordering characters; anything else as it is.

    Every value of the page passes here, so a class or file name cannot change what stands around
    it. Escaping is the template's work and comes after.
    """
    return value.translate(_PLAIN) if isinstance(value, str) else value


def percent(share: float | None, digits: int = 1) -> str:
    """A share in 0..1 as a percentage without its sign; an en dash for None."""
    if share is None:
        return ABSENT
    least = 10**-digits
    if 0 < share * 100 < least / 2:
        return f"<{least:g}"
    return f"{share * 100:.{digits}f}"


def difference(share: float | None, other: float | None) -> str:
    """other - share in percentage points with its sign; empty where one of them is absent."""
    if share is None or other is None:
        return ""
    points = round((other - share) * 100, 1)
    return f"{points:+.1f}".replace("-", "−") if points else "0.0"


def headed(title: str) -> str:
    """The name of a score with a capital, for headings."""
    return title[:1].upper() + title[1:]


def grouped(number: int) -> str:
    """A count with a narrow space between groups of three digits."""
    return f"{number:,}".replace(",", NARROW_SPACE)


def short(number: float) -> str:
    """A number with at most four digits, for ticks and hover titles."""
    if not isfinite(number):
        return ABSENT
    whole = number == int(number) and 1e4 <= abs(number) < 1e7
    return (grouped(int(number)) if whole else f"{number:.4g}").replace("-", "−")


def listed(words: list[str]) -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]
