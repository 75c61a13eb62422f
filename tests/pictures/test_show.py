"""pw.show: what every pixel of a panel is, and what is refused."""

import pickle
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from pixelwise.labels.palettes import striped
from pixelwise.pictures.errors import KINDS

CLASSES = pw.Classes(["background", "cat", "dog"], colors=[(0, 0, 0), (200, 0, 0), (0, 0, 200)])
SIZE = (160, 200)  # as large as it is shown: nothing is enlarged or reduced
HOSTILE = "<script>alert(1)</script>&\"' $x_1$"


def image(size=SIZE):
    return np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)


def quarters():
    """A label of four parts: background, cat, dog and void."""
    label = np.zeros(SIZE, int)
    label[:80, 100:], label[80:, :100], label[80:, 100:] = 1, 2, 255
    return label


def panel(shown, caption):
    return next(one.pixels for one in shown.panels if one.caption == caption)


def test_the_image_is_shown_as_it_is():
    """Of 8 bits, in RGB, where it fits."""
    photo = image()
    assert np.array_equal(panel(pw.show(photo), "Image"), photo)


@pytest.mark.parametrize("opacity", [0, 0.25, 1])
def test_a_label_is_mixed_with_the_image(opacity):
    """(1 − opacity) · image + opacity · colour; void is striped."""
    photo, label = image(), quarters()
    shown = panel(pw.show(photo, label, None, CLASSES, opacity=opacity, contours=False), "Label")
    colors = np.array([*CLASSES.colors], np.float64)[np.where(label == 255, 0, label)]
    mixed = np.rint((1 - opacity) * photo + opacity * colors)
    valid = label != 255
    assert np.abs(shown[valid].astype(int) - mixed[valid]).max() <= 1
    assert np.array_equal(shown[~valid], striped(*SIZE)[~valid])


def test_a_contour_has_the_colour_of_its_class():
    """One pixel wide, inside of the area; the border of the image is none."""
    shown = panel(pw.show(image(), quarters(), None, CLASSES, opacity=0.5), "Label")
    assert (shown[:80, 100] == CLASSES.colors[1]).all()
    assert (shown[:79, 99] == CLASSES.colors[0]).all()
    assert not (shown[0, 102:] == CLASSES.colors[1]).all()


def kinds_of(shown):
    """The place in KINDS of every pixel of the errors; -1 for others."""
    pixels = panel(shown, "Errors")
    found = np.full(pixels.shape[:2], -1)
    for place, color in enumerate(KINDS.values()):
        found[(pixels == color).all(2)] = place
    return found


def test_errors_are_told_apart_by_kind():
    """Missed, false and confused; void and right pixels are none of them."""
    label, pred = quarters(), quarters()
    pred[:10, :10], pred[:10, 100:110], pred[100:110, :10], pred[100:110, 100:] = 1, 0, 1, 2
    pred[pred == 255] = 0
    expected = np.full(SIZE, -1)
    expected[:10, :10], expected[:10, 100:110], expected[100:110, :10] = 1, 0, 2
    shown = pw.show(image(), label, pred, CLASSES)
    assert np.array_equal(kinds_of(shown), expected)
    assert np.array_equal(panel(shown, "Errors")[80:, 100:], striped(*SIZE)[80:, 100:])
    assert [entry.text for entry in shown.entries[-3:]] == [
        "missed  0.4 %",
        "false  0.4 %",
        "confused  0.4 %",
    ]


def test_a_focus_asks_for_the_errors_of_its_classes_alone():
    """A cat that became a dog is missed if cats are in question, and false if dogs are."""
    label, pred = np.full(SIZE, 1), np.full(SIZE, 1)
    pred[:40] = 2
    wrong = pred != label
    for focus, place in (("cat", 0), ("dog", 1), (["cat", 2], 2)):
        found = kinds_of(pw.show(image(), label, pred, CLASSES, focus=focus))
        assert np.array_equal(found, np.where(wrong, place, -1)), focus
    assert (kinds_of(pw.show(None, label, pred, CLASSES, focus=0)) == -1).all()


