"""What the samples of the train split are: their type, percentiles, mean and standard deviation.

Percentiles are exact: the value of a pixel, by counting. Integers are counted by value in one pass;
float32 by the upper half of their bits in one and by the lower half in a second, where bits are
ordered as the numbers are. A third pass sums what is clipped to them. Nothing is drawn by chance,
and no more than some images are in memory.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import RGB8, ImageKind, SampleType, read_typed
from pixelwise.labels.bands.reading import read_channels
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.sums import ahead
from pixelwise.text import plural

CLIP = 0.5, 99.5  # percent
_HALF = 16  # bits counted at once
_SIGN = np.uint32(1 << 31)
Pixels = Callable[[], Iterator[NDArray[np.generic]]]  # of each image (n, C), as often as called


def find_kind(
    channels: Channels,
    pairs: Sequence[Pair],
    classes: Classes,
    skip: bool,
    log: Callable[..., None],
) -> ImageKind:
    """What the images of a run are.

    Args:
        channels: of dataset.toml.
        pairs: of the train split.
        classes: which pixels are void, and count for no statistic.
        skip: leave out pairs that cannot be read.
        log: given a line for each channel with statistics of its own.
    Raises:
        DatasetError: a pair cannot be read, samples have several types, no agreed black and white,
            or one value alone.
    """
    if channels.is_rgb:
        return RGB8
    dtype = first_type(channels, pairs, skip)
    if channels.normalization == "encoder":
        low, high = zip(*channels.lowest_and_highest(np.dtype(dtype)))
        return ImageKind(channels, dtype, low, high)

    def pixels_of(pair: Pair) -> NDArray[np.generic] | None:
        try:
            return valid_pixels(pair, channels, dtype, classes)
        except PixelwiseError:
            if skip:
                return None
            raise

    def pixels() -> Iterator[NDArray[np.generic]]:
        threads = os.cpu_count() or 1
        with ahead(pixels_of, pairs, threads, 2 * threads) as found:
            yield from (one for one in found if one is not None)

    low, high, mean, std = statistics(pixels, dtype, channels.names)
    for values in zip(channels.names, low, high, mean, std):
        numbers = "{:.6g} to {:.6g} (0.5 and 99.5 %), mean {:.6g}, std {:.6g}".format(*values[1:])
        log(f"channel {values[0]}: {numbers}")
    return ImageKind(channels, dtype, low, high, mean, std)


def first_type(channels: Channels, pairs: Sequence[Pair], skip: bool) -> SampleType:
    """The type of the samples of the first image that can be read.

    Raises:
        DatasetError: they need a range that dataset.toml does not have; there is no such image.
    """
    for number, pair in enumerate(pairs, start=1):
        try:
            dtype = read_channels(pair.image, channels).dtype
        except DatasetError:
            if skip and number < len(pairs):
                continue
            raise
        channels.check_samples(pair.image, dtype)
        return dtype.name  # type: ignore[return-value]
    raise DatasetError("train", "images", must="at least one", got="none")


def valid_pixels(
    pair: Pair, channels: Channels, dtype: SampleType, classes: Classes
) -> NDArray[np.generic]:
    """(n, C) samples of the pixels that are not void and have data."""
    samples, gaps = read_typed(pair.image, channels, dtype)
    if pair.labels:
        valid = (read_members(pair, classes) != classes.ignore_index).any(0)
    else:
        assert pair.label is not None  # a plan has checked it
        index = classes.to_index(read_label(pair.label), where=str(pair.label))
        valid = index != classes.ignore_index
    return samples[valid if gaps is None else valid & ~gaps]


def statistics(
    pixels: Pixels, dtype: SampleType, names: Sequence[str]
) -> tuple[tuple[float, ...], ...]:
    """low, high, mean and std of each channel: percentiles, and what is clipped to them.

    A channel of which the percentiles are one value has its lowest and its highest instead.

    Raises:
        DatasetError: there is no pixel, or a channel has one value alone.
    """
    counts = count_upper(pixels, dtype, len(names))
    number = int(counts[0].sum())
    if not number:
        event = 'normalization = "train" needs pixels that are not void, and there are none'
        raise DatasetError("train", "images", event=event)
    ranks = [0, *(max(0, math.ceil(percent / 100 * number) - 1) for percent in CLIP), number - 1]
    found = values_at(counts, ranks, pixels, dtype)
    inner = found[:, 1:2] < found[:, 2:3]
    low, high = np.where(inner, found[:, 1:3], found[:, [0, 3]]).T
    for c in np.flatnonzero(low == high).tolist():
        event = f"all {plural(number, 'pixel')} of channel {names[c]} are {low[c]:g}"
        raise DatasetError("train", "images", event=event, hint="Leave it out of channels.")
    total, squares = np.zeros((2, len(names)))
    for part in pixels():
        above = part.astype(np.float64).clip(low, high) - low
        total += above.sum(0)
        squares += (above**2).sum(0)
    mean = total / number
    std = np.sqrt(squares / number - mean**2)
    return tuple(tuple(v.tolist()) for v in (low, high, low + mean, std))


def count_upper(pixels: Pixels, dtype: SampleType, channels: int) -> NDArray[np.int64]:
    """(C, 2^16) pixels of each value, of float32 of each upper half of their bits."""
    counts = np.zeros((channels, 1 << _HALF), np.int64)
    for part in pixels():
        for c, plane in enumerate(part.T):
            counts[c] += np.bincount(ordered(plane) >> _upper(dtype), minlength=1 << _HALF)
    return counts


def values_at(
    counts: NDArray[np.int64], ranks: Sequence[int], pixels: Pixels, dtype: SampleType
) -> NDArray[np.float64]:
    """(C, number of ranks) values of the pixels of these ranks from 0, in order of value."""
    before = counts.cumsum(1)
    upper = np.stack([own.searchsorted(ranks, side="right") for own in before])
    if dtype != "float32":
        return upper.astype(np.float64)
    lower = np.zeros((*upper.shape, 1 << _HALF), np.int64)
    for part in pixels():
        for c, plane in enumerate(part.T):
            bits = ordered(plane)
            for number, half in enumerate(upper[c]):
                low_half = bits[bits >> _HALF == half] & ((1 << _HALF) - 1)
                lower[c, number] += np.bincount(low_half, minlength=1 << _HALF)
    left = np.array(ranks) - np.take_along_axis(before - counts, upper, 1)
    places = (lower.cumsum(2) <= left[:, :, None]).sum(2)
    return numbers_of((upper << _HALF | places).astype(np.uint32)).astype(np.float64)


def _upper(dtype: SampleType) -> int:
    return _HALF if dtype == "float32" else 0


def ordered(values: NDArray[np.generic]) -> NDArray[np.unsignedinteger]:
    """Integers as they are; the bits of float32 as integers that are ordered like the numbers."""
    if values.dtype != np.float32:
        return values  # type: ignore[return-value]
    bits = np.ascontiguousarray(values).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def numbers_of(bits: NDArray[np.uint32]) -> NDArray[np.float32]:
    """The inverse of ordered."""
    return np.where(bits & _SIGN, bits & ~_SIGN, ~bits).view(np.float32)
