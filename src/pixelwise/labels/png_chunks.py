"""PNG at the level of chunks: what Pillow does not check, and what it would change.

A PNG file is a signature and then chunks of

    length of the body (4 bytes), name (4), body, CRC-32 of name and body (4)

IHDR comes first. The bodies of all IDAT chunks, joined, are one zlib stream of rows; a row is one
filter byte and then its samples, packed to bit_depth bits. Interlaced files hold seven smaller
images one after the other.

Source: Portable Network Graphics (PNG) Specification, W3C, sections 5, 7, 8 and 11.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pixelwise.files.content import RESTORE, Unreadable
from pixelwise.labels.codecs.pixels import shared_image
from pixelwise.labels.histogram import count_values, histogram

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES = len(SIGNATURE) + 12 + 13

# colour type: (what it is called, samples a pixel, bit depths it may have)
_COLOR_TYPES = {
    0: ("grey", 1, {1, 2, 4, 8, 16}),
    2: ("RGB", 3, {8, 16}),
    3: ("palette", 1, {1, 2, 4, 8}),
    4: ("grey with alpha", 2, {8, 16}),
    6: ("RGBA", 4, {8, 16}),
}
# (first x, first y, step in x, step in y) of the seven images of an interlaced file
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
# Pillow multiplies grey samples below 8 bits by 255 / (2^depth - 1), but leaves palette indices
# alone; so both are decoded as indices.
_PILLOW_MODES = {
    1: ("P", "P;1"),
    2: ("P", "P;2"),
    4: ("P", "P;4"),
    8: ("P", "P"),
    16: ("I;16", "I;16B"),
}
# How an image is decoded, by colour type and bit depth: (mode, how it is stored).
IMAGE_MODES = {
    0: {1: ("1", "1"), 2: ("L", "L;2"), 4: ("L", "L;4"), 8: ("L", "L"), 16: ("I;16", "I;16B")},
    2: {8: ("RGB", "RGB"), 16: ("RGB", "RGB;16B")},
    3: {1: ("P", "P;1"), 2: ("P", "P;2"), 4: ("P", "P;4"), 8: ("P", "P")},
    4: {8: ("LA", "LA"), 16: ("RGBA", "LA;16B")},
    6: {8: ("RGBA", "RGBA"), 16: ("RGBA", "RGBA;16B")},
}
# Two bits are the shortest code of the longest match, 258 bytes: deflate cannot do better.
_MAX_DEFLATE_RATIO = 258 * 8 // 2
# Value of a pixel that has not been decoded; rarely one of a label, never a whole row below 8 bits.
_NOT_YET = 254
_SLICE_BYTES = 1 << 8
# As much of the last row is looked at.
_LAST_PIXELS = 1 << 12
# What may be inflated without a limit.
_HARMLESS_BYTES = 1 << 26


@dataclass(frozen=True)
class PngHeader:
    """What IHDR says: size in pixels and how samples are stored."""

    width: int
    height: int
    bit_depth: int
    color_type: int
    interlaced: bool

    @property
    def color_name(self) -> str:
        """What the colour type is called: grey, RGB, palette, grey with alpha or RGBA."""
        return _COLOR_TYPES[self.color_type][0]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of a file that is not interlaced, its filter byte included."""
        return self._row_bytes(self.width)

    @property
    def inflated_bytes(self) -> int:
        """Bytes of the whole zlib stream once it is inflated."""
        if not self.interlaced:
            return self.height * self.row_bytes
        return sum(
            len(range(y, self.height, dy)) * self._row_bytes(len(range(x, self.width, dx)))
            for x, y, dx, dy in _ADAM7
            if x < self.width
        )

    def _row_bytes(self, width: int) -> int:
        bits = width * self.bit_depth * _COLOR_TYPES[self.color_type][1]
        return 1 + (bits + 7) // 8


def read_header(data: bytes) -> PngHeader:
    """Read IHDR from the first HEADER_BYTES of a PNG file.

    Raises:
        Unreadable: the header is cut, damaged or not allowed by the specification.
    """
    if len(data) < HEADER_BYTES or data[8:16] != b"\0\0\0\x0dIHDR":
        raise Unreadable("a PNG file", "one without a header", RESTORE, "cut")
    (stored_crc,) = struct.unpack_from(">I", data, HEADER_BYTES - 4)
    if zlib.crc32(data[12 : HEADER_BYTES - 4]) != stored_crc:
        raise Unreadable("an undamaged PNG file", "a wrong checksum in chunk IHDR", RESTORE)
    width, height, depth, color_type, compression, filtering, interlace = struct.unpack_from(
        ">IIBBBBB", data, 16
    )
    if color_type not in _COLOR_TYPES or depth not in _COLOR_TYPES[color_type][2]:
        got = f"colour type {color_type} with {depth} bits"
        raise Unreadable("a PNG file with a valid header", got, RESTORE)
    if compression != 0 or filtering != 0 or interlace not in (0, 1):
        got = f"methods {compression}, {filtering}, {interlace}"
        raise Unreadable("a PNG file with a valid header", got, RESTORE)
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise Unreadable("a PNG file with pixels", f"{width} x {height}", RESTORE)
    return PngHeader(width, height, depth, color_type, interlaced=bool(interlace))


