"""Boundary and surface scores of one class, by loops over pixels. Imports nothing of ours.

`inside` and `valid` are boolean images (H, W); valid pixels that are not inside are other classes.
"""

from itertools import product
from math import hypot, inf, nan, sqrt


def pixels(image):
    return list(product(range(image.shape[0]), range(image.shape[1])))


def state(inside, valid, y, x, border):
    """True inside, False in another class, None where there is no contour: void."""
    height, width = inside.shape
    if not (0 <= y < height and 0 <= x < width):
        return False if border else None
    return bool(inside[y, x]) if valid[y, x] else None


def strip(inside, valid, d, border=True):
    """Pixels inside with a pixel of another class at most d rows and d columns away."""
    steps = range(-d, d + 1)
    return {
        (y, x)
        for y, x in pixels(inside)
        if state(inside, valid, y, x, border)
        and any(state(inside, valid, y + i, x + j, border) is False for i in steps for j in steps)
    }


def boundary_iou(pred, target, valid, d, border=True):
    a, b = strip(target, valid, d, border), strip(pred, valid, d, border)
    return len(a & b) / len(a | b) if a | b else nan


def contour(inside, valid):
    """Pixels inside that touch a pixel of another class along an axis."""
    beside = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    return [
        (y, x)
        for y, x in pixels(inside)
        if state(inside, valid, y, x, False)
        and any(state(inside, valid, y + i, x + j, False) is False for i, j in beside)
    ]


def distance(a, b, spacing):
    return hypot((a[0] - b[0]) * spacing[0], (a[1] - b[1]) * spacing[1])


def to_nearest(points, others, spacing):
    return [min((distance(p, o, spacing) for o in others), default=inf) for p in points]


def boundary_f(pred, target, valid, tolerance, spacing=(1, 1)):
    a, b = contour(target, valid), contour(pred, valid)
    if not a and not b:
        return nan
    if not a or not b:
        return 0.0
    recall = sum(d <= tolerance for d in to_nearest(a, b, spacing)) / len(a)
    precision = sum(d <= tolerance for d in to_nearest(b, a, spacing)) / len(b)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def length(square, spacing):
    """Length of the contour inside the square of four pixel centres."""
    upper_left, upper_right, _, lower_right = square
    diagonal = sqrt(spacing[0] ** 2 + spacing[1] ** 2) / 2
    if sum(square) in (1, 3):
        return diagonal
    if upper_left == lower_right:
        return 2 * diagonal
    return spacing[1] if upper_left == upper_right else spacing[0]


def surfels(inside, valid, spacing, border=True):
    """(corner, length) wherever the contour of a class passes between valid pixels."""
    found = []
    for y, x in product(range(inside.shape[0] + 1), range(inside.shape[1] + 1)):
        around = [(y - 1, x - 1), (y - 1, x), (y, x - 1), (y, x)]
        square = [state(inside, valid, i, j, border) for i, j in around]
        if None not in square and len(set(square)) == 2:
            found.append(((y, x), length(square, spacing)))
    return found


def surfaces(pred, target, valid, spacing, border=True):
    """For target and prediction: a list of (distance to the other, length)."""
    a, b = (surfels(inside, valid, spacing, border) for inside in (target, pred))
    a_at, b_at = [at for at, _ in a], [at for at, _ in b]
    return (
        [(d, size) for d, (_, size) in zip(to_nearest(a_at, b_at, spacing), a)],
        [(d, size) for d, (_, size) in zip(to_nearest(b_at, a_at, spacing), b)],
    )


def normalized_surface_distance(sides, tolerance):
    both = [piece for side in sides for piece in side]
    total = sum(size for _, size in both)
    return sum(size for d, size in both if d <= tolerance) / total if both else nan


def percentile(side, percent):
    """The distance of the first piece, from near to far, with which the share is reached."""
    total, reached = sum(size for _, size in side), 0.0
    for d, size in sorted(side):
        reached += size
        if reached >= percent / 100 * total * (1 - 1e-12):
            return d
    return 0.0


def hausdorff_distance(sides, percent, limit):
    if not any(sides):
        return nan
    return min(limit, max(percentile(side, percent) for side in sides))


def average_surface_distance(sides, limit):
    both = [piece for side in sides for piece in side]
    total = sum(size for _, size in both)
    return sum(size * min(d, limit) for d, size in both) / total if both else nan
