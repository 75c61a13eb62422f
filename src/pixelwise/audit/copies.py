"""S1, S3 and S4: images and labels that are there more than once.

Files with equal keys are candidates; only they are decoded again, and compared by all of their
pixels.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np

from pixelwise.audit.findings import Finding
from pixelwise.audit.inventory import Inventory
from pixelwise.errors import PixelwiseError
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.reading import read_channels
from pixelwise.labels.png import read_label


def copy_rules(
    inventory: Inventory,
    image_keys: np.ndarray,
    label_keys: np.ndarray,
    simple: np.ndarray,
    channels: Channels = RGB,
) -> Iterator[Finding]:
    """Compare what has equal keys.

    Args:
        inventory: the pairs.
        image_keys: (N,) uint64 of each image, 0 = cannot be read.
        label_keys: (N,) uint64 of each label, 0 = cannot be read.
        simple: (N,) bool, labels of a single value, which are often equal without being copies.
        channels: of the images.
    """
    pairs = inventory.pairs
    same_image: dict[int, int] = {}
    for group in _groups(image_keys):
        for first, *copies in _equal(inventory, group, partial(_image_digest, channels=channels)):
            for number in copies:
                same_image[number] = first
                yield _twice(inventory, first, number)
                if _labels_differ(inventory, first, number):
                    detail = f"{pairs[number].image} is a copy of {pairs[first].image}"
                    name, other = str(pairs[number].label), str(pairs[first].label)
                    yield Finding("S3", name, 1, None, detail, other=other)
    for group in _groups(np.where(simple, 0, label_keys)):
        for first, *copies in _equal(inventory, group, _label_digest):
            for number in copies:
                if same_image.get(number, number) != same_image.get(first, first):
                    detail = f"it equals {pairs[first].label}, and the images differ"
                    name, other = str(pairs[number].label), str(pairs[first].label)
                    yield Finding("S4", name, 1, None, detail, other=other)


def _twice(inventory: Inventory, first: int, number: int) -> Finding:
    a, b = inventory.pairs[first], inventory.pairs[number]
    detail = f"it has the pixels of {a.image}"
    if a.split != b.split:
        detail += f", and they are in {inventory.splits[a.split]} and {inventory.splits[b.split]}"
    return Finding("S1", b.image, 1, None, detail, other=a.image)


def _labels_differ(inventory: Inventory, first: int, number: int) -> bool:
    digests = [_label_digest(inventory, i) for i in (first, number)]
    return None not in digests and digests[0] != digests[1]


def _groups(keys: np.ndarray) -> list[np.ndarray]:
    """Numbers with equal keys, at least two each, in order."""
    order = keys.argsort(kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    groups = [g for g in np.split(order, edges) if len(g) > 1 and keys[g[0]] != 0]
    return sorted(groups, key=lambda group: int(group[0]))


def _equal(inventory: Inventory, group: Sequence[int] | np.ndarray, digest: Any) -> list[list[int]]:
    """Those of a group that are really equal, at least two each."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for number in group:
        value = digest(inventory, int(number))
        if value is not None:
            found[value].append(int(number))
    return [numbers for numbers in found.values() if len(numbers) > 1]


def _image_digest(inventory: Inventory, number: int, channels: Channels) -> bytes | None:
    read = partial(read_channels, channels=channels)
    return _digest(read, inventory.path(inventory.pairs[number].image))


def _label_digest(inventory: Inventory, number: int) -> bytes | None:
    label = inventory.pairs[number].label
    return None if label is None else _digest(read_label, inventory.path(label))


def _digest(read: Any, path: str) -> bytes | None:
    try:
        pixels = read(path)
    except PixelwiseError:
        return None
    return blake2b(pixels.tobytes(), person=repr(pixels.shape).encode()[:16]).digest()