def read_pixel_stream(data: bytes, header: PngHeader) -> bytes:
    """Check every chunk of a PNG file and join the ones that hold pixels.

    Bytes behind IEND are not looked at; a file that lacks only IEND is accepted, as its rows are
    counted when they are decoded.

    Returns:
        The zlib stream.
    Raises:
        Unreadable: a chunk is cut or its checksum is wrong, or the file is an animation.
    """
    view = memoryview(data)
    parts: list[memoryview] = []
    position = len(SIGNATURE)
    while position < len(data):
        length = int.from_bytes(view[position : position + 4], "big")
        name = bytes(view[position + 4 : position + 8])
        body, end = position + 8, position + 8 + length
        if end + 4 > len(data):
            found = _progress(header, b"".join([*parts, view[body:]] if name == b"IDAT" else parts))
            got = f"one that ends inside chunk {_shown(name)}, after {found}"
            raise Unreadable("a complete PNG file", got, RESTORE, "cut")
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            got = f"a wrong checksum in chunk {_shown(name)}"
            raise Unreadable("an undamaged PNG file", got, RESTORE)
        if name == b"IDAT":
            parts.append(view[body:end])
        elif name in (b"acTL", b"fdAT"):
            raise Unreadable("one image", "an animation", "Save one frame as a PNG.", "several")
        elif name == b"IEND":
            break
        position = end + 4
    return b"".join(parts)


def decode_png(
    data: bytes, header: PngHeader, palette: bytes, modes: tuple[str, str] | None = None
) -> Image.Image:
    """Any PNG file as Pillow decodes it, with all of its rows.

    Args:
        data: the whole file.
        header, palette: see labels.decode.read_head.
        modes: as in IMAGE_MODES, for other bytes of its samples.
    Raises:
        Unreadable: the file is damaged or incomplete, or an animation.
    """
    stream = read_pixel_stream(data, header)
    _check_possible(header, stream)
    mode, raw_mode = modes or IMAGE_MODES[header.color_type][header.bit_depth]
    not_yet = 1 if mode == "1" else _NOT_YET
    bands = Image.getmodebands(mode)
    color = not_yet if bands == 1 else (not_yet,) * bands
    image = Image.new(mode, (header.width, header.height), color)
    _fill(image, header, stream, raw_mode)
    last = Image.new(image.mode, (min(header.width, _LAST_PIXELS), 1))
    last.paste(image, (0, 1 - header.height))
    _check_last(np.asarray(last) != not_yet, header, stream)
    if image.mode == "P":
        if not palette or len(palette) % 3 or len(palette) > 768:
            got = f"a palette of {len(palette)} bytes"
            raise Unreadable("an undamaged PNG file", got, RESTORE)
        image.putpalette(palette)
    return image


def check_rows(data: bytes) -> None:
    """Check that a PNG file holds all of its rows, without memory for them.

    Raises:
        Unreadable: it is damaged or incomplete, or an animation.
    """
    header = read_header(data)
    stream = read_pixel_stream(data, header)
    if _inflated_bytes(header, stream)[0] < header.inflated_bytes:
        raise _incomplete(header, stream)


def decode_samples(header: PngHeader, stream: bytes, own: bool = True) -> np.ndarray:
    """The samples of a one-channel PNG as they are stored: palette indices or unscaled grey.

    Args:
        header: of a file with one sample a pixel.
        stream: its pixels, see read_pixel_stream.
        own: whether it must be writeable and contiguous, which takes a copy of some.
    Returns:
        (H, W) uint8, uint16 if the bit depth is 16.
    Raises:
        Unreadable: the stream is damaged or holds fewer rows than the header says.
    """
    rows = _unfiltered_rows(header, stream)
    if rows is None:
        return _decode_label(header, stream)
    return rows[:, 1:].copy() if own else rows[:, 1:]


def count_samples(header: PngHeader, stream: bytes) -> np.ndarray:
    """How often each value occurs, without an array of the image: bincount(decode_samples(...)).

    Args:
        header: of a file with one sample a pixel.
        stream: its pixels, see read_pixel_stream.
    Returns:
        (V,) int64 pixels of the values 0..V-1, of which the last may not occur.
    Raises:
        Unreadable: the stream is damaged or holds fewer rows than the header says.
    """
    return decode_and_count(header, stream)[1]


