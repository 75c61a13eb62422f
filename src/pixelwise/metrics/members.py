"""Scores of classes that overlap: each class is a yes or no of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import check_shape
from pixelwise.metrics.additive import Additive
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.scores import CLASS_SCORES, Convention, iou_of_pixels, mean_of_pixels


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
    def valid_pixels(self) -> NDArray[np.int64]:
        """(C,) int64, pixels that are not void for the class."""
        return self.matrix.sum((1, 2))

    @property
    def accuracy(self) -> float:
        """Share of the decisions, each valid pixel of each class, that are right; NaN if none."""
        total = self.matrix.sum()
        return float(self.matrix[:, [0, 1], [0, 1]].sum() / total) if total else float("nan")


def member_scores(counts: MemberCounts) -> dict[str, NDArray[np.float64]]:
    """IoU, Dice, precision and recall of the pixels of each class; those outside it do not count.

    Returns:
        By the names of CLASS_SCORES, (C,) float64 in 0..1 or NaN each.
    Absent classes: NaN if in neither target nor prediction.
    """
    own = [ConfusionCounts(matrix) for matrix in counts.matrix]
    return {name: np.array([row.fn(one)[1] for one in own]) for name, row in CLASS_SCORES.items()}


def mean_of_members(
    counts: MemberCounts,
    convention: Convention = "present",
    formula: Callable[..., np.ndarray] = iou_of_pixels,
) -> float:
    """Mean over the classes of the IoU of each, by a named convention but "per_image".

    Args:
        counts: of all images, or of one.
        convention: see CONVENTIONS.
        formula: iou_of_pixels or dice_of_pixels.
    Absent classes: what the convention says; a class that is void everywhere is in no mean.
    Equals: sklearn.metrics.jaccard_score of (pixels, C) without void, with average="macro" and
        zero_division=0 for "absent_as_zero" and 1 for "absent_as_one", average="micro" for "micro".
    """
    pixels = counts.correct_pixels, counts.target_pixels, counts.pred_pixels
    return mean_of_pixels(formula, *pixels, convention, counts.valid_pixels > 0)


def mean_over_images(
    images: Sequence[MemberCounts], formula: Callable[..., np.ndarray] = iou_of_pixels
) -> float:
    """The convention "per_image": the mean over images of each image's mean, by "present".

    Absent classes: an image without a class in target and prediction is left out.
    """
    means = np.array([mean_of_members(one, "present", formula) for one in images])
    known = means[~np.isnan(means)]
    return float(known.mean()) if len(known) else float("nan")
