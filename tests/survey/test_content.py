"""What decoded files look like: photographs, labels, and labels whose borders are soft."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pixelwise.survey.content import (
    content_of,
    count_colors,
    kind_of,
    look,
    pack_colors,
    pixels_of,
    read_pixels,
)

HEIGHT, WIDTH = 120, 160
Y, X = np.mgrid[:HEIGHT, :WIDTH]
DISC = ((Y - 60) ** 2 + (X - 80) ** 2 < 30**2) * np.uint8(255)
COLORS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (128, 64, 128), (70, 70, 70)], np.uint8)


def photograph(channels=3):
    """Smooth changes of brightness with noise on them."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(120, 40, (5, 6, channels)).astype(np.float32)
    smooth = [
        Image.fromarray(coarse[..., c]).resize((WIDTH, HEIGHT), Image.BICUBIC)
        for c in range(channels)
    ]
    noise = rng.normal(0, 4, (HEIGHT, WIDTH, channels))
    return np.clip(np.dstack(smooth) + noise, 0, 255).astype(np.uint8)


def in_border(image):
    """The image in a round field of view."""
    outside = (Y - 60) ** 2 + (X - 80) ** 2 > 50**2
    return np.where(outside.reshape(HEIGHT, WIDTH, *[1] * (image.ndim - 2)), 0, image)


def levels(number):
    """Slanted areas of so many grey levels."""
    return np.linspace(0, 255, number).astype(np.uint8)[(X + Y // 3) * number // (WIDTH + 40)]


def areas():
    return (X + Y // 3) * 5 // (WIDTH + 40)


def smaller(array):
    image = Image.fromarray(array).resize((WIDTH // 2, HEIGHT // 2), Image.BILINEAR)
    return np.array(image.rotate(3, Image.BILINEAR))


def blurred(array):
    return np.array(Image.fromarray(array).filter(ImageFilter.GaussianBlur(2)))


def as_jpeg(array, quality=75):
    file = BytesIO()
    Image.fromarray(array).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


@pytest.mark.parametrize(
    "image",
    [
        photograph(),
        photograph()[..., 0],
        photograph()[..., 0].astype(np.uint16) * 200,
        photograph().astype(np.uint16) * 256,
        photograph()[..., 0] / 255,
        in_border(photograph()),
        in_border(photograph()[..., 0]),
        np.array(Image.fromarray(photograph()).quantize(256)),
    ],
)
def test_images_of_many_values_none_of_which_stands_out_look_like_photographs(image):
    assert content_of(pixels_of(image)).kind == "photograph"


@pytest.mark.parametrize("quality", [95, 50])
def test_photographs_saved_with_loss_look_like_photographs(quality):
    assert content_of(pixels_of(as_jpeg(photograph(), quality), lossy=True)).kind == "photograph"


@pytest.mark.parametrize(
    "label",
    [
        DISC,
        DISC > 0,
        np.zeros_like(DISC),
        levels(3),
        areas().astype(np.uint8),
        COLORS[areas()],
        (X // 40 * 1000 + Y // 30).astype(np.uint16),
        (X // 8 * 100 + Y // 8).astype(np.uint16),
        areas().astype(np.float32),
    ],
)
def test_images_of_few_values_look_like_labels(label):
    assert content_of(pixels_of(label)).kind == "label"


@pytest.mark.parametrize(
    "label",
    [
        blurred(DISC),
        smaller(DISC),
        smaller(levels(3)),
        smaller(levels(6)),
        smaller(COLORS[areas()]),
        np.repeat(smaller(DISC)[..., None], 3, axis=2),
    ],
)
def test_labels_that_were_resized_like_images_look_soft(label):
    assert content_of(pixels_of(label)).kind == "soft"


@pytest.mark.parametrize("quality", [95, 75, 40])
@pytest.mark.parametrize("label", [DISC, levels(3), levels(6), COLORS[areas()]])
def test_labels_saved_with_loss_look_soft(label, quality):
    assert content_of(pixels_of(as_jpeg(label, quality), lossy=True)).kind == "soft"


def test_the_levels_of_a_soft_label_are_the_values_that_were_drawn():
    levels_found = content_of(pixels_of(smaller(levels(4)))).levels
    assert sorted(value for value, _ in levels_found) == [0, 85, 170, 255]


def test_files_are_looked_at_and_those_that_cannot_be_decoded_are_passed_over(tmp_path):
    Image.fromarray(photograph()).save(tmp_path / "photo.jpg")
    Image.fromarray(DISC).save(tmp_path / "disc.jpg")
    Image.fromarray(DISC).save(tmp_path / "disc.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    names = ("photo.jpg", "disc.jpg", "disc.png")
    kinds = [look(tmp_path / name).kind for name in names]
    assert kinds == ["photograph", "soft", "label"]
    assert look(tmp_path / "broken.png") is None
    assert kind_of([tmp_path / "broken.png", tmp_path / "photo.jpg"]) == "photograph"
    assert kind_of([tmp_path / "disc.png", tmp_path / "photo.jpg"]) == "unclear"
    assert kind_of([]) == "unclear"


def test_grey_below_eight_bits_has_the_values_that_are_stored(tmp_path):
    Image.fromarray(DISC > 0).save(tmp_path / "1.png")
    found = look(tmp_path / "1.png")
    assert [value for value, _ in found.levels] == [0, 1]


@pytest.mark.parametrize("image", [COLORS[areas()], photograph()])
def test_colours_are_counted_as_numpy_counts_them(image):
    packed = pack_colors(image)
    expected = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
    colors, pixels = count_colors(packed)
    np.testing.assert_array_equal(colors, expected[0] @ [1 << 16, 1 << 8, 1])
    np.testing.assert_array_equal(pixels, expected[1])


def test_floats_and_palettes_are_looked_at_as_they_are_stored_or_shown(tmp_path):
    image = Image.fromarray(areas().astype(np.uint8), "P")
    image.putpalette(COLORS.tobytes())
    image.save(tmp_path / "palette.png")
    stored, shown = (
        read_pixels(tmp_path / "palette.png"),
        read_pixels(tmp_path / "palette.png", shown=True),
    )
    np.testing.assert_array_equal(stored.packed, areas())
    np.testing.assert_array_equal(shown.packed, pack_colors(COLORS[areas()]))
