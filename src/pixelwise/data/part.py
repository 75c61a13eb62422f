"""A part of an image file: the bytes of a PNG are inflated no further than they are needed."""

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import DatasetError
from pixelwise.files.content import Unreadable, check_pixels, read_file
from pixelwise.labels.decode import check_memory
from pixelwise.labels.image import Choose, decode_part
from pixelwise.labels.png_chunks import (
    IMAGE_MODES,
    SIGNATURE,
    PngHeader,
    read_header,
    read_pixel_stream,
)
from pixelwise.ops.cpu.png_rows import KINDS, unfilter

# samples a pixel of the colour types of PNG files that are not palettes
_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}


def read_part(path: Path | str, choose: Choose, whole: bool = True) -> NDArray[np.uint8]:
    """A part of an image, chosen once its size is known; no more than is needed is converted.

    Args:
        path: see read_rgb.
        choose: (height, width) -> rows and columns; what it raises is passed on.
        whole: find missing rows below the part too.
    Returns:
        (rows, columns, 3) uint8 RGB.
    Raises:
        DatasetError: see read_rgb.
    Equals: read_rgb(path)[rows, columns].
    """
    try:
        data = read_file(path)
        if data.startswith(SIGNATURE):
            header = read_header(data)
            if header.bit_depth == 8 and header.color_type in _SAMPLES and not header.interlaced:
                part = _png_part(data, header, choose, whole)
                if part is not None:
                    return part
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None
    return decode_part(path, data, choose)


def _png_part(
    data: bytes, header: PngHeader, choose: Choose, whole: bool
) -> NDArray[np.uint8] | None:
    """A part of a PNG file, in a third less time than Pillow takes; None if it may be damaged."""
    samples = _SAMPLES[header.color_type]
    check_pixels(header.width, header.height)
    mode, _ = IMAGE_MODES[header.color_type][header.bit_depth]
    check_memory("PNG", mode, header.width, header.height, len(data))
    rows, columns = choose((header.height, header.width))
    stream = read_pixel_stream(data, header)
    needed = header.height if whole else rows[1]
    size = needed * header.row_bytes
    try:
        # one byte more than is needed: so the checksum behind the last row is compared too
        inflated = zlib.decompressobj().decompress(stream, size + 1)
    except zlib.error:
        return None
    if len(inflated) < size:
        return None
    stored = np.frombuffer(inflated, np.uint8, size).reshape(needed, header.row_bytes)
    if stored[:, 0].max() >= KINDS:
        return None
    part = unfilter(stored, samples, rows, columns)
    return np.repeat(part[:, :, :1], 3, 2) if samples < 3 else part[:, :, :3]
