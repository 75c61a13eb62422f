"""A TIFF file without all bytes of its strips is refused, whatever libtiff makes of it."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixelwise.files.content import Unreadable
from pixelwise.labels.complete import check_whole
from pixelwise.labels.decode import decode_image

NOISE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
IMAGE = Image.fromarray(NOISE).resize((64, 64), Image.Resampling.BICUBIC)
KINDS = ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"]
OFFSETS, COUNTS = 273, 279


def encoded(kind, tags=None):
    image = IMAGE.convert("1") if kind == "group4" else IMAGE
    file = BytesIO()
    image.save(file, "TIFF", compression=kind, tiffinfo={278: 16} | (tags or {}))
    return file.getvalue()


def tag(data, number):
    return Image.open(BytesIO(data)).tag_v2[number]


def with_tag(data, number, values):
    """The file with other values of a tag, of which there are not more than before."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (entries,) = struct.unpack_from(order + "H", data, start)
    changed = bytearray(data)
    for entry in range(start + 2, start + 2 + 12 * entries, 12):
        found, kind, count, value = struct.unpack_from(order + "HHII", data, entry)
        letter = {3: "H", 4: "I"}.get(kind, "")
        if found == number:
            place = entry + 8 if count * struct.calcsize(letter) <= 4 else value
            struct.pack_into(f"{order}{len(values)}{letter}", changed, place, *values)
            struct.pack_into(order + "I", changed, entry + 4, len(values))
    return bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [0, 3])
def test_a_strip_that_is_too_short_is_an_error(kind, number, capfd):
    """libtiff fills zeros, reads what lies behind, or complains on stderr."""
    data = encoded(kind)
    counts = list(tag(data, COUNTS))
    counts[number] //= 2
    with pytest.raises(Unreadable, match="TIFF file"):
        decode_image(with_tag(data, COUNTS, counts))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_missing_strips_are_an_error(kind):
    """The directory names three of four."""
    data = encoded(kind)
    for number in (OFFSETS, COUNTS):
        data = with_tag(data, number, tag(data, number)[:3])
    with pytest.raises(Unreadable, match=r"complete TIFF file.*3 of 4 strips"):
        decode_image(data)


@pytest.mark.parametrize("kind", ["tiff_adobe_deflate", "jpeg", "tiff_lzw"])
def test_a_strip_with_zeros_behind_is_an_error(kind, capfd):
    """As a disk leaves it that lost a block."""
    data = encoded(kind)
    start, count = tag(data, OFFSETS)[2], tag(data, COUNTS)[2]
    damaged = data[: start + count // 2] + bytes(count - count // 2) + data[start + count :]
    with pytest.raises(Unreadable, match="TIFF file"):
        decode_image(damaged)
    assert capfd.readouterr().err == ""


def test_a_strip_outside_the_file_is_an_error():
    """Its offset is damaged."""
    data = encoded("raw")
    offsets = (*tag(data, OFFSETS)[:3], 1 << 30)
    with pytest.raises(Unreadable, match=r"complete TIFF file.*3 of 4 strips"):
        decode_image(with_tag(data, OFFSETS, offsets))


@pytest.mark.parametrize("kind", KINDS)
def test_an_orientation_tag_does_not_turn_the_pixels(kind):
    """Pillow would turn a TIFF file, and no other."""
    turned = decode_image(encoded(kind, {274: 6}))
    assert np.array_equal(turned, decode_image(encoded(kind)))


def test_tags_that_pillow_warns_of_are_not_looked_at(recwarn):
    """A resolution of two values, camera data behind the end of the file."""
    file = BytesIO()
    IMAGE.save(file, "TIFF", tiffinfo={65000: "private", 34665: 1 << 20, 296: 2})
    assert np.array_equal(decode_image(file.getvalue()), IMAGE)
    assert list(recwarn) == []


def test_a_header_that_counts_millions_of_strips_takes_no_time_or_memory():
    """Four strips are there; the list of what is missing is never made."""
    data = with_tag(with_tag(encoded("raw"), 278, [1]), 257, [60_000])
    with pytest.raises(Unreadable, match=r"complete TIFF file.*4 of 60,000 strips"):
        check_whole(data)
