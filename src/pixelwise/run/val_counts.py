"""The counts of each image of the val split after every epoch: RUN/val_counts/EPOCH.json.

    {"schema": ..., "epoch": 3, "step": 120, "shape": [3, 3],
     "images": [{"id": "a", "ignored": [12], "places": [0, 4, 5], "pixels": [90, 80, 3]}, ...]}

The table of an image, (C, C) or (C, 2, 2) where classes overlap, is stored by its entries that are
not 0: their places in the flat table and their pixels. Added up they are the counts of the epoch.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.records import to_plain
from pixelwise.files.results import read_record
from pixelwise.labels.classes import Classes
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts
from pixelwise.text import shell_line

VAL_COUNTS = "val_counts"
LARGEST = 1 << 53  # pixels of a file that may be anybody's; sums stay exact in float64
Shape = tuple[int, ...]


@dataclass(frozen=True)
class ImageCounts:
    """The table of one image.

    Attributes:
        id: of its pair.
        ignored: pixels that were left out; of each class where classes overlap.
        places, pixels: of the entries that are not 0.
    """

    id: str
    ignored: tuple[int, ...]
    places: tuple[int, ...]
    pixels: tuple[int, ...]


@dataclass(frozen=True)
class ValCounts:
    """The tables of the images of an epoch, in the order of the split."""

    SCHEMA: ClassVar[str] = "pixelwise.val-counts/1"

    epoch: int
    step: int
    shape: Shape
    images: tuple[ImageCounts, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the images."""
        return tuple(image.id for image in self.images)

    def sums(self, ids: Sequence[str] | None = None) -> NDArray[np.float64]:
        """(N, 3, C) correct, target and predicted pixels of some images, or of all."""
        own = {image.id: image for image in self.images}
        chosen = [own[name] for name in (self.ids if ids is None else ids)]
        numbers = [np.full(len(i.places), n) for n, i in enumerate(chosen)]
        image = np.concatenate([np.zeros(0, np.int64), *numbers])
        places = np.array([p for i in chosen for p in i.places], np.int64)
        pixels = np.array([p for i in chosen for p in i.pixels], np.float64)
        row, *rest = np.unravel_index(places, self.shape)
        result = np.zeros((len(chosen), 3, self.shape[0]))
        if len(rest) == 1:
            kinds = [(row == rest[0], row), (True, row), (True, rest[0])]
        else:
            is_target, is_pred = rest[0] == 1, rest[1] == 1
            kinds = [(is_target & is_pred, row), (is_target, row), (is_pred, row)]
        for kind, (counts, index) in enumerate(kinds):
            np.add.at(result[:, kind], (image, index), np.where(counts, pixels, 0))
        return result


def table_shape(classes: Classes) -> Shape:
    """Of the table of an image: (C, C), or (C, 2, 2) where classes overlap."""
    number = len(classes)
    return (number, 2, 2) if classes.files else (number, number)


def sparse(id: str, matrix: NDArray[np.int64], ignored: NDArray[np.int64]) -> ImageCounts:
    """The counts of an image from its whole table and (1,) or (C,) ignored pixels."""
    flat = matrix.ravel()
    places = np.flatnonzero(flat)
    return ImageCounts(
        id, tuple(ignored.tolist()), tuple(places.tolist()), tuple(flat[places].tolist())
    )


def total_of(images: Sequence[ImageCounts], shape: Shape) -> ConfusionCounts | MemberCounts:
    """The counts of all images together."""
    matrix = np.zeros(shape, np.int64)
    for image in images:
        matrix.ravel()[list(image.places)] += np.array(image.pixels, np.int64)
    overlap = len(shape) == 3
    ignored = np.zeros(shape[0] if overlap else 1, np.int64)
    for image in images:
        ignored += np.array(image.ignored, np.int64)
    if overlap:
        return MemberCounts(matrix, ignored, len(images))
    return ConfusionCounts(matrix, int(ignored[0]), len(images))


def write_counts(run: Path, counts: ValCounts) -> None:
    """Keep the counts of an epoch.

    Raises:
        RunError: the file cannot be written, or something else has its name or that of the folder.
    """
    _check_kinds(run, counts.epoch)
    content = {"schema": counts.SCHEMA, **to_plain(counts)}
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    atomic_write(run / VAL_COUNTS / f"{counts.epoch}.json", f"{text}\n".encode())


def _check_kinds(run: Path, epoch: int) -> None:
    folder = run / VAL_COUNTS
    file = folder / f"{epoch}.json"
    for path, must, right in ((folder, "a folder", os.path.isdir), (file, "a file", _is_file)):
        if os.path.lexists(path) and not right(path):
            hint = (
                f"Move it away, then go on with: pixelwise train --resume {shell_line([str(run)])}"
            )
            raise RunError(path, "kind", must=must, got="something else", hint=hint)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path) or os.path.islink(path)  # a link is replaced


def epochs_kept(run: Path) -> list[int]:
    """The epochs whose counts a run has, in order."""
    folder = run / VAL_COUNTS
    if not folder.is_dir():
        return []
    stems = (name.removesuffix(".json") for name in os.listdir(folder) if name.endswith(".json"))
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def read_counts(run: Path, shape: Shape, last: int | None = None) -> Iterator[ValCounts]:
    """The counts of all epochs that a run has, or of those up to `last`, one after the other.

    Raises:
        RunError: a file is damaged, or of another table.
    """
    for epoch in epochs_kept(run):
        if last is not None and epoch > last:
            break
        path = run / VAL_COUNTS / f"{epoch}.json"
        hint = "Remove the file: what the run says of its epochs is then without this one."
        found = read_record(ValCounts, path, hint)
        if found.epoch != epoch or found.shape != shape:
            must, got = f"of epoch {epoch} and shape {shape}", (found.epoch, found.shape)
            raise RunError(path, "content", must=must, got=got, hint=hint)
        entries, places = int(np.prod(shape)), shape[0] if len(shape) == 3 else 1
        for image in found.images:
            right = len(image.places) == len(image.pixels) == len(set(image.places))
            right &= len(image.ignored) == places and all(p >= 0 for p in image.ignored)
            right &= all(0 <= p < entries for p in image.places)
            if not right or not all(0 < p <= LARGEST for p in image.pixels):
                must = f"places below {entries} with pixels each"
                raise RunError(path, f"image {image.id}", must=must, got="others", hint=hint)
        if len(set(found.ids)) < len(found.ids) or not found.ids:
            number = "twice" if found.ids else "none"
            raise RunError(path, "images", must="named once", got=number, hint=hint)
        yield found


def forget_counts(run: Path, epochs: int) -> None:
    """Remove the counts of the epochs that a resumed run has again.

    Args:
        run: its folder.
        epochs: that are complete.
    Raises:
        RunError: a file cannot be removed.
    """
    for epoch in epochs_kept(run):
        path = run / VAL_COUNTS / f"{epoch}.json"
        if epoch > epochs:
            try:
                path.unlink()
            except OSError as error:
                got = error.strerror or str(error)
                raise RunError(path, "file", must="removable", got=got) from None
