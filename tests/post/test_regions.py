"""Regions, removed and filled: plain loops give the same, and a second time changes nothing."""

from collections import Counter

import numpy as np
import pytest

from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes
from pixelwise.post.regions import fill_holes, find_regions, keep_largest, remove_small
from pixelwise.post.steps import apply_steps, read_step, read_steps

VOID = 255
ALL = np.ones(3, bool)
CLASSES = Classes(["sky", "road", "pole"])


def drawn(seed, shape=(9, 11), void=True):
    """Blobs of three classes with specks of others, and some void."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 3, (3, 4)).astype(np.uint8)
    label = np.kron(coarse, np.ones((3, 3), np.uint8))[: shape[0], : shape[1]]
    specks = random.random(label.shape) < 0.2
    label[specks] = random.integers(0, 3, int(specks.sum()))
    if void:
        label[random.random(label.shape) < 0.1] = VOID
    return label


def regions_by_hand(label, chosen):
    """Lists of pixels, by a flood over eight neighbours, class by class."""
    found, seen = [], set()
    for index in np.flatnonzero(chosen):
        for start in zip(*np.nonzero(label == index)):
            if start in seen:
                continue
            region, todo = [], [start]
            seen.add(start)
            while todo:
                y, x = todo.pop()
                region.append((y, x))
                for near in [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                    inside = 0 <= near[0] < label.shape[0] and 0 <= near[1] < label.shape[1]
                    if inside and near not in seen and label[near] == index:
                        seen.add(near)
                        todo.append(near)
            found.append((int(index), region))
    return found


def given_by_hand(label, removed):
    label = label.copy()
    left = [list(region) for region in removed]
    while left:
        gone = {pixel for region in left for pixel in region}
        new = {}
        for number, region in enumerate(left):
            touched = Counter()
            for y, x in region:
                for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                    inside = 0 <= near[0] < label.shape[0] and 0 <= near[1] < label.shape[1]
                    if inside and near not in gone and label[near] != VOID:
                        touched[int(label[near])] += 1
            if touched:
                new[number] = min(touched, key=lambda c: (-touched[c], c))
        if not new:
            break
        for number, index in new.items():
            for pixel in left[number]:
                label[pixel] = index
        left = [region for number, region in enumerate(left) if number not in new]
    return label


def small_by_hand(label, chosen, pixels):
    removed = [region for _, region in regions_by_hand(label, chosen) if len(region) < pixels]
    return given_by_hand(label, removed)


def largest_by_hand(label, chosen):
    regions, removed = regions_by_hand(label, chosen), []
    for index in np.flatnonzero(chosen):
        own = [region for c, region in regions if c == index]
        keep = max(own, key=len, default=None)
        removed += [region for region in own if region is not keep]
    return given_by_hand(label, removed)


def holes_by_hand(label, chosen, pixels):
    label = label.copy()
    for index in np.flatnonzero(chosen):
        seen = set()
        for start in zip(*np.nonzero(label != index)):
            if start in seen:
                continue
            hole, todo, open_ = [], [start], False
            seen.add(start)
            while todo:
                y, x = todo.pop()
                hole.append((y, x))
                for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                    inside = 0 <= near[0] < label.shape[0] and 0 <= near[1] < label.shape[1]
                    open_ |= not inside
                    if inside and near not in seen and label[near] != index:
                        seen.add(near)
                        todo.append(near)
            if not open_ and (pixels is None or len(hole) < pixels):
                for pixel in hole:
                    label[pixel] = label[pixel] if label[pixel] == VOID else index
    return label


CHOSEN = [[1, 1, 1], [0, 1, 0], [1, 0, 1]]


@pytest.mark.parametrize("chosen", CHOSEN)
@pytest.mark.parametrize("seed", range(12))
def test_plain_loops_give_the_same_labels(seed, chosen):
    label, chosen = drawn(seed), np.array(chosen, bool)
    before = label.copy()
    for pixels in (2, 5, 200):
        found = remove_small(label, chosen, pixels, VOID)
        np.testing.assert_array_equal(found, small_by_hand(label, chosen, pixels))
        assert found.dtype == label.dtype
    np.testing.assert_array_equal(keep_largest(label, chosen, VOID), largest_by_hand(label, chosen))
    for pixels in (2, 5, None):
        found = fill_holes(label, chosen, pixels, VOID)
        np.testing.assert_array_equal(found, holes_by_hand(label, chosen, pixels))
    np.testing.assert_array_equal(label, before)


WORDS = ["min-region=4", "min-region=9:pole", "largest:pole,road", "largest:sky", "fill-holes=6"]
WORDS += ["fill-holes:road", "min-region=1000"]


@pytest.mark.parametrize("words", WORDS)
def test_a_step_changes_nothing_the_second_time_and_makes_and_takes_no_void(words):
    for seed in range(60):
        label = drawn(seed, void=seed % 2 == 0)
        once = read_step(words).apply(label, CLASSES)
        np.testing.assert_array_equal(read_step(words).apply(once, CLASSES), once)
        np.testing.assert_array_equal(once == VOID, label == VOID)


def test_nothing_changes_where_nothing_is_small():
    label = np.kron(np.array([[0, 1], [2, 0]], np.uint8), np.ones((4, 4), np.uint8))
    assert np.array_equal(remove_small(label, ALL, 16, VOID), label)
    assert not np.array_equal(remove_small(label, ALL, 17, VOID), label)


def test_a_region_that_touches_nothing_else_stays():
    label = np.full((5, 5), VOID, np.uint8)
    label[2, 2] = 1
    assert np.array_equal(remove_small(label, ALL, 10, VOID), label)
    whole = np.ones((3, 3), np.uint8)
    assert np.array_equal(remove_small(whole, ALL, 10, VOID), whole)


def test_two_small_neighbours_do_not_take_each_others_class():
    label = np.zeros((5, 8), np.uint8)
    label[2, 3], label[2, 4] = 1, 2
    assert not remove_small(label, ALL, 3, VOID).any()


def test_regions_hang_together_over_corners_and_are_counted_in_order():
    label = np.zeros((4, 4), np.uint16)
    label[0, 0] = label[1, 1] = label[3, 3] = 1
    regions, sizes, owner = find_regions(label, np.array([False, True]))
    assert sizes.tolist() == [2, 1]
    assert owner.tolist() == [1, 1]
    assert regions[3, 3] == 2


def test_planes_of_classes_that_overlap_are_changed_each_for_itself():
    classes = Classes(["disc", "bar"], files=["disc", "bar"])
    planes = np.zeros((2, 6, 6), np.uint8)
    planes[:, 1, 1] = 1
    planes[1, 3:, 3:] = 1
    planes[1, 5, 0] = VOID
    found = apply_steps(planes, read_steps(["min-region=2:bar"], classes, "multilabel"), classes)
    assert found[0].sum() == 1
    assert found[1][found[1] != VOID].sum() == 9
    assert found[1, 5, 0] == VOID


NO_STEPS = ["min-region", "min-region=0", "min-region=x", "largest=3", "smooth=3", "", "=3"]


@pytest.mark.parametrize(
    "words", [*NO_STEPS, "min-region=3:", "fill-holes:disc,", "min-region=" + 5000 * "9"]
)
def test_a_step_of_another_form_is_refused(words):
    with pytest.raises(ArgumentError, match=r"post must be KIND\[=PIXELS\]\[:CLASS,\.\.\.\]"):
        read_step(words)


def test_steps_name_classes_that_there_are():
    with pytest.raises(ArgumentError, match=r"post must be of the classes sky, road, pole, got"):
        read_steps(["min-region=3:poles"], CLASSES, "multiclass")
    with pytest.raises(ArgumentError, match=r"largest:CLASS,.* for a multiclass task"):
        read_steps(["largest"], CLASSES, "multiclass")
    binary = Classes(["not", "disc"])
    assert [str(s) for s in read_steps(["largest"], binary, "binary")] == ["largest:disc"]


@pytest.mark.parametrize("words", WORDS)
def test_a_step_is_read_as_it_is_written(words):
    assert str(read_step(words)) == words


def test_names_of_classes_may_have_commas():
    """Also where the parts are names of other classes."""
    classes = Classes(["sky", "road", "road, wet", "sea"])
    label = np.full((9, 9), 3)
    label[2, 2], label[6, 6] = 1, 2
    for words in ("min-region=2:road, wet", "min-region=2:road, wet,sky"):
        (step,) = read_steps([words], classes, "multiclass")
        assert str(step) == words
        expected = label.copy()
        expected[6, 6] = 3
        np.testing.assert_array_equal(step.apply(label, classes), expected)
