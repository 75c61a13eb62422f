"""Pairs as tensors: read, paired with class indices, and for training also augmented.

Axes are converted here and in samples.py: arrays are (H, W, C), tensors are (C, H, W).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional

from pixelwise.data.augment import PLAIN, change, recolor_more
from pixelwise.data.choice import Choice, Place
from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.data.resize import resize_image
from pixelwise.data.rotation import Rotation, draw_rotation
from pixelwise.data.samples import as_torch, change_colors, image_to_tensor, read_samples
from pixelwise.errors import LabelError, PairingError
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.bands.reading import Samples
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.ops.cpu.images import recolor
from pixelwise.ops.cpu.png_rows import unfilter


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


class SegmentationDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pairs as (image (3, h, w) uint8, target (H, W)), for a torch DataLoader.

    Images of other channels or samples are (C, h, w) uint8 or float32, as stored. Where classes
    overlap the target is (C, H, W), see read_members.

    Without augmentation the image has its size at the network (see resize.py) and the target its
    size on disk, so that a batch holds one pair unless all have one size. With it, an example
    depends on (seed, epoch, index) alone: index with (epoch, index), and any number of workers
    gives the same examples. In epoch 0 files are looked at whole, so that damage and unknown values
    are found wherever they are; afterwards as far as an example shows them, but for those in
    `whole`.

    Args:
        pairs: images with their labels.
        classes: turns stored values into class indices.
        scale: size of the image at the network / size on disk, > 0.
        augmentation: None for evaluation.
        seed: of the augmentation.
        choice: of the pair and of a pixel that an example shows; None takes them uniformly.
        kind: of the images.
    Attributes:
        whole: indices of pairs that are looked at whole in every epoch.
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
        choice: Choice | None = None,
        kind: ImageKind = RGB8,
    ) -> None:
        self.pairs = list(pairs)
        self.classes = classes
        self.scale = scale
        self.augmentation = augmentation
        self.seed = seed
        self.choice = choice
        self.kind = kind
        self.whole: frozenset[int] = frozenset()
        _compile()

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key if isinstance(key, tuple) else (0, key)
        chosen, place = self._choose(epoch, index)
        pair, how = self.pairs[chosen], self.augmentation
        if how is None:
            image, target = read_pair(pair, self.classes, self.kind)
            height, width = target.shape[-2:]
            return resize_image(image, (height, width), self.scale), target
        random = np.random.default_rng((self.seed, epoch, index))
        whole = epoch == 0 or chosen in self.whole
        return read_example(pair, self.classes, how, random, whole, place, self.kind)

    def pair_of(self, key: int | tuple[int, int]) -> Pair:
        """The pair that the example of a key is cut from."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        return self.pairs[self._choose(epoch, index)[0]]

    def _choose(self, epoch: int, index: int) -> tuple[int, Place | None]:
        if self.choice is None or self.augmentation is None:
            return index, None
        return self.choice.of(self.seed, epoch, index)


def read_pair(pair: Pair, classes: Classes, kind: ImageKind = RGB8) -> tuple[Tensor, Tensor]:
    """Image (channels, H, W) and target (H, W) of one pair, both at the size on disk.

    The target is (C, H, W) where classes overlap. Where the image has no data it is void.

    Raises:
        LabelError: the label's size differs from the image's, or it holds unknown values.
        PairingError: the pair has no label.
    """
    members = read_members(pair, classes) if pair.labels else None
    label = _read_label(pair) if members is None else members[0]
    image, gaps = read_samples(pair.image, kind, lambda size: _same_size(pair, label, size))
    target = classes.to_index(label, where=str(pair.label)) if members is None else members
    if gaps is not None:
        target = np.where(gaps, np.array(classes.ignore_index, target.dtype), target)
    return image_to_tensor(image), _to_target(target)


