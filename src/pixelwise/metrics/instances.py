"""Instance-weighted IoU: every object counts alike, however many pixels it has.

With s_i the pixels of an instance i of class c, t_i those of them predicted as c, S_c the mean size
of instances of c, and FP the pixels predicted as c whose target is another class:

    iTP = sum over instances of S_c / s_i · t_i        iFN = sum of S_c / s_i · (s_i - t_i)
    iIoU = iTP / (iTP + FP + iFN)

Labels alone do not separate instances, so this needs an image of instance ids beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import check_shape
from pixelwise.metrics.additive import ScoredByClass
from pixelwise.metrics.categories import category_index
from pixelwise.metrics.inputs import SAME_PIXELS, Ignore, as_integers, checked_pair

# Mean pixels of an instance in the Cityscapes training set, by class name.
# Source: evaluation of the Cityscapes benchmark, avgClassSize.
CITYSCAPES_SIZES = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
    "caravan": 36771.8241758242,
    "trailer": 16926.9763313609,
}


@dataclass(frozen=True, eq=False)
class InstanceCounts(ScoredByClass):
    """What instances add up to: counts of two images are the sum of their records.

    Args:
        instances: (C,) int64, instances in the target.
        pixels: (C,) int64, valid pixels of these instances.
        recall: (C,) float64, sum over instances of the share of its pixels that was found.
        false_positives: (K,) int64, valid pixels predicted as a class of the category whose target
            is of another category; K = C where classes are their own categories.
        category: (C,) int64, the category of each class.
    """

    UNIT = "classes and categories"
    SHARED = ("category",)

    instances: NDArray[np.int64]
    pixels: NDArray[np.int64]
    recall: NDArray[np.float64]
    false_positives: NDArray[np.int64]
    category: NDArray[np.int64]


def count_instances(
    pred: ArrayLike,
    target: ArrayLike,
    instances: ArrayLike,
    num_classes: int,
    ignore_index: Ignore = 255,
    categories: Sequence[str] | None = None,
) -> InstanceCounts:
    """Count the instances of an image and how much of each was found.

    An instance is the valid pixels of one id and one target class.

    Args:
        pred: (*S) integer or bool, predicted class indices 0..C-1.
        target: (*S) integer or bool, class indices 0..C-1 or ignored.
        instances: (*S) integer, instance ids; 0 where there is none: stuff, and crowds that are
            not distinguished. For instanceIds of Cityscapes: np.where(ids < 1000, 0, ids).
        num_classes: C, >= 1.
        ignore_index: as for count_confusion.
        categories: (C,) category of each class; then a pixel is found if the category is right.
    Returns:
        InstanceCounts; add them up over images.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion; instances of another shape, or not
            one category a class.
    """
    where = "count_instances"
    pred, target, valid = checked_pair(where, pred, target, num_classes, ignore_index)
    instances = as_integers(where, "instances", instances)
    check_shape(
        where, "instances", instances.shape, target.shape, "as large as target", SAME_PIXELS
    )
    names = [str(c) for c in range(num_classes)] if categories is None else categories
    category = category_index(where, names, num_classes)
    t, p = (array[valid].astype(np.int64) for array in (target, pred))
    found = category[p] == category[t]
    ids = instances[valid]
    owned = ids != 0
    _, number = np.unique(ids[owned], return_inverse=True)
    # one number for each pair of id and class
    key, part = np.unique(number * num_classes + t[owned], return_inverse=True)
    size = np.bincount(part, minlength=len(key))
    share = np.bincount(part, weights=found[owned], minlength=len(key)) / size
    owner = key % num_classes
    return InstanceCounts(
        instances=np.bincount(owner, minlength=num_classes),
        pixels=np.bincount(owner, weights=size, minlength=num_classes).astype(np.int64),
        recall=np.bincount(owner, weights=share, minlength=num_classes).astype(np.float64),
        false_positives=np.bincount(category[p[~found]], minlength=category.max() + 1),
        category=category,
    )


def instance_iou(
    counts: InstanceCounts, sizes: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Instance-weighted IoU (iIoU) of each class, or of each category that was counted.

    iTP / (iTP + FP + iFN), see the head of this file.

    Args:
        counts: sums over the images of a dataset.
        sizes: (C,) S_c, mean pixels of an instance of each class, NaN for stuff, such as
            [CITYSCAPES_SIZES.get(name, nan) for name in classes.names]; None takes the mean size
            of the counted instances.
    Returns:
        (K,) float64 in 0..1 or NaN.
    Raises:
        ArgumentError: not one size a class.
    Absent classes: a class without a size (NaN, or None without an instance) is stuff and has no
        score, NaN. One with a size but no instance scores 0 if predicted, NaN if not. A category
        needs a size for one of its classes.
    Equals: averageScoreInstClasses of the Cityscapes evaluation is the mean of these, where every
        pixel of the class belongs to an instance or a crowd.
    Source: Cordts et al. 2016 (Cityscapes), section 4.2.
    """
    instances = counts.instances
    mean_size = np.where(instances > 0, counts.pixels / np.maximum(instances, 1), np.nan)
    size = mean_size if sizes is None else np.asarray(sizes, np.float64)
    check_shape("instance_iou", "sizes", size.shape, instances.shape, "(C,)")
    known = ~np.isnan(size)
    size = np.where(known, size, 0.0)
    number = len(counts.false_positives)
    found = np.bincount(counts.category, weights=size * counts.recall, minlength=number)
    whole = np.bincount(counts.category, weights=size * instances, minlength=number)
    whole += counts.false_positives
    scored = np.bincount(counts.category, weights=known, minlength=number) > 0
    return np.divide(found, whole, out=np.full(number, np.nan), where=scored & (whole > 0))
