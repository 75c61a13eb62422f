"""Images of any channels and samples for a network: read, made a tensor, with other colours.

RGB of 8 bits goes the fast ways of part.py and ops/cpu/images.py. The tensors of others are uint8
or float32 and hold samples as stored; the network scales them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.data.part import read_part
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.bands.reading import Samples
from pixelwise.labels.image import Choose
from pixelwise.ops.cpu.images import recolor, to_planes

GREY = (0.2989, 0.587, 0.114)  # of red, green and blue


def read_samples(
    path: Path, kind: ImageKind, choose: Choose, whole: bool = True
) -> tuple[Samples, NDArray[np.bool] | None]:
    """A part of an image, chosen once its size is known, and where it has no data.

    Args:
        path: of the file.
        kind: of the images of the run.
        choose: (height, width) -> rows and columns.
        whole: see read_part.
    Returns:
        (rows, columns, C) as stored; (H, W) bool of the whole image, or None.
    Raises:
        DatasetError: see ImageKind.read.
    """
    if kind.is_rgb:
        return read_part(path, choose, whole), None
    samples, gaps = kind.read(path)
    (top, bottom), (left, right) = choose((samples.shape[0], samples.shape[1]))
    return samples[top:bottom, left:right], gaps


def image_to_tensor(image: Samples) -> Tensor:
    """(H, W, C) array -> (C, H, W) tensor: uint8 stays, other samples are float32."""
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return to_planes(image)  # type: ignore[arg-type]
    return as_torch(image).permute(2, 0, 1).contiguous()


def as_torch(image: Samples) -> Tensor:
    """(H, W, C) array -> (H, W, C) tensor; torch has few operations on uint16."""
    kept = np.uint8 if image.dtype == np.uint8 else np.float32
    return torch.from_numpy(np.require(image, kept, "W"))


def as_stored(image: Tensor, kind: ImageKind) -> Samples:
    """(C, H, W) tensor -> (H, W, C) array of the type of the run; integers are rounded."""
    array = image.permute(1, 2, 0).numpy()
    if array.dtype != kind.dtype:
        array = array.round().clip(0, np.iinfo(kind.dtype).max).astype(kind.dtype)
    return np.ascontiguousarray(array)


def change_unit(image: Tensor, kind: ImageKind, change: Callable[[Tensor], Tensor]) -> Tensor:
    """What a function makes of an image whose black is 0 and whose white is 1.

    Args:
        image: (C, h, w) uint8 or float32 as stored; beyond black and white it is clipped.
        kind: which values these are.
        change: (C, h, w) float32 of 0..1 -> likewise.
    """
    low, high = (torch.tensor(v, dtype=torch.float32).view(-1, 1, 1) for v in (kind.low, kind.high))
    changed = change(((image - low) / (high - low)).clamp_(0, 1)) * (high - low) + low
    if image.dtype == torch.uint8:
        return changed.round_().clamp_(0, 255).to(torch.uint8)
    return changed


def rgb_of(kind: ImageKind) -> list[int]:
    """The places of the channels red, green and blue; none if one of them is not there."""
    names = kind.channels.names
    return [names.index(n) for n in ("red", "green", "blue") if n in names]


def change_colors(image: Tensor, factors: tuple[float, float, float], kind: ImageKind) -> Tensor:
    """Other brightness, contrast and saturation.

    x ← clip(x · brightness); x ← clip(m + (x - m) · contrast), m the mean of each channel; of red,
    green and blue x ← clip(g + (x - g) · saturation), g their grey; on a scale of black 0, white 1.

    Args:
        image: (C, h, w); RGB of 8 bits is changed where it lies.
        factors: of brightness, contrast and saturation, the same for all channels.
        kind: of the images of the run.
    """
    if kind.is_rgb:
        recolor(image, factors)
        return image
    brightness, contrast, saturation = factors

    def change(unit: Tensor) -> Tensor:
        unit = (unit * brightness).clamp_(0, 1)
        mean = unit.mean((1, 2), keepdim=True)
        unit = (mean + (unit - mean) * contrast).clamp_(0, 1)
        if len(places := rgb_of(kind)) == 3:
            colors = unit[places]
            grey = (colors * torch.tensor(GREY).view(3, 1, 1)).sum(0, keepdim=True)
            unit[places] = (grey + (colors - grey) * saturation).clamp_(0, 1)
        return unit

    return change_unit(image, kind, change)
