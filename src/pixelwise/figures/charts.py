"""Geometry of charts. Places are percent of the plot; no markup here."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, hypot, log10
from typing import Any

import numpy as np

from pixelwise.figures.words import grouped, percent, short

MOST_POINTS = 240
STEP = "training step"
# Lowest share of each shade of a confusion matrix. The steps are finer near 0, where the
# confusions are, than near 1, where the diagonal is. Shade 0 is the page itself.
SHADES = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
# A rarer confusion in its row is left out where there are too many classes for numbers in cells:
# 150 x 150 cells would make most of the file.
LEAST_SHARE = 0.001
# The lowest bar is not shorter than this part of a decade, so that it can be seen.
_LEAST_BAR = 0.2


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in percent from the left or the top, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """A line over two axes.

    Args:
        name: what it shows.
        points: (x, y) in order; a y of None is a gap.
        titles: what is shown where the mouse rests, of each point; "" for nothing.
        summary: what to see in it, such as the best value.
        averaged: how many lines of metrics.jsonl each point stands for.
    """

    name: str
    points: tuple[tuple[float, float | None], ...]
    titles: tuple[str, ...] = ()
    summary: str = ""
    averaged: int = 1


@dataclass(frozen=True)
class Curve:
    """One line of a chart, in percent of the plot.

    Args:
        name: what the line shows, such as a key of metrics.jsonl.
        path: an SVG path in a square of 100 x 100.
        points: (x, y, hover title) of every point.
        summary: what to see in it, such as the last and the best value.
        averaged: how many lines of metrics.jsonl each point stands for.
    """

    name: str
    path: str
    points: list[tuple[float, float, str]]
    summary: str
    averaged: int


@dataclass(frozen=True)
class Chart:
    """Curves over two axes."""

    title: str
    curves: list[Curve]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_label: str


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix: its shade 0..9, its text and its hover title."""

    shade: int
    text: str
    title: str


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic axis over whole decades: 10^low at the left end, 10^high at the right one."""

    low: int
    high: int

    def place(self, value: float) -> float:
        """The position of a value > 0, in percent from the left."""
        return round(100 * (log10(value) - self.low) / (self.high - self.low), 2)

    @property
    def grid(self) -> list[float]:
        """The positions of the decades."""
        return [self.place(10.0**decade) for decade in range(self.low, self.high + 1)]

    def ticks(self, most: int) -> list[Tick]:
        """Decades with labels, at most so many."""
        step = ceil((self.high - self.low + 1) / most)
        decades = [10.0**decade for decade in range(self.low, self.high + 1, step)]
        return [Tick(self.place(value), short(value)) for value in decades]


def log_axis(values: list[float]) -> LogAxis:
    """The shortest axis of whole decades that holds all values > 0; from 1 to 10 without any."""
    logs = [log10(value) for value in values if value > 0] or [1.0]
    low = floor(min(logs) - _LEAST_BAR)
    return LogAxis(low, max(low + 1, ceil(max(logs))))


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from at or below low to at or above high."""
    span = high - low
    power = 10.0 ** floor(log10(span / most))
    step = next(m * power for m in (1, 2, 5, 10, 20) if span <= most * m * power * (1 + 1e-9))
    return [k * step for k in range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)]


def thinned(
    points: list[tuple[int, float | None]], most: int = MOST_POINTS
) -> tuple[list[tuple[float, float | None]], int]:
    """Mean step and mean value of groups of neighbours, so that at most `most` points remain.

    Args:
        points: (step, value) in order; a value of None is a gap.
    Returns:
        the points, and how many of the given ones each of them stands for.
    """
    size = max(1, ceil(len(points) / most))
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [_mean_point(group) for group in groups], size


def _mean_point(group: list[tuple[int, float | None]]) -> tuple[float, float | None]:
    values = [value for _, value in group if value is not None]
    step = sum(step for step, _ in group) / len(group)
    return step, sum(values) / len(values) if values else None


def charted(
    title: str,
    lines: Sequence[Line],
    x_label: str,
    x_ends: tuple[float, float] | None = None,
    y_ends: tuple[float, float] | None = None,
    least_apart: float = 0.0,
) -> Chart:
    """Where lines stand over two axes.

    Args:
        title, x_label: words of the chart.
        lines: with at least one value.
        x_ends: where the horizontal axis begins and ends; None = at ticks around the values.
        y_ends: what the vertical one shows at least; None = the values and 0.
        least_apart: percent of the plot between points that can be pointed at.
    """
    steps = [x for line in lines for x, _ in line.points] or [0.0]
    values = [y for line in lines for _, y in line.points if y is not None] or [0.0]
    low, high = x_ends or (min(steps), max(steps))
    x = nice_ticks(low, high if high > low else low + 1)
    left, right = (low, high) if x_ends and high > low else (x[0], x[-1])
    x = [tick for tick in x if left <= tick <= right]
    # The axis starts at 0, so that a curve that looks flat is flat.
    bottom, top = y_ends or (min(0, *values, 0), max(1e-9, *values, 1e-9))
    y = nice_ticks(bottom, top if top > bottom else bottom + 1)
    curves = []
    for line in lines:
        path, places = _placed(line, (left, right), (y[0], y[-1]))
        points = apart(places, least_apart)
        curves.append(Curve(line.name, path, points, line.summary, line.averaged))
    x_ticks = [Tick(_place(v, left, right), short(v)) for v in x]
    y_ticks = [Tick(100 - _place(v, y[0], y[-1]), short(v)) for v in y]
    return Chart(title, curves, x_ticks, y_ticks, x_label)


