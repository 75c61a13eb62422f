"""Shapes to label: areas, ties, draw order, every kind, and what is refused."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from labels.polygon_oracle import centers_inside, random_polygon
from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.labels.raster import Patch
from pixelwise.labels.shapes import KINDS, RULES, Outline, patch_of, polygons_to_label, problem_of

SQUARE = [(2, 2), (12, 2), (12, 12), (2, 12)]
HALF_SQUARE = [(2.5, 2.5), (12.5, 2.5), (12.5, 12.5), (2.5, 12.5)]
TRIANGLE = [(0, 0), (20, 0), (0, 20)]
PENTAGRAM = [
    (12 + 10 * np.sin(4 * k * np.pi / 5), 12 - 10 * np.cos(4 * k * np.pi / 5)) for k in range(5)
]
CANVAS = (24, 24)
NAN = float("nan")


def area(points, rule):
    return int(polygons_to_label([(1, points)], CANVAS, rule).sum())


@pytest.mark.parametrize(
    ("points", "areas"),
    [(SQUARE, (100, 121, 100)), (HALF_SQUARE, (100, 121, 100)), (TRIANGLE, (190, 231, 190))],
    ids=["square", "half square", "triangle"],
)
def test_areas_are_those_that_each_rule_is_known_for(points, areas):
    """Pixels on a 24 x 24 canvas, as measured with Pillow and pycocotools themselves."""
    assert tuple(area(points, rule) for rule in RULES) == areas


@pytest.mark.parametrize("step", [None, 1, 0.5, 0.125], ids=str)
@pytest.mark.parametrize("seed", range(25))
def test_center_is_the_even_odd_rule_at_pixel_centers_exactly(seed, step):
    """Ties included: with coordinates in simple fractions the oracle's fractions agree."""
    size, points = random_polygon(seed, step)
    label = polygons_to_label([(1, points)], size)
    np.testing.assert_array_equal(label == 1, centers_inside(points, size))


@pytest.mark.parametrize("rule", ["center", "coco"])
@pytest.mark.parametrize("seed", range(10))
def test_polygons_that_share_an_edge_neither_overlap_nor_leave_a_gap(seed, rule):
    """A square cut by a random line through its left and right sides is the sum of its parts."""
    left, right = np.random.default_rng(seed).uniform(3, 20, 2).round(1)
    above = [(1, 1), (22, 1), (22, right), (1, left)]
    below = [(1, left), (22, right), (22, 22), (1, 22)]
    parts = [polygons_to_label([(1, part)], CANVAS, rule) for part in (above, below)]
    whole = polygons_to_label([(1, [(1, 1), (22, 1), (22, 22), (1, 22)])], CANVAS, rule)
    np.testing.assert_array_equal(parts[0] + parts[1], whole)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_enclosed_twice_is_outside(rule):
    """The middle of a pentagram is empty by the even-odd rule."""
    label = polygons_to_label([(1, PENTAGRAM)], CANVAS, rule)
    assert (label[12, 12], label[4, 12]) == (0, 1)


@pytest.mark.parametrize("rule", ["center", "coco"])
def test_direction_and_first_corner_do_not_matter(rule):
    """A polygon is its outline, not the way it was drawn."""
    size, points = random_polygon(3)
    label = polygons_to_label([(1, points)], size, rule)
    for other in (points[::-1], np.roll(points, 2, axis=0)):
        np.testing.assert_array_equal(polygons_to_label([(1, other)], size, rule), label)


@pytest.mark.parametrize("seed", range(5))
def test_pillow_is_what_image_draw_paints(seed):
    """The rule "pillow" is ImageDraw.polygon(fill=1) on an empty image."""
    size, points = random_polygon(seed)
    picture = Image.new("L", size[::-1])
    ImageDraw.Draw(picture).polygon([tuple(point) for point in points.tolist()], fill=1)
    label = polygons_to_label([(1, points)], size, "pillow")
    np.testing.assert_array_equal(label, np.array(picture))


def test_later_shapes_lie_on_top():
    """Painting is in the order of the list."""
    label = polygons_to_label([(1, SQUARE), (2, TRIANGLE)], CANVAS)
    other = polygons_to_label([(2, TRIANGLE), (1, SQUARE)], CANVAS)
    assert (label[3, 3], other[3, 3]) == (2, 1)
    assert (label[11, 11], other[11, 11]) == (1, 1)


def test_an_index_and_its_points_may_be_given_in_either_order():
    """(index, points) and (points, index) say the same."""
    first = polygons_to_label([(3, SQUARE)], CANVAS)
    np.testing.assert_array_equal(polygons_to_label([(SQUARE, 3)], CANVAS), first)


def test_the_background_is_what_nothing_covers():
    """Void may be the background."""
    label = polygons_to_label([(1, SQUARE)], CANVAS, background=255)
    assert (int((label == 255).sum()), label.dtype) == (24 * 24 - 100, np.uint8)


