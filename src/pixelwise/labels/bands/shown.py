"""Three of the channels of an image as RGB of 8 bits, for pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixelwise.labels.bands.channels import Channels

# percentiles of the samples of a channel that are black and white where no range is agreed
_PERCENTILES = (2, 98)
_WHITE = 255


def shown_rgb(
    array: NDArray[np.uint8 | np.uint16 | np.float32],
    channels: Channels,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
) -> NDArray[np.uint8]:
    """An image of any channels as a picture.

    Value = 255 · (sample − low) / (high − low), rounded and clipped.

    Args:
        array: (H, W, C) as of read_channels.
        channels: their names, range and which are shown; one is shown as grey.
        low, high: of each channel, what is black and white; None = the range, or else percentiles 2
            and 98 of this image's samples that are not its nodata.
    Returns:
        (H, W, 3) uint8.
    """
    if channels.is_rgb:
        return array.astype(np.uint8, copy=False)
    if low is not None and high is not None:
        limits = tuple(zip(low, high))
    else:
        limits = channels.lowest_and_highest(array.dtype)
    planes = []
    for place in channels.shown_places:
        plane = array[:, :, place].astype(np.float32)
        black, white = limits[place] if limits else _percentiles(plane, channels)
        scaled = (plane - black) * (_WHITE / (white - black or 1.0))
        planes.append(np.nan_to_num(scaled).clip(0, _WHITE).round().astype(np.uint8))
    return np.dstack(planes if len(planes) == 3 else planes * 3)


def _percentiles(plane: np.ndarray, channels: Channels) -> tuple[float, float]:
    valid = plane[np.isfinite(plane)]
    if isinstance(channels.nodata, int | float):
        valid = valid[valid != np.float32(channels.nodata)]
    if not valid.size:
        return 0.0, 1.0
    low, high = np.percentile(valid, _PERCENTILES)
    return float(low), float(high)
