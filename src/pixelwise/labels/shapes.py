"""Outlines -> label: polygons, rectangles, circles, lines and points become pixels.

Points are (x, y) as annotation files have them, on the edges of pixels: the image reaches from
(0, 0) to (width, height). Shapes are painted in the order of the list, so later ones lie on top.

rule      pixel (i, j) belongs to a polygon if
center    its centre (j + 0.5, i + 0.5) is inside, even-odd; see raster.fill_by_center
pillow    PIL.ImageDraw paints it; see raster_pillow
coco      pycocotools counts it; rectangles are polygons, and circles, lines and points, which COCO
          does not have, are painted by their centres
"""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    check_choice,
)
from pixelwise.files.content import MAX_PIXELS
from pixelwise.files.records import shown
from pixelwise.labels.raster import Patch, fill_by_center, fill_by_coco
from pixelwise.labels.raster_pillow import draw_by_pillow

Rule = Literal["center", "pillow", "coco"]
RULES = get_args(Rule)
Kind = Literal["polygon", "rectangle", "circle", "line", "point"]
# kind: (least number of points, most, what they are)
KINDS = {
    "polygon": (3, None, "corners"),
    "rectangle": (2, 2, "opposite corners"),
    "circle": (2, 2, "centre and a point on the rim"),
    "line": (2, None, "corners of an open line"),
    "point": (1, None, "centres of discs"),
}
# shape_type of labelme and of X-AnyLabeling -> kind; masks carry their own pixels.
LABELME_KINDS: dict[str, Kind] = {
    "polygon": "polygon",
    **dict.fromkeys(("oriented_rectangle", "rotation", "quadrilateral"), "polygon"),
    "rectangle": "rectangle",
    "circle": "circle",
    "line": "line",
    "linestrip": "line",
    "point": "point",
}
# Farther points are moved here: every rule stays exact, and no number overflows.
_FAR = 1e8
# Painting takes time with each point, and no outline has more.
MAX_POINTS = 1 << 20
# What labelme draws: lines 10 pixels wide, points as discs with a radius of 5.
LINE_WIDTH = 10.0
# Pixels whose distances are held at a time, of 8 bytes each.
_BLOCK = 1 << 18
# Enough offenders to recognise the mistake; the rest are counted.
_LISTED = 8

Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Outline:
    """A shape that is drawn by points.

    Args:
        points: (n, 2) array-like of (x, y) in pixels.
        kind: what the points mean, one of KINDS.
        width: of lines, and diameter of points, in pixels.
    """

    points: ArrayLike
    kind: Kind = "polygon"
    width: float = LINE_WIDTH


def labelme_outline(kind: str, points: ArrayLike, width: float = LINE_WIDTH) -> Outline:
    """The outline of a shape of labelme: a rectangle may have all four corners.

    Args:
        kind: one of LABELME_KINDS.
        points: (n, 2) array-like of (x, y).
        width: of lines, and diameter of points.
    """
    if LABELME_KINDS[kind] == "rectangle":
        try:
            corners = np.asarray(points, np.float64)
        except (TypeError, ValueError, OverflowError):
            corners = np.empty(0)
        if corners.shape == (4, 2):
            low, high = corners.min(axis=0), corners.max(axis=0)
            is_straight = (
                np.isin(corners, [low, high]).all() and len(np.unique(corners, axis=0)) == 4
            )
            return Outline([low, high], "rectangle") if is_straight else Outline(corners)
    return Outline(points, LABELME_KINDS[kind], width)


