"""Pictures come out as RGB of 8 bits, whatever they are stored as."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import DatasetError
from pixelwise.labels.image import image_size, read_image

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOR = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm"])
def test_rgb_comes_out_exactly(tmp_path, name):
    """Lossless formats give the array that was saved, writable and (H, W, 3)."""
    Image.fromarray(COLOR).save(tmp_path / name)
    image = read_image(tmp_path / name)
    assert np.array_equal(image, COLOR)
    assert image.flags.writeable
    assert image_size(tmp_path / name) == (5, 7)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, GREY),
        (GREY.astype(np.uint16) * 257, GREY),
        (GREY > 100, (GREY > 100) * np.uint8(255)),
    ],
    ids=["8 bit", "16 bit", "1 bit"],
)
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_grey_is_repeated_in_three_channels(tmp_path, name, array, expected):
    """8 bits as they are, the upper 8 of 16 bits, 0 and 255 for 1 bit."""
    Image.fromarray(array).save(tmp_path / name)
    assert np.array_equal(read_image(tmp_path / name), np.dstack([expected] * 3))


def test_alpha_is_dropped_without_blending(tmp_path):
    """The colour channels of an RGBA picture come out as stored, also where it is transparent."""
    alpha = np.arange(35, dtype=np.uint8).reshape(5, 7, 1)
    Image.fromarray(np.concatenate([COLOR, alpha], axis=2)).save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png"), COLOR)


def test_a_palette_is_applied(tmp_path):
    """An indexed picture shows its colours, not its indices; transparency changes none."""
    picture = Image.frombytes("P", (3, 1), b"\0\1\2")
    picture.putpalette([9, 8, 7, 6, 5, 4, 3, 2, 1])
    picture.save(tmp_path / "a.png", transparency=1)
    assert read_image(tmp_path / "a.png").tolist() == [[[9, 8, 7], [6, 5, 4], [3, 2, 1]]]


def test_an_orientation_tag_is_not_applied(tmp_path):
    """Labels are not turned either, so the two stay on top of each other."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOR).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").shape == (5, 7, 3)
    assert image_size(tmp_path / "a.jpg") == (5, 7)


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    """Printers' files have four channels, none of which is alpha."""
    Image.new("CMYK", (4, 3), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red, green, blue = read_image(tmp_path / "a.jpg")[0, 0].tolist()
    assert (red > 200, green < 50, blue < 50) == (True, True, True)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_samples_without_an_agreed_range_are_refused(tmp_path, dtype):
    """Whether 1.0 is white or nearly black cannot be known."""
    Image.fromarray(GREY.astype(dtype)).save(tmp_path / "a.tif")
    with pytest.raises(DatasetError, match=r"a\.tif: image must be a picture with 8 or 16 bits"):
        read_image(tmp_path / "a.tif")


def test_several_frames_are_refused(tmp_path):
    """The first one would be taken for the whole."""
    frame = Image.fromarray(COLOR)
    frame.save(tmp_path / "a.tif", save_all=True, append_images=[frame, frame])
    with pytest.raises(DatasetError, match=r"a\.tif: image must be one picture, got 3 frames"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a file with content, got an empty file"),
        (b"<html>", "a readable picture, got a file in no format that Pillow knows"),
    ],
)
@pytest.mark.parametrize("read", [read_image, image_size])
def test_what_is_no_picture_is_named(tmp_path, read, content, message):
    """File, reason; no half picture."""
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"a\.jpg: image must be {message}"):
        read(tmp_path / "a.jpg")


@pytest.mark.parametrize("read", [read_image, image_size])
def test_a_missing_picture_and_a_folder_are_named(tmp_path, read):
    """The first question about a file is whether it is one."""
    with pytest.raises(DatasetError, match=r"a\.jpg: image must be an existing file"):
        read(tmp_path / "a.jpg")
    with pytest.raises(DatasetError, match="image must be a regular file, got a folder"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_truncated_picture_is_refused(tmp_path, name):
    """A picture that ends early has grey or black below; training on that would go unnoticed."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match=r"image must be a readable picture, got .*truncated"):
        read_image(tmp_path / name)
