"""What is read of a pair: each of its files is opened once. Their sum over all pairs: Contents.

Of every file only some numbers are kept, so that memory hardly grows with the number of files.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixelwise.audit.findings import Finding, unreadable
from pixelwise.audit.headers import LOSSY, Header, has_right_suffix, read_start, read_whole
from pixelwise.audit.image_rules import ImageContents, dark_rule, examine_image
from pixelwise.audit.inventory import Files
from pixelwise.audit.label_rules import ClassTable, LabelContents, LabelFile, examine_label
from pixelwise.audit.pair_rules import header_rules, size_rules
from pixelwise.audit.source import Source
from pixelwise.files.content import Unreadable
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.complete import check_whole
from pixelwise.labels.storage_notes import count_kinds

# A value that has fewer than one in so many of the pixels of another one may be of its rims.
_MANY = 4
# At most so many labels have a value that is of no class, or this share of them, but no more than
# are named. More values than the last are not those of classes.
_FEW, _FEW_SHARE, _MOST_NAMED, MOST_VALUES = 2, 0.1, 64, 1024
_VOID = 255


@dataclass(frozen=True)
class Reading:
    """How pairs are read; the same for all of them.

    Args:
        root: what names are relative to.
        table: the classes.
        quick: headers only.
        deep: decode images too.
        sampled: images in whose labels neighbouring pixels are compared; None = all.
        channels: of the images.
    """

    root: str
    table: ClassTable
    quick: bool
    deep: bool
    sampled: frozenset[str] | None
    channels: Channels = RGB


@dataclass(frozen=True)
class PairContents:
    """What the files of a pair hold.

    Args:
        findings: of this pair alone.
        image, label: their headers; None if there is no such file or it cannot be read.
        inside: of the label; None if it is not decoded.
        pixels: of the image; None if it is not decoded.
    """

    findings: tuple[Finding, ...]
    image: Header | None
    label: Header | None
    inside: LabelContents | None = None
    pixels: ImageContents | None = None


def read_pair(reading: Reading, files: Files) -> PairContents:
    """Read image and label, and find what they alone say; what cannot be read is a finding."""
    findings: list[Finding] = []
    image, image_data = _open(reading, files.image, reading.deep, findings)
    label, data = None, b""
    if files.label is not None:
        label, data = _open(reading, files.label, not reading.quick, findings)
    inside = pixels = decoded = None
    if label is not None and files.label is not None:
        findings += header_rules(files.label, label)
        if image is not None:
            findings += size_rules(files, image, label)
        if data and label.storage != LOSSY:
            file = LabelFile(f"{reading.root}/{files.label}", files.label, label, data)
            sampled = reading.sampled is None or files.image in reading.sampled
            inside = examine_label(reading.table, file, sampled)
            findings += inside.findings
            decoded, inside = inside.label, inside.without_label()
    in_sample = reading.sampled is None or files.image in reading.sampled
    is_cut = image is not None and image.depth == 16 and reading.channels.is_rgb
    if is_cut and in_sample and not reading.quick:
        findings += dark_rule(files.image, f"{reading.root}/{files.image}", image_data)
    if image is not None and reading.deep:
        path = f"{reading.root}/{files.image}"
        pixels = examine_image(files, path, image_data, decoded, reading.channels)
        if pixels.is_upright:  # which answers what G5 asks
            findings = [finding for finding in findings if finding.rule != "G5"]
        findings += pixels.findings
    return PairContents(tuple(findings), image, label, inside, pixels)


def _open(
    reading: Reading, name: str, whole: bool, findings: list[Finding]
) -> tuple[Header | None, bytes]:
    """The header and the content of a file; its content is empty if only the header is read."""
    path = f"{reading.root}/{name}"
    try:
        header, data = read_whole(path) if whole else (read_start(path), b"")
        if data and header.storage == LOSSY:
            check_whole(data)  # the others are decoded
    except Unreadable as error:
        findings.append(unreadable(name, error))
        return None, b""
    if header.storage != LOSSY and not has_right_suffix(name, header):
        findings.append(Finding("F2", name, 1, None, f"its content is {header.format}"))
    return header, data


@dataclass
class Occurrence:
    """In which labels values occur.

    Args:
        labels: how many there are.
        holders: (65536,) labels that have a value.
        few: the numbers of the pairs whose labels have a value, of values that few have.
        objects: of the labels that have the values 1..n, but for 0 and void: how often each n is.
    """

    labels: int
    holders: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1 << 16, np.int64))
    few: dict[int, list[int]] = field(default_factory=dict)
    objects: Counter[int] = field(default_factory=Counter)

    def add(self, number: int, values: NDArray[np.int64]) -> None:
        """Add the label of a pair, by its stored values, ascending."""
        self.holders[values] = held = self.holders[values] + 1
        if len(values) <= MOST_VALUES:
            most = min(_MOST_NAMED, max(_FEW, int(_FEW_SHARE * self.labels)))
            rare = held <= most
            if rare.any():
                for value in values[rare].tolist():
                    self.few.setdefault(value, []).append(number)
            if self.few:
                for value in values[~rare].tolist():
                    self.few.pop(value, None)
        objects = values[(values > 0) & (values != _VOID)]
        if not objects.size or objects[-1] == len(objects):
            self.objects[len(objects)] += 1


@dataclass
class Contents:
    """What the pairs of a dataset contain, N of them in S splits, as they are read.

    Args:
        source: the dataset.
        table: its classes.
        headers: of the labels, by name, and of the images whose suffix is wrong.
        image_keys, label_keys: (N,) equal for equal files; 0 = cannot be read.
        simple: (N,) labels of a single value.
        labels: (S,) labels that were decoded.
        voids: (S,) labels with void.
        pixels: (S, 65536) pixels by stored value.
        sizes: sizes (height, width) of each split, and how often each occurs.
        dhash, small: (N,) and (N, 16, 16) of images that were decoded, see image_rules.
        void_is_used: a label has 255 beside 1.
        occurrence: in which labels values occur.
        image_kinds: (N,) the place of what an image is in kinds_found; -1 = cannot be read.
        kinds_found: (samples, bands, alpha, as_rgb) of headers that differ.
        images, kinds: images that have a header, and how many of them are of each kind, see
            storage_notes.
    """

    source: Source
    table: ClassTable
    deep: bool
    headers: dict[str, Header] = field(default_factory=dict)
    void_is_used: bool = False
    images: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        number, splits = len(self.source.inventory.pairs), len(self.source.inventory.splits)
        self.image_keys, self.label_keys = np.zeros((2, number), np.uint64)
        self.simple = np.zeros(number, bool)
        self.image_kinds = np.full(number, -1, np.int16)
        self.kinds_found: list[tuple[str, int, bool, bool]] = []
        self.labels, self.voids = np.zeros((2, splits), np.int64)
        self.pixels = np.zeros((splits, 1 << 16), np.int64)
        self.sizes: list[Counter[tuple[int, int]]] = [Counter() for _ in range(splits)]
        decoded = number if self.deep else 0
        self.dhash, self.small = np.zeros(decoded, np.uint64), np.zeros((decoded, 16, 16), np.uint8)
        self.occurrence = Occurrence(self.source.labels)
        self._palettes: dict[bytes, bytes] = {}

    def add(self, number: int, found: PairContents) -> None:
        """Keep what is needed of a pair."""
        files = self.source.inventory.pairs[number]
        size = found.image or found.label
        self.sizes[files.split][(size.height, size.width) if size else (0, 0)] += 1
        if found.image is not None:
            self.images += 1
            self.kinds.update(count_kinds([found.image]))
            self.image_keys[number] = found.image.key
            image = found.image
            kind = image.samples, image.bands, image.alpha, image.as_rgb
            if kind not in self.kinds_found:
                self.kinds_found.append(kind)
            self.image_kinds[number] = self.kinds_found.index(kind)
            if not has_right_suffix(files.image, found.image):
                self._keep(files.image, found.image)
        if found.label is not None and files.label is not None:
            self._keep(files.label, found.label)
        if found.pixels is not None:
            self.image_keys[number] = found.pixels.key
            self.dhash[number], self.small[number] = found.pixels.dhash, found.pixels.small
        inside = found.inside
        if inside is None or not inside.values.size:
            return
        self.labels[files.split] += 1
        self.pixels[files.split, inside.values] += inside.pixels
        self.label_keys[number] = inside.key
        self.occurrence.add(number, inside.values)
        self.simple[number] = len(inside.values) < 2
        self.voids[files.split] += bool((self.table.index_of.take(inside.values) == -1).any())
        self.void_is_used |= _has_void_beside_one(found)

    def _keep(self, name: str, header: Header) -> None:
        """Headers share what is equal, also those from other processes."""
        header.palette = self._palettes.setdefault(header.palette, header.palette)
        storage: Any = intern(header.storage)
        header.format, header.storage, header.key = intern(header.format), storage, 0
        self.headers[name] = header

    def values(self) -> list[int]:
        """The stored values that occur, ascending."""
        return np.flatnonzero(self.pixels.any(axis=0)).tolist()

    def stored(self) -> Iterator[tuple[str, Header]]:
        """(name, header) of every label that is not lossy."""
        for files in self.source.inventory.pairs:
            header = self.headers.get(files.label or "")
            if header is not None and header.storage != LOSSY:
                yield str(files.label), header

    def class_pixels(self) -> NDArray[np.int64]:
        """(S, C) valid pixels of each class in each split."""
        index = self.table.index_of
        total = np.zeros((len(self.labels), len(self.table.classes)), np.int64)
        for value in self.values():
            if index[value] >= 0:
                total[:, index[value]] += self.pixels[:, value]
        return total

    def folder(self, split: int) -> str:
        """The labels of a split, for findings about a whole split."""
        chosen = list(self.source.description.splits.values())[split]
        return chosen.labels or chosen.images


def _has_void_beside_one(found: PairContents) -> bool:
    """Whether a label has 255 beside 1, so that 255 is not what foreground was stored as.

    In a soft mask of 0 and 255, 1 is but a value of its rims.
    """
    inside = found.inside
    if inside is None or inside.values[-1] != 255 or 1 not in inside.values:
        return False
    ones, last = int(inside.pixels[inside.values == 1][0]), int(inside.pixels[-1])
    return _MANY * ones >= last or all(finding.rule != "V2" for finding in found.findings)
