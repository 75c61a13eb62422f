"""A confusion matrix: a cell for each target class and predicted class."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pixelwise.figures import drawing
from pixelwise.figures.charts import LEAST_SHARE, heat_rows
from pixelwise.figures.figure import Figure, for_axes
from pixelwise.figures.words import percent, plain

MOST_NUMBERED = 30  # more columns are too narrow for numbers; cells keep their titles
NAMES, HEAD, TOP, CELL, WIDEST = 150, 120, 44, 38, 760


@dataclass(frozen=True, eq=False)
class Matrix(Figure):
    """Shares of the rows of a confusion matrix; rows = target, columns = prediction.

    Args:
        title: what it shows.
        names: of the C classes.
        counts: (C, C) pixels.
    """

    names: tuple[str, ...]
    counts: np.ndarray

    @property
    def numbered(self) -> bool:
        """Whether the cells have numbers."""
        return len(self.names) <= MOST_NUMBERED

    def svg(self) -> str:
        number = len(self.names)
        cell = CELL if number <= 16 else max(5.0, WIDEST // max(1, number))
        named = cell >= 12
        longest = max([drawing.width_of(plain(name)) for name in self.names], default=0)
        head = min(HEAD, longest + 16)
        left, top = (NAMES, TOP + head) if named else (40, TOP + 20)
        side = cell * number
        parts = [drawing.text(16, 22, self.title, "pw-ink pw-title")]
        parts.append(drawing.text(16, 40, "rows: target, columns: prediction", "pw-soft"))
        for place, name in enumerate(self.names if named else ()):
            at = cell * (place + 0.5)
            words = drawing.short_text(left - 8, top + at + 4, name, NAMES - 20, anchor="end")
            turned = drawing.short_text(0, 0, name, head - 8)
            moved = f'transform="translate({left + at + 4:g} {top - 8}) rotate(-90)"'
            parts += [words, f"<g {moved}>{turned}</g>"]
        frame = f'x="{left}" y="{top}" width="{side:g}" height="{side:g}"'
        parts.append(f'<rect class="pw-rule" fill="none" {frame}/>')
        least = 0.0 if self.numbered else LEAST_SHARE
        gap = 1 if cell >= 12 else 0
        for row, cells in enumerate(heat_rows(self.counts, self.names, least)):
            for column, one in cells.items():
                x, y = left + cell * column, top + cell * row
                size = f'width="{cell - gap:g}" height="{cell - gap:g}"'
                inside = drawing.titled(one.title)
                shade = f'class="pw-cell pw-h{one.shade}"'
                parts.append(f'<rect {shade} x="{x:g}" y="{y:g}" {size}>{inside}</rect>')
                if self.numbered and one.text:
                    kind = f"pw-t{one.shade}"
                    middle = drawing.text(x + cell / 2, y + cell / 2 + 4, one.text, kind, "middle")
                    # the number must not hide the title of its cell
                    parts.append(middle.replace("<text ", '<text pointer-events="none" '))
        if not named:
            parts += self._indices(cell, left, top)
        note = "Numbers are percent of the row." if self.numbered else self._left_out(named)
        parts.append(drawing.text(16, top + side + 22, note, "pw-soft"))
        width = max(left + side + 24, 420.0)
        return drawing.document(width, top + side + 36, self.title, self.description(), parts)

    def _indices(self, cell: float, left: float, top: float) -> list[str]:
        """Every tenth class index, where names would not be legible."""
        parts = []
        for place in range(0, len(self.names), 10):
            at = cell * (place + 0.5)
            parts.append(drawing.text(left - 6, top + at + 4, str(place), "pw-soft", "end"))
            parts.append(drawing.text(left + at, top - 6, str(place), "pw-soft", "middle"))
        return parts

    def _left_out(self, named: bool) -> str:
        where = "" if named else ", names of classes too"
        least = f"{100 * LEAST_SHARE:g} %"
        return f"Shares of the row stand in titles{where}; cells below {least} are left out."

    def description(self) -> str:
        """The diagonal in words, for those who do not see it; at most twelve classes."""
        total = self.counts.sum(1)
        told = [
            f"{name} {percent(self.counts[i, i] / total[i] if total[i] else None)} %"
            for i, name in enumerate(self.names[:12])
        ]
        more = f" and {len(self.names) - 12} more" if len(self.names) > 12 else ""
        return f"Share of each target class that is predicted as it: {'; '.join(told)}{more}."

    def _draw(self, ax: Any) -> None:
        total = self.counts.sum(1, keepdims=True)
        shares = self.counts / np.maximum(1, total)
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        if self.numbered:
            names, places = [for_axes(plain(name)) for name in self.names], range(len(self.names))
            ax.set_xticks(places, names, rotation=90)
            ax.set_yticks(places, names)
            for row, column in np.argwhere(self.counts).tolist():
                share = float(shares[row, column])
                color = "white" if share > 0.6 else "black"
                words = percent(share, 0)
                ax.text(column, row, words, ha="center", va="center", color=color, fontsize=8)
        ax.set_title(for_axes(plain(self.title)))
        ax.set_xlabel("prediction, % of the row")
        ax.set_ylabel("target")
