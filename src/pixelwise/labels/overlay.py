"""A label on top of its image, for looking at."""

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, check_range
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import check_image, index_to_color


def overlay(
    image: NDArray[np.uint8], label: NDArray[np.integer], classes: Classes, opacity: float = 0.5
) -> NDArray[np.uint8]:
    """The image with the display colour of every class over it.

    shown = (1 − opacity) · image + opacity · colour, rounded; void shows the image as it is.

    Args:
        image: (H, W, 3) uint8 RGB, as from read_image.
        label: (H, W) class indices 0..C-1 or ignore_index, any integer dtype.
        classes: gives the colours.
        opacity: of the colours: 0 shows the image alone, 1 the colours alone.
    Returns:
        (H, W, 3) uint8 RGB.
    Raises:
        ArgumentTypeError: image is not uint8, or label is not of integers.
        ArgumentError: image is not (H, W, 3), label is not of its size, or opacity is not from 0
            to 1.
        LabelError: label has indices that are neither a class nor ignore_index.

    Example:
        >>> import numpy as np
        >>> import pixelwise as pw
        >>> classes = pw.Classes(["sky", "road"], colors=[(0, 0, 255), (128, 128, 128)])
        >>> image = np.full((1, 3, 3), 100, np.uint8)
        >>> pw.overlay(image, np.array([[0, 1, 255]]), classes).tolist()
        [[[50, 50, 178], [114, 114, 114], [100, 100, 100]]]
    """
    where = "overlay"
    image = np.asarray(image)
    check_image(where, image)
    check_range(where, "opacity", opacity, 0, 1)
    colors = index_to_color(label, classes)
    if colors.shape != image.shape:
        must = f"of the image's size {image.shape[:2]}"
        raise ArgumentError(where, "label", must=must, got=colors.shape[:2])
    amount = np.where(np.asarray(label) == classes.ignore_index, 0, np.float32(opacity))[..., None]
    return np.rint(image + amount * (colors.astype(np.float32) - image)).astype(np.uint8)
