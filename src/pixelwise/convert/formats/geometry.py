"""Turned rectangles and ellipses as polygons; polygons inside another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Corners of an ellipse: enough that no point of it is 0.001 pixels off at a radius of 100.
_STEPS = 720
# Polygons of one object that are compared with each other.
_MOST_RINGS = 50


def rectangle_points(
    low: tuple[float, float], high: tuple[float, float], degrees: float
) -> NDArray[np.float64]:
    """The corners of a rectangle, turned clockwise about its centre.

    Args:
        low, high: opposite corners (x, y) before the turn.
    Returns:
        (4, 2) float64.
    """
    (x0, y0), (x1, y1) = low, high
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    return turned(corners, corners.mean(axis=0), degrees)


def ellipse_points(
    center: tuple[float, float], radii: tuple[float, float], degrees: float
) -> NDArray[np.float64]:
    """The corners of a polygon close to an ellipse, turned clockwise about its centre.

    Args:
        center: (x, y).
        radii: horizontal and vertical, before the turn.
    Returns:
        (720, 2) float64.
    """
    angle = 2 * np.pi * np.arange(_STEPS) / _STEPS
    rim = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radii + center
    return turned(rim, np.array(center), degrees)


def turned(
    points: NDArray[np.float64], about: NDArray[np.float64], degrees: float
) -> NDArray[np.float64]:
    """Points turned clockwise, as y grows downwards."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points - about) @ np.array([[cos, sin], [-sin, cos]]) + about


def number_inside(rings: Sequence[Sequence[float]]) -> int:
    """How many polygons of an object lie in another one of it, and may be meant as holes.

    Args:
        rings: [x, y, x, y, ...] of each; of too many none is compared.
    """
    if not 1 < len(rings) <= _MOST_RINGS:
        return 0
    boxes = [(min(r[::2]), min(r[1::2]), max(r[::2]), max(r[1::2])) for r in rings]
    return sum(
        any(
            low_x < x0 and low_y < y0 and x1 < high_x and y1 < high_y and _contains(other, ring)
            for other, (low_x, low_y, high_x, high_y) in zip(rings, boxes)
        )
        for ring, (x0, y0, x1, y1) in zip(rings, boxes)
    )


def _contains(polygon: Sequence[float], ring: Sequence[float]) -> bool:
    """Whether the first point of a ring is inside a polygon, by the even-odd rule."""
    (x, y), inside = ring[:2], False
    points = list(zip(polygon[::2], polygon[1::2]))
    for (x0, y0), (x1, y1) in zip([points[-1], *points], points):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside
