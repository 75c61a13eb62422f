"""A rotation of a crop. A larger crop is rotated and its centre is left, so nothing is missing."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from pixelwise.data.presets import Preset


@dataclass(frozen=True)
class Rotation:
    """A rotation about the centre of a crop.

    Attributes:
        degrees: counterclockwise.
        crop: (height, width) that is left.
    """

    degrees: float
    crop: tuple[int, int]

    @property
    def larger(self) -> tuple[int, int]:
        """(height, width) that has all pixels of the rotated crop, about the same centre."""
        cos, sin = np.abs(self._cos_sin)
        (height, width) = self.crop
        needed = height * cos + width * sin, height * sin + width * cos
        # by an even number, so that the centres are the same; one pixel more for the rounding
        grown = (2 * math.ceil((n - have) / 2) + 2 for n, have in zip(needed, self.crop))
        return height + next(grown), width + next(grown)

    @property
    def _cos_sin(self) -> tuple[float, float]:
        angle = math.radians(self.degrees)
        return math.cos(angle), math.sin(angle)

    def first(
        self,
        window: tuple[int, int],
        size: tuple[int, ...],
        place: tuple[int, int] | None,
        random: np.random.Generator,
    ) -> tuple[int, int]:
        """Top and left of a window of a label.

        The window is in the label, or about its middle where it is larger. A place lies anywhere in
        the crop that is left; for one near the border of the label the window reaches beyond it.

        Args:
            window: (height, width) that becomes `larger`.
            size: (height, width) of the label.
            place: a pixel that the crop has.
            random: the only source of chance.
        """
        free = [have - wanted for wanted, have in zip(window, size)]
        if place is None:
            top, left = (int(random.integers(f + 1)) if f > 0 else f // 2 for f in free)
            return top, left
        at = self._position(window, random)
        wanted = place[0] - at[0], place[1] - at[1]
        top, left = (min(max(w, min(0, f)), max(0, f)) for w, f in zip(wanted, free))
        return (top, left) if self._shows(window, place[0] - top, place[1] - left) else wanted

    def _position(self, window: tuple[int, int], random: np.random.Generator) -> tuple[int, int]:
        """A pixel of the window that lies anywhere in the crop that is left."""
        cos, sin = self._cos_sin
        y, x = (float(random.uniform(-n / 2, n / 2)) for n in self.crop)
        from_centre = x * sin + y * cos, x * cos - y * sin
        row, column = (
            int((large / 2 + offset) * have / large)
            for large, offset, have in zip(self.larger, from_centre, window)
        )
        return row, column

    def _shows(self, window: tuple[int, int], row: int, column: int) -> bool:
        """Whether a pixel of the window is in the crop that is left."""
        cos, sin = self._cos_sin
        y, x = (
            (at + 0.5) * large / have - large / 2
            for at, large, have in zip((row, column), self.larger, window)
        )
        height, width = self.crop
        return abs(y * cos - x * sin) < height / 2 and abs(x * cos + y * sin) < width / 2

    def apply(
        self, image: Tensor, target: NDArray[np.integer], mirrored: bool, void: int
    ) -> tuple[Tensor, NDArray[np.integer]]:
        """Image and target, rotated together.

        Args:
            image: (C, *larger).
            target: (..., *larger) class indices.
            mirrored: left and right of both have changed places since the window was chosen.
            void: ignore_index.
        Returns:
            image (C, *crop) and target (..., *crop).
        """
        degrees = -self.degrees if mirrored else self.degrees
        # float32 has every index exactly
        planes = torch.from_numpy(target.astype(np.float32)).reshape(-1, *target.shape[-2:])
        missing = [max(0, crop - large) // 2 for crop, large in zip(self.crop, self.larger)]
        around = [missing[1], missing[0]]
        image = functional.pad(image, around)
        image = functional.rotate(image, degrees, InterpolationMode.BILINEAR)
        planes = functional.pad(planes, around, fill=float(void))
        planes = functional.rotate(planes, degrees, InterpolationMode.NEAREST, fill=[float(void)])
        image, planes = (functional.center_crop(one, list(self.crop)) for one in (image, planes))
        rotated = planes.reshape(*target.shape[:-2], *self.crop).numpy()
        return image.contiguous(), rotated.astype(target.dtype)


def draw_rotation(
    crop: tuple[int, int], how: Preset | None, random: np.random.Generator
) -> Rotation | None:
    """The rotation of an example; None for those without, and where a preset has none.

    Args:
        crop: (height, width) that the example has.
        how: the preset.
        random: the only source of chance.
    """
    if how is None or not how.degrees or random.random() >= how.chance:
        return None
    return Rotation(float(random.uniform(-how.degrees, how.degrees)), crop)
