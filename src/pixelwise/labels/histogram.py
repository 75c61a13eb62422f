"""Count how often each value occurs in bytes; what every audit, count and look begins with."""

import numpy as np
from PIL import Image

_LANES = 4
# Below this many values the lists that Pillow returns take longer than the counting.
_FEW = 1 << 15
_PIECE = 1 << 20


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
    if flat.size < _FEW:
        return np.bincount(flat, minlength=256)
    # Where neighbours are equal, as in labels, each addition waits for the one before. As pixels
    # of four channels the values go to four counters in turn, which do not wait for each other.
    size = flat.size // _LANES
    image = Image.frombuffer("RGBX", (size, 1), flat[: size * _LANES], "raw", "RGBX", 0, 1)
    pixels = np.array(image.histogram(), np.int64).reshape(_LANES, 256).sum(0)
    return pixels + np.bincount(flat[size * _LANES :], minlength=256)


def count_values(label: np.ndarray) -> np.ndarray:
    """How often each value occurs, in pieces that take little memory.

    Args:
        label: (*S) uint8 or uint16.
    Returns:
        (V,) int64; V = 256 for uint8, one more than the largest value for uint16.
    Equals: np.bincount(label.ravel()), but for zeros at the end.
    """
    if label.dtype == np.uint8:
        return histogram(label)
    flat, pixels = label.ravel(), np.zeros(1 << 16, np.int64)
    for start in range(0, flat.size, _PIECE):
        found = np.bincount(flat[start : start + _PIECE])
        pixels[: found.size] += found
    return np.trim_zeros(pixels, "b")
