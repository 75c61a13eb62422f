"""How often each of several classes that overlap occurs: positives, negatives and void of each."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    PixelwiseError,
    check_choice,
    setting,
)
from pixelwise.figures.figure import Axes, Figure
from pixelwise.figures.names import ClassNames
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import MEMBER, check_members, read_members
from pixelwise.labels.pairs import Pair
from pixelwise.metrics.additive import Additive
from pixelwise.sums import Progress, map_over
from pixelwise.text import some
from pixelwise.weights.counts import FILES_A_TASK, good
from pixelwise.weights.formulas import Zero

ONE_SIDED_HINT = (
    f"Say what such a class weighs: {setting('zero', 'zero')} (nothing) or "
    f"{setting('zero', 'max')} (as much as the heaviest class)."
)


@dataclass(frozen=True, eq=False)
class MemberLabelCounts(Additive):
    """What the label images of classes that overlap contain. Counts of disjoint sets add.

    Args:
        pixels: (C, 2) int64, pixels outside and inside of each class.
        ignored: (C,) int64, pixels that are void for the class.
        images: (C,) int64, images that contain the class.
        files: images that were counted.
    """

    pixels: NDArray[np.int64]
    ignored: NDArray[np.int64]
    images: NDArray[np.int64]
    files: int

    @classmethod
    def zero(cls, num_classes: int) -> "MemberLabelCounts":
        """The counts of no image: the start of a sum over num_classes classes."""
        none = np.zeros(num_classes, np.int64)
        return cls(np.zeros((num_classes, 2), np.int64), none, none, 0)

    def plot(
        self, ax: Axes | None = None, *, classes: ClassNames = None, log: bool = True
    ) -> Figure | Axes:
        """The share of the pixels that are of each class, of those that are not void for it.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            classes: Classes, or their names.
            log: points on a logarithmic axis, which shows rare classes; else bars from 0.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.weights.plots import shares_figure

        inside, valid = self.pixels[:, 1], self.pixels.sum(1)
        return shares_figure("MemberLabelCounts.plot", inside, valid, ax, classes, log)

    def _repr_html_(self) -> str:
        from pixelwise.weights.plots import member_counts_table

        return member_counts_table(self)


def count_members(
    pairs: Iterable[Pair],
    classes: Classes,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> MemberLabelCounts:
    """Count the pixels inside and outside of each of several classes that overlap, and its void.

    pixels[c] = (number of pixels that are not c, number of pixels that are c), void in neither.

    Args:
        pairs: with `labels`.
        classes: of the dataset, task "multilabel".
        executor: any concurrent.futures executor; None works in this thread.
        progress: called with (images done, all images) after each image.
    Returns:
        MemberLabelCounts, the same for every executor.
    Raises:
        PairingError: a pair has no label file of each class.
        LabelError: see read_members. All images are read; the message counts the bad ones.
    """
    pairs = list(pairs)
    for pair in pairs:
        check_members(pair, classes)
    count = partial(_count_or_error, classes=classes)
    results = map_over(pairs, count, executor, chunk=FILES_A_TASK, progress=progress)
    return sum(good(results, "count_members"), MemberLabelCounts.zero(len(classes)))


def pos_weights(counts: MemberLabelCounts, zero: Zero = "error") -> NDArray[np.float64]:
    """The factor of the pixels of each class that gives both of its sides the same weight.

    weights = pixels outside / pixels inside

    Args:
        counts: of the training split.
        zero: the weight of a class that is nowhere, or everywhere: "error" refuses it, "zero" is
            0, "max" is the weight of the heaviest class.
    Returns:
        (C,) float64, finite, >= 0: the pos_weight of BinaryCrossEntropy.
    Raises:
        ArgumentError: unknown policy; a class has no pixel on one side and zero is "error"; all
            classes are like that.
    Absent classes: what `zero` says; they never change the weights of the others.
    Equals: the recommendation of torch.nn.BCEWithLogitsLoss for its pos_weight.
    Example:
        >>> import numpy as np
        >>> import pixelwise as pw
        >>> counts = pw.MemberLabelCounts(np.array([[90, 10], [25, 75]]), [0, 0], [1, 1], 1)
        >>> pw.pos_weights(counts).round(3).tolist()
        [9.0, 0.333]
    """
    where = "pos_weights"
    check_choice(where, "zero", zero, get_args(Zero))
    if not isinstance(counts, MemberLabelCounts):
        got = type(counts).__name__
        hint = "Make it with count_members(pairs, classes)."
        raise ArgumentTypeError(where, "counts", must="a MemberLabelCounts", got=got, hint=hint)
    both = np.all(counts.pixels > 0, axis=1)
    if not both.any():
        must = "of a class with pixels inside and outside of it"
        raise ArgumentError(where, "counts", must=must, got="none")
    if zero == "error" and not both.all():
        event = f"no pixel is inside, or none outside, of class {some(np.flatnonzero(~both))}"
        raise ArgumentError(where, "counts", event=event, hint=ONE_SIDED_HINT)
    ratios = counts.pixels[both, 0] / counts.pixels[both, 1]
    weights = np.full(len(both), ratios.max() if zero == "max" else 0.0)
    weights[both] = ratios
    return weights


def one_sided(counts: MemberLabelCounts, names: Sequence[str]) -> list[str]:
    """The classes without a pixel inside or outside, in words."""
    return [
        f"{'outside of' if inside else 'inside of'} {name}"
        for name, (outside, inside) in zip(names, counts.pixels.tolist())
        if not outside or not inside
    ]


def describe_members(counts: MemberLabelCounts, names: Sequence[str]) -> str:
    """The share of each class in the pixels that are not void for it, in words."""
    valid = np.maximum(1, counts.pixels.sum(1))
    shares = 100 * counts.pixels[:, 1] / valid
    every = valid.sum() + counts.ignored.sum()
    listed = ", ".join(f"{name} {share:.3g}%" for name, share in zip(names, shares))
    return f"{listed}; void {100 * counts.ignored.sum() / every:.3g}%"


def _count_or_error(pair: Pair, classes: Classes) -> MemberLabelCounts | PixelwiseError:
    try:
        return counts_of_members(read_members(pair, classes), classes)
    except PixelwiseError as error:
        return error


def counts_of_members(members: NDArray[np.uint8], classes: Classes) -> MemberLabelCounts:
    """The counts of one image from its planes (C, H, W)."""
    inside = (members == MEMBER).sum((1, 2))
    ignored = (members == classes.ignore_index).sum((1, 2))
    outside = members[0].size - inside - ignored
    present = (inside > 0).astype(np.int64)
    return MemberLabelCounts(np.stack([outside, inside], 1), ignored, present, 1)
