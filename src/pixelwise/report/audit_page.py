"""The page of an audit: rules worst first, their causes and commands, and pictures of examples.

audit and run_audit are what the command does: the audit, this page, and the repaired copy.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixelwise.audit.command import LISTED, audit_of
from pixelwise.audit.config import AuditConfig
from pixelwise.audit.findings import Finding
from pixelwise.audit.inventory import take_inventory
from pixelwise.audit.result import Audit
from pixelwise.audit.rule import SEVERITIES
from pixelwise.audit.rules import RULES
from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.figures.words import grouped, listed
from pixelwise.files.atomic import atomic_write
from pixelwise.files.names import real_path
from pixelwise.init.suggest import next_step
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.description import read_description
from pixelwise.repair.command import repair_of
from pixelwise.repair.result import Repaired
from pixelwise.report.examples import DatasetFiles, example_pictures
from pixelwise.report.html import environment
from pixelwise.report.scripts import scripts
from pixelwise.settings import takes_settings
from pixelwise.sums import Progress
from pixelwise.text import plural, shell_line

EXAMPLES = 5
# Findings that a page lists, of all rules together.
MOST_ROWS = 10_000
# Rules about values, regions and pairs: a label is seen best beside its image.
BESIDE_THE_IMAGE = "VRGP"


@dataclass(frozen=True)
class AuditRun:
    """What `pixelwise audit` did.

    Args:
        audit: what was found.
        repaired: the copy, if one was asked for.
        page: the HTML page, if one was asked for.
    """

    audit: Audit
    repaired: Repaired | None = None
    page: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON can hold it; the repair in its key "fixed"."""
        fixed = {} if self.repaired is None else {"fixed": self.repaired.as_dict()}
        return {**self.audit.as_dict(), **fixed}

    def text(self) -> str:
        """All of it for a terminal."""
        audit = self.audit
        if self.repaired is not None:  # what is still to be done is said by the repair
            audit = replace(audit, repairs=dict.fromkeys(audit.totals, ""))
        parts = [part.text() for part in (audit, self.repaired) if part is not None]
        return "\n\n".join([*parts, *([f"wrote {self.page}"] if self.page else [])])

    def finding(self) -> str:
        """Errors in a dataset are not a success, also if a copy is without them."""
        errors = self.audit.errors
        return f"{plural(errors, 'error')} in {self.audit.root}" if errors else ""


@takes_settings(AuditConfig)
def audit(
    config: AuditConfig,
    executor: Executor | None = None,
    listed: int | None = LISTED,
    progress: Progress | None = None,
) -> Audit:
    """Look for defects of label files, labels, pairs and splits; the rules are pw.RULES.

        audit("street")    audit("street", deep=True)    audit(AuditConfig("street", deep=True))

    Each file is opened once: of images the first bytes are read, labels are decoded. Files that
    may be copies of each other, by size and a few bytes of images or by the values and some rows
    of labels, are read once more and compared by all pixels. Isolated pixels (R1) and lines of a
    class between others (V2) are looked for in 32 evenly spaced labels.

    Args:
        config: the settings, as for the command. Its data is a folder with dataset.toml, or one
            without it, whose classes are guessed from up to 500 labels; or a Description.
        executor: any concurrent.futures executor; None takes the one that config asks for.
        listed: findings of each rule to list; None = all. All are counted.
        progress: called with (done, all) after each pair.
    Returns:
        Audit, the same for every executor. A page (`html`) and a repaired copy (`fix`) are written
        as for the command.
    Raises:
        DatasetError: there is no dataset, or its dataset.toml is wrong. Whatever is wrong with
            the files themselves is a finding.
        RunError: a file cannot be written, or the baseline is damaged.
    """
    return run_audit(config, executor, listed, progress).audit


def run_audit(
    config: AuditConfig,
    executor: Executor | None = None,
    listed: int | None = LISTED,
    progress: Progress | None = None,
) -> AuditRun:
    """What `pixelwise audit` does: audit, make the page, write the repaired copy.

    A label is opened by the audit, and once more by the page or the repair: the page hands on what
    it has read. dataset.toml is opened by the audit, and once more to be copied.

    Args:
        config, executor, listed, progress: see audit.
    Raises:
        PixelwiseError: see audit and fix.
    """
    config = with_absolute_paths(config)
    with open_executor(config.workers, config.scheduler, executor) as given:
        found = _audit(config, given, listed, progress)
        files = _files_of(found)
        if config.html is not None:
            _write(found, files, config.html)
        return AuditRun(found, repair_of(config, found, given, files.read), config.html)


def _audit(
    config: AuditConfig, executor: Executor | None, listed: int | None, progress: Progress | None
) -> Audit:
    """audit_of; a folder that is not a dataset gets the commands that make one of it."""
    try:
        return audit_of(config, executor, listed, progress)
    except DatasetError as error:
        if isinstance(config.data, Path) and config.data.is_dir():
            error.add_hint("" if error.hint else next_step(config.data))
        raise


def audit_page(audit: Audit | Mapping[str, Any], out: Path | str) -> Path:
    """Write an audit as one self-contained HTML file.

    Examples are read again for the pictures; a file that is missing or cannot be shown is
    replaced by a sentence. The same audit and files give the same bytes.

    Args:
        audit: what pw.audit returns, or the JSON that `pixelwise audit --json` prints.
        out: the file.
    Returns:
        out.
    Raises:
        RunError: audit is something else; the file system refuses.
    """
    found = audit if isinstance(audit, Audit) else Audit.from_dict(audit)
    return _write(found, _files_of(found), Path(out))