def test_indices_above_255_need_sixteen_bits():
    """The dtype is the smallest that holds every index."""
    label = polygons_to_label([(300, SQUARE)], CANVAS)
    assert (label.dtype, label.max()) == (np.uint16, 300)


@pytest.mark.parametrize("rule", ["center", "coco"])
def test_a_rectangle_is_two_opposite_corners_in_any_order(rule):
    """Its pixels are those of the polygon."""
    expected = polygons_to_label([(1, SQUARE)], CANVAS, rule)
    for corners in ([(2, 2), (12, 12)], [(12, 2), (2, 12)], [(12, 12), (2, 2)]):
        label = polygons_to_label([(1, Outline(corners, "rectangle"))], CANVAS, rule)
        np.testing.assert_array_equal(label, expected)


def test_a_circle_is_the_pixels_near_its_center():
    """Centre and a point on the rim; a pixel belongs to it if its centre is within the radius."""
    label = polygons_to_label([(1, Outline([(12, 10), (12, 15)], "circle"))], CANVAS)
    y, x = np.mgrid[:24, :24] + 0.5
    np.testing.assert_array_equal(label == 1, np.hypot(x - 12, y - 10) <= 5)


def test_a_line_is_the_pixels_near_its_segments():
    """An open line of width 4 with round ends and joints."""
    corners = [(4, 4), (16, 4), (16, 18)]
    label = polygons_to_label([(1, Outline(corners, "line", 4))], CANVAS)
    y, x = np.mgrid[:24, :24] + 0.5
    across = np.hypot(np.clip(x, 4, 16) - x, 4 - y) <= 2
    down = np.hypot(16 - x, np.clip(y, 4, 18) - y) <= 2
    np.testing.assert_array_equal(label == 1, across | down)


def test_points_are_discs():
    """The width is their diameter."""
    two = polygons_to_label([(1, Outline([(6, 6), (18, 18)], "point", 6))], CANVAS)
    one = polygons_to_label([(1, Outline([(6, 6), (6, 9)], "circle"))], CANVAS)
    assert int(two.sum()) == 2 * int(one.sum())


def test_labelme_draws_circles_lines_and_points_as_pillow_does():
    """labelme: ellipse, line of width 10, disc with radius 5."""
    shapes = {
        "circle": [(12.0, 10.0), (12.0, 15.0)],
        "line": [(3.0, 3.0), (20.0, 15.0)],
        "point": [(11.0, 12.0)],
    }
    drawn = {kind: Image.new("L", (24, 24)) for kind in shapes}
    ImageDraw.Draw(drawn["circle"]).ellipse((7, 5, 17, 15), fill=1)
    ImageDraw.Draw(drawn["line"]).line(shapes["line"], fill=1, width=10)
    ImageDraw.Draw(drawn["point"]).ellipse((6, 7, 16, 17), fill=1)
    for kind, points in shapes.items():
        label = polygons_to_label([(1, Outline(points, kind))], CANVAS, "pillow")
        np.testing.assert_array_equal(label, np.array(drawn[kind]))


CORNERS = np.array([(5.0, 6.0), (17.0, 8.0), (9.0, 19.0)])
POINTS = {"polygon": CORNERS, "line": CORNERS, "point": CORNERS}


