"""More happens to a crop: the presets of AUGMENTATIONS, or a function of the user.

Image and label have one size here, that of the crop, and move together. All chance is from one
generator, which depends on (seed, epoch, index).
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

from pixelwise.data.presets import AUGMENTATIONS, Preset
from pixelwise.data.samples import as_stored, as_torch, change_unit, rgb_of
from pixelwise.errors import ArgumentError, PixelwiseError, RunError
from pixelwise.extras import module_beside
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.bands.reading import Samples
from pixelwise.labels.classes import Classes
from pixelwise.text import reason_of

PLAIN = ("default", "none")  # nothing happens here


def change(
    image: Tensor,
    target: NDArray[np.integer],
    name: str,
    turns: int,
    random: np.random.Generator,
    classes: Classes,
    kind: ImageKind = RGB8,
) -> tuple[Tensor, NDArray[np.integer], Preset]:
    """What a preset or a function makes of a crop.

    Args:
        image: (C, H, W) uint8 or float32.
        target: (H, W) class indices, or (K, H, W) of K classes that overlap.
        name: of the preset, or `module:function`.
        turns: right angles, counterclockwise.
        random: the only source of chance.
        classes: those of the target.
        kind: of the images of the run.
    Returns:
        image (C, H, W) and target (..., H, W), W x H after an odd number of turns; and the preset
        for recolor_more.
    """
    if name in AUGMENTATIONS:
        preset = AUGMENTATIONS[name]
        return *move(image, target, preset, turns, random), preset
    pixels, target = apply_function(name, as_stored(image, kind), target, random, classes)
    return as_torch(pixels).permute(2, 0, 1), target, Preset("")


def move(
    image: Tensor, target: NDArray[np.integer], how: Preset, turns: int, random: np.random.Generator
) -> tuple[Tensor, NDArray[np.integer]]:
    """Turn and mirror image and target together.

    Args:
        image: (C, H, W).
        target: (..., H, W) class indices.
        how: the preset.
        turns: right angles, counterclockwise.
        random: the only source of chance.
    Returns:
        image (C, H, W) and target (..., H, W); (..., W, H) after an odd number of turns.
    """
    if turns:
        image, target = torch.rot90(image, turns, (-2, -1)), np.rot90(target, turns, (-2, -1))
    if how.upside_down and random.random() < 0.5:
        image, target = image.flip(-2), np.flip(target, -2)
    return image.contiguous(), np.ascontiguousarray(target)


def recolor_more(
    image: Tensor, how: Preset, random: np.random.Generator, kind: ImageKind = RGB8
) -> Tensor:
    """Hue, gamma, blur, noise and lower detail of an image (C, h, w) at the network.

    Hue is of the channels red, green and blue; of images without them it stays.
    """
    if kind.is_rgb:
        return _recolor_more(image, how, random, [0, 1, 2]).contiguous()
    return change_unit(image, kind, lambda unit: _recolor_more(unit, how, random, rgb_of(kind)))


def _recolor_more(
    image: Tensor, how: Preset, random: np.random.Generator, rgb: list[int]
) -> Tensor:
    """The same of an image (C, h, w) that is uint8, or float32 of 0..1."""

    def happens(largest: float) -> bool:
        return largest > 0 and bool(random.random() < how.chance)

    if happens(how.hue):
        turns = float(random.uniform(-how.hue, how.hue))
        if len(rgb) == 3:
            image[rgb] = functional.adjust_hue(image[rgb], turns)
    if happens(how.gamma):
        image = functional.adjust_gamma(image, 2 ** float(random.uniform(-how.gamma, how.gamma)))
    if happens(how.blur):
        sigma = float(random.uniform(0.3, max(0.3, how.blur)))
        image = functional.gaussian_blur(image, [2 * round(3 * sigma) + 1] * 2, [sigma, sigma])
    if happens(1 - how.shrink):
        size = list(image.shape[1:])
        factor = random.uniform(how.shrink, 1)
        small = functional.resize(image, [max(1, round(n * factor)) for n in size], antialias=True)
        image = functional.resize(small, size, antialias=True)
    if happens(how.noise):
        noise = random.standard_normal(tuple(image.shape), np.float32)
        noise *= random.uniform(0, how.noise)
        if image.dtype == torch.uint8:
            return (image + torch.from_numpy(noise)).round_().clamp_(0, 255).to(torch.uint8)
        image = (image + torch.from_numpy(noise) / 255).clamp_(0, 1)
    return image


def find_augmentation(name: str) -> Callable[..., Any]:
    """What `module:function` names, imported.

    Raises:
        ArgumentError: there is no such function.
        RunError: the module fails.
    """
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        must = f"importable, or one of {', '.join(AUGMENTATIONS)}"
        hint = module_beside(module, error) or f"{error}."
        raise ArgumentError("train", "augment", must=must, got=repr(name), hint=hint) from None
    except Exception as error:
        raise _failure(name, error) from error
    if not callable(found):
        got = f"{name}, {type(found).__name__}"
        raise ArgumentError("train", "augment", must="a function", got=got)
    return found


def apply_function(
    name: str,
    image: Samples,
    target: NDArray[np.integer],
    random: np.random.Generator,
    classes: Classes,
) -> tuple[Samples, NDArray[np.integer]]:
    """What a function of the user makes of a crop, checked.

    Args:
        name: `module:function`, called as function(image, target, random).
        image: (H, W, C), samples as stored.
        target: (H, W) class indices and ignore_index, uint8 or uint16; where classes overlap
            (C, H, W) of 0, 1 and ignore_index.
        random: of this example.
        classes: those that the target may have.
    Returns:
        image and target of the same shapes and types.
    Raises:
        ArgumentError: they have others.
        LabelError: the target has values that are neither a class nor void.
        RunError: the function raised an error.
    """
    function = find_augmentation(name)
    try:
        result = function(image.copy(), target.copy(), random)
    except Exception as error:
        if isinstance(error, PixelwiseError):
            raise
        raise _failure(name, error) from error
    if not isinstance(result, tuple) or len(result) != 2:
        must = "(image, label)"
        raise ArgumentError(name, "result", must=must, got=type(result).__name__)
    for what, given, made in zip(("image", "label"), (image, target), result):
        if not isinstance(made, np.ndarray) or (made.shape, made.dtype) != (
            given.shape,
            given.dtype,
        ):
            got = getattr(made, "shape", ""), getattr(made, "dtype", type(made).__name__)
            must = f"{given.shape} {given.dtype}, as it was given"
            raise ArgumentError(name, what, must=must, got=f"{got[0]} {got[1]}")
    check_target(name, result[1], classes)
    return np.ascontiguousarray(result[0]), np.ascontiguousarray(result[1])


def check_target(where: str, target: NDArray[np.integer], classes: Classes) -> None:
    """Raise unless every value is a class or void; of classes that overlap, plane by plane.

    Raises:
        LabelError: naming the function, the class of a plane, and the values.
    """
    if not classes.files:
        classes.check_indices(target, where)
    for plane, own in zip(target, classes.members):
        own.check_indices(plane, f"{where}, class {own.names[1]}")


def _failure(name: str, error: Exception) -> RunError:
    last = extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}, in {last.name}"
    reason = f"{type(error).__name__}: {reason_of(error)} ({place})"
    return RunError("train", event=f"the augmentation {name} failed: {reason}")
