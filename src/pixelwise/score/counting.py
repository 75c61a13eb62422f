"""Predicted label images beside their labels: which ones they are, and their counts. No torch."""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pixelwise.errors import (
    ArgumentError,
    DatasetError,
    LabelError,
    PairingError,
    check_choice,
)
from pixelwise.files.results import read_object
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.png import read_label
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.like import count_under_void
from pixelwise.score.config import ScoreConfig
from pixelwise.sums import Progress, map_over

if TYPE_CHECKING:
    from pixelwise.metrics.boundary import BoundaryCounts

# One takes milliseconds; a task takes a fraction of one to be handed over.
ITEMS_A_TASK = 8
STRIP_WIDTH = 0.02  # of the diagonal, as in the paper on boundary IoU


@dataclass(frozen=True)
class Item:
    """One prediction with its label, and the image where there is one."""

    id: str
    prediction: Path
    label: Path
    image: Path | None


@dataclass(frozen=True)
class Counted:
    """What one label image of a size has come to.

    Attributes:
        size: (height, width).
        counts: pixels by target and prediction.
        under_void: (C,) predictions on void pixels; no score of ours looks at them.
        strips: pixels along the contours, if they were asked for.
    """

    size: tuple[int, int]
    counts: ConfusionCounts
    under_void: np.ndarray
    strips: "BoundaryCounts | None" = None


@dataclass(frozen=True)
class Work:
    """What is scored: items, their classes, and where they come from."""

    folder: Path
    items: list[Item]
    classes: Classes
    task: str
    data: str | None
    split: str | None


def count_items(
    work: Work,
    executor: Executor | None = None,
    progress: Progress | None = None,
    boundary: bool = False,
) -> list[Counted]:
    """The counts of every image, in the order of the items.

    Raises:
        LabelError: as count_item.
    """
    count = partial(count_item, classes=work.classes, boundary=boundary)
    name = attrgetter("id")
    return list(
        map_over(work.items, count, executor, chunk=ITEMS_A_TASK, progress=progress, name=name)
    )


def find_work(config: ScoreConfig, predictions: Path) -> Work:
    """Pair predictions with labels, from a dataset or from bare folders.

    Args:
        config: where the labels are.
        predictions: a folder of label images, or a run folder, which has them in
            predictions/SPLIT.
    Raises:
        DatasetError: there is no such folder, or the split has no labels.
        PairingError: a label has no prediction.
    """
    folder = predictions
    if (predictions / "predictions").is_dir():
        folder = predictions / "predictions" / (config.split or "val")
    if not folder.is_dir():
        got = f"no folder {folder}"
        raise DatasetError("score", "predictions", must="a folder of label images", got=got)
    if config.labels is not None and config.classes is not None:
        classes = find_classes(config.classes)
        found = find_pairs(folder, config.labels)
        images = {p.id: p.image for p in find_pairs(config.images, None)} if config.images else {}
        items = [Item(p.id, p.image, p.label, images.get(p.id)) for p in found if p.label]
        return Work(folder, items, classes, "multiclass", None, None)
    data, split = config.data, config.split
    if data is None:
        about = read_object(folder / "prediction.json")
        if about["data"] is None:
            hint = "They were made of a bare folder of images: give --labels and --classes."
            raise DatasetError("score", "predictions", must="of a dataset", got="none", hint=hint)
        data, split = Path(about["data"]), split or about["split"]
    split = split or "val"
    description = read_description(data)
    check_choice(str(description.root / "dataset.toml"), "split", split, description.splits)
    items = predicted_items(description.pairs(split), folder)
    return Work(folder, items, description.classes, description.task, str(data.resolve()), split)


def find_classes(text: str) -> Classes:
    """Classes of a file, or of a well-known name."""
    if text in PALETTES:
        return Classes.named(text)
    if not Path(text).is_file():
        check_choice("score", "classes", text, [*PALETTES, "a file"])
    return Classes.load(Path(text))


def predicted_items(pairs: list[Pair], predictions: Path) -> list[Item]:
    """The prediction of every labelled pair of a split.

    Raises:
        PairingError: naming all labels without a prediction.
        DatasetError: the split has no labels.
    """
    items = [Item(p.id, predictions / f"{p.id}.png", p.label, p.image) for p in pairs if p.label]
    if not items:
        raise DatasetError("score", "split", must="one with labels", got=f"{len(pairs)} images")
    missing = [item.id for item in items if not item.prediction.is_file()]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise PairingError(
            f"score: every label must have a prediction in {predictions}, got {len(missing)} "
            f"without: {', '.join(f'{i}.png' for i in missing[:5])}{more}."
        )
    return items


def count_item(item: Item, classes: Classes, boundary: bool = False) -> Counted:
    """Counts of one prediction against its label, of the strips along contours too if asked for.

    Raises:
        LabelError: the sizes differ, or the prediction has values that are no class.
    """
    pred = read_label(item.prediction)
    target = read_label(item.label)
    if pred.shape != target.shape:
        constraint = f"{target.shape} as in {item.label}"
        raise LabelError(item.prediction, "size (H, W)", must=constraint, got=pred.shape)
    arrays = (
        classes.to_index(pred, where=str(item.prediction)),
        classes.to_index(target, where=str(item.label)),
    )
    try:
        counts = count_confusion(*arrays, len(classes), classes.ignore_index)
    except ArgumentError as error:  # void predicted where the label is a class
        raise LabelError(f"{item.prediction} against {item.label}: {error}") from None
    height, width = target.shape
    under_void = count_under_void(*arrays, len(classes), classes.ignore_index)
    strips = None
    if boundary:
        # SciPy takes longer to import than a small folder to score
        from pixelwise.metrics.boundary import count_boundary

        strips = count_boundary(*arrays, len(classes), classes.ignore_index, STRIP_WIDTH)
    return Counted((height, width), counts, under_void, strips)


def path_from(path: Path, folder: Path) -> str:
    """The path relative to `folder` if it lies inside it, else absolute."""
    path, folder = path.resolve(), folder.resolve()
    inside = path.is_relative_to(folder)
    return (path.relative_to(folder) if inside else path).as_posix()
