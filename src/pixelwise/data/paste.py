"""Copy-paste: all pixels of one class in a crop of another pair, put on top of an example.

The label of a pasted pixel is that of its source, so it is exact. Void beside the class, such as
the ring around the objects of many data sets, is pasted with it and stays void. Nothing is blended.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.data.choice import Place
from pixelwise.labels.classes import Classes
from pixelwise.labels.pairs import Pair

RING = 8  # pixels of a label: void as near as this belongs to the class
PASTED_CUT = 3  # chance beside that of the example


@dataclass(frozen=True)
class Paste:
    """What is pasted into an example.

    Attributes:
        pair: that it is cut from; classes: what its files store.
        class_index: of the class.
        place: a pixel of the class in its label, which the crop has.
        seed: of the crop; it has its own zoom, place and mirror.
        whole: look at its files beyond the crop too.
    """

    pair: Pair
    classes: Classes
    class_index: int
    place: Place
    seed: tuple[int, ...]
    whole: bool


def ring_steps(zoom: float) -> int:
    """RING at a zoom, in pixels of the crop."""
    return math.ceil(RING * zoom)


def pixels_of_class(
    target: NDArray[np.integer],
    index: int,
    void: int,
    inside: NDArray[np.bool_] | None,
    steps: int,
) -> NDArray[np.bool_]:
    """(H, W) the pixels of a class, and the void that is joined to them within so many steps.

    Args:
        target: (H, W) class indices; (C, H, W) of 0, 1 and void where classes overlap.
        index: of the class.
        void: ignore_index.
        inside: (H, W) where there is an image, beyond which no void is a ring; None: everywhere.
        steps: to any of the eight pixels around.
    """
    plane, member = (target, index) if target.ndim == 2 else (target[index], 1)
    ring = plane == void
    return grown(plane == member, ring if inside is None else ring & inside, steps)


def grown(mask: NDArray[np.bool_], into: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """A mask (H, W), and the pixels of another that are reached from it in so many steps."""
    for _ in range(steps):
        wide = mask.copy()
        wide[:, 1:] |= mask[:, :-1]
        wide[:, :-1] |= mask[:, 1:]
        tall = wide.copy()
        tall[1:] |= wide[:-1]
        tall[:-1] |= wide[1:]
        more = mask | (tall & into)
        if np.array_equal(more, mask):
            break
        mask = more
    return mask


def put_on(
    image: Tensor,
    target: NDArray[np.integer],
    other: Tensor,
    other_target: NDArray[np.integer],
    mask: NDArray[np.bool_],
) -> tuple[Tensor, NDArray[np.integer]]:
    """Image (C, H, W) and target (..., H, W), with those of another where a mask (H, W) is True."""
    return (
        torch.where(torch.from_numpy(mask), other, image),
        np.where(mask, other_target, target),
    )
