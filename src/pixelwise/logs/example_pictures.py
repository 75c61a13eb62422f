"""RUN/examples: what the network sees in the first steps, written once and shown by report."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.files.atomic import atomic_write
from pixelwise.files.results import write_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.color import overlay
from pixelwise.labels.palettes import striped
from pixelwise.labels.tables.distinct import shown_classes

EXAMPLES, INDEX = "examples", "examples.json"
MOST = 8
LONGEST = 640  # pixels of a side, about


@dataclass(frozen=True)
class Example:
    """An example of the train split.

    Attributes:
        id: of the pair that it is cut from.
        pasted: id of the pair that a class is pasted from; None without.
    """

    id: str
    pasted: str | None = None


@dataclass(frozen=True)
class Examples:
    """What examples.json says; the pictures of number n are n-image.png and n-label.png."""

    SCHEMA: ClassVar[str] = "pixelwise.examples/1"

    examples: tuple[Example, ...]


def names_of(number: int) -> tuple[str, str]:
    """The files of an example, from 1: its image, and its label over it."""
    return f"{number}-image.png", f"{number}-label.png"


def write_examples(
    run: Path, shown: Sequence[tuple[Example, NDArray[np.uint8], NDArray[np.uint8]]]
) -> None:
    """Write RUN/examples.

    Args:
        run: the folder.
        shown: each with its image and its label over it, (H, W, 3) RGB.
    Raises:
        RunError: the file system refuses.
    """
    folder = run / EXAMPLES
    for number, (_, *pictures) in enumerate(shown, 1):
        for name, picture in zip(names_of(number), pictures):
            file = BytesIO()
            Image.fromarray(picture).save(file, "PNG", compress_level=1)
            atomic_write(folder / name, file.getvalue())
    listed = Examples(tuple(example for example, *_ in shown))
    write_json(folder / INDEX, {"schema": Examples.SCHEMA, "examples": listed.examples})


def find_examples(folders: Sequence[Path]) -> Path | None:
    """The first RUN/examples in some folders that may be runs; None if there is none."""
    found = (folder / EXAMPLES for folder in folders)
    return next((folder for folder in found if os.path.isfile(folder / INDEX)), None)


def label_over(
    image: NDArray[np.uint8], target: NDArray[np.integer], classes: Classes
) -> NDArray[np.uint8]:
    """An image (H, W, 3) RGB with its target in the colours of the classes, void striped.

    Args:
        image: of any size.
        target: (h, w) class indices; or (C, h, w) of 0, 1 and void where classes overlap, of which
            void is striped where no class is.
        classes: their colours.
    """
    sizes = zip(image.shape, target.shape[-2:])
    rows, columns = (np.arange(length) * have // length for length, have in sizes)
    label = target[..., rows[:, None], columns]
    shown = overlay(image, label, shown_classes(classes), 0.6)
    void = label == classes.ignore_index
    if void.ndim == 3:
        void = void.any(0) & ~(label == 1).any(0)
    shown[void] = striped(*void.shape)[void]
    return shown
