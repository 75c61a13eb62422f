"""Boundary IoU: intersection over union of the strips of pixels along the contours alone.

Pixels deep inside an object outnumber those at its edge and hide how well the edge was found. With
the strip of a class = its pixels within a distance d of its contour, inside the class:

    boundary IoU = |target strip ∩ predicted strip| / |target strip ∪ predicted strip|
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from pixelwise.errors import check_range
from pixelwise.metrics.additive import ScoredByClass
from pixelwise.metrics.contours import checked_image, diagonal
from pixelwise.metrics.inputs import Ignore
from pixelwise.metrics.means import iou_of_pixels


@dataclass(frozen=True, eq=False)
class BoundaryCounts(ScoredByClass):
    """Pixels of the strips along contours; counts of two images are the sum of their records.

    Args:
        common: (C,) int64, pixels in the strip of the class in target and in prediction.
        target: (C,) int64, pixels in the strip of the class in the target.
        pred: (C,) int64, the same in the prediction.
    """

    common: NDArray[np.int64]
    target: NDArray[np.int64]
    pred: NDArray[np.int64]


def boundary_iou(counts: BoundaryCounts) -> NDArray[np.float64]:
    """Boundary IoU of each class.

    common / (target + predicted - common), in pixels of the strips.

    Args:
        counts: of one image, or the sum over a dataset.
    Returns:
        (C,) float64 in 0..1 or NaN.
    Absent classes: NaN without a contour in target and prediction; 0 with one in only one of them.
    Equals: for one object on background, IoU of the two masks that mask_to_boundary of the
        boundary_iou package returns.
    Source: Cheng et al. 2021, eq. 1.

    Example:
        >>> target = np.zeros((20, 20), int)
        >>> target[5:15, 5:15] = 1
        >>> pred = np.roll(target, 1, axis=1)
        >>> boundary_iou(count_boundary(pred, target, num_classes=2)).round(2)
        array([0.69, 0.33])
    """
    return iou_of_pixels(counts.common, counts.target, counts.pred)


def count_boundary(
    pred: ArrayLike,
    target: ArrayLike,
    num_classes: int,
    ignore_index: Ignore = 255,
    width: float = 0.02,
    spacing: ArrayLike | None = None,
    image_border: bool = True,
) -> BoundaryCounts:
    """Count the pixels of each class that lie within a distance of the contour of the class.

    strip = pixels with a valid pixel of another class in the square of half side d around them.

    Args:
        pred: (H, W) or (D, H, W) integer or bool, predicted class indices 0..C-1.
        target: the same shape, class indices 0..C-1 or ignored.
        num_classes: C, >= 1.
        ignore_index: as for count_confusion. Void makes no contour.
        width: d as a fraction of the diagonal, 0..1; d is rounded and at least one pixel.
        spacing: distance between neighbours along each axis; needed in 3-D.
        image_border: the border of the image is a contour too, as in the paper's code.
    Returns:
        BoundaryCounts; add them up over images.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion; 3-D without spacing, width outside
            0..1.
    """
    where = "count_boundary"
    check_range(where, "width", width, 0, 1)
    pred, target, steps = checked_image(where, pred, target, num_classes, ignore_index, spacing)
    distance = width * diagonal(target.shape, steps) / steps
    pixels = tuple(max(1, round(float(along))) for along in distance)
    in_target = boundary_strip(target, pixels, image_border)
    in_pred = boundary_strip(pred, pixels, image_border)

    def count(shifted: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        # void is in no strip, so index 0 is never counted
        return np.bincount(shifted[chosen], minlength=num_classes + 1)[1:]

    common = count(target, in_target & in_pred & (target == pred))
    return BoundaryCounts(common, count(target, in_target), count(pred, in_pred))


def boundary_strip(
    shifted: np.ndarray, pixels: tuple[int, ...], image_border: bool = True
) -> NDArray[np.bool_]:
    """Pixels of every class within a distance of the contour of their class.

    A pixel is in the strip if the lowest and the highest class around it differ; so two filters
    find the strips of all classes at once.

    Args:
        shifted: (H, W) or (D, H, W), class index + 1, 0 where void.
        pixels: the distance along each axis, >= 1.
        image_border: the outside of the image counts as another class.
    Returns:
        bool of the same shape, False where void.
    """
    if shifted.size == 0:
        return np.zeros(shifted.shape, bool)
    none = np.iinfo(shifted.dtype).max  # above every class: void must not be the lowest
    around = {"size": [2 * d + 1 for d in pixels], "mode": "constant"}
    lowest = minimum_filter(
        np.where(shifted > 0, shifted, none), cval=0 if image_border else none, **around
    )
    highest = maximum_filter(shifted, cval=0, **around)
    return (shifted > 0) & (lowest != highest)
