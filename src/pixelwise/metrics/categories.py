"""Scores of categories: classes that belong together, such as car and bus, counted as one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import check_shape
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.counted import as_counts
from pixelwise.metrics.scores import iou

# The categories of the 19 classes that Cityscapes evaluates. Source: Cordts et al. 2016, table 1.
CITYSCAPES_CATEGORIES = {
    **dict.fromkeys(("road", "sidewalk"), "flat"),
    **dict.fromkeys(("building", "wall", "fence"), "construction"),
    **dict.fromkeys(("pole", "traffic light", "traffic sign"), "object"),
    **dict.fromkeys(("vegetation", "terrain"), "nature"),
    "sky": "sky",
    **dict.fromkeys(("person", "rider"), "human"),
    **dict.fromkeys(("car", "truck", "bus", "train", "motorcycle", "bicycle"), "vehicle"),
}


def category_iou(counts: ConfusionCounts, categories: Sequence[str]) -> NDArray[np.float64]:
    """Intersection over union of each category; confusing two classes of one is not an error.

    iou(merge_classes(counts, categories)).

    Args:
        counts: pixels by target and predicted class.
        categories: (C,) the category of each class, such as
            [CITYSCAPES_CATEGORIES[name] for name in classes.names].
    Returns:
        (K,) float64 in 0..1 or NaN; categories in the order in which they first appear.
    Raises:
        ArgumentError: not one category a class.
    Absent classes: NaN if no class of the category is in target or prediction.
    Source: Cordts et al. 2016 (Cityscapes), IoU category.
    """
    return iou(merge_classes(counts, categories))


def merge_classes(counts: ConfusionCounts, categories: Sequence[str]) -> ConfusionCounts:
    """Counts of categories: every score of SCORES can be taken of them.

    out[a, b] = sum of matrix[t, p] over classes t of category a and p of category b.

    Args:
        counts: pixels by target and predicted class.
        categories: (C,) the category of each class.
    Returns:
        Counts of K categories, in the order in which they first appear.
    Raises:
        ArgumentError: not one category a class.
    """
    where = "merge_classes"
    counts = as_counts(where, counts)
    index = category_index(where, categories, counts.num_classes)
    matrix = np.zeros((index.max(initial=-1) + 1,) * 2, np.int64)
    np.add.at(matrix, (index[:, None], index[None, :]), counts.matrix)
    return ConfusionCounts(matrix, counts.ignored, counts.images)


def category_index(where: str, categories: Sequence[str], num_classes: int) -> NDArray[np.int64]:
    """(C,) int64, the position of each class's category among the categories.

    Raises:
        ArgumentError: not one category a class.
    """
    hint = "Name the category of every class, in the order of the classes."
    check_shape(where, "categories", (len(categories),), (num_classes,), "(C,)", hint)
    position = {name: i for i, name in enumerate(dict.fromkeys(categories))}
    return np.array([position[name] for name in categories], np.int64)
