"""What an audit finds: Finding, one defect of one file; Audit, all of them, by rule.

Every finding is counted, but only so many of a rule are listed, so that an audit of a million
files is no larger than one of a thousand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pixelwise.audit.rules import RULES, SEVERITIES, command
from pixelwise.errors import DatasetError

SCHEMA = "pixelwise.audit/1"


@dataclass(frozen=True)
class Finding:
    """One defect of one file.

    Args:
        rule: its id in RULES.
        file: the file, relative to the root of the data set, with "/".
        count: how many pixels are affected, or what else RULES[rule].counted says.
        place: (y, x) of the first affected pixel, None if it has no place.
        detail: what is special about this case, in words.
        values: the stored values it is about.
        other: the file that it is compared with, such as its image or its copy; "" if none.
    """

    rule: str
    file: str
    count: int
    place: tuple[int, int] | None
    detail: str
    values: tuple[int, ...] = ()
    other: str = ""

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "Finding":
        """The inverse of dataclasses.asdict, from JSON."""
        place = table["place"]
        values = tuple(table["values"])
        return cls(**{**table, "place": None if place is None else tuple(place), "values": values})


@dataclass(frozen=True)
class Total:
    """How often a rule was broken: in so many files, and the sum of their counts."""

    files: int
    count: int


@dataclass(frozen=True)
class Audit:
    """What was looked at, and what was found.

    Args:
        root: the folder that names of files are relative to.
        files: files that were looked at: images, labels and annotation files.
        findings: those that are listed, by rule in the order of RULES.
        accepted: findings that a baseline knows; they are in no other number.
        totals: by rule, of all findings, listed or not.
        pairs: pairs of each split.
        not_looked: what was left out, each a sentence.
        complete: every finding that a repair needs is listed: none is cut off, accepted by a
            baseline, left out by quick, or judged by guessed classes.
    """

    root: str
    files: int
    findings: tuple[Finding, ...] = ()
    accepted: int = 0
    totals: dict[str, Total] = field(default_factory=dict)
    pairs: dict[str, int] = field(default_factory=dict)
    not_looked: tuple[str, ...] = ()
    complete: bool = False

    def by_rule(self) -> dict[str, tuple[Finding, ...]]:
        """The listed findings of each rule, the worst rule first: by severity, then by files."""
        return {rule: self.of_rule(rule) for rule in sorted(self.totals, key=self._badness)}

    def of_rule(self, rule: str) -> tuple[Finding, ...]:
        """The listed findings of one rule."""
        return tuple(finding for finding in self.findings if finding.rule == rule)

    @property
    def errors(self) -> int:
        """Findings of severity "error", listed or not."""
        return self.of_severity("error")

    def of_severity(self, severity: str) -> int:
        """Findings of a severity, listed or not."""
        return sum(t.files for rule, t in self.totals.items() if RULES[rule].severity == severity)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"schema": SCHEMA, "errors": self.errors, **asdict(self)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "Audit":
        """The inverse of as_dict.

        Raises:
            DatasetError: the table is something else.
        """
        if table.get("schema") != SCHEMA:
            got = table.get("schema", "none")
            raise DatasetError("Audit.from_dict", "schema", must=SCHEMA, got=got)
        known = {f.name: table[f.name] for f in fields(cls) if f.name in table}
        known["findings"] = tuple(Finding.from_dict(row) for row in table["findings"])
        known["totals"] = {rule: Total(**total) for rule, total in table["totals"].items()}
        known["not_looked"] = tuple(table["not_looked"])
        return cls(**known)

    def text(self) -> str:
        """The findings by rule, worst first, each with an example, its cause and its remedy."""
        found = [_rule_text(self, rule) for rule in self.by_rule()]
        return "\n\n".join([_headline(self), *found, *_tail(self)])

    def _badness(self, rule: str) -> tuple[int, int, int]:
        severity = SEVERITIES.index(RULES[rule].severity)
        return severity, -self.totals[rule].files, list(RULES).index(rule)


def _headline(audit: Audit) -> str:
    splits = ", ".join(f"{name} {number:,}" for name, number in audit.pairs.items())
    looked = f"{audit.files:,} files" + (f", pairs: {splits}" if splits else "")
    numbers = [(audit.of_severity(s), s) for s in SEVERITIES]
    found = ", ".join(plural(n, s) for n, s in numbers if n) or "nothing found"
    return f"{audit.root}: {looked}\n{found}"


def _rule_text(audit: Audit, rule: str) -> str:
    """A few lines: what, how often, one example, the likely cause, the command."""
    meaning, total = RULES[rule], audit.totals[rule]
    number = plural(total.files, meaning.about)
    if meaning.counted == "files":
        number = plural(total.count, "file")
    elif meaning.counted != "classes":
        number += f", {total.count:,} {meaning.counted}"
    lines = [f"{meaning.severity} {rule}: {meaning.title} ({number})"]
    for finding in audit.of_rule(rule)[:1]:
        # where a rule counts files, the whole file is meant, and no place in it
        whole = finding.place is None or meaning.counted == "files"
        place = "" if whole else " at x={1}, y={0}".format(*(finding.place or ()))
        lines.append(f"  e.g.   {finding.file}{place}: {finding.detail}")
    lines.append(f"  cause  {meaning.cause}")
    if meaning.fix:
        lines.append(f"  mend   {command(meaning.fix, audit.root)}")
    return "\n".join(lines)


def _tail(audit: Audit) -> Iterable[str]:
    if audit.accepted:
        yield f"accepted by the baseline: {plural(audit.accepted, 'finding')}"
    if audit.not_looked:
        yield "not looked at: " + "; ".join(audit.not_looked)


def plural(number: int, word: str) -> str:
    """A number and what it counts, such as "1 class" and "2 classes"."""
    ending = "es" if word.endswith("ss") else "s"
    return f"{number:,} {word}" + ("" if number == 1 else ending)
