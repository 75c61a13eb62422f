"""Classes that overlap on top of their image: their colours, mixed, with a contour of each."""

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, LabelError, check_shape
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import MEMBER, NOT
from pixelwise.text import some

DASH = 4  # pixels of one colour where contours of several classes coincide


def overlay_members(
    image: NDArray[np.uint8],
    members: NDArray[np.integer],
    classes: Classes,
    opacity: float,
    contours: bool = True,
) -> NDArray[np.uint8]:
    """The image with the mean of the colours of its classes over each pixel, and their contours.

    shown = (1 − opacity) · image + opacity · mean of the colours, rounded; where no class is, the
    image as it is. A contour, one pixel wide and inside of its class, has the colour of the class
    alone, in dashes by turns where several coincide; with opacity 0 there is none.

    Args:
        image: (H, W, 3) uint8 RGB.
        members: (C, H, W) of 0, 1 and ignore_index.
        classes: those that overlap.
        opacity: of the colours, 0..1.
        contours: draw them.
    Raises:
        ArgumentError: another shape.
        LabelError: another value.
    """
    where, size = "overlay", image.shape[:2]
    check_shape(where, "label", members.shape, (len(classes), *size), "(C, H, W) of the image")
    if members.dtype.kind not in "ui":
        raise ArgumentError(where, "label", must="of integers", got=f"dtype {members.dtype}")
    wrong = ~np.isin(members, (NOT, MEMBER, classes.ignore_index))
    if wrong.any():
        must = f"0, 1 or {classes.ignore_index} where classes overlap"
        raise LabelError(where, "label", must=must, got=some(np.unique(members[wrong]).tolist()))
    colors = np.array(classes.colors, np.float32)
    number, lines = np.zeros(size, np.int64), np.zeros(size, np.int64)
    mixed = np.zeros((*size, 3), np.float32)
    for plane, color in zip(members == MEMBER, colors):
        number += plane
        lines += contour(plane)
        mixed[plane] += color
    mixed /= np.maximum(number, 1)[..., None]
    shown = image + np.where(number > 0, np.float32(opacity), 0)[..., None] * (mixed - image)
    if contours and opacity > 0:
        turn = np.add.outer(np.arange(size[0]), np.arange(size[1])) // DASH % np.maximum(lines, 1)
        for plane, color in zip(members == MEMBER, colors):
            line = contour(plane)
            shown[line & (turn == 0)] = color
            turn -= line
    return np.rint(shown).astype(np.uint8)


def contour(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of an area (H, W) with one beside, above or below them that is not of it."""
    return plane & borders(plane)


def borders(label: NDArray) -> NDArray[np.bool_]:
    """The pixels of (H, W) with one beside, above or below them of another value."""
    down, across = label[1:] != label[:-1], label[:, 1:] != label[:, :-1]
    found = np.zeros(label.shape, bool)
    found[1:] |= down
    found[:-1] |= down
    found[:, 1:] |= across
    found[:, :-1] |= across
    return found
