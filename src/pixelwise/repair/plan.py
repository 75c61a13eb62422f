"""What the copy of a data set will hold, decided before anything is written."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from pixelwise.audit.findings import Audit
from pixelwise.audit.headers import (
    COLOR,
    GREY,
    GREY16,
    LOSSY,
    PALETTE,
    Header,
    has_right_ending,
    read_start,
)
from pixelwise.audit.inventory import Inventory
from pixelwise.audit.label_rules import Table
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import ENDINGS, Unreadable
from pixelwise.files.walk import walk_files
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description, Split
from pixelwise.labels.png import read_label
from pixelwise.repair.label import COLORS, STORAGE, How, is_plain
from pixelwise.repair.result import FILE_NAME as LOG
from pixelwise.repair.result import Left

# Mended whenever they are found.
SAFE = (*STORAGE, *(rule for rule in COLORS if rule != "F1"), "V5", "V7")
# Mended only if they are named: the audit's explanation is likely, but there are others.
ASKED = {
    "F1": "values were lost: export it again, or take the nearest class: --fix-rules safe F1",
    "V6": "a shift by one is only likely: look at a label, and if it is right: --fix-rules safe V6",
}
MENDABLE = (*SAFE, *ASKED)
# What a file with one of these holds is not what was drawn; writing it anew would hide that.
BLOCKING = ("F3", "F7", "V9")


@dataclass(frozen=True)
class Job:
    """A file of the copy.

    Args:
        file: its name in the source.
        to: its name in the copy.
        header: of a label that is to be written anew; None = the bytes are copied.
        rules: that are to be mended in it.
        values: stored values that rule V2 is about.
    """

    file: str
    to: str
    header: Header | None = None
    rules: tuple[str, ...] = ()
    values: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All files of the copy, how labels are mended, and what is left."""

    jobs: tuple[Job, ...]
    how: How
    left: tuple[Left, ...]


def make_plan(
    description: Description, inventory: Inventory, found: Audit, wanted: Iterable[str]
) -> Plan:
    """Decide for every file what is done with it.

    If any label is written anew, all are, which mends the rules on storage too: a copy whose labels
    are stored in two ways would have another defect than before. A label that is stored that way
    already keeps its bytes.

    Args:
        description, inventory: the data set.
        found: its audit, with every finding listed.
        wanted: rules to mend.
    """
    table = Table(description.classes, binary=description.task == "binary")
    broken: dict[str, list[str]] = {}
    for finding in found.findings:
        broken.setdefault(finding.file, []).append(finding.rule)
    values = {f.file: f.values for f in found.findings if f.rule == "V2"}
    asked = set(wanted)
    labels = {files.label for files in inventory.pairs if files.label is not None}
    headers = {name: header for name in labels if (header := _header(inventory.path(name)))}
    remap = _remap(found, asked, description.classes)
    how = How(
        table=table,
        wide=_is_wide(inventory, headers),
        foreground=_shown_foreground(inventory, headers, found, asked, table),
        smooth="V2" in found.totals and "V2" in asked,
        remap=remap,
    )
    rewritten = remap is not None or any(asked & set(broken.get(name, ())) for name in labels)
    done = asked | set(STORAGE if rewritten else ())
    wanted = [rule for rule in MENDABLE if rule in done]
    left = [Left(f.file, f.rule, _reason(f.rule)) for f in found.findings if f.rule not in wanted]
    names = source_files(description)
    jobs = []
    for name in names:
        rules = tuple(rule for rule in wanted if rule in broken.get(name, ()))
        blocked = [rule for rule in broken.get(name, ()) if rule in BLOCKING]
        job = Job(name, name)
        if blocked:
            left += [Left(name, rule, f"it has {blocked[0]} as well") for rule in rules]
        elif name in headers and headers[name].orientation != 1:
            # without the tag, programs that apply it would turn the image alone
            left += [Left(name, rule, "its EXIF tag turns it") for rule in rules]
        elif name in headers and rewritten:
            job = _label_job(name, headers[name], rules, values.get(name, ()), how)
        elif "F2" in asked & set(rules):
            job = _renamed(name, _header(inventory.path(name)))
        taken = job.to != name and job.to in names
        if taken or not _is_found(job.to, name, description):
            reason = f"{job.to} is another file" if taken else f"{FILE_NAME} asks for its ending"
            left += [Left(name, rule, reason) for rule in rules or ("F5",)]
            job = Job(name, name)
        jobs.append(job)
    return Plan(tuple(jobs), how, tuple(left))


