"""What the first bytes say is what Pillow says, and nothing but Unreadable is ever raised."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelwise.audit.headers import COLOR, GREY, GREY16, LOSSY, NUMBER, PALETTE, read_start
from pixelwise.files.content import Unreadable

PICTURE = np.random.default_rng(4).integers(0, 256, (23, 41, 3), np.uint8)
# file name, mode, storage
FILES = (
    *(("a.png", "L", GREY), ("a.png", "P", PALETTE), ("a.png", "1", GREY), ("a.png", "RGB", COLOR)),
    *(("a.png", "RGBA", COLOR), ("a.png", "LA", COLOR), ("a.png", "I;16", GREY16)),
    *(("a.jpg", "RGB", LOSSY), ("a.jpg", "L", LOSSY), ("a.gif", "P", LOSSY)),
    *(("a.bmp", "RGB", COLOR), ("a.bmp", "L", GREY), ("a.bmp", "P", PALETTE), ("a.bmp", "1", GREY)),
    *(("a.tif", "L", GREY), ("a.tif", "RGB", COLOR), ("a.tif", "I;16", GREY16)),
    *(("a.tif", "F", NUMBER), ("a.tif", "I", NUMBER), ("a.webp", "RGB", LOSSY)),
    ("a.ppm", "RGB", COLOR),
)


def write(path, mode, **options):
    image = Image.fromarray(PICTURE)
    if mode == "I;16":
        image = Image.fromarray(PICTURE[:, :, 0].astype(np.uint16))
    elif mode != "RGB":
        image = image.convert(mode)
    image.save(path, **options)
    return str(path)


@pytest.mark.parametrize(("name", "mode", "storage"), FILES)
def test_size_and_storage_are_those_of_the_picture(name, mode, storage, tmp_path):
    """For every format and mode."""
    header = read_start(write(tmp_path / name, mode))
    assert (header.height, header.width) == (23, 41)
    assert header.storage == storage
    assert bool(header.palette) == (mode == "P")
    assert header.alpha == (mode in ("RGBA", "LA"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_the_orientation_tag_is_read(name, orientation, tmp_path):
    """In JPEG, PNG and TIFF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    header = read_start(write(tmp_path / name, "RGB", exif=exif))
    assert header.orientation == orientation


def test_a_photograph_with_a_large_preface_has_a_size(tmp_path):
    """Profiles and previews may lie before it."""
    path = write(tmp_path / "a.jpg", "RGB", icc_profile=bytes(30_000))
    header = read_start(path)
    assert (header.format, header.height, header.width) == ("JPEG", 23, 41)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.gif", "a.webp"])
def test_a_file_that_is_cut_anywhere_is_read_or_unreadable(name, tmp_path):
    """No other error, whatever is missing."""
    data = Path(write(tmp_path / name, "RGB")).read_bytes()
    outcomes = set()
    for length in [*range(0, min(len(data), 200), 7), len(data)]:
        (tmp_path / name).write_bytes(data[:length])
        outcomes.add(outcome(str(tmp_path / name)))
    assert outcomes == {(23, 41), "unreadable"}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_damaged_bytes_are_read_or_unreadable(name, seed, tmp_path):
    """The first 300 bytes, some of them by chance."""
    data = bytearray(Path(write(tmp_path / name, "RGB")).read_bytes())
    random = np.random.default_rng(seed)
    for place in random.integers(0, min(300, len(data)), 5):
        data[place] = random.integers(0, 256)
    (tmp_path / name).write_bytes(data)
    found = outcome(str(tmp_path / name))
    assert found == "unreadable" or min(found) > 0


def outcome(path):
    try:
        header = read_start(path)
    except Unreadable:
        return "unreadable"
    return header.height, header.width


def test_a_pipe_is_no_file_and_does_not_block(tmp_path):
    """Opening it must not wait for somebody to write."""
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(Unreadable, match="a pipe"):
        read_start(str(tmp_path / "a.png"))


def test_copies_have_equal_keys_and_others_have_not(tmp_path):
    """The key distinguishes images that begin alike."""
    bottom = PICTURE.copy()
    bottom[12:] = 255 - bottom[12:]
    large = [np.tile(a, (40, 1, 1)) for a in (PICTURE, PICTURE, bottom)]
    large[2][: 23 * 20] = large[0][: 23 * 20]
    keys = []
    for number, picture in enumerate(large):
        Image.fromarray(picture).save(tmp_path / f"{number}.bmp")
        keys.append(read_start(str(tmp_path / f"{number}.bmp")).key)
    assert keys[0] == keys[1] != keys[2]


TIFF_KINDS = [
    ({"photometric": "rgb"}, (9, 8, 3), "u1", (3, "uint8", False, True)),
    (
        {"photometric": "rgb", "extrasamples": ["assocalpha"]},
        (9, 8, 4),
        "u1",
        (4, "uint8", True, True),
    ),
    (
        {"photometric": "rgb", "extrasamples": ["unspecified"]},
        (9, 8, 4),
        "u1",
        (4, "uint8", True, True),
    ),
    ({"photometric": "separated"}, (9, 8, 4), "u1", (3, "uint8", False, True)),
    ({"photometric": "minisblack", "planarconfig": 1}, (9, 8, 5), "u1", (5, "uint8", True, False)),
    ({"photometric": "minisblack", "planarconfig": 1}, (9, 8, 5), "u2", (5, "uint16", True, False)),
    ({"photometric": "minisblack"}, (9, 8), "f4", (1, "float32", False, True)),
    ({"photometric": "minisblack"}, (9, 8), "i2", (1, "float32", True, False)),
]


@pytest.mark.parametrize(("how", "shape", "dtype", "expected"), TIFF_KINDS)
def test_the_header_of_a_tiff_file_says_what_its_bands_are(how, shape, dtype, expected, tmp_path):
    """Bands, samples, whether tifffile is needed, and whether read_rgb reads it as before."""
    tifffile = pytest.importorskip("tifffile", reason="the extra tiff is not installed")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, dtype), metadata=None, **how)
    header = read_start(str(tmp_path / "a.tif"))
    found = header.bands, header.samples, header.by_tifffile, header.as_rgb
    assert found == expected
