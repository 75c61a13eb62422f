"""The page of an audit: rules worst first, their causes and commands, and pictures of examples."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixelwise.audit.findings import Audit, Finding, plural
from pixelwise.audit.rules import RULES, SEVERITIES, command
from pixelwise.errors import PixelwiseError
from pixelwise.files.atomic import atomic_write
from pixelwise.labels.description import Description, read_description
from pixelwise.report.examples import example_pictures
from pixelwise.report.html import environment
from pixelwise.report.words import grouped, listed

EXAMPLES = 5


def audit_page(audit: Mapping[str, Any], out: Path | str) -> Path:
    """Write an audit as one self-contained HTML file.

    The files of the data set are read again for the pictures; one that is gone or cannot be shown
    is replaced by a sentence. The same audit and files give the same bytes.

    Args:
        audit: Audit.as_dict(), or the JSON that the audit command wrote.
        out: the file.
    Returns:
        out.
    Raises:
        DatasetError: audit is something else.
        RunError: the file system refuses.
    """
    found = Audit.from_dict(audit)
    page = environment().get_template("audit.html").render(context(found))
    atomic_write(out, page.encode())
    return Path(out)


def context(audit: Audit) -> dict[str, Any]:
    """What stands on the page."""
    root = Path(audit.root)
    description = _description(root)
    return {
        "version": version("pixelwise"),
        "name": root.resolve().name,
        "root": str(root),
        "verdict": verdict(audit),
        "files": audit.files,
        "pairs": audit.pairs,
        "accepted": audit.accepted,
        "not_looked": audit.not_looked,
        "rules": [rule_of(audit, rule, root, description) for rule in audit.by_rule()],
    }


def verdict(audit: Audit) -> str:
    """How many findings of each severity, in words."""
    numbers = [(audit.of_severity(severity), severity) for severity in SEVERITIES]
    return listed([f"{grouped(n)} {s}{'s' if n > 1 else ''}" for n, s in numbers if n]) or "Nothing"


def rule_of(audit: Audit, rule: str, root: Path, description: Description | None) -> dict[str, Any]:
    """One rule with its first examples."""
    meaning, total, findings = RULES[rule], audit.totals[rule], audit.of_rule(rule)
    shown = findings[:EXAMPLES]
    rest = total.files - len(shown)
    return {
        "id": rule,
        "severity": meaning.severity,
        "title": meaning.title,
        "cause": meaning.cause,
        "counted": meaning.counted,
        "fix": command(meaning.fix, audit.root),
        "files": total.files,
        "number": plural(total.files, meaning.about),
        "count": total.count,
        "examples": [example(finding, root, description) for finding in shown],
        "rest": plural(rest, f"more {meaning.about}") if rest else "",
    }


def example(finding: Finding, root: Path, description: Description | None) -> dict[str, Any]:
    """A finding with its pictures."""
    # where a rule counts files, the whole file is meant, and no place in it
    place = None if RULES[finding.rule].counted == "files" else finding.place
    pictures = example_pictures(
        root, description, finding.file, place, finding.values, finding.other
    )
    # what F3 finds is why there is no picture
    told = [picture for picture in pictures if picture.data or finding.rule != "F3"]
    return {"file": finding.file, "detail": finding.detail, "pictures": told}


def _description(root: Path) -> Description | None:
    """The description of the data set; without one, colours are those of Pascal VOC."""
    try:
        return read_description(root)
    except PixelwiseError:
        return None
