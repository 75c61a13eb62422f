"""Findings that are known and accepted: a file that is kept beside the dataset.

A finding is accepted if the baseline has one with the same rule, file and values, and a count that
is not smaller: a defect that grows is found again.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pixelwise.audit.findings import Key, key_of
from pixelwise.audit.result import Audit
from pixelwise.errors import ArgumentError, setting
from pixelwise.files.json_file import read_json
from pixelwise.files.records import to_plain
from pixelwise.files.results import record_of, write_json


@dataclass(frozen=True)
class Accepted:
    """What a finding is known by, and the count up to which it is accepted."""

    rule: str
    file: str
    values: tuple[int, ...]
    count: int


@dataclass(frozen=True)
class Baseline:
    """The accepted findings of a dataset."""

    SCHEMA: ClassVar[str] = "pixelwise.baseline/1"

    accepted: tuple[Accepted, ...]

    def counts(self) -> dict[Key, int]:
        """The count up to which each finding is accepted."""
        return {(row.rule, row.file, row.values): row.count for row in self.accepted}


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        ArgumentError: the file cannot be read.
        RunError: it is not a baseline.
    """
    table, hint = read_json(path, ArgumentError), f"Write one with {setting('write_baseline')}."
    return record_of(Baseline, table if isinstance(table, dict) else {}, str(path), hint)


def write_baseline(
    path: Path, audit: Audit, known: Iterable[Accepted] = (), rules: Container[str] = ()
) -> None:
    """Accept the listed findings of an audit from now on.

    Args:
        path: of the file.
        audit: what was found.
        known: what was accepted before and stays so.
        rules: whose findings are accepted; () = all.
    Raises:
        RunError: the file system refuses.
    """
    found = (f for f in audit.findings if not rules or f.rule in rules)
    rows = [*known, *(Accepted(*key_of(finding), finding.count) for finding in found)]
    # a finding of a larger count takes the place of the one that was accepted
    last = {(row.rule, row.file, row.values): row for row in rows}
    write_json(path, {"schema": Baseline.SCHEMA, **to_plain(Baseline(tuple(last.values())))})
