"""How often each class occurs in label images: one additive record, one function that fills it."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import (
    ArgumentTypeError,
    LabelError,
    PairingError,
    PixelwiseError,
    check_shape,
    setting,
)
from pixelwise.figures.figure import Axes, Figure
from pixelwise.figures.names import ClassNames
from pixelwise.labels.classes import Classes
from pixelwise.labels.histogram import histogram
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import count_stored, read_label
from pixelwise.metrics.additive import Additive
from pixelwise.sums import Progress, map_over
from pixelwise.text import plural, some

# A file takes about a millisecond; sending a task to a worker takes a fraction of that.
FILES_A_TASK = 16
Counted = TypeVar("Counted")


def count_labels(
    pairs_or_paths: Iterable[Pair | str | Path],
    classes: Classes,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> "LabelCounts":
    """Count the pixels of each class in label files.

    pixels[c] = number of pixels of class c; images[c] = number of files that contain c.

    Memory does not grow with the number of files.

    Args:
        pairs_or_paths: pairs with labels, or label files.
        classes: what the stored values mean.
        executor: any concurrent.futures executor; None works in this thread.
        progress: called with (files done, all files) after each file.
    Returns:
        LabelCounts, the same for every executor.
    Raises:
        PairingError: a pair has no label.
        LabelError: a file cannot be read, or holds stored values that are neither a class nor
            void. All files are read; the message counts the bad ones and names the first few.
    """
    pixels, files = np.zeros(len(classes) + 1, np.int64), 0
    images, image_pixels = np.zeros((2, len(classes)), np.int64)
    for counted in good(_pixels_or_errors(pairs_or_paths, classes, executor, progress)):
        pixels += counted
        present = counted[:-1] > 0
        images += present
        image_pixels += present * counted[:-1].sum()
        files += 1
    return LabelCounts(pixels[:-1], images, int(pixels[-1]), files, image_pixels)


def count_each(
    pairs_or_paths: Iterable[Pair | str | Path],
    classes: Classes,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Iterator["LabelCounts"]:
    """The label counts of every file for itself, in the order given; see count_labels.

    Raises:
        LabelError: after the last file, if one or more were wrong.
    """
    yield from good(counts_or_errors(pairs_or_paths, classes, executor, progress))


def good(
    results: Iterable[Counted | PixelwiseError], where: str = "count_labels"
) -> Iterator[Counted]:
    """What could be counted; at the end the error about what could not.

    Args:
        results: what was counted, or what is wrong.
        where: the function that a message names.
    Raises:
        LabelError: see count_each.
    """
    failures = []
    for result in results:
        if isinstance(result, PixelwiseError):
            failures.append(result)
        else:
            yield result
    if len(failures) == 1:
        raise failures[0]
    if failures:
        listed = some(
            (error.message(with_value=setting).removesuffix(".") for error in failures),
            separator=" | ",
        )
        event = f"{len(failures):,} label files are wrong: {listed}"
        raise LabelError(where, "labels", event=event)


def counts_or_errors(
    pairs_or_paths: Iterable[Pair | str | Path],
    classes: Classes,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Iterator["LabelCounts | PixelwiseError"]:
    """The label counts of every file, or what is wrong with it, in the order given."""
    for found in _pixels_or_errors(pairs_or_paths, classes, executor, progress):
        yield found if isinstance(found, PixelwiseError) else counts_of_file(found)


def _pixels_or_errors(
    pairs_or_paths: Iterable[Pair | str | Path],
    classes: Classes,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Iterator[NDArray[np.int64] | PixelwiseError]:
    """(C + 1,) pixels of each class and of void in every file, or what is wrong with it."""
    if classes.files:
        event = "these classes overlap, so a pixel is counted for each of them"
        hint = "Count them by count_members(pairs, classes)."
        raise LabelError("count_labels", "classes", event=event, hint=hint)
    paths = _label_paths(pairs_or_paths)
    count = partial(_count_or_failure, classes=classes)
    return map_over(paths, count, executor, chunk=FILES_A_TASK, progress=progress)


def count_values(label: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The stored values that occur in a label image, ascending, and their pixels.

    Args:
        label: (*S) uint8 or uint16, stored values.
    Returns:
        values (K,) of the dtype of label, pixels (K,) int64.
    """
    pixels = histogram(label) if label.dtype == np.uint8 else np.bincount(label.ravel())
    values = np.flatnonzero(pixels)
    return values.astype(label.dtype), pixels[values]


