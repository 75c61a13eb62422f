"""Which classes copy-paste takes: those that are named, or all."""

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, setting
from pixelwise.labels.classes import Classes
from pixelwise.plan.config import TrainConfig
from pixelwise.text import some


def pasted_classes(config: TrainConfig, classes: Classes) -> NDArray[np.bool_]:
    """(C,) True for the classes that may be pasted.

    Raises:
        ArgumentError: a name is not one of a class.
    """
    named, names = config.paste_classes, classes.names
    unknown = [name for name in named if name not in names]
    if unknown:
        must = f"names of classes: {some(names, 12)}"
        raise ArgumentError("train", "paste_classes", must=must, got=some(unknown))
    return np.array([not named or name in named for name in names])


def check_pasted(config: TrainConfig, classes: Classes, pixels: NDArray[np.int64]) -> None:
    """Raise unless each class that is named to be pasted is in the split.

    Args:
        config: with the names.
        classes: of the dataset.
        pixels: (C,) of each class in the train split; (C, 2) outside and inside where they overlap.
    Raises:
        ArgumentError: a name is not one of a class, or no pixel is of one.
    """
    chosen = pasted_classes(config, classes)
    inside = pixels[:, 1] if pixels.ndim == 2 else pixels
    absent = [n for n, is_chosen, p in zip(classes.names, chosen, inside) if is_chosen and not p]
    if config.paste_classes and absent:
        event = f"no pixel of split {config.train_split} is {some(absent)}, so it cannot be pasted"
        hint = f"Leave it out of {setting('paste_classes')}."
        raise ArgumentError("train", "paste_classes", event=event, hint=hint)