def decode_and_count(header: PngHeader, stream: bytes) -> tuple[np.ndarray, np.ndarray]:
    """decode_samples and count_samples for the price of little more than one of them.

    Returns:
        samples as in decode_samples, but perhaps read-only and not contiguous; pixels as in
        count_samples.
    Raises:
        Unreadable: see decode_samples.
    """
    rows = _unfiltered_rows(header, stream)
    if rows is not None:
        pixels = histogram(rows)
        pixels[0] -= header.height  # the byte in front of each row that says: not filtered
        return rows[:, 1:], pixels
    samples = _decode_label(header, stream)
    if header.bit_depth == 1:
        ones = np.count_nonzero(samples)
        return samples, np.array([samples.size - ones, ones])
    return samples, count_values(samples)


def _unfiltered_rows(header: PngHeader, stream: bytes) -> np.ndarray | None:
    """The rows as they are in the stream, if they are the samples: (H, 1 + W) uint8, or None.

    Indexed files are hardly ever filtered, and then inflating is all there is to decoding; grey
    ones nearly always are.
    """
    if header.color_name != "palette" or header.bit_depth != 8 or header.interlaced:
        return None
    try:
        data = _inflate(stream, header.inflated_bytes)
    except zlib.error:
        return None
    if len(data) != header.inflated_bytes:
        return None
    rows = np.frombuffer(data, np.uint8).reshape(header.height, header.row_bytes)
    return None if rows[:, 0].any() else rows


def _inflate(stream: bytes, size: int) -> bytes:
    """What the stream inflates to, in one piece of memory if `size` is right."""
    if len(stream) * _MAX_DEFLATE_RATIO <= _HARMLESS_BYTES:
        return zlib.decompress(stream, bufsize=size)
    # not one byte more than there should be: a file can hold a thousand times its size
    return zlib.decompressobj().decompress(stream, size)


def _decode_label(header: PngHeader, stream: bytes) -> np.ndarray:
    """The samples as decode_samples returns them, of any file.

    Raises:
        Unreadable: the stream is damaged or holds fewer rows than the header says.
    """
    _check_possible(header, stream)
    mode, raw_mode = _PILLOW_MODES[header.bit_depth]
    image, samples = shared_image(mode, (header.width, header.height), _NOT_YET)
    _fill(image, header, stream, raw_mode)
    _check_last(samples[-1, :_LAST_PIXELS] != _NOT_YET, header, stream)
    return samples


def _check_possible(header: PngHeader, stream: bytes) -> None:
    """Refuse what cannot be there before memory is taken for it."""
    if len(stream) * _MAX_DEFLATE_RATIO < header.inflated_bytes:
        raise _incomplete(header, stream)


def _fill(image: Image.Image, header: PngHeader, stream: bytes, raw_mode: str) -> None:
    """Decode the rows into an image."""
    try:
        image.frombytes(stream, "zip", (raw_mode, int(header.interlaced)))
    except ValueError:
        raise _incomplete(header, stream) from None


def _check_last(decoded: np.ndarray, header: PngHeader, stream: bytes) -> None:
    """Check that all rows arrived in an image of _NOT_YET.

    Pillow says nothing when rows are missing; they keep the value from before. Rows arrive in
    order, so anything else in the last one proves that all are there; if not, they are counted.

    Args:
        decoded: whether a sample of the last row is another value.
    """
    proven = not header.interlaced and decoded.any()
    if not proven and _inflated_bytes(header, stream)[0] < header.inflated_bytes:
        raise _incomplete(header, stream)


def _inflated_bytes(header: PngHeader, stream: bytes) -> tuple[int, bool]:
    """How many bytes a stream inflates to, as far as they are needed; whether it is damaged."""
    inflater = zlib.decompressobj()
    total, start, step = 0, 0, _SLICE_BYTES
    while start < len(stream) and total < header.inflated_bytes:
        try:
            total += len(inflater.decompress(stream[start : start + step]))
        except zlib.error:
            if step == 1:
                return total, True
            # what came before the damage was lost with its slice: again, byte by byte
            inflater, step = zlib.decompressobj(), 1
            for place in range(0, start, _SLICE_BYTES):
                inflater.decompress(stream[place : place + _SLICE_BYTES])
            continue
        start += step
    return total, False


def _incomplete(header: PngHeader, stream: bytes) -> Unreadable:
    return Unreadable("a complete PNG file", _progress(header, stream), RESTORE, "cut")


def _progress(header: PngHeader, stream: bytes) -> str:
    """How far the pixels go, for a message."""
    (found, damaged), needed = _inflated_bytes(header, stream), header.inflated_bytes
    if found >= needed:
        return "all rows in a faulty stream"
    if header.interlaced:
        rows = f"{found:,} of {needed:,} bytes of pixels"
    else:
        rows = f"{found // header.row_bytes:,} of {header.height:,} rows"
    return f"at least {rows} and then damage" if damaged else rows


def _shown(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace")
