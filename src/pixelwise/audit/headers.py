"""What the first bytes of an image file say: format, size, storage, palette, extras.

Nothing is decoded: a few kilobytes of a file are enough, tens of thousands of files a second.

Source: PNG specification (W3C), sections 5 and 11; JPEG, ITU-T T.81, annex B; Exif 2.32, section
4.6.
"""

import os
import stat
import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO, FileIO
from typing import BinaryIO, Literal, get_args
from zlib import crc32

import numpy as np

from pixelwise.files.content import (
    Unreadable,
    check_pixels,
    check_regular,
    format_of,
    not_allowed,
    read_file,
)
from pixelwise.labels.bands.stored import SampleType, type_read
from pixelwise.labels.bands.tiff import read_tiff_bands
from pixelwise.labels.codecs.npy import NPY_MAGIC, read_npy_head
from pixelwise.labels.complete import check_parts
from pixelwise.labels.decode import orientation_of, read_head
from pixelwise.labels.png_chunks import HEADER_BYTES, read_header

# Holds everything before the pixels of a PNG with a palette, and of most photographs.
_FIRST_BYTES = 4096
# Photographs with previews and profiles before their size.
_MORE_BYTES = 1 << 18
# Bytes from the middle of a file, which distinguish images that begin alike.
_MIDDLE_BYTES = 512

Storage = Literal["palette", "grey", "grey16", "color", "lossy", "number"]
PALETTE, GREY, GREY16, COLOR, LOSSY, NUMBER = get_args(Storage)
# Of BMP: what lies before, length of the header, width, height, planes, bits a pixel.
_BMP_HEADER = struct.Struct("<14sIiiHH")
_STORAGE_OF_PNG = {0: GREY, 2: COLOR, 3: PALETTE, 4: COLOR, 6: COLOR}
_STORAGE_OF_MODE = {"P": PALETTE, "L": GREY, "1": GREY, "F": NUMBER, "I": NUMBER}
_STORAGE_OF_MODE |= dict.fromkeys(("I;16", "I;16B", "I;16L"), GREY16)
# Chunks that make other programs turn, scale or widen the values of a label.
_EXTRAS = {
    b"tRNS": "transparency",
    b"gAMA": "gamma",
    b"iCCP": "a colour profile",
    b"sRGB": "a colour space",
    b"eXIf": "camera data",
}
_SUFFIXES = {
    "PNG": {".png", ".apng"},
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"},
    "GIF": {".gif"},
    "BMP": {".bmp", ".dib"},
    "TIFF": {".tif", ".tiff"},
    "WebP": {".webp"},
}
_CMYK_CHANNELS = 4
_BANDS_OF_PNG = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_BANDS_OF_MODE = {"L": 1, "1": 1, "I": 1, "F": 1, "LA": 2, "RGBA": 4, "RGBX": 4}
_BANDS_OF_MODE |= dict.fromkeys(("I;16", "I;16B", "I;16L"), 1)


@dataclass(slots=True)
class Header:
    """What the start of an image file says.

    Args:
        format: PNG, JPEG, ... by content; NPY; OTHER for what only Pillow knows.
        height, width: pixels as stored.
        storage: how its pixels are stored; "number" is floating point or 32 bits.
        depth: bits of a sample.
        palette: red, green, blue of each entry; b"" without a palette.
        alpha: there is an alpha channel.
        cmyk: its colours are CMYK.
        extras: what else is in a PNG that other programs act on, in words.
        orientation: EXIF tag 1..8; 1 = as stored.
        key: equal for files that are copies of each other, and rarely for others.
        bands: samples of a pixel, alpha among them; those of a palette are its colours.
        samples: their type as read_channels gives them.
        by_tifffile: they are read with the extra "tiff".
        as_rgb: read_rgb reads them.
    """

    format: str
    height: int
    width: int
    storage: Storage
    depth: int = 8
    palette: bytes = b""
    alpha: bool = False
    cmyk: bool = False
    extras: tuple[str, ...] = ()
    orientation: int = 1
    key: int = 0
    bands: int = 3
    samples: SampleType = "uint8"
    by_tifffile: bool = False
    as_rgb: bool = True

    @property
    def colors(self) -> int:
        """Its bands without alpha."""
        return self.bands - self.alpha