def polygons_to_label(
    shapes: Iterable[tuple[int, "ArrayLike | Outline | Patch"]],
    size: Size,
    rule: Rule = "center",
    background: int = 0,
) -> NDArray[np.uint8 | np.uint16]:
    """Paint shapes onto an empty label, the first at the bottom and the last on top.

    label[y, x] = index of the last shape that covers pixel (y, x), or background.

    Args:
        shapes: pairs of a class index 0..65535 and what to paint: the (n, 2) points (x, y) of a
            polygon, an Outline of any kind, or a Patch of pixels.
        size: (height, width) of the label.
        rule: which pixels a shape covers: "center", "pillow" or "coco".
        background: class index where nothing is painted.
    Returns:
        (H, W) uint8, or uint16 if an index or the background exceeds 255.
    Raises:
        ArgumentError: the rule or a kind is unknown, the size is not positive or too large, an
            index is out of range, or points are too few or not finite. All shapes that are wrong
            are named by their place in the list.
    Example:
        >>> pw.polygons_to_label([(1, [(1, 0), (3, 0), (3, 2), (1, 2)])], size=(2, 4)).tolist()
        [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    where = "polygons_to_label"
    check_choice(where, "rule", rule, RULES)
    size = check_size(where, size)
    pairs = [_as_pair(where, place, shape) for place, shape in enumerate(shapes)]
    problems = [(place, problem_of(shape)) for place, (_, shape) in enumerate(pairs)]
    wrong = [f"shape {place} has {problem}" for place, problem in problems if problem]
    if wrong:
        more = f" and {len(wrong) - _LISTED:,} more" if len(wrong) > _LISTED else ""
        got = "; ".join(wrong[:_LISTED]) + more
        raise ArgumentError(where, "shapes", must="ones that can be painted", got=got)
    indices = [_as_index(where, index) for index in (background, *(index for index, _ in pairs))]
    label = np.full(size, background, np.uint8 if max(indices) <= 255 else np.uint16)
    for index, shape in pairs:
        patch = patch_of(shape, size, rule)
        label[patch.place][patch.mask] = index
    return label


def patch_of(shape: Outline | Patch, size: Size, rule: Rule = "center") -> Patch:
    """The pixels that a shape covers, cut to the image.

    Args:
        shape: without a problem, see problem_of.
        size: (height, width) of the image.
        rule: one of RULES.
    """
    if isinstance(shape, Patch):
        return shape.cut(size)
    points = np.asarray(shape.points, np.float64).clip(-_FAR, _FAR)
    if rule == "pillow":
        return draw_by_pillow(shape.kind, points, shape.width, size)
    if shape.kind == "rectangle":
        (x0, y0), (x1, y1) = points
        points = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    if shape.kind in ("polygon", "rectangle"):
        return (fill_by_coco if rule == "coco" else fill_by_center)(points, size)
    if shape.kind == "circle":
        radius = float(np.hypot(*(points[1] - points[0])))
        return _near(points[:1], points[:1], radius, size)
    ends = points[1:] if shape.kind == "line" else points
    return _near(points[: len(ends)], ends, shape.width / 2, size)


def problem_of(shape: Outline | Patch) -> str | None:
    """Why a shape cannot be painted, in words that continue "it has ..."; None if it can."""
    if isinstance(shape, Patch):
        is_mask = shape.mask.ndim == 2 and shape.mask.dtype == bool
        return None if is_mask else f"a mask of {shape.mask.dtype} with shape {shape.mask.shape}"
    if shape.kind not in KINDS:
        return f"the unknown kind {shown(shape.kind)}; known are {', '.join(KINDS)}"
    try:
        points = np.asarray(shape.points, np.float64)
    except (TypeError, ValueError, OverflowError):
        return "points that are not numbers, or of different length"
    least, most, meaning = KINDS[shape.kind]
    if points.shape != (0,) and (points.ndim != 2 or points.shape[1] != 2):
        return f"points of shape {points.shape} instead of (n, 2)"
    if len(points) < least or (most is not None and len(points) > most):
        needed = f"{least}" if most == least else f"at least {least}"
        return f"{len(points)} points, but a {shape.kind} needs {needed} ({meaning})"
    if len(points) > MAX_POINTS:
        return f"{len(points):,} points, but at most {MAX_POINTS:,} can be painted"
    if not np.isfinite(points).all():
        place = int(np.argmin(np.isfinite(points).all(axis=1)))
        return f"the point {tuple(points[place].tolist())} in place {place}, which is not finite"
    if not 0 < shape.width <= _FAR:
        return f"the width {shape.width}, but it must be > 0 and at most {_FAR:g}"
    return None


def check_size(where: str, size: Any) -> Size:
    """(height, width) as two integers.

    Raises:
        ArgumentError: something else, not positive, or too many pixels for the memory.
    """
    sides = tuple(size) if isinstance(size, tuple | list | np.ndarray) else (size,)
    whole = all(isinstance(s, Integral) and not isinstance(s, bool) for s in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        constraint = "(height, width), two integers > 0"
        raise ArgumentError(where, "size", must=constraint, got=repr(size))
    height, width = int(sides[0]), int(sides[1])
    if height * width > MAX_PIXELS:
        got = f"{height:,} x {width:,}"
        raise ArgumentError(where, "size", must=f"at most {MAX_PIXELS:,} pixels", got=got)
    return height, width


def _near(starts: np.ndarray, ends: np.ndarray, radius: float, size: Size) -> Patch:
    """The pixels whose centre is at most radius away from one of the segments."""
    corners = np.concatenate([starts, ends])
    top, left, bottom, right = _box(corners.min(axis=0), corners.max(axis=0), radius, size)
    mask = np.zeros((bottom - top, right - left), bool)
    for start, end in zip(starts, ends):
        low, high = np.minimum(start, end), np.maximum(start, end)
        y0, x0, y1, x1 = _box(low, high, radius, size)
        x, rows = np.arange(x0, x1) + 0.5, max(1, _BLOCK // max(1, x1 - x0))
        for first in range(y0, y1, rows):
            stop = min(first + rows, y1)
            y = np.arange(first, stop)[:, None] + 0.5
            near = _squared_distance(x, y, start, end) <= radius**2
            mask[first - top : stop - top, x0 - left : x1 - left] |= near
    return Patch(mask, top, left)


def _box(low: np.ndarray, high: np.ndarray, margin: float, size: Size) -> tuple[int, ...]:
    """(top, left, bottom, right) of the pixels of a image between two points and around them."""
    edges = (size[1], size[0])
    left, top = np.floor(low - margin).clip(0, edges).astype(int)
    right, bottom = np.ceil(high + margin).clip(0, edges).astype(int)
    return int(top), int(left), int(bottom), int(right)


def _squared_distance(
    x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Of every (x, y) to the segment from start to end."""
    along = end - start
    length = float(along @ along)
    # where on the segment the nearest point is: 0 at its start, 1 at its end
    nearest = (x - start[0]) * along[0] + (y - start[1]) * along[1]
    nearest = (nearest / length if length else nearest * 0).clip(0, 1)
    dx = x - (start[0] + nearest * along[0])
    dy = y - (start[1] + nearest * along[1])
    return dx**2 + dy**2


def _as_pair(where: str, place: int, shape: Any) -> tuple[Any, Outline | Patch]:
    """(index, what to paint); the two may be given in either order."""
    pair = tuple(shape) if isinstance(shape, tuple | list) and len(shape) == 2 else ()
    if pair and isinstance(pair[1], Integral):
        pair = pair[::-1]
    if not pair or not isinstance(pair[0], Integral):
        constraint = "pairs of a class index and points, an Outline or a Patch"
        got = f"{type(shape).__name__} in place {place}"
        raise ArgumentTypeError(where, "shapes", must=constraint, got=got)
    index, what = pair
    return index, what if isinstance(what, Outline | Patch) else Outline(what)


def _as_index(where: str, index: Any) -> int:
    if isinstance(index, bool) or not isinstance(index, Integral) or not 0 <= int(index) <= 65535:
        raise ArgumentError(where, "class indices", must="integers 0..65535", got=repr(index))
    return int(index)
