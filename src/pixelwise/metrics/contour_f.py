"""Boundary F: how many pixels of the contours have a counterpart within a tolerance.

With B_t the contour pixels of a class in the target and B_p those in the prediction:

    precision  = share of B_p within the tolerance of B_t
    recall     = share of B_t within the tolerance of B_p
    boundary F = 2 precision · recall / (precision + recall)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import check_range
from pixelwise.metrics.additive import ScoredByClass
from pixelwise.metrics.contours import checked_image, contour_points, diagonal, nearest
from pixelwise.metrics.inputs import Ignore

# distances are square roots of sums: 3 · 0.1 must be within 0.3
ROUNDING = 1 + 1e-9


@dataclass(frozen=True, eq=False)
class ContourCounts(ScoredByClass):
    """Contour pixels and those with a counterpart; counts of two images are the sum of them.

    Args:
        pred: (C,) int64, contour pixels of each class in the prediction.
        pred_matched: (C,) int64, those within the tolerance of the target's contour.
        target: (C,) int64, contour pixels of each class in the target.
        target_matched: (C,) int64, those within the tolerance of the prediction's contour.
    """

    pred: NDArray[np.int64]
    pred_matched: NDArray[np.int64]
    target: NDArray[np.int64]
    target_matched: NDArray[np.int64]


def boundary_f(counts: ContourCounts) -> NDArray[np.float64]:
    """Boundary F score of each class.

    2 precision · recall / (precision + recall).

    Args:
        counts: of one image, as in the paper, which averages images; or a sum over images.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Absent classes: NaN without a contour in target and prediction; 0 with one in only one of them.
    Source: Csurka et al. 2013, where within means nearer than; here at most as far as.
    """
    precision = _share(counts.pred_matched, counts.pred)
    recall = _share(counts.target_matched, counts.target)
    both = np.full(precision.shape, np.nan)
    both[counts.pred + counts.target > 0] = 0.0
    return np.divide(
        2 * precision * recall, precision + recall, out=both, where=precision + recall > 0
    )


def count_contours(
    pred: ArrayLike,
    target: ArrayLike,
    num_classes: int,
    ignore_index: Ignore = 255,
    tolerance: float = 0.0075,
    spacing: ArrayLike | None = None,
) -> ContourCounts:
    """Count contour pixels of each class, and those with a counterpart within the tolerance.

    A contour pixel touches, along an axis, a valid pixel of another class; distances are Euclidean.

    Labels whose objects are lined with void, as in Pascal VOC, have hardly any contour, and every
    contour of the prediction is then one too many: measure those with boundary IoU, in strips
    wider than the line.

    Args:
        pred: (H, W) or (D, H, W) integer or bool, predicted class indices 0..C-1.
        target: the same shape, class indices 0..C-1 or ignored.
        num_classes: C, >= 1.
        ignore_index: as for count_confusion. Void and the border of the image make no contour.
        tolerance: as a fraction of the diagonal, 0..1.
        spacing: distance between neighbours along each axis; needed in 3-D.
    Returns:
        ContourCounts; add them up over images.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion; 3-D without spacing, tolerance
            outside 0..1.
    """
    where = "count_contours"
    check_range(where, "tolerance", tolerance, 0, 1)
    pred, target, steps = checked_image(where, pred, target, num_classes, ignore_index, spacing)
    limit = tolerance * diagonal(target.shape, steps) * ROUNDING
    counts = np.zeros((4, num_classes), np.int64)
    points = [class_contours(shifted, num_classes) for shifted in (pred, target)]
    for c, (of_pred, of_target) in enumerate(zip(*points)):
        counts[0, c], counts[2, c] = len(of_pred), len(of_target)
        counts[1, c] = np.count_nonzero(nearest(of_pred, of_target, steps) <= limit)
        counts[3, c] = np.count_nonzero(nearest(of_target, of_pred, steps) <= limit)
    return ContourCounts(*counts)


def class_contours(shifted: np.ndarray, num_classes: int) -> list[np.ndarray]:
    """The contour pixels of each class: C arrays (n, axes) of coordinates."""
    chosen = contour_points(shifted)
    owner = shifted[chosen]
    points = np.argwhere(chosen)[np.argsort(owner, kind="stable")]
    ends = np.cumsum(np.bincount(owner, minlength=num_classes + 1))
    return np.split(points, ends[:-1])[1:]


def _share(matched: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.divide(matched, points, out=np.zeros(points.shape), where=points > 0)
