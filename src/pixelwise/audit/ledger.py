"""Where findings are collected: all are counted, so many of each rule are kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pixelwise.audit.findings import Finding, Total
from pixelwise.audit.rules import RULES

# What a baseline knows a finding by, and the count up to which it is accepted.
Key = tuple[str, str, tuple[int, ...]]


# What unknown values may turn out to be, once all labels have been looked at.
_EXPLAINED = {"V6": "V4", "V7": "V4"}


def key_of(finding: Finding) -> Key:
    """What stays the same when the same defect is found again."""
    return _EXPLAINED.get(finding.rule, finding.rule), finding.file, finding.values


class Ledger:
    """Findings while they are found.

    Args:
        listed: how many of each rule are kept; None = all.
        baseline: accepted findings, see baseline.read_baseline.
    """

    def __init__(self, listed: int | None, baseline: Mapping[Key, int]) -> None:
        self.accepted = 0
        self._listed = listed
        self._baseline = baseline
        self._kept: dict[str, list[Finding]] = defaultdict(list)
        self._files: dict[str, int] = defaultdict(int)
        self._count: dict[str, int] = defaultdict(int)

    def add(self, findings: Iterable[Finding]) -> None:
        """Count findings, and keep them while there is room."""
        for finding in findings:
            if finding.count <= self._baseline.get(key_of(finding), -1):
                self.accepted += 1
                continue
            self._files[finding.rule] += 1
            self._count[finding.rule] += finding.count
            if self._listed is None or self._files[finding.rule] <= self._listed:
                self._kept[finding.rule].append(finding)

    def explain(self, rule: str, better: str, detail: str) -> None:
        """Turn all findings of a rule into findings of one that knows their common reason."""
        kept = [replace(f, rule=better, detail=f"{detail}: {f.detail}") for f in self._kept[rule]]
        self._kept[better] += kept
        self._files[better] += self._files[rule]
        self._count[better] += self._count[rule]
        self.drop(rule)

    def drop(self, rule: str) -> None:
        """Forget a rule, because another one explains all of its findings."""
        self._kept.pop(rule, None)
        self._files.pop(rule, None)
        self._count.pop(rule, None)

    def findings(self) -> tuple[Finding, ...]:
        """Those that were kept, in the order of RULES."""
        return tuple(finding for rule in RULES for finding in self._kept.get(rule, ()))

    def totals(self) -> dict[str, Total]:
        """Files and counts of each rule that has a finding, in the order of RULES."""
        rules = [rule for rule in RULES if rule in self._files]
        return {rule: Total(self._files[rule], self._count[rule]) for rule in rules}