def source_files(description: Description) -> list[str]:
    """Every visible file in the folders of the splits, their lists and dataset.toml, sorted."""
    root = Path(description.root)
    names = {FILE_NAME} | {split.list for split in description.splits.values() if split.list}
    for split in description.splits.values():
        for folder in {split.images, split.labels} - {None}:
            below = PurePosixPath(Path(os.path.normpath(str(folder))).as_posix())
            names |= {(below / name).as_posix() for name in walk_files(root / below, failures=[])}
    return sorted(name for name in names - {LOG} if (root / name).is_file())


def _label_job(
    name: str, header: Header, rules: tuple[str, ...], values: tuple[int, ...], how: How
) -> Job:
    if header.storage in (COLOR, LOSSY) and not set(rules) & set(COLORS):
        return Job(name, name)
    if is_plain(name, header, how):
        # the others become like this one
        if set(rules) <= set(STORAGE) and how.remap is None and not how.smooth:
            return Job(name, name)
    elif header.storage not in (COLOR, LOSSY) and not set(rules) & set(STORAGE):
        rules = (*rules, "F9" if header.storage == PALETTE else "F5")
    to = name if name.lower().endswith(".png") else os.path.splitext(name)[0] + ".png"
    return Job(name, to, header, rules, values)


def _renamed(name: str, header: Header | None) -> Job:
    ending = None if header is None else ENDINGS.get(header.format)
    if header is None or ending is None or has_right_ending(name, header):
        return Job(name, name)
    return Job(name, os.path.splitext(name)[0] + ending, rules=("F2",))


def _is_found(to: str, name: str, description: Description) -> bool:
    """Whether find_pairs still finds a file that has another ending."""
    if to == name:
        return True
    old = os.path.splitext(name)[1]
    splits = description.splits.values()
    return not any(_asks_for(split, name, old) for split in splits)


def _asks_for(split: Split, name: str, ending: str) -> bool:
    return any(
        s.endswith(ending) and name.endswith(s)
        for s in (split.image_suffix, split.label_suffix)
        if s
    )


def _header(path: str) -> Header | None:
    try:
        return read_start(path)
    except Unreadable:
        return None


def _is_wide(inventory: Inventory, headers: Mapping[str, Header]) -> bool:
    """Whether some label has values above 255."""
    wide = [name for name, header in headers.items() if header.storage == GREY16]
    return any(_values(inventory.path(name)).max(initial=0) > 255 for name in sorted(wide))


def _values(path: str) -> np.ndarray:
    try:
        return np.unique(read_label(path))
    except PixelwiseError:
        return np.zeros(0, np.uint8)


def _shown_foreground(
    inventory: Inventory,
    headers: Mapping[str, Header],
    found: Audit,
    wanted: Collection[str],
    table: Table,
) -> bool:
    """Whether 255 and 128 are the foreground: no label has void beside foreground."""
    if not table.is_zero_one or "V5" not in wanted:
        return False
    if "V5" in found.totals or not any(rule in found.totals for rule in COLORS):
        return "V5" in found.totals
    known = [inventory.path(name) for name, h in sorted(headers.items()) if h.storage in _INDICES]
    return not any({1, 255} <= set(_values(path).tolist()) for path in known)


_INDICES = (PALETTE, GREY, GREY16)


def _remap(
    found: Audit, wanted: Collection[str], classes: Classes
) -> tuple[str, np.ndarray] | None:
    """The table that V7 or V6 asks for."""
    table = np.arange(1 << 16, dtype=np.uint16)
    if "V7" in found.totals and "V7" in wanted:
        void = int(classes.to_stored(np.array([classes.ignore_index]))[0])
        ids = Classes.named("cityscapes_ids")
        train_id = ids.to_index(np.arange(34))
        table[:34] = np.where(train_id == ids.ignore_index, void, train_id)
        return "V7", table
    if "V6" in found.totals and "V6" in wanted:
        declared = [v for values in classes.values if not isinstance(values, str) for v in values]
        unknown = {v for f in found.of_rule("V6") for v in f.values}
        low, high = min(declared), max(declared)
        step = 1 if max(unknown) > high else -1
        moved = np.arange(low + step, high + step + 1)
        moved = moved[Table(classes, binary=False).index_of[moved] != -1]
        table[moved] = moved - step
        return "V6", table
    return None


def _reason(rule: str) -> str:
    return ASKED.get(rule, "its repair is not asked for" if rule in SAFE else "no repair is safe")
