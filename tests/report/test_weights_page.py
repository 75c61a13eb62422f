"""The page of class counts and weights: one file, right numbers and bars, nothing let through."""

import re
from dataclasses import replace

import numpy as np
import pytest

import pixelwise as pw
from make import make_dataset
from pixelwise.cli import main
from pixelwise.figures.charts import log_axis
from pixelwise.labels.classes import Classes
from pixelwise.report.weights_page import advice_of, aligned, context, weights_page
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.keep_list import FilledImage
from pixelwise.weights.record import CountedSplit, MethodWeights, Weights
from report.clicks import NEEDS_CHROMIUM, clicked


def result(pixels, weight_lists, names=("sky", "road", "pole"), **more):
    """What the command returns, for counts made up here."""
    given = {"command": "pixelwise weights street", "method": None, **more}
    return Weights(
        version="0.1.0",
        dataset=CountedSplit("street", "train"),
        task="multiclass",
        classes=Classes(names, colors=[(1, 2, 3)] * len(pixels)),
        counts=LabelCounts(pixels, [1] * len(pixels), 10, 4, pixels),
        zero="zero",
        beta=None,
        by_method={name: MethodWeights("1 / n", row) for name, row in weight_lists.items()},
        **given,
    )


def widths(page):
    return [float(width) for width in re.findall(r'<rect width="([\d.]+)%"', page)]


def test_equal_ratios_are_equal_lengths():
    """Left end 10^low, right end 10^high: each decade takes the same width."""
    axis = log_axis([0.5, 40.0, 0.0])
    assert (axis.low, axis.high) == (-1, 2)
    assert [axis.place(value) for value in (0.1, 1, 10, 100)] == [0, 33.33, 66.67, 100]
    assert axis.grid == [0, 33.33, 66.67, 100]
    assert [tick.label for tick in axis.ticks(2)] == ["0.1", "10"]


@pytest.mark.parametrize("values", [[1.0], [0.0], [], [1e-12, 1e12], [10.0, 10.0]])
def test_an_axis_holds_its_values_and_no_bar_vanishes(values):
    """Also for a single value that is a power of ten, and for none at all."""
    axis = log_axis(values)
    places = [axis.place(value) for value in values if value > 0]
    assert all(0 < place <= 100 for place in places)


def test_bars_start_at_0_and_numbers_are_those_of_the_result(tmp_path):
    """Most frequent first; a weight as a multiple of the lightest of its method."""
    made = result([60, 10, 30], {"inverse": [0.5, 3.0, 1.0], "enet": [1.0, 2.0, 1.5]})
    page = weights_page(made, tmp_path / "w.html").read_text()
    names = re.findall(r'<span class="named">.*?<span>(\w+)</span></span>', page)
    assert names == ["sky", "pole", "road"]
    share, inverse, enet = widths(page)[0::3], widths(page)[1::3], widths(page)[2::3]
    assert np.allclose(np.divide(share, share[2]), [6, 3, 1], atol=0.01)
    assert np.allclose(np.divide([*inverse, *enet], inverse[0]), [1, 2, 6, 1, 1.5, 2], atol=0.01)
    assert "<circle" not in page
    assert page.count("bars that start at 0") == 2
    assert "sky has 6 times as many pixels as road." in page
    assert re.findall(r'<span class="value">([^<]*)', page)[1::3] == ["0.50", "1.00", "3.00"]


def test_what_a_bar_cannot_show_is_a_point_on_a_logarithmic_axis(tmp_path):
    """Shares of 90, 9 and 1 %: equal ratios are equal steps, and nothing has a length."""
    made = result([90, 1, 9], {"inverse": [0.2, 20.0, 2.0], "enet": [1.0, 1.0, 2.0]})
    page = weights_page(made, tmp_path / "w.html").read_text()
    assert widths(page) == []
    places = [float(at) for at in re.findall(r'<circle cx="([\d.]+)%"', page)]
    share, inverse = places[0::3], places[1::3]
    assert share[0] - share[1] == pytest.approx(share[1] - share[2], rel=0.1)
    assert inverse[1] - inverse[0] == pytest.approx(inverse[2] - inverse[1], abs=0.02)
    assert page.count("points on a logarithmic axis") == 2


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([24.4, 20.95, 6.451, 0.0], ["24.4", "20.9", "6.5", "0"]),
        ([33.1234, 0.0123], ["33.123", "0.012"]),
        ([1e-9, 50.0], ["<0.0001", "50.0000"]),
        ([120.0, 4000.0], ["120", "4000"]),
        ([0.0], ["0"]),
    ],
)
def test_numbers_of_a_column_have_the_same_decimals(values, texts):
    assert aligned(values) == texts


