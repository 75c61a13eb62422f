"""A small drawn street, and what panels of a picture are made of; the same bytes at every build."""

from collections.abc import Callable, Iterable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Array = NDArray[np.uint8]
Numbers = Iterable[tuple[int, int, str]]  # (y, x) in pixels of the label, and what stands there

HEIGHT, WIDTH, ZOOM, GAP = 20, 30, 8, 16
SKY, BUILDING, ROAD, CAR, VOID = 0, 1, 2, 3, 255
# colours that are told apart without red and green
COLORS = {SKY: (170, 206, 235), BUILDING: (190, 105, 40), ROAD: (105, 105, 115)}
COLORS |= {CAR: (240, 205, 70), VOID: (255, 255, 255)}
SURFACE = {SKY: (196, 214, 230), BUILDING: (150, 126, 108), ROAD: (98, 98, 102), CAR: (150, 40, 44)}
PLACES = ((3, 23), (8, 5), (17, 24), (14, 13))  # of sky, building, road and car: where numbers are
INK, PAPER = (26, 29, 33), (252, 252, 251)
FONT = ImageFont.load_default(13)


def street(shift: int = 0) -> Array:
    """(H, W) label: sky, a building, a road and a car, moved to the right by `shift`."""
    label = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    label[3:13, 1 + shift : 10 + shift] = BUILDING
    label[12:] = ROAD
    label[12:16, 10 + shift : 17 + shift] = label[10:12, 11 + shift : 15 + shift] = CAR
    return label


def binary() -> Array:
    """(H, W) label of one object: 1 inside."""
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    return ((((y - 10) / 6) ** 2 + ((x - 15) / 9) ** 2) < 1).astype(np.uint8)


def colored(label: NDArray, colors: dict[int, tuple[int, int, int]] | None = None) -> Array:
    """(H, W, 3) display colours; a value without colour is black."""
    image = np.zeros((*label.shape, 3), np.uint8)
    for value, color in (colors or COLORS).items():
        image[label == value] = color
    return image


def grey(label: NDArray) -> Array:
    """(H, W, 3) the values themselves as grey."""
    return np.repeat(label.astype(np.uint8)[:, :, None], 3, axis=2)


def photo(label: Array, seed: int = 0) -> Array:
    """(H, W, 3) what a camera saw where the label was drawn."""
    noise = np.random.default_rng(seed).normal(0, 7, (*label.shape, 1))
    light = np.linspace(1.1, 0.9, label.shape[0])[:, None, None]
    return (colored(label, SURFACE) * light + noise).clip(0, 255).astype(np.uint8)


def saved(image: Array, format: str, **options: int) -> Array:
    """What is read back from a file."""
    file = BytesIO()
    Image.fromarray(image).save(file, format, **options)
    return np.array(Image.open(BytesIO(file.getvalue())).convert("RGB"))


def enlarged(image: Array, zoom: int = ZOOM) -> Image.Image:
    """An image with pixels that can be counted."""
    size = (image.shape[1] * zoom, image.shape[0] * zoom)
    return Image.fromarray(image).resize(size, Image.Resampling.NEAREST)


def written(panel: Image.Image, numbers: Numbers, zoom: int = ZOOM) -> Image.Image:
    """A panel with words on it, the middle of each at a pixel of the label."""
    draw = ImageDraw.Draw(panel)
    for y, x, words in numbers:
        place = (x * zoom + zoom // 2, y * zoom + zoom // 2)
        draw.text(place, words, INK, FONT, "mm", stroke_width=2, stroke_fill=PAPER, align="center")
    return panel


def values(label: Array, words: Iterable[str]) -> Image.Image:
    """A label with the stored value written on each class: sky, building, road, car."""
    at = ((y, x, word) for (y, x), word in zip(PLACES, words))
    return written(enlarged(colored(label)), at)


def marked(panel: Image.Image, where: NDArray[np.bool_], zoom: int = ZOOM) -> Image.Image:
    """A panel whose chosen pixels are hatched."""
    draw = ImageDraw.Draw(panel)
    for y, x in np.argwhere(where):
        left, top = int(x) * zoom, int(y) * zoom
        draw.line([left, top + zoom - 1, left + zoom - 1, top], INK)
    return panel


def outlined(panel: Image.Image, points: list[tuple[float, float]]) -> Image.Image:
    """A panel with the outline of a shape; points are (y, x) in pixels of the label."""
    corners = [(x * ZOOM, y * ZOOM) for y, x in [*points, points[0]]]
    draw = ImageDraw.Draw(panel)
    draw.line(corners, PAPER, 5)
    draw.line(corners, INK, 2)
    return panel


def bars(counts: dict[str, float]) -> Image.Image:
    """A panel with a bar for each class."""
    panel = Image.new("RGB", (WIDTH * ZOOM, HEIGHT * ZOOM), PAPER)
    draw = ImageDraw.Draw(panel)
    step = panel.height // len(counts)
    for row, (name, share) in enumerate(counts.items()):
        middle = row * step + step // 2
        draw.text((4, middle), name, INK, FONT, "lm")
        color = COLORS[row % 4]
        if share:
            draw.rectangle([74, middle - 9, 74 + int(150 * share), middle + 9], color, INK)
        else:
            draw.text((74, middle), "none", INK, FONT, "lm")
    draw.rectangle([0, 0, panel.width - 1, panel.height - 1], outline=(200, 200, 200))
    return panel


def mixed(image: Array, label: Array) -> Array:
    """A label over its image, half transparent."""
    return ((image.astype(float) + colored(label)) / 2).astype(np.uint8)


def joined(panels: list[Image.Image]) -> bytes:
    """Panels side by side as a PNG."""
    width = sum(panel.width for panel in panels) + GAP * (len(panels) - 1)
    out = Image.new("RGB", (width, max(panel.height for panel in panels)), PAPER)
    left = 0
    for panel in panels:
        out.paste(panel, (left, 0))
        left += panel.width + GAP
    file = BytesIO()
    out.quantize(64, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


Draw = Callable[[], list[Image.Image]]
