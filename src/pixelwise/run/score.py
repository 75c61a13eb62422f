"""Score predicted label images against labels, at the labels' own resolution. No torch here."""

from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.errors import (
    ArgumentError,
    DatasetError,
    LabelError,
    PairingError,
    check_choice,
    sentence,
)
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.labels.palettes import PALETTES
from pixelwise.labels.png import read_label
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.scores import (
    CONVENTIONS,
    dice,
    frequency_weighted_iou,
    iou,
    mean_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
    precision,
    recall,
)
from pixelwise.run.config import ScoreConfig, command_line
from pixelwise.run.json_files import read_json, without_nan, write_json
from pixelwise.sums import map_over

SCHEMA = "pixelwise.score/1"
FILE = "score.json"


@dataclass(frozen=True)
class Item:
    """One prediction with its label, and the image where there is one."""

    id: str
    prediction: Path
    label: Path
    image: Path | None


@dataclass(frozen=True)
class Counted:
    """What one label image of a size has come to."""

    size: tuple[int, int]
    counts: ConfusionCounts


@dataclass(frozen=True)
class Work:
    """What is scored: items, their classes, and where they come from."""

    items: list[Item]
    classes: Classes
    task: str
    data: str | None
    split: str | None


def score(config: ScoreConfig, executor: Executor | None = None) -> dict[str, Any]:
    """Compare predictions with labels and write score.json.

    Counts are added over all images; every score is a formula on that one sum.

    Args:
        config: which predictions and labels, and the convention of the headline.
        executor: any concurrent.futures executor; None works in this thread.
    Returns:
        The content of score.json; absent scores are None.
    Raises:
        PixelwiseError: a prediction is missing, of another size, or has values that are no class.
    Absent classes: a class in neither label nor prediction has no score; the convention says how
        it counts in the mean.
    """
    check_choice("score", "convention", config.convention, CONVENTIONS)
    work = find_work(config)
    out = config.out or config.predictions / FILE
    count = partial(count_item, classes=work.classes)
    counted = list(map_over(work.items, count, executor))
    content = {
        "schema": SCHEMA,
        "version": version("pixelwise"),
        "command": command_line("score", config),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": {"path": work.data, "split": work.split},
        "classes": work.classes.as_dict(),
        "task": work.task,
        "predictions": path_from(config.predictions, out.parent),
        **scores_of([one.counts for one in counted], work.classes, config.convention),
        "images": [image_record(item, one, out.parent) for item, one in zip(work.items, counted)],
    }
    write_json(out, content)
    return without_nan(content)


def find_work(config: ScoreConfig) -> Work:
    """Pair predictions with labels, from a dataset or from bare folders."""
    if not config.predictions.is_dir():
        got = f"no folder {config.predictions}"
        raise DatasetError(sentence("score", "predictions", "a folder of label images", got))
    if config.labels is not None and config.classes is not None:
        classes = find_classes(config.classes)
        found = find_pairs(config.predictions, config.labels)
        images = {p.id: p.image for p in find_pairs(config.images, None)} if config.images else {}
        items = [Item(p.id, p.image, p.label, images.get(p.id)) for p in found if p.label]
        return Work(items, classes, "multiclass", None, None)
    data, split = config.data, config.split
    if data is None:
        about = read_json(config.predictions / "prediction.json")
        if about["data"] is None:
            hint = "They were made of a bare folder of images: give --labels and --classes."
            raise DatasetError(sentence("score", "predictions", "of a dataset", "none", hint))
        data, split = Path(about["data"]), split or about["split"]
    split = split or "val"
    description = read_description(data)
    check_choice(str(description.root / "dataset.toml"), "split", split, description.splits)
    items = predicted_items(description.pairs(split), config.predictions)
    return Work(items, description.classes, description.task, str(data.resolve()), split)


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
        raise DatasetError(sentence("score", "split", "one with labels", f"{len(pairs)} images"))
    missing = [item.id for item in items if not item.prediction.is_file()]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise PairingError(
            f"score: every label must have a prediction in {predictions}, got {len(missing)} "
            f"without: {', '.join(f'{i}.png' for i in missing[:5])}{more}."
        )
    return items


def count_item(item: Item, classes: Classes) -> Counted:
    """Counts of one prediction against its label.

    Raises:
        LabelError: the sizes differ, or the prediction has values that are no class.
    """
    pred = read_label(item.prediction)
    target = read_label(item.label)
    if pred.shape != target.shape:
        constraint = f"{target.shape} as in {item.label}"
        raise LabelError(sentence(str(item.prediction), "size (H, W)", constraint, pred.shape))
    try:
        counts = count_confusion(
            classes.to_index(pred, where=str(item.prediction)),
            classes.to_index(target, where=str(item.label)),
            len(classes),
            classes.ignore_index,
        )
    except ArgumentError as error:  # void predicted where the label is a class
        raise LabelError(f"{item.prediction} against {item.label}: {error}") from None
    height, width = target.shape
    return Counted((height, width), counts)


def scores_of(counted: list[ConfusionCounts], classes: Classes, convention: str) -> dict[str, Any]:
    """The numbers of score.json, from the counts of each image."""
    total = sum(counted[1:], start=counted[0])

    def mean_under(name: str) -> float:
        return mean_iou(counted if name == "per_image" else total, name)

    def mean_dice_under(name: str) -> float:
        return mean_dice(counted if name == "per_image" else total, name)

    per_class = zip(
        classes.names,
        *(formula(total).tolist() for formula in (iou, dice, precision, recall)),
        total.matrix.sum(1).tolist(),
        total.matrix.sum(0).tolist(),
        np.sum([counts.matrix.sum(1) > 0 for counts in counted], axis=0).tolist(),
    )
    keys = ("name", "iou", "dice", "precision", "recall", "target_pixels", "pred_pixels", "images")
    return {
        "convention": convention,
        "convention_meaning": CONVENTIONS[convention],
        "scores": {
            "mean_iou": mean_under(convention),
            "mean_dice": mean_dice_under(convention),
            "pixel_accuracy": pixel_accuracy(total),
            "mean_accuracy": mean_accuracy(total),
            "frequency_weighted_iou": frequency_weighted_iou(total),
        },
        "mean_iou_by_convention": {name: mean_under(name) for name in CONVENTIONS},
        "per_class": [
            {"index": index, **dict(zip(keys, values))} for index, values in enumerate(per_class)
        ],
        "confusion": total.matrix.tolist(),
        "ignored_pixels": total.ignored,
        "valid_pixels": int(total.matrix.sum()),
    }


def image_record(item: Item, counted: Counted, folder: Path) -> dict[str, Any]:
    """What score.json says about one image; its confusion lists [target, predicted, pixels]."""
    counts = counted.counts
    rows, columns = np.nonzero(counts.matrix)
    cells = zip(rows.tolist(), columns.tolist(), counts.matrix[rows, columns].tolist())
    return {
        "id": item.id,
        "image": None if item.image is None else path_from(item.image, folder),
        "label": path_from(item.label, folder),
        "prediction": path_from(item.prediction, folder),
        "height": counted.size[0],
        "width": counted.size[1],
        "valid": int(counts.matrix.sum()),
        "ignored": counts.ignored,
        "mean_iou": mean_iou(counts, "present"),
        "pixel_accuracy": pixel_accuracy(counts),
        "confusion": [list(cell) for cell in cells],
    }


def path_from(path: Path, folder: Path) -> str:
    """The path relative to `folder` if it lies inside it, else absolute."""
    path, folder = path.resolve(), folder.resolve()
    inside = path.is_relative_to(folder)
    return (path.relative_to(folder) if inside else path).as_posix()
