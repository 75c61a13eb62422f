"""A repaired copy of a data set: never in place, byte for byte where nothing is wrong."""

import os
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy as np

from pixelwise.audit.audit import audit
from pixelwise.audit.config import AuditConfig
from pixelwise.audit.findings import Audit
from pixelwise.audit.headers import COLOR, LOSSY
from pixelwise.audit.source import open_source
from pixelwise.errors import ArgumentError, DatasetError, LabelError, RunError, check_choice
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.atomic import atomic_write
from pixelwise.files.walk import walk_files
from pixelwise.labels.description import Description
from pixelwise.labels.png import read_label, write_label
from pixelwise.labels.png_chunks import encode_png
from pixelwise.repair.color import Unmendable
from pixelwise.repair.label import How, Mended, mend_label
from pixelwise.repair.plan import MENDABLE, SAFE, Job, Plan, make_plan
from pixelwise.repair.result import FILE_NAME, Change, Fixed, Left
from pixelwise.sums import map_over
from pixelwise.text import plural

_LISTED = 5


def fix(
    dataset: Description | Path | str,
    out: Path | str,
    rules: Iterable[str] | None = None,
    executor: Executor | None = None,
    found: Audit | None = None,
) -> Fixed:
    """Write a copy of a data set in which defects with a safe repair are mended.

    Storage (F2, F4, F5, F6, F8, F9, V10) changes no value. Colour pictures become labels (F10,
    F11, F12). Wrong colours and values become the nearest class where that is plain, and void
    where it is not (V1, V2, V3). Shown foreground becomes 1 (V5), label ids train ids (V7). What
    cannot be mended safely is copied as it is and listed with its reason.

    A copy that was interrupted is completed by the same call; the same call gives the same bytes.

    Args:
        dataset: a folder with dataset.toml, or a Description.
        out: folder of the copy; new, empty, or of the same call before.
        rules: to mend; "safe" stands for all but F1 and V6, whose repair must be asked for, as in
            ("safe", "F1"). None = "safe".
        executor: any concurrent.futures executor; None works in this thread.
        found: the complete audit of this data set, as from pw.audit(dataset, listed=None); None =
            it is made.
    Returns:
        Fixed, which is also written as fix.json.
    Raises:
        DatasetError: there is no dataset.toml; out is the source, lies in it or around it, or
            holds other files.
        ArgumentError: a rule cannot be mended; found is not complete, or of another data set.
        RunError: the file system refuses.
    """
    asked = _rules_of(rules)
    source = open_source(dataset)
    if source.guessed:
        hint = f"Write one and check it: pixelwise init {dataset}"
        raise DatasetError(
            "fix", "dataset", must="a folder with dataset.toml", got="none", hint=hint
        )
    root, out = Path(source.description.root), Path(out)
    _check_apart(root, out)
    if found is None:
        found = audit(source.description, executor, listed=None)
    _check_found(found, root)
    plan = make_plan(source.description, source.inventory, found, asked)
    _check_files(out, plan)
    work = partial(write_file, root=root, out=out, how=plan.how)
    changes, left = [], list(plan.left)
    for done, refused in map_over(plan.jobs, work, executor):
        changes += [done] if done else []
        left += refused
    fixed = Fixed(
        source=str(root),
        out=str(out),
        rules=asked,
        files=len(plan.jobs),
        changes=tuple(changes),
        left=tuple(sorted(left, key=lambda one: (one.file, one.rule))),
    )
    atomic_write(out / FILE_NAME, fixed.content())
    return fixed


def repair(config: AuditConfig, found: Audit) -> Fixed:
    """Write the repaired copy that `pixelwise audit --fix` asks for.

    Args:
        config: with `data` and `fix`.
        found: what the audit has found.
    Raises:
        PixelwiseError: see fix.
    """
    config = with_absolute_paths(config)
    assert config.data is not None  # AuditConfig sees to it
    assert config.fix is not None
    with open_executor(config.workers, config.scheduler) as executor:
        # a baseline says what is reported, not what is repaired
        every = found if found.complete else None
        return fix(config.data, config.fix, config.fix_rules, executor, every)


def write_file(job: Job, root: Path, out: Path, how: How) -> tuple[Change | None, list[Left]]:
    """Write one file of the copy: a mended label, or the same bytes.

    A rule that cannot be mended is left, and the others of the file are mended without it.
    """
    source, refused = root / job.file, []
    rules = list(job.rules)
    mended = None
    while job.header is not None and mended is None:
        try:
            mended = mend_label(source, job.header, rules, job.values, how)
        except Unmendable as error:
            rule, reason = error.args
            refused.append(Left(job.file, rule, reason))
            if rule not in rules or job.header.storage in (COLOR, LOSSY):
                break
            rules.remove(rule)
        except (LabelError, DatasetError) as error:
            reason = str(error).removeprefix(f"{source}: ")
            refused += [Left(job.file, rule, reason) for rule in rules]
            break
    if mended is not None and mended.changes:
        write_stored(out / job.to, mended, how)
        return Change(job.file, job.to, mended.changes), refused
    to = job.to if job.header is None else job.file
    copy_file(source, out / to)
    return (Change(job.file, to, {"F2": (0, 0)}) if to != job.file else None), refused


def write_stored(path: Path, mended: Mended, how: How) -> None:
    """Write stored values as all labels of the copy are stored.

    Raises:
        LabelError: what was written is not read back equal.
    """
    if not how.wide:
        write_label(path, mended.stored, how.table.classes)
        return
    atomic_write(path, encode_png(mended.stored.astype(np.uint16), None))
    if not np.array_equal(read_label(path), mended.stored):
        raise LabelError(path, "label", must="equal when read back", got="other values")


def copy_file(source: Path, to: Path) -> None:
    """Copy the bytes of a file in one step, unless they are there already.

    Raises:
        RunError: the source cannot be read, or the file system refuses.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        raise RunError(source, "file", must="readable", got=error.strerror) from None
    if not (to.is_file() and not to.is_symlink() and to.read_bytes() == data):
        atomic_write(to, data)


def _rules_of(rules: Iterable[str] | None) -> tuple[str, ...]:
    """The rules that are meant, each once, in the order of MENDABLE."""
    given = ("safe",) if rules is None else tuple(rules)
    for rule in given:
        check_choice("fix", "rules", rule, ("safe", *MENDABLE))
    meant = {*given, *(SAFE if "safe" in given else ())}
    return tuple(rule for rule in MENDABLE if rule in meant)


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


def _check_apart(root: Path, out: Path) -> None:
    here, there = (Path(os.path.realpath(path)) for path in (root, out))
    if there.is_relative_to(here) or here.is_relative_to(there):
        hint = f"Choose one beside it: --fix {str(root).rstrip('/')}-fixed"
        got = f"{out} for the data set {root}"
        raise DatasetError(
            "fix", "out", must="a folder outside of the data set", got=got, hint=hint
        )


def _check_files(out: Path, plan: Plan) -> None:
    """Refuse a folder with files of something else: they would become a part of the copy."""
    if out.exists() and not out.is_dir():
        raise DatasetError("fix", "out", must="a folder", got=f"the file {out}")
    own = {FILE_NAME} | {job.to for job in plan.jobs} | {job.file for job in plan.jobs}
    other = (
        [name for name in walk_files(out, failures=[]) if name not in own] if out.is_dir() else []
    )
    if other:
        got = f"{len(other):,} other files in {out}: {', '.join(other[:_LISTED])}"
        hint = "Choose another folder."
        raise DatasetError("fix", "out", must="new, empty, or the same copy", got=got, hint=hint)
