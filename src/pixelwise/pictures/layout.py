"""Shown: panels and their legend as a picture of Pillow, as SVG and as a page."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pixelwise.figures import drawing
from pixelwise.figures.words import plain
from pixelwise.files.atomic import atomic_write
from pixelwise.labels.palettes import striped
from pixelwise.labels.tables.class_table import Color
from pixelwise.pictures.encode import data_uri
from pixelwise.pictures.legend import Entry
from pixelwise.pictures.panels import Panel

GAP, MARGIN, CAPTION, ROW, SWATCH = 12, 12, 24, 20, 12
LEAST_PANEL = 65  # for a caption
LEAST_WIDTH = 300  # for the words
PAPER, INK, SOFT = (252, 252, 251), (26, 29, 33), (91, 99, 109)  # the first of drawing.PAPER ...
Placed = tuple[float, float, Entry]


class Shown(Image.Image):
    """A picture of Pillow that also gives itself as SVG and as a page; a notebook shows it.

    Attributes:
        panels: its parts, each with its pixels.
        entries: of the legend.
        note: the size of the image, and what was done to show it.
    """

    def __init__(self, panels: Sequence[Panel], entries: Sequence[Entry], note: str) -> None:
        super().__init__()
        self.panels, self.entries, self.note = tuple(panels), tuple(entries), plain(note)
        drawn = self._drawn()
        # the way in which Pillow makes an image from its parts, for a class of one's own
        self.__setstate__([{}, drawn.mode, drawn.size, None, drawn.tobytes()])

    def svg(self) -> str:
        """The same as SVG text, with the words as text and the pixels inside."""
        places, (width, height) = self._places()
        parts = []
        for panel, left in zip(self.panels, self._lefts()):
            parts.append(drawing.text(left, MARGIN + 14, panel.caption))
            h, w = panel.pixels.shape[:2]
            place = f'x="{left}" y="{MARGIN + CAPTION}" width="{w}" height="{h}"'
            inside = drawing.titled(panel.text)
            crisp = ' style="image-rendering:pixelated"'
            parts.append(f'<image {place} href="{_address(panel)}"{crisp}>{inside}</image>')
        for x, y, entry in places:
            parts.append(_swatch_svg(x, y, entry.color))
            parts.append(drawing.short_text(x + SWATCH + 6, y + 10, entry.text, width - x - 30))
        for line, words in enumerate(self._note_lines(width)):
            parts.append(drawing.text(MARGIN, height - MARGIN - ROW * line, words, "pw-soft"))
        description = " ".join([*(panel.text for panel in self.panels), self.note])
        return drawing.document(width, height, self._title(), description, parts)

    def html(self) -> str:
        """A whole page with the SVG; it has no script and fetches nothing."""
        return drawing.page(self._title(), self.svg())

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """As any image of Pillow; a path that ends in .svg or .html gets the SVG or the page."""
        suffix = Path(fp).suffix.lower() if isinstance(fp, str | Path) and not format else ""
        if suffix in (".svg", ".html"):
            atomic_write(Path(fp), (self.svg() if suffix == ".svg" else self.html()).encode())
        else:
            super().save(fp, format, **params)

    def _repr_html_(self) -> str:
        return self.svg()

    def __reduce__(self) -> tuple[Any, ...]:
        return Shown, (self.panels, self.entries, self.note)

    def _title(self) -> str:
        return ", ".join(panel.caption for panel in self.panels)

    def _lefts(self) -> list[int]:
        lefts, x = [], MARGIN
        for panel in self.panels:
            lefts.append(x)
            x += max(LEAST_PANEL, panel.pixels.shape[1]) + GAP
        return lefts

    def _note_lines(self, width: int) -> list[str]:
        """The note as lines of a picture of a width, from the last."""
        return wrap(self.note, int((width - 2 * MARGIN) / drawing.width_of("n")))[::-1]

    def _places(self) -> tuple[list[Placed], tuple[int, int]]:
        """Where the entries of the legend stand, and the (width, height) of all."""
        last = max(LEAST_PANEL, self.panels[-1].pixels.shape[1])
        width = self._lefts()[-1] + last + MARGIN
        width = max(width, LEAST_WIDTH)
        top = MARGIN + CAPTION + max(panel.pixels.shape[0] for panel in self.panels) + GAP
        widest = max([drawing.width_of(plain(entry.text)) for entry in self.entries], default=0)
        column = min(width - 2 * MARGIN, widest + SWATCH + 26)
        columns = max(1, int((width - 2 * MARGIN) // column)) if self.entries else 1
        rows = -(-len(self.entries) // columns)
        places = [
            (MARGIN + column * (k // rows), top + ROW * (k % rows), entry)
            for k, entry in enumerate(self.entries)
        ]
        return places, (width, top + ROW * (rows + len(self._note_lines(width))) + MARGIN)

    def _drawn(self) -> Image.Image:
        places, size = self._places()
        canvas = Image.new("RGB", size, PAPER)
        draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
        for panel, left in zip(self.panels, self._lefts()):
            draw.text((left, MARGIN), plain(panel.caption), INK, font)
            canvas.paste(Image.fromarray(panel.pixels), (left, MARGIN + CAPTION))
        for x, y, entry in places:
            at = round(x), round(y)
            canvas.paste(Image.fromarray(_square(entry.color)), at)
            corner = (at[0] + SWATCH - 1, at[1] + SWATCH - 1)
            draw.rectangle((*at, *corner), outline=(128, 128, 128))
            words = drawing.shortened(plain(entry.text), size[0] - x - SWATCH - 20)
            draw.text((x + SWATCH + 6, y - 2), words, INK, font)
        for place, line in enumerate(self._note_lines(size[0])):
            draw.text((MARGIN, size[1] - MARGIN - 16 - ROW * place), line, SOFT, font)
        return canvas


def _square(color: Color | None) -> np.ndarray:
    if color is None:
        return striped(SWATCH, SWATCH)
    return np.full((SWATCH, SWATCH, 3), color, np.uint8)


def _swatch_svg(x: float, y: float, color: Color | None) -> str:
    if color is not None:
        return drawing.swatch(x, y, drawing.hex_color(color))
    address = data_uri(Image.fromarray(striped(SWATCH, SWATCH)), "PNG")
    return f'<image x="{x:g}" y="{y:g}" width="{SWATCH}" height="{SWATCH}" href="{address}"/>'


def _address(panel: Panel) -> str:
    """Photographs as JPEG in full colour resolution, everything else without loss."""
    picture = Image.fromarray(panel.pixels)
    if panel.photo:
        return data_uri(picture, "JPEG", quality=88, subsampling=0)
    return data_uri(picture, "PNG")