@pytest.mark.parametrize(
    ("pixels", "weights", "more", "advised", "words"),
    [
        ([50, 30, 20], {"inverse": [1, 2, 3]}, {}, "", "of similar size"),
        (
            [900, 90, 10],
            {"inverse": [1, 10, 90], "enet": [1, 4, 12]},
            {},
            "enet",
            "counts 12 times as much as one of the lightest. With inverse it is 90 times",
        ),
        ([900, 90, 10], {"inverse": [1, 10, 90]}, {"method": "inverse"}, "inverse", "90 times"),
        ([900, 0, 10], {"enet": [1, 0, 12]}, {}, "enet", "Without a pixel: road."),
    ],
)
def test_advice_is_computed_from_the_counts(pixels, weights, more, advised, words):
    found = context(result(pixels, weights, **more))
    assert found["advised"] == advised
    assert words in " ".join(found["advice"])


def test_a_class_in_few_images_is_named():
    made = result([900, 90, 10], {"enet": [1, 4, 12]})
    counts = LabelCounts([900, 90, 10], [40, 40, 3], 0, 40, [900, 900, 900])
    assert "pole (3)" in " ".join(advice_of(replace(made, counts=counts))[1])


@NEEDS_CHROMIUM
def test_classes_are_sorted_by_a_weight(tmp_path):
    made = result([60, 10, 30], {"inverse": [0.5, 3.0, 1.0]}, ("sky", "road", "pole"))
    page = weights_page(made, tmp_path / "w.html").read_text()
    actions = """
    await click(all(".weights thead button")[3]);
    found.up = texts(".weights tbody th");
    await click(all(".weights thead button")[0]);
    found.names = texts(".weights tbody th");"""
    found, console = clicked(page, actions, tmp_path)
    assert console == []
    assert found == {"up": ["sky", "pole", "road"], "names": ["pole", "road", "sky"]}


def test_a_class_without_a_pixel_has_no_bar(tmp_path):
    """Neither a share nor a weight of 0 has a logarithm."""
    page = weights_page(result([50, 0, 50], {"enet": [1, 0, 1]}), tmp_path / "w.html").read_text()
    assert len(widths(page)) == 4
    assert "(1 without a pixel)" in page
    assert "<tr class=none>" in page
    assert "pixelwise train street --class-weights enet --zero zero" in page


def test_names_cannot_change_the_page(tmp_path):
    """Class names, paths and ids are text, whatever is in them."""
    bad = "<script>x</script>"
    made = result(
        [5, 3, 2],
        {"enet": [1, 2, 3]},
        (bad, "road", "<b>"),
        command=bad,
        filled=(FilledImage(bad, bad, 1.0), FilledImage("\u202eid", None, 1.0)),
    )
    page = weights_page(made, tmp_path / "w.html").read_text()
    assert page.count("<script>") == 1  # its own
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") == 5


def test_the_page_is_whole_and_the_same_twice(tmp_path):
    """No address, and a policy that forbids all that is not in the file."""
    made = result([5, 3, 2], {"enet": [1, 2, 3]}, method="enet")
    first = weights_page(made, tmp_path / "a.html").read_bytes()
    assert weights_page(made, tmp_path / "b.html").read_bytes() == first
    assert b"default-src 'none'" in first
    assert not re.search(rb"https?://|src=|<link|url\(", first)


def test_images_that_one_class_fills_are_listed(tmp_path):
    """With a share, or as void; without any the page says so."""
    filled = (FilledImage("a", None, 1.0), FilledImage("b", "sky", 0.98))
    made = result([5, 3, 2], {"enet": [1, 2, 3]}, filled=filled)
    page = weights_page(made, tmp_path / "w.html").read_text()
    assert "2 of 4 images." in page
    assert "all void" in page
    assert "98.00" in page
    none = result([5, 3, 2], {"enet": [1, 2, 3]}, filled=())
    assert "There are none." in weights_page(none, tmp_path / "v.html").read_text()


def test_one_class_alone_is_described():
    """No ratio of two."""
    assert context(result([7], {"enet": [1]}, ["sky"]))["lead"] == "Every valid pixel is sky."


def test_the_command_makes_the_page(tmp_path):
    """pixelwise weights --html, and the same from Python."""
    data = make_dataset(tmp_path / "data")
    assert main(["weights", str(data), "--html", str(tmp_path / "a.html")]) == 0
    pw.weights(data, html=tmp_path / "b.html")
    first, second = ((tmp_path / f"{name}.html").read_text() for name in "ab")
    assert first.replace("a.html", "b.html") == second
    assert "<code>median_frequency</code>" in first
