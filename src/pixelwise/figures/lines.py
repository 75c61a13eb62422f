"""Lines over two axes."""

from dataclasses import dataclass
from math import nan
from typing import Any

from pixelwise.figures import drawing
from pixelwise.figures.charts import Chart, Line, charted
from pixelwise.figures.drawing import DASHES, SERIES
from pixelwise.figures.figure import Figure, for_axes
from pixelwise.figures.words import plain

LEFT, TOP, WIDTH, HEIGHT, LEGEND = 56, 52, 420, 240, 200
LEAST_APART = 1.5  # percent of the plot between points that can be pointed at


@dataclass(frozen=True)
class Lines(Figure):
    """Lines over two axes; a point has its numbers as a title where the mouse rests.

    Args:
        title: what it shows.
        lines: at least one.
        x_label, y_label: of the axes, with the unit.
        x_ends: where the horizontal axis begins and ends; None = at ticks around the values.
        y_ends: what the vertical one shows at least; None = the values and 0.
    """

    lines: tuple[Line, ...]
    x_label: str
    y_label: str = ""
    x_ends: tuple[float, float] | None = None
    y_ends: tuple[float, float] | None = None

    def chart(self, least_apart: float = 0.0) -> Chart:
        """Where everything stands, in percent of the plot."""
        return charted(self.title, self.lines, self.x_label, self.x_ends, self.y_ends, least_apart)

    def svg(self) -> str:
        chart = self.chart(LEAST_APART)
        right, bottom = LEFT + WIDTH, TOP + HEIGHT
        parts = [drawing.text(LEFT, 20, self.title, "pw-ink pw-title")]
        parts.append(drawing.text(LEFT, TOP - 12, self.y_label, "pw-soft"))
        for tick in chart.y_ticks:
            y = TOP + HEIGHT * tick.at / 100
            parts.append(drawing.line(LEFT, y, right, y))
            parts.append(drawing.text(LEFT - 8, y + 4, tick.label, "pw-soft", "end"))
        for tick in chart.x_ticks:
            x = LEFT + WIDTH * tick.at / 100
            parts.append(drawing.text(x, bottom + 18, tick.label, "pw-soft", "middle"))
        parts.append(drawing.text(right, bottom + 36, self.x_label, "pw-soft", "end"))
        place = f'transform="translate({LEFT} {TOP}) scale({WIDTH / 100:g} {HEIGHT / 100:g})"'
        y = TOP + 4
        for number, curve in enumerate(chart.curves):
            color, dash = number % len(SERIES), DASHES[number % len(DASHES)]
            style = f' stroke-dasharray="{dash}"' if dash else ""
            effect = 'vector-effect="non-scaling-stroke"'
            parts.append(
                f'<path class="pw-line pw-s{color}" {place} {effect}{style} d="{curve.path}"/>'
            )
            few = len(curve.points) <= 30
            for at, down, title in curve.points:
                kind = f"pw-f{color}" if few else f"pw-f{color} pw-point"
                center = f'cx="{LEFT + WIDTH * at / 100:g}" cy="{TOP + HEIGHT * down / 100:g}"'
                inside = drawing.titled(title)
                parts.append(
                    f'<circle class="{kind}" {center} r="{3 if few else 5}">{inside}</circle>'
                )
            key = f'<path class="pw-line pw-s{color}"{style} d="M{right + 16} {y - 4}h24"/>'
            parts += [key, drawing.short_text(right + 46, y, curve.name, LEGEND - 50)]
            if curve.summary:
                y += 15
                summary = drawing.short_text(right + 46, y, curve.summary, LEGEND - 50, "pw-soft")
                parts.append(summary)
            y += 20
        height = max(bottom + 48, y)
        return drawing.document(right + LEGEND, height, self.title, self.description(), parts)

    def description(self) -> str:
        """The lines in words, for those who do not see them."""
        about = [
            f"{line.name}: {line.summary}" if line.summary else line.name for line in self.lines
        ]
        return f"{self.y_label or 'Values'} over {self.x_label}. {'. '.join(about)}"

    def _draw(self, ax: Any) -> None:
        for number, line in enumerate(self.lines):
            x = [at for at, _ in line.points]
            y = [nan if value is None else value for _, value in line.points]
            style = "--" if number % 2 else "-"
            ax.plot(x, y, style, label=for_axes(plain(line.name)))
        ax.set_title(for_axes(plain(self.title)))
        ax.set_xlabel(for_axes(plain(self.x_label)))
        ax.set_ylabel(for_axes(plain(self.y_label)))
        ax.legend()
