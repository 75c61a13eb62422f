"""Arrays at the size of a panel: images by area, labels by the pixel at each centre."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box = tuple[int, int]  # the (width, height) that a picture fits into
SMALL = 160  # a side below which pixels are enlarged by whole numbers


def fitted(width: int, height: int, box: Box) -> Box:
    """(width, height) that fits into a box; nothing is enlarged."""
    scale = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def enlargement(width: int, height: int, box: Box) -> int:
    """How many times each pixel of a small picture is repeated, so that it can be seen."""
    wanted = -(-SMALL // max(width, height))
    return max(1, min(wanted, box[0] // width, box[1] // height))


def by_area(image: NDArray[np.uint8], size: Box) -> NDArray[np.uint8]:
    """An image (H, W) or (H, W, 3) at (width, height): each pixel is the mean of its area."""
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def by_center(label: NDArray[np.integer], size: Box) -> NDArray[np.integer]:
    """A label (..., H, W) at (width, height): each pixel is the one at its centre.

    Class indices cannot be averaged: the mean of two classes is a third one.
    """
    width, height = size
    rows = ((np.arange(height) + 0.5) * label.shape[-2] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * label.shape[-1] / width).astype(int)
    return label[..., rows[:, None], columns]


def part_of(mask: NDArray[np.bool_], size: Box) -> NDArray[np.float64]:
    """The part of each pixel of a picture of (width, height) that a mask (H, W) covers, 0..1."""
    return by_area(mask.astype(np.uint8) * np.uint8(255), size).astype(np.float64) / 255


def repeated(array: NDArray, times: int) -> NDArray:
    """Each pixel of (H, W) or (H, W, 3) so many times on both axes."""
    return array if times == 1 else array.repeat(times, 0).repeat(times, 1)