def read_example(
    pair: Pair,
    classes: Classes,
    how: Augmentation,
    random: np.random.Generator,
    whole: bool,
    place: Place | None = None,
    kind: ImageKind = RGB8,
) -> tuple[Tensor, Tensor]:
    """A random window of a pair, zoomed, mirrored and with other colours.

    A window of crop / zoom pixels is cut out; where it reaches beyond the image, the image is
    filled with its mean colour and the target with ignore_index. The image is resampled once, to
    the size at the network, and the target once, to `crop`.

    Args:
        pair: with a label.
        classes: turns stored values into class indices.
        how: sizes and ranges.
        random: the only source of chance.
        whole: look at the files beyond the window too.
        place: a pixel of the label that the window has.
        kind: of the images.
    Returns:
        image (channels, h, w) and target (*crop), or (C, *crop) where classes overlap.
    Raises:
        LabelError, PairingError: as read_pair; of unknown values only those that are looked at.
    """
    members = read_members(pair, classes) if pair.labels else None
    label = _read_label(pair) if members is None else members[0]
    more = AUGMENTATIONS.get(how.more)
    turns = int(random.integers(4)) if more and more.turns else 0
    if turns % 2:
        how = replace(how, crop=how.crop[::-1])
    rotation = draw_rotation(how.crop, more, random)
    if rotation is not None:
        how = replace(how, crop=rotation.larger)
    cut = draw_cut(label.shape, how, random, place, rotation)
    rows, columns = cut.inside(label.shape)
    is_inside = (rows[1] - rows[0], columns[1] - columns[0]) == (cut.height, cut.width)

    def choose(size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
        everything = _same_size(pair, label, size)
        return (rows, columns) if is_inside else everything

    def to_index(stored: NDArray[np.integer]) -> NDArray[np.integer]:
        try:
            return classes.to_index(stored)
        except LabelError:
            classes.to_index(label, where=str(pair.label))  # names all of them with their places
            raise

    pixels, gaps = read_samples(pair.image, kind, choose, whole)
    void = classes.ignore_index
    if members is None:
        if whole:
            to_index(label)
        target = cut_label(label, cut, how.crop, to_index, void)
    else:  # read_members has looked at all values
        planes = [cut_label(plane, cut, how.crop, lambda index: index, void) for plane in members]
        target = np.stack(planes)
    if gaps is not None:
        missing = cut_label(gaps.astype(np.uint8), cut, how.crop, lambda index: index, 0)
        target = np.where(missing, np.array(void, target.dtype), target)
    window = pixels if is_inside else fill(pixels, cut)
    if how.more in PLAIN:
        return cut_image(window, cut, how, kind), _to_target(target)
    image = at_crop(window, cut, how.crop)
    if rotation is not None:
        image, target = rotation.apply(image, target, cut.mirrored, void)
    changed, target, preset = change(image, target, how.more, turns, random, classes, kind)
    height, width = target.shape[-2:]
    seen = resize_image(changed, (height, width), how.scale).contiguous()
    if cut.factors is not None:
        seen = change_colors(seen, cut.factors, kind)
    return recolor_more(seen, preset, random, kind), _to_target(target)


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


@cache
def _compile() -> None:
    """Have the machine code here before there are workers, which would each compile it."""
    image = unfilter(np.frombuffer(bytes(4), np.uint8)[None], 3, (0, 1), (0, 1))
    recolor(image_to_tensor(image), (1.0, 1.0, 1.0))


def _read_label(pair: Pair) -> NDArray[np.integer]:
    if pair.label is None:
        raise PairingError(pair.image, "label", event="this image has no label")
    return read_label(pair.label)


def _same_size(
    pair: Pair, label: NDArray[np.integer], size: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """All rows and columns, if image and label have the same of them."""
    if size != label.shape:
        got = f"{label.shape} for {size} of {pair.image}"
        raise LabelError(
            next(iter(pair.label_files), None), "size", must="that of the image", got=got
        )
    return (0, size[0]), (0, size[1])


def _to_target(index: NDArray[np.integer]) -> Tensor:
    # torch has few operations on uint16
    return torch.from_numpy(index.astype(np.int32) if index.dtype.itemsize > 1 else index)
