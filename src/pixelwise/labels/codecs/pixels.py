"""From an image of Pillow's to an array, without a second copy of it while it is made."""

import numpy as np
from PIL import Image

# Pixels that are copied at a time.
_BLOCK = 1 << 20
# Modes whose memory Pillow can share with an array.
_SHARED = {"L": np.uint8, "P": np.uint8, "I;16": np.uint16}


def samples_of(image: Image.Image) -> np.ndarray:
    """The samples of an image as an array of its own.

    Equals: np.array(image).
    """
    if image.width * image.height <= _BLOCK:
        return np.array(image)
    rows = max(1, _BLOCK // image.width)
    block = Image.new(image.mode, (image.width, rows))
    first = np.asarray(block)
    samples = np.empty((image.height, *first.shape[1:]), first.dtype)
    for y in range(0, image.height, rows):
        block.paste(image, (0, -y))
        samples[y : y + rows] = np.asarray(block)[: image.height - y]
    return samples


def shared_image(mode: str, size: tuple[int, int], value: int) -> tuple[Image.Image, np.ndarray]:
    """An image of one value and an array (H, W), which are the same memory.

    Args:
        mode: L, P or I;16.
        size: (width, height).
    """
    array = np.full(size[::-1], value, _SHARED[mode])
    return Image.frombuffer(mode, size, array, "raw", mode, 0, 1), array
