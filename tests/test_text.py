"""Words, numbers and tables of messages."""

import pytest

from pixelwise.text import duration, percent, plural, printable, some, text_table


def test_the_first_items_of_a_list_are_named_and_the_rest_counted():
    assert some(range(3)) == "0, 1, 2"
    assert some("abcdefg") == "a, b, c, d, e and 2 more"
    assert some(range(2000), most=2, separator="; ") == "0; 1 and 1,998 more"
    assert some([]) == ""


@pytest.mark.parametrize(
    ("number", "word", "text"),
    [
        (1, "class", "1 class"),
        (0, "class", "0 classes"),
        (2, "box", "2 boxes"),
        (1200, "file", "1,200 files"),
        (2, "epoch", "2 epochs"),
        (2, "batch", "2 batches"),
    ],
)
def test_a_number_has_its_noun(number, word, text):
    assert plural(number, word) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "50.00"), (1, "100.00"), (0, "0.00"), (None, "-"), (float("nan"), "-")],
)
def test_a_share_is_a_percentage_or_a_dash(share, text):
    assert percent(share) == text


def test_digits_of_a_percentage_can_be_chosen():
    assert percent(1 / 3, 0) == "33"
    assert percent(1 / 3, 1) == "33.3"


def test_columns_of_a_table_are_aligned():
    table = text_table([["class", "IoU"], ["road", "9.5"], ["\x1b[31m", "10.25"]])
    assert table == "class    IoU\nroad     9.5\n?[31m  10.25"


def test_control_characters_never_reach_a_terminal():
    assert printable("a\x1b[2Jb\tc\u202e é") == "a?[2Jb?c? é"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.4, "59s"), (90.0, "1m30s"), (3600, "1h00m"), (7384, "2h03m")],
)
def test_a_duration_is_short(seconds, text):
    assert duration(seconds) == text
