"""Surface elements of a class: where its surface runs between pixels, and how large it is there.

The surface of a class is drawn through the corners where 2 x 2 pixels (2 x 2 x 2 voxels) meet.
Which of them are of the class is a code of 4 (8) bits, and the code alone decides the length (area)
of the piece of surface at that corner: it cuts the edges of the square (cube) of pixel centres
half-way between a centre inside and a centre outside.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np

Point = tuple[int, ...]


def class_surfels(
    shifted: np.ndarray, num_classes: int, image_border: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The surface elements of each class.

    Args:
        shifted: (H, W) or (D, H, W), class index + 1, 0 where void; void makes no surface.
        num_classes: C.
        image_border: the outside of the image counts as another class, so that an object that the
            border cuts has a surface there.
    Returns:
        For each class (n, axes) coordinates of corners and (n,) codes.
    """
    outside = num_classes + 1 if image_border else 0
    padded = np.pad(shifted, 1, constant_values=outside)
    corners = list(product((0, 1), repeat=shifted.ndim))
    around = [
        padded[tuple(slice(s, s + n + 1) for s, n in zip(corner, shifted.shape))]
        for corner in corners
    ]
    chosen = np.zeros(around[0].shape, bool)
    for other in around[1:]:
        chosen |= other != around[0]
    for one in around:
        chosen &= one > 0
    points = np.argwhere(chosen)
    classes = np.array([one[chosen] for one in around])
    bits = 1 << np.arange(len(corners))[::-1]
    for c in range(num_classes):
        code = bits @ (classes == c + 1)
        on_surface = code > 0
        yield points[on_surface], code[on_surface]


def surfel_sizes(spacing: tuple[float, ...]) -> np.ndarray:
    """Length (2-D) or area (3-D) of the surface element of every code.

    Args:
        spacing: distance between neighbours along each axis.
    Returns:
        (16,) or (256,) float64, in the unit of spacing or its square. The first corner in the order
        of itertools.product is the highest bit.
    Equals: create_table_neighbour_code_to_contour_length and ..._to_surface_area of the
        surface_distance package.
    Source: Lorensen and Cline 1987 (marching cubes), cut at half of each edge; the areas as used by
        Nikolov et al. 2018.
    """
    scale = np.array(spacing)
    return np.array([sum(_size(piece * scale) for piece in code) for code in _pieces(len(scale))])


@cache
def _pieces(axes: int) -> tuple[tuple[np.ndarray, ...], ...]:
    """For every code, the segments (2, 2) or triangles (3, 3) of its surface, for spacing 1."""
    corners = list(product((0, 1), repeat=axes))
    every = []
    for bits in product((False, True), repeat=len(corners)):
        inside = {corner for corner, bit in zip(corners, bits) if bit}
        # the surface is the same from both sides; the smaller set is the simpler one
        smaller = inside if 2 * len(inside) <= len(corners) else set(corners) - inside
        parts = _connected(smaller)
        every.append(tuple(piece for part in parts for piece in _triangulated(_outline(part))))
    return tuple(every)


def _neighbours(corner: Point) -> list[Point]:
    return [tuple(v ^ (i == axis) for i, v in enumerate(corner)) for axis in range(len(corner))]


def _connected(corners: set[Point]) -> list[set[Point]]:
    """Corners split into parts that are connected along edges."""
    left, parts = set(corners), []
    while left:
        part, edge = set(), {left.pop()}
        while edge:
            part |= edge
            edge = {n for corner in edge for n in _neighbours(corner)} & left
            left -= edge
        parts.append(part)
    return parts


def _outline(part: set[Point]) -> np.ndarray:
    """The midpoints of the edges that lead out of a part, each next to one in a common face."""
    cuts = {
        tuple((a + b) / 2 for a, b in zip(corner, other))
        for corner in sorted(part)
        for other in _neighbours(corner)
        if other not in part
    }
    order = [min(cuts)] if cuts else []
    while len(order) < len(cuts):
        left = sorted(cuts - set(order))
        order.append(next(cut for cut in left if _share_face(order[-1], cut)))
    return np.array(order)


def _share_face(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return len(a) == 2 or any(x == y and x in (0, 1) for x, y in zip(a, b))


def _triangulated(outline: np.ndarray) -> list[np.ndarray]:
    """A segment as it is; a polygon as the triangles that together are largest.

    Outlines of five and six midpoints are not flat. The largest triangulation consists of flat
    pieces, which is the one of marching cubes.
    """
    if len(outline) <= 2:
        return [outline] if len(outline) else []
    triangles = [np.array(t) for t in _triangulations(0, len(outline) - 1)]
    best = max(triangles, key=lambda t: round(sum(_size(outline[list(i)]) for i in t), 9))
    return [outline[i] for i in best]


def _triangulations(first: int, last: int) -> list[list[Point]]:
    """Every way to cut the polygon first..last into triangles."""
    if last - first < 2:
        return [[]]
    return [
        [*a, *b, (first, k, last)]
        for k in range(first + 1, last)
        for a in _triangulations(first, k)
        for b in _triangulations(k, last)
    ]


def _size(piece: np.ndarray) -> float:
    """Length of a segment (2, axes), area of a triangle (3, 3)."""
    if len(piece) == 2:
        return float(np.linalg.norm(piece[1] - piece[0]))
    return float(np.linalg.norm(np.cross(piece[1] - piece[0], piece[2] - piece[0]))) / 2
