"""Images come out as their files hold them, or as RGB of 8 bits."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import DatasetError
from pixelwise.labels.decode import read_head
from pixelwise.labels.image import image_size, read_image, read_rgb

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOR = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm"])
def test_rgb_comes_out_exactly(tmp_path, name):
    """Lossless formats give the array that was saved, writable and (H, W, 3)."""
    Image.fromarray(COLOR).save(tmp_path / name)
    image = read_rgb(tmp_path / name)
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
    assert np.array_equal(read_rgb(tmp_path / name), np.dstack([expected] * 3))


def test_alpha_is_dropped_without_blending(tmp_path):
    """The colour channels of an RGBA image come out as stored, also where it is transparent."""
    alpha = np.arange(35, dtype=np.uint8).reshape(5, 7, 1)
    Image.fromarray(np.concatenate([COLOR, alpha], axis=2)).save(tmp_path / "a.png")
    assert np.array_equal(read_rgb(tmp_path / "a.png"), COLOR)


def test_a_palette_is_applied(tmp_path):
    """An indexed image shows its colours, not its indices; transparency changes none."""
    picture = Image.frombytes("P", (3, 1), b"\0\1\2")
    picture.putpalette([9, 8, 7, 6, 5, 4, 3, 2, 1])
    picture.save(tmp_path / "a.png", transparency=1)
    assert read_rgb(tmp_path / "a.png").tolist() == [[[9, 8, 7], [6, 5, 4], [3, 2, 1]]]


def test_an_orientation_tag_is_not_applied(tmp_path):
    """Labels are not turned either, so the two stay on top of each other."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOR).save(tmp_path / "a.jpg", exif=exif)
    assert read_rgb(tmp_path / "a.jpg").shape == (5, 7, 3)
    assert image_size(tmp_path / "a.jpg") == (5, 7)


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    """Printers' files have four channels, none of which is alpha."""
    Image.new("CMYK", (4, 3), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red, green, blue = read_rgb(tmp_path / "a.jpg")[0, 0].tolist()
    assert (red > 200, green < 50, blue < 50) == (True, True, True)


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (GREY, "a.png"),
        (GREY.astype(np.uint16) * 257, "a.png"),
        (GREY.astype(np.uint16) * 257, "a.tif"),
        (GREY.astype(np.float32) - 0.5, "a.tif"),
        (COLOR, "a.png"),
        (COLOR, "a.tif"),
    ],
    ids=["grey", "16 bit", "16 bit tif", "float", "colour", "colour tif"],
)
def test_samples_come_out_as_stored_with_an_axis_of_channels(tmp_path, array, name):
    """(H, W, 1) for grey, (H, W, 3) for colour; the dtype of the file."""
    Image.fromarray(array).save(tmp_path / name)
    image = read_image(tmp_path / name)
    assert image.dtype == array.dtype
    assert np.array_equal(image, array.reshape(*array.shape[:2], -1))
    assert image.flags.writeable
    assert image.flags.c_contiguous


