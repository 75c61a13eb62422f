"""Pixels by what is wrong with them, and how they are drawn."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.labels.class_names import is_background_name
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import MEMBER
from pixelwise.labels.palettes import striped
from pixelwise.pictures.reduce import Box, by_area, part_of, repeated

# The colours of the page of a score too; far apart under protanopia and deuteranopia.
KINDS: dict[str, tuple[int, int, int]] = {
    "missed": (0, 114, 255),
    "false": (255, 176, 0),
    "confused": (220, 38, 127),
}
MEANING = {
    "missed": "of a class in question, predicted as none of them",
    "false": "predicted as a class in question, of none of them",
    "confused": "of one class in question, predicted as another",
}
Masks = dict[str, NDArray[np.bool_]]
Index = NDArray[np.integer]


def in_question(classes: Classes, focus: Iterable[int], overlap: bool = False) -> NDArray[np.bool_]:
    """(C,) bool: the classes of a focus; without one all but the background.

    The background is a class whose name says so, or the first of two; of classes that overlap none
    is.
    """
    chosen = np.zeros(len(classes), bool)
    indices = list(focus)
    if indices:
        chosen[indices] = True
        return chosen
    background = [is_background_name(name) for name in classes.names]
    if len(classes) == 2 and not any(background) and not overlap:
        background[0] = True
    return ~np.array(background)


def errors_of(
    label: NDArray[np.integer],
    pred: NDArray[np.integer],
    classes: Classes,
    asked: NDArray[np.bool_],
) -> tuple[Masks, NDArray[np.bool_]]:
    """Wrong pixels by kind, and void.

    Args:
        label, pred: (H, W) class indices or void; what is predicted on void is never looked at, a
            prediction of void is one of no class.
        classes: of both.
        asked: (C,) the classes in question.
    Returns:
        A mask (H, W) for each of KINDS, which are disjoint; (H, W) bool, void.
    """
    void = label == classes.ignore_index
    table = np.zeros(max(len(classes), classes.ignore_index + 1), bool)
    table[: len(classes)] = asked
    wrong = ~void & (label != pred)
    target, predicted = table[label], table[pred]
    return {
        "missed": wrong & target & ~predicted,
        "false": wrong & ~target & predicted,
        "confused": wrong & target & predicted,
    }, void


def member_errors(
    label: NDArray[np.integer],
    pred: NDArray[np.integer],
    classes: Classes,
    asked: NDArray[np.bool_],
) -> tuple[Masks, NDArray[np.bool_]]:
    """errors_of classes that overlap, (C, H, W) each: confused is missed of one, false of another.

    Void is what is void for every class in question.
    """
    valid = (label != classes.ignore_index) & asked[:, None, None]
    missed = (valid & (label == MEMBER) & (pred != MEMBER)).any(0)
    false = (valid & (label != MEMBER) & (pred == MEMBER)).any(0)
    kinds = {"missed": missed & ~false, "false": false & ~missed, "confused": missed & false}
    return kinds, ~valid.any(0)


def error_map(
    image: NDArray[np.uint8] | None,
    masks: Iterable[tuple[NDArray[np.bool_], tuple[int, int, int]]],
    void: NDArray[np.bool_],
    size: Box,
    times: int = 1,
) -> NDArray[np.uint8]:
    """Wrong pixels in strong colours, the others as a dim grey image, void striped.

    A pixel of the picture is as strongly coloured as the part of its area that is wrong.

    Args:
        image: (H, W, 3) RGB, or None: plain grey.
        masks: disjoint (H, W), each with its colour.
        void: (H, W).
        size, times: (width, height) before each pixel is repeated so many times.
    Returns:
        (times · height, times · width, 3) RGB.
    """
    canvas = np.repeat(_dim_grey(image, size)[:, :, None], 3, axis=2)
    parts = [(part_of(mask, size)[:, :, None], np.array(color)) for mask, color in masks]
    rest = 1 - sum((part for part, _ in parts), start=np.zeros(1))
    canvas = canvas * rest + sum((part * color for part, color in parts), start=np.zeros(3))
    drawn = repeated(canvas.round().clip(0, 255).astype(np.uint8), times)
    hidden = repeated(part_of(void, size) > 0.5, times)
    return np.where(hidden[:, :, None], striped(*hidden.shape), drawn)


def _dim_grey(image: NDArray[np.uint8] | None, size: Box) -> NDArray[np.float64]:
    if image is None:
        return np.full(size[::-1], 130.0)
    grey = np.asarray(Image.fromarray(image).convert("L"))
    return 80 + 0.4 * by_area(grey, size).astype(np.float64)
