"""Turned rectangles and ellipses as polygons."""

import numpy as np
from numpy.typing import NDArray

# Corners of an ellipse: enough that no point of it is 0.001 pixels off at a radius of 100.
_STEPS = 720


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
