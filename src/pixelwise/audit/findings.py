"""Finding, one defect of one file; and the Ledger that collects them.

Every finding is counted, but only a limited number of each rule is kept, so that the audit of a
million files is no larger than that of a thousand.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pixelwise.audit.rules import RULES
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import Unreadable
from pixelwise.text import plural

# What a baseline knows a finding by, and the count up to which it is accepted.
Key = tuple[str, str, tuple[int, ...]]
_TAKE_OUT = "Restore it from its source, or take the pair out."
# Of files that cannot be read, by files.content.Cause
CAUSES: Mapping[str, str] = {
    "cut": f"A copy or a download was cut off. {_TAKE_OUT}",
    "empty": f"The program that wrote it was stopped, or the disk was full. {_TAKE_OUT}",
    "damaged": f"Bytes of it have changed, or a program wrote it wrongly. {_TAKE_OUT}",
    "access": "This user may not read it. Change its permissions or its owner.",
    "system": "The disk or the network that holds it fails. Try again, or copy the dataset.",
    "missing": "It is a link to a file that is not there, or was removed meanwhile. Put the file "
    "there, or take the pair out.",
    "kind": "Its name is that of an image, but there is no file to read. Put the image there, or "
    "take the pair out.",
    "format": "It was saved under the name of an image, such as the page of a failed download, or "
    "has a rare format. Fetch it again, or save it as a PNG.",
    "large": "It has more than an image may have. Cut it into tiles.",
    "memory": "It takes more memory than one file may. If it is right, allow that with max_gib.",
    "several": "It is an animation or has several pages. Save the one you want alone.",
    "storage": "Its pixels are stored in a way that is not read. Save it again as a PNG.",
    "busy": "A program writes to it. Run the audit again afterwards.",
}


@dataclass(frozen=True)
class Finding:
    """One defect of one file.

    Args:
        rule: its id in RULES.
        file: the file, relative to the root of the dataset, with "/".
        count: how many pixels are affected, or what else RULES[rule].counted says.
        place: (y, x) of the first affected pixel, None if it has no place.
        detail: what is special about this case, in words.
        values: the stored values it is about.
        other: the file that it is compared with, such as its image or its copy; "" if none.
        cause: how this one came about, where that differs from file to file; "" = as the rule says.
    """

    rule: str
    file: str
    count: int
    place: tuple[int, int] | None
    detail: str
    values: tuple[int, ...] = ()
    other: str = ""
    cause: str = ""

    def _repr_html_(self) -> str:
        from pixelwise.figures.table import html_table

        rule = RULES[self.rule]
        place = "" if self.place is None else "x={1}, y={0}".format(*self.place)
        counted = "class" if rule.counted == "classes" else rule.counted[:-1]
        rows = [
            ["rule", f"{self.rule} ({rule.severity}): {rule.title}"],
            ["file", self.file],
            ["found", self.detail],
            [
                "count",
                plural(self.count, counted),
            ],
            ["first at", place],
            ["compared with", self.other],
            ["cause", self.cause or rule.cause],
        ]
        return html_table(["", ""], [row for row in rows if row[1]], words=True)


@dataclass(frozen=True)
class Total:
    """How often a rule was broken: in so many files, and the sum of their counts."""

    files: int
    count: int


def key_of(finding: Finding) -> Key:
    """What stays the same when the same defect is found again."""
    return RULES[finding.rule].replaces or finding.rule, finding.file, finding.values


def unreadable(name: str, error: Unreadable | PixelwiseError) -> Finding:
    """The finding of a file that cannot be read or decoded.

    Args:
        name: of the file.
        error: why.
    """
    if isinstance(error, Unreadable):
        detail = f"it must be {error.must}, got {error.got}"
    else:
        detail = error.reason
    return Finding("F3", name, 1, None, detail, cause=CAUSES[error.cause or "damaged"])


class Ledger:
    """Findings while they are found.

    Args:
        listed: how many of each rule are kept; None = all.
        baseline: the counts up to which findings are accepted.
    """

    def __init__(self, listed: int | None, baseline: Mapping[Key, int]) -> None:
        self.accepted = 0
        self.listed = listed
        self._baseline = baseline
        self._kept: dict[str, list[Finding]] = defaultdict(list)
        self._files: dict[str, int] = defaultdict(int)
        self._count: dict[str, int] = defaultdict(int)

    def add(self, findings: Iterable[Finding]) -> None:
        """Count findings, and keep them up to the limit."""
        for finding in findings:
            if finding.count <= self._baseline.get(key_of(finding), -1):
                self.accepted += 1
                continue
            self._files[finding.rule] += 1
            self._count[finding.rule] += finding.count
            if self.listed is None or self._files[finding.rule] <= self.listed:
                self._kept[finding.rule].append(finding)

    def replace(self, rule: str, better: str, detail: str) -> None:
        """Turn all findings of a rule into ones of the rule that explains them; "" drops them."""
        kept = self._kept.pop(rule, [])
        files, count = self._files.pop(rule, 0), self._count.pop(rule, 0)
        if better and files:
            better_ones = (replace(f, rule=better, detail=f"{detail}: {f.detail}") for f in kept)
            self._kept[better] += better_ones
            self._files[better] += files
            self._count[better] += count

    def findings(self) -> tuple[Finding, ...]:
        """Those that were kept, in the order of RULES."""
        return tuple(finding for rule in RULES for finding in self._kept.get(rule, ()))

    def totals(self) -> dict[str, Total]:
        """Files and counts of each rule that has a finding, in the order of RULES."""
        rules = [rule for rule in RULES if rule in self._files]
        return {rule: Total(self._files[rule], self._count[rule]) for rule in rules}
