"""Answers that are plain, and the silence where they are not."""

import numpy as np
import pytest

from pixelwise.repair.nearest import NO_ANSWER, between_neighbours, majority, nearest


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (0, 0),
        (33, 0),
        (34, NO_ANSWER),
        (50, NO_ANSWER),
        (66, NO_ANSWER),
        (67, 1),
        (99, 1),
        (140, 1),
    ],
)
def test_the_nearest_must_be_twice_as_near_as_the_second(value, answer):
    """Candidates 0 and 100: between a third and two thirds there is no answer."""
    found = nearest(np.array([[value]]), np.array([[0], [100]]), np.inf)
    assert found.tolist() == [answer]


def test_beyond_the_reach_there_is_no_answer():
    """A colour that is far from all classes is none of them; a distance equal to the reach is."""
    points = np.array([[3, 4, 0], [3, 4, 1]])
    found = nearest(points, np.array([[0, 0, 0], [255, 255, 255]]), 5.0)
    assert found.tolist() == [0, NO_ANSWER]


def test_one_candidate_has_no_rival():
    """Only the reach counts."""
    assert nearest(np.array([[9], [11]]), np.array([[0]]), 10).tolist() == [0, NO_ANSWER]


@pytest.mark.parametrize("seed", [0, 1])
def test_nearest_equals_a_loop(seed):
    """Every pair of distances by hand, over more points than one block."""
    random = np.random.default_rng(seed)
    points = random.integers(0, 256, (5000, 3))
    candidates = np.unique(random.integers(0, 256, (7, 3)), axis=0)
    expected = []
    for point in points.tolist():
        distances = [
            sum((a - b) ** 2 for a, b in zip(point, c)) ** 0.5 for c in candidates.tolist()
        ]
        first, second = sorted(distances)[:2]
        plain = first <= 60 and 2 * first <= second
        expected.append(distances.index(first) if plain else NO_ANSWER)
    assert nearest(points, candidates, 60).tolist() == expected


LABEL = np.array([[1, 1, 1, 2], [1, 9, 9, 2], [1, 1, 2, 2]], np.uint8)


def test_most_neighbours_decide_and_a_tie_does_not():
    """The left 9 has six neighbours of value 1; the right one has 1, 1, 2, 2, 1, 2, 2."""
    wrong = LABEL == 9
    assert majority(LABEL, wrong, ~wrong).tolist() == [1, 2]
    tie = np.array([[1, 2, 1], [2, 9, 2], [1, 2, 1]], np.uint8)
    assert majority(tie, tie == 9, tie != 9).tolist() == [NO_ANSWER]


def test_two_neighbours_are_no_majority():
    """In a corner of a band there is too little to go by."""
    label = np.array([[9, 9, 1], [9, 9, 1], [9, 9, 9]], np.uint8)
    answer = dict(zip(map(tuple, np.argwhere(label == 9)), majority(label, label == 9, label == 1)))
    assert set(answer.values()) == {NO_ANSWER}


def test_neighbours_without_a_vote_are_not_counted():
    """Void around a pixel does not make it void."""
    label = np.array([[255, 255, 255], [255, 9, 3], [255, 3, 3]], np.uint8)
    assert majority(label, label == 9, label == 3).tolist() == [3]


def test_a_value_between_its_neighbours_is_found_unless_one_is_void():
    """3 5 8 rises; 3 5 255 does not, as 255 is void here; the border has no opposite neighbours."""
    label = np.array([[3, 5, 8, 255], [3, 3, 3, 3], [3, 5, 255, 3]], np.uint8)
    found = between_neighbours(label, label == 255)
    assert np.argwhere(found).tolist() == [[0, 1]]
    assert np.argwhere(between_neighbours(label.T, label.T == 255)).tolist() == [[1, 0]]
