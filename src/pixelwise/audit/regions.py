"""What the neighbours of a pixel say about it: single pixels, smooth borders, noise, frames."""

import numpy as np

# Interpolation reaches so far; a smooth border is a band of at most twice this.
_REACH = 2
# A frame that is thicker is a part of the picture.
_MAX_FRAME = 64


def single_pixels(label: np.ndarray) -> np.ndarray:
    """Which inner pixels differ from all of their four neighbours.

    Args:
        label: (H, W).
    Returns:
        (H - 2, W - 2) bool; [0, 0] belongs to pixel (1, 1).
    """
    beside = label[1:-1, 1:] != label[1:-1, :-1]
    above = label[1:, 1:-1] != label[:-1, 1:-1]
    return beside[:, 1:] & beside[:, :-1] & above[1:] & above[:-1]


def between_pixels(label: np.ndarray) -> np.ndarray:
    """Which inner pixels lie in value strictly between their two neighbours, left and right or
    above and below.

    Args:
        label: (H, W).
    Returns:
        (H - 2, W - 2) bool; [0, 0] belongs to pixel (1, 1).
    """
    inner = label[1:-1, 1:-1]

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return ((a < inner) & (inner < b)) | ((b < inner) & (inner < a))

    return between(label[1:-1, :-2], label[1:-1, 2:]) | between(label[:-2, 1:-1], label[2:, 1:-1])


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

    The ring of pixels behind the frame has another value in more than half of its places; a label
    whose objects lie on a background has no such edge.
    """
    value = int(label[0, 0])
    most = min(_MAX_FRAME, (min(label.shape) - 1) // 2)
    for thickness in range(most):
        ring = _ring(label, thickness)
        same = (ring == value).mean()
        if same < 1:
            return (value, thickness) if thickness and same < 0.5 else None
    return None


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
