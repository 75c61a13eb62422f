"""What the neighbours of a pixel say about it: single pixels, smooth borders, noise, frames."""

import numpy as np
from numpy.typing import NDArray

# Interpolation reaches so far; a smooth border is a band of at most twice this.
_REACH = 2
# Of a line between lower and higher values: the least share that rises to the right or downwards,
# and the least that falls.
_BOTH_SIDES = 0.05
# A frame that is thicker, in shorter sides of the label, is background; and behind a frame its
# value is rare.
_FRAME_SHARE, _LEFT_INSIDE = 1 / 12, 0.2


def first_place(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(y, x) of the first pixel of a mask, by rows."""
    y, x = divmod(int(mask.argmax()), mask.shape[1])
    return y, x


def single_pixels(label: np.ndarray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which inner pixels differ from all of their eight neighbours, and which of these have
    neighbours that are all the same.

    Args:
        label: (H, W), at least (3, 3).
    Returns:
        Two of (H - 2, W - 2) bool; [0, 0] belongs to pixel (1, 1).
    """
    height, width = label.shape
    inner, first = label[1:-1, 1:-1], label[:-2, :-2]
    single, alike = np.ones((2, *inner.shape), bool)
    for y in (0, 1, 2):
        for x in (0, 1, 2):
            if (y, x) != (1, 1):
                near = label[y : height - 2 + y, x : width - 2 + x]
                single &= near != inner
                alike &= near == first
    return single, single & alike


def values_between(label: np.ndarray, least: float) -> list[int]:
    """Values most of whose pixels lie in value between their left and right, or upper and lower,
    neighbours.

    Args:
        label: (H, W) stored values, at least (3, 3).
        least: the share of the pixels of a value.
    """
    inner = label[1:-1, 1:-1]
    between = _is_between(label[1:-1, :-2], inner, label[1:-1, 2:])
    between |= _is_between(label[:-2, 1:-1], inner, label[2:, 1:-1])
    most = int(label.max()) + 1
    number = np.bincount(inner[between], minlength=most)
    return np.flatnonzero(
        (number > 0) & (number >= least * np.bincount(inner.ravel(), minlength=most))
    ).tolist()


def is_line_between(
    label: np.ndarray, valid: np.ndarray, value: int, least: float, pixels: int
) -> bool:
    """Whether a value occurs only as a line between lower and higher values, as interpolation
    draws it: there are few borders across which lower and higher values meet without it, and values
    rise across some of the lines and fall across others, as on the two sides of an object.

    Args:
        label: (H, W) stored values, at least (3, 3).
        valid: (H, W) bool; other pixels are neither lower nor higher.
        value: the value.
        least: the share of its pixels that must lie in such lines.
        pixels: their least number.
    """
    known = np.where(valid, label, value).astype(np.int32)
    side, here = np.sign(known - value), known[1:-1, 1:-1] == value
    before, after = [side[1:-1, :-2], side[:-2, 1:-1]], [side[1:-1, 2:], side[2:, 1:-1]]
    rising = here & np.any([(a < 0) & (b > 0) for a, b in zip(before, after)], axis=0)
    falling = here & np.any([(a > 0) & (b < 0) for a, b in zip(before, after)], axis=0)
    number = int((rising | falling).sum())
    jumps = (side[:, 1:] * side[:, :-1] < 0).sum() + (side[1:] * side[:-1] < 0).sum()
    every = int(((label == value) & valid).sum())
    # stripes in the order of their values have one side alone
    both = min(int(rising.sum()), int(falling.sum())) >= _BOTH_SIDES * number
    return both and number >= max(pixels, least * every, 2 * int(jumps))


def _is_between(a: np.ndarray, middle: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a < middle) & (middle < b)) | ((b < middle) & (middle < a))


def smooth_share(label: np.ndarray, unknown: np.ndarray) -> float:
    """The share of unknown pixels whose value lies between known values close by.

    share = |{p unknown: min < label(p) < max of the known pixels within 2 of p}| / |unknown|

    Args:
        label: (H, W) stored values.
        unknown: (H, W) bool, with at least one True.
    """
    values = label.astype(np.int32)
    top = np.iinfo(np.int32).max
    low = _least_near(np.where(unknown, top, values), top)
    high = -_least_near(np.where(unknown, top, -values), top)
    return float(((low < values) & (values < high))[unknown].mean())


def thin_share(chosen: np.ndarray) -> float:
    """The share of chosen pixels that have another one within 2 of them."""
    other = _least_near(chosen.astype(np.uint8), 1) == 0
    return float(other[chosen].mean())


def roughness(label: np.ndarray, chosen: np.ndarray) -> float:
    """The share of chosen pixels whose right neighbour has another value: high for noise.

    Args:
        label: (H, W).
        chosen: (H, W) bool, with at least one True left of the last column.
    """
    pixels = chosen[:, :-1]
    return float((label[:, :-1] != label[:, 1:])[pixels].mean()) if pixels.any() else 0.0


def frame_of(label: np.ndarray) -> tuple[int, int] | None:
    """(value, thickness) of a frame of one value all around the label, with an edge inside.

    The ring of pixels behind the frame has other values nearly everywhere; a label whose objects
    lie on a background has no such edge.
    """
    value = label[0, 0]
    if not ((label[0] == value).all() and (label[:, 0] == value).all()):
        return None
    other = label != value
    sides = [side.any(axis=axis) for axis in (0, 1) for side in (other, other[::-1, ::-1])]
    thickness = min(int(side.argmax()) for side in sides)
    if not 0 < thickness <= min(label.shape) * _FRAME_SHARE:
        return None
    if (_ring(label, thickness) == value).mean() > _LEFT_INSIDE:
        return None
    return int(value), thickness


def _ring(label: np.ndarray, depth: int) -> np.ndarray:
    """The pixels so deep below the border, in a row."""
    height, width = label.shape
    low, high = depth, slice(depth, width - depth)
    sides = slice(depth, height - depth)
    return np.concatenate(
        [
            *(label[low, high], label[height - 1 - depth, high]),
            *(label[sides, low], label[sides, width - 1 - depth]),
        ]
    )


def _least_near(values: np.ndarray, outside: int) -> np.ndarray:
    """The least value within _REACH of every pixel, rows and columns."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (_REACH, _REACH)
        padded = np.pad(values, padding, constant_values=outside)
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1, axis=axis)
        values = windows.min(axis=-1)
    return values
