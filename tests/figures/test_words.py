"""Numbers and names as a reader sees them."""

import pytest

from pixelwise.figures.words import difference, grouped, listed, percent, plain, short


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.72654, 1, "72.7"),
        (0.72654, 0, "73"),
        (1, 1, "100.0"),
        (0, 1, "0.0"),
        (0.0004, 1, "<0.1"),
        (0.0004, 2, "0.04"),
        (0.004, 0, "<1"),
        (None, 1, "–"),
    ],
)
def test_a_share_is_a_percentage_and_small_is_not_zero(share, digits, text):
    """Only 0 reads as 0."""
    assert percent(share, digits) == text


@pytest.mark.parametrize(
    ("share", "other", "text"),
    [
        (0.5, 0.531, "+3.1"),
        (0.5, 0.48, "−2.0"),
        (0.5, 0.5, "0.0"),
        (0.5, 0.49999, "0.0"),
        (None, 0.5, ""),
        (0.5, None, ""),
    ],
)
def test_a_difference_has_a_sign_unless_it_is_zero(share, other, text):
    """other - share in percentage points."""
    assert difference(share, other) == text


def test_counts_are_grouped_by_three():
    """A narrow space that does not break the line."""
    assert grouped(1234567) == "1\u202f234\u202f567"


@pytest.mark.parametrize(
    ("number", "text"), [(0.30000000000000004, "0.3"), (-0.5, "−0.5"), (1200, "1200"), (0, "0")]
)
def test_a_tick_has_no_noise(number, text):
    """Four digits at most."""
    assert short(number) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")],
)
def test_names_are_listed_as_one_says_them(names, text):
    """The last one after `and`."""
    assert listed(names) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sky", "sky"),
        ("a\u202eb\u2066c\u2069\u200f", "abc"),
        ("\x1b[31mred\x00", "[31mred"),
        ("two\nlines\tand\u2028more", "two\nlines\tandmore"),
        ("half \udcff", "half \ufffd"),
        ("Straße 道路 🌲", "Straße 道路 🌲"),
    ],
)
def test_characters_that_hide_or_reorder_text_are_dropped(name, shown):
    """What is left can be written as UTF-8 and stands where it is written."""
    assert plain(name) == shown
    assert plain(name).encode()


@pytest.mark.parametrize("value", [None, 3, 0.5, ["a\x00"]])
def test_only_texts_are_made_plain(value):
    """Other values pass as they are."""
    assert plain(value) is value
