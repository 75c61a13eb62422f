"""Distances between the surface of a class in the target and in the prediction.

Every piece of a surface has a size (its length in 2-D, its area in 3-D) and a distance d to the
nearest piece of the other surface. All scores here weigh pieces by their size:

    normalized surface distance  share of both surfaces with d <= tolerance
    Hausdorff distance           largest d; its robust form, HD95, the d that 95 % stay below
    average surface distance     mean d
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import check_range, check_shape
from pixelwise.metrics.contour_f import ROUNDING
from pixelwise.metrics.contours import checked_image, diagonal, nearest
from pixelwise.metrics.inputs import Ignore, check_part
from pixelwise.metrics.surfels import class_surfels, surfel_sizes


@dataclass(frozen=True, eq=False)
class Surface:
    """One surface as pieces.

    Args:
        distance: (n,) float64, of each piece to the other surface; inf if there is no other.
        size: (n,) float64, length or area of each piece.
    """

    distance: NDArray[np.float64]
    size: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """The surfaces of every class of one image, in target and prediction.

    Args:
        target: C surfaces, with distances to those of the prediction.
        pred: C surfaces, with distances to those of the target.
        diagonal: of the image, in the unit of spacing: what a distance to nothing counts as.
    """

    target: tuple[Surface, ...]
    pred: tuple[Surface, ...]
    diagonal: float


def surface_distances(
    pred: ArrayLike,
    target: ArrayLike,
    num_classes: int,
    ignore_index: Ignore = 255,
    spacing: ArrayLike | None = None,
    image_border: bool = True,
) -> SurfaceDistances:
    """Measure the surfaces of every class once, for all scores of this file.

    d(a) = min over pieces b of the other surface of |a - b|.

    Labels whose objects are lined with void, as in Pascal VOC, have hardly any surface, and every
    surface of the prediction is then one too many: measure those with boundary IoU, in strips
    wider than the line.

    Args:
        pred: (H, W) or (D, H, W) integer or bool, predicted class indices 0..C-1.
        target: the same shape, class indices 0..C-1 or ignored.
        num_classes: C, >= 1.
        ignore_index: as for count_confusion. Void makes no surface.
        spacing: distance between neighbours along each axis, in any unit; needed in 3-D.
        image_border: an object that the border of the image cuts has a surface there.
    Returns:
        SurfaceDistances.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion; 3-D without spacing.
    Equals: compute_surface_distances of the surface_distance package for one object on background.
    Source: Nikolov et al. 2018.
    """
    where = "surface_distances"
    pred, target, steps = checked_image(where, pred, target, num_classes, ignore_index, spacing)
    sizes = surfel_sizes(tuple(steps))
    of_target, of_pred = [], []
    for (t, t_code), (p, p_code) in zip(
        class_surfels(target, num_classes, image_border),
        class_surfels(pred, num_classes, image_border),
    ):
        of_target.append(Surface(nearest(t, p, steps), sizes[t_code]))
        of_pred.append(Surface(nearest(p, t, steps), sizes[p_code]))
    return SurfaceDistances(tuple(of_target), tuple(of_pred), diagonal(target.shape, steps))


def normalized_surface_distance(
    distances: SurfaceDistances, tolerance: ArrayLike
) -> NDArray[np.float64]:
    """Share of the surfaces of a class that lies within a tolerance of the other surface.

    (size of target pieces with d <= tolerance + the same of pred) / (size of all pieces).

    Args:
        distances: of one image.
        tolerance: >= 0, in the unit of spacing; one for all classes or (C,).
    Returns:
        (C,) float64 in 0..1 or NaN.
    Raises:
        ArgumentError: a tolerance below 0, or not one a class.
    Absent classes: NaN without a surface in target and prediction; 0 with one in only one of them.
    Equals: compute_surface_dice_at_tolerance of the surface_distance package;
        monai.metrics.SurfaceDiceMetric with use_subvoxels=True.
    Source: Nikolov et al. 2018, surface Dice at a tolerance.
    """
    where = "normalized_surface_distance"
    tolerance = np.asarray(tolerance, np.float64)
    if tolerance.ndim > 0:
        check_shape(where, "tolerance", tolerance.shape, (len(distances.target),), "(C,)")
    check_range(where, "tolerance", float(tolerance.min(initial=np.inf)), low=0)
    limits = np.broadcast_to(tolerance, len(distances.target)) * ROUNDING

    def score(surfaces: tuple[Surface, Surface], limit: float) -> float:
        within = sum(s.size[s.distance <= limit].sum() for s in surfaces)
        return within / sum(s.size.sum() for s in surfaces)

    return _of_classes(distances, score, limits)


def hausdorff_distance(distances: SurfaceDistances, percent: float = 100.0) -> NDArray[np.float64]:
    """Largest distance between the surfaces of a class, or its robust form.

    max over both directions of the smallest d that `percent` of the surface do not exceed.

    Args:
        distances: of one image.
        percent: 100 is the Hausdorff distance, 95 is HD95; above 0, up to 100.
    Returns:
        (C,) float64 >= 0 in the unit of spacing, or NaN.
    Raises:
        ArgumentError: percent outside its range.
    Absent classes: NaN without a surface in target and prediction; the diagonal of the image with
        one in only one of them, which is more than any distance and does not make a mean infinite.
    Equals: compute_robust_hausdorff of the surface_distance package, where both have a surface.
    Source: Huttenlocher et al. 1993; weighed by size, Nikolov et al. 2018.
    """
    where, hint = "hausdorff_distance", "95 is HD95, 100 the largest distance."
    check_part(where, "percent", percent, 100, hint)

    def score(surfaces: tuple[Surface, Surface], limit: float) -> float:
        return max(_percentile(s, percent, limit) for s in surfaces)

    return _of_classes(distances, score, np.full(len(distances.target), distances.diagonal))


def average_surface_distance(distances: SurfaceDistances) -> NDArray[np.float64]:
    """Mean distance between the surfaces of a class, in both directions (ASSD).

    sum over the pieces of both surfaces of size · d / sum of size.

    Args:
        distances: of one image.
    Returns:
        (C,) float64 >= 0 in the unit of spacing, or NaN.
    Absent classes: NaN without a surface in target and prediction; the diagonal of the image with
        one in only one of them.
    Equals: the mean of the two values of compute_average_surface_distance of the surface_distance
        package, weighed by the size of the two surfaces.
    Source: Heimann et al. 2009, average symmetric surface distance.
    """

    def score(surfaces: tuple[Surface, Surface], limit: float) -> float:
        total = sum((s.size * np.minimum(s.distance, limit)).sum() for s in surfaces)
        return total / sum(s.size.sum() for s in surfaces)

    return _of_classes(distances, score, np.full(len(distances.target), distances.diagonal))


def _of_classes(
    distances: SurfaceDistances,
    score: Callable[[tuple[Surface, Surface], float], float],
    limits: np.ndarray,
) -> np.ndarray:
    """score(surfaces of the class, limit of the class) for every class that has any surface."""
    scores = np.full(len(limits), np.nan)
    for c, surfaces in enumerate(zip(distances.target, distances.pred)):
        if any(len(s.size) for s in surfaces):
            scores[c] = score(surfaces, limits[c])
    return scores


def _percentile(surface: Surface, percent: float, limit: float) -> float:
    """The smallest distance that `percent` of the surface do not exceed; `limit` if it is inf."""
    if len(surface.size) == 0:
        return 0.0  # the other surface has all the distances
    order = np.argsort(surface.distance, kind="stable")
    reached = np.cumsum(surface.size[order])
    index = np.searchsorted(reached, percent / 100 * reached[-1])
    return float(min(surface.distance[order][index], limit))