@pytest.mark.parametrize("rule", ["center", "coco"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_shapes_may_reach_out_of_the_picture(kind, rule):
    """Moved by whole pixels, a shape shows the same pixels. (Pillow rounds towards zero.)"""
    points = POINTS.get(kind, CORNERS[:2])
    large = polygons_to_label([(1, Outline(points + 40, kind))], (104, 104), rule)
    moved = polygons_to_label([(1, Outline(points - 8, kind))], (24, 24), rule)
    np.testing.assert_array_equal(moved, large[48:72, 48:72])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_shapes_outside_of_the_picture_paint_nothing(kind, rule):
    """On any side."""
    points = POINTS.get(kind, CORNERS[:2])
    for aside in ((-5000, 0), (5000, 0), (0, -5000), (0, 5000)):
        shape = Outline(points + np.array(aside), kind)
        assert not polygons_to_label([(1, shape)], CANVAS, rule).any()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("far", [1e9, 1e300])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_coordinates_of_any_size_are_painted_without_overflow(kind, far, rule):
    """They are moved to where they cannot overflow; the image is covered or empty, not broken."""
    points = [(far, 0.0), (0.0, far), (-far, 5.0)][: KINDS[kind][1] or 3]
    label = polygons_to_label([(1, Outline(points, kind))], CANVAS, rule)
    assert label.shape == CANVAS


def test_a_million_corners_are_painted():
    """A circle drawn with 10^6 corners has the area of a circle."""
    angle = np.linspace(0, 2 * np.pi, 10**6)
    points = 250 + 200 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    label = polygons_to_label([(1, points)], (500, 500))
    assert abs(int(label.sum()) / (np.pi * 200**2) - 1) < 1e-3


def test_a_patch_is_cut_to_the_picture():
    """Pixels outside of the image are left out."""
    patch = Patch(np.ones((5, 6), bool), top=-2, left=21)
    label = polygons_to_label([(1, patch)], CANVAS)
    assert int(label.sum()) == 3 * 3
    assert label[:3, 21:].all()


def test_points_are_not_modified():
    """The caller's array stays as it is."""
    points = np.array(SQUARE, np.float64)
    polygons_to_label([(1, points)], CANVAS)
    assert points.tolist() == [list(point) for point in SQUARE]


def test_an_empty_list_is_all_background():
    """Nothing to paint is nothing wrong."""
    assert polygons_to_label([], (3, 4)).tolist() == [[0] * 4] * 3


@pytest.mark.parametrize(
    ("outline", "problem"),
    [
        (Outline([(1, 2), (3, 4)]), "2 points, but a polygon needs at least 3"),
        (Outline([]), "0 points, but a polygon needs at least 3"),
        (Outline([(1, 2)], "rectangle"), "1 points, but a rectangle needs 2"),
        (Outline([(1, 2), (3, NAN), (5, 6)]), r"the point \(3.0, nan\) in place 1"),
        (Outline([(1, 2), (3, float("inf")), (5, 6)]), "not finite"),
        (Outline([(1, 2), (3,), (5, 6)]), "of different length"),
        (Outline([(1, 2, 3)] * 3), r"points of shape \(3, 3\)"),
        (Outline([("a", "b")] * 3), "not numbers"),
        (Outline(SQUARE, "blob"), "unknown kind 'blob'"),
        (Outline(SQUARE, "line", 0), "the width 0"),
        (Outline(SQUARE, "line", NAN), "the width nan"),
        (Patch(np.zeros((2, 2))), "a mask of float64"),
    ],
)
def test_a_shape_that_cannot_be_painted_says_why(outline, problem):
    """problem_of and polygons_to_label say the same, the latter with the place in the list."""
    with pytest.raises(ArgumentError, match=f"shape 1 has .*{problem}"):
        polygons_to_label([(1, SQUARE), (1, outline)], CANVAS)
    assert problem_of(Outline(SQUARE)) is None


def test_all_wrong_shapes_are_named_at_once():
    """Not one after the other."""
    with pytest.raises(ArgumentError, match=r"shape 0 has 1 points.*; shape 2 has 2 points"):
        polygons_to_label([(1, [(1, 2)]), (1, SQUARE), (1, [(1, 2), (3, 4)])], CANVAS)


@pytest.mark.parametrize("size", [(0, 3), (3,), 5, (2.0, 3), (True, 3), (-1, 4)], ids=str)
def test_a_size_that_is_none_is_refused(size):
    """(height, width), integers > 0."""
    with pytest.raises(ArgumentError, match=r"size must be \(height, width\), two integers > 0"):
        polygons_to_label([], size)


def test_a_size_too_large_for_the_memory_is_refused():
    """Before anything is allocated."""
    with pytest.raises(
        ArgumentError, match="at most 268,435,456 pixels, got 1,000,000 x 1,000,000"
    ):
        polygons_to_label([], (10**6, 10**6))


@pytest.mark.parametrize("index", [-1, 70000], ids=str)
def test_an_index_that_no_label_can_hold_is_refused(index):
    """Class indices are 0..65535."""
    with pytest.raises(
        ArgumentError, match=f"class indices must be integers 0..65535, got {index}"
    ):
        polygons_to_label([(index, SQUARE)], CANVAS)


@pytest.mark.parametrize(
    "shape", [SQUARE, 3, (1.5, SQUARE), "ab"], ids=["points", "number", "float", "text"]
)
def test_what_is_no_pair_is_refused(shape):
    """A polygon needs an index."""
    with pytest.raises(ArgumentTypeError, match="pairs of a class index and points"):
        polygons_to_label([shape], CANVAS)


def test_an_unknown_rule_is_refused():
    """With the nearest one as a suggestion."""
    with pytest.raises(ArgumentError, match="Did you mean 'center'"):
        polygons_to_label([], CANVAS, rule="centre")


def test_an_empty_polygon_has_an_empty_patch():
    """All corners on one line: no pixel, no error."""
    for rule in ("center", "coco"):
        assert not patch_of(Outline([(1, 1), (5, 1), (9, 1)]), CANVAS, rule).mask.any()


def test_a_patch_without_its_empty_border_is_the_same_pixels():
    mask = np.zeros((6, 9), bool)
    mask[2, 3] = mask[4, 5] = True
    cut = Patch(mask, 10, -20).trimmed()
    assert (cut.mask.shape, cut.top, cut.left) == ((3, 3), 12, -17)
    np.testing.assert_array_equal(cut.mask, mask[2:5, 3:6])
    assert Patch(np.zeros((6, 9), bool)).trimmed().mask.size == 0


def test_an_outline_of_more_points_than_can_be_painted_is_refused_with_the_limit():
    message = "1,048,577 points, but at most 1,048,576 can be painted"
    assert problem_of(Outline(np.zeros((2**20 + 1, 2)))) == message
