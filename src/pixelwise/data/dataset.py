"""Pairs as tensors: read, paired with class indices, and for training also augmented.

Axes are converted here and in samples.py: arrays are (H, W, C), tensors are (C, H, W).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from pixelwise.data.augment import PLAIN, change, recolor_more
from pixelwise.data.choice import Choice, Place
from pixelwise.data.cut import (
    Augmentation,
    Cut,
    at_crop,
    cut_image,
    cut_label,
    draw_cut,
    fill,
)
from pixelwise.data.paste import PASTED_CUT, Paste, pixels_of_class, put_on, ring_steps
from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.data.resize import resize_image
from pixelwise.data.rotation import Rotation, draw_rotation
from pixelwise.data.samples import change_colors, image_to_tensor, read_samples
from pixelwise.errors import LabelError, PairingError, PixelwiseError
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.bands.reading import Samples
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import read_members
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.ops.cpu.images import recolor
from pixelwise.ops.cpu.png_rows import unfilter


class SegmentationDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pairs as (image (3, h, w) uint8, target (H, W)), for a torch DataLoader.

    Images of other channels or samples are (C, h, w) uint8 or float32, as stored. Where classes
    overlap the target is (C, H, W), see read_members.

    Without augmentation the image has its size at the network, the multiple of 32 that is nearest
    to scale times its own, and the target its size on disk, so that a batch holds one pair unless
    all have one size. With it, an example depends on (seed, epoch, index) alone: index with (epoch,
    index), and any number of workers gives the same examples. In epoch 0 files are looked at whole,
    so that damage and unknown values are found wherever they are; afterwards as far as an example
    shows them, but for those in `whole`.

    Args:
        pairs: images with their labels.
        classes: turns stored values into class indices.
        scale: size of the image at the network / size on disk, > 0.
        augmentation: None for evaluation.
        seed: of the augmentation.
        choice: of the pair and of a pixel that an example shows; None takes them uniformly.
        kind: of the images.
        paste: choice of a class and a pair whose pixels are put on top; None pastes nothing.
        tables: what the files of each pair store, in the order of `classes`; () if all store that.
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
        paste: Choice | None = None,
        tables: Sequence[Classes] = (),
    ) -> None:
        self.pairs = list(pairs)
        self.tables = list(tables)
        self.classes = classes
        self.scale = scale
        self.augmentation = augmentation
        self.seed = seed
        self.choice = choice
        self.kind = kind
        self.paste = paste
        self.whole: frozenset[int] = frozenset()
        _compile()

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = key if isinstance(key, tuple) else (0, key)
        chosen, place = self._choose(epoch, index)
        pair, how = self.pairs[chosen], self.augmentation
        classes = self.classes_of(chosen)
        if how is None:
            image, target = read_pair(pair, classes, self.kind)
            height, width = target.shape[-2:]
            return resize_image(image, (height, width), self.scale), target
        random = np.random.default_rng((self.seed, epoch, index))
        whole = epoch == 0 or chosen in self.whole
        paste = self.pasted_into(key)
        return read_example(pair, classes, how, random, whole, place, self.kind, paste)

    def classes_of(self, index: int) -> Classes:
        """What the files of a pair store."""
        return self.tables[index] if self.tables else self.classes

    def index_of(self, key: int | tuple[int, int]) -> int:
        """The number of the pair that the example of a key is cut from."""
        return self._choose(*key)[0] if isinstance(key, tuple) else self._choose(0, key)[0]

    def pair_of(self, key: int | tuple[int, int], error: PixelwiseError | None = None) -> Pair:
        """The pair that the example of a key is cut from; or the one that an error of it is about.

        Args:
            key: of the example.
            error: what reading it raised.
        """
        paste = None if error is None else self.pasted_into(key)
        if paste is not None and error is not None:
            files = paste.pair.image, *paste.pair.label_files
            if error.where in map(str, files):
                return paste.pair
        return self.pairs[self.index_of(key)]

    def pasted_into(self, key: int | tuple[int, int]) -> Paste | None:
        """What is pasted into the example of a key; None if nothing is."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        if self.paste is None or self.augmentation is None:
            return None
        chosen = self.paste.drawn(self.seed, epoch, index)
        if chosen is None:
            return None
        # its own pixels were looked at whole in its own example
        whole, seed = chosen.pair in self.whole, (self.seed, epoch, index, PASTED_CUT)
        own = self.pairs[chosen.pair], self.classes_of(chosen.pair)
        return Paste(*own, chosen.class_index, chosen.place, seed, whole)

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
    paste: Paste | None = None,
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
        paste: pixels of a class of another pair that are put on top; None without.
    Returns:
        image (channels, h, w) and target (*crop), or (C, *crop) where classes overlap.
    Raises:
        LabelError, PairingError: as read_pair; of unknown values only those that are looked at.
    """
    more = AUGMENTATIONS.get(how.more)
    turns = int(random.integers(4)) if more and more.turns else 0
    if turns % 2:
        how = replace(how, crop=how.crop[::-1])
    rotation = draw_rotation(how.crop, more, random)
    if rotation is not None:
        how = replace(how, crop=rotation.larger)
    window, target, cut, _ = read_crop(pair, classes, how, random, whole, place, rotation, kind)
    if how.more in PLAIN and paste is None:
        return cut_image(window, cut, how, kind), _to_target(target)
    image, void = at_crop(window, cut, how.crop), classes.ignore_index
    if paste is not None:
        random_cut = np.random.default_rng(paste.seed)
        other, indices, own, inside = read_crop(
            paste.pair, paste.classes, how, random_cut, paste.whole, paste.place, rotation, kind
        )
        steps = ring_steps(how.crop[0] / own.height)
        pasted = pixels_of_class(indices, paste.class_index, void, inside, steps)
        image, target = put_on(image, target, at_crop(other, own, how.crop), indices, pasted)
    if rotation is not None:
        image, target = rotation.apply(image, target, cut.mirrored, void)
    changed, target, preset = change(image, target, how.more, turns, random, classes, kind)
    height, width = target.shape[-2:]
    seen = resize_image(changed, (height, width), how.scale).contiguous()
    if cut.factors is not None:
        seen = change_colors(seen, cut.factors, kind)
    return recolor_more(seen, preset, random, kind), _to_target(target)


def read_crop(
    pair: Pair,
    classes: Classes,
    how: Augmentation,
    random: np.random.Generator,
    whole: bool,
    place: Place | None,
    rotation: Rotation | None,
    kind: ImageKind,
) -> tuple[Samples, NDArray[np.integer], Cut, NDArray[np.bool_] | None]:
    """A random window of a pair as it is, its target at the crop, and which of that the image has.

    Args:
        pair, classes, random, whole, place, kind: see read_example.
        how: with the crop that is rotated afterwards.
        rotation: None without one.
    Returns:
        window (height, width, channels), target (*crop) or (C, *crop), the cut, and (*crop) True
        where the image has data; None: everywhere.
    Raises:
        LabelError, PairingError: see read_example.
    """
    members = read_members(pair, classes) if pair.labels else None
    label = _read_label(pair) if members is None else members[0]
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
    if gaps is None and is_inside:
        return pixels, target, cut, None
    has = np.ones(label.shape, np.uint8) if gaps is None else (~gaps).astype(np.uint8)
    inside = cut_label(has, cut, how.crop, lambda index: index, 0).astype(bool)
    if gaps is not None:
        target = np.where(inside, target, np.array(void, target.dtype))
    return pixels if is_inside else fill(pixels, cut), target, cut, inside


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