def test_big_endian_samples_come_out_as_numbers(tmp_path):
    """16 bits in the order of bytes that some microscopes write."""
    Image.frombytes("I;16B", (2, 1), b"\x01\x02\x03\x04").save(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif")
    assert image.dtype == np.uint16
    assert image.tolist() == [[[0x0102], [0x0304]]]


@pytest.mark.parametrize("array", [GREY, GREY.astype(np.uint16) * 257, GREY.astype(np.float32)])
def test_three_channels_of_a_grey_image_are_equal(tmp_path, array):
    """In the dtype of the file."""
    Image.fromarray(array).save(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif", 3)
    assert image.dtype == array.dtype
    assert np.array_equal(image, np.dstack([array] * 3))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_kept_only_where_it_is_counted(tmp_path, mode):
    """None = the other channels; their number with alpha = all."""
    channels = len(mode)
    samples = np.random.default_rng(2).integers(0, 256, (4, 5, channels), dtype=np.uint8)
    Image.frombytes(mode, (5, 4), samples.tobytes()).save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png"), samples[:, :, :-1])
    assert np.array_equal(read_image(tmp_path / "a.png", channels - 1), samples[:, :, :-1])
    assert np.array_equal(read_image(tmp_path / "a.png", channels), samples)


@pytest.mark.parametrize(("channels", "found"), [(1, 3), (4, 3), (2, 3)])
def test_channels_that_the_file_does_not_have_are_not_made_up(tmp_path, channels, found):
    Image.fromarray(COLOR).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match=rf"image with {channels} channels?, got {found}\."):
        read_image(tmp_path / "a.png", channels)


def test_sixteen_bits_of_a_pgm_file_are_sixteen_bits(tmp_path):
    """Pillow decodes them to 32."""
    wide = GREY.astype(np.uint16) * 300
    Image.fromarray(wide).save(tmp_path / "a.pgm")
    assert np.array_equal(read_image(tmp_path / "a.pgm")[:, :, 0], wide)
    with open(tmp_path / "a.pgm", "rb") as file:
        assert read_head(file).mode == "I;16"


def test_integers_of_32_bits_become_float32_or_are_refused(tmp_path):
    """Up to 24 bits nothing is rounded; beyond, something would be."""
    pytest.importorskip("tifffile", reason="the extra tiff is not installed")
    Image.fromarray(GREY.astype(np.int32) - 100).save(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif")
    assert image.dtype == np.float32
    assert np.array_equal(image[:, :, 0], GREY.astype(int) - 100)
    Image.fromarray(GREY.astype(np.int32) + (1 << 24)).save(tmp_path / "b.tif")
    with pytest.raises(DatasetError, match=r"integers that float32 holds, up to 24 bits, got"):
        read_image(tmp_path / "b.tif")


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_samples_without_an_agreed_range_are_refused(tmp_path, dtype):
    """Whether 1.0 is white or nearly black cannot be known."""
    Image.fromarray(GREY.astype(dtype)).save(tmp_path / "a.tif")
    with pytest.raises(DatasetError, match=r"a\.tif: image must be an image with 8 or 16 bits"):
        read_rgb(tmp_path / "a.tif")


def test_several_frames_are_refused(tmp_path):
    """The first one would be taken for the whole."""
    frame = Image.fromarray(COLOR)
    frame.save(tmp_path / "a.tif", save_all=True, append_images=[frame, frame])
    with pytest.raises(DatasetError, match=r"a\.tif: image must be one image, got 3 pages"):
        read_rgb(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a file with content, got an empty file"),
        (b"<html>", "a readable image, got a file in no format that is read"),
    ],
)
@pytest.mark.parametrize("read", [read_image, read_rgb, image_size])
def test_what_is_no_picture_is_named(tmp_path, read, content, message):
    """File, reason; no half image."""
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"a\.jpg: image must be {message}"):
        read(tmp_path / "a.jpg")


@pytest.mark.parametrize("read", [read_image, read_rgb, image_size])
def test_a_missing_picture_and_a_folder_are_named(tmp_path, read):
    """The first question about a file is whether it is one."""
    with pytest.raises(DatasetError, match=r"a\.jpg: image must be an existing file"):
        read(tmp_path / "a.jpg")
    with pytest.raises(DatasetError, match="image must be a regular file, got a folder"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_truncated_picture_is_refused(tmp_path, name):
    """An image that ends early has grey or black below; training on that would go unnoticed."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match=r"image must be a complete (JPEG|PNG) file, got one"):
        read_rgb(tmp_path / name)


@pytest.mark.parametrize(
    ("shape", "dtype", "stored", "got"),
    [
        ((4, 8, 9), np.uint16, {"planarconfig": "separate"}, "4 bands of uint16"),
        ((8, 9, 5), np.float32, {"planarconfig": "contig"}, "5 bands of float32"),
        ((8, 9, 2), np.int16, {"planarconfig": "contig"}, "2 bands of int16"),
    ],
)
def test_other_bands_are_neither_damage_nor_colours(tmp_path, shape, dtype, stored, got):
    """Pillow gives the first of several planes, and calls the others damaged."""
    tifffile = pytest.importorskip("tifffile", reason="the extra tiff is not installed")
    tifffile.imwrite(tmp_path / "a.tif", np.ones(shape, dtype), photometric="minisblack", **stored)
    with pytest.raises(DatasetError, match=f"must be RGB or grey of 8 or 16 bits, got {got}. Name"):
        read_rgb(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["P", "L", "I;16", "RGB", "RGBA", "LA", "CMYK"])
def test_tiff_files_of_colours_and_grey_are_read_as_ever(tmp_path, mode):
    image = Image.new(mode, (9, 8), 1 if len(mode) < 2 or mode == "I;16" else None)
    image.save(tmp_path / "a.tif")
    assert read_rgb(tmp_path / "a.tif").shape == (8, 9, 3)
