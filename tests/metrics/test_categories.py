"""Category IoU: classes counted as one."""

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes
from pixelwise.metrics.categories import CITYSCAPES_CATEGORIES, category_iou, merge_classes
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion

CATEGORIES = ("ground", "vehicle", "ground", "vehicle")
COUNTS = ConfusionCounts(
    np.array([[5, 1, 2, 0], [0, 6, 0, 3], [1, 0, 7, 1], [2, 2, 0, 4]]), ignored=9, images=2
)


def test_confusing_two_classes_of_a_category_is_no_error():
    """15 pixels of ground stay ground, 15 of vehicle stay vehicle."""
    merged = merge_classes(COUNTS, CATEGORIES)
    assert merged.matrix.tolist() == [[15, 2], [2, 15]]
    assert (merged.ignored, merged.images) == (9, 2)
    assert category_iou(COUNTS, CATEGORIES).tolist() == [15 / 19, 15 / 19]


@pytest.mark.parametrize("seed", range(3))
def test_merging_counts_is_counting_merged_classes(seed):
    """Whether the label image or the matrix is merged changes nothing."""
    rng = np.random.default_rng(seed)
    pred, target = rng.integers(0, 4, (2, 20, 20))
    table = np.array([0, 1, 0, 1])
    merged = merge_classes(count_confusion(pred, target, 4), CATEGORIES)
    assert merged == count_confusion(table[pred], table[target], 2)


def test_categories_are_ordered_as_they_first_appear():
    """The order of the classes decides, not the alphabet."""
    merged = merge_classes(COUNTS, ("z", "a", "a", "a"))
    assert merged.target_pixels.tolist() == [8, 26]


def test_a_category_without_pixels_has_no_score():
    """NaN, as for an absent class."""
    counts = ConfusionCounts(np.diag([3, 0, 0]))
    np.testing.assert_array_equal(category_iou(counts, ("a", "b", "b")), [1, np.nan])


def test_every_cityscapes_class_has_its_category():
    """19 classes, 7 categories."""
    names = Classes.named("cityscapes").names
    assert set(names) == set(CITYSCAPES_CATEGORIES)
    assert len(set(CITYSCAPES_CATEGORIES.values())) == 7


def test_every_class_needs_a_category():
    """A list that is too short is not padded."""
    with pytest.raises(ArgumentError, match=r"categories must be \(C,\) = \(4\), got \(3,\)"):
        category_iou(COUNTS, ("a", "b", "c"))
