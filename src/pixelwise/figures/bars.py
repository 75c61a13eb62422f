"""Bars of named rows, or points where an axis is logarithmic or a row has several values."""

from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from pixelwise.figures import drawing
from pixelwise.figures.charts import Tick, log_axis, nice_ticks
from pixelwise.figures.drawing import FAINT, SERIES
from pixelwise.figures.figure import Figure, for_axes
from pixelwise.figures.words import ABSENT, plain, short

NAMES, WIDTH, VALUES, TOP, ROW = 170, 380, 104, 56, 24
MOST_ROWS = 500  # a taller drawing is shown by no browser at once
SHAPES = "osD^"  # of matplotlib, as drawing.shaped has them


@dataclass(frozen=True)
class Series:
    """A value for every row.

    Args:
        name: what the values are.
        values: None for a row without one; on a logarithmic axis those <= 0 are left out too.
        low, high: ends of the interval of each value, if there are any.
        texts: beside the rows; () = the values with four digits.
        titles: what is shown where the mouse rests.
        faint: rows that are drawn in grey.
    """

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    texts: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    faint: tuple[bool, ...] = ()

    def value(self, row: int, log: bool = False) -> float | None:
        """What can be drawn of a row; None if it is NaN, or <= 0 on a logarithmic axis."""
        value = self.values[row]
        return None if value is None or isnan(value) or (log and value <= 0) else value

    def interval(self, row: int) -> tuple[float, float] | None:
        """The ends of the interval of a row; None if it has none."""
        low = self.low[row] if self.low else None
        high = self.high[row] if self.high else None
        return None if low is None or high is None else (low, high)

    def text(self, row: int) -> str:
        """What stands beside a row."""
        if self.texts:
            return self.texts[row]
        value = self.value(row)
        return ABSENT if value is None else short(value)


