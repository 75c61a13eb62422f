"""What is in each panel: the image, a label over it, a prediction over it, and the errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.shown import shown_rgb
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.drawing import borders, overlay_members
from pixelwise.labels.palettes import striped
from pixelwise.pictures.reduce import Box, by_area, by_center, repeated

GREY = 200  # where there is no image


@dataclass(frozen=True, eq=False)
class Panel:
    """One part of a picture.

    Args:
        caption: what it is.
        text: its description for those who do not see it.
        pixels: (h, w, 3) uint8 RGB.
        photo: it has the many colours of a photograph.
    """

    caption: str
    text: str
    pixels: NDArray[np.uint8]
    photo: bool = False


def as_rgb(image: NDArray) -> tuple[NDArray[np.uint8], str]:
    """An image of any channels and samples as (H, W, 3) uint8, and what was done to it.

    Args:
        image: (H, W, C) of numbers. One channel is grey, of more than three the first three are
            shown. Samples of 8 bits stay; floating point from 0 to 1 is times 255; of others
            percentiles 2 and 98 of each channel are black and white.
    """
    bands = image.shape[2]
    notes = [] if bands <= 3 else [f"bands 1, 2 and 3 of {bands}"]
    image = image[:, :, :1] if bands == 2 else image[:, :, :3]
    notes += ["band 1 of 2"] if bands == 2 else []
    if image.dtype == np.bool_:
        image = image * np.uint8(255)
    elif image.dtype.kind == "f" and not ((image < 0) | (image > 1)).any():  # NaN is neither
        image = np.rint(np.nan_to_num(image) * 255).astype(np.uint8)
    if image.dtype == np.uint8:
        return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3))), ", ".join(notes)
    channels = Channels(tuple(f"band {k + 1}" for k in range(image.shape[2])))
    notes.append("percentiles 2 and 98 are black and white")
    return shown_rgb(image, channels), ", ".join(notes)


def below(image: NDArray[np.uint8] | None, size: Box, times: int) -> NDArray[np.uint8]:
    """The image at the size of its panel, or plain grey."""
    if image is None:
        return np.full((size[1] * times, size[0] * times, 3), GREY, np.uint8)
    return repeated(by_area(image, size), times)


def over(
    image: NDArray[np.uint8],
    label: NDArray[np.integer],
    classes: Classes,
    opacity: float,
    size: Box,
    times: int,
    contours: bool,
) -> NDArray[np.uint8]:
    """A label over its image: colours, void striped, and a contour of each class.

    Args:
        image: (h, w, 3) at the size of the panel.
        label: (H, W) class indices, or (C, H, W) of classes that overlap.
        classes: with the colours to show.
        opacity: of the colours, 0..1.
        size, times: (width, height) before each pixel is repeated so many times.
        contours: draw a line inside each area, in the colour of its class.
    Returns:
        (h, w, 3) uint8.
    """
    small = by_center(label, size)
    if label.ndim == 3:
        planes = np.stack([repeated(plane, times) for plane in small])
        mixed = overlay_members(image, planes, classes, opacity, contours)
        void = (planes == classes.ignore_index).all(0)
        return np.where(void[:, :, None], striped(*void.shape), mixed)
    shown = repeated(small, times)
    void = shown == classes.ignore_index
    colors = classes.index_palette()[shown].astype(np.float32)
    mixed = np.rint(image + np.float32(opacity) * (colors - image)).astype(np.uint8)
    if contours and opacity > 0:
        edge = borders(shown)
        mixed[edge] = colors[edge]
    return np.where(void[:, :, None], striped(*shown.shape), mixed)