def test_of_two_classes_the_first_is_the_background():
    """So that a binary task has missed and false pixels, and none that are confused."""
    label, pred = np.zeros(SIZE, int), np.zeros(SIZE, int)
    label[:20], pred[10:30] = 1, 1
    found = kinds_of(pw.show(None, label, pred, pw.Classes(["ground", "road"])))
    assert [(found == place).sum() // SIZE[1] for place in range(3)] == [10, 10, 0]


def test_classes_that_overlap_have_errors_of_each():
    """Missed of one and false of another is confused."""
    classes = pw.Classes(["a", "b"], files=["a", "b"])
    label, pred = np.zeros((2, *SIZE), int), np.zeros((2, *SIZE), int)
    label[0, :40], pred[0, :20], pred[1, 30:50] = 1, 1, 1
    label[:, 150:] = 255
    found = kinds_of(pw.show(image(), label, pred, classes))
    expected = np.full(SIZE, -1)
    expected[20:30], expected[30:40], expected[40:50] = 0, 2, 1
    assert np.array_equal(found, expected)


def test_classes_that_overlap_have_contours_only_where_asked_and_striped_void():
    """As those that do not overlap."""
    label = np.zeros((2, *SIZE), int)
    label[0, 20:60, 20:60], label[:, 150:], label[1, :, 100:] = 1, 255, 255
    shown = [pw.show(None, label, classes=pw.Classes(["a", "b"]), contours=c) for c in (0, 1)]
    without, drawn = (panel(one, "Label") for one in shown)
    assert len(np.unique(without[20:60, 20:60].reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(drawn[20:60, 20:60].reshape(-1, 3), axis=0)) == 2
    assert np.array_equal(without[150:], striped(*SIZE)[150:])
    assert np.array_equal(without[:150, :20], np.full((150, 20, 3), 200))


def test_a_focus_may_be_an_index_of_numpy():
    """As a loop over an array gives it."""
    label, pred = np.full(SIZE, 1), np.full(SIZE, 2)
    for focus in (np.int64(1), np.array([1])):
        assert (kinds_of(pw.show(None, label, pred, CLASSES, focus=focus)) == 0).all()


def test_captions_of_narrow_images_stand_beside_each_other():
    """And the line at the bottom is broken where it is too long."""
    values, label = np.zeros((3000, 2, 13), np.uint16), np.zeros((3000, 2), int)
    svg = pw.show(values, label, label, width=320).svg()
    texts = re.findall(r'<text class="[^"]*" x="(\d+)" y="(\d+)">([^<]*)<', svg)
    starts = [int(x) for x, y, _ in texts if y == "26"]
    assert np.diff(starts).min() >= 70
    assert max(len(words) for _, _, words in texts) < 46
    assert "percentiles 2 and 98" in " ".join(words for _, _, words in texts)


@pytest.mark.filterwarnings("error")
def test_an_image_of_nan_alone_is_black():
    """Without a warning."""
    assert (panel(pw.show(np.full(SIZE, np.nan)), "Image") == 0).all()


def test_small_images_are_enlarged_by_whole_numbers():
    """Each pixel stays a square of one colour, and the note says how large."""
    photo = image((5, 8))
    shown = pw.show(photo)
    assert np.array_equal(panel(shown, "Image"), photo.repeat(20, 0).repeat(20, 1))
    assert shown.note == "8 x 5 pixels; each pixel enlarged 20 times"


@pytest.mark.parametrize("width", [320, 700])
def test_large_images_are_reduced_and_classes_never_mixed(width):
    """The picture is not wider than asked, and a reduced label has the colours of its classes."""
    label = np.random.default_rng(1).integers(0, 3, (700, 900))
    pred = np.roll(label, 1)
    shown = pw.show(None, label, pred, CLASSES, opacity=1, width=width)
    assert shown.size[0] <= width
    found = {tuple(color) for color in panel(shown, "Label").reshape(-1, 3).tolist()}
    assert found == set(CLASSES.colors)
    assert "reduced to" in shown.note


@pytest.mark.parametrize(
    ("channels", "dtype", "note"),
    [
        (1, np.uint8, ""),
        (2, np.uint8, "band 1 of 2"),
        (4, np.uint8, "bands 1, 2 and 3 of 4"),
        (6, np.uint16, "bands 1, 2 and 3 of 6, percentiles 2 and 98 are black and white"),
        (3, np.float32, ""),
    ],
)
def test_images_of_any_bands_and_samples_are_shown(channels, dtype, note):
    """The first three bands, or one as grey; what was done is said."""
    top = 1 if dtype == np.float32 else 200
    values = (np.random.default_rng(2).random((*SIZE, channels)) * top).astype(dtype)
    shown = pw.show(values)
    assert shown.note == "; ".join(["200 x 160 pixels", *[note][: bool(note)]])
    assert panel(shown, "Image").shape == (*SIZE, 3)


def test_without_classes_they_have_numbers_and_distinct_colours():
    """As many as there are indices; 255 is void."""
    shown = pw.show(None, np.array([[0, 3], [255, 1]]))
    assert [entry.text for entry in shown.entries] == [
        "class 0  25.0 %", "class 1  25.0 %", "class 3  25.0 %", "void  25.0 %"
    ]  # fmt: skip
    colors = [tuple(color) for color in pw.distinct_colormap(4).tolist()]
    assert [entry.color for entry in shown.entries] == [colors[0], colors[1], colors[3], None]


def test_it_is_a_picture_of_pillow(tmp_path):
    """It is saved like any other, copied and pickled."""
    shown = pw.show(image(), quarters(), None, CLASSES)
    shown.save(tmp_path / "shown.png")
    assert pw.read_image(tmp_path / "shown.png").shape == (shown.size[1], shown.size[0], 3)
    again = pickle.loads(pickle.dumps(shown))
    assert again.tobytes() == shown.tobytes() == shown.copy().tobytes()


def test_names_of_classes_are_escaped():
    """In SVG and on the page, which is well-formed and has no script."""
    shown = pw.show(None, np.array([[0, 1]]), None, pw.Classes([HOSTILE, "b"]))
    ElementTree.fromstring(shown.svg())
    for text in (shown.svg(), shown.html(), shown._repr_html_()):
        assert "<script" not in text


def test_svg_fetches_nothing():
    """Every address is a data URI."""
    text = pw.show(image(), quarters(), quarters() % 3, CLASSES).html()
    addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert len(addresses) >= 4
    assert all(address.startswith("data:image/") for address in addresses)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"label": np.zeros((3, 3), int)},
            r"label must be of the size of the image, .* = \(160, 2",
        ),
        ({"label": np.full(SIZE, 7)}, r"label.*7"),
        ({"pred": np.zeros(SIZE)}, "pred must be of an integer or bool dtype"),
        ({"opacity": 2}, "opacity must be between 0 and 1"),
        ({"width": 10}, "width must be between 320 and 8192"),
        ({"focus": "horse"}, "focus must be names of classes .background, cat, dog. or"),
        (
            {"label": np.zeros((4, *SIZE), int)},
            r"label must be \(3, H, W\), a plane for each class",
        ),
        (
            {"image": np.zeros((3, 200, 160))},
            r"height, width, channels: image.transpose\(1, 2, 0\)",
        ),
        ({"image": np.zeros(4)}, r"image must be \(H, W\) or \(H, W, C\)"),
        ({"image": None}, "image must be an image, a label or a prediction"),
        ({"image": "a.png"}, r"image must be an array, got 'a.png'. Read .* read_image\(path\)"),
        ({"image": [[1, 2], [3]]}, "image must be one array, got rows of different lengths"),
        ({"label": np.zeros((2, 0, 5), int)}, r"label must be \(H, W\)"),
        ({"classes": ["a", "b"]}, r"classes must be Classes, got list. Classes\(names\)"),
        ({"label": np.full(SIZE, 10**9), "classes": None}, "label must be indices below 65,535"),
        ({"focus": None}, "focus must be names .* got None"),
        ({"focus": 1.5}, "focus must be names .* got 1.5"),
        ({"focus": "cat"}, "focus must be left out without both label and pred"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(given, message):
    """With the argument that is wrong."""
    with pytest.raises(pw.PixelwiseError, match=message):
        pw.show(**{"image": image(), "classes": CLASSES, **given})


@pytest.mark.parametrize("make", [pw.distinct_colormap, pw.voc_colormap])
@pytest.mark.parametrize("n", [1.5, None, "3"])
def test_a_number_of_colours_is_an_integer(make, n):
    """Anything else is refused in a sentence."""
    with pytest.raises(pw.PixelwiseError, match="n must be an integer, got"):
        make(n)


def test_a_shown_picture_is_saved_by_its_suffix(tmp_path):
    """SVG and page as text, any other as Pillow does."""
    shown = pw.show(image(), classes=CLASSES)
    for name in ("a.svg", "a.html", "a.png"):
        shown.save(tmp_path / name)
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == shown.svg()
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == shown.html()
    with Image.open(tmp_path / "a.png") as read:
        assert read.size == shown.size
