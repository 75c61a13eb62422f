"""Label images in BMP and TIFF files, the two other common formats that keep indices.

Pillow decodes them; what it would change or hide on the way is undone or refused here.
"""

from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from pixelwise.files.content import Unreadable
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image, read_size
from pixelwise.labels.label_checks import FROM_COLOR
from pixelwise.offenders import list_offenders

# TIFF tags and the values of them that matter here; TIFF revision 6.0, sections 3, 8 and 19
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_BLACK_IS_ZERO, _PALETTE = 1, 3
_SIGNED = 2
_NO_TIFF = -1
_LOSSY = {"jpeg", "tiff_jpeg", "webp"}
# Pillow multiplies 2-bit and 4-bit grey samples by these
_PILLOW_SCALE = {2: 85, 4: 17}
_INTEGER_MODES = {"1", "P", "L", "I;16", "I;16B", "I;16L", "I"}


def decode_bmp_or_tiff(data: bytes, max_pixels: int) -> np.ndarray:
    """The stored samples of a one-channel BMP or TIFF file.

    Args:
        data: the whole file.
        max_pixels: refuse larger images before decoding them.
    Returns:
        (H, W) uint8, uint16 if samples have more than 8 bits.
    Raises:
        Unreadable: damaged, lossy, colour, several pages, or values a label cannot have.
    """
    image = decode_image(data, max_pixels=max_pixels, check=_check_storage)
    return _as_stored(samples_of(image), image)


def bmp_or_tiff_size(file: BinaryIO) -> tuple[int, int]:
    """(height, width) from the header.

    Raises:
        Unreadable: the header is damaged.
    """
    return read_size(file)


def _check_storage(image: ImageFile.ImageFile) -> None:
    if image.info.get("compression") in _LOSSY:
        got = f"a TIFF file with {image.info['compression']} compression"
        hint = "Export it again from its source as a PNG."
        raise Unreadable("stored without loss", got, hint, "storage")
    if image.mode == "F":
        hint = "If they are whole numbers, convert them and use write_label."
        raise Unreadable("made of integers", "floating-point samples", hint, "storage")
    if image.mode not in _INTEGER_MODES:
        raise Unreadable("an indexed or one-channel image", image.mode, FROM_COLOR, "storage")
    photometric = _tag(image, _PHOTOMETRIC)
    if photometric not in (_NO_TIFF, _BLACK_IS_ZERO, _PALETTE):
        got = f"photometric interpretation {photometric}"
        must, hint = "grey with black as zero, or a palette", "Save it as a PNG."
        raise Unreadable(must, got, hint, "storage")


def _as_stored(samples: np.ndarray, image: Image.Image) -> np.ndarray:
    if samples.dtype == bool:
        return samples.astype(np.uint8)
    if samples.dtype == np.uint8:
        if _tag(image, _SAMPLE_FORMAT) == _SIGNED:
            samples = samples.view(np.int8)
        elif image.mode == "L":
            samples = samples // _PILLOW_SCALE.get(_tag(image, _BITS_PER_SAMPLE), 1)
    outside = (samples < 0) | (samples > np.iinfo(np.uint16).max)
    if outside.any():
        hint = "Map them to 0..65535 and use write_label."
        raise Unreadable(
            "made of values 0..65535", list_offenders(samples, outside), hint, "storage"
        )
    return samples.astype(np.uint8 if samples.dtype.itemsize == 1 else np.uint16)


def _tag(image: Image.Image, tag: int) -> int:
    """The first value of a TIFF tag; _NO_TIFF if it is missing or the file is a BMP."""
    value = getattr(image, "tag_v2", {}).get(tag, _NO_TIFF)
    return value[0] if isinstance(value, tuple) else value
