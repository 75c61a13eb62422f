"""Which pair an example is cut from, and around which pixel, so that rare classes are seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixelwise.weights.places import ImagePlaces

Place = tuple[int, int]  # row and column of a label
POWER = 0.5  # of the frequency of a class
SHOWN, PASTED = 1, 2  # chance beside that of the cut, which is that of uniform


class Chosen(NamedTuple):
    """A class, a pair that has it, by its number, and one of its pixels there."""

    class_index: int
    pair: int
    place: Place


@dataclass(frozen=True)
class Choice:
    """A share of the examples shows a pixel of a chosen class; the others are as without it.

    image-first: the image as in the order of the epoch, one of its classes, each with the same
    chance, one of its pixels. class-first: class c with a chance in proportion to f_c^-POWER, f its
    share of the pixels of the split; an image that has it, one of its pixels there.

    Args:
        places: of every pair.
        pixels: (C,) of each class in the split.
        class_first: the class is chosen before the image.
        share: of the examples, 0..1.
        only: (C,) bool, the classes that are chosen; None: all.
        stream: SHOWN or PASTED, whose chance it is.
    Attributes:
        chances: (C,) of each class for class-first; 0 for a class that no image has.
    """

    places: Sequence[ImagePlaces]
    pixels: NDArray[np.int64]
    class_first: bool
    share: float
    only: NDArray[np.bool_] | None = None
    stream: int = SHOWN
    images: list[NDArray[np.int32]] = field(init=False)  # that have a class
    chances: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        images: list[list[int]] = [[] for _ in self.pixels]
        for number, one in enumerate(self.places):
            for c in one.classes.tolist():
                images[c].append(number)
        has = np.array([len(one) > 0 for one in images]) & (self.pixels > 0)
        if self.only is not None:
            has &= self.only
        weights = np.where(has, np.maximum(self.pixels, 1).astype(float) ** -POWER, 0)
        object.__setattr__(self, "images", [np.array(one, np.int32) for one in images])
        object.__setattr__(self, "chances", weights / max(weights.sum(), np.finfo(float).tiny))

    def of(self, seed: int, epoch: int, index: int) -> tuple[int, Place | None]:
        """The pair of an example, and the pixel that it shows; None if it shows any."""
        chosen = self.drawn(seed, epoch, index)
        return (index, None) if chosen is None else (chosen.pair, chosen.place)

    def drawn(self, seed: int, epoch: int, index: int) -> Chosen | None:
        """What is chosen for an example; None if nothing is.

        Args:
            seed, epoch, index: of the example; all that the answer depends on.
        """
        random = np.random.default_rng((seed, epoch, index, self.stream))
        if random.random() >= self.share:
            return None
        if self.class_first and self.chances.any():
            c = int(random.choice(len(self.pixels), p=self.chances))
            index = int(random.choice(self.images[c]))
        elif self.class_first or not len(self.places[index].classes):
            return None  # all is void
        else:
            c = int(random.choice(self.places[index].classes))
        row, column = random.choice(self.places[index].of(c))
        return Chosen(c, index, (int(row), int(column)))
