"""What is done with turned, deep, CMYK, transparent and palette images is said, with a count."""

import numpy as np
import pytest
from PIL import Image

from pixelwise.audit.headers import read_start
from pixelwise.labels.storage_notes import count_kinds, dark_note, storage_notes

PICTURE = Image.fromarray(np.random.default_rng(6).integers(0, 256, (14, 18, 3), np.uint8))
TURNED = Image.Exif()
TURNED[0x0112] = 6
# file name, image, options of Pillow, what is said of it
KINDS = [
    ("a.jpg", PICTURE, {"exif": TURNED}, "orientation tag (EXIF): it is applied neither to images"),
    ("b.png", PICTURE, {"exif": TURNED}, "orientation tag (EXIF): it is applied neither to images"),
    ("a.jpg", PICTURE.convert("CMYK"), {}, "CMYK colours: they are converted to RGB"),
    ("a.tif", PICTURE.convert("CMYK"), {}, "CMYK colours: they are converted to RGB"),
    ("a.png", PICTURE.convert("RGBA"), {}, "transparency: it is dropped without blending"),
    ("a.png", PICTURE.convert("LA"), {}, "transparency: it is dropped without blending"),
    ("a.png", PICTURE.convert("P"), {}, "a palette: it is applied"),
    ("a.gif", PICTURE.convert("P"), {}, "a palette: it is applied"),
    ("a.bmp", PICTURE.convert("P"), {}, "a palette: it is applied"),
    ("a.png", PICTURE.convert("I;16"), {}, "16 bits a sample: the upper 8 are used"),
    ("a.tif", PICTURE.convert("I;16"), {}, "16 bits a sample: the upper 8 are used"),
]


@pytest.mark.parametrize(("name", "picture", "options", "said"), KINDS)
def test_one_line_says_what_is_done_with_images_of_a_kind_and_how_many_there_are(
    name, picture, options, said, tmp_path
):
    """From headers alone; plain images beside them are counted."""
    picture.save(tmp_path / name, **options)
    PICTURE.save(tmp_path / "plain.jpg")
    headers = [read_start(str(tmp_path / name))] * 3 + [read_start(str(tmp_path / "plain.jpg"))]
    (line,) = storage_notes(count_kinds(headers), len(headers))
    assert line.startswith("3 of 4 images have ")
    assert said in line


def test_nothing_is_said_of_plain_images(tmp_path):
    """JPEG and PNG with 8 bits, in colour or grey."""
    PICTURE.save(tmp_path / "a.jpg")
    PICTURE.convert("L").save(tmp_path / "b.png")
    headers = [read_start(str(path)) for path in sorted(tmp_path.iterdir())]
    assert storage_notes(count_kinds(headers), 2) == ()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(
    ("highest", "number"), [(4095, "1 of 1 decoded 16-bit image"), (40000, "")]
)
def test_sixteen_bit_images_that_become_nearly_black_are_said(suffix, highest, number, tmp_path):
    """12-bit data in 16-bit files; a file that uses the range is none."""
    samples = np.linspace(0, highest, 14 * 18).reshape(14, 18).astype(np.uint16)
    Image.fromarray(samples).save(tmp_path / f"a{suffix}")
    (tmp_path / f"b{suffix}").write_bytes(b"damaged")
    note = dark_note([tmp_path / f"a{suffix}"])
    assert note.startswith(number)
    assert bool(note) == bool(number)
    assert dark_note([tmp_path / f"b{suffix}"]) == ""
