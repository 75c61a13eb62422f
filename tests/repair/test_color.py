"""Readings of a colour image: the right one, and none where two contradict each other."""

import numpy as np
import pytest

from pixelwise.audit.label_rules import ClassTable
from pixelwise.labels.classes import Classes
from pixelwise.repair.color import NOISE_REACH, Unrepairable, repair_color
from pixelwise.repair.result import Pixels

COLORS = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (64, 64, 0)]


def table(colors=None, **options):
    colors = COLORS if colors is None else colors
    return ClassTable(
        Classes([f"c{n}" for n in range(len(colors))], colors, **options), binary=False
    )


def row(*colors):
    return np.array([colors], np.uint8)


def test_void_and_classes_are_read_by_their_exact_colours():
    """(224, 224, 192) is void, whatever it is stored as."""
    image = row(*COLORS, (224, 224, 192))
    repaired = repair_color(image, "F10", table(values=[7, 5, 9, 2], ignore_values=(11,)))
    assert repaired.stored.tolist() == [[7, 5, 9, 2, 11]]
    assert repaired.changes == {"F10": Pixels()}


def test_one_channel_of_colours_of_classes_is_read_as_colours():
    """Black and (128, 0, 0) use red alone, and 128 is not a stored value here."""
    assert repair_color(row((0, 0, 0), (128, 0, 0)), "F10", table()).stored.tolist() == [[0, 1]]


def test_one_channel_of_stored_values_is_read_as_values():
    """Blue holds 0, 3 and 255."""
    image = row((0, 0, 0), (0, 0, 3), (0, 0, 255))
    assert repair_color(image, "F10", table()).stored.tolist() == [[0, 3, 255]]


def test_grey_levels_with_two_meanings_are_left():
    """255 is stored for void, and white is the colour of the class that is stored as 1."""
    black_and_white = table([(0, 0, 0), (255, 255, 255)])
    with pytest.raises(Unrepairable, match="grey levels are stored values and colours of classes"):
        repair_color(row((0, 0, 0), (255, 255, 255)), "F10", black_and_white)


def test_grey_levels_with_one_meaning_are_read():
    """Stored as 255 and shown as white: both readings agree."""
    agreeing = table([(0, 0, 0), (255, 255, 255)], values=[0, 255])
    image = row((0, 0, 0), (255, 255, 255))
    assert repair_color(image, "F10", agreeing).stored.tolist() == [[0, 255]]


def test_grey_levels_that_are_only_colours_are_read_as_colours():
    """Black, grey and white are not stored values."""
    greys = table([(10, 10, 10), (100, 100, 100), (250, 250, 250)])
    image = row((250, 250, 250), (10, 10, 10))
    assert repair_color(image, "F10", greys).stored.tolist() == [[2, 0]]


def test_classes_with_one_colour_cannot_be_told_apart():
    """Neither of them is guessed."""
    with pytest.raises(Unrepairable, match="two classes share a colour"):
        repair_color(row((1, 2, 3), (0, 9, 0)), "F10", table([(1, 2, 3), (1, 2, 3)]))


def test_a_smooth_edge_takes_only_colours_that_are_there():
    """Half way from (128, 0, 0) to (0, 128, 0) lies the colour of a class that does not occur."""
    image = row((128, 0, 0), (128, 0, 0), (66, 62, 0), (30, 98, 0), (0, 128, 0))
    smooth = repair_color(image, "V2", table())
    assert smooth.stored.tolist() == [[1, 1, 255, 2, 2]]
    assert smooth.changes == {"V2": Pixels(2, 1)}
    assert repair_color(image, "V3", table()).stored[0, 2] == 3


def test_red_and_blue_are_put_back_and_counted():
    """Pixels that look the same either way are not changed."""
    repaired = repair_color(row((0, 0, 128), (0, 128, 0), (0, 64, 64)), "F11", table())
    assert repaired.stored.tolist() == [[1, 2, 3]]
    assert repaired.changes == {"F11": Pixels(2)}


def test_a_colour_out_of_reach_is_void():
    """Near is what noise can do."""
    far = int(NOISE_REACH) + 1
    image = row((128, 0, 0), (128 + far, 0, 0), (128 + far - 1, 0, 0), (130, 0, 0))
    repaired = repair_color(image, "V1", table())
    assert repaired.stored.tolist() == [[1, 255, 1, 1]]
    assert repaired.changes == {"V1": Pixels(3, 1)}


def test_void_without_a_stored_value_is_left():
    """A class has taken 255, and nothing else means void."""
    full = table(values=[0, 1, 2, 255])
    with pytest.raises(Unrepairable, match="void has no stored value"):
        repair_color(row((128, 0, 0), (224, 224, 192)), "F10", full)
