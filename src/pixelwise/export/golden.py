"""The golden image: drawn, never an image of the data, which may be private.

Smooth colours, discs and bars with sharp edges, and noise: an exchange of channels, another
resizing, another order of argmax and upsampling and numbers that overflow all change its label.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.export.manifest import GOLDEN_IMAGES
from pixelwise.files.atomic import atomic_write
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.png import write_label

SEED = 7
SHAPES = 24
NOISE = 0.06  # of the range


def draw_golden(images: ImageKind, size: tuple[int, int]) -> NDArray[Any]:
    """An image of the kind of a run.

    Args:
        images: whose channels, type and values it has.
        size: (height, width).
    Returns:
        (H, W, channels) of images.dtype.
    """
    draw = np.random.default_rng(SEED)
    height, width = size
    channels = len(images.channels)
    y = np.linspace(0, 1, height)[:, None, None]
    x = np.linspace(0, 1, width)[None, :, None]
    waves = draw.uniform(0.5, 3, (3, channels))
    unit = 0.5 + 0.3 * np.sin(2 * np.pi * (y * waves[0] + x * waves[1] + waves[2]))
    for i in range(SHAPES):
        cy, cx, radius = draw.uniform(0, 1, 3) * (1, 1, 0.15)
        far = (y - cy) ** 2 + (x - cx) ** 2 if i % 2 else np.maximum(abs(y - cy) / 4, abs(x - cx))
        inside = far < (radius**2 if i % 2 else radius / 4)
        unit = np.where(inside, draw.uniform(0, 1, channels), unit)
    unit = (unit + draw.normal(0, NOISE, unit.shape)).clip(0, 1)
    low, high = (np.array(v or d) for v, d in ((images.low, 0.0), (images.high, 255.0)))
    values = low + unit * (high - low)
    if images.dtype != "float32":
        most = np.iinfo(images.dtype).max
        values = values.round().clip(0, most)
    return values.astype(images.dtype)


def write_golden(folder: Path, image: NDArray[Any]) -> str:
    """Write the image; golden.png if it is RGB of 8 bits, or golden.npy. The name of the file."""
    buffer, rgb = BytesIO(), image.dtype == np.uint8 and image.shape[2] == 3
    if rgb:
        Image.fromarray(image).save(buffer, "PNG")
    else:
        np.save(buffer, image, allow_pickle=False)
    name = GOLDEN_IMAGES[0] if rgb else GOLDEN_IMAGES[1]
    atomic_write(folder / name, buffer.getvalue())
    return name


def write_golden_label(path: Path, label: NDArray[Any]) -> None:
    """Write stored values (H, W), or 0 and 1 (C, H, W) one class under the other, as grey."""
    flat = label.reshape(-1, label.shape[-1])
    write_label(path, flat, storage="grey16" if flat.dtype == np.uint16 else "grey")
