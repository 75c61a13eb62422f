"""The size at which the network sees an image. One rule for training, prediction and scores.

    size at the network = nearest multiple of 32 to size * scale, at least 32, on each axis

Images are resized to it (bilinear, antialiased); logits come back to the image's own size inside
the ops. Nothing is padded, so an image's prediction depends on that image alone.
"""

from torch import Tensor
from torchvision.transforms.v2 import functional

STRIDE = 32  # the deepest stride of the networks in NETWORKS


def network_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Height and width at the network for an image of (height, width) pixels."""
    height, width = (max(1, round(length * scale / STRIDE)) * STRIDE for length in size)
    return height, width


def resize_image(image: Tensor, size: tuple[int, int], scale: float) -> Tensor:
    """The image as the network sees it: bilinear with antialiasing.

    Args:
        image: (C, H, W) uint8 or float32.
        size: (height, width) in the pixels of the label that it stands for.
        scale: size at the network / size of the label.
    Returns:
        (C, *network_size(size, scale)) of the same type.
    """
    at_network = network_size(size, scale)
    if tuple(image.shape[-2:]) == at_network:
        return image
    return functional.resize(image, list(at_network), antialias=True)