@dataclass(frozen=True)
class Bars(Figure):
    """A row for each name. Bars start at 0; a logarithmic axis has points, as it has no 0.

    Args:
        title: what it shows.
        names: of the rows, from the top.
        series: one, or several that are points of different shapes.
        x_label: of the axis, with the unit.
        colors: of each row, such as "#ffaa00"; () = none.
        log: the axis is logarithmic, and says so.
        x_ends: what a linear axis shows at least.
        note: a line below.
    """

    names: tuple[str, ...]
    series: tuple[Series, ...]
    x_label: str
    colors: tuple[str, ...] = ()
    log: bool = False
    x_ends: tuple[float, float] | None = None
    note: str = ""

    @property
    def as_points(self) -> bool:
        """Whether values are points: a bar has no length on a logarithmic axis."""
        return self.log or len(self.series) > 1

    @property
    def axis(self) -> str:
        """The words of the axis."""
        return f"{self.x_label} (logarithmic axis)" if self.log else self.x_label

    def svg(self) -> str:
        rows = range(min(len(self.names), MOST_ROWS))
        keys = len(self.series) > 1
        top = TOP + (18 * ((len(self.series) + 1) // 2) if keys else 0)
        bottom, right = top + ROW * len(rows), NAMES + WIDTH
        parts = [drawing.text(16, 22, self.title, "pw-ink pw-title")]
        x: float
        y: float
        for number, one in enumerate(self.series if keys else ()):
            x, y = NAMES + 200 * (number % 2), 46 + 18 * (number // 2)
            parts.append(drawing.shaped(number, x + 6, y - 4))
            parts.append(drawing.short_text(x + 18, y, one.name, 176))
        for tick in self._ticks():
            x = self._across(tick.at)
            parts.append(drawing.line(x, top, x, bottom))
            parts.append(drawing.text(x, bottom + 16, tick.label, "pw-soft", "middle"))
        parts.append(drawing.text(right, bottom + 34, self.axis, "pw-soft", "end"))
        for row in rows:
            y = top + ROW * row + ROW / 2
            room = NAMES - 28 - (18 if self.colors else 0)
            parts.append(drawing.short_text(NAMES - 10, y + 4, self.names[row], room, anchor="end"))
            if self.colors:
                parts.append(drawing.swatch(12, y - 6, self.colors[row]))
            parts += self._row(row, y)
        if not self.as_points:
            zero = self._across(self._place(0.0))
            parts.append(drawing.line(zero, top, zero, bottom, "pw-zero"))
        y = bottom + 34
        note = self.note
        if len(self.names) > MOST_ROWS:
            note = f"{note} The first {MOST_ROWS} of {len(self.names):,} rows.".strip()
        if note:
            y += 20
            parts.append(drawing.short_text(16, y, note, right + VALUES - 32, "pw-soft"))
        return drawing.document(right + VALUES, y + 16, self.title, self.description(), parts)

    def _row(self, row: int, y: float) -> list[str]:
        parts, texts = [], []
        for number, one in enumerate(self.series):
            value = one.value(row, self.log)
            texts.append(one.text(row))
            if value is None:
                continue
            words = one.titles[row] if one.titles else f"{self.names[row]}: {one.text(row)}"
            if len(self.series) > 1 and not one.titles:
                words = f"{self.names[row]}, {one.name}: {one.text(row)}"
            inside, x = drawing.titled(words), self._across(self._place(value))
            kind = "pw-faint" if one.faint and one.faint[row] else f"pw-f{number % len(SERIES)}"
            if self.as_points:
                parts.append(drawing.shaped(number, x, y, inside, kind))
            else:
                zero = self._across(self._place(0.0))
                left, width = min(zero, x), abs(x - zero)
                box = f'x="{left:.2f}" y="{y - 7:g}" width="{width:.2f}" height="14"'
                parts.append(f'<rect class="{kind}" {box}>{inside}</rect>')
            if ends := one.interval(row):
                low, high = (self._across(self._place(end)) for end in ends)
                whisker = (
                    f"M{low:.2f} {y - 4:g}v8M{low:.2f} {y:g}H{high:.2f}M{high:.2f} {y - 4:g}v8"
                )
                for kind, wide in (("pw-halo", 4), ("pw-whisker", 1.5)):
                    style = f'class="{kind}" fill="none" stroke-width="{wide}"'
                    parts.append(f'<path {style} d="{whisker}">{inside}</path>')
        if len(self.series) == 1:
            parts.append(
                drawing.short_text(NAMES + WIDTH + 10, y + 4, texts[0], VALUES - 12, "pw-ink")
            )
        return parts

    def description(self) -> str:
        """The rows in words, for those who do not see them; at most twelve."""
        told = [
            f"{name} {', '.join(one.text(row) for one in self.series)}"
            for row, name in enumerate(self.names[:12])
        ]
        more = f" and {len(self.names) - 12} more" if len(self.names) > 12 else ""
        return f"{self.axis}. {'; '.join(told)}{more}."

    def _values(self) -> list[float]:
        given = [v for one in self.series for v in (*one.values, *one.low, *one.high)]
        return [value for value in given if value is not None and not isnan(value)]

    def _ticks(self) -> list[Tick]:
        if self.log:
            return log_axis(self._values()).ticks(6)
        low, high = self._ends()
        return [Tick(self._place(v), short(v)) for v in nice_ticks(low, high)]

    def _ends(self) -> tuple[float, float]:
        values = self._values()
        low, high = self.x_ends or (min([0.0, *values]), max([0.0, *values]))
        return low, high if high > low else low + 1

    def _place(self, value: float) -> float:
        """Percent of the plot, from the left."""
        if self.log:
            return min(100.0, max(0.0, log_axis(self._values()).place(value)))
        ticks = nice_ticks(*self._ends())
        return (min(max(value, ticks[0]), ticks[-1]) - ticks[0]) / (ticks[-1] - ticks[0]) * 100

    @staticmethod
    def _across(percent: float) -> float:
        return round(NAMES + WIDTH * percent / 100, 2)

    def _draw(self, ax: Any) -> None:
        places = list(range(len(self.names)))
        for number, one in enumerate(self.series):
            values = [one.value(row, self.log) for row in places]
            if self.as_points:
                shape = SHAPES[number % len(SHAPES)]
                known = [nan if value is None else value for value in values]
                ax.plot(known, places, shape, label=for_axes(plain(one.name)))
            else:
                faint = one.faint or (False,) * len(places)
                colors = [FAINT[0] if grey else SERIES[0][0] for grey in faint]
                ax.barh(places, [value or 0.0 for value in values], color=colors)
                for row in (row for row in places if values[row] is None):
                    ax.text(0, row, f" {ABSENT}", va="center")  # no score is not a score of 0
            for row, value in enumerate(values):
                ends = one.interval(row)
                if ends is not None and value is not None:
                    ax.plot(ends, (row, row), "-", color="black", linewidth=1)
        if self.log:
            ax.set_xscale("log")
        if len(self.series) > 1:
            ax.legend()
        ax.set_yticks(places, [for_axes(plain(name)) for name in self.names])
        ax.invert_yaxis()
        ax.set_title(for_axes(plain(self.title)))
        ax.set_xlabel(for_axes(plain(self.axis)))
