"""Places in charts: ticks, curves and the shades of a confusion matrix."""

import numpy as np
import pytest

from pixelwise.figures.charts import SHADES, heat_rows, line_chart, nice_ticks, shade, thinned


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 600, [0, 200, 400, 600]),
        (0, 0.7, [0, 0.2, 0.4, 0.6, 0.8]),
        (-0.3, 1.9, [-0.5, 0, 0.5, 1.0, 1.5, 2.0]),
        (0, 1e-9, [0, 2e-10, 4e-10, 6e-10, 8e-10, 1e-9]),
        (0, 7e12, [0, 2e12, 4e12, 6e12, 8e12]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low, high, ticks):
    """Multiples of 1, 2 or 5 times a power of ten."""
    assert nice_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize("high", np.geomspace(1e-6, 1e9, 40))
def test_there_are_never_many_ticks(high):
    """At most one more than there are parts, and the last one is not far above."""
    ticks = nice_ticks(0, high)
    assert 3 <= len(ticks) <= 6
    assert high <= ticks[-1] * (1 + 1e-9) <= 2 * high


def test_a_long_curve_is_thinned_to_means():
    """1000 points become 200 means of 5; the mean of all stays."""
    points, size = thinned([(step, float(step)) for step in range(1000)])
    assert (len(points), size) == (200, 5)
    assert points[0] == (2.0, 2.0)
    assert np.mean([value for _, value in points]) == pytest.approx(499.5)


def test_a_short_curve_stays_as_it_is():
    """And a gap stays a gap."""
    assert thinned([(1, 0.5), (2, None)]) == ([(1.0, 0.5), (2.0, None)], 1)


def test_a_curve_stands_where_its_values_are():
    """x from 0 to the last step, y from the bottom up, in percent."""
    rows = [{"step": 0, "val/miou": 0.0}, {"step": 50, "val/miou": 0.5}]
    rows += [{"step": 100, "val/miou": 1.0}]
    chart = line_chart(rows, "mean IoU", ["val/miou"], "highest", factor=100)
    assert chart.curves[0].path == "M0 100L50 50L100 0"
    assert chart.curves[0].points[1] == (50.0, 50.0, "val/miou 50 at step 50")
    assert [(t.at, t.label) for t in chart.y_ticks][:2] == [(100.0, "0"), (80.0, "20")]


def test_the_steps_end_with_the_data_and_a_point_names_its_epoch():
    """Not at the round number above; a point between two lines of the log has the earlier epoch."""
    rows = [{"step": s, "epoch": s // 100, "val/loss": 1.0} for s in range(100, 625, 100)]
    chart = line_chart([*rows, {"step": 624, "val/loss": 0.5}], "", ["val/loss"], "lowest")
    assert chart.curves[0].points[-1] == (100.0, 50.0, "val/loss 0.5 at step 624, epoch 6")
    assert [tick.label for tick in chart.x_ticks] == ["0", "200", "400", "600"]
    assert chart.x_ticks[-1].at == pytest.approx(96.15)


def test_a_missing_value_breaks_the_curve():
    """A NaN in training is null in metrics.jsonl and no number on the page."""
    rows = [{"step": s, "train/loss": v} for s, v in enumerate([1.0, 1.0, None, 1.0])]
    chart = line_chart(rows, "loss", ["train/loss"], "lowest")
    assert chart.curves[0].path.count("M") == 2
    assert len(chart.curves[0].points) == 3


@pytest.mark.parametrize("rows", [[], [{"step": 1}], [{"step": 1, "train/loss": None}]])
def test_without_values_there_is_no_chart(rows):
    """Rather than empty axes."""
    assert line_chart(rows, "loss", ["train/loss"], "lowest") is None


def test_a_single_value_of_zero_is_a_chart():
    """Neither axis has length 0."""
    chart = line_chart([{"step": 0, "train/loss": 0.0}], "loss", ["train/loss"], "lowest")
    assert chart.curves[0].points == [(0.0, 100.0, "train/loss 0 at step 0")]


def test_a_summary_names_the_last_and_the_best_value():
    """The best one with its step, unless the last is as good."""
    rows = [{"step": s, "a": v, "b": -v} for s, v in [(1, 3.0), (2, 1.0), (3, 2.0)]]
    chart = line_chart(rows, "", ["a", "b"], "lowest")
    assert [c.summary for c in chart.curves] == [
        "last 2, lowest 1 at step 2",
        "last −2, lowest −3 at step 1",
    ]
    assert line_chart(rows[:2], "", ["a"], "lowest").curves[0].summary == "last 1"
    flat = [{"step": step, "a": 0.5} for step in range(3)]
    assert line_chart(flat, "", ["a"], "highest").curves[0].summary == "last 0.5"


def test_every_share_has_the_shade_of_its_step():
    """Lower bounds belong to their shade; 0 is shade 0 and 1 the last."""
    assert [shade(least) for least in SHADES] == list(range(10))
    assert (shade(0.0049), shade(1.0)) == (0, 9)


def test_cells_are_shares_of_their_row():
    """Rows are targets; an empty cell is left out, and so is a row without pixels."""
    matrix = np.array([[90, 10, 0], [0, 0, 0], [1, 0, 999]])
    rows = heat_rows(matrix, ["sky", "sea", "sun"])
    assert [sorted(row) for row in rows] == [[0, 1], [], [0, 2]]
    assert (rows[0][0].text, rows[0][1].text, rows[2][0].text) == ("90", "10", "<1")
    assert rows[0][1].title == "10.0 % of sky predicted as sea (10 px)"


def test_rare_cells_can_be_left_out():
    """The bound is a share of the row."""
    rows = heat_rows(np.array([[999, 1], [10, 1]]), ["a", "b"], least=0.01)
    assert [sorted(row) for row in rows] == [[0], [0, 1]]
