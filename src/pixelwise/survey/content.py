"""What a few decoded files look like: a photograph, a label, or a label whose borders are soft.

A label has few values, most of them in areas of one value. Where it was resized like an image or
saved with loss, a few values still hold nearly all pixels, each a peak among its neighbours. The
values of a photograph are many, and none stands out.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import DatasetError, PixelwiseError
from pixelwise.files.content import Unreadable, format_of, read_file
from pixelwise.labels.bands.shown import shown_rgb
from pixelwise.labels.bands.stored import decode_stored, is_many_bands
from pixelwise.labels.bands.table import channels_for
from pixelwise.labels.codecs.pixels import samples_of
from pixelwise.labels.decode import decode_image, read_head
from pixelwise.labels.image import decode_rgb
from pixelwise.labels.png import decode_label

# What decode_label reads, and Pillow's modes of one channel.
_INDEXED = {"PNG", "BMP", "TIFF"}
_GREY = {"1", "L", "LA", "I;16"}
_ONE_CHANNEL = {"1", "L", "P", "I;16"}

Kind = Literal["photograph", "label", "soft", "unclear"]

# So few values are those of classes, up to this many they may be.
FEW_VALUES, MOST_VALUES = 16, 64
# A level holds at least this share of the pixels, and of those within NOISE of it.
LEAST_SHARE, NOISE, _PEAK = 1e-3, 16, 0.3
# Share of pixels among equal ones: of labels, and of photographs.
_FLAT, _NOT_FLAT, _SOMEWHAT_FLAT = 0.2, 0.05, 0.15
# Share of the pixels beside those of the heaviest level that are near another one: of soft labels,
# and of those whose darkest and brightest values are levels.
_AT_LEVELS, _BETWEEN_LEVELS = 0.4, 0.2
# Share of the one value of files that are nearly, or mostly, of one value.
_ONE_VALUE, _MOSTLY = 0.97, 0.8
# Shares of the one value of a lossy file, and of what is near it, of labels with small objects.
_HALF, _NEARLY = 0.4, 0.7


@dataclass(frozen=True)
class Content:
    """What the pixels of a file are like.

    Args:
        height, width: in pixels.
        channels: of colour as stored: 1 = grey or indices of a palette, 3 = colour.
        bits: of a sample: 1, 8, 16 or 32.
        lossy: the file format loses values: JPEG, and WebP with loss.
        is_grey: channels are equal everywhere.
        is_packed: colours are packed as red << 16 | green << 8 | blue; otherwise they are values.
        colors: different values or packed colours.
        flat: share of the pixels that are equal to all of their neighbours.
        levels: (value or packed colour, share of the pixels), the most frequent first: all values
            if there are few, else those that stand out.
        near: share of the pixels at most NOISE from a level.
        highest, lowest: value or packed colour.
    """

    height: int
    width: int
    channels: int
    bits: int
    lossy: bool
    is_grey: bool
    is_packed: bool
    colors: int
    flat: float
    levels: tuple[tuple[int, float], ...]
    near: float
    lowest: int
    highest: int

    @property
    def kind(self) -> Kind:
        """ "soft" = a label with values in between: resized like an image, or saved with loss."""
        if self.colors <= FEW_VALUES:
            return "soft" if self.lossy and self.colors > 1 else "label"
        if self.colors <= MOST_VALUES and self.flat >= _FLAT and not self.lossy:
            between = self.is_grey and self._has_outer_levels and self._is_soft
            return "soft" if between else "label"
        if self._is_soft:
            return "soft"
        first = self.levels[0][1] if self.levels else 0.0
        if first >= _ONE_VALUE:
            return "unclear"
        # noise around one value: small objects that were saved with loss
        if self.lossy and first >= _HALF and self.near >= _NEARLY:
            return "unclear"
        # beside a black border, which photographs have too
        rest = (self.flat - first) / (1 - first)
        if self.is_grey and not self.lossy and (rest >= _FLAT or first >= _MOSTLY):
            return "unclear" if self.bits == 8 else "label"  # as ids of objects are
        is_even = self.is_grey and rest <= _NOT_FLAT
        return "photograph" if self.colors > MOST_VALUES or is_even else "unclear"

    @property
    def _is_soft(self) -> bool:
        peaks = self.peaks
        if len(peaks) < 2 or self.flat < _SOMEWHAT_FLAT:
            return False
        first = peaks[0][1]
        share = (self.near - first) / max(1 - first, 1e-9)
        return share >= (_BETWEEN_LEVELS if self._has_outer_levels else _AT_LEVELS)

    @property
    def peaks(self) -> tuple[tuple[int, float], ...]:
        """The levels that hold enough pixels to be those of classes."""
        return tuple(level for level in self.levels if level[1] >= LEAST_SHARE)

    @property
    def _has_outer_levels(self) -> bool:
        """Whether the darkest and the brightest value lie at levels."""
        values = [value for value, _ in self.peaks]
        ends = (self.lowest, self.highest)
        step = NOISE if self.lossy else 0
        if not self.is_packed:
            step = step if self.bits <= 8 else step << 8
            return all(any(abs(end - value) <= step for value in values) for end in ends)
        return all(any(distance_of(end, value) <= step for value in values) for end in ends)


@dataclass(frozen=True, eq=False)
class Pixels:
    """The pixels of a file as one number each.

    Args:
        packed: (H, W) values of one channel, or packed colours.
        channels, bits, lossy, is_grey, is_packed: as of Content.
    """

    packed: NDArray[np.integer]
    channels: int
    bits: int
    lossy: bool
    is_grey: bool
    is_packed: bool


def look(path: Path) -> Content | None:
    """What is in an image file; None if it cannot be decoded."""
    try:
        return content_of(read_pixels(path))
    except PixelwiseError:
        return None


def kind_of(paths: Iterable[Path]) -> Kind:
    """What most of some files look like; "unclear" without one that can be read."""
    kinds = Counter(found.kind for path in paths if (found := look(path)) is not None)
    ((kind, number),) = kinds.most_common(1) or [("unclear", 0)]
    return kind if 2 * number > kinds.total() else "unclear"


def read_pixels(path: Path, *, shown: bool = False) -> Pixels:
    """Decode an image file.

    Args:
        path: the file.
        shown: as it is shown: with the colours of its palette, and grey scaled to 8 bits.
    Raises:
        DatasetError: it cannot be read.
    """
    try:
        return decode_pixels(path, read_file(path), shown=shown)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def decode_pixels(path: Path, data: bytes, *, shown: bool = False) -> Pixels:
    """read_pixels of a file whose bytes have been read."""
    try:
        if is_many_bands(data):
            image = decode_stored(data).samples
            return pixels_of(shown_rgb(image, channels_for(image.shape[2], "float32")))
        kind, mode = format_of(data), read_head(BytesIO(data)).mode
        lossy = kind == "JPEG" or (kind == "WebP" and data[12:16] == b"VP8 ")
        if shown:
            found = pixels_of(decode_rgb(path, data), lossy=lossy)
            return replace(found, channels=1) if mode in _GREY else found
        if kind in _INDEXED and mode in _ONE_CHANNEL:
            return pixels_of(decode_label(path, data))  # grey below 8 bits is not scaled
        return pixels_of(samples_of(decode_image(data)), lossy=lossy)
    except Unreadable as error:
        raise error.at(DatasetError, path, "image") from None


def pixels_of(samples: np.ndarray, *, lossy: bool = False) -> Pixels:
    """Samples as one number for each pixel.

    Args:
        samples: (H, W) or (H, W, C) bool, integers or floats; an alpha channel is left out.
        lossy: they come from a file with loss.
    """
    bits = 1 if samples.dtype == bool else 8 * samples.dtype.itemsize
    if samples.ndim == 3 and samples.shape[2] < 3:
        samples = samples[:, :, 0]
    if samples.ndim == 2:
        packed = samples if samples.dtype.kind in "iu" else _as_integers(samples)
        return Pixels(packed, 1, bits, lossy, is_grey=True, is_packed=False)
    if samples.dtype != np.uint8:
        samples = np.right_shift(samples, 8).astype(np.uint8)
    first = samples[:, :, 0]
    is_grey = all(np.array_equal(first, samples[:, :, channel]) for channel in (1, 2))
    return Pixels(pack_colors(samples), 3, bits, lossy, is_grey, is_packed=True)


def content_of(pixels: Pixels) -> Content:
    """What the pixels of a file look like."""
    packed = pixels.packed
    colors, counts = count_colors(packed)
    near = 1.0
    if len(colors) <= FEW_VALUES and not pixels.lossy:
        order = np.argsort(-counts, kind="stable")
        levels = [(int(colors[i]), float(counts[i] / packed.size)) for i in order]
    else:
        levels, near = levels_of(colors, counts, is_packed=pixels.is_packed)
    return Content(
        height=packed.shape[0],
        width=packed.shape[1],
        channels=pixels.channels,
        bits=pixels.bits,
        lossy=pixels.lossy,
        is_grey=pixels.is_grey,
        is_packed=pixels.is_packed,
        colors=len(colors),
        flat=float(is_flat(packed).mean()) if min(packed.shape) > 2 else 0.0,
        levels=tuple(levels),
        near=near,
        lowest=int(colors[0]),
        highest=int(colors[-1]),
    )


def pack_colors(image: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(H, W, 3 or more) uint8 -> (H, W) red << 16 | green << 8 | blue."""
    packed = np.zeros((*image.shape[:2], 4), np.uint8)
    for channel in range(3):
        packed[..., 2 - channel] = image[..., channel]
    return packed.view("<u4")[..., 0].astype(np.uint32, copy=False)


