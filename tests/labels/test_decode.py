"""One decoder: known formats, whole images, and no more memory than is allowed."""

import subprocess
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFile

from labels.build_png import chunk, header, join
from pixelwise.errors import DatasetError, LabelError
from pixelwise.files.content import Unreadable
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image, orientation_of, read_head
from pixelwise.labels.image import image_size, read_image
from pixelwise.labels.png import read_label

NOISE = np.random.default_rng(0).integers(0, 256, (64, 48, 4), dtype=np.uint8)
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"


def encoded(kind, mode="RGB", **options):
    file = BytesIO()
    Image.fromarray(NOISE).convert(mode).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("content", [POSTSCRIPT, b"%PDF-1.4\n", b"8BPS\0\1" + bytes(40)])
@pytest.mark.parametrize(
    ("read", "error"),
    [(read_image, DatasetError), (image_size, DatasetError), (read_label, LabelError)],
)
def test_a_file_of_another_format_called_png_starts_no_program(
    tmp_path, monkeypatch, content, read, error
):
    """Pillow would hand PostScript to Ghostscript."""
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program"))
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(error, match=r"a\.png: (image|label) must be"):
        read(tmp_path / "a.png")


KINDS_OF_PNG = [(0, 8), (0, 16), (2, 8), (2, 16), (3, 8), (4, 8), (4, 16), (6, 8), (6, 16)]


@pytest.mark.parametrize(("color", "depth"), KINDS_OF_PNG)
def test_missing_rows_of_a_png_of_any_kind_are_counted(tmp_path, color, depth):
    """Pillow fills them with zeros."""
    row = bytes(1 + 5 * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color] * depth // 8)
    palette = chunk(b"PLTE", bytes(768)) if color == 3 else b""
    pixels = chunk(b"IDAT", zlib.compress(10 * row))
    data = join(header(5, 64, depth, color), palette, pixels)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DatasetError, match="a complete PNG file, got 10 of 64 rows"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA"])
def test_the_limit_of_pillow_is_neither_used_nor_changed(monkeypatch, kind):
    """Ours is larger; a warning would be an error here."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    data = encoded(kind)
    assert samples_of(decode_image(data)).shape[:2] == (64, 48)
    assert read_head(BytesIO(data)).height == 64
    assert Image.MAX_IMAGE_PIXELS == 2000


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA"])
def test_memory_is_checked_before_it_is_taken(monkeypatch, kind):
    """The limit, what the image takes, and how to allow it."""
    monkeypatch.setenv("PIXELWISE_MAX_GIB", "0.00001")
    with pytest.raises(Unreadable, match=r"unpacks to at most 1e-05 GiB.*48 x 64 pixels of mode"):
        decode_image(encoded(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA"])
def test_truncated_images_are_refused_when_pillow_is_told_to_load_them(monkeypatch, kind):
    """A library that sets the switch does not change what is read here."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(kind)
    with pytest.raises(Unreadable, match=r"complete|undamaged|Pillow's own checks"):
        decode_image(data[: len(data) * 2 // 3])


def test_damaged_camera_data_are_no_matter(recwarn):
    """Pillow warns of them on stderr."""
    data = encoded("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\1\3\0\xff\0\0\0" * 3)
    decode_image(data)
    assert list(recwarn) == []


@pytest.mark.parametrize("tag", range(1, 9))
def test_the_orientation_tag_is_read_from_every_format_that_has_one(tag):
    exif = Image.Exif()
    exif[274] = tag
    for kind in ("PNG", "JPEG", "WEBP"):
        assert read_head(BytesIO(encoded(kind, exif=exif))).orientation == tag
    assert read_head(BytesIO(encoded("TIFF", tiffinfo={274: tag}))).orientation == tag
    assert orientation_of(exif.tobytes()) == tag


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16", "F"])
def test_a_large_image_is_copied_in_blocks(monkeypatch, mode):
    """Equal to np.array(image)."""
    monkeypatch.setattr("pixelwise.labels.codecs.pixels._BLOCK", 200)
    image = Image.fromarray(NOISE[:, :, 0]).convert(mode)
    assert np.array_equal(samples_of(image), np.array(image))
    assert samples_of(image).dtype == np.array(image).dtype
