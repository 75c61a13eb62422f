"""Wrong values that a GPU has met: counted without waiting, raised once when they are asked for."""

import pytest
import torch

import pixelwise as pw
from pixelwise.ops.unknown import count_later, raise_if_unknown

TARGET = ("pixel_stats", "target", "class indices or ignore_index")


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    raise_if_unknown()


def test_nothing_met_is_nothing_raised():
    """No pass yet, or passes that met no wrong value."""
    raise_if_unknown()
    count_later(*TARGET, torch.tensor(0))
    raise_if_unknown()


def test_counts_add_up_and_are_raised_once():
    """One sentence with the sum over all passes; afterwards the count begins at 0 again."""
    for number in (3, 0, 4):
        count_later(*TARGET, torch.tensor(number))
    message = (
        'pixel_stats: target must be class indices or .*, got 7 other .* With backend="torch", or'
    )
    with pytest.raises(pw.PixelwiseError, match=message):
        raise_if_unknown()
    raise_if_unknown()
    count_later(*TARGET, torch.tensor(2))
    with pytest.raises(ValueError, match="got 2 other pixels"):
        raise_if_unknown()


def test_all_kinds_of_wrong_values_are_in_one_message():
    """Targets and weights at once."""
    count_later(*TARGET, torch.tensor(1))
    count_later("Dice", "weight", "finite and >= 0 at every pixel", torch.tensor(5))
    with pytest.raises(ValueError, match=r"got 1 other .*; Dice: weight must .*, got 5 other"):
        raise_if_unknown()