@dataclass(frozen=True, eq=False)
class LabelCounts(Additive):
    """What a set of label images contains. Counts of disjoint sets add.

    Args:
        pixels: (C,) int64, pixels of each class.
        images: (C,) int64, label images that contain the class.
        ignored: void pixels.
        files: label images that were counted.
        image_pixels: (C,) int64, valid pixels of the label images that contain the class; what
            median frequency weights divide by.
    """

    pixels: NDArray[np.int64]
    images: NDArray[np.int64]
    ignored: int
    files: int
    image_pixels: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("pixels", "images", "image_pixels"):
            counts = np.array(getattr(self, name), np.int64)
            check_shape("LabelCounts", name, counts.shape, np.shape(self.pixels), "(C,)")
            counts.setflags(write=False)
            object.__setattr__(self, name, counts)

    @classmethod
    def zero(cls, num_classes: int) -> "LabelCounts":
        """The counts of no label image: the start of a sum over num_classes classes."""
        none = np.zeros(num_classes, np.int64)
        return cls(none, none, 0, 0, none)

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.pixels)

    @property
    def valid(self) -> int:
        """Pixels that are not void."""
        return int(self.pixels.sum())

    def plot(
        self, ax: Axes | None = None, *, classes: ClassNames = None, log: bool = True
    ) -> Figure | Axes:
        """The share of each class of the valid pixels.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            classes: Classes, or their names.
            log: points on a logarithmic axis, which shows rare classes; else bars from 0.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.weights.plots import shares_figure

        inside = self.pixels, np.full(len(self.pixels), self.valid)
        return shares_figure("LabelCounts.plot", *inside, ax, classes, log)

    def _repr_html_(self) -> str:
        from pixelwise.weights.plots import counts_table

        return counts_table(self)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, LabelCounts):
            return NotImplemented
        return all(map(np.array_equal, astuple(self), astuple(other)))

    def __hash__(self) -> int:
        return hash((self.pixels.tobytes(), self.images.tobytes(), self.ignored, self.files))

    def __reduce__(self) -> tuple[Any, ...]:
        # through the constructor: numpy forgets in a pickle that an array was read-only
        return LabelCounts, astuple(self)


def _label_paths(pairs_or_paths: Iterable[Pair | str | Path]) -> list[Path]:
    if isinstance(pairs_or_paths, str | Path):
        hint = "Pass find_pairs(images, labels), or a list of label files."
        got = repr(str(pairs_or_paths))
        raise ArgumentTypeError(
            "count_labels", "pairs_or_paths", must="pairs or a list of files", got=got, hint=hint
        )
    items = list(pairs_or_paths)
    check_labelled([item for item in items if isinstance(item, Pair)])
    return [Path(item.label if isinstance(item, Pair) else item) for item in items]  # type: ignore


def check_labelled(pairs: Iterable[Pair]) -> None:
    """Raise unless every pair has a label.

    Raises:
        PairingError: naming those that have none.
    """
    missing = [pair.id for pair in pairs if pair.label is None]
    if missing:
        event = f"{plural(len(missing), 'image')} without a label: {some(missing)}"
        raise PairingError("count_labels", "labels", event=event)


def _count_or_failure(path: Path, classes: Classes) -> NDArray[np.int64] | PixelwiseError:
    """The pixels of one file, or what is wrong with it."""
    try:
        return _count_file(path, classes)
    except PixelwiseError as error:
        return error


def _count_file(path: Path, classes: Classes) -> NDArray[np.int64]:
    """(C + 1,) pixels of each class and of void."""
    return class_pixels(*count_stored(path), classes, path)


def class_pixels(
    values: NDArray[np.int64], value_pixels: NDArray[np.int64], classes: Classes, path: Path
) -> NDArray[np.int64]:
    """(C + 1,) pixels of each class and of void, from the stored values (K,) of a file.

    Raises:
        LabelError: some values are neither a class nor void.
    """
    pixels = np.bincount(classes.place_in_table[values], value_pixels, len(classes) + 2)
    if pixels[-1]:
        # the same mistake in the whole image, for the message with pixels and places
        classes.to_index(read_label(path), where=str(path))
    return pixels[:-1].astype(np.int64)


def counts_of_file(counted: NDArray[np.int64]) -> "LabelCounts":
    """The counts of a file from its pixels of each class and of void."""
    pixels = counted[:-1]
    present = pixels > 0
    return LabelCounts(
        pixels=pixels,
        images=present.astype(np.int64),
        ignored=int(counted[-1]),
        files=1,
        image_pixels=pixels.sum() * present,
    )
