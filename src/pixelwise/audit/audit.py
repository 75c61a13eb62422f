"""The audit: list the files, read their headers, decode each label once, draw conclusions.

The work on a file is a function of names and of a small table, both of which can be pickled, so
any executor can do it; a task is a few dozen files. Of each file only some numbers are kept, and
of each rule only some findings, so that memory hardly grows with the number of files.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.audit.annotation_rules import annotation_rules
from pixelwise.audit.copies import copy_rules
from pixelwise.audit.dataset_rules import (
    Contents,
    Stored,
    explanation_of_unknown,
    storage_rules,
    value_rules,
)
from pixelwise.audit.findings import Audit
from pixelwise.audit.image_rules import look_at_image, near_copies
from pixelwise.audit.label_rules import LabelJob, LabelLook, Table, look_at_label
from pixelwise.audit.ledger import Key, Ledger
from pixelwise.audit.pair_rules import PairLook, look_at_pair
from pixelwise.audit.source import Source, open_source
from pixelwise.errors import DatasetError
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description
from pixelwise.sums import Progress, map_over

# Findings of each rule that are listed; the others are counted.
LISTED = 1000
# Labels in which neighbouring pixels are compared, evenly spaced; fewer if there are fewer.
SAMPLE = 32
# What spreading returns.
Spread = Callable[..., Iterator[Any]]
_PAIRS_A_TASK, _LABELS_A_TASK, _IMAGES_A_TASK = 256, 32, 8


def audit(
    dataset: Description | Path | str,
    executor: Executor | None = None,
    *,
    quick: bool = False,
    deep: bool = False,
    listed: int | None = LISTED,
    baseline: Mapping[Key, int] | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Look for defects of label files, labels, pairs and splits; the rules are in rules.RULES.

    Headers of all files are read first. Then each label is decoded once. Images are decoded only
    with deep, except for copies: files of equal size and content at two places. Single pixels
    (R1) and lines of a class between others (V2) are looked for in 32 evenly spaced labels, with
    deep in all.

    Args:
        dataset: a folder with dataset.toml, or without one; then the classes are guessed. Or a
            Description.
        executor: any concurrent.futures executor; None works in this thread.
        quick: read headers only.
        deep: decode the images too, for S1 and S3 of pictures that were saved again, S2 and G3;
            and compare neighbouring pixels in all labels.
        listed: findings of each rule to list; None = all. All are counted.
        baseline: findings to accept, from baseline.read_baseline.
        progress: called with (done, all) after each pair, then after each label, then image.
    Returns:
        Audit, the same for every executor.
    Raises:
        DatasetError: there is no data set, or its dataset.toml is wrong. Whatever is wrong with
            the files themselves is a finding.
    """
    ledger = Ledger(listed, baseline or {})
    spread = spreading(executor, progress)
    return audit_source(open_source(dataset), spread, ledger, quick=quick, deep=deep)


def spreading(executor: Executor | None, progress: Progress | None) -> Spread:
    """map_over with an executor, a progress and the names of files in its messages."""
    return partial(map_over, executor=executor, progress=progress, name=_name_of)


def audit_source(
    source: Source, spread: Spread, ledger: Ledger, *, quick: bool, deep: bool
) -> Audit:
    """The audit of an opened source, its findings collected in a ledger."""
    inventory = source.inventory
    ledger.add(inventory.findings)
    heads = _Heads(source, _sample_step(source, deep))
    see = partial(look_at_pair, str(inventory.root))
    for head in spread(inventory.pairs, see, chunk=_PAIRS_A_TASK):
        heads.add(head)
        ledger.add(head.findings)
    if not quick:
        _look_into_labels(source, heads, spread, ledger, deep)
    names = frozenset() if source.guessed else frozenset(source.description.classes.names)
    found, annotations = annotation_rules(Path(inventory.root), names, spread)
    ledger.add(found)
    if not inventory.pairs and not annotations and not inventory.findings:
        constraint = "a folder of images and labels that pair up, or of labelme files"
        raise DatasetError(inventory.root, "dataset", must=constraint, got="neither")
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
        complete=every and not (ledger.accepted or quick or source.guessed),
    )


def _look_into_labels(
    source: Source, heads: "_Heads", spread: Spread, ledger: Ledger, deep: bool
) -> None:
    """Decode every label, and conclude from all of them together."""
    classes = source.description.classes
    table = Table(
        classes if source.known else Classes(["unknown"], values=["other"]),
        binary=source.description.task == "binary",
        guessed=source.guessed,
        known=source.known,
    )
    body = _Bodies(source, table)
    see = partial(look_at_label, table)
    for look in spread(heads, see, chunk=_LABELS_A_TASK):
        body.add(look)
        ledger.add(look.findings)
    contents = body.contents(heads)
    if source.known:
        if body.void_is_used:
            ledger.drop("V5")
        reason = explanation_of_unknown(contents, table)
        if reason is not None:
            ledger.explain("V4", *reason)
        ledger.add(storage_rules(heads.stored(), contents, table))
        ledger.add(value_rules(contents, table, reason is not None or "V5" in ledger.totals()))
    image_keys = heads.image_keys if not deep else _look_into_images(source, spread, ledger)
    ledger.add(copy_rules(source.inventory, image_keys, body.keys, body.simple))


