"""The even-odd rule by exact fractions, pixel by pixel; imports nothing of ours."""

from fractions import Fraction

import numpy as np

HALF = Fraction(1, 2)


def is_inside(x, y, corners):
    """Whether a ray to the left crosses the outline an odd number of times; ties are half-open."""
    inside = False
    for edge in zip(corners, corners[1:] + corners[:1]):
        (x0, y0), (x1, y1) = sorted(edge, key=lambda corner: corner[1])
        if y0 <= y < y1 and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            inside = not inside
    return inside


def centers_inside(points, size):
    """(H, W) bool: the pixels whose centres are inside."""
    corners = [(Fraction(float(x)), Fraction(float(y))) for x, y in points]
    height, width = size
    return np.array(
        [[is_inside(j + HALF, i + HALF, corners) for j in range(width)] for i in range(height)]
    )


def random_polygon(seed, step=None, far=0.3):
    """(size, points): a small image and a polygon that reaches out of it, often crossing itself.

    Args:
        step: coordinates are multiples of it; None = any.
        far: how far it reaches out, as a fraction of the picture.
    """
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 16, 2).tolist()
    number = int(random.integers(3, 10))
    points = random.uniform(-far, 1 + far, (number, 2)) * (width, height)
    return (height, width), points if step is None else (points / step).round() * step
