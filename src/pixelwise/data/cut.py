"""The window of an image that an example shows, and image and label cut out and resampled."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.transforms.v2 import functional

from pixelwise.data.choice import Place
from pixelwise.data.resize import resize_image
from pixelwise.data.rotation import Rotation
from pixelwise.data.samples import as_torch, change_colors, image_to_tensor
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.bands.reading import Samples


@dataclass(frozen=True)
class Augmentation:
    """How a training example is cut out of a pair. Sizes are (height, width).

    Attributes:
        crop: pixels of the label that an example has.
        scale: size of the image at the network / size on disk.
        zoom: lowest and highest random zoom.
        flip: mirror half of the examples.
        color: largest relative change of brightness, contrast and saturation, 0..1.
        more: what else happens: one of AUGMENTATIONS, or a `module:function`.
    """

    crop: tuple[int, int]
    scale: float = 1.0
    zoom: tuple[float, float] = (1.0, 1.0)
    flip: bool = False
    color: float = 0.0
    more: str = "default"


@dataclass(frozen=True)
class Cut:
    """What one example shows of its pair: a window of crop / zoom pixels.

    Attributes:
        top, left: of the window; below 0 where it reaches beyond the image.
        height, width: of the window.
        mirrored: whether left and right change places.
        factors: of brightness, contrast and saturation; None = as they are.
    """

    top: int
    left: int
    height: int
    width: int
    mirrored: bool
    factors: tuple[float, float, float] | None

    def inside(self, size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
        """The rows and the columns of an image of (height, width) that the window shows."""
        return (
            (max(0, self.top), min(size[0], self.top + self.height)),
            (max(0, self.left), min(size[1], self.left + self.width)),
        )


def draw_cut(
    size: tuple[int, ...],
    how: Augmentation,
    random: np.random.Generator,
    place: Place | None = None,
    rotation: Rotation | None = None,
) -> Cut:
    """A random cut of a pair of (height, width) pixels.

    A given place lies anywhere in the window, not in its middle; the window stays in the image. One
    that is rotated afterwards is chosen by the rotation.
    """
    zoom = float(np.exp(random.uniform(*np.log(how.zoom))))
    height, width = (max(1, round(length / zoom)) for length in how.crop)
    window = height, width
    if rotation is not None:
        top, left = rotation.first(window, size, place, random)
    else:
        missing = [max(0, w - have) for w, have in zip(window, size)]
        beyond = [int(random.integers(m + 1)) for m in missing] if any(missing) else [0, 0]
        top, left = (
            _first(w, max(w, have), at, random) - before
            for w, have, before, at in zip(window, size, beyond, place or (None, None))
        )
    mirrored = how.flip and bool(random.random() < 0.5)
    factors = None
    if how.color:
        low, high = 1 - how.color, 1 + how.color
        factors = random.uniform(low, high), random.uniform(low, high), random.uniform(low, high)
    return Cut(top, left, height, width, mirrored, factors)


def _first(window: int, length: int, place: int | None, random: np.random.Generator) -> int:
    """Where a window begins within a length; it has the place, if there is one."""
    if place is None:
        return int(random.integers(length - window + 1))
    return min(max(0, place - int(random.integers(window))), length - window)


def fill(image: Samples, cut: Cut) -> Samples:
    """The window of a cut that reaches beyond the image: there it has the image's mean colour."""
    (top, bottom), (left, right) = cut.inside(image.shape[:2])
    color = image_to_tensor(image).float().mean((1, 2)).numpy().astype(image.dtype)
    window = np.empty((cut.height, cut.width, len(color)), image.dtype)
    window.reshape(cut.height, -1)[:] = np.tile(color, cut.width)  # whole rows are copied faster
    inside = image[top:bottom, left:right]
    window[top - cut.top : bottom - cut.top, left - cut.left : right - cut.left] = inside
    return window


def at_crop(window: Samples, cut: Cut, crop: tuple[int, int]) -> Tensor:
    """The window (height, width, C) of a cut -> (C, *crop), as its target is."""
    planes = as_torch(window).permute(2, 0, 1)
    image = functional.resize(planes, list(crop), antialias=True)
    return image.flip(-1) if cut.mirrored else image


def cut_image(window: Samples, cut: Cut, how: Augmentation, kind: ImageKind = RGB8) -> Tensor:
    """The window (height, width, C) of a cut -> (C, h, w) at the network."""
    # bytes of a pixel beside each other: torch resizes them so the fastest
    resized = resize_image(as_torch(window).permute(2, 0, 1), how.crop, how.scale)
    image = image_to_tensor(resized.permute(1, 2, 0).numpy())
    image = image.flip(-1) if cut.mirrored else image
    return image if cut.factors is None else change_colors(image.contiguous(), cut.factors, kind)


def cut_label(
    label: NDArray[np.integer],
    cut: Cut,
    crop: tuple[int, int],
    to_index: Callable[[NDArray[np.integer]], NDArray[np.integer]],
    ignore_index: int,
) -> NDArray[np.integer]:
    """A label (H, W) of stored values -> class indices (*crop) of what a cut shows."""
    axes = (cut.height, crop[0], cut.top), (cut.width, crop[1], cut.left)
    places = [nearest(length, wanted) + first for length, wanted, first in axes]
    inside = tuple(slice(*p.searchsorted((0, have))) for p, have in zip(places, label.shape))
    rows, columns = (p[part] for p, part in zip(places, inside))
    # row by row first, which is fast and leaves less for the columns
    index = to_index(label.take(rows, 0).take(columns, 1))
    if index.shape != crop:
        shown, index = index, np.full(crop, ignore_index, index.dtype)
        index[inside] = shown
    return np.ascontiguousarray(index[:, ::-1]) if cut.mirrored else index


def nearest(length: int, wanted: int) -> NDArray[np.int64]:
    """Of `wanted` pixels over `length` others, the one that the centre of each lies in.

    Pixel centres are where bilinear resizing puts them; torch's "nearest" is off by half a pixel.
    """
    places = torch.arange(length, dtype=torch.float32)[None, None]
    return interpolate(places, wanted, mode="nearest-exact")[0, 0].long().numpy()
