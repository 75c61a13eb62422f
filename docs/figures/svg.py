"""Line charts as plain SVG text: the same numbers give the same file, byte for byte."""

from html import escape

from pixelwise.figures.charts import nice_ticks

COLORS = ("#1b6ca8", "#d1495b", "#2e8b57", "#e0912f", "#6f4e9c", "#4a4a4a", "#00a0a0")
LEFT, TOP, WIDTH, HEIGHT = 56, 48, 380, 220  # of the plot; the legend stands right of it
Series = dict[str, list[float]]


def line_chart(title: str, x_name: str, y_name: str, x: list[float], series: Series) -> str:
    """One line a series over x.

    Args:
        title, x_name, y_name: words at the top, below and beside the plot.
        x: places of the points, rising.
        series: name -> a value for each x.
    """
    values = [v for line in series.values() for v in line]
    x_ticks, y_ticks = nice_ticks(min(x), max(x)), nice_ticks(min(0.0, *values), max(values))
    right, bottom = LEFT + WIDTH, TOP + HEIGHT

    def across(value: float) -> float:
        return LEFT + WIDTH * (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])

    def down(value: float) -> float:
        return bottom - HEIGHT * (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])

    parts = [text(LEFT, 18, title, size=14)]
    for tick in y_ticks:
        parts.append(line(LEFT, down(tick), right, down(tick), "#dddddd"))
        parts.append(text(LEFT - 6, down(tick) + 4, f"{tick:g}", anchor="end"))
    for tick in x_ticks:
        parts.append(text(across(tick), bottom + 16, f"{tick:g}", anchor="middle"))
    parts.append(text(LEFT + WIDTH / 2, bottom + 34, x_name, anchor="middle"))
    parts.append(text(LEFT, TOP - 10, y_name))
    for number, (name, line_values) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        points = " ".join(f"{across(a):.1f},{down(v):.1f}" for a, v in zip(x, line_values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
        y = TOP + 14 + 18 * number
        parts.append(line(right + 14, y - 4, right + 34, y - 4, color, width=2))
        parts.append(text(right + 40, y, name))
    size = f'width="{right + 190}" height="{bottom + 44}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    back = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, back, *parts, "</svg>\n"])


def line(x1: float, y1: float, x2: float, y2: float, color: str, width: int = 1) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{color}" stroke-width="{width}"/>'


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="#222222">{escape(words)}</text>'
