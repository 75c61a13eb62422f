"""The chart of the README: how many times as long others take, as SVG text.

The same numbers give the same file, byte for byte. It has no background, and its words follow the
colour scheme of the reader.
"""

from html import escape
from pathlib import Path

from benchmarks.summary import PEERS, RATIO, chart_works, number, read_tables

FILE = Path(__file__).with_name("chart.svg")
COLORS = ("#2a78c2", "#8f6bc9", "#2f9e6e", "#c98a1b", "#c2554f", "#7d8791")  # ours first
STYLE = """
text { font: 12px sans-serif; fill: #24292f }
.work { font-weight: bold }
.zero { stroke: #8b949e }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""
LEFT, WIDTH, BAR, GAP = 120, 470, 15, 34
TITLE = "time of a step, pixelwise = 1 (two CPU cores, float32, forward and backward)"


def draw(results: str) -> str:
    """The chart of the tables of RESULTS.md.

    Args:
        results: its text.
    """
    tables = read_tables(results)
    rows = ("pixelwise", *PEERS)
    values = {
        work: [number(tables.cell(table, row, RATIO) or "0") for row in rows]
        for work, table in chart_works().items()
    }
    longest = max(max(times) for times in values.values())
    parts, y = [text(0, 14, TITLE)], 24
    for work, times in values.items():
        y += GAP - BAR
        parts.append(text(0, y, work, 'class="work"'))
        y += 6
        top = y
        for name, time, color in zip(rows, times, COLORS):
            length = WIDTH * time / longest
            parts.append(text(LEFT - 8, y + BAR - 4, name, 'text-anchor="end"'))
            bar = f'x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 3}"'
            parts.append(f'<rect {bar} fill="{color}"/>')
            parts.append(text(LEFT + length + 5, y + BAR - 4, f"{time:.1f} ×"))
            y += BAR
        line = f'x1="{LEFT}" y1="{top - 2}" x2="{LEFT}" y2="{y}"'
        parts.append(f'<line {line} class="zero"/>')
    size = f'width="{LEFT + WIDTH + 60}" height="{y + 8}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{TITLE}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>\n"])


def text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" {more}>{escape(words)}</text>'.replace(" >", ">")
