"""Some of many files stand for all of them."""

from itertools import pairwise

import pytest

from pixelwise.sample import sample


@pytest.mark.parametrize("number", [0, 1, 5, 7])
def test_few_items_are_all_taken(number):
    assert sample(range(number), 7) == list(range(number))


@pytest.mark.parametrize("number", [8, 100, 501, 12_345])
def test_of_many_items_exactly_so_many_are_taken_in_their_order_from_all_over(number):
    most = min(number - 1, 100)
    chosen = sample(range(number), most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == most
    assert chosen[0] < number / 10
    assert chosen[-1] > 0.9 * number - 1
    assert max(b - a for a, b in pairwise(chosen)) <= 2 * number / most + 1


@pytest.mark.parametrize("period", [2, 3, 4, 5, 20, 25])
def test_what_repeats_itself_is_seen_whole(period):
    """Every second file may be a label, every fourth that of one camera."""
    chosen = sample(range(50_000), 500)
    assert {place % period for place in chosen} == set(range(period))
