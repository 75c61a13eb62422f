"""Folders as people have them, each with one trap, and what is right about each.

A drawing is a function that fills a folder and returns its Truth. Everything is drawn here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = HEIGHT, WIDTH = 48, 64
VOID = 255


@dataclass(frozen=True)
class Truth:
    """What a person would make of a folder.

    Args:
        labels: name of an image file, without folders and suffix -> its (H, W) class indices,
            255 = void.
        splits: names of the images of each split; empty = there is none, so folds are drawn.
        answer: options of the answer that makes it right, where there is a question to be asked.
        names: of the classes, where they are known.
    """

    labels: dict[str, np.ndarray]
    splits: dict[str, set[str]] = field(default_factory=dict)
    answer: dict[str, object] = field(default_factory=dict)
    names: tuple[str, ...] = ()


Draw = Callable[[Path], Truth]
DRAWINGS: dict[str, Draw] = {}


def drawing(draw: Draw) -> Draw:
    DRAWINGS[draw.__name__] = draw
    return draw


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def disc(seed: int, radius: tuple[float, float] = (8, 13)) -> np.ndarray:
    """(H, W) of 1 in a disc, else 0."""
    r = random(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    top, left, size = r.uniform(14, 34), r.uniform(18, 46), r.uniform(*radius)
    return (((y - top) ** 2 + (x - left) ** 2) < size**2).astype(np.uint8)


def stripes(seed: int, number: int) -> np.ndarray:
    """(H, W) of 0..number-1 in stripes of random widths."""
    edges = np.sort(random(seed).choice(np.arange(3, WIDTH - 3, 3), number - 1, replace=False))
    return np.tile(np.searchsorted(edges, np.arange(WIDTH), "right"), (HEIGHT, 1)).astype(np.uint8)


def rim(label: np.ndarray) -> np.ndarray:
    """(H, W) bool, True within a pixel of a change."""
    edge = np.zeros(label.shape, bool)
    edge[1:] |= label[1:] != label[:-1]
    edge[:, 1:] |= label[:, 1:] != label[:, :-1]
    edge[:-1] |= edge[1:]
    edge[:, :-1] |= edge[:, 1:]
    return edge


def photo(seed: int, label: np.ndarray | None = None) -> np.ndarray:
    """(H, W, 3) with a gradient, noise, and what the label covers lighter."""
    r = random(1000 + seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    base = 60 + y[..., None] + x[..., None] * np.array([0.5, 1, 0.2])
    if label is not None:
        base = base + 25 * label[..., None]
    return np.clip(base + r.normal(0, 9, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)


def save(path: Path, array: np.ndarray | Image.Image, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    image.save(path, **options)


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def soft(label: np.ndarray, values: np.ndarray) -> Image.Image:
    """Stored values, enlarged and reduced again as images are."""
    large = Image.fromarray(values[label].astype(np.uint8))
    large = large.resize((2 * WIDTH + 14, 2 * HEIGHT + 10), Image.Resampling.NEAREST)
    return large.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


BINARY = np.array([0, 255], np.uint8)
BLACK_WHITE = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
