"""What the copy of a dataset will hold, decided before anything is written."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.findings import Finding
from pixelwise.audit.headers import COLOR, LOSSY, PALETTE, Header, has_right_suffix
from pixelwise.audit.label_rules import ClassTable
from pixelwise.audit.pair_rules import UNREPAIRED
from pixelwise.audit.result import Audit, Evidence
from pixelwise.audit.rule import OF_IMAGES, REPAIRED
from pixelwise.audit.rules import RULES, WITHOUT_CLASSES, repairable
from pixelwise.files.content import SUFFIXES
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description, Split
from pixelwise.repair.label import SHOWN_FOREGROUND, Method, is_plain
from pixelwise.repair.result import FILE_NAME as LOG
from pixelwise.repair.result import Unrepaired

REPAIRABLE = repairable(*REPAIRED)
# Repaired whenever they are found; the others only if they are named.
SAFE = tuple(rule for rule in REPAIRABLE if not RULES[rule].ask)
# Files that may say what the labels hold.
_TEXTS = (".txt", ".csv", ".json", ".toml", ".yaml", ".yml", ".names", ".xml", ".lst")
_STORAGE, _NEVER = map(repairable, ("storage", "never"))
VALUES = frozenset(repairable("values"))
_OF_IMAGES = repairable(*OF_IMAGES)


@dataclass(frozen=True)
class Job:
    """A file of the copy.

    Args:
        file: its name in the source.
        to: its name in the copy.
        header: of a label that is to be written again; None = the bytes are copied.
        rules: that are to be repaired in it.
        values: stored values that rules V2 and V14 are about.
        size: (height, width) of the label of an image that is turned or resized; None = it stays
            as it is.
        data: its content, if it has been read already.
    """

    file: str
    to: str
    header: Header | None = None
    rules: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    size: tuple[int, int] | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Plan:
    """All files of the copy, how labels are repaired, and what is left."""

    jobs: tuple[Job, ...]
    method: Method
    left: tuple[Unrepaired, ...]


def make_plan(found: Audit, evidence: Evidence, wanted: Iterable[str]) -> Plan:
    """Decide for every file what is done with it.

    If any label is written again, all are, which repairs the rules on storage too: a copy whose
    labels are stored in two ways would have another defect than before. A label that is stored
    that way already keeps its bytes.

    Args:
        found: the complete audit.
        evidence: what it has read.
        wanted: rules to repair.
    """
    description, inventory = evidence.source.description, evidence.source.inventory
    guessed, is_binary = evidence.source.guessed, description.task == "binary"
    table = ClassTable(description.classes, binary=is_binary, guessed=guessed)
    broken: dict[str, list[str]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for finding in found.findings:
        of_image = finding.rule in _OF_IMAGES  # the label is as it should be
        broken.setdefault(finding.other if of_image else finding.file, []).append(finding.rule)
        if of_image:
            header = evidence.headers[finding.file]
            sizes[finding.other] = (header.height, header.width)
    values: dict[str, tuple[int, ...]] = {}
    for finding in found.findings:
        if finding.rule in ("V2", "V14"):
            values[finding.file] = (*values.get(finding.file, ()), *finding.values)
    asked = set(wanted)
    has_classes = not guessed or evidence.source.survey is not None
    if not has_classes:
        asked &= set(WITHOUT_CLASSES)
    labels = {files.label for files in inventory.pairs if files.label is not None}
    headers = {name: h for name, h in evidence.headers.items() if name in labels}
    remap = _remap(found, asked, description.classes)
    method = Method(
        table=table,
        wide=max(evidence.values, default=0) > 255,
        foreground=_shown_foreground(found, evidence, headers, asked, table),
        smooth="V2" in found.totals and "V2" in asked,
        remap=remap,
    )
    rewritten = remap is not None or any(asked & set(broken.get(name, ())) for name in labels)
    rewritten &= has_classes
    done = asked | set(_STORAGE if rewritten else ())
    wanted = [rule for rule in REPAIRABLE if rule in done]
    left = [
        Unrepaired(f.file, f.rule, _reason(f, has_classes, evidence.source.instead))
        for f in found.findings
        if f.rule not in wanted
    ]
    names = source_files(evidence)
    jobs = []
    for name in names:
        rules = tuple(rule for rule in wanted if rule in broken.get(name, ()))
        blocked = [rule for rule in broken.get(name, ()) if rule in _NEVER]
        job = Job(name, name)
        if blocked:
            left += [Unrepaired(name, rule, f"it has {blocked[0]} as well") for rule in rules]
        elif name in headers and headers[name].orientation != 1:
            # without the tag, programs that apply it would turn the image alone
            left += [Unrepaired(name, rule, "its EXIF tag turns it") for rule in rules]
        elif name in headers and rewritten:
            job = _label_job(name, headers[name], rules, values.get(name, ()), method)
        elif moved := tuple(rule for rule in rules if rule in asked and rule in _OF_IMAGES):
            job = Job(name, os.path.splitext(name)[0] + ".png", rules=moved, size=sizes[name])
        elif "F2" in asked & set(rules):
            job = _renamed(name, evidence.headers[name])
        taken = job.to != name and job.to in names
        if taken or not _is_found(job.to, name, description):
            reason = f"{job.to} is another file" if taken else f"{FILE_NAME} asks for its suffix"
            left += [Unrepaired(name, rule, reason) for rule in rules or ("F5",)]
            job = Job(name, name)
        jobs.append(job)
    return Plan(tuple(jobs), method, tuple(left))


def source_files(evidence: Evidence) -> list[str]:
    """The files of the dataset: those in the folders of its splits, lists, and dataset.toml.

    Without dataset.toml also the text files that lie beside the folders, such as class files.
    """
    source = evidence.source
    lists = {split.list for split in source.description.splits.values() if split.list}
    names = {FILE_NAME, *lists, *source.inventory.files} - {LOG}
    if source.guessed:
        beside = os.listdir(source.inventory.root)
        names.update(name for name in beside if name.lower().endswith(_TEXTS) and name[0] != ".")
    return sorted(name for name in names if os.path.isfile(source.inventory.path(name)))


def _label_job(
    name: str, header: Header, rules: tuple[str, ...], values: tuple[int, ...], method: Method
) -> Job:
    if header.storage in (COLOR, LOSSY) and not set(rules) & VALUES:
        return Job(name, name)
    if is_plain(name, header, method):
        # the others become like this one
        if set(rules) <= set(_STORAGE) and method.remap is None and not method.smooth:
            return Job(name, name)
    elif header.storage not in (COLOR, LOSSY) and not set(rules) & set(_STORAGE):
        rules = (*rules, "F9" if header.storage == PALETTE else "F5")
    to = name if name.lower().endswith(".png") else os.path.splitext(name)[0] + ".png"
    return Job(name, to, header, rules, values)


def _renamed(name: str, header: Header) -> Job:
    suffix = SUFFIXES.get(header.format)
    if suffix is None or has_right_suffix(name, header):
        return Job(name, name)
    return Job(name, os.path.splitext(name)[0] + suffix, rules=("F2",))


def _is_found(to: str, name: str, description: Description) -> bool:
    """Whether find_pairs still finds a file that has another suffix."""
    if to == name:
        return True
    old = os.path.splitext(name)[1]
    splits = description.splits.values()
    return not any(_asks_for(split, name, old) for split in splits)


def _asks_for(split: Split, name: str, suffix: str) -> bool:
    return any(
        s.endswith(suffix) and name.endswith(s)
        for s in (split.image_suffix, split.label_suffix)
        if s
    )


def _shown_foreground(
    found: Audit,
    evidence: Evidence,
    headers: Mapping[str, Header],
    wanted: Collection[str],
    table: ClassTable,
) -> bool:
    """Whether 255 and 128 are the foreground: V5; or a colour image or soft mask (V2) where 255
    is not void.
    """
    if not table.is_zero_one or "V5" not in wanted or "V5" in found.totals:
        return "V5" in wanted and "V5" in found.totals
    colored = any(header.storage in (COLOR, LOSSY) for header in headers.values())
    soft = "V2" in found.totals and not evidence.values.isdisjoint(SHOWN_FOREGROUND)
    return (colored or soft) and not evidence.void_is_used


def _remap(
    found: Audit, wanted: Collection[str], classes: Classes
) -> tuple[str, NDArray[np.uint16]] | None:
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
        moved = moved[ClassTable(classes, binary=False).index_of[moved] != -1]
        table[moved] = moved - step
        return "V6", table
    return None


def _reason(finding: Finding, has_classes: bool, instead: str) -> str:
    rule = finding.rule
    if finding.cause in UNREPAIRED:
        return finding.cause
    if not has_classes and rule in REPAIRABLE and rule not in WITHOUT_CLASSES:
        more = f": {instead}" if instead else ""
        return f"its classes are not known, as there is no {FILE_NAME}{more}"
    return RULES[rule].ask or (
        "its repair is not asked for" if rule in REPAIRABLE else "no repair is safe"
    )