def training_lines(
    rows: list[dict[str, Any]], keys: Sequence[str], best: str, factor: float = 1.0
) -> tuple[Line, ...]:
    """Some keys of metrics.jsonl over the step; none for a key without a value.

    Args:
        rows: the lines of metrics.jsonl.
        keys: keys of metrics.jsonl, one line each.
        best: "lowest" or "highest", whichever is the good end.
        factor: what values are multiplied with; 100 for percent.
    """
    lines = []
    epochs = {row["step"]: row["epoch"] for row in rows if type(row.get("epoch")) is int}
    known = sorted(epochs)

    def place(step: float) -> str:
        # the line of the log at the step or before it says the epoch
        line = bisect(known, step)
        epoch = f", epoch {epochs[known[line - 1]]}" if line else ""
        return f"step {short(round(step))}{epoch}"

    for key in keys:
        given = [(row["step"], _times(row[key], factor)) for row in rows if key in row]
        points, averaged = thinned(given)
        if any(value is not None for _, value in points):
            titles = tuple(
                "" if value is None else f"{key} {short(value)} at {place(step)}"
                for step, value in points
            )
            lines.append(Line(key, tuple(points), titles, summary(given, best), averaged))
    return tuple(lines)


def line_chart(
    rows: list[dict[str, Any]], title: str, keys: list[str], best: str, factor: float = 1.0
) -> Chart | None:
    """A chart of some keys of metrics.jsonl over the step, see training_lines; None without any."""
    lines = training_lines(rows, keys, best, factor)
    steps = [step for line in lines for step, _ in line.points]
    return charted(title, lines, STEP, (0, max([1, *steps]))) if lines else None


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _place(value: float, low: float, high: float) -> float:
    return round((value - low) / (high - low) * 100, 2)


def _placed(
    line: Line, across: tuple[float, float], up: tuple[float, float]
) -> tuple[str, list[tuple[float, float, str]]]:
    """The path through the points, which a missing value breaks, and the points with titles."""
    path, places = [], []
    titles = line.titles or [""] * len(line.points)
    for (_, before), (at, value), title in zip([(0.0, None), *line.points], line.points, titles):
        if value is not None:
            x, y = _place(at, *across), round(100 - _place(value, *up), 2)
            path.append(f"{'M' if before is None else 'L'}{x:g} {y:g}")
            places.append((x, y, title))
    return "".join(path), places


def apart(
    places: Sequence[tuple[float, float, str]], least: float
) -> list[tuple[float, float, str]]:
    """The points that have a title, and none that is nearly on the one before it."""
    kept: list[tuple[float, float, str]] = []
    for x, y, title in places:
        far = not kept or hypot(x - kept[-1][0], y - kept[-1][1]) >= least
        if title and far:
            kept.append((x, y, title))
    return kept


def summary(points: list[tuple[int, float | None]], best: str) -> str:
    """The last and the best value of a curve in words."""
    scored = [(value, step) for step, value in points if value is not None]
    pick = min if best == "lowest" else max
    value, step = pick(scored, key=lambda pair: pair[0])
    last = f"last {short(scored[-1][0])}"
    return last if value == scored[-1][0] else f"{last}, {best} {short(value)} at step {step}"


def shade(share: float) -> int:
    """Which of the SHADES a share in 0..1 has."""
    return max(i for i, least in enumerate(SHADES) if share >= least)


def heat_rows(
    matrix: np.ndarray, names: Sequence[str], least: float = 0.0
) -> list[dict[int, Cell]]:
    """A confusion matrix as cells, each a share of its row.

    matrix[t, p] / sum over p of matrix[t, p].

    Args:
        matrix: (C, C) pixels; rows = target, columns = prediction.
        names: of the C classes.
        least: cells with a smaller share of their row are left out.
    Returns:
        column -> cell with any pixel in it, for each row; none for a class not in the target.
    """
    return [_heat_row(row, name, names, least) for row, name in zip(matrix, names)]


def _heat_row(row: np.ndarray, target: str, names: Sequence[str], least: float) -> dict[int, Cell]:
    total = int(row.sum())
    cells = {}
    for column in np.flatnonzero(row).tolist():
        share = int(row[column]) / total
        if share >= least:
            title = f"{percent(share)} % of {target} predicted as {names[column]}"
            title += f" ({grouped(int(row[column]))} px)"
            cells[column] = Cell(shade(share), percent(share, 0), title)
    return cells
