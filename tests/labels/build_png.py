"""PNG files made byte by byte, straight from the specification; imports nothing of ours."""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]
WHOLE = [(0, 0, 1, 1)]


def chunk(name, body=b""):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width, height, depth, color_type, interlaced=False):
    body = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlaced)
    return chunk(b"IHDR", body)


def join(*chunks):
    return b"".join([SIGNATURE, *chunks, chunk(b"IEND")])


def pack_row(row, depth):
    bits = "".join(format(int(value), f"0{depth}b") for value in row)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def paeth(left, up, corner):
    """The neighbour nearest to left + up - corner; ties go to the left, then up."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def filter_row(row, previous, kind, pixel_bytes):
    """Encode a packed row with one of the five filters."""
    encoded = bytearray([kind])
    for i, value in enumerate(row):
        left = row[i - pixel_bytes] if i >= pixel_bytes else 0
        corner = previous[i - pixel_bytes] if i >= pixel_bytes else 0
        up = previous[i]
        predicted = (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]
        encoded.append((value - predicted) % 256)
    return bytes(encoded)


def pixel_bytes_of(depth):
    return max(1, depth // 8)


def rows_of(samples, depth, interlaced=False, filters=(0,), pixel_bytes=None):
    """The bytes in front of compression; row r of each image has filters[r % len(filters)]."""
    pixel_bytes = pixel_bytes or pixel_bytes_of(depth)
    parts = []
    for x, y, dx, dy in ADAM7 if interlaced else WHOLE:
        picture = samples[y::dy, x::dx]
        rows = [pack_row(row, depth) for row in picture] if picture.size else []
        previous = bytes(len(rows[0])) if rows else b""
        for r, row in enumerate(rows):
            kind = filters[r % len(filters)]
            parts.append(filter_row(row, previous, kind, pixel_bytes))
            previous = row
    return b"".join(parts)


def build_png(samples, depth=8, color_type=3, interlaced=False, filters=(0,), before=b""):
    """A one-channel PNG whose samples are exactly these; `before` goes in front of the pixels."""
    samples = np.asarray(samples)
    height, width = samples.shape
    pixels = zlib.compress(rows_of(samples, depth, interlaced, filters))
    middle = len(pixels) // 2  # two IDAT chunks, as the split has no meaning
    return join(
        header(width, height, depth, color_type, interlaced),
        chunk(b"PLTE", bytes(range(3 * 4))) if color_type == 3 else b"",
        before,
        chunk(b"IDAT", pixels[:middle]),
        chunk(b"IDAT", pixels[middle:]),
    )
