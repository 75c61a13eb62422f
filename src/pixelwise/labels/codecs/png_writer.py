"""One-channel samples as a PNG file: at once, or from the top to the bottom, row by row."""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pixelwise.errors import LabelError
from pixelwise.files.atomic import replaced_file
from pixelwise.labels.png_chunks import SIGNATURE

LEVEL = 6  # of compression
# Bytes of a part of the pixels; a file that is smaller has one, as those of write_label have.
PART = 1 << 20
WriteRows = Callable[[np.ndarray], None]


def encode_png(samples: np.ndarray, palette: np.ndarray | None) -> bytes:
    """One-channel samples as a PNG file; the same input gives the same bytes.

    Args:
        samples: (H, W) uint8 or uint16; uint8 with a palette.
        palette: (256, 3) uint8 display colour of every index, or None for grey.
    """
    height, width = samples.shape
    pixels = zlib.compress(_as_bytes(samples), LEVEL)
    start = _start((height, width), samples.dtype, palette)
    return b"".join([start, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")])


@contextmanager
def png_of_rows(
    path: Path, size: tuple[int, int], dtype: np.dtype, palette: np.ndarray | None
) -> Iterator[WriteRows]:
    """A file of one-channel samples, which appears when all rows are written and read back equal.

    Args:
        path: of the file.
        size: (height, width).
        dtype: uint8 or uint16.
        palette: as of encode_png.
    Yields:
        A function that takes the next rows (n, width) of this type.
    Raises:
        LabelError: what was written would not be read back equal.
        RunError: the file system refuses.
    """
    with replaced_file(path, f"{size[1]:,} x {size[0]:,} pixels") as file:
        file.write(_start(size, np.dtype(dtype), palette))
        start = file.tell()
        packer, held, rows, check = zlib.compressobj(LEVEL), bytearray(), 0, 0

        def write(samples: np.ndarray) -> None:
            nonlocal rows, check
            assert samples.dtype == dtype
            assert samples.shape[1] == size[1]
            data = _as_bytes(samples)
            rows, check = rows + len(samples), zlib.crc32(data, check)
            held.extend(packer.compress(data))
            while len(held) > PART:
                file.write(_chunk(b"IDAT", bytes(held[:PART])))
                del held[:PART]

        yield write
        assert rows == size[0]
        held.extend(packer.flush())
        while held:
            file.write(_chunk(b"IDAT", bytes(held[:PART])))
            del held[:PART]
        end = file.tell()
        file.write(_chunk(b"IEND", b""))
        if _checksum(file, start, end) != check:
            must, got = "equal when read back", "other values"
            raise LabelError(path, "label", must=must, got=got)


def _checksum(file: BinaryIO, start: int, end: int) -> int:
    """Of the rows in the parts of the pixels between two places of a file, inflated again."""
    inflater, check = zlib.decompressobj(), 0
    file.seek(start)
    while file.tell() < end:
        (length,) = struct.unpack(">I4x", file.read(8))
        rest = file.read(length)
        file.seek(4, 1)
        while rest:
            check = zlib.crc32(inflater.decompress(rest, PART), check)
            rest = inflater.unconsumed_tail
    return zlib.crc32(inflater.flush(), check)


def _start(size: tuple[int, int], dtype: np.dtype, palette: np.ndarray | None) -> bytes:
    """What stands before the pixels of a file of encode_png.

    Args:
        size: (height, width).
        dtype, palette: of the samples.
    """
    color_type = 0 if palette is None else 3
    header = struct.pack(">IIBBBBB", size[1], size[0], 8 * dtype.itemsize, color_type, 0, 0, 0)
    colors = b"" if palette is None else _chunk(b"PLTE", palette.tobytes())
    return b"".join([SIGNATURE, _chunk(b"IHDR", header), colors])


def _as_bytes(samples: np.ndarray) -> bytes:
    """Rows (n, W) of samples as they are compressed."""
    big_endian = np.ascontiguousarray(samples, samples.dtype.newbyteorder(">"))
    # the zero in front of each row means: not filtered, which is best for flat regions
    rows = np.zeros((len(samples), 1 + samples.shape[1] * samples.itemsize), np.uint8)
    rows[:, 1:] = big_endian.view(np.uint8).reshape(len(samples), -1)
    return rows.tobytes()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
