"""Read images, as their files hold them or as RGB of 8 bits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.errors import DatasetError
from pixelwise.files.content import Unreadable, open_file, read_file
from pixelwise.labels.bands.stored import (
    decode_stored,
    is_beside_pillow,
    samples_and_alpha,
    stored_size,
    usable,
)
from pixelwise.labels.bands.tiff import TiffBands, tiff_bands
from pixelwise.labels.decode import decode_image, read_size
from pixelwise.text import plural

# (height, width) -> of the rows and of the columns that are wanted, the first and behind the last
Choose = Callable[[tuple[int, int]], tuple[tuple[int, int], tuple[int, int]]]


def read_image(
    path: Path | str, channels: int | None = None
) -> NDArray[np.uint8 | np.uint16 | np.float32]:
    """Read an image, in the orientation that its pixels are stored in.

    A palette is applied; CMYK and other colour spaces become RGB. Orientation tags are not applied,
    neither here nor to labels, so that the two stay on top of each other.

    Args:
        path: a PNG, JPEG, TIFF, WebP, BMP, GIF, PPM, TGA, JPEG 2000 or AVIF file with one image, or
            a .npy array (H, W, C) or (H, W).
        channels: None = those of the file without alpha; 3 repeats grey; as many as the file has
            with alpha keeps it.
    Returns:
        (H, W, C) uint8, uint16 or float32 samples as stored, with C = 1 for grey and 3 for colour.
    Raises:
        DatasetError: the file is missing, damaged, too large, an animation, has another number of
            channels, or integers of more than 24 bits.
        MissingPackageError: a TIFF file of other samples than Pillow reads, without tifffile.
    """
    try:
        found = decode_stored(read_file(path))
        return _with_channels(usable(found.samples), found.alpha, channels)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def read_rgb(path: Path | str) -> NDArray[np.uint8]:
    """Read an image for looking at it and for training: read_image(path, 3) with 8 bits.

    Of 16 bits the upper 8 are kept; an alpha channel is dropped without blending.

    Returns:
        (H, W, 3) uint8 RGB.
    Raises:
        DatasetError: as read_image; floating-point samples, which have no agreed range.
    """
    try:
        return as_rgb(path, *_decode(read_file(path)))
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def decode_rgb(where: Path | str, data: bytes) -> NDArray[np.uint8]:
    """read_rgb of a file whose bytes have been read; `where` is the file."""
    try:
        return as_rgb(where, *_decode(data))
    except Unreadable as error:
        raise error.at(DatasetError, where, "image") from None


def decode_part(where: Path | str, data: bytes, choose: Choose) -> NDArray[np.uint8]:
    """A part of decode_rgb, chosen once the size is known; only the part is converted."""
    try:
        if is_beside_pillow(data):
            samples, alpha = _decode(data)
            rows, columns = (slice(*side) for side in choose(samples.shape[:2]))
            return as_rgb(where, samples[rows, columns].copy(), alpha)
        image = _colors(data)
        (top, bottom), (left, right) = choose((image.height, image.width))
        if (bottom - top, right - left) != (image.height, image.width):
            image = image.crop((left, top, right, bottom))
        return as_rgb(where, *_samples(image))
    except Unreadable as error:
        raise error.at(DatasetError, where, "image") from None


def image_size(path: Path | str) -> tuple[int, int]:
    """(height, width) as stored, from the header alone.

    Raises:
        DatasetError: the file is missing or has no valid header.
    """
    try:
        with open_file(path) as file:
            return stored_size(file) or read_size(file)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def as_rgb(where: Path | str, samples: np.ndarray, alpha: bool) -> np.ndarray:
    """Samples (H, W, C) as of read_image as those of read_rgb."""
    if samples.dtype == np.float32:
        hint = "Write its range under [images] in dataset.toml, or save it with 8 bits."
        must, got = "an image with 8 or 16 bits a sample", "floating-point samples"
        raise Unreadable(must, got, hint, "storage").at(DatasetError, where, "image")
    if samples.dtype == np.uint16:
        samples = np.right_shift(samples, 8, out=samples).astype(np.uint8)
    return _with_channels(samples, alpha, 3)


def _decode(data: bytes) -> tuple[np.ndarray, bool]:
    """(H, W, C) samples, and whether the last channel is alpha."""
    if is_beside_pillow(data):
        found = decode_stored(data)
        return usable(found.samples), found.alpha
    return _samples(_colors(data))


def _colors(data: bytes) -> Image.Image:
    """An image of colours or grey, decoded by Pillow.

    Of a TIFF file of other bands Pillow says that it is damaged, or gives the first of them.
    """
    try:
        image = decode_image(data)
    except Unreadable:
        bands = tiff_bands(data)
        if bands and (bands.bands - bands.alpha not in (1, 3) or bands.dtype.kind != "u"):
            raise _not_colors(bands) from None
        raise
    if len(image.getbands()) == 1 and image.mode != "P":
        bands = tiff_bands(data)
        if bands and bands.bands > 1:
            raise _not_colors(bands)
    return image


def _not_colors(found: TiffBands) -> Unreadable:
    hint = "Name its bands under [images] in dataset.toml."
    got = f"{plural(found.bands, 'band')} of {found.dtype}"
    return Unreadable("RGB or grey of 8 or 16 bits", got, hint, "storage")


def _samples(image: Image.Image) -> tuple[np.ndarray, bool]:
    found = samples_and_alpha(image)
    return found.samples, found.alpha


def _with_channels(samples: np.ndarray, alpha: bool, channels: int | None) -> np.ndarray:
    found = samples.shape[2]
    color = found - alpha
    if channels == 3 and color == 1:
        return np.repeat(samples[:, :, :1], 3, axis=2)
    wanted = color if channels is None else channels
    if wanted not in (color, found) and not (wanted == 3 < color):
        raise Unreadable(f"an image with {plural(wanted, 'channel')}", str(found))
    return np.ascontiguousarray(samples[:, :, :wanted])
