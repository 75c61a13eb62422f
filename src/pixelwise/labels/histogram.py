"""Count how often each value occurs in a label; what every audit, count and look begins with.

Labels are areas of one value: along a row they are runs, of which there are few. Where there are
not, pixels are counted one by one.
"""

import numpy as np
from PIL import Image

_LANES = 4
# Below this many values they are counted one by one; below the second, the lists that Pillow
# returns take longer than that.
_FEW, _FEW_FOR_PILLOW = 1 << 13, 1 << 15
# Pixels that are looked at together: what is made of them stays in the cache.
BAND_PIXELS = 1 << 16
# With more runs than this share of the pixels, counting them takes longer than counting pixels; of
# bytes in one band, and in several.
_MOST_RUNS, _MOST_IN_ONE, _MOST_IN_SEVERAL = 1 / 4, 1 / 10, 1 / 32


def histogram(values: np.ndarray) -> np.ndarray:
    """How often each of the 256 values occurs.

    pixels[v] = number of entries that are v.

    Args:
        values: (*S) uint8.
    Returns:
        (256,) int64.
    Equals: np.bincount(values.ravel(), minlength=256).
    """
    flat = values.ravel()
    if flat.size >= _FEW:
        middle = max(0, (flat.size - BAND_PIXELS) // 2)
        band = flat[middle : middle + BAND_PIXELS]
        most = _MOST_IN_ONE if flat.size < 2 * BAND_PIXELS else _MOST_IN_SEVERAL
        if np.count_nonzero(band[1:] != band[:-1]) <= most * band.size:
            return _count_bands(flat, 256)
    if flat.size < _FEW_FOR_PILLOW:
        return np.bincount(flat, minlength=256)
    # Where neighbours are equal, as in labels, each addition waits for the one before. As pixels
    # of four channels the values go to four counters in turn, which do not wait for each other.
    size = flat.size // _LANES
    image = Image.frombuffer("RGBX", (size, 1), flat[: size * _LANES], "raw", "RGBX", 0, 1)
    pixels = np.array(image.histogram(), np.int64).reshape(_LANES, 256).sum(0)
    return pixels + np.bincount(flat[size * _LANES :], minlength=256)


def count_values(label: np.ndarray) -> np.ndarray:
    """How often each value occurs, in little memory.

    Args:
        label: (*S) uint8 or uint16.
    Returns:
        (V,) int64; V = 256 for uint8, one more than the largest value for uint16.
    Equals: np.bincount(label.ravel()), but for zeros at the end.
    """
    if label.dtype == np.uint8:
        return histogram(label)
    flat = label.ravel()
    return np.bincount(flat) if flat.size < _FEW else _count_bands(flat, int(flat.max()) + 1)


def runs_of(
    *bands: np.ndarray, most: float = _MOST_RUNS
) -> tuple[list[np.ndarray], np.ndarray] | None:
    """Pixels one after the other that are equal, in every array.

    Args:
        bands: (N,) each, N >= 1, about BAND_PIXELS of some images.
        most: share of the pixels.
    Returns:
        The values of the R runs, (R,) of each array; and their pixels, (R,) int64, N in all; None
        if R would exceed most * N.
    """
    begins = np.empty(bands[0].size, bool)
    begins[0] = True
    np.not_equal(bands[0][1:], bands[0][:-1], out=begins[1:])
    for band in bands[1:]:
        begins[1:] |= band[1:] != band[:-1]
    if np.count_nonzero(begins) > most * begins.size:
        return None
    first = np.flatnonzero(begins)
    lengths = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=lengths[:-1])
    lengths[-1] = begins.size - first[-1]
    return [band[first] for band in bands], lengths


def _count_bands(flat: np.ndarray, number: int) -> np.ndarray:
    """(number,) how often each of the values 0..number-1 occurs."""
    pixels = np.zeros(number, np.int64)
    for band in np.array_split(flat, max(1, flat.size // BAND_PIXELS)):
        runs = runs_of(band)
        found = np.bincount(band) if runs is None else np.bincount(runs[0][0], runs[1])
        pixels[: found.size] += found.astype(np.int64, copy=False)
    return pixels
