"""Colour images and class indices: exact both ways, and nothing unknown becomes a class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pixelwise.errors import ArgumentError, ArgumentTypeError, LabelError
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import Snapped, color_to_index, index_and_snapped, index_to_color

VOC = Classes.named("voc")
RGB = Classes(["red", "green", "blue"], [(255, 0, 0), (0, 255, 0), (0, 0, 255)])
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def loop(image, classes):
    """The definition: class by class, all three channels equal."""
    index = np.full(image.shape[:2], -1)
    for c, color in enumerate(classes.colors):
        index[(image == color).all(axis=-1)] = c
    return index


@settings(derandomize=True, deadline=None, max_examples=50)
@given(hnp.arrays(np.uint8, SHAPES, elements=st.sampled_from([*range(21), 255])))
def test_a_label_survives_the_way_to_colours_and_back(label):
    """color_to_index(index_to_color(i)) == i for every class index and void."""
    image = index_to_color(label, VOC)
    assert image.shape == (*label.shape, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(color_to_index(image, VOC), label)


@pytest.mark.parametrize("name", ["voc", "camvid", "cityscapes", "cityscapes_ids", "binary"])
def test_colours_become_the_class_that_has_them(name):
    """Equal to comparing with the colour of each class in turn."""
    classes = Classes.named(name)
    label = np.random.default_rng(1).integers(0, len(classes), (37, 53))
    image = np.array(classes.colors, np.uint8)[label]
    assert np.array_equal(color_to_index(image, classes), loop(image, classes))


@pytest.mark.parametrize("shape", [(1, 1), (1, 70_001), (70_001, 1), (300, 257)])
def test_bands_do_not_show(shape):
    """Any height and width, also rows longer than what is converted at a time."""
    label = np.random.default_rng(2).integers(0, 21, shape)
    assert np.array_equal(color_to_index(index_to_color(label, VOC), VOC), label)


def test_any_memory_layout_is_read_and_nothing_is_modified():
    """Crops, flips and channel-first storage are views of the same image."""
    label = np.random.default_rng(3).integers(0, 21, (20, 30))
    planar = np.ascontiguousarray(index_to_color(label, VOC).transpose(2, 0, 1))
    before = planar.copy()
    view = planar.transpose(1, 2, 0)[::-1, 3:]
    assert np.array_equal(color_to_index(view, VOC), label[::-1, 3:])
    assert np.array_equal(planar, before)


def test_void_is_shown_in_its_colour_and_read_back():
    """(224, 224, 192) is void, unless a class has that colour."""
    image = index_to_color(np.array([[0, 255]]), RGB)
    assert image.tolist() == [[[255, 0, 0], [224, 224, 192]]]
    assert color_to_index(image, RGB).tolist() == [[0, 255]]
    claimed = Classes(["a", "b"], [(0, 0, 0), (224, 224, 192)])
    assert color_to_index(image[:, 1:], claimed).tolist() == [[1]]


def test_more_than_255_classes_have_16_bit_indices():
    """The result has the dtype of the classes."""
    classes = Classes([str(i) for i in range(300)], ignore_index=65535)
    label = np.array([[0, 255, 299]])  # class 255 has the colour of void, and takes it
    found = color_to_index(index_to_color(label, classes), classes)
    assert found.dtype == np.uint16
    assert np.array_equal(found, label)


def test_255_classes_and_void_leave_no_room_and_need_none():
    """All 256 indices are used; an unknown colour is still unknown."""
    classes = Classes([str(i) for i in range(255)])
    label = np.arange(256).reshape(16, 16)
    image = index_to_color(label, classes)
    assert np.array_equal(color_to_index(image, classes), label)
    image[3, 4] = (1, 1, 1)
    with pytest.raises(LabelError, match=r"\(1, 1, 1\).*first at y=3 x=4"):
        color_to_index(image, classes)


NOISY = np.array([[(255, 0, 0), (250, 3, 0)], [(250, 3, 0), (9, 9, 99)]], np.uint8)


def test_unknown_colours_are_all_named_with_counts_places_and_nearest_class():
    """Nothing becomes class 0; the message says what to do."""
    message = (
        r"color_to_index: colours must be those of the classes, got "
        r"\(250, 3, 0\) nearest to red \(2 pixels, first at y=0 x=1\), "
        r"\(9, 9, 99\) nearest to blue \(1 pixel, first at y=1 x=1\)\. Pass unknown="
    )
    with pytest.raises(LabelError, match=message):
        color_to_index(NOISY, RGB)


def test_unknown_colours_can_be_void_or_the_nearest_class():
    """Only on request."""
    assert color_to_index(NOISY, RGB, unknown="ignore").tolist() == [[0, 255], [255, 255]]
    assert color_to_index(NOISY, RGB, unknown="nearest").tolist() == [[0, 0], [0, 2]]


def test_nearest_is_the_smallest_squared_distance_and_the_lowest_index():
    """Equal to the distances of every pixel to every class."""
    image = np.random.default_rng(4).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    image[0, 0] = (7, 7, 7)  # equally far from all three
    distance = ((image[:, :, None].astype(int) - np.array(RGB.colors)) ** 2).sum(-1)
    found = color_to_index(image, RGB, unknown="nearest")
    assert np.array_equal(found, distance.argmin(-1))
    assert found[0, 0] == 0


def test_thousands_of_unknown_colours_are_a_lossy_file():
    """The cause is guessed, the list stays short."""
    noise = np.random.default_rng(5).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    with pytest.raises(
        LabelError, match=r"more values\. 2,\d+ unknown colours: was it saved as JPEG"
    ):
        color_to_index(noise, RGB)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cityscapes_all", r"\(153, 153, 153\) for pole and polegroup"),
        ("ade20k", r"\(140, 140, 140\) for road and skyscraper"),
    ],
)
def test_classes_that_share_a_colour_cannot_be_told_apart(name, message):
    """Refused before any pixel is looked at, with the classes named."""
    with pytest.raises(LabelError, match=rf"colors must be one class each, got .*{message}"):
        color_to_index(np.zeros((2, 2, 3), np.uint8), Classes.named(name))


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((2, 2, 4), np.uint8), ArgumentError, r"\(2, 2, 4\)\. Drop the alpha channel"),
        (np.zeros((2, 2), np.uint8), ArgumentError, r"\(2, 2\)\. One channel holds stored values"),
        (np.zeros((1, 2, 2, 3), np.uint8), ArgumentError, r"\(H, W, 3\), got \(1, 2, 2, 3\)"),
        (np.zeros((2, 2, 3)), ArgumentTypeError, "image must be uint8, got dtype float64"),
        (np.zeros((2, 2, 3), np.int64), ArgumentTypeError, "image must be uint8, got dtype int64"),
    ],
)
def test_only_rgb_pictures_of_8_bits_are_converted(image, error, message):
    """Alpha is not dropped silently and floats are not scaled."""
    with pytest.raises(error, match=f"color_to_index: .*{message}"):
        color_to_index(image, RGB)


def test_what_to_do_with_unknown_colours_is_one_of_three():
    """A misspelt choice is answered with the nearest."""
    with pytest.raises(ArgumentError, match=r"unknown must be one of error, ignore, nearest, got"):
        color_to_index(NOISY, RGB, unknown="void")


def test_an_index_that_is_no_class_has_no_colour():
    """Stored values of a file are not indices; the message says so."""
    with pytest.raises(LabelError, match=r"index_to_color: .*got 21 \(1 pixel, first at y=0 x=1\)"):
        index_to_color(np.array([[0, 21]]), VOC)


def test_the_sandstone_labels_become_four_classes(shared):
    """A real colour TIFF: read_image and color_to_index, and back."""
    from pixelwise.labels.image import read_image

    colors = [(0, 0, 255), (255, 0, 0), (0, 255, 0), (255, 255, 0)]
    classes = Classes(["a", "b", "c", "d"], colors)
    path = min((shared / "data" / "sandstone" / "labels").iterdir())
    image = read_image(path)
    label = color_to_index(image, classes)
    assert np.array_equal(label, loop(image, classes))
    assert np.array_equal(index_to_color(label, classes), image)


def test_what_nearest_did_is_counted_colours_pixels_and_distances():
    """(250, 3, 0) is 5.83 from red and occurs twice, (9, 9, 99) is 156.5 from blue."""
    _, snapped = index_and_snapped(NOISY, RGB, "nearest")
    assert (snapped.colors, snapped.pixels) == (2, 3)
    near, far = np.hypot(5, 3), np.sqrt(9**2 + 9**2 + 156**2)
    assert snapped.largest_distance == pytest.approx(far, abs=1e-3)
    assert snapped.mean_distance == pytest.approx((2 * near + far) / 3, abs=1e-3)
    whole = Snapped.joined([snapped, None, Snapped(1, 1, 200.0, 200.0)])
    assert (whole.colors, whole.pixels, whole.largest_distance) == (2, 4, 200.0)
    assert whole.mean_distance == pytest.approx((2 * near + far + 200) / 4, abs=1e-3)
    assert index_and_snapped(NOISY, RGB, "ignore")[1] is None
    assert Snapped.joined([None]) is None
