"""Tables of records for notebooks: HTML without script and without colours of its own."""

from collections.abc import Sequence

from pixelwise.figures.drawing import escaped

MOST_ROWS = 200
Cell = str | int | float | None


def html_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    caption: str = "",
    notes: Sequence[str] = (),
    colors: Sequence[str] = (),
    most: int = MOST_ROWS,
    words: bool = False,
) -> str:
    """A table that takes its colours from the notebook, light or dark.

    Args:
        columns: their heads; the first is to the left, the others to the right.
        rows: cells as they are shown; each is escaped.
        caption: a line above.
        notes: lines below.
        colors: such as "#ffaa00", of a square in front of each row; () = none.
        most: rows; below the table is said how many more there are.
        words: all columns are to the left.
    """
    sides = ["left", *["left" if words else "right"] * (len(columns) - 1)]
    head = "".join(_cell("th", word, side) for word, side in zip(columns, sides))
    body = []
    for number, row in enumerate(rows[:most]):
        square = _square(colors[number]) if colors else ""
        cells = [
            _cell("td", word, side, "" if place else square)
            for place, (word, side) in enumerate(zip(row, sides))
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    left_out = [f"and {len(rows) - most:,} more rows"] if len(rows) > most else []
    above = f'<p style="margin:0 0 6px">{escaped(caption)}</p>' if caption else ""
    below = "".join(f'<p style="margin:6px 0 0">{escaped(n)}</p>' for n in [*left_out, *notes] if n)
    table = (
        '<table style="border-collapse:collapse;color:inherit">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
    return (
        '<div class="pixelwise" style="overflow-x:auto;font-variant-numeric:tabular-nums">'
        f"{above}{table}{below}</div>"
    )


def html_text(words: str) -> str:
    """Text as it stands on a terminal."""
    return f'<pre class="pixelwise" style="white-space:pre-wrap">{escaped(words)}</pre>'


def _cell(tag: str, word: Cell, side: str, before: str = "") -> str:
    scope = ' scope="col"' if tag == "th" else ""
    style = (
        f"text-align:{side};padding:2px 10px 2px 0;border-bottom:1px solid rgba(128,128,128,.35)"
    )
    content = "" if word is None else escaped(word)
    return f'<{tag}{scope} style="{style}">{before}{content}</{tag}>'


def _square(color: str) -> str:
    style = (
        f"display:inline-block;width:11px;height:11px;margin-right:8px;background:{escaped(color)};"
        "border:1px solid rgba(128,128,128,.6);border-radius:2px"
    )
    return f'<span style="{style}"></span>'
