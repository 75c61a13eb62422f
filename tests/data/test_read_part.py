"""A part of an image is that part of the whole, and a damaged file the same error."""

import zlib

import numpy as np
import pytest
from PIL import Image

from labels.build_png import chunk, header, join, rows_of
from pixelwise.data.part import read_part
from pixelwise.errors import DatasetError
from pixelwise.labels.image import read_rgb

SAMPLES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
COLOR_TYPES = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}
PART = (5, 17), (3, 20)


def everything(size):
    return (0, size[0]), (0, size[1])


def noise(mode, size=(23, 31)):
    random = np.random.default_rng(SAMPLES[mode])
    return random.integers(0, 256, (*size, SAMPLES[mode]), np.uint8)


def png_of(mode, rows=23, behind=b"", checksum=None, last_kind=None):
    image, kinds = noise(mode), (4, 2, 1, 3, 0)
    stored = bytearray(rows_of(image.reshape(23, -1), 8, False, kinds, SAMPLES[mode]))
    row = len(stored) // 23
    stored[22 * row] = stored[22 * row] if last_kind is None else last_kind
    stream = zlib.compress(stored[: rows * row] + behind)
    stream = stream if checksum is None else stream[:-4] + checksum
    return join(header(31, 23, 8, COLOR_TYPES[mode]), chunk(b"IDAT", stream))


def assert_is_part(path):
    whole = read_rgb(path)
    found = read_part(path, lambda _: PART)
    (top, bottom), (left, right) = PART
    np.testing.assert_array_equal(found, whole[top:bottom, left:right])
    np.testing.assert_array_equal(found, read_part(path, lambda _: PART, whole=False))
    np.testing.assert_array_equal(whole, read_part(path, everything))


@pytest.mark.parametrize("mode", SAMPLES)
def test_a_part_of_a_png_file_is_that_of_the_whole(tmp_path, mode):
    path = tmp_path / "a.png"
    path.write_bytes(png_of(mode, behind=b"more than all rows"))
    assert_is_part(path)


@pytest.mark.parametrize(
    ("suffix", "modes"),
    [
        ("png", ["L", "RGB", "P", "1", "I;16"]),
        ("jpg", ["L", "RGB", "CMYK"]),
        ("tif", ["L", "RGB", "P", "1", "I;16", "CMYK"]),
        ("bmp", ["L", "RGB", "P", "1"]),
        ("webp", ["RGB"]),
    ],
)
def test_a_part_of_any_file_is_that_of_the_whole(tmp_path, suffix, modes):
    for mode in modes:
        image = Image.fromarray(noise("RGB")).convert("L" if mode == "I;16" else mode)
        image.convert(mode).save(tmp_path / f"a.{suffix}")
        assert_is_part(tmp_path / f"a.{suffix}")


def test_an_interlaced_file_is_decoded_whole(tmp_path):
    samples = noise("L")[:, :, 0]
    stored = zlib.compress(rows_of(samples, 8, interlaced=True))
    data = join(header(31, 23, 8, 0, interlaced=True), chunk(b"IDAT", stored))
    (tmp_path / "a.png").write_bytes(data)
    assert_is_part(tmp_path / "a.png")


def outcome(read, path):
    try:
        return read(path).tobytes()
    except DatasetError as error:
        return str(error)


def whole_of(path):
    return read_part(path, everything)


@pytest.mark.parametrize(
    "data",
    [
        png_of("RGB", rows=20),
        png_of("RGB", rows=0),
        png_of("RGB", last_kind=5),
        png_of("RGB", checksum=b"\0\0\0\0"),
        png_of("RGB").replace(b"IDAT", b"IDAt"),
        png_of("RGB")[:-60],
        png_of("RGB")[:-12],
        png_of("RGB")[:40],
        b"",
        b"no image",
    ],
    ids=["rows", "no rows", "kind", "checksum", "chunk", "cut", "end", "header", "empty", "other"],
)
def test_a_damaged_file_has_the_error_of_the_whole(tmp_path, data):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert outcome(whole_of, path) == outcome(read_rgb, path)


@pytest.mark.parametrize("seed", range(60))
def test_damage_anywhere_has_the_error_of_the_whole(tmp_path, seed):
    """Bytes of the stream are changed and its checksum made right again."""
    random = np.random.default_rng(seed)
    image = noise("RGB")
    stored = rows_of(image.reshape(23, -1), 8, filters=(4, 1), pixel_bytes=3)
    stream = bytearray(zlib.compress(stored))
    for _ in range(1 + seed % 3):
        stream[random.integers(len(stream))] = random.integers(256)
    path = tmp_path / "a.png"
    path.write_bytes(join(header(31, 23, 8, 2), chunk(b"IDAT", bytes(stream))))
    assert outcome(whole_of, path) == outcome(read_rgb, path)


def test_what_chooses_the_part_may_refuse(tmp_path):
    (tmp_path / "a.png").write_bytes(png_of("RGB"))

    def refuse(size):
        raise ValueError(f"not {size}")

    with pytest.raises(ValueError, match=r"not \(23, 31\)"):
        read_part(tmp_path / "a.png", refuse)
