"""What boundary and surface metrics share: axes, spacing, the valid pixels, and where contours are.

One rule for void in all of them: a contour runs between two valid pixels of different classes. Next
to void there is none, neither in the target nor in the prediction, whatever was predicted there.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from pixelwise.errors import ArgumentError
from pixelwise.metrics.inputs import Ignore, checked_pair

# pixels per point below which a distance transform beats a tree, measured on 1024 x 2048
DENSE = 5


def checked_image(
    where: str, pred: Any, target: Any, num_classes: int, ignore_index: Ignore, spacing: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction and target of one image or volume as class index + 1, and the spacing.

    Adding 1 leaves 0 for "no class": void, and what lies outside the image.

    Args:
        where: function, the first word of messages.
        pred, target, num_classes, ignore_index: as for count_confusion, but one image only.
        spacing: distance between neighbours along each axis, in any unit; None is 1 in 2-D.
    Returns:
        pred + 1 and target + 1, both 0 where void, and (2,) or (3,) float64.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion; not (H, W) or (D, H, W); spacing that
            is missing in 3-D, of another length, or not above 0.
    """
    pred, target, valid = checked_pair(where, pred, target, num_classes, ignore_index)
    spacing = checked_spacing(where, spacing, target.shape)
    dtype = np.min_scalar_type(num_classes + 1)  # one value is left for "outside the image"
    one, none = dtype.type(1), dtype.type(0)
    shifted = [np.where(valid, index.astype(dtype) + one, none) for index in (pred, target)]
    return shifted[0], shifted[1], spacing


def checked_spacing(where: str, spacing: Any, shape: Sequence[int]) -> np.ndarray:
    """The spacing of every axis of an image or volume.

    Raises:
        ArgumentError: see checked_image.
    """
    axes = len(shape)
    if axes not in (2, 3):
        hint = "Measure the images of a batch one by one."
        raise ArgumentError(where, "pred", must="(H, W) or (D, H, W)", got=tuple(shape), hint=hint)
    if spacing is None:
        if axes == 3:
            hint = (
                "A volume needs the distance between its voxels, such as (3.0, 0.7, 0.7); measure "
                "the images of a batch (N, H, W) one by one."
            )
            raise ArgumentError(where, "spacing", must="given for (D, H, W)", got="None", hint=hint)
        spacing = (1.0, 1.0)
    steps = np.asarray(spacing, dtype=np.float64)
    if steps.shape != (axes,) or not (np.isfinite(steps) & (steps > 0)).all():
        constraint = f"{axes} finite numbers above 0, one for each axis"
        raise ArgumentError(where, "spacing", must=constraint, got=spacing)
    return steps


def contour_points(shifted: np.ndarray) -> np.ndarray:
    """Pixels that touch, along an axis, a valid pixel of another class.

    Args:
        shifted: (H, W) or (D, H, W), class index + 1, 0 where void.
    Returns:
        bool of the same shape.
    """
    found = np.zeros(shifted.shape, bool)
    for axis in range(shifted.ndim):
        here, there = (np.moveaxis(array, axis, 0) for array in (shifted, found))
        differs = (here[1:] != here[:-1]) & (here[1:] > 0) & (here[:-1] > 0)
        there[1:] |= differs
        there[:-1] |= differs
    return found


def nearest(points: np.ndarray, others: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Euclidean distance of each point to the nearest of the others, inf if there is none.

    A tree of contour points is as exact as a distance transform, and its cost follows the length of
    the contours instead of the size of the image; only where points fill the image, as in noise, is
    the transform the faster one.

    Args:
        points: (n, axes) integer coordinates.
        others: (m, axes) integer coordinates.
        spacing: (axes,) distance between neighbours.
    Returns:
        (n,) float64, in the unit of spacing.
    """
    if len(points) == 0 or len(others) == 0:
        return np.full(len(points), np.inf)
    first = np.minimum(points.min(axis=0), others.min(axis=0))
    shape = np.maximum(points.max(axis=0), others.max(axis=0)) - first + 1
    if DENSE * (len(points) + len(others)) < shape.prod():
        return cKDTree(others * spacing).query(points * spacing)[0]
    free = np.ones(shape, bool)
    free[tuple((others - first).T)] = False
    return distance_transform_edt(free, sampling=spacing)[tuple((points - first).T)]


def diagonal(shape: Sequence[int], spacing: np.ndarray) -> float:
    """Length of the diagonal of an image or volume, in the unit of spacing."""
    return float(np.linalg.norm(np.asarray(shape) * spacing))
