"""Wrong values that a GPU has met: counted without waiting, raised once when they are asked for."""

import pytest
import torch

import pixelwise as pw
from pixelwise.ops import unknown
from pixelwise.ops.unknown import TARGET, count_later, counter, raise_if_unknown


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


def test_a_counter_that_a_pass_has_added_to_is_not_added_to_itself():
    """What a pass hands back on a GPU is the number that is kept."""
    kept = torch.tensor(0)
    count_later(*TARGET, kept)
    count = next(c for key, c in unknown._COUNTS.items() if key[:3] == TARGET)
    count += 3
    count_later(*TARGET, count)
    with pytest.raises(ValueError, match="got 3 other pixels"):
        raise_if_unknown()


def test_a_cpu_has_a_count_of_its_own_for_every_pass():
    first, second = (counter(*TARGET, torch.device("cpu")) for _ in range(2))
    first += 1
    assert second == 0


def test_all_kinds_of_wrong_values_are_in_one_message():
    """Targets and weights at once."""
    count_later(*TARGET, torch.tensor(1))
    count_later("Dice", "weight", "finite and >= 0 at every pixel", torch.tensor(5))
    with pytest.raises(ValueError, match=r"got 1 other .*; Dice: weight must .*, got 5 other"):
        raise_if_unknown()
