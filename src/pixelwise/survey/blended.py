"""Values that interpolation has made, in a label that was resized like an image.

Such values hardly ever form an area, there are many of them, and they lie on a way from one value
to another that has several steps. A label that was drawn, and one with the noise of a JPEG file,
changes from one value to another at once.
"""

import numpy as np
from numpy.typing import NDArray

# A value may be one of interpolation if hardly any of its pixels has only its own value around it.
_NO_AREA = 0.05
# Interpolation makes at least so many values, with so many pixels.
LEAST_VALUES, _LEAST_PIXELS = 8, 16
# The largest step between neighbours, as a share of the range within _REACH of a pixel: the mean is
# 1 where labels are drawn, above 0.9 with noise of JPEG files, below 0.89 after interpolation.
_REACH, _LEAST_RANGE, _SHARP = 2, 24, 0.895
# Half of the rows that decide whether a whole label is looked at.
_BAND_ROWS = 32


def blended_values(
    label: np.ndarray, among: NDArray[np.bool_] | None = None, least: int = LEAST_VALUES
) -> NDArray[np.bool_]:
    """(V,) which values interpolation has made; none if the label was not interpolated.

    Args:
        label: (H, W) stored values.
        among: (V,) the values that are looked at; None = all.
        least: how many of them make an interpolated label.
    """
    middle = label.shape[0] // 2
    band = label[max(0, middle - _BAND_ROWS) : middle + _BAND_ROWS]
    for part in (band, label):
        found = _without_area(part)
        found = found if among is None else found & among[: len(found)]
        if found.sum() < least or not _is_gradual(part, found):
            return np.zeros(int(label.max()) + 1, bool)
    return found


def _without_area(label: np.ndarray) -> NDArray[np.bool_]:
    pixels, alone = _counts(label)
    return (pixels > 0) & (alone <= _NO_AREA * pixels)


def _counts(label: np.ndarray) -> NDArray[np.int64]:
    """(2, V) inner pixels of each value, and those of them whose neighbours all have that value."""
    height, width = label.shape
    inner = label[1:-1, 1:-1]
    alone = np.ones(inner.shape, bool)
    for y in range(3):
        for x in range(3):
            alone &= label[y : max(y, height - 2 + y), x : max(x, width - 2 + x)] == inner
    most = int(label.max()) + 1
    return np.stack([np.bincount(part, minlength=most) for part in (inner.ravel(), inner[alone])])


def _is_gradual(label: np.ndarray, chosen: NDArray[np.bool_]) -> bool:
    """Whether the label changes in several steps around the pixels that have a chosen value."""
    values, steps = label.astype(np.int32), []
    for axis in (0, 1):
        if label.shape[axis] <= 2 * _REACH:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(values, 2 * _REACH + 1, axis=axis)
        windows = windows[chosen[windows[..., _REACH]]]
        span = np.ptp(windows, axis=1)
        largest = np.abs(np.diff(windows, axis=1)).max(axis=1, initial=0)
        steps.append((largest / np.maximum(span, 1))[span >= _LEAST_RANGE])
    every = np.concatenate(steps) if steps else np.zeros(0)
    return len(every) >= _LEAST_PIXELS and float(every.mean()) < _SHARP
