"""Scores of classes that overlap, or of one against the rest: each is a yes or no of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, check_choice, check_shape
from pixelwise.figures.figure import Axes, Figure
from pixelwise.figures.names import ClassNames
from pixelwise.metrics.additive import Additive
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.counted import as_counts
from pixelwise.metrics.inputs import Ignore, as_ignored, as_pair, checked_pair, has_value
from pixelwise.metrics.means import (
    CONVENTIONS,
    Convention,
    dice_of_pixels,
    iou_of_pixels,
    mean_of_pixels,
)
from pixelwise.metrics.scores import CLASS_SCORES

FORMULAS = {"iou": iou_of_pixels, "dice": dice_of_pixels}


@dataclass(frozen=True, eq=False)
class MemberCounts(Additive):
    """Pixels of each class by target and prediction. Counts of disjoint sets add.

    Args:
        matrix: (C, 2, 2) int64; [c, t, p] = pixels not void for class c, with t = 1 if it is the
            target there and p = 1 if it is predicted.
        ignored: (C,) int64, pixels that are void for the class.
        images: how many were counted.
    """

    matrix: NDArray[np.int64]
    ignored: NDArray[np.int64]
    images: int = 1

    def __post_init__(self) -> None:
        number = len(self.ignored)
        check_shape("MemberCounts", "matrix", np.shape(self.matrix), (number, 2, 2), "(C, 2, 2)")

    @property
    def target_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels of the class."""
        return self.matrix[:, 1].sum(1)

    @property
    def pred_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels that were predicted as the class."""
        return self.matrix[:, :, 1].sum(1)

    @property
    def correct_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels of the class that were predicted as the class."""
        return self.matrix[:, 1, 1]

    @property
    def tp(self) -> NDArray[np.int64]:
        """(C,) int64, true positives: correct_pixels."""
        return self.correct_pixels

    @property
    def fp(self) -> NDArray[np.int64]:
        """(C,) int64, false positives: predicted as the class, and not of it."""
        return self.matrix[:, 0, 1]

    @property
    def fn(self) -> NDArray[np.int64]:
        """(C,) int64, false negatives: of the class, and not predicted as it."""
        return self.matrix[:, 1, 0]

    @property
    def tn(self) -> NDArray[np.int64]:
        """(C,) int64, true negatives: neither of the class nor predicted as it."""
        return self.matrix[:, 0, 0]

    @property
    def valid_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels that are not void for the class."""
        return self.matrix.sum((1, 2))

    def plot(
        self, ax: Axes | None = None, *, classes: ClassNames = None, score: str = "iou"
    ) -> Figure | Axes:
        """A bar for each class.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            classes: Classes, or their names.
            score: "iou", "dice", "precision" or "recall".
        Returns:
            A Figure; or ax.
        """
        from pixelwise.metrics.plots import members_figure

        return members_figure(self, ax, classes, score)

    @property
    def accuracy(self) -> float:
        """Share of the decisions, each valid pixel of each class, that are right; NaN if none."""
        total = self.matrix.sum()
        return float(self.matrix[:, [0, 1], [0, 1]].sum() / total) if total else float("nan")


def one_against_rest(counts: ConfusionCounts) -> MemberCounts:
    """Counts of each class against all others together: tp, fp, fn and tn of every class.

    tp = matrix[c, c], fp = predicted as c - tp, fn = target c - tp, tn = the other valid pixels.

    Args:
        counts: pixels by target and predicted class.
    Returns:
        MemberCounts of the same C classes; every pixel counts once for each.
    Raises:
        ArgumentTypeError: not a ConfusionCounts.
    Absent classes: have tp = fn = 0; if they are not predicted either, fp = 0.
    Equals: sklearn.metrics.multilabel_confusion_matrix(target, pred), which is matrix here;
        torchmetrics multiclass_stat_scores(average=None); smp get_stats, summed over images.

    Example:
        >>> rest = one_against_rest(ConfusionCounts(np.array([[3, 1], [2, 4]])))
        >>> rest.tp, rest.fp, rest.fn, rest.tn
        (array([3, 4]), array([2, 1]), array([1, 2]), array([4, 3]))
    """
    counts = as_counts("one_against_rest", counts)
    tp = counts.correct_pixels
    fp, fn = counts.pred_pixels - tp, counts.target_pixels - tp
    tn = counts.valid - tp - fp - fn
    matrix = np.array([[tn, fp], [fn, tp]]).transpose(2, 0, 1)
    return MemberCounts(matrix, np.full(len(tp), counts.ignored), counts.images)


def count_planes(pred: ArrayLike, target: ArrayLike, ignore_index: Ignore = 255) -> MemberCounts:
    """Count pixels of classes that may overlap: a plane of 0 and 1 for each class.

    matrix[c, t, p] = number of pixels with t = target[:, c] and p = pred[:, c] that are not void.

    Args:
        pred: (N, C, *S) integer or bool, 1 where a class is predicted, else 0.
        target: (N, C, *S) integer or bool, 1 where a class is, else 0, or ignored.
        ignore_index: an integer or several: what void is in the target, of each class alone; or a
            (N, C, *S) bool mask, True where it is void; None leaves out nothing.
    Returns:
        MemberCounts of C classes with images=N.
    Raises:
        ArgumentTypeError: not of an integer or bool dtype.
        ArgumentError: the shapes differ or have no axis of classes; other values.
    Absent classes: a class without a pixel has no true pixel in its table.
    Equals: sklearn.metrics.multilabel_confusion_matrix of (pixels, C) without void;
        torchmetrics multilabel_confusion_matrix(num_labels=C, ignore_index=255).

    Example:
        >>> count_planes([[[0, 1, 1]]], [[[0, 1, 255]]]).matrix
        array([[[1, 0],
                [0, 1]]])
    """
    where = "count_planes"
    pred, target, valid = checked_pair(where, pred, target, 2, ignore_index)
    check_planes(where, "target", target)
    # values at valid pixels are 0 and 1; 4 is left out
    index = np.where(valid, 2 * target.astype(np.uint8) + pred.astype(np.uint8), 4)
    cells = np.array([np.bincount(plane.ravel(), minlength=5) for plane in index.swapaxes(0, 1)])
    return MemberCounts(cells[:, :4].reshape(-1, 2, 2), cells[:, 4], len(target))


def count_one_hot(
    pred: ArrayLike, target: ArrayLike, ignore_index: Ignore = None
) -> ConfusionCounts:
    """Count pixels of one-hot arrays, in which every pixel is of one class or of none.

    count_confusion of the positions of the ones.

    Args:
        pred: (N, C, *S) integer or bool, one 1 a pixel; what is predicted on an ignored pixel is
            never looked at.
        target: (N, C, *S) integer or bool, one 1 a pixel; a pixel of zeros alone is ignored, as
            one_hot writes it.
        ignore_index: the class indices, integer or several, whose target pixels are left out too;
            or a (N, *S) bool mask; None leaves out no more.
    Returns:
        ConfusionCounts with images=N.
    Raises:
        ArgumentTypeError: not of an integer or bool dtype.
        ArgumentError: the shapes differ or have no axis of classes; a pixel of several classes;
            a valid pixel that is predicted as none.
    Equals: count_confusion(pred.argmax(1), target.argmax(1), C).
    """
    where = "count_one_hot"
    pred, target, _, _ = as_pair(where, pred, target, 2, None)
    check_planes(where, "target", target)
    mask, values = as_ignored(where, ignore_index, (len(target), *target.shape[2:]))
    labels = target.argmax(1)
    void = target.astype(bool).sum(1) == 0
    void |= has_value(labels, values) if mask is None else mask
    for name, array in (("target", target), ("pred", pred)):
        ones = array == 1
        wrong = ~void & ((ones.sum(1) != 1) | (~ones & (array != 0)).any(1))
        if wrong.any():
            must = "one 1 and otherwise 0 at every pixel"
            place = tuple(np.argwhere(wrong)[0].tolist())
            got = f"{int(wrong.sum()):,} other pixels, the first at {place}"
            hint = "Classes that overlap are counted by count_planes."
            raise ArgumentError(where, name, must=must, got=got, hint=hint)
    counts = count_confusion(pred.argmax(1), labels, target.shape[1], void)
    return ConfusionCounts(counts.matrix, counts.ignored, len(target))


def check_planes(where: str, name: str, planes: np.ndarray) -> None:
    """Raise unless the array is (N, C, *S) with at least one class.

    Raises:
        ArgumentError: with its shape.
    """
    if planes.ndim < 2 or planes.shape[1] == 0:
        must = "(N, C, *S), a plane for each class"
        raise ArgumentError(where, name, must=must, got=planes.shape)


def member_scores(counts: MemberCounts) -> dict[str, NDArray[np.float64]]:
    """IoU, Dice, precision and recall of each class; pixels outside it are not a class.

    The formulas of iou, dice, precision and recall on tp, fp and fn.

    Args:
        counts: of count_planes or one_against_rest.
    Returns:
        By the names of CLASS_SCORES, (C,) float64 in 0..1 or NaN each.
    Absent classes: NaN if in neither target nor prediction.
    """
    own = [ConfusionCounts(matrix) for matrix in counts.matrix]
    return {name: np.array([row.fn(one)[1] for one in own]) for name, row in CLASS_SCORES.items()}


def mean_of_members(
    counts: MemberCounts,
    convention: Convention = "present",
    score: Literal["iou", "dice"] = "iou",
) -> float:
    """Mean over the classes of the IoU or Dice of each, by a named convention but "per_image".

    convention "present": mean over classes with target + predicted > 0 of the score.

    Args:
        counts: of all images, or of one.
        convention: see CONVENTIONS.
        score: "iou" or "dice".
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError: unknown score or convention, or "per_image".
    Absent classes: what the convention says; a class that is void everywhere is in no mean.
    Equals: sklearn.metrics.jaccard_score of (pixels, C) without void, with average="macro" and
        zero_division=0 for "absent_as_zero" and 1 for "absent_as_one", "micro" and "weighted" for
        those.
    """
    where = "mean_of_members"
    check_choice(where, "score", score, FORMULAS)
    check_choice(where, "convention", convention, [c for c in CONVENTIONS if c != "per_image"])
    pixels = counts.correct_pixels, counts.target_pixels, counts.pred_pixels
    return mean_of_pixels(FORMULAS[score], *pixels, convention, counts.valid_pixels > 0)


def mean_over_images(
    images: Sequence[MemberCounts], score: Literal["iou", "dice"] = "iou"
) -> float:
    """The convention "per_image": the mean over images of each image's mean, by "present".

    Absent classes: an image without a class in target and prediction is left out.
    """
    means = np.array([mean_of_members(one, "present", score) for one in images])
    known = means[~np.isnan(means)]
    return float(known.mean()) if len(known) else float("nan")