def _files_of(audit: Audit) -> DatasetFiles:
    """The files of an audited dataset; of one from JSON, dataset.toml is read again."""
    evidence, root = audit.evidence, Path(audit.root)
    try:
        if evidence is None:
            description = read_description(root)
            pairs = take_inventory(description).pairs
        else:
            description, pairs = evidence.source.description, evidence.source.inventory.pairs
    except PixelwiseError:
        return DatasetFiles(root)  # colours are those of Pascal VOC
    images = {pair.label: pair.image for pair in pairs if pair.label}
    guessed = evidence is not None and evidence.source.guessed
    # where classes overlap, the colours of a file are those of one class
    colours = None if guessed or description.task == MULTILABEL else description
    return DatasetFiles(root, colours, images, {} if evidence is None else evidence.headers)


def _write(audit: Audit, files: DatasetFiles, out: Path) -> Path:
    page = environment().get_template("audit.html").render(context(audit, files))
    atomic_write(out, page.encode())
    return out


def context(audit: Audit, files: DatasetFiles) -> dict[str, Any]:
    """The content of the page."""
    rows = shared({rule: len(findings) for rule, findings in audit.by_rule().items()}, MOST_ROWS)
    return {
        "version": version("pixelwise"),
        "scripts": scripts("sort", "filter", "copy", "layers"),
        "name": real_path(files.root).name,
        "root": audit.root,
        "verdict": verdict(audit),
        "files": _counted(audit.files, "files"),
        "pairs": audit.pairs,
        "accepted": audit.accepted,
        "not_looked": audit.not_looked,
        "notes": audit.notes,
        "questions": "\n".join(audit.questions),
        "rules": [rule_of(audit, rule, files, number) for rule, number in rows.items()],
        "json_command": shell_line(["pixelwise", "audit", audit.root, "--json"]),
        "listed": LISTED,
    }


def shared(numbers: Mapping[str, int], most: int) -> dict[str, int]:
    """So many of each, together at most `most`: what the smallest leave is for the largest."""
    taken, free = dict(numbers), most
    for place, name in enumerate(sorted(numbers, key=lambda name: numbers[name])):
        taken[name] = min(numbers[name], free // (len(numbers) - place))
        free -= taken[name]
    return taken


def verdict(audit: Audit) -> str:
    """How many findings of each severity, in words."""
    numbers = [(audit.of_severity(severity), severity) for severity in SEVERITIES]
    found = [f"{grouped(n)} {severity}{'s' if n > 1 else ''}" for n, severity in numbers if n]
    return listed(found) or "No findings"


def rule_of(audit: Audit, rule: str, files: DatasetFiles, rows: int) -> dict[str, Any]:
    """One rule with its first examples and so many rows."""
    meaning, total, findings = RULES[rule], audit.totals[rule], audit.of_rule(rule)
    # one of each cause before others of the same
    first = {f.cause: f for f in reversed(findings)}.values()
    shown = [*first, *(f for f in findings if f not in first)][:EXAMPLES]
    examples = [example(finding, files) for finding in shown]
    return {
        "id": rule,
        "severity": meaning.severity,
        "rank": SEVERITIES.index(meaning.severity),
        "title": meaning.title,
        "cause": meaning.cause,
        "counted": meaning.counted,
        "about": meaning.about,
        "affected": _counted(total.count, meaning.counted),
        "command": audit.repair(rule),
        "accept": accept_commands(audit.root, rule),
        "files": total.files,
        "number": plural(total.files, meaning.about),
        "examples": examples,
        "wide": any(len(one["pictures"]) > 1 for one in examples),
        "rows": [row_of(finding) for finding in findings[:rows]],
        "placed": any(_place(finding) for finding in findings),
        "left_out": total.files - rows,
    }


def accept_commands(root: str, rule: str) -> str:
    """What accepts the findings of a rule, and what leaves them out from then on."""
    audited = ["pixelwise", "audit", root]
    # beside the dataset, also where it is the current folder
    is_named = Path(root).name not in ("", "..")
    beside = root.rstrip("/") if is_named else f"{root.rstrip('/')}/../{real_path(root).name}"
    file = f"{beside}-accepted.json"
    lines = [["--write-baseline", file, "--accept-rules", rule], ["--baseline", file]]
    return "\n".join(shell_line([*audited, *line]) for line in lines)


def row_of(finding: Finding) -> dict[str, Any]:
    """A finding as a row of the list of all."""
    return {
        "file": finding.file,
        "count": finding.count,
        "place": _place(finding),
        "detail": finding.detail,
        "other": finding.other,
    }


def _place(finding: Finding) -> tuple[int, int] | None:
    # where a rule counts files, the whole file is meant, and no place in it
    return None if RULES[finding.rule].counted == "files" else finding.place


def _counted(number: int, several: str) -> str:
    """A number and what it counts, given as a word for several."""
    one = "class" if several == "classes" else several.removesuffix("s")
    return f"{grouped(number)} {one if number == 1 else several}"


def example(finding: Finding, files: DatasetFiles) -> dict[str, Any]:
    """A finding with its pictures."""
    beside = finding.rule.startswith(tuple(BESIDE_THE_IMAGE))
    image = files.images.get(finding.file, "") if beside else ""
    pictures = example_pictures(
        files, finding.file, _place(finding), finding.values, finding.other, image
    )
    # what F3 finds is why there is no picture
    shown = [picture for picture in pictures if picture.data or finding.rule != "F3"]
    detail = f"{finding.detail}. {finding.cause}" if finding.cause else finding.detail
    return {"file": finding.file, "detail": detail, "pictures": shown}
