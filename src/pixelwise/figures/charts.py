"""Geometry of charts. Places are percent of the plot; no markup here."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

import numpy as np

from pixelwise.figures.words import grouped, percent, short

MOST_POINTS = 240
# Lowest share of each shade of a confusion matrix. The steps are finer near 0, where the
# confusions are, than near 1, where the diagonal is. Shade 0 is the page itself.
SHADES = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
# A rarer confusion in its row is left out where there are too many classes for numbers in cells:
# 150 x 150 cells would make most of the file.
LEAST_SHARE = 0.001


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in percent from the left or the top, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

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
    x_label: str = "training step"


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix: its shade 0..9, its text and its hover title."""

    shade: int
    text: str
    title: str


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


def line_chart(
    rows: list[dict[str, Any]], title: str, keys: list[str], best: str, factor: float = 1.0
) -> Chart | None:
    """A chart of some keys of metrics.jsonl over the step; None without any value.

    Args:
        rows: the lines of metrics.jsonl.
        title: what the vertical axis shows.
        keys: keys of metrics.jsonl, one curve each.
        best: "lowest" or "highest", whichever is the good end.
        factor: what values are multiplied with; 100 for percent.
    """
    given = {
        key: [(row["step"], _times(row[key], factor)) for row in rows if key in row] for key in keys
    }
    lines = {key: thinned(points) for key, points in given.items()}
    steps = [step for points, _ in lines.values() for step, _ in points]
    values = [v for points, _ in lines.values() for _, v in points if v is not None]
    if not values:
        return None
    # Both axes start at 0, so that a curve that looks flat is flat.
    x = nice_ticks(0, max([1, *steps]))
    y = nice_ticks(min([0, *values]), max([1e-9, *values]))
    curves = []
    for key, (points, averaged) in lines.items():
        if any(value is not None for _, value in points):
            path, places = _placed(key, points, x[-1], (y[0], y[-1]))
            curves.append(Curve(key, path, places, summary(given[key], best), averaged))
    x_ticks = [Tick(_place(v, 0, x[-1]), short(v)) for v in x]
    y_ticks = [Tick(100 - _place(v, y[0], y[-1]), short(v)) for v in y]
    return Chart(title, curves, x_ticks, y_ticks)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _place(value: float, low: float, high: float) -> float:
    return round((value - low) / (high - low) * 100, 2)


def _placed(
    name: str, points: list[tuple[float, float | None]], right: float, ends: tuple[float, float]
) -> tuple[str, list[tuple[float, float, str]]]:
    """The path through the points, which a missing value breaks, and the points with titles."""
    path, places = [], []
    for (_, before), (step, value) in pairwise([(0.0, None), *points]):
        if value is not None:
            x, y = _place(step, 0, right), round(100 - _place(value, *ends), 2)
            path.append(f"{'M' if before is None else 'L'}{x:g} {y:g}")
            places.append((x, y, f"{name} {short(value)} at step {short(round(step))}"))
    return "".join(path), places


def summary(points: list[tuple[int, float | None]], best: str) -> str:
    """The last and the best value of a curve in words."""
    scored = [(value, step) for step, value in points if value is not None]
    pick = min if best == "lowest" else max
    value, step = pick(scored, key=lambda pair: pair[0])
    last = f"last {short(scored[-1][0])}"
    return last if step == scored[-1][1] else f"{last}, {best} {short(value)} at step {step}"


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
