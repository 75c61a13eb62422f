"""SVG text: one style for all figures, legible on light and dark pages and without either.

A figure has a paper of its own, so that it is legible in a notebook with a dark theme on a light
system too. Classes of the style begin with "pw-", so that figures do not change a page around them.
"""

from html import escape

from pixelwise.figures.words import plain

# (light, dark); all of them have a contrast of 3 or more on both papers, text 4.5 or more
PAPER = ("#fcfcfb", "#14171a")
INK = ("#1a1d21", "#e7e9eb")
SOFT = ("#5b636d", "#a2abb5")
RULE = ("#dcdedb", "#343b42")
FAINT = ("#808892", "#7d8791")
# Lines and series by turns; dashes and shapes of points tell them apart where colours do not.
SERIES = (
    ("#1f5c99", "#79b4ee"),
    ("#a85f00", "#e0b25c"),
    ("#00735c", "#4fc3a1"),
    ("#a53a66", "#f08cb0"),
    ("#5a4fa3", "#b0a8f5"),
    ("#4a4f55", "#b9c0c7"),
)
DASHES = ("", "6 4", "2 3", "9 3 2 3", "12 4", "1 4")
# Shades of a matrix, see charts.SHADES; 0 is the paper.
SHADED = (
    ("#fcfcfb", "#14171a"),
    ("#eef3f8", "#1a2530"),
    ("#dde8f2", "#1c3043"),
    ("#c9dbec", "#1f3d59"),
    ("#adc9e3", "#224a70"),
    ("#8db4d8", "#275a88"),
    ("#6c9ecb", "#2d699e"),
    ("#2f6ba6", "#6aa5db"),
    ("#1f5488", "#8cc0ee"),
    ("#133d66", "#b5daf9"),
)
# Text on them.
ON_SHADES = (*[(INK[0], "#ffffff")] * 7, *[("#ffffff", "#0b1016")] * 3)
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans',Arial,sans-serif"
SIZE = 12  # of text, in pixels


def styles() -> str:
    """The rules of all figures, and those of a dark page."""
    light, dark = (_rules(shade) for shade in (0, 1))
    fixed = (
        f".pw-figure{{font-family:{FONT};font-size:{SIZE}px;max-width:100%;height:auto}}"
        ".pw-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
        ".pw-title{font-weight:600;font-size:14px}.pw-point{fill-opacity:0}"
        ".pw-point:hover{fill-opacity:1}.pw-cell:hover{stroke-width:1.5}"
    )
    return f"{fixed}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _rules(shade: int) -> str:
    rules = [f".pw-paper{{fill:{PAPER[shade]}}}", f".pw-ink{{fill:{INK[shade]}}}"]
    rules += [f".pw-soft{{fill:{SOFT[shade]}}}", f".pw-rule{{stroke:{RULE[shade]}}}"]
    rules.append(f".pw-halo{{stroke:{PAPER[shade]};stroke-opacity:.75}}")
    rules += [f".pw-whisker{{stroke:{INK[shade]}}}", f".pw-faint{{fill:{FAINT[shade]}}}"]
    rules += [f".pw-cell:hover{{stroke:{INK[shade]}}}", f".pw-zero{{stroke:{SOFT[shade]}}}"]
    for number, colors in enumerate(SERIES):
        rules.append(
            f".pw-s{number}{{stroke:{colors[shade]}}}.pw-f{number}{{fill:{colors[shade]}}}"
        )
    for number, colors in enumerate(SHADED):
        rules.append(f".pw-h{number}{{fill:{colors[shade]}}}")
        rules.append(f".pw-t{number}{{fill:{ON_SHADES[number][shade]}}}")
    return "".join(rules)


def document(width: float, height: float, title: str, description: str, parts: list[str]) -> str:
    """A whole SVG with its style, its name and its description."""
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    label = escaped(f"{title}. {description}" if description else title)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="pw-figure" {size} role="img"'
    about = f"<title>{escaped(title)}</title><desc>{escaped(description)}</desc>"
    paper = f'<rect class="pw-paper" width="{width:g}" height="{height:g}" rx="6"/>'
    lines = [f'{head} aria-label="{label}">', about, f"<style>{styles()}</style>", paper, *parts]
    return "\n".join([*lines, "</svg>\n"])


def page(title: str, body: str) -> str:
    """A whole HTML page without script, which fetches nothing."""
    colors = f"background:{PAPER[0]};color:{INK[0]}"
    dark = f"background:{PAPER[1]};color:{INK[1]}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n"
        f"<style>body{{margin:24px auto;max-width:1600px;padding:0 16px;{colors}}}"
        ".scroll{overflow-x:auto}.scroll .pw-figure{max-width:none}"
        f"@media (prefers-color-scheme:dark){{body{{{dark}}}}}</style>\n</head>\n<body>\n"
        f'<div class="scroll" role="region" aria-label="figure" tabindex="0">\n{body}</div>\n'
        "</body>\n</html>\n"
    )


def text(x: float, y: float, words: str, kind: str = "pw-ink", anchor: str = "start") -> str:
    """Words at a place; kind is one or more classes of the style."""
    place = f'x="{x:g}" y="{y:g}"' + (f' text-anchor="{anchor}"' if anchor != "start" else "")
    return f'<text class="{kind}" {place}>{escaped(words)}</text>'


def short_text(
    x: float, y: float, words: str, room: float, kind: str = "pw-ink", anchor: str = "start"
) -> str:
    """Words that are cut where they are too wide; a title has all of them then."""
    words = plain(words)
    cut = shortened(words, room)
    drawn = text(x, y, cut, kind, anchor)
    return drawn if cut == words else drawn.replace("</text>", f"{titled(words)}</text>")


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "pw-rule") -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def titled(words: str) -> str:
    """What is shown where the mouse rests; nothing for no words."""
    return f"<title>{escaped(words)}</title>" if words else ""


def shaped(number: int, x: float, y: float, inside: str = "", kind: str = "") -> str:
    """The point of a series: a disc, a square, a diamond or a triangle by turns."""
    kind = kind or f"pw-f{number % len(SERIES)}"
    forms = (
        "",
        f"M{x - 4:g} {y - 4:g}h8v8h-8z",
        f"M{x:g} {y - 5.5:g}l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
        f"M{x:g} {y - 5:g}l5 9h-10z",
    )
    path = forms[number % len(forms)]
    if not path:
        return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="4.5">{inside}</circle>'
    return f'<path class="{kind}" d="{path}">{inside}</path>'


def swatch(x: float, y: float, color: str) -> str:
    """A square of a colour such as "#ffaa00", with a frame that is seen on any paper."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="11" height="11" rx="2" fill="{escaped(color)}" '
        'stroke="#808080" stroke-opacity=".6"/>'
    )


def hex_color(color: tuple[int, int, int] | list[int]) -> str:
    """(255, 170, 0) -> "#ffaa00"."""
    return "#{:02x}{:02x}{:02x}".format(*(int(part) for part in color))


def width_of(words: str) -> float:
    """About how wide words are, in pixels; a wide character counts twice."""
    return sum(SIZE if ord(c) > 0x2E80 else 0.54 * SIZE for c in words)


def shortened(words: str, room: float) -> str:
    """Words cut to a width, with an ellipsis."""
    if width_of(words) <= room:
        return words
    while words and width_of(words) + SIZE > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def escaped(words: object) -> str:
    """Text as it may stand in SVG and HTML, inside and outside of quotes."""
    return escape(plain(str(words)), quote=True)
