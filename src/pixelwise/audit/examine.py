"""The audit of an opened dataset: pair by pair, then what only all of them together say.

The work on a pair is a function of names and of a small table, both of which can be pickled, so
any executor can do it; a task is a few dozen pairs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import Any

from pixelwise.audit.annotation_rules import annotation_rules
from pixelwise.audit.contents import Contents, Reading, read_pair
from pixelwise.audit.copies import copy_rules
from pixelwise.audit.dataset_rules import (
    MISREAD,
    explanations,
    kind_rule,
    storage_rules,
    value_rules,
)
from pixelwise.audit.findings import Finding, Ledger
from pixelwise.audit.image_rules import near_copies
from pixelwise.audit.label_rules import ClassTable
from pixelwise.audit.pair_rules import UNREPAIRED
from pixelwise.audit.result import Audit, Evidence, repair_command
from pixelwise.audit.rule import REPAIRED
from pixelwise.audit.rules import WITHOUT_CLASSES, repairable
from pixelwise.audit.source import Source
from pixelwise.audit.suspect_rules import (
    inverted,
    numbers_of_objects,
    objects_command,
    rogue_values,
)
from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.storage_notes import storage_notes
from pixelwise.sums import Progress, map_over

# Labels in which neighbouring pixels are compared, evenly spaced; fewer if there are fewer.
SAMPLE = 32
# The rules that say why labels are no label images.
_NO_LABELS = {"F1", "F3", "F10", "F11", "F12", "V1", "V2", "V3", "V9", "V16"}
_PAIRS_A_TASK, _HEADERS_A_TASK = 32, 256


def examine(
    source: Source,
    ledger: Ledger,
    executor: Executor | None = None,
    progress: Progress | None = None,
    *,
    quick: bool = False,
    deep: bool = False,
) -> Audit:
    """The audit of an opened dataset.

    Args:
        source: the dataset.
        ledger: where findings are collected.
        executor, progress, quick, deep: see audit.
    Raises:
        DatasetError: there is nothing to look at.
    """
    inventory, classes = source.inventory, source.description.classes
    spread = partial(map_over, executor=executor, name=_name_of)
    table = ClassTable(
        classes if source.known else Classes(["unknown"], values=["other"]),
        binary=source.description.task == "binary",
        guessed=source.guessed,
        known=source.known,
    )
    contents = Contents(source, table, deep)
    step = _sample_step(source, deep)
    sampled = None if step == 1 else frozenset(files.image for files in inventory.pairs[::step])
    channels = source.description.channels
    reading = Reading(str(inventory.root), table, quick, deep, sampled, channels)
    ledger.add(inventory.findings)
    chunk = _HEADERS_A_TASK if quick else _PAIRS_A_TASK
    read = partial(read_pair, reading)
    found = spread(inventory.pairs, read, chunk=chunk, progress=progress)
    for number, pair in enumerate(found):
        contents.add(number, pair)
        ledger.add(pair.findings)
    ledger.add(kind_rule(contents))
    if not quick:
        _conclude(contents, ledger, deep)
    names = frozenset() if source.guessed else frozenset(classes.names)
    wrong, annotations = annotation_rules(inventory, names, spread)
    ledger.add(wrong)
    if not inventory.pairs and not annotations and not inventory.findings:
        constraint = "a folder of images and labels that pair up, or of labelme files"
        raise DatasetError(inventory.root, "dataset", must=constraint, got="neither")
    return _result(contents, ledger, annotations, quick, deep)


def _conclude(contents: Contents, ledger: Ledger, deep: bool) -> None:
    """The rules about all labels together."""
    inventory = contents.source.inventory
    if contents.source.known:
        for rule, better, detail in explanations(contents):
            ledger.replace(rule, better, detail)
        ledger.add(storage_rules(contents))
        found = ledger.totals()
        ledger.add(value_rules(contents, found))
        rogue = list(rogue_values(contents)) if MISREAD.isdisjoint(found) else []
        unknown = {v for v in contents.values() if contents.table.index_of[v] == -2}
        if contents.source.guessed or unknown <= {f.values[0] for f in rogue}:
            ledger.replace("V4", "", "")  # a guess does not judge, or there is a better rule
        else:
            rogue = [f for f in rogue if f.values[0] not in unknown]
        ledger.add(rogue)
        if MISREAD.isdisjoint(found):
            ledger.add(inverted(contents))
    ledger.add(numbers_of_objects(contents))
    if deep:
        ledger.add(near_copies(inventory, contents.dhash, contents.small, contents.image_keys))
    keys = contents.image_keys, contents.label_keys
    ledger.add(copy_rules(inventory, *keys, contents.simple, contents.source.description.channels))


def _result(contents: Contents, ledger: Ledger, annotations: int, quick: bool, deep: bool) -> Audit:
    source, inventory = contents.source, contents.source.inventory
    numbers = Counter(files.split for files in inventory.pairs)
    findings, totals = ledger.findings(), ledger.totals()
    every = len(findings) == sum(total.files for total in totals.values())
    return Audit(
        root=str(inventory.root),
        files=annotations + sum(1 + (files.label is not None) for files in inventory.pairs),
        findings=findings,
        accepted=ledger.accepted,
        totals=totals,
        pairs={name: numbers[i] for i, name in enumerate(inventory.splits)},
        not_looked=tuple(_not_looked(source, quick, deep)),
        questions=source.questions() or (source.refused if _NO_LABELS.isdisjoint(totals) else ()),
        notes=storage_notes(contents.kinds, contents.images, source.description.channels.is_rgb),
        repairs=_repairs(contents, totals, findings),
        complete=every and not (ledger.accepted or quick or source.guessed),
        evidence=Evidence(
            source, contents.headers, frozenset(contents.values()), contents.void_is_used
        ),
    )


def _repairs(
    contents: Contents, rules: Iterable[str], findings: Iterable[Finding]
) -> dict[str, str]:
    """Commands that are not those of repair_command; "" where none repairs a finding."""
    source, commands = contents.source, dict[str, str]()
    root = str(source.inventory.root)
    if source.guessed:
        commands = {rule: _repair_of_guess(rule, root, source) for rule in rules}
    if "V16" in rules:
        commands["V16"] = objects_command(contents)
    causes: dict[str, set[str]] = {}
    for finding in findings:
        causes.setdefault(finding.rule, set()).add(finding.cause)
    return commands | {rule: "" for rule, of_rule in causes.items() if of_rule <= {*UNREPAIRED}}


def _repair_of_guess(rule: str, root: str, source: Source) -> str:
    """The command for a folder without dataset.toml, whose classes may be unknown."""
    if rule == "P1":
        return "" if source.questions() else source.first  # the questions have commands
    if source.survey is None and rule in repairable(*REPAIRED) and rule not in WITHOUT_CLASSES:
        return source.instead
    return repair_command(rule, root)


def _name_of(item: Any) -> str:
    """What a pair or an annotation file is called in a message."""
    return str(getattr(item, "image", item))


def _not_looked(source: Source, quick: bool, deep: bool) -> Iterator[str]:
    yield from source.notes
    if quick:
        yield "pixels, as only headers were read (quick)"
    elif not deep:
        step = _sample_step(source, deep)
        if step > 1:
            number = -(-source.labels // step)
            yield f"neighbours of pixels (R1, V2 of known values) in all but {number} labels"
        yield "pixels of the images (deep): finds S2, G3, and more of S1 and S3"


def _sample_step(source: Source, deep: bool) -> int:
    """Neighbouring pixels are compared in one label of this many."""
    return 1 if deep else max(1, -(-source.labels // SAMPLE))
