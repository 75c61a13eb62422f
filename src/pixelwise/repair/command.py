"""A repaired copy of a dataset: never in place, byte for byte where nothing is wrong."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from pixelwise.audit.command import audit_of
from pixelwise.audit.config import AuditConfig
from pixelwise.audit.headers import COLOR, LOSSY
from pixelwise.audit.label_rules import LabelFile
from pixelwise.audit.result import Audit
from pixelwise.audit.source import NOT_REPAIRED, Source, open_source
from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    DatasetError,
    PixelwiseError,
    RunError,
    check_choice,
)
from pixelwise.files.atomic import atomic_write
from pixelwise.files.content import Unreadable, holds, read_file
from pixelwise.files.names import check_names, lies_in
from pixelwise.files.walk import walk_files
from pixelwise.labels.description import FILE_NAME as DESCRIPTION
from pixelwise.labels.description import Description, without_overlap, write_description
from pixelwise.labels.png import write_label
from pixelwise.repair.color import Unrepairable
from pixelwise.repair.image import repair_image
from pixelwise.repair.label import Method, RepairedLabel, repair_label
from pixelwise.repair.plan import REPAIRABLE, SAFE, VALUES, Job, Plan, make_plan
from pixelwise.repair.result import FILE_NAME, Change, Pixels, Repaired, Unrepaired
from pixelwise.sums import map_over
from pixelwise.survey.ask import question_lines
from pixelwise.survey.folder import survey_folder
from pixelwise.survey.statements import Survey
from pixelwise.text import plural, some


def fix(
    dataset: Description | Path | str,
    out: Path | str,
    rules: Iterable[str] | None = None,
    executor: Executor | None = None,
    found: Audit | None = None,
) -> Repaired:
    """Write a copy of a dataset in which defects with a safe repair are repaired.

    Storage (F2, F4, F5, F6, F8, F9, V10) changes no value. Colour images become labels (F10,
    F11, F12). Wrong colours and values become the nearest class where that is plain, and void
    where it is not (V1, V2, V3). Shown foreground becomes 1 (V5), label ids train ids (V7). An
    image whose orientation tag was applied to its label is turned (G2); one that was resized alone
    is resized to its label if G1 is asked for. What cannot be repaired safely is copied as it is
    and listed with its reason.

    A folder without dataset.toml is surveyed, and the copy gets the dataset.toml that
    `pixelwise init` would write, with its open questions. Where no such file can be written, what
    needs no classes is repaired: names (F2) and images (G1, G2, G5).

    A copy that was interrupted is completed by the same call; the same call gives the same bytes.

    Args:
        dataset: a folder with or without dataset.toml, or a Description.
        out: folder of the copy; new, empty, or of the same call before.
        rules: to repair; "safe" stands for all but F1, V6, V14, G1 and G5, whose repair must be
            asked for, as in ("safe", "F1"). None = "safe".
        executor: any concurrent.futures executor; None works in this thread.
        found: the complete audit of this dataset, as from pw.audit(dataset, listed=None); each
            file is read once more then. None, or one from a file: the dataset is audited here.
    Returns:
        Repaired, which is also written as fix.json.
    Raises:
        DatasetError: no images and labels pair up; out is the source, lies in it or around it, or
            holds other files.
        ArgumentError: a rule cannot be repaired; found is not complete, or of another dataset.
        RunError: the file system refuses.
    """
    asked = _rules_of(rules)
    if found is not None:
        root = Path(dataset.root if isinstance(dataset, Description) else dataset)
        _check_found(found, root if root.is_dir() else root.parent)
    if found is None or found.evidence is None:
        source = open_source(dataset)
        _check_source(source, Path(out))
        config = AuditConfig(source.description)
        made = audit_of(config, executor, listed=None, source=source)
        found = made if found is None else replace(found, evidence=made.evidence)
    return repair(found, Path(out), asked, executor)


def repair(
    found: Audit,
    out: Path,
    rules: tuple[str, ...],
    executor: Executor | None = None,
    read: Mapping[str, bytes] | None = None,
) -> Repaired:
    """Write a repaired copy of an audited dataset.

    Args:
        found: the complete audit, with its evidence.
        out, executor: see fix.
        rules: to repair, each of REPAIRABLE.
        read: content of files that have been read already.
    """
    evidence = found.evidence
    assert evidence is not None
    root = Path(evidence.source.description.root)
    _check_source(evidence.source, out)
    plan, survey = make_plan(found, evidence, rules), evidence.source.survey
    _check_files(out, plan, survey.lists if survey is not None else ())
    jobs = [replace(job, data=(read or {}).get(job.file)) for job in plan.jobs]
    work = partial(write_file, root=root, out=out, method=plan.method)
    changes, left = [], list(plan.left)
    for done, refused in map_over(jobs, work, executor, name=lambda job: job.file):
        changes += [done] if done else []
        left += refused
    if survey is not None:
        _describe(survey, out, any(VALUES & set(change.rules) for change in changes))
    result = Repaired(
        source=str(root),
        rules=rules,
        files=len(jobs),
        changes=tuple(changes),
        left=tuple(sorted(left, key=lambda one: (one.file, one.rule))),
        out=str(out),
    )
    result.write()
    return result


def _describe(survey: Survey, out: Path, values_changed: bool) -> None:
    """Write the dataset.toml of a copy whose source has none.

    Args:
        survey: of the source.
        out: the copy, which is surveyed itself if it has other values.
        values_changed: whether it has.
    """
    if values_changed:
        with suppress(PixelwiseError):  # what is known of the source says more than nothing
            survey = survey_folder(out, survey.given)
    questions = question_lines(out, survey.open, survey.given.options()) if survey.open else []
    for name, ids in survey.lists.items():
        copy_bytes("".join(f"{id}\n" for id in ids).encode(), out / name)
    write_description(survey.description, out, [*survey.notes, *questions])


def repair_of(
    config: AuditConfig,
    found: Audit,
    executor: Executor | None = None,
    read: Mapping[str, bytes] | None = None,
) -> Repaired | None:
    """Write the repaired copy that an audit with `fix` asks for; None without `fix`.

    Args:
        config: the settings.
        found: what the audit has found.
        executor, read: see repair.
    Raises:
        PixelwiseError: see fix.
    """
    if config.fix is None:
        return None
    rules = _rules_of(config.fix_rules)
    if found.accepted:  # a baseline says what is reported, not what is repaired
        found = audit_of(replace(config, baseline=None, write_baseline=None), executor)
    return repair(found, config.fix, rules, executor, read)


def write_file(
    job: Job, root: Path, out: Path, method: Method
) -> tuple[Change | None, list[Unrepaired]]:
    """Write one file of the copy: a repaired label, or the same bytes.

    A rule that cannot be repaired is left, and the others of the file are repaired without it.
    """
    path = root / job.file
    data = _content(path) if job.data is None else job.data
    repaired, refused = _repaired(job, str(path), data, method)
    if repaired is not None and repaired.changes:
        write_label(
            *(out / job.to, repaired.stored, method.table.classes),
            storage="grey16" if method.wide else "palette",
        )
        return Change(job.file, job.to, repaired.changes), refused
    to = job.to if job.header is None else job.file
    if job.size is not None:
        try:
            image = repair_image(str(path), data, job.size, job.rules[0])
        except Unrepairable as error:
            copy_bytes(data, out / job.file)
            return None, [Unrepaired(job.file, rule, error.reason) for rule in job.rules]
        copy_bytes(image, out / to)
        return Change(job.file, to, {rule: Pixels() for rule in job.rules}), []
    copy_bytes(data, out / to)
    return (Change(job.file, to, {"F2": Pixels()}) if to != job.file else None), refused


def _repaired(
    job: Job, path: str, data: bytes, method: Method
) -> tuple[RepairedLabel | None, list[Unrepaired]]:
    """A label with what could be repaired in it, and what could not."""
    if job.header is None:
        return None, []
    file = LabelFile(path, job.file, job.header, data)
    rules, refused = list(job.rules), list[Unrepaired]()
    while True:
        try:
            return repair_label(file, rules, job.values, method), refused
        except Unrepairable as error:
            reason = Unrepaired(job.file, error.rule, error.reason)
            if reason not in refused:
                refused.append(reason)
            if error.rule not in rules or job.header.storage in (COLOR, LOSSY):
                return None, refused
            rules.remove(error.rule)
        except PixelwiseError as error:
            return None, refused + [Unrepaired(job.file, rule, error.reason) for rule in rules]


def _content(path: Path) -> bytes:
    """The bytes of a file, which may be empty.

    Raises:
        RunError: it cannot be read.
    """
    try:
        return read_file(path, may_be_empty=True)
    except Unreadable as reason:
        raise reason.at(RunError, path, "file") from None


def copy_bytes(data: bytes, to: Path) -> None:
    """Write bytes in one step, unless they are there already.

    Raises:
        RunError: the file system refuses.
    """
    if not holds(to, data):
        atomic_write(to, data)


def _rules_of(rules: Iterable[str] | None) -> tuple[str, ...]:
    """The rules that are meant, each once, in the order of REPAIRABLE."""
    if isinstance(rules, str):
        raise ArgumentTypeError("fix", "rules", must="a list", got=repr(rules))
    given = ("safe",) if rules is None else tuple(rules)
    for rule in given:
        check_choice("fix", "rules", rule, ("safe", *REPAIRABLE))
    meant = {*given, *(SAFE if "safe" in given else ())}
    return tuple(rule for rule in REPAIRABLE if rule in meant)


def _check_found(found: Audit, root: Path) -> None:
    """Refuse an audit that does not know every finding: files would stay as they are."""
    hint = "Leave found out, or make it with pw.audit(DATA, listed=None)."
    if os.path.realpath(found.root) != os.path.realpath(root):
        constraint = f"the audit of {root}"
        raise ArgumentError("fix", "found", must=constraint, got=f"one of {found.root}", hint=hint)
    if found.complete:
        return
    got = "one of a part of its files' content (quick), or of guessed classes"
    if found.accepted:
        got = f"one without {plural(found.accepted, 'finding')} that a baseline accepts"
    for rule, total in found.totals.items():
        listed = len(found.of_rule(rule))
        if listed < total.files:
            got = f"one that lists {listed:,} of {total.files:,} findings of {rule}"
    raise ArgumentError("fix", "found", must="an audit with every finding", got=got, hint=hint)


def _check_source(source: Source, out: Path) -> None:
    """Refuse a folder without pairs, and a copy that would lie in its source or around it."""
    without_overlap(source.description, "fix", NOT_REPAIRED)
    root = Path(source.description.root)
    if not source.inventory.pairs:
        must = "a folder with dataset.toml, or of images and labels that pair up"
        raise DatasetError("fix", "dataset", must=must, got="neither")
    if lies_in(out, root) or lies_in(root, out):
        hint = f"Choose one beside it, such as {str(root).rstrip('/')}-fixed."
        got = f"{out} for the dataset {root}"
        raise DatasetError("fix", "out", must="a folder outside of the dataset", got=got, hint=hint)


def _check_files(out: Path, plan: Plan, lists: Iterable[str]) -> None:
    """Refuse a folder with files of something else: they would become a part of the copy."""
    if out.exists() and not out.is_dir():
        raise DatasetError("fix", "out", must="a folder", got=f"the file {out}")
    check_names("fix", out, (job.to for job in plan.jobs), DatasetError)
    own = (
        {FILE_NAME, DESCRIPTION, *lists}
        | {job.to for job in plan.jobs}
        | {job.file for job in plan.jobs}
    )
    names = walk_files(out, failures=[]) if out.is_dir() else ()
    other = [name for name in names if name not in own]
    if other:
        got = f"{plural(len(other), 'other file')} in {out}: {some(other)}"
        hint = "Choose another folder."
        raise DatasetError("fix", "out", must="new, empty, or the same copy", got=got, hint=hint)
