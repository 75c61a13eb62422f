"""The rule "pillow": what PIL.ImageDraw draws, as labelme and the Cityscapes scripts do.

ImageDraw takes coordinates for the centres of pixels and draws both ends of an edge: a square
from 2 to 12 covers 11 x 11 pixels.
"""

import numpy as np
from PIL import Image, ImageDraw

from pixelwise.labels.raster import Patch

# Discs are drawn row by row, also outside of the image; farther points are moved here, or to
# twice the longer side of the image.
_FAR = 20_000


def draw_by_pillow(kind: str, points: np.ndarray, width: float, size: tuple[int, int]) -> Patch:
    """Draw an outline on an empty image and take what is not empty.

    Args:
        kind: one of shapes.KINDS.
        points: (n, 2) float64, finite (x, y).
        width: of lines, and diameter of points, in pixels.
        size: (height, width) of the image.
    """
    image = Image.new("L", (size[1], size[0]))
    draw = ImageDraw.Draw(image)
    far = max(_FAR, 2 * max(size))
    points = points.clip(-far, far)
    if kind == "rectangle":
        draw.rectangle((*points.min(axis=0), *points.max(axis=0)), fill=1)
    elif kind == "circle":
        _draw_disc(draw, points[0], float(np.hypot(*(points[1] - points[0]))))
    elif kind == "line":
        draw.line([(x, y) for x, y in points.tolist()], fill=1, width=max(1, round(width)))
    elif kind == "point":
        for point in points:
            _draw_disc(draw, point, width / 2)
    else:
        draw.polygon([(x, y) for x, y in points.tolist()], fill=1)
    box = image.getbbox()
    if box is None:
        return Patch(np.zeros((0, 0), bool))
    return Patch(np.asarray(image.crop(box)) != 0, box[1], box[0])


def _draw_disc(draw: ImageDraw.ImageDraw, center: np.ndarray, radius: float) -> None:
    draw.ellipse((*(center - radius), *(center + radius)), fill=1)
