"""Audit: what was looked at and what was found, for a terminal, as JSON, and for a repair."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pixelwise.audit.findings import Finding, Total
from pixelwise.audit.headers import Header
from pixelwise.audit.rule import REPAIRED, SEVERITIES, Severity
from pixelwise.audit.rules import RULES
from pixelwise.audit.source import Source
from pixelwise.files.records import to_plain
from pixelwise.files.results import record_of
from pixelwise.text import plural, shell_line


@dataclass(frozen=True)
class Evidence:
    """What an audit has read, for the repair and the page that follow it in the same process.

    Args:
        source: the opened dataset.
        headers: of every label that has one, and of the images whose suffix is wrong.
        values: stored values that occur in labels.
        void_is_used: a label has 255 beside 1, so that 255 is not the foreground.
    """

    source: Source
    headers: Mapping[str, Header]
    values: frozenset[int]
    void_is_used: bool


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
        questions: lines of what has to be decided before the dataset is used, with the commands.
        notes: what is done with images that are not plain 8-bit RGB, each a sentence.
        repairs: by rule, the command that repairs it where that is not repair_command's.
        complete: every finding that a repair needs is listed: none is cut off, accepted by a
            baseline, left out by quick, or judged by guessed classes.
        evidence: what was read; not in files and pickles.
    """

    SCHEMA: ClassVar[str] = "pixelwise.audit/1"

    root: str
    files: int
    findings: tuple[Finding, ...] = ()
    accepted: int = 0
    totals: dict[str, Total] = field(default_factory=dict)
    pairs: dict[str, int] = field(default_factory=dict)
    not_looked: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repairs: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "evidence": None}

    def by_rule(self) -> dict[str, tuple[Finding, ...]]:
        """The listed findings of each rule, the worst rule first: by severity, then by files."""
        return {rule: self.of_rule(rule) for rule in sorted(self.totals, key=self._badness)}

    def of_rule(self, rule: str) -> tuple[Finding, ...]:
        """The listed findings of one rule."""
        return tuple(finding for finding in self.findings if finding.rule == rule)

    def repair(self, rule: str) -> str:
        """The command that repairs a rule; "" if none does."""
        return self.repairs.get(rule, repair_command(rule, self.root))

    @property
    def errors(self) -> int:
        """Findings of severity "error", listed or not."""
        return self.of_severity("error")

    def of_severity(self, severity: Severity) -> int:
        """Findings of a severity, listed or not."""
        return sum(t.files for rule, t in self.totals.items() if RULES[rule].severity == severity)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        plain = to_plain(replace(self, evidence=None))
        del plain["evidence"]
        return {"schema": self.SCHEMA, "errors": self.errors, **plain}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "Audit":
        """The inverse of as_dict, also for what `pixelwise audit --json` prints.

        Raises:
            RunError: the table is something else.
        """
        plain = {key: table[key] for key in table.keys() - {"errors", "fixed", "evidence"}}
        return record_of(cls, plain, "Audit.from_dict")

    def text(self) -> str:
        """The findings by rule, worst first, each with an example, its cause and its repair."""
        found = [_rule_text(self, rule) for rule in self.by_rule()]
        return "\n\n".join([_headline(self), *_questions(self), *found, *_tail(self)])

    __repr__ = text

    def _repr_html_(self) -> str:
        return _table(self)

    def _badness(self, rule: str) -> tuple[int, int, int]:
        severity = SEVERITIES.index(RULES[rule].severity)
        return severity, -self.totals[rule].files, list(RULES).index(rule)


def repair_command(name: str, root: str) -> str:
    """The command that repairs a rule, as a shell takes it; "" if none does.

    Args:
        name: of the rule.
        root: the folder of the dataset.
    """
    rule, folder = RULES[name], root.rstrip("/") or root
    if rule.convert:
        return f"pixelwise convert {shell_line([folder])} {rule.convert}"
    if rule.repair not in REPAIRED:
        return ""
    asked = f" --fix-rules safe {name}" if rule.ask else ""
    return shell_line(["pixelwise", "audit", folder, "--fix", f"{folder}-fixed"]) + asked


def _headline(audit: Audit) -> str:
    splits = ", ".join(f"{name} {number:,}" for name, number in audit.pairs.items())
    looked = plural(audit.files, "file") + (f", pairs: {splits}" if splits else "")
    numbers = [(audit.of_severity(s), s) for s in SEVERITIES]
    found = ", ".join(plural(n, s) for n, s in numbers if n) or "no findings"
    return f"{audit.root}: {looked}\n{found}"


def _questions(audit: Audit) -> Iterable[str]:
    if audit.questions:
        yield "\n".join(["please decide:", *(f"  {line}" for line in audit.questions)])


def _rule_text(audit: Audit, rule: str) -> str:
    """A few lines: what, how often, one example, the likely cause, the command."""
    meaning, total = RULES[rule], audit.totals[rule]
    number = plural(total.files, meaning.about)
    if meaning.counted == "files":
        number = plural(total.count, "file")
    elif meaning.counted != "classes":
        number += f", {plural(total.count, meaning.counted[:-1])}"
    lines = [f"{meaning.severity} {rule}: {meaning.title} ({number})"]
    shown = {finding.cause: finding for finding in reversed(audit.of_rule(rule))}
    for finding in reversed(shown.values()):
        # where a rule counts files, the whole file is meant, and no place in it
        whole = finding.place is None or meaning.counted == "files"
        place = "" if whole else " at x={1}, y={0}".format(*(finding.place or ()))
        lines.append(f"  e.g.    {finding.file}{place}: {finding.detail}")
        if finding.cause:
            lines.append(f"  cause   {finding.cause}")
    if not shown or "" in shown:
        lines.append(f"  cause   {meaning.cause}")
    if command := audit.repair(rule):
        lines.append(f"  repair  {command}")
    return "\n".join(lines)


def _tail(audit: Audit) -> Iterable[str]:
    if audit.notes:
        yield "\n".join(["images:", *(f"  {note}" for note in audit.notes)])
    if audit.accepted:
        yield f"accepted by the baseline: {plural(audit.accepted, 'finding')}"
    if audit.not_looked:
        yield "not looked at: " + "; ".join(audit.not_looked)


def _table(audit: Audit) -> str:
    """A row for each rule that was broken, the worst first, with an example and its repair."""
    # a notebook alone asks for it
    from pixelwise.figures.table import html_table

    rows = []
    for rule, findings in audit.by_rule().items():
        meaning, total = RULES[rule], audit.totals[rule]
        example = f"{findings[0].file}: {findings[0].detail}" if findings else ""
        row = [meaning.severity, rule, meaning.title, f"{total.files:,}", example]
        rows.append([*row, audit.repair(rule)])
    numbers = [(audit.of_severity(severity), severity) for severity in SEVERITIES]
    found = ", ".join(plural(n, severity) for n, severity in numbers if n) or "no findings"
    caption = f"{audit.root}: {plural(audit.files, 'file')}; {found}"
    notes = [f"please decide: {line}" for line in audit.questions] + list(audit.notes)
    notes += [f"accepted by the baseline: {audit.accepted:,}"] if audit.accepted else []
    notes += ["not looked at: " + "; ".join(audit.not_looked)] if audit.not_looked else []
    columns = ["severity", "rule", "what is wrong", "files", "for example", "repair"]
    return html_table(columns, rows, caption, notes, words=True)
