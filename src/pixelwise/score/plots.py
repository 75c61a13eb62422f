"""Figures and tables of the records of this package; imported when one is asked for."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, check_choice
from pixelwise.figures.bars import Bars, Series
from pixelwise.figures.drawing import hex_color
from pixelwise.figures.figure import Axes, Figure, drawn
from pixelwise.figures.table import html_table
from pixelwise.figures.words import grouped, percent
from pixelwise.labels.classes import Classes
from pixelwise.labels.tables.distinct import shown_colors
from pixelwise.metrics.bootstrap import CONFIDENCE, RESAMPLES, bootstrap_intervals
from pixelwise.metrics.plots import share_bars
from pixelwise.metrics.scores import CLASS_SCORES
from pixelwise.score.record import Score
from pixelwise.text import plural

if TYPE_CHECKING:
    from pixelwise.score.compare import Comparison, Difference
    from pixelwise.score.members import MultilabelScore

POOLED = f"Lines: {100 * CONFIDENCE:g} % intervals, {RESAMPLES:,} resamples of the images."


def score_figure(
    record: "Score | MultilabelScore", ax: Axes | None, score: str, intervals: bool = False
) -> Figure | Axes:
    """A bar for each class; intervals are resamples of the images of the score."""
    where = f"{type(record).__name__}.plot"
    check_choice(where, "score", score, CLASS_SCORES)
    shares = [row.scores.get(score) for row in record.per_class]
    low: list[float | None] = []
    high: list[float | None] = []
    if intervals and isinstance(record, Score):
        if not record.images:
            must, hint = "of a score with its images", "Without them there is nothing to resample."
            raise ArgumentError(where, "intervals", must=must, got="none", hint=hint)
        ends = bootstrap_intervals(image_sums(record), score)
        low, high = ([None if np.isnan(v) else float(v) for v in row] for row in ends[:, 1:])
    return drawn(
        share_bars(
            f"{CLASS_SCORES[score].title} of each class, %",
            record.classes.names,
            shares,
            low,
            high,
            colors=_colors(record.classes),
            note=POOLED if low else "",
        ),
        ax,
    )


def image_sums(score: Score) -> NDArray[np.int64]:
    """(N, 3, C) correct, target and predicted pixels of each class in each image."""
    sums = np.zeros((len(score.images), 3, len(score.classes)), np.int64)
    for number, image in enumerate(score.images):
        for target, pred, pixels in image.confusion:
            sums[number, 1, target] += pixels
            sums[number, 2, pred] += pixels
            if target == pred:
                sums[number, 0, target] += pixels
    return sums


def score_table(score: Score) -> str:
    """The scores of each class, and the headline."""
    names = list(CLASS_SCORES)
    valid = max(1, score.valid_pixels)
    rows = []
    for row in score.per_class:
        values = [percent(row.scores.get(name)) for name in names]
        rows.append([row.name, *values, percent(row.target_pixels / valid)])
    headline = f"Mean IoU {percent(score.scores.get('mean_iou'))} % ({score.convention}: "
    headline += f"{score.convention_meaning}), {score.classes_averaged} of {len(rows)} classes"
    others = "; ".join(f"{title} {percent(value)} %" for title, value in score.other_means())
    pixels = f"{plural(len(score.images), 'image')}, {grouped(score.valid_pixels)} valid pixels, "
    pixels += f"{grouped(score.ignored_pixels)} void"
    columns = ["class", *(CLASS_SCORES[name].title for name in names), "share of pixels"]
    notes = [others, f"In percent. {pixels}."]
    return html_table(columns, rows, headline, notes, _colors(score.classes))


def members_table(score: "MultilabelScore") -> str:
    """The scores of each class, and the headline."""
    names = list(CLASS_SCORES)
    rows = [
        [row.name, *(percent(row.scores.get(name)) for name in names), grouped(row.target_pixels)]
        for row in score.per_class
    ]
    headline = f"Mean IoU {percent(score.mean_iou)} % ({score.convention}: "
    headline += f"{score.convention_meaning}), mean Dice {percent(score.mean_dice)} %"
    columns = ["class", *(CLASS_SCORES[name].title for name in names), "target pixels"]
    notes = [f"In percent. {plural(len(score.images), 'image')}, classes that overlap."]
    return html_table(columns, rows, headline, notes, _colors(score.classes))


def comparison_figure(record: "Comparison", ax: Axes | None) -> Figure | Axes:
    """b - a of the mean and of each class, those that are not clear in grey."""
    rows: list[Difference] = [record.mean_iou, *record.per_class]
    names = ("mean IoU", *(row.name for row in record.per_class))
    points = [[_points(v) for v in (row.difference, row.low, row.high)] for row in rows]
    values, low, high = zip(*points)
    texts = tuple(_signed(value) + (" *" if row.clear else "") for value, row in zip(values, rows))
    titles = tuple(
        f"{name}: {_signed(value)} points ({_signed(one)} to {_signed(other)})"
        for name, value, one, other in zip(names, values, low, high)
    )
    faint = tuple(not row.clear for row in rows)
    series = Series("b - a", values, low, high, texts, titles, faint)
    a, b = record.names
    made = record.bootstrap
    note = f"Lines: {100 * made.confidence:g} % of {made.resamples:,} paired resamples; "
    note += "* and blue: 0 is not in it."
    title = f"{b} − {a}: IoU"
    return drawn(Bars(title, names, (series,), "percentage points", note=note), ax)


def comparison_table(record: "Comparison") -> str:
    """Both scores and their difference, of the mean and of each class."""
    named = [("mean IoU", record.mean_iou), *((row.name, row) for row in record.per_class)]
    rows = []
    for name, row in named:
        value, low, high = (_points(v) for v in (row.difference, row.low, row.high))
        interval = "–" if low is None else f"{_signed(low)} to {_signed(high)}"
        cells = [percent(row.a), percent(row.b), _signed(value), interval]
        rows.append([name, *cells, "*" if row.clear else ""])
    a, b = record.names
    made = record.bootstrap
    note = f"In percent. interval: {100 * made.confidence:g} % of {made.resamples:,} paired "
    note += f"resamples of {plural(len(record.images), 'image')}; * 0 is not in it"
    columns = ["class", "a", "b", "b − a", "interval", ""]
    return html_table(columns, rows, f"a = {a}, b = {b}", [note])


def _colors(classes: Classes) -> tuple[str, ...]:
    return tuple(hex_color(color) for color in shown_colors(classes))


def _points(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _signed(points: float | None) -> str:
    return "–" if points is None else f"{points:+.2f}".replace("-", "−")
