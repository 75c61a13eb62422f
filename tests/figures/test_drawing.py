"""The style of figures: contrast on light and dark paper, words that fit, escaped names."""

from xml.etree import ElementTree

import pytest

from pixelwise.figures import drawing
from pixelwise.figures.bars import MOST_ROWS, Bars, Series
from pixelwise.figures.charts import Line
from pixelwise.figures.lines import Lines


def luminance(color):
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
def test_words_and_marks_are_seen_on_their_paper(shade):
    """WCAG: 4.5 for text, 3 for graphics."""
    paper = drawing.PAPER[shade]
    for ink in (drawing.INK, drawing.SOFT):
        assert contrast(ink[shade], paper) >= 4.5
    for color in (*drawing.SERIES, drawing.FAINT):
        assert contrast(color[shade], paper) >= 3


@pytest.mark.parametrize("shade", range(10))
def test_numbers_are_seen_on_every_shade_of_a_matrix(shade):
    """Light and dark, 4.5 or more."""
    for side, text in enumerate(drawing.ON_SHADES[shade]):
        assert contrast(text, drawing.SHADED[shade][side]) >= 4.5


def test_long_names_are_cut_and_whole_where_the_mouse_rests():
    """With an ellipsis."""
    name = "a very long name of a class that goes on and on"
    text = drawing.short_text(0, 0, name, 80)
    element = ElementTree.fromstring(text)
    assert element.text.endswith("…")
    assert len(element.text) < 20
    assert element[0].text == name
    assert drawing.short_text(0, 0, "sky", 80) == drawing.text(0, 0, "sky")


def test_characters_that_no_xml_may_hold_are_left_out():
    """And those that turn text around; half a character becomes a sign for it."""
    text = drawing.text(0, 0, "a\x00\x1b\u202e\ufffe\ud800<b>&\"'")
    assert ElementTree.fromstring(text).text == "a\ufffd<b>&\"'"


def test_many_rows_are_counted():
    """A drawing of ten thousand rows helps nobody."""
    names = tuple(f"class {k}" for k in range(MOST_ROWS + 7))
    text = Bars("many", names, (Series("s", tuple(map(float, range(len(names))))),), "px").svg()
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 7} rows." in text
    assert text.count("<rect") == MOST_ROWS + 1


def test_a_gap_breaks_a_line_and_a_single_point_is_a_figure():
    """Neither is an error."""
    points = ((0.0, 1.0), (1.0, None), (2.0, 3.0))
    assert Lines("gap", (Line("a", points),), "x").chart().curves[0].path.count("M") == 2
    ElementTree.fromstring(Lines("one", (Line("a", ((1.0, 1.0),)),), "x").svg())
