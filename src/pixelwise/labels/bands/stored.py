"""The samples of an image file of any number of bands, exactly as they are stored."""

from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np
from PIL import Image

from pixelwise.files.content import Unreadable, check_pixels
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.bands.tiff import (
    TIFF_MAGIC,
    decode_tiff,
    has_copies,
    read_nodata,
    read_tiff_bands,
)
from pixelwise.labels.codecs.npy import NPY_MAGIC, decode_npy, read_npy_head
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image, image_format
from pixelwise.labels.png_chunks import HEADER_BYTES, decode_png, read_header
from pixelwise.offenders import list_offenders

# Pillow's modes whose samples are taken as they are, and those that become others without loss
_PLAIN = {"L", "LA", "RGB", "RGBA", "RGBX", "F", "I;16", "I;16B", "I;16L"}
_CONVERTED = {"1": "L", **dict.fromkeys(("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"), "RGB")}
_WITH_ALPHA = {"LA", "RGBA"}
# color type of a PNG file of 16 bits -> the modes that decode the upper and the lower bytes
_WIDE = {
    2: (("RGB", "RGB;16B"), ("RGB", "RGB;16L")),
    6: (("RGBA", "RGBA;16B"), ("RGBA", "RGBA;16L")),
}
_GREY_ALPHA = 4
# integers that float32 holds without rounding
_EXACT = 1 << 24


# of what is read; see type_read
SampleType = Literal["uint8", "uint16", "float32"]


@dataclass(frozen=True)
class Stored:
    """The samples of an image file.

    Attributes:
        samples: (H, W, B) in the byte order of this machine.
        alpha: whether the last band is alpha.
    """

    samples: np.ndarray
    alpha: bool = False


def decode_stored(data: bytes) -> Stored:
    """All bands of an image file.

    A palette is applied; CMYK and other colour spaces become RGB.

    Raises:
        Unreadable: it is damaged, too large, of no format that is read, or holds several images.
    """
    if data.startswith(NPY_MAGIC):
        return Stored(_npy(data))
    kind = image_format(data[:HEADER_BYTES])
    if kind == "PNG":
        header = read_header(data)
        if header.bit_depth == 16 and header.color_type in (*_WIDE, _GREY_ALPHA):
            return _wide_png(data)
    if kind == "TIFF" and (found := decode_tiff(data)) is not None:
        return Stored(*found)
    return samples_and_alpha(decode_image(data))


def is_beside_pillow(data: bytes) -> bool:
    """Whether a file is one that Pillow does not read: an array, or TIFF with smaller copies."""
    return data.startswith(NPY_MAGIC) or has_copies(data)


def is_many_bands(data: bytes) -> bool:
    """Whether a file is an array, or a TIFF file of several bands that Pillow does not read."""
    if data.startswith(NPY_MAGIC):
        return True
    if data[:4] not in TIFF_MAGIC:
        return False
    found = read_tiff_bands(lambda offset, length: data[offset : offset + length], len(data))
    return found.bands > 1 and not found.by_pillow