def count_colors(packed: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(K,) different values, ascending, and (K,) pixels of each.

    Equals: np.unique(packed, return_counts=True), in less time where neighbours are equal.
    """
    flat = packed.ravel()
    starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    if 4 * len(starts) > len(flat):
        values, pixels = np.unique(flat, return_counts=True)
    else:
        runs = np.diff(np.append(starts, len(flat)))
        values, inverse = np.unique(flat[starts], return_inverse=True)
        pixels = np.bincount(inverse, weights=runs)
    return values.astype(np.int64), pixels.astype(np.int64)


def levels_of(
    colors: NDArray[np.int64], pixels: NDArray[np.int64], *, is_packed: bool, noise: int = NOISE
) -> tuple[list[tuple[int, float]], float]:
    """The values or packed colours that stand out, and the share of the pixels near them.

    Args:
        colors: (K,) different ones.
        pixels: (K,) of each.
        is_packed: they are packed colours, not values.
        noise: colours so far from a level in each channel belong to it.
    Returns:
        (colour, share of the pixels), the most frequent first, at most MOST_VALUES; and the share
        of the pixels within `noise` of one.
    """
    total = int(pixels.sum())
    heavy = np.flatnonzero(pixels >= max(2, LEAST_SHARE * total))
    if pixels[heavy].sum() < _BETWEEN_LEVELS * total:
        return [], 0.0
    levels, taken = list[tuple[int, float]](), np.zeros(len(colors), bool)
    for place in heavy[np.argsort(-pixels[heavy], kind="stable")][: 2 * MOST_VALUES]:
        if taken[place]:
            continue
        near = _near(colors, int(colors[place]), noise, is_packed)
        if pixels[place] >= _PEAK * pixels[near].sum():
            levels.append((int(colors[place]), int(pixels[place]) / total))
            taken |= near
        if len(levels) == MOST_VALUES:
            break
    return levels, float(pixels[taken].sum() / total)


def is_flat(packed: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(H-2, W-2) which inner pixels are equal to all eight neighbours."""
    row = packed[:, 1:-1]
    across = (row == packed[:, :-2]) & (row == packed[:, 2:])
    middle = row[1:-1]
    flat = across[:-2] & across[1:-1] & across[2:]
    return flat & (middle == row[:-2]) & (middle == row[2:])


def _near(colors: NDArray[np.int64], color: int, noise: int, is_packed: bool) -> NDArray[np.bool_]:
    if not is_packed:
        return np.abs(colors - color) <= (noise if colors[-1] < 256 else noise << 8)
    near = np.ones(len(colors), bool)
    for shift in (0, 8, 16):
        near &= np.abs((colors >> shift & 255) - (color >> shift & 255)) <= noise
    return near


def distance_of(a: int, b: int) -> int:
    """Of two packed colours, in the channel where they differ most."""
    return max(abs((a >> shift & 255) - (b >> shift & 255)) for shift in (0, 8, 16))


def _as_integers(samples: np.ndarray) -> NDArray[np.int64]:
    """Whole numbers as they are, others in steps of a 65,536th of their range."""
    samples = np.nan_to_num(samples.astype(np.float64))
    if (samples == np.floor(samples)).all():
        return samples.astype(np.int64)
    low, high = samples.min(), samples.max()
    return ((samples - low) / (high - low) * 65535).astype(np.int64)
