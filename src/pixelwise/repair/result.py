"""What a repair did: Fixed, and fix.json beside the copy."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from pixelwise.audit.rules import RULES
from pixelwise.text import printable

SCHEMA = "pixelwise.fix/1"
FILE_NAME = "fix.json"
_LISTED = 3


@dataclass(frozen=True)
class Change:
    """What was done to a file.

    Args:
        file: its name in the source.
        to: its name in the copy.
        rules: rule -> (pixels that have another stored value now, those of them that are void).
    """

    file: str
    to: str
    rules: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Left:
    """A finding that stays in the copy, and why."""

    file: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Fixed:
    """A repaired copy of a data set.

    Args:
        source: folder that was read.
        out: folder of the copy.
        rules: that were asked for.
        files: files of the copy.
        changes: of the files that are not copied byte for byte, by name.
        left: findings that stay, by name.
    """

    source: str
    out: str
    rules: tuple[str, ...]
    files: int
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it; the same repair gives the same content."""
        return {
            "schema": SCHEMA,
            "version": version("pixelwise"),
            "source": self.source,
            "rules": list(self.rules),
            "files": self.files,
            "changes": [
                {
                    "file": change.file,
                    "to": change.to,
                    "rules": {r: {"pixels": n, "void": v} for r, (n, v) in change.rules.items()},
                }
                for change in self.changes
            ],
            "left": [vars(left) for left in self.left],
        }

    def content(self) -> bytes:
        """The bytes of fix.json."""
        return (json.dumps(self.as_dict(), indent=1) + "\n").encode("utf-8", "surrogatepass")

    def text(self) -> str:
        """What was mended and what was left, by rule, for a terminal."""
        same = self.files - len(self.changes)
        head = f"{self.out}: {_files(len(self.changes))} mended, {_files(same)} copied as they were"
        lines = [head, *(_mended_line(rule, self.changes) for rule in _rules_of(self.changes))]
        if self.left:
            lines.append(f"left as they were, all with their reason in {FILE_NAME}:")
            lines += _left_lines(self.left)
            lines.append(f"to look again: pixelwise audit {shlex.quote(self.out)}")
        return "\n".join(lines)


def _rules_of(changes: tuple[Change, ...]) -> list[str]:
    done = {rule for change in changes for rule in change.rules}
    return [rule for rule in RULES if rule in done]


def _mended_line(rule: str, changes: tuple[Change, ...]) -> str:
    done = [change.rules[rule] for change in changes if rule in change.rules]
    pixels, void = sum(n for n, _ in done), sum(v for _, v in done)
    line = f"  mended {rule:4}{RULES[rule].title}: {_files(len(done))}"
    if pixels:
        line += f", {pixels:,} pixels changed"
    return line + (f", {void:,} of them to void" if void else "")


def _left_lines(left: tuple[Left, ...]) -> list[str]:
    lines = []
    for rule in RULES:
        some = [one for one in left if one.rule == rule]
        if some:
            lines.append(f"  left   {rule:4}{RULES[rule].title}: {_files(len(some))}")
            for reason in list(dict.fromkeys(one.reason for one in some))[:_LISTED]:
                first = next(one.file for one in some if one.reason == reason)
                lines.append(f"             {printable(first)}: {printable(reason)}")
    return lines


def _files(number: int) -> str:
    return f"{number:,} file" + ("" if number == 1 else "s")
