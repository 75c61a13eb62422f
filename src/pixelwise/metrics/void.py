"""Counts without the pixels of some classes, and counts in which void can be predicted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pixelwise.errors import ArgumentError
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.counted import as_counts
from pixelwise.metrics.inputs import as_pair, has_value, unknown_indices
from pixelwise.metrics.means import chosen_classes


def leave_out(counts: ConfusionCounts, classes: Sequence[int]) -> ConfusionCounts:
    """Counts without the pixels whose target is one of the classes.

    matrix[t, :] = 0 for t in classes; those pixels are ignored.

    Pixels of other classes that were predicted as one of them stay, as errors of the other classes.
    To leave the classes out of a mean too, give it the rest: mean_iou(counts, classes=rest).

    Args:
        counts: pixels by target and predicted class.
        classes: indices of the classes.
    Returns:
        Counts of the same C classes.
    Raises:
        ArgumentError: not distinct indices 0..C-1.
        ArgumentTypeError: not a ConfusionCounts, or not integers.
    Absent classes: nothing changes for a class that is not in the target.
    Equals: count_confusion with ignore_index=classes; with a mean over the rest, torchmetrics
        MulticlassJaccardIndex(ignore_index=c) for a class c inside 0..C-1.

    Example:
        >>> leave_out(ConfusionCounts(np.array([[3, 1], [2, 4]])), [0])
        ConfusionCounts(matrix=array([[0, 0],
               [2, 4]]), ignored=4, images=1)
    """
    counts = as_counts("leave_out", counts)
    chosen = chosen_classes("leave_out", classes, counts.num_classes)
    matrix = counts.matrix.copy()
    matrix[chosen] = 0
    ignored = counts.ignored + counts.valid - int(matrix.sum())
    return ConfusionCounts(matrix, ignored, counts.images)


def count_with_void(
    pred: ArrayLike, target: ArrayLike, num_classes: int, ignore_index: int | Sequence[int] = 255
) -> ConfusionCounts:
    """Count pixels where void may be predicted: on a valid pixel that is an error.

    matrix[t, p] as for count_confusion, and matrix[t, C] = pixels of t that were predicted void.

    A pixel predicted void is missed by its class (a false negative) and is a false positive of
    none. Give a mean the classes alone: mean_iou(counts, classes=range(num_classes)).

    Args:
        pred: (*S) integer or bool, class indices 0..C-1 or a value of ignore_index, which is void.
        target: (*S) integer or bool, class indices 0..C-1 or ignored; the shape of pred.
        num_classes: C, >= 1.
        ignore_index: the value of void in both, an integer or several.
    Returns:
        ConfusionCounts of C + 1 classes; the last is void, which is never the target.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion; a mask in place of values.
    Absent classes: as in any counts; the score of void itself is 0 where it was predicted.
    Equals: the counts of cityscapesScripts evalPixelLevelSemanticLabeling.
    Source: Cordts et al. 2016 (Cityscapes).

    Example:
        >>> count_with_void([0, 255, 255], [0, 1, 255], num_classes=2).matrix
        array([[1, 0, 0],
               [0, 0, 1],
               [0, 0, 0]])
    """
    where = "count_with_void"
    pred, target, mask, values = as_pair(where, pred, target, num_classes, ignore_index)
    if mask is not None or not values:
        must = "the value of void, an integer or several"
        raise ArgumentError(where, "ignore_index", must=must, got="a mask or nothing")
    void = has_value(pred, values)
    valid = ~has_value(target, values)
    known = np.where(void, 0, pred.astype(np.int64))
    unknown = unknown_indices(where, known, target, num_classes, valid)
    if unknown:
        raise unknown
    return count_confusion(np.where(void, num_classes, known), target, num_classes + 1, ~valid)