def stored_size(file: BinaryIO) -> tuple[int, int] | None:
    """(height, width) of an array or a TIFF file, from its header; None of other files.

    The file is at its beginning afterwards.
    """
    size = file.seek(0, 2)

    def part(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    start, found = part(0, HEADER_BYTES), None
    file.seek(0)
    if start.startswith(NPY_MAGIC):
        shape = read_npy_head(file, size)[0]
        if len(shape) not in (2, 3):
            raise Unreadable("an array (H, W, C) or (H, W)", str(shape), cause="storage")
        found = shape[0], shape[1]
    elif start[:4] in TIFF_MAGIC:
        tiff = read_tiff_bands(part, size)
        found = tiff.height, tiff.width
    file.seek(0)
    return found


def stored_nodata(file: BinaryIO) -> float | Literal["nan"] | None:
    """The value of samples without data that a TIFF file names, from its header."""
    size = file.seek(0, 2)

    def part(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    return read_nodata(part, size) if part(0, 4) in TIFF_MAGIC else None


def samples_and_alpha(image: Image.Image) -> Stored:
    """The samples of an image as Pillow has decoded it.

    Raises:
        Unreadable: they are integers of 32 bits.
    """
    if image.mode not in _PLAIN:
        if image.mode not in _CONVERTED:
            hint = "Save it with 8 or 16 bits, or as floating point."
            must = "an image with 8 or 16 bits a sample, or floating point"
            raise Unreadable(must, f"mode {image.mode}", hint, "storage")
        image = image.convert(_CONVERTED[image.mode])
    samples = samples_of(image)
    return Stored(_native(samples.reshape(*samples.shape[:2], -1)), image.mode in _WITH_ALPHA)


def _npy(data: bytes) -> np.ndarray:
    check_unpacked(2 * len(data), f"an array of {len(data):,} bytes")
    array = decode_npy(data)
    if array.ndim not in (2, 3) or array.dtype.kind not in "biuf" or not array.size:
        must, got = "an array (H, W, C) or (H, W) of numbers", f"{array.shape} of {array.dtype}"
        raise Unreadable(must, got, cause="storage")
    check_pixels(array.shape[1], array.shape[0])
    rows = array.reshape(*array.shape[:2], -1)
    return rows.astype(rows.dtype.newbyteorder("="), order="C")  # of its own, to be written to


def _wide_png(data: bytes) -> Stored:
    """A PNG file with several samples of 16 bits, of which Pillow decodes a byte each."""
    header = read_header(data)
    check_pixels(header.width, header.height)
    pixels = header.width * header.height
    check_unpacked(2 * len(data) + 24 * pixels, f"{header.width:,} x {header.height:,} pixels")
    if header.color_type == _GREY_ALPHA:  # as many bytes as red, green, blue and alpha of 8 bits
        four = samples_of(decode_png(data, header, b"", ("RGBA", "RGBA"))).astype(np.uint16)
        return Stored(four[:, :, ::2] << 8 | four[:, :, 1::2], alpha=True)
    upper, lower = (samples_of(decode_png(data, header, b"", m)) for m in _WIDE[header.color_type])
    return Stored(upper.astype(np.uint16) << 8 | lower, alpha=header.color_type == 6)


def _native(samples: np.ndarray) -> np.ndarray:
    return samples.astype(samples.dtype.newbyteorder("="), copy=False)


def usable(samples: np.ndarray) -> np.ndarray:
    """Samples as uint8, uint16 or float32.

    Raises:
        Unreadable: they are of another type, or float32 does not hold them.
    """
    kind, size = samples.dtype.kind, samples.dtype.itemsize
    if kind == "b":
        return samples.astype(np.uint8)
    if samples.dtype in (np.uint8, np.uint16, np.float32):
        return samples
    if kind not in "iuf":
        must, hint = "made of integers or floating-point numbers", "Save it as float32."
        raise Unreadable(must, str(samples.dtype), hint, "storage")
    if kind in "iu" and size > 2:
        beyond = (samples > _EXACT) | (samples < -_EXACT)
        if beyond.any():
            must = "made of integers that float32 holds, up to 24 bits"
            got, hint = list_offenders(samples, beyond), "Scale them, and save them as float32."
            raise Unreadable(must, got, hint, "storage")
    with np.errstate(over="ignore"):
        rounded = samples.astype(np.float32)
    if kind == "f" and size > 4:
        beyond = np.isinf(rounded) & np.isfinite(samples)
        if beyond.any():
            got, hint = list_offenders(samples, beyond), "Scale them, and save them as float32."
            raise Unreadable("made of numbers that float32 holds", got, hint, "storage")
    return rounded


def type_read(dtype: np.dtype) -> SampleType:
    """The type that samples of a file have once they are read, see usable."""
    if dtype.kind in "bu" and dtype.itemsize <= 2:
        return "uint8" if dtype.itemsize == 1 else "uint16"
    return "float32"
