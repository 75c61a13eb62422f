"""Labels in BMP and TIFF files: stored values exactly, or a refusal."""

import numpy as np
import pytest
from PIL import Image, ImageFile, TiffImagePlugin

from pixelwise.errors import LabelError
from pixelwise.labels.decode import check_memory
from pixelwise.labels.png import label_size, read_label

BYTES = np.arange(256, dtype=np.uint8).reshape(8, 32)


def save_tiff(path, array, **tags):
    """A TIFF with some tags set by number, such as t262=0."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for name, value in tags.items():
        info[int(name[1:])] = value
    Image.fromarray(array).save(path, tiffinfo=info)
    return path


@pytest.mark.parametrize("name", ["a.bmp", "a.tif"])
def test_grey_and_indexed_bytes_come_out_exactly(tmp_path, name):
    """All 256 values, as grey and as palette indices."""
    Image.fromarray(BYTES).save(tmp_path / name)
    assert np.array_equal(read_label(tmp_path / name), BYTES)
    indexed = Image.frombytes("P", (32, 8), BYTES.tobytes())
    indexed.putpalette([v for i in range(256) for v in (255 - i, i, 7)])
    indexed.save(tmp_path / name)
    assert np.array_equal(read_label(tmp_path / name), BYTES)
    assert label_size(tmp_path / name) == (8, 32)


@pytest.mark.parametrize("name", ["a.bmp", "a.tif"])
def test_one_bit_is_zero_and_one(tmp_path, name):
    """Never bool, never 255."""
    Image.fromarray(BYTES % 2 == 1).save(tmp_path / name)
    label = read_label(tmp_path / name)
    assert np.array_equal(label, BYTES % 2)
    assert label.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_wide_samples_are_kept_or_refused(tmp_path, dtype):
    """Up to 65535 as uint16."""
    label = np.array([[0, 300, 65535]], dtype)
    Image.fromarray(label).save(tmp_path / "a.tif")
    found = read_label(tmp_path / "a.tif")
    assert found.dtype == np.uint16
    assert found.tolist() == label.tolist()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[0, -1]], np.int32), r"values 0\.\.65535, got -1 \(1 pixel, first at y=0 x=1\)"),
        (np.array([[0, 65536]], np.int32), r"values 0\.\.65535, got 65536 \(1 pixel"),
        (np.array([[0, 0.5]], np.float32), "made of integers, got floating-point samples"),
        (np.array([[0, np.nan]], np.float32), "made of integers, got floating-point samples"),
        (np.zeros((2, 2, 3), np.uint8), "one-channel image, got RGB. Convert it with color_to"),
        (np.zeros((2, 2, 4), np.uint8), "one-channel image, got RGBA. Convert it with color_to"),
    ],
)
def test_values_that_no_label_has_are_refused(tmp_path, array, message):
    """Negative, too large, fractional or coloured samples."""
    Image.fromarray(array).save(tmp_path / "a.tif")
    with pytest.raises(LabelError, match=rf"a\.tif: label must be .*{message}"):
        read_label(tmp_path / "a.tif")


def test_signed_bytes_are_not_read_as_unsigned(tmp_path):
    """Pillow shows -1 in a signed file as 255, which would become void."""
    path = save_tiff(tmp_path / "a.tif", np.array([[1, 255]], np.uint8), t339=2)
    with pytest.raises(LabelError, match=r"made of values 0\.\.65535, got -1"):
        read_label(path)


@pytest.mark.parametrize(("bits", "scale"), [(2, 85), (4, 17)])
def test_grey_below_8_bits_is_not_scaled(tmp_path, bits, scale):
    """A TIFF made by hand: Pillow multiplies its samples, a label wants them as stored."""
    path = tmp_path / "a.tif"
    path.write_bytes(small_tiff(bits, bytes([0b00011011])))
    samples = [int(f"{0b00011011:08b}"[i : i + bits], 2) for i in range(0, 8, bits)]
    assert read_label(path).tolist() == [samples]
    with Image.open(path) as image:
        assert (np.asarray(image) == np.array(samples) * scale).all(), "Pillow does scale"


def small_tiff(bits, row):
    """One uncompressed row of 8 / bits grey samples."""
    entries = [
        (256, 3, 8 // bits),  # width
        (257, 3, 1),  # height
        (258, 3, bits),
        (259, 3, 1),  # not compressed
        (262, 3, 1),  # black is zero
        (273, 4, 8),  # where the row is
        (277, 3, 1),  # samples a pixel
        (278, 3, 1),  # rows a strip
        (279, 4, len(row)),
    ]
    directory = len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        directory += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
        directory += (1).to_bytes(4, "little") + value.to_bytes(4, "little")
    pixels = row.ljust(4, b"\0")
    return b"II*\0" + (8 + len(pixels)).to_bytes(4, "little") + pixels + directory + bytes(4)


def test_white_as_zero_is_refused(tmp_path):
    """Readers disagree on whether such samples are inverted."""
    path = save_tiff(tmp_path / "a.tif", BYTES, t262=0)
    with pytest.raises(LabelError, match="grey with black as zero, or a palette, got photometric"):
        read_label(path)


def test_jpeg_inside_tiff_is_lossy(tmp_path):
    """The container says nothing about what its pixels went through."""
    Image.fromarray(BYTES).save(tmp_path / "a.tif", compression="jpeg")
    with pytest.raises(LabelError, match="stored without loss, got a TIFF file with jpeg"):
        read_label(tmp_path / "a.tif")


def test_several_pages_are_refused(tmp_path):
    """Pillow would take the first page without a word."""
    page = Image.fromarray(BYTES)
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    with pytest.raises(LabelError, match=r"one image, got 3 pages\. Save the page you want"):
        read_label(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["a.bmp", "a.tif"])
@pytest.mark.parametrize("pillow_forgives", [False, True])
def test_a_truncated_file_is_refused_whatever_pillow_is_told(
    tmp_path, monkeypatch, name, pillow_forgives
):
    """Missing rows never become class 0."""
    Image.fromarray(BYTES).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) - 40])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", pillow_forgives)
    with pytest.raises(LabelError, match=r"label must be a complete (BMP|TIFF) file"):
        read_label(tmp_path / name)


@pytest.mark.parametrize("magic", [b"BM", b"II*\0", b"MM\0*"])
@pytest.mark.parametrize("read", [read_label, label_size])
def test_garbage_behind_a_known_beginning_is_refused(tmp_path, magic, read):
    """Whatever a decoder raises arrives as one kind of error."""
    (tmp_path / "a.tif").write_bytes(magic + bytes(range(200)))
    with pytest.raises(
        LabelError, match=r"label must be (an undamaged|a complete) (BMP|TIFF) file"
    ):
        read(tmp_path / "a.tif")


def test_the_pixel_limit_holds_before_decoding(tmp_path):
    """The same limit as for PNG."""
    Image.fromarray(BYTES).save(tmp_path / "a.bmp")
    with pytest.raises(LabelError, match="at most 255 pixels, got 32 x 8"):
        read_label(tmp_path / "a.bmp", max_pixels=255)


def test_a_palette_takes_no_memory_in_a_label():
    """A TIFF file of 16,384 x 16,384 indices is read as one of as many grey samples is."""
    for mode in ("L", "P"):
        check_memory("TIFF", mode, 16384, 16384, 1000, is_label=True)
