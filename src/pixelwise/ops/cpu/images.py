"""Images of bytes: their channels put in front, and other colours.

recolor changes brightness, contrast and saturation in two passes:

    1. x ← ⌊min(x · brightness, 255)⌋; grey(x) = ⌊0.2989 r + 0.587 g + 0.114 b⌋, of which the mean m
    2. x ← ⌊clamp(x · contrast + m · (1 - contrast), 0, 255)⌋
       x ← ⌊clamp(x · saturation + grey(x) · (1 - saturation), 0, 255)⌋

Each product is rounded to float32 and each sum is that of a fused multiply-add, as in torch's
vector registers; so the bytes are those of torchvision. Vector registers are what makes it fast
here too, and they need planes: samples of one channel that lie beside each other.
"""

from typing import Any

import numpy as np
import torch
from numba import types
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.ops.cpu.jit import inlined, intrinsic, kernel

RED, GREEN, BLUE = np.float32(0.2989), np.float32(0.587), np.float32(0.114)
LOW, HIGH = np.float32(0), np.float32(255)


def to_planes(image: NDArray[np.uint8]) -> Tensor:
    """An image with its channels in front.

    Args:
        image: (H, W, 3).
    Returns:
        (3, H, W) uint8, contiguous, of its own memory.
    Equals: torch.from_numpy(image).permute(2, 0, 1).contiguous().
    """
    height, width, _ = image.shape
    planes = torch.empty(3, height, width, dtype=torch.uint8, device="cpu")
    _to_planes(np.ascontiguousarray(image).reshape(height, 3 * width), planes.numpy())
    return planes


def recolor(image: Tensor, factors: tuple[float, float, float]) -> None:
    """Change the colours of an image where it lies.

    Args:
        image: (3, H, W) uint8, contiguous.
        factors: of brightness, contrast and saturation, >= 0; 1 = as it is.
    Equals: torchvision.transforms.v2.functional adjust_brightness, then adjust_contrast, then
        adjust_saturation.
    """
    brightness, contrast, saturation = (np.float32(factor) for factor in factors)
    # what is 1 - factor is rounded once
    other_contrast, other_saturation = (np.float32(1.0 - factor) for factor in factors[1:])
    planes, grey = image.numpy(), image.new_empty(image.shape[1:], dtype=torch.float32)
    _grey_of(planes, brightness, grey.numpy())
    # the mean of torch: its rounding depends on the order of the sum
    mean = np.float32(grey.mean().item())
    _recolor(planes, brightness, contrast, mean, other_contrast, saturation, other_saturation)


@intrinsic
def _fused(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c of float32, rounded once."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float32(types.float32, types.float32, types.float32), codegen


@kernel
def _to_planes(rows, planes):
    _, height, width = planes.shape
    for y in range(height):
        row, red, green, blue = rows[y], planes[0, y], planes[1, y], planes[2, y]
        for x in range(width):
            red[x], green[x], blue[x] = row[3 * x], row[3 * x + 1], row[3 * x + 2]


@inlined
def _brighten(sample, brightness):
    return np.floor(min(np.float32(sample) * brightness, HIGH))


@inlined
def _grey(red, green, blue):
    return np.floor(_fused(blue, BLUE, _fused(green, GREEN, red * RED)))


@inlined
def _blend(value, factor, other, other_factor):
    return np.floor(min(max(_fused(other, other_factor, value * factor), LOW), HIGH))


@kernel
def _grey_of(planes, brightness, grey):
    """Pass 1."""
    _, height, width = planes.shape
    for y in range(height):
        red, green, blue, found = planes[0, y], planes[1, y], planes[2, y], grey[y]
        for x in range(width):
            found[x] = _grey(
                _brighten(red[x], brightness),
                _brighten(green[x], brightness),
                _brighten(blue[x], brightness),
            )


@kernel
def _recolor(planes, brightness, contrast, mean, other_contrast, saturation, other_saturation):
    """Pass 2."""
    _, height, width = planes.shape
    for y in range(height):
        reds, greens, blues = planes[0, y], planes[1, y], planes[2, y]
        for x in range(width):
            red = _blend(_brighten(reds[x], brightness), contrast, mean, other_contrast)
            green = _blend(_brighten(greens[x], brightness), contrast, mean, other_contrast)
            blue = _blend(_brighten(blues[x], brightness), contrast, mean, other_contrast)
            grey = _grey(red, green, blue)
            reds[x] = np.uint8(_blend(red, saturation, grey, other_saturation))
            greens[x] = np.uint8(_blend(green, saturation, grey, other_saturation))
            blues[x] = np.uint8(_blend(blue, saturation, grey, other_saturation))
