"""Classes that overlap, audited class by class: each is a dataset of two classes of its own.

What is about images is found once, what is about pairs says of which class it is, and what only all
classes together say is in together.py.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pixelwise.audit.annotation_rules import annotation_rules
from pixelwise.audit.dataset_rules import class_table
from pixelwise.audit.examine import examine
from pixelwise.audit.findings import Finding, Key, Ledger, Total
from pixelwise.audit.inventory import Files, Inventory, take_inventory
from pixelwise.audit.label_rules import ClassTable
from pixelwise.audit.overlap.together import Look, class_rules, look_at
from pixelwise.audit.result import Audit, Evidence
from pixelwise.audit.rules import RULES
from pixelwise.audit.source import Source, without_labels
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, Description
from pixelwise.labels.overlap.pairing import named
from pixelwise.labels.pairs import Pair
from pixelwise.sums import Progress, map_over
from pixelwise.survey.lists import LIST_SUFFIXES

_PAIRS_A_TASK = 16
# What a label of one class says rightly: most of the image is not the class.
_OF_ONE_CLASS = {"V12"}
_PLACE = {"P1", "P3"}


@dataclass(frozen=True)
class View:
    """One class of classes that overlap, as a dataset; the images alone have no class."""

    name: str
    description: Description
    inventory: Inventory


def view_of(description: Description, number: int) -> Description:
    """One of the classes as a dataset of a binary task: index 0 is not the class.

    Args:
        description: its task is "multilabel".
        number: of the class.
    """
    file = description.classes.files[number]
    splits = {
        name: replace(
            split,
            labels=None if split.labels is None else named(split.labels, file),
            label_prefix=named(split.label_prefix, file),
            label_suffix=named(split.label_suffix, file),
            missing="error",
        )
        for name, split in description.splits.items()
    }
    own = description.classes.members[number]
    # a file of one class needs no colour of its own
    classes = Classes(own.names, None, own.values, own.ignore_index, own.ignore_values)
    return replace(description, classes=classes, splits=splits, task="binary", exclusive=())


def examine_members(
    source: Source,
    listed: int | None,
    baseline: Mapping[Key, int],
    executor: Executor | None = None,
    progress: Progress | None = None,
    *,
    quick: bool = False,
    deep: bool = False,
) -> Audit:
    """The audit of a dataset whose classes overlap.

    Args:
        source: the dataset.
        listed, baseline: see Ledger.
        executor, progress, quick, deep: see audit.
    Raises:
        DatasetError: there is nothing to look at.
    """
    description = source.description
    views = _views(description)
    together = _together(views)
    total = sum(len(view.inventory.pairs) for view in views) + len(together) * (not quick)
    done, audits = 0, []
    keep = _Keep(views, description)
    for view in views:
        known = bool(view.name)
        one = Source(view.description, view.inventory, known=known)
        ledger = _ViewLedger(listed, baseline, partial(keep.wanted, view.name))
        if view.inventory.pairs or view.inventory.findings:
            count = _later(progress, done, total)
            audits.append(examine(one, ledger, executor, count, quick=quick, deep=deep))
        done += len(view.inventory.pairs)
    rest = Ledger(listed, baseline)
    names = frozenset(description.classes.names)
    spread = partial(map_over, executor=executor)
    wrong, annotations = annotation_rules(source.inventory, names, spread)
    rest.add(wrong)
    rest.add(class_table(ClassTable(description.classes, binary=False)))
    rest.add(_unused(views))
    if not quick:
        look = partial(look_at, source.inventory.root, description)
        count = _later(progress, done, total)
        looks: Iterable[Look | None] = map_over(
            [(pair, split) for split, pair in together],
            look,
            executor,
            chunk=_PAIRS_A_TASK,
            progress=count,
            name=lambda item: str(item[0].image),
        )
        rest.add(class_rules(description, looks))
    return _joined(source, views, audits, rest, annotations)


def _views(description: Description) -> list[View]:
    """The images alone, and each class; no view takes the label file of another for its own."""
    images = without_labels(description)
    views = [View("", images, take_inventory(images))]
    for number, name in enumerate(description.classes.names):
        own = view_of(description, number)
        views.append(View(name, own, replace(take_inventory(own), annotations=[])))
    # a file that could be of two classes is of the one with the longer prefix and suffix
    longest: dict[str, int] = {}
    for view in views[1:]:
        for files, length in _labels(view):
            longest[str(files.label)] = max(longest.get(str(files.label), 0), length)
    kept = []
    for view in views:
        alone = not view.name
        own_labels = {
            str(files.label)
            for files, length in _labels(view)
            if longest[str(files.label)] == length
        }
        inventory = replace(
            view.inventory,
            pairs=[
                files
                for files in view.inventory.pairs
                if (alone or files.label in own_labels) and files.image not in longest
            ],
            findings=[
                finding
                for finding in view.inventory.findings
                if finding.rule not in _PLACE
                or finding.file in own_labels
                or finding.file not in longest
            ],
        )
        kept.append(replace(view, inventory=inventory))
    return kept


def _labels(view: View) -> Iterator[tuple[Files, int]]:
    """The pairs of a class, each with the length of the prefix and suffix of its label."""
    splits = list(view.description.splits.values())
    for files in view.inventory.pairs:
        if files.label is not None:
            split = splits[files.split]
            yield files, len(split.label_prefix) + len(split.label_suffix)


def _together(views: list[View]) -> list[tuple[int, Pair]]:
    """The number of the split and the label files of each image that has one, in order."""
    root = Path(views[0].inventory.root)
    labels: dict[tuple[int, str], dict[int, Path]] = {}
    for number, view in enumerate(views[1:]):
        for files in view.inventory.pairs:
            place = labels.setdefault((files.split, files.image), {})
            place[number] = root / str(files.label)
    number = len(views) - 1
    return [
        (split, Pair(image, root / image, labels=tuple(map(own.get, range(number)))))
        for (split, image), own in sorted(labels.items())
    ]


class _Keep:
    """Which findings of a class are kept: those of images once, of pairs with their class."""

    def __init__(self, views: list[View], description: Description) -> None:
        self._images = {files.image for files in views[0].inventory.pairs}
        self._absent = [split.missing == "absent" for split in description.splits.values()]
        self._splits = {files.image: files.split for files in views[0].inventory.pairs}
        self._seen: set[tuple[str, str, str, str]] = set()

    def wanted(self, name: str, finding: Finding) -> Finding | None:
        """A finding of the view of a class as it is told; None if it is left out."""
        if finding.file == FILE_NAME or finding.rule in _OF_ONE_CLASS or finding.rule == "P4":
            return None
        is_image = finding.file in self._images
        if is_image and finding.rule in _PLACE:
            # an image without a label file of the class, which may be nowhere in it
            if self._absent[self._splits[finding.file]] and not finding.other:
                return None
            return replace(finding, detail=f"{finding.detail} of class {name}")
        if not is_image:
            return finding
        key = (finding.rule, finding.file, finding.other, finding.detail)
        if key in self._seen:
            return None
        self._seen.add(key)
        return finding


class _ViewLedger(Ledger):
    """A ledger of the findings of a view, as they are told."""

    def __init__(
        self,
        listed: int | None,
        baseline: Mapping[Key, int],
        wanted: Callable[[Finding], Finding | None],
    ) -> None:
        super().__init__(listed, baseline)
        self._wanted = wanted

    def add(self, findings: Iterable[Finding]) -> None:
        super().add(kept for finding in findings if (kept := self._wanted(finding)))


def _unused(views: list[View]) -> Iterator[Finding]:
    """P4: lists and folders that are called like splits and that no class uses."""
    every = {
        f"{name} {number}": split
        for number, view in enumerate(views[1:])
        for name, split in view.description.splits.items()
    }
    folders = take_inventory(replace(views[1].description, splits=every))
    for found, are_lists in ((views[1].inventory, True), (folders, False)):
        for finding in found.findings:
            is_list = finding.file.lower().endswith(LIST_SUFFIXES)
            if finding.rule == "P4" and is_list == are_lists:
                yield finding


def _later(progress: Progress | None, done: int, total: int) -> Progress | None:
    """The progress of a part of the work as that of the whole."""
    return None if progress is None else lambda number, _: progress(done + number, total)


def _joined(
    source: Source,
    views: list[View],
    audits: list[Audit],
    rest: Ledger,
    annotations: int,
) -> Audit:
    """The audits of all views and what all classes together say, as one."""
    files, counts = Counter[str](), Counter[str]()
    for found in [*(audit.totals for audit in audits), rest.totals()]:
        for rule, total in found.items():
            files[rule] += total.files
            counts[rule] += total.count
    of_rule: dict[str, list[Finding]] = {rule: [] for rule in RULES}
    for finding in [*(f for audit in audits for f in audit.findings), *rest.findings()]:
        of_rule[finding.rule].append(finding)
    inventory = source.inventory
    numbers = Counter(pair.split for pair in views[0].inventory.pairs)
    labels = sum(len(view.inventory.pairs) for view in views[1:])
    not_looked = dict.fromkeys(line for audit in audits[1:] for line in audit.not_looked)
    notes = dict.fromkeys(line for audit in audits[:1] for line in audit.notes)
    return Audit(
        root=str(inventory.root),
        files=annotations + len(views[0].inventory.pairs) + labels,
        findings=tuple(f for rule in of_rule.values() for f in rule[: rest.listed]),
        accepted=rest.accepted + sum(audit.accepted for audit in audits),
        totals={rule: Total(files[rule], counts[rule]) for rule in RULES if files[rule]},
        pairs={name: numbers[i] for i, name in enumerate(inventory.splits)},
        not_looked=tuple(not_looked),
        questions=source.questions(),
        notes=tuple(notes),
        # a copy is repaired by one table of classes
        repairs=dict.fromkeys(RULES, ""),
        evidence=Evidence(source, {}, frozenset(), void_is_used=False),
    )
