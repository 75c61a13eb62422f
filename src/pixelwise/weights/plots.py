"""Figures and tables of the records of this package; imported when one is asked for."""

from typing import Any

import numpy as np

from pixelwise.figures.bars import Bars, Series
from pixelwise.figures.drawing import hex_color
from pixelwise.figures.figure import Axes, Figure, drawn
from pixelwise.figures.names import ClassNames, row_names
from pixelwise.figures.table import html_table
from pixelwise.figures.words import grouped, short
from pixelwise.labels.tables.distinct import shown_colors
from pixelwise.text import plural
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.keep_list import share_text
from pixelwise.weights.members import MemberLabelCounts


def shares_figure(
    where: str,
    inside: np.ndarray,
    valid: np.ndarray,
    ax: Axes | None,
    classes: ClassNames,
    log: bool,
) -> Figure | Axes:
    """The share of each class, (C,) pixels of (C,) valid ones."""
    names = row_names(where, classes, len(inside))
    values = [100 * one / every if every else 0.0 for one, every in zip(inside, valid)]
    texts = tuple(share_text(value / 100) for value in values)
    titles = tuple(
        f"{name}: {text} of the valid pixels ({grouped(int(pixels))} px)"
        for name, text, pixels in zip(names, texts, inside)
    )
    series = Series("share", tuple(map(float, values)), texts=texts, titles=titles)
    absent = [name for name, value in zip(names, values) if not value]
    note = f"Without a pixel, and so without a point: {', '.join(absent)}" if absent and log else ""
    axis = "share of the valid pixels, %"
    return drawn(Bars("Share of each class", names, (series,), axis, log=log, note=note), ax)


def weights_figure(record: Any, ax: Axes | None, log: bool) -> Figure | Axes:
    """The weights of every method of a record."""
    by_method = {name: row.weights for name, row in _methods(record).items()}
    series = tuple(
        Series(name, tuple(values), texts=tuple(map(short, values)))
        for name, values in by_method.items()
    )
    colors = tuple(map(hex_color, shown_colors(record.classes)))
    title = "Weight of each class"
    absent = [
        name
        for i, name in enumerate(record.classes.names)
        if not any(v[i] for v in by_method.values())
    ]
    note = f"Weight 0, and so without a point: {', '.join(absent)}" if absent and log else ""
    return drawn(Bars(title, record.classes.names, series, "weight", colors, log, note=note), ax)


def counts_table(counts: LabelCounts) -> str:
    """A row for each class."""
    names = row_names("LabelCounts", None, counts.num_classes)
    rows = [
        [name, grouped(int(pixels)), share_text(pixels / max(1, counts.valid)), f"{images:,}"]
        for name, pixels, images in zip(names, counts.pixels, counts.images)
    ]
    caption = f"{plural(counts.files, 'label image')}, {grouped(counts.valid)} valid pixels, "
    caption += f"{grouped(counts.ignored)} void"
    return html_table(["class", "pixels", "share", "images"], rows, caption)


def member_counts_table(counts: MemberLabelCounts) -> str:
    """A row for each class."""
    names = row_names("MemberLabelCounts", None, len(counts.ignored))
    rows = []
    for name, (outside, inside), void, images in zip(
        names, counts.pixels.tolist(), counts.ignored, counts.images
    ):
        share = share_text(inside / max(1, inside + outside))
        rows.append(
            [name, grouped(inside), grouped(outside), share, grouped(int(void)), f"{images:,}"]
        )
    columns = ["class", "inside", "outside", "share", "void", "images"]
    return html_table(columns, rows, f"{plural(counts.files, 'image')}, classes that overlap")


def weights_table(record: Any) -> str:
    """A row for each class, with its weight by every method."""
    methods = _methods(record)
    counts = record.counts
    if isinstance(counts, LabelCounts):
        pixels, valid = counts.pixels, np.full(len(counts.pixels), counts.valid)
    else:
        pixels, valid = counts.pixels[:, 1], counts.pixels.sum(1)
    rows = [
        [
            name,
            grouped(int(pixels[i])),
            share_text(pixels[i] / max(1, valid[i])),
            *(f"{row.weights[i]:#.4g}" for row in methods.values()),
        ]
        for i, name in enumerate(record.classes.names)
    ]
    formulas = [f"{name} = {row.formula}" for name, row in methods.items()]
    caption = f"{record.dataset.split}: {plural(counts.files, 'image')}"
    colors = [hex_color(color) for color in shown_colors(record.classes)]
    columns = ["class", "pixels", "share", *methods]
    return html_table(columns, rows, caption, [*formulas, *record.notes], colors)


def _methods(record: Any) -> dict:
    """Rows with `weights` and `formula`, by method."""
    by_method = getattr(record, "by_method", None)
    return {record.method: record} if by_method is None else by_method