def read_start(path: str) -> Header:
    """The header of an image file, of which only the beginning and the end are read.

    Raises:
        Unreadable: the file is missing, empty, not a regular file, not an image, cut, too large to
            be decoded, or holds several images.
    """
    # a pipe would block for ever if it were opened without this flag
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        # without a buffer, which takes longer to make than to read what is needed
        with FileIO(os.open(path, flags)) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
                check_regular(path)
            return _header(file, found.st_size, to_end=True)
    except (OSError, ValueError) as error:
        check_regular(path)
        raise not_allowed(error) from None


def read_whole(path: str) -> tuple[Header, bytes]:
    """The header of an image file and its content, which is read once.

    Raises:
        Unreadable: see read_start and files.content.read_file.
    """
    data = read_file(path)
    return _header(BytesIO(data), len(data), to_end=False), data


def _part(start: bytes, file: BinaryIO, size: int, offset: int, length: int) -> bytes:
    """Bytes of a file whose start has been read."""
    if min(offset + length, size) <= len(start):
        return start[offset : offset + length]
    file.seek(offset)
    return file.read(max(0, min(length, size - offset)))


def _header(file: BinaryIO, size: int, to_end: bool) -> Header:
    """The header of an open file of so many bytes; to_end: check that it is there to its end."""
    start = file.read(_FIRST_BYTES)
    part = partial(_part, start, file, size)
    try:
        header = _parse(start, file, size)
    except Unreadable:
        check_parts(part, size)  # that it is cut says more than what is missing in the header
        raise
    if to_end:
        check_parts(part, size, header.format)
    header.key = crc32(start) | (size & 0xFFFFFFFF) << 32
    if size > 2 * _FIRST_BYTES:
        file.seek(size // 2)
        header.key ^= crc32(file.read(_MIDDLE_BYTES))
    check_pixels(header.width, header.height)
    return header


def has_right_suffix(name: str, header: Header) -> bool:
    """Whether the suffix of a file name is one of its format."""
    suffixes = _SUFFIXES.get(header.format)
    return suffixes is None or name[name.rfind(".") :].lower() in suffixes


def _parse(start: bytes, file: BinaryIO, size: int) -> Header:
    """The header without its key."""
    if start.startswith(NPY_MAGIC):
        return _npy(file, size)
    try:
        kind = format_of(start)
    except Unreadable:
        return _by_pillow("OTHER", start, file)
    if kind == "PNG":
        return _png(start, size)
    if kind == "JPEG":
        found = _jpeg(start)
        if found is None and size > len(start):
            file.seek(0)
            found = _jpeg(file.read(_MORE_BYTES))
        if found is not None:
            height, width, channels, orientation = found
            cmyk = channels == _CMYK_CHANNELS
            bands = 1 if channels == 1 else 3
            sides = height, width
            return Header(kind, *sides, LOSSY, cmyk=cmyk, orientation=orientation, bands=bands)
    if kind == "BMP" and len(start) > _BMP_HEADER.size:
        _, length, width, height, _, depth = _BMP_HEADER.unpack_from(start)
        if length >= 40 and depth in (24, 32) and width > 0 and height:
            return Header(
                *(kind, abs(height), width, COLOR), alpha=depth == 32, bands=3 + (depth == 32)
            )
    if kind == "TIFF":
        tiff = read_tiff_bands(partial(_part, start, file, size), size)
        if not tiff.by_pillow:
            shape = tiff.height, tiff.width, tiff.bands
            header = _of_samples(kind, shape, tiff.dtype, tiff.alpha)
            with suppress(Unreadable):
                plain = _by_pillow(kind, start, file)
                header.orientation, header.as_rgb = plain.orientation, plain.storage != NUMBER
            return header
    return _by_pillow(kind, start, file)


def _npy(file: BinaryIO, size: int) -> Header:
    file.seek(0)
    shape, _, dtype = read_npy_head(file, size)
    if len(shape) not in (2, 3) or dtype.kind not in "biuf" or 0 in shape:
        must, got = "an array (H, W, C) or (H, W) of numbers", f"{shape} of {dtype}"
        raise Unreadable(must, got, cause="storage")
    return _of_samples("NPY", (shape[0], shape[1], shape[2] if len(shape) == 3 else 1), dtype)


def _of_samples(
    kind: str, shape: tuple[int, int, int], dtype: np.dtype, alpha: bool = False
) -> Header:
    """The header of a file of any bands and type, by (height, width, bands)."""
    samples = type_read(dtype)
    height, width, bands = shape
    storage = NUMBER if samples == "float32" else COLOR if bands > 1 else GREY
    storage = GREY16 if storage == GREY and samples == "uint16" else storage
    depth = 8 * dtype.itemsize
    return Header(
        *(kind, height, width, storage, depth),
        alpha=alpha,
        bands=bands,
        samples=samples,
        by_tifffile=kind == "TIFF",
        as_rgb=storage != NUMBER and bands - alpha in (1, 3),
    )


def _png(start: bytes, size: int) -> Header:
    header = read_header(start)
    palette, extras, orientation = b"", [], 1
    position = HEADER_BYTES
    while position + 8 <= len(start):
        length = int.from_bytes(start[position : position + 4], "big")
        name = start[position + 4 : position + 8]
        body = position + 8
        if name in (b"IDAT", b"IEND"):
            break
        if name == b"PLTE":
            palette = start[body : body + length]
        elif name in _EXTRAS:
            extras.append(_EXTRAS[name])
            if name == b"eXIf":
                orientation = orientation_of(start[body : body + length])
        position = body + length + 4
    if position > size:
        raise Unreadable("a complete PNG file", "one that ends before its pixels")
    if header.interlaced:
        extras.append("interlacing")
    storage = _STORAGE_OF_PNG[header.color_type]
    if storage == GREY and header.bit_depth == 16:
        storage = GREY16
    alpha = header.color_type in (4, 6)
    height, width, depth = header.height, header.width, header.bit_depth
    return Header(
        *("PNG", height, width, storage, depth, palette, alpha),
        extras=tuple(extras),
        orientation=orientation,
        bands=_BANDS_OF_PNG[header.color_type],
        samples="uint16" if depth == 16 else "uint8",
    )


def _jpeg(start: bytes) -> tuple[int, int, int, int] | None:
    """(height, width, channels, orientation); None if they are not within these bytes."""
    position, orientation = 2, 1
    while position + 10 <= len(start):
        if start[position] != 0xFF:
            return None
        marker = start[position + 1]
        if marker == 0xFF or 0xD0 <= marker <= 0xD8 or marker == 0x01:
            position += 1 if marker == 0xFF else 2  # fill bytes, and markers without a body
            continue
        length = int.from_bytes(start[position + 2 : position + 4], "big")
        # every start of frame but the tables that lie among them
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, channels = struct.unpack_from(">HHB", start, position + 5)
            return (height, width, channels, orientation) if height and width else None
        if marker == 0xE1 and start[position + 4 : position + 10] == b"Exif\0\0":
            orientation = orientation_of(start[position + 10 : position + 2 + length])
        position += 2 + length
    return None


def _by_pillow(kind: str, start: bytes, file: BinaryIO) -> Header:
    """For the formats that are rare enough to be left to Pillow."""
    file.seek(0)
    head = read_head(file)
    mode = "F" if head.is_number else head.mode  # whatever Pillow makes of it
    lossy = kind in ("JPEG", "GIF") or (kind == "WebP" and start[12:16] != b"VP8L")
    storage = LOSSY if lossy else _STORAGE_OF_MODE.get(mode, COLOR)
    depth = 16 if storage == GREY16 or head.is_wide else 1 if mode == "1" else 8
    alpha = mode in ("RGBA", "LA", "PA")
    sides = head.height, head.width
    return Header(
        *(kind, *sides, storage, depth, head.palette, alpha, mode == "CMYK"),
        orientation=head.orientation,
        bands=_BANDS_OF_MODE.get(head.mode, 3),
        samples="float32" if storage == NUMBER else "uint16" if depth == 16 else "uint8",
    )
