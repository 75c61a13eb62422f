"""PNG at the level of chunks: every storage of a label is read exactly, every damage is seen."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labels.build_png import build_png, chunk, header, join, rows_of
from pixelwise.files.content import Unreadable
from pixelwise.labels import png_chunks
from pixelwise.labels.codecs.png_writer import encode_png
from pixelwise.labels.png_chunks import (
    HEADER_BYTES,
    count_samples,
    decode_samples,
    read_header,
    read_pixel_stream,
)

STORAGES = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (3, 1), (3, 2), (3, 4), (3, 8)]
SIZES = st.tuples(st.integers(1, 11), st.integers(1, 11))
FILTERS = st.lists(st.integers(0, 4), min_size=1, max_size=3)


def decode(data):
    head = read_header(data)
    return decode_samples(head, read_pixel_stream(data, head))


def count(data):
    head = read_header(data)
    return count_samples(head, read_pixel_stream(data, head))


def pattern(height, width, depth):
    return (np.arange(height * width).reshape(height, width) * 7 + 3) % (1 << depth)


@pytest.mark.parametrize(("color_type", "depth"), STORAGES)
@pytest.mark.parametrize("interlaced", [False, True])
@settings(derandomize=True, deadline=None, max_examples=25)
@given(data=st.data(), size=SIZES, filters=FILTERS)
def test_any_samples_in_any_storage_come_out_exactly(
    color_type, depth, interlaced, data, size, filters
):
    """decode(build(samples)) == samples for all depths, filters, sizes and both row orders."""
    samples = data.draw(hnp.arrays(np.uint16, size, elements=st.integers(0, (1 << depth) - 1)))
    found = decode(build_png(samples, depth, color_type, interlaced, filters))
    assert np.array_equal(found, samples)
    assert found.dtype == (np.uint16 if depth == 16 else np.uint8)
    assert found.flags.writeable


@pytest.mark.parametrize(("color_type", "depth"), STORAGES)
@pytest.mark.parametrize("interlaced", [False, True])
@settings(derandomize=True, deadline=None, max_examples=25)
@given(data=st.data(), size=SIZES, filters=FILTERS)
def test_samples_are_counted_like_those_that_are_decoded(
    color_type, depth, interlaced, data, size, filters
):
    """count(build(samples)) == bincount(samples), though no array of samples is made."""
    samples = data.draw(hnp.arrays(np.uint16, size, elements=st.integers(0, (1 << depth) - 1)))
    found = count(build_png(samples, depth, color_type, interlaced, filters))
    expected = np.bincount(samples.ravel(), minlength=len(found))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("first_filtered", [0, 1, 7, 8, 20, 39])
@pytest.mark.parametrize("harmless", [0, 1 << 26])
def test_one_filtered_row_is_enough_to_undo_filters(first_filtered, harmless, monkeypatch):
    """Rows that are not filtered are taken as they are; one that is may come after many."""
    monkeypatch.setattr(png_chunks, "_HARMLESS_BYTES", harmless)
    filters = [0] * 40
    filters[first_filtered] = 1
    samples = pattern(40, 5, 8)
    for rows in ([0], filters):
        data = build_png(samples, filters=rows)
        np.testing.assert_array_equal(decode(data), samples)
        np.testing.assert_array_equal(count(data), np.bincount(samples.ravel(), minlength=256))


@pytest.mark.parametrize("harmless", [0, 1 << 26])
def test_rows_behind_the_last_one_are_no_samples(harmless, monkeypatch):
    """The header says how many there are."""
    monkeypatch.setattr(png_chunks, "_HARMLESS_BYTES", harmless)
    samples = pattern(6, 5, 8)
    rows = zlib.compress(rows_of(samples, 8))
    data = join(header(5, 4, 8, 3), chunk(b"IDAT", rows))
    np.testing.assert_array_equal(decode(data), samples[:4])
    np.testing.assert_array_equal(count(data), np.bincount(samples[:4].ravel(), minlength=256))


def test_a_small_file_that_inflates_to_a_large_one_takes_no_memory():
    """The header promises 4 rows; the stream of 100 kB holds 100 MB."""
    data = join(header(4, 4, 8, 3), chunk(b"IDAT", zlib.compress(bytes(100_000_000), 9)))
    tracemalloc.start()
    try:
        assert decode(data).tolist() == [[0] * 4] * 4
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@settings(derandomize=True, deadline=None, max_examples=50)
@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), SIZES))
def test_what_is_encoded_is_decoded(samples):
    """decode(encode(samples)) == samples for every value of both dtypes."""
    palette = np.zeros((256, 3), np.uint8) if samples.dtype == np.uint8 else None
    found = decode(encode_png(samples, palette))
    assert np.array_equal(found, samples)
    assert found.dtype == samples.dtype


def test_transparency_gamma_and_text_change_no_sample():
    """Ancillary chunks are about showing; stored values stay as they are."""
    before = (
        chunk(b"tRNS", b"\0\x80")
        + chunk(b"gAMA", struct.pack(">I", 45455))
        + chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(1 << 24)))
    )
    samples = pattern(5, 7, 8)
    assert np.array_equal(decode(build_png(samples, before=before)), samples)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("fill", [0, 7, 254, 255])
@pytest.mark.parametrize("missing", [1, 5, 11])
def test_too_few_rows_in_a_valid_stream_are_an_error(interlaced, fill, missing):
    """A stream that ends early, but correctly, never becomes zeros, whatever its rows hold."""
    rows = rows_of(np.full((12, 9), fill), 8, interlaced)
    cut = rows[: -missing * 10] if not interlaced else rows[:-missing]
    data = join(header(9, 12, 8, 0, interlaced), chunk(b"IDAT", zlib.compress(cut)))
    with pytest.raises(Unreadable, match="complete PNG file"):
        decode(data)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("fill", [0, 7, 254, 255])
def test_uniform_rows_are_not_mistaken_for_missing_ones(interlaced, fill):
    """The value that marks missing rows is a legal value too."""
    samples = np.full((12, 9), fill)
    assert np.array_equal(decode(build_png(samples, 8, 0, interlaced)), samples)


def test_missing_rows_are_counted_in_the_message():
    """The message says how many rows there are and how many there should be."""
    rows = rows_of(pattern(64, 10, 8), 8)
    data = join(header(10, 64, 8, 3), chunk(b"IDAT", zlib.compress(rows[: 43 * 11])))
    with pytest.raises(Unreadable, match="43 of 64 rows"):
        decode(data)


@pytest.mark.parametrize("length", range(33, 130, 8))
def test_a_file_cut_anywhere_is_an_error(length):
    """Every prefix that lacks a pixel or a checksum of pixels is refused."""
    data = build_png(pattern(8, 8, 8), 8, 0)
    pixels_end = len(data) - 12  # IEND may be missing
    with pytest.raises(Unreadable, match=r"complete PNG file"):
        decode(data[: min(length, pixels_end - 1)])


def test_a_file_without_iend_or_with_bytes_behind_it_is_read():
    """All rows and checksums are there, so every stored value is certain."""
    samples = pattern(8, 8, 8)
    data = build_png(samples)
    assert np.array_equal(decode(data[:-12]), samples)
    assert np.array_equal(decode(data + b"trailing"), samples)


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE", b"tEXt", b"IDAT", b"IEND"])
def test_a_wrong_checksum_is_an_error_in_every_chunk(name):
    """A file that changed since it was written is not trusted."""
    data = bytearray(build_png(pattern(4, 4, 8), before=chunk(b"tEXt", b"Title\0x")))
    at = bytes(data).index(name)
    (length,) = struct.unpack(">I", data[at - 4 : at])
    data[at + 4 + length] ^= 1
    with pytest.raises(Unreadable, match=f"wrong checksum in chunk.*{name.decode()}"):
        decode(bytes(data))


def test_a_wrong_checksum_inside_the_zlib_stream_is_an_error():
    """Also when the chunk around it is consistent."""
    pixels = bytearray(zlib.compress(rows_of(pattern(4, 4, 8), 8)))
    pixels[-1] ^= 1
    with pytest.raises(Unreadable, match="all rows in a faulty stream"):
        decode(join(header(4, 4, 8, 3), chunk(b"IDAT", bytes(pixels))))


def test_an_unknown_filter_is_an_error():
    """Filters are 0 to 4."""
    rows = bytearray(rows_of(pattern(4, 4, 8), 8))
    rows[5] = 5
    with pytest.raises(Unreadable, match="all rows in a faulty stream"):
        decode(join(header(4, 4, 8, 3), chunk(b"IDAT", zlib.compress(bytes(rows)))))


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (1 << 31, 1)])
def test_a_size_that_no_picture_has_is_an_error(size):
    """Width and height are 1 to 2^31 - 1."""
    with pytest.raises(Unreadable, match="PNG file with pixels"):
        decode(join(header(*size, 8, 3), chunk(b"IDAT", zlib.compress(b""))))


@pytest.mark.parametrize("storage", [(3, 0), (16, 3), (8, 1), (8, 9), (4, 2)])
def test_a_storage_that_the_format_does_not_have_is_an_error(storage):
    """Only the combinations of depth and colour type in the specification are PNG."""
    with pytest.raises(Unreadable, match=r"valid header.*colour type \d with \d+ bits"):
        decode(join(header(4, 4, *storage), chunk(b"IDAT", zlib.compress(b""))))


def test_a_header_that_promises_more_than_the_file_can_hold_is_refused_at_once():
    """Deflate cannot inflate 100 bytes to 10^8, so no memory is taken to find out."""
    data = join(header(10_000, 10_000, 8, 3), chunk(b"IDAT", zlib.compress(bytes(1000))))
    with pytest.raises(Unreadable, match="0 of 10,000 rows"):
        decode(data)


def test_an_animation_is_an_error():
    """Which of several frames is the label cannot be guessed."""
    with pytest.raises(Unreadable, match=r"one image.*an animation"):
        decode(build_png(pattern(4, 4, 8), before=chunk(b"fdAT", b"\0\0\0\1")))


def test_a_header_needs_no_more_than_its_bytes():
    """Sizes are known from the first bytes of a file."""
    head = read_header(build_png(pattern(4, 6, 4), 4)[:HEADER_BYTES])
    assert (head.width, head.height, head.bit_depth, head.color_name) == (6, 4, 4, "palette")


@pytest.mark.parametrize("seed", range(150))
def test_damaged_bytes_give_a_typed_error_or_the_right_size(seed):
    """No damage leads to another exception, or to an array of another size than the header's."""
    random = np.random.default_rng(seed)
    data = bytearray(build_png(pattern(9, 13, 8), 8, 3, interlaced=bool(seed % 2)))
    for place in random.integers(8, len(data), 1 + seed % 4):
        data[place] = random.integers(0, 256)
    outcome = outcome_of(bytes(data))
    assert outcome in ("refused", (9, 13))


def outcome_of(data):
    try:
        return decode(data).shape
    except Unreadable:
        return "refused"
