"""Read the channels of a description from an image file: samples as stored, nothing cut off."""

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import DatasetError
from pixelwise.files.content import Unreadable, read_file
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.shown import shown_rgb
from pixelwise.labels.bands.stored import Stored, decode_stored, usable
from pixelwise.labels.image import as_rgb, decode_rgb
from pixelwise.text import plural

Index = TypeVar("Index", bound=np.integer)
Samples = NDArray[np.uint8 | np.uint16 | np.float32]


def read_channels(path: Path | str, channels: Channels) -> Samples:
    """The channels of an image, samples as stored.

    The description decides which bands are read, not the file. An alpha channel is a band only if
    a channel asks for it. Integers of 8 and 16 bits stay; signed and wider ones become float32 if
    it holds them without rounding; numbers of 64 bits are rounded to float32. RGB of 8 bits is read
    by read_rgb.

    Args:
        path: a PNG, TIFF, JPEG, ... file, or a .npy array (H, W, C) or (H, W).
        channels: which bands, in which order; of samples equal to its nodata, see read_with_gaps.
    Returns:
        (H, W, C) uint8, uint16 or float32.
    Raises:
        DatasetError: the file is missing, damaged or too large, has other bands, samples that are
            not finite, or integers beyond 24 bits.
    """
    return read_with_gaps(path, channels)[0]


def read_with_gaps(path: Path | str, channels: Channels) -> tuple[Samples, NDArray[np.bool] | None]:
    """The channels of an image, and where one of them has no data.

    Samples without data become the lowest of the range of their channel, or 0; their pixels are
    void in the label, as a part of what the network should see is unknown.

    Returns:
        Samples as of read_channels; (H, W) bool, or None if the channels have no nodata.
    Raises:
        DatasetError: see read_channels.
    """
    try:
        data = read_file(path)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None
    return decode_with_gaps(path, data, channels)


def void_without_data(
    target: NDArray[Index], path: Path | None, channels: Channels, void: int
) -> NDArray[Index]:
    """A label in which the pixels are void where a channel of its image has no data.

    Args:
        target: (..., H, W) class indices.
        path: of the image; it is read only if the channels have nodata.
        channels: of the image.
        void: ignore_index.
    Raises:
        DatasetError: see read_channels; the image has another size.
    """
    if channels.nodata is None or path is None:
        return target
    gaps = read_with_gaps(path, channels)[1]
    assert gaps is not None  # there is a value of no data
    if gaps.shape != target.shape[-2:]:
        must = f"{target.shape[-2:]} (height, width), that of its label"
        raise DatasetError(path, "size", must=must, got=gaps.shape)
    return np.where(gaps, np.array(void, target.dtype), target)


def decode_with_gaps(
    where: Path | str, data: bytes, channels: Channels
) -> tuple[Samples, NDArray[np.bool] | None]:
    """read_with_gaps of a file whose bytes have been read; `where` is the file."""
    if channels.is_rgb:
        return decode_rgb(where, data), None
    try:
        return as_samples(where, decode_stored(data), channels)
    except Unreadable as error:
        raise error.at(DatasetError, where, "image") from None


def as_samples(
    where: Path | str, stored: Stored, channels: Channels
) -> tuple[Samples, NDArray[np.bool] | None]:
    """The channels of an image or of some of its rows, see read_with_gaps; `where` is the file.

    Raises:
        Unreadable: see read_channels.
    """
    if channels.is_rgb:
        return as_rgb(where, usable(stored.samples), stored.alpha), None
    return _without_gaps(usable(_chosen(stored, channels)), channels)


def read_shown(path: Path | str, channels: Channels) -> NDArray[np.uint8]:
    """An image as a picture, see shown_rgb.

    Returns:
        (H, W, 3) uint8 RGB.
    Raises:
        DatasetError: see read_channels.
    """
    try:
        return decode_shown(path, read_file(path), channels)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def decode_shown(where: Path | str, data: bytes, channels: Channels) -> NDArray[np.uint8]:
    """read_shown of a file whose bytes have been read; `where` is the file."""
    if channels.is_rgb:
        return decode_rgb(where, data)
    return shown_rgb(decode_with_gaps(where, data, channels)[0], channels)


def check_bands(found: tuple[int, int, bool], channels: Channels) -> None:
    """Raise unless an image has the bands that are named.

    Args:
        found: its height, its bands with alpha, and whether the last is alpha.
        channels: not RGB of 8 bits.
    Raises:
        Unreadable: it has others.
    """
    height, bands, alpha = found
    if channels.bands:
        if max(channels.bands) > bands:
            must = f"an image with at least {plural(max(channels.bands), 'band')}"
            raise Unreadable(must, str(bands), "dataset.toml names them: bands.", "storage")
    elif len(channels) not in (bands - alpha, bands):
        count = len(channels)
        must = f"an image with {plural(count, 'band')} ({', '.join(channels.names)})"
        if height == count:
            hint = "Axes are height, width, channels: save array.transpose(1, 2, 0)."
        elif bands > count:
            hint = f"Choose them in dataset.toml: bands = {list(range(1, count + 1))}."
        else:
            hint = "Name its bands under [images] in dataset.toml, or convert the file."
        got = f"{bands - 1} and alpha" if alpha else str(bands)
        raise Unreadable(must, got, hint, "storage")


def _chosen(stored: Stored, channels: Channels) -> np.ndarray:
    """The bands that channels name, in their order."""
    height, _, bands = stored.samples.shape
    check_bands((height, bands, stored.alpha), channels)
    if channels.places == tuple(range(bands)):
        return stored.samples
    return stored.samples[:, :, channels.places]


def _without_gaps(
    samples: np.ndarray, channels: Channels
) -> tuple[np.ndarray, NDArray[np.bool] | None]:
    gaps: np.ndarray | None = None
    if channels.nodata is not None:
        gaps = np.isnan(samples) if channels.nodata == "nan" else _equal(samples, channels.nodata)
    if samples.dtype == np.float32:
        odd = ~np.isfinite(samples)
        if gaps is not None:
            odd &= ~gaps
        if odd.any():
            pixel = tuple(int(place[0]) for place in np.nonzero(odd.any(axis=2)))
            got = f"{plural(int(odd.sum()), 'sample')} of NaN or infinity, such as at {pixel}"
            hint = "If they mean that there are no data, write nodata = nan under [images]."
            raise Unreadable("made of finite numbers", got, hint, "storage")
    if gaps is None:
        return samples, None
    if gaps.any():
        lowest = [low for low, _ in channels.range] or [0.0]
        filled = np.array(lowest).clip(*_limits(samples.dtype)).astype(samples.dtype)
        samples = np.where(gaps, filled, samples)
    return samples, np.logical_or.reduce(gaps, axis=2)


def _equal(samples: np.ndarray, nodata: float) -> np.ndarray:
    value = np.float32(nodata) if samples.dtype == np.float32 else nodata
    return samples == value


def _limits(dtype: np.dtype) -> tuple[float, float]:
    if dtype.kind == "f":
        return -np.inf, np.inf
    return 0, float(np.iinfo(dtype).max)
