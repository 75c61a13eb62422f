"""Damaged and unusual label files: none is read as something else.

A row is a file and a promise: the exact stored values come out, or one sentence says what is wrong
and where. No wrong input ever yields a number.
"""

import os
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from labels.build_png import build_png, chunk, header, join, rows_of
from labels.label_files import CLASSES, VALUES, stored
from pixelwise.errors import DatasetError, LabelError, PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import color_to_index
from pixelwise.labels.image import image_size, read_image, read_rgb
from pixelwise.labels.png import label_size, read_label, write_label


def test_a_file_cut_inside_its_pixels_is_an_error(tmp_path, monkeypatch):
    """Rows that are not there never become class 0, with any Pillow setting; the last is named."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    noise = np.random.default_rng(1).integers(0, 256, (64, 64))
    path = stored(tmp_path, build_png(noise)[:-1500])
    with pytest.raises(LabelError, match=r"ends inside chunk IDAT, after \d+ of 64 rows"):
        read_label(path)


def test_a_sound_stream_with_too_few_rows_is_an_error(tmp_path):
    """Everything in the file is valid; five of eight rows are simply not in it."""
    pixels = chunk(b"IDAT", zlib.compress(rows_of(VALUES[:5], 8)))
    path = stored(tmp_path, join(header(8, 8, 8, 0), pixels))
    with pytest.raises(LabelError, match="complete PNG file, got 5 of 8 rows"):
        read_label(path)


def test_pixels_with_a_wrong_checksum_are_an_error(tmp_path):
    """One bit of the stored checksum differs; the pixels may or may not be what was saved."""
    data = bytearray(build_png(VALUES))
    data[data.rindex(b"IEND") - 5] ^= 1
    with pytest.raises(LabelError, match="wrong checksum in chunk IDAT"):
        read_label(stored(tmp_path, bytes(data)))


@pytest.mark.parametrize("change", [lambda data: data[:-12], lambda data: data + b"behind" * 99])
def test_all_rows_are_enough_with_or_without_an_end(tmp_path, change):
    """No IEND, or bytes behind it: all rows and checksums are right, so the label is read."""
    path = stored(tmp_path, change(build_png(VALUES)))
    np.testing.assert_array_equal(read_label(path), VALUES)


@pytest.mark.parametrize("size", [(0, 8), (8, 0), (0, 0)])
def test_a_picture_without_pixels_is_an_error(tmp_path, size):
    """Width or height 0 is not a label."""
    path = stored(tmp_path, join(header(*size, 8, 0), chunk(b"IDAT", zlib.compress(b""))))
    for read in (read_label, label_size):
        with pytest.raises(LabelError, match=f"with pixels, got {size[0]} x {size[1]}"):
            read(path)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_a_single_row_or_column_keeps_both_axes(tmp_path, shape):
    """(H, W) stays (H, W) on the way to the file and back, and to class indices."""
    label = np.full(shape, 1, np.uint8)
    write_label(tmp_path / "a.png", label)
    np.testing.assert_array_equal(read_label(tmp_path / "a.png"), label)
    assert CLASSES.to_index(label).shape == shape


def test_one_bit_grey_is_zero_and_one(tmp_path):
    """Numbers in uint8: neither bool nor 0 and 255."""
    label = read_label(stored(tmp_path, build_png(VALUES % 2, depth=1, color_type=0)))
    np.testing.assert_array_equal(label, VALUES % 2)
    assert label.dtype == np.uint8


@pytest.mark.parametrize("depth", [2, 4])
def test_low_bit_grey_is_not_stretched(tmp_path, depth):
    """The value in the file, not value * 85 or * 17."""
    values = VALUES % 2**depth
    path = stored(tmp_path, build_png(values, depth, color_type=0))
    np.testing.assert_array_equal(read_label(path), values)


def test_sixteen_bits_are_kept(tmp_path):
    """26000 stays 26000: no clipping to 255, no low byte, no high byte."""
    values = (VALUES.astype(np.uint16) + 1) * 1023
    label = read_label(stored(tmp_path, build_png(values, 16, color_type=0)))
    np.testing.assert_array_equal(label, values)
    assert label.dtype == np.uint16


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_file_gives_its_indices(tmp_path, depth):
    """The index itself, whatever colours the palette shows."""
    values = VALUES & (2**depth - 1)
    np.testing.assert_array_equal(read_label(stored(tmp_path, build_png(values, depth))), values)


def test_transparency_changes_no_index(tmp_path):
    """A tRNS chunk is about showing: index 0 that cannot be seen is index 0."""
    path = stored(tmp_path, build_png(VALUES, before=chunk(b"tRNS", bytes(64))))
    np.testing.assert_array_equal(read_label(path), VALUES)


def test_an_index_behind_the_palette_is_unknown_and_not_black(tmp_path):
    """Read as stored, so that the class table refuses it with its count and place."""
    values = np.zeros((8, 8), np.uint8)
    values[3, 5] = 200
    label = read_label(stored(tmp_path, build_png(values)))
    with pytest.raises(LabelError, match=r"got 200 \(1 pixel, first at y=3 x=5\)"):
        CLASSES.to_index(label)


def test_interlaced_files_give_the_same_values(tmp_path):
    """The seven images of Adam7 are put together again."""
    path = stored(tmp_path, build_png(VALUES, interlaced=True))
    np.testing.assert_array_equal(read_label(path), VALUES)


@pytest.mark.parametrize("mode", ["LA", "RGB", "RGBA"])
def test_index_in_several_channels_is_refused_with_the_line_that_keeps_one(tmp_path, mode):
    """No channel is guessed; the line in the message gives the indices."""
    Image.fromarray(VALUES).convert(mode).save(tmp_path / "a.png")
    with pytest.raises(LabelError, match=r"got (RGBA?|grey with alpha)\. .*\[:, :, 0\]"):
        read_label(tmp_path / "a.png")
    write_label(tmp_path / "b.png", read_image(tmp_path / "a.png")[:, :, 0])
    np.testing.assert_array_equal(read_label(tmp_path / "b.png"), VALUES)


def test_colours_become_classes_exactly_and_strangers_are_counted():
    """One step away from a known colour is unknown; it is neither 0 nor the nearest class."""
    classes = Classes(["sky", "road"], [(0, 0, 255), (128, 64, 128)])
    picture = np.array(classes.colors, np.uint8)[VALUES % 2]
    np.testing.assert_array_equal(color_to_index(picture, classes), VALUES % 2)
    picture[2, 1:4] = (128, 64, 129)
    with pytest.raises(LabelError, match=r"\(128, 64, 129\) nearest to road \(3 pixels, .*y=2 x=1"):
        color_to_index(picture, classes)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_label_saved_with_loss_is_refused(tmp_path, name):
    """By its bytes, not by its name."""
    Image.fromarray(VALUES).save(tmp_path / name, "JPEG")
    with pytest.raises(LabelError, match="stored without loss, got a JPEG file"):
        read_label(tmp_path / name)


def test_an_orientation_tag_turns_neither_image_nor_label(tmp_path):
    """The two stay on top of each other; sizes from headers agree with the pixels."""
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(VALUES[:4]).save(tmp_path / "a.png", exif=exif)
    assert read_label(tmp_path / "a.png").shape == label_size(tmp_path / "a.png") == (4, 8)
    assert read_rgb(tmp_path / "a.png").shape[:2] == image_size(tmp_path / "a.png") == (4, 8)


def test_a_header_of_60000_by_60000_takes_no_memory(tmp_path):
    """A file of a kilobyte that promises 3.6 thousand million pixels is refused at once."""
    pixels = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    path = stored(tmp_path, join(header(60_000, 60_000, 8, 0), pixels))
    tracemalloc.start()
    for read in (read_label, read_rgb):
        with pytest.raises(PixelwiseError, match=r"at most 268,435,456 pixels|decompression bomb"):
            read(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 22
    tracemalloc.stop()


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_beside_the_pixels_is_not_unpacked(tmp_path, name):
    """64 MiB of zeros in a comment: neither a label nor an image looks at it."""
    bomb = zlib.compress(bytes(1 << 26), 9)
    keyword = {b"zTXt": b"x\0\0", b"iTXt": b"x\0\1\0\0\0", b"iCCP": b"x\0\0"}[name]
    path = stored(tmp_path, build_png(VALUES, color_type=0, before=chunk(name, keyword + bomb)))
    tracemalloc.start()
    np.testing.assert_array_equal(read_label(path), VALUES)
    np.testing.assert_array_equal(read_rgb(path)[:, :, 0], VALUES)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif"])
def test_several_frames_are_an_error(tmp_path, name):
    """The first one is not taken silently."""
    frames = [Image.fromarray(VALUES), Image.fromarray(VALUES.T.copy())]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    with pytest.raises(LabelError, match=r"one image, got (an animation|2 pages)|got a GIF file"):
        read_label(tmp_path / name)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.int32([[0, -1, -1]]), r"-1 \(2 pixels, first at y=0 x=1\)"),
        (np.float32([[0.5]]), "floating-point samples"),
        (np.float32([[np.nan]]), "floating-point samples"),
    ],
)
def test_a_tiff_with_values_that_no_label_has_is_an_error(tmp_path, values, problem):
    """Negative, fractional, NaN: named, not wrapped or rounded."""
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(LabelError, match=problem):
        read_label(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda path: path.write_bytes(b"<!DOCTYPE html><html>"), "starts with b'<!DOCTYPE ht"),
        (lambda path: path.write_bytes(b""), "an empty file"),
        (os.mkdir, "a folder"),
        (os.mkfifo, "a pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
    ],
    ids=["html", "empty", "folder", "pipe", "zeros", "missing"],
)
def test_what_only_has_the_name_of_a_png_is_refused_without_waiting(tmp_path, make, got):
    """Looked at before it is opened: a pipe would block for ever, /dev/zero never end."""
    make(tmp_path / "a.png")
    with pytest.raises(LabelError, match=got):
        read_label(tmp_path / "a.png")
    with pytest.raises(DatasetError, match=r"(?i)" + got.replace("starts with", "no format|")):
        read_rgb(tmp_path / "a.png")
