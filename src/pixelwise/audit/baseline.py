"""Findings that are known and accepted: a file that is kept beside the data set.

A finding is accepted if the baseline has one with the same rule, file and values, and a count that
is not smaller: a defect that grows is found again.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pixelwise.audit.findings import Audit
from pixelwise.audit.ledger import Key, key_of
from pixelwise.errors import ArgumentError
from pixelwise.files.atomic import atomic_write

SCHEMA = "pixelwise.baseline/1"


def read_baseline(path: Path) -> Mapping[Key, int]:
    """The counts up to which findings are accepted.

    Raises:
        ArgumentError: the file cannot be read or is something else.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != SCHEMA:
            raise ValueError(f"schema {table['schema']!r} instead of {SCHEMA!r}")
        return {
            (row["rule"], row["file"], tuple(row["values"])): int(row["count"])
            for row in table["accepted"]
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        got = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        hint = "Write it with --write-baseline."
        raise ArgumentError(path, "file", must="a baseline", got=got, hint=hint) from None


def write_baseline(path: Path, audit: Audit) -> None:
    """Accept every listed finding of an audit from now on.

    Raises:
        RunError: the file system refuses.
    """
    rows = [
        dict(zip(("rule", "file", "values"), key_of(finding)), count=finding.count)
        for finding in audit.findings
    ]
    text = json.dumps({"schema": SCHEMA, "accepted": rows}, indent=1)
    atomic_write(path, text.encode())
