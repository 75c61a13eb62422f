"""Label images in BMP and TIFF files, the two other common formats that keep indices.

Pillow decodes them; what it would change or hide on the way is undone or refused here.
"""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.TiffImagePlugin import TiffImageFile

from pixelwise.files.content import Unreadable, check_pixels
from pixelwise.labels.label_checks import FROM_COLOR
from pixelwise.offenders import list_offenders

# The plugins themselves: Image.open would add its own pixel limit, which is global.
_OPEN: dict[str, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
}
# TIFF tags and the values of them that matter here; TIFF revision 6.0, sections 3, 8 and 19
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_BLACK_IS_ZERO, _PALETTE = 1, 3
_SIGNED = 2
_NO_TIFF = -1
_LOSSY = {"jpeg", "tiff_jpeg", "webp"}
# Pillow multiplies 2-bit and 4-bit grey samples by these
_PILLOW_SCALE = {2: 85, 4: 17}
_INTEGER_MODES = {"1", "P", "L", "I;16", "I;16B", "I;16L", "I"}


def decode_bmp_or_tiff(kind: str, data: bytes, max_pixels: int) -> np.ndarray:
    """The stored samples of a one-channel BMP or TIFF file.

    Args:
        kind: "BMP" or "TIFF".
        data: the whole file.
        max_pixels: refuse larger images before decoding them.
    Returns:
        (H, W) uint8, uint16 if samples have more than 8 bits.
    Raises:
        Unreadable: damaged, lossy, colour, several pages, or values a label cannot have.
    """
    try:
        with _OPEN[kind](BytesIO(data)) as image:
            check_pixels(*image.size, max_pixels)
            _check_storage(image)
            return _as_stored(np.array(image), image)
    except Unreadable:
        raise
    except Exception as error:
        # these decoders raise anything from KeyError to struct.error on damaged files
        raise Unreadable(f"an undamaged {kind} file", str(error) or type(error).__name__) from None


def bmp_or_tiff_size(kind: str, file: BinaryIO) -> tuple[int, int]:
    """(height, width) from the header.

    Raises:
        Unreadable: the header is damaged.
    """
    try:
        image = _OPEN[kind](file)
    except Exception as error:
        raise Unreadable(f"an undamaged {kind} file", str(error) or type(error).__name__) from None
    return image.height, image.width


def _check_storage(image: ImageFile.ImageFile) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise Unreadable("one image", f"{frames} pages", "Save the page you want as a PNG.")
    if image.info.get("compression") in _LOSSY:
        got = f"a TIFF file with {image.info['compression']} compression"
        raise Unreadable("stored without loss", got, "Export it again from its source as a PNG.")
    if image.mode == "F":
        hint = "If they are whole numbers, convert them and use write_label."
        raise Unreadable("made of integers", "floating-point samples", hint)
    if image.mode not in _INTEGER_MODES:
        raise Unreadable("an indexed or one-channel image", image.mode, FROM_COLOR)
    photometric = _tag(image, _PHOTOMETRIC)
    if photometric not in (_NO_TIFF, _BLACK_IS_ZERO, _PALETTE):
        got = f"photometric interpretation {photometric}"
        raise Unreadable("grey with black as zero, or a palette", got, "Save it as a PNG.")
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        got = "ImageFile.LOAD_TRUNCATED_IMAGES = True"
        raise Unreadable("read with Pillow's own checks", got, "It turns missing rows into zeros.")


def _as_stored(samples: np.ndarray, image: ImageFile.ImageFile) -> np.ndarray:
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
        raise Unreadable("made of values 0..65535", list_offenders(samples, outside), hint)
    return samples.astype(np.uint8 if samples.dtype.itemsize == 1 else np.uint16)


def _tag(image: ImageFile.ImageFile, tag: int) -> int:
    """The first value of a TIFF tag; _NO_TIFF if it is missing or the file is a BMP."""
    value = getattr(image, "tag_v2", {}).get(tag, _NO_TIFF)
    return value[0] if isinstance(value, tuple) else value
