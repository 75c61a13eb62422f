"""The pictures of docs/pictures.md, drawn from the scenes of the demo.

    python docs/figures/pictures.py      # writes show.png, confusion.svg and iou.svg beside this

A test draws them again.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import pixelwise as pw
from pixelwise.demo.scenes import CLASSES, draw_scene

FOLDER = Path(__file__).parent


def scene(index: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.integer], NDArray[np.integer]]:
    """Image, label, and a prediction that is the label moved to the right, with a false tree."""
    image, label = draw_scene(seed=0, index=index)
    pred = np.roll(np.where(label == CLASSES.ignore_index, 0, label), 3, axis=1)
    pred[40:60, 50:80] = CLASSES.names.index("tree")
    return image, label, pred


def shown() -> pw.Shown:
    """The first picture of the page: what is wrong about trees and poles."""
    return pw.show(*scene(), CLASSES, focus=("tree", "pole"))


def counted() -> pw.ConfusionCounts:
    """Counts of four scenes."""
    parts = []
    for index in range(4):
        _, label, pred = scene(index)
        parts.append(pw.count_confusion(pred, label, len(CLASSES)))
    return sum(parts, start=pw.ConfusionCounts.zero(len(CLASSES)))


def figures() -> dict[str, str]:
    """Name -> SVG."""
    counts = counted()
    rest = pw.metrics.one_against_rest(counts)
    plots = {"confusion": counts.plot(classes=CLASSES), "iou": rest.plot(classes=CLASSES)}
    return {name: figure.svg() for name, figure in plots.items()}


def main() -> None:
    shown().save(FOLDER / "show.png", optimize=True)
    for name, text in figures().items():
        (FOLDER / f"{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
