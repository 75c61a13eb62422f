"""Repaired: what a repair did and what it left, also as fix.json beside the copy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from pixelwise.audit.rules import RULES
from pixelwise.files.records import to_plain
from pixelwise.files.results import write_json
from pixelwise.labels.color import Snapped
from pixelwise.text import plural, printable, shell_line

FILE_NAME = "fix.json"
_LISTED = 3


@dataclass(frozen=True)
class Pixels:
    """Pixels that have another stored value now, those of them that are void, and how far the
    colours or values were from those that they became.
    """

    pixels: int = 0
    void: int = 0
    snapped: Snapped | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Change:
    """What was done to a file.

    Args:
        file: its name in the source.
        to: its name in the copy.
        rules: the rules that were repaired, and the pixels that changed.
    """

    file: str
    to: str
    rules: Mapping[str, Pixels]


@dataclass(frozen=True)
class Unrepaired:
    """A finding that stays in the copy, and why."""

    file: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Repaired:
    """A repaired copy of a dataset.

    Args:
        source: folder that was read.
        rules: that were asked for.
        files: files of the copy.
        changes: of the files that are not copied byte for byte, by name.
        left: findings that stay, by name.
        out: folder of the copy; not in its file, so that the same repair gives the same bytes.
    """

    SCHEMA: ClassVar[str] = "pixelwise.fix/1"

    source: str
    rules: tuple[str, ...]
    files: int
    changes: tuple[Change, ...] = ()
    left: tuple[Unrepaired, ...] = ()
    out: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it; the same repair gives the same content."""
        plain = to_plain(self)
        del plain["out"]
        for change in plain["changes"]:
            for number in change["rules"].values():
                if number["snapped"] is None:
                    del number["snapped"]
        return {"schema": self.SCHEMA, "version": version("pixelwise"), **plain}

    def write(self) -> None:
        """Write fix.json into the copy.

        Raises:
            RunError: the file system refuses.
        """
        write_json(Path(self.out) / FILE_NAME, self.as_dict())

    def text(self) -> str:
        """What was repaired and what was left, by rule, for a terminal."""
        changed, same = len(self.changes), self.files - len(self.changes)
        done = f"{plural(changed, 'file')} repaired, {plural(same, 'file')} copied as they were"
        lines = [
            f"{self.out}: {done}",
            *(line for rule in RULES for line in _repaired_lines(rule, self.changes)),
        ]
        if self.left:
            lines.append(f"left as they were, all with their reason in {FILE_NAME}:")
            lines += [line for rule in RULES for line in _left_lines(rule, self.left)]
        lines.append(f"to look again: pixelwise audit {shell_line([self.out])}")
        return "\n".join(lines)

    __repr__ = text


def _repaired_lines(rule: str, changes: tuple[Change, ...]) -> list[str]:
    done = [change.rules[rule] for change in changes if rule in change.rules]
    if not done:
        return []
    pixels, void = sum(n.pixels for n in done), sum(n.void for n in done)
    line = f"  repaired {rule:4}{RULES[rule].title}: {plural(len(done), 'file')}"
    if pixels:
        line += f", {plural(pixels, 'pixel')} changed"
    snapped = Snapped.joined(n.snapped for n in done)
    more = [f"                {snapped.text()}"] if snapped else []
    return [line + (f", {void:,} of them to void" if void else ""), *more]


def _left_lines(rule: str, left: tuple[Unrepaired, ...]) -> list[str]:
    same = [one for one in left if one.rule == rule]
    if not same:
        return []
    lines = [f"  left     {rule:4}{RULES[rule].title}: {plural(len(same), 'file')}"]
    for reason in list(dict.fromkeys(one.reason for one in same))[:_LISTED]:
        first = next(one.file for one in same if one.reason == reason)
        lines.append(f"               {printable(first)}: {printable(reason)}")
    return lines
