"""Read pictures, for looking at and for training: always (H, W, 3) uint8 RGB."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from pixelwise.errors import DatasetError
from pixelwise.files.content import Unreadable, check_pixels, check_regular, read_file

# Pillow's modes whose conversion to RGB neither loses nor guesses colour; alpha is dropped.
_CONVERTIBLE = {"RGB", "RGBA", "RGBX", "L", "LA", "P", "PA", "1", "CMYK", "YCbCr", "LAB", "HSV"}
_SIXTEEN_BITS = {"I;16", "I;16B", "I;16L"}


def read_image(path: Path | str) -> np.ndarray:
    """Read a picture as RGB, in the orientation that its pixels are stored in.

    Grey is repeated in three channels, a palette is applied, an alpha channel is dropped without
    blending, and of 16 bits the upper 8 are kept. Orientation tags are not applied, neither here
    nor to labels, so that the two stay on top of each other.

    Args:
        path: a JPEG, PNG, BMP, TIFF, WebP or any other single picture that Pillow reads.
    Returns:
        (H, W, 3) uint8 RGB.
    Raises:
        DatasetError: the file is missing, damaged, too large, an animation, or holds samples of
            32 bits, which have no agreed range.
    """
    try:
        return _decode(read_file(path))
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def decode_image(where: Path | str, data: bytes) -> np.ndarray:
    """read_image of a file whose bytes have been read; `where` is the file."""
    try:
        return _decode(data)
    except Unreadable as error:
        raise error.at(DatasetError, where, "image") from None


def image_size(path: Path | str) -> tuple[int, int]:
    """(height, width) as stored, from the header alone.

    Raises:
        DatasetError: the file is missing or has no valid header.
    """
    try:
        check_regular(path)
        with open(path, "rb") as file, Image.open(file) as image:
            return image.height, image.width
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None
    except Exception as error:
        got = _reason(error, str(path))
        raise DatasetError(path, "image", must="a readable picture", got=got) from None


def _decode(data: bytes) -> np.ndarray:
    try:
        with Image.open(BytesIO(data)) as image:
            check_pixels(*image.size)
            # photographs of some cameras carry a second, smaller picture and are called MPO
            frames = getattr(image, "n_frames", 1)
            if frames > 1 and image.format != "MPO":
                hint = "Save the frame you want as a picture of its own."
                raise Unreadable("one picture", f"{frames} frames", hint)
            return _as_rgb(image)
    except Unreadable:
        raise
    except Exception as error:
        # decoders raise anything from KeyError to struct.error on damaged files
        raise Unreadable("a readable picture", _reason(error, "")) from None


def _as_rgb(image: Image.Image) -> np.ndarray:
    if image.mode in _CONVERTIBLE:
        return np.array(image.convert("RGB"))
    if image.mode in _SIXTEEN_BITS:
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    hint = "Scale its samples to 0..255 and save it with 8 bits."
    raise Unreadable("a picture with 8 or 16 bits a sample", f"mode {image.mode}", hint)


def _reason(error: Exception, path: str) -> str:
    """Why Pillow could not read it, in a few words."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "a file in no format that Pillow knows"
    return str(error).replace(path, "").strip(" :'") or type(error).__name__
