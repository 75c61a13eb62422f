"""Pairs as tensors: read, paired with class indices, and for training also augmented.

Axes are converted here and nowhere else: arrays are (H, W, 3), tensors are (3, H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from pixelwise.errors import LabelError, PairingError
from pixelwise.labels.classes import Classes
from pixelwise.labels.image import read_rgb
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.run.resize import resize_image


@dataclass(frozen=True)
class Augmentation:
    """How a training example is cut out of a pair. Sizes are (height, width).

    Attributes:
        crop: pixels of the label that an example has.
        scale: size of the image at the network / size on disk.
        zoom: lowest and highest random zoom before the crop.
        flip: mirror half of the examples.
        color: largest relative change of brightness, contrast and saturation, 0..1.
    """

    crop: tuple[int, int]
    scale: float = 1.0
    zoom: tuple[float, float] = (1.0, 1.0)
    flip: bool = False
    color: float = 0.0


class SegmentationDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pairs as (image (3, h, w) uint8, target (H, W)), for a torch DataLoader.

    Without augmentation the image has its size at the network (see resize.py) and the target its
    size on disk, so that a batch holds one pair unless all have one size. With it, an example
    depends on (seed, epoch, index) alone: index with (epoch, index), and any number of workers
    gives the same examples.

    Args:
        pairs: images with their labels.
        classes: turns stored values into class indices.
        scale: size of the image at the network / size on disk, > 0.
        augmentation: None for evaluation.
        seed: of the augmentation.
    Example:
        description = pw.read_description("street")
        dataset = pw.SegmentationDataset(description.pairs("train"), description.classes)
        image, target = dataset[0]
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        classes: Classes,
        scale: float = 1.0,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        self.pairs = list(pairs)
        self.classes = classes
        self.scale = scale
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key if isinstance(key, tuple) else (0, key)
        image, target = read_pair(self.pairs[index], self.classes)
        if self.augmentation is None:
            height, width = target.shape
            return resize_image(image, (height, width), self.scale), target
        random = np.random.default_rng((self.seed, epoch, index))
        return augment(image, target, self.augmentation, random, self.classes.ignore_index)


def read_pair(pair: Pair, classes: Classes) -> tuple[Tensor, Tensor]:
    """Image (3, H, W) uint8 and target (H, W) of one pair, both at the size on disk.

    Raises:
        LabelError: the label's size differs from the image's, or it holds unknown values.
        PairingError: the pair has no label.
    """
    if pair.label is None:
        raise PairingError(pair.image, "label", event="this image has no label")
    image = read_rgb(pair.image)
    target = classes.to_index(read_label(pair.label), where=str(pair.label))
    if image.shape[:2] != target.shape:
        got = f"{target.shape} for {image.shape[:2]} of {pair.image}"
        raise LabelError(pair.label, "size", must="that of the image", got=got)
    wide = target.dtype.itemsize > 1  # torch has few operations on uint16
    target = target.astype(np.int32) if wide else target
    return image_to_tensor(image), torch.from_numpy(target)


def image_to_tensor(image: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 array -> (3, H, W) uint8 tensor."""
    return torch.from_numpy(image).permute(2, 0, 1).contiguous()


def augment(
    image: Tensor,
    target: Tensor,
    how: Augmentation,
    random: np.random.Generator,
    ignore_index: int,
) -> tuple[Tensor, Tensor]:
    """A random window of a pair, zoomed, mirrored and with other colours.

    A window of crop / zoom pixels is cut out; where it reaches beyond the image, the image is
    filled with its mean colour and the target with ignore_index. The image is resampled once, to
    the size at the network, and the target once, to `crop`.

    Args:
        image: (3, H, W) uint8.
        target: (H, W) class indices.
        how: sizes and ranges.
        random: the only source of chance.
        ignore_index: class index of padded pixels.
    Returns:
        image (3, h, w) uint8 and target (*crop).
    """
    zoom = float(np.exp(random.uniform(*np.log(how.zoom))))
    window = [max(1, round(length / zoom)) for length in how.crop]
    mean_color = image.float().mean((1, 2)).tolist()
    label = target[None]
    missing = [max(0, w - have) for w, have in zip(window, target.shape)]
    if any(missing):
        top, left = (int(random.integers(m + 1)) for m in missing)
        padding = [left, top, missing[1] - left, missing[0] - top]
        image = functional.pad(image, padding, fill=mean_color)
        label = functional.pad(label, padding, fill=ignore_index)
    top, left = (int(random.integers(have - w + 1)) for have, w in zip(label.shape[-2:], window))
    image = functional.crop(image, top, left, *window)
    label = functional.crop(label, top, left, *window)
    image = resize_image(image, how.crop, how.scale)
    # NEAREST_EXACT puts pixel centres where bilinear puts them; NEAREST is off by half a pixel.
    label = functional.resize(label, list(how.crop), InterpolationMode.NEAREST_EXACT)
    if how.flip and random.random() < 0.5:
        image, label = functional.horizontal_flip(image), functional.horizontal_flip(label)
    return jitter_color(image, how.color, random), label[0]


def jitter_color(image: Tensor, amount: float, random: np.random.Generator) -> Tensor:
    """Brightness, contrast and saturation, each times a factor in 1 - amount .. 1 + amount."""
    if amount == 0:
        return image
    for adjust in (
        functional.adjust_brightness,
        functional.adjust_contrast,
        functional.adjust_saturation,
    ):
        image = adjust(image, float(random.uniform(1 - amount, 1 + amount)))
    return image