def _look_into_images(source: Source, spread: Spread, ledger: Ledger) -> np.ndarray:
    """Decode every image; returns a key of its pixels for each."""
    inventory = source.inventory
    number = len(inventory.pairs)
    keys, dhash = np.zeros(number, np.uint64), np.zeros(number, np.uint64)
    small = np.zeros((number, 16, 16), np.uint8)
    see = partial(look_at_image, str(inventory.root))
    for place, look in enumerate(spread(inventory.pairs, see, chunk=_IMAGES_A_TASK)):
        keys[place], dhash[place], small[place] = look.key, look.dhash, look.small
        ledger.add(look.findings)
    ledger.add(near_copies(inventory, dhash, small, keys))
    return keys


class _Heads:
    """What the headers say, a few numbers for each pair; iterates over the labels to decode."""

    def __init__(self, source: Source, step: int) -> None:
        self._source, self._step = source, step
        number = len(source.inventory.pairs)
        self._storage: list[str] = []
        self._depth = np.zeros(number, np.uint8)
        self._palette = np.full(number, -1, np.int32)
        self._palettes: dict[bytes, int] = {}
        self.image_keys = np.zeros(number, np.uint64)
        self.sizes: list[Counter] = [Counter() for _ in source.inventory.splits]

    def add(self, look: PairLook) -> None:
        """Keep what is needed of the next pair."""
        number = len(self._storage)
        self._storage.append(look.storage)
        self._depth[number] = look.depth
        if look.palette:
            self._palette[number] = self._palettes.setdefault(look.palette, len(self._palettes))
        self.image_keys[number] = look.image_key
        self.sizes[self._source.inventory.pairs[number].split][look.size] += 1

    def __len__(self) -> int:
        return sum(map(bool, self._storage))

    def __iter__(self) -> Iterator[LabelJob]:
        inventory = self._source.inventory
        palettes = list(self._palettes)
        for number, (files, storage) in enumerate(zip(inventory.pairs, self._storage)):
            if files.label is None or not storage:
                continue
            palette = self._palette[number]
            entries = len(palettes[palette]) // 3 if palette >= 0 else 0
            yield LabelJob(
                *(number, inventory.path(files.label), files.label, storage, entries),
                sampled=number % self._step == 0,
            )

    def stored(self) -> Stored:
        """How all labels are stored."""
        names = [str(files.label) for files in self._source.inventory.pairs]
        return Stored(names, self._storage, self._depth, self._palette, list(self._palettes))


class _Bodies:
    """What the labels contain, summed by split, and a key for each of them."""

    def __init__(self, source: Source, table: Table) -> None:
        self._source, self._table = source, table
        splits = len(source.inventory.splits)
        self._labels = np.zeros(splits, np.int64)
        self._voids = np.zeros(splits, np.int64)
        self._pixels = np.zeros((splits, 1 << 16), np.int64)
        self.keys = np.zeros(len(source.inventory.pairs), np.uint64)
        self.simple = np.zeros(len(source.inventory.pairs), bool)
        self.void_is_used = False

    def add(self, look: LabelLook) -> None:
        """Add the contents of one label."""
        if not look.values.size:
            return
        split = self._source.inventory.pairs[look.number].split
        self._labels[split] += 1
        self._pixels[split, look.values] += look.pixels
        self.keys[look.number] = look.key
        self.simple[look.number] = len(look.values) < 2
        self._voids[split] += bool((self._table.index_of.take(look.values) == -1).any())
        if look.values[-1] == 255 and 1 in look.values:
            self.void_is_used = True

    def contents(self, heads: _Heads) -> Contents:
        """The sums."""
        splits = self._source.description.splits
        return Contents(
            splits=tuple(splits),
            folders=tuple(split.labels or split.images for split in splits.values()),
            labels=self._labels,
            pixels=self._pixels,
            voids=self._voids,
            sizes=tuple(heads.sizes),
        )


def _name_of(item: Any) -> str:
    """What a pair, a label or an annotation file is called in a message."""
    return str(getattr(item, "image", getattr(item, "name", item)))


def _not_looked(source: Source, quick: bool, deep: bool) -> Iterator[str]:
    yield from source.notes
    if quick:
        yield "pixels, as --quick was asked for"
    elif not deep:
        step = _sample_step(source, deep)
        if step > 1:
            number = -(-source.labels // step)
            yield f"neighbours of pixels (R1, V2 of known values) in all but {number} labels"
        yield "pixels of the images (S2, G3; S1 and S3 know copies of files only): use --deep"


def _sample_step(source: Source, deep: bool) -> int:
    """Of so many labels, neighbouring pixels are compared in one."""
    return 1 if deep else max(1, -(-source.labels // SAMPLE))
