"""Score predicted label images against labels, at the labels' own resolution. No torch here."""

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.errors import check_choice
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.records import to_plain
from pixelwise.files.results import origin, write_json
from pixelwise.labels.classes import Classes
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.image_scores import lowest_mean, mean_iou_c, mean_iou_i
from pixelwise.metrics.like import scores_like
from pixelwise.metrics.scores import (
    CONVENTIONS,
    classes_averaged,
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
from pixelwise.score.compare import compare
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import (
    STRIP_WIDTH,
    Counted,
    Item,
    count_items,
    find_work,
    path_from,
)
from pixelwise.settings import command_line
from pixelwise.sums import Progress

SCHEMA = "pixelwise.score/1"
FILE = "score.json"


def score(
    config: ScoreConfig, executor: Executor | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Compare predictions with labels and write score.json.

    Counts are added over all images; every score is a formula on that one sum.

    Args:
        config: which predictions and labels, and the convention of the headline. With `versus` two
            predictions of the same images are compared with each other: see compare.
        executor: any concurrent.futures executor; None takes the one that config asks for.
        progress: called with (images done, all images) after each image.
    Returns:
        The content of score.json, or of comparison.json; absent scores are None.
    Raises:
        PixelwiseError: a prediction is missing, of another size, or has values that are no class.
    Absent classes: a class in neither label nor prediction has no score; the convention says how
        it counts in the mean.
    """
    check_choice("score", "convention", config.convention, CONVENTIONS)
    config = with_absolute_paths(config)
    with open_executor(config.workers, config.scheduler, executor) as chosen:
        if config.versus is not None:
            return compare(config, chosen, progress)
        work = find_work(config, config.predictions)
        counted = count_items(work, chosen, progress, config.boundary)
    out = config.out or work.folder / FILE
    content = {
        **origin(SCHEMA, command_line(config)),
        "dataset": {"path": work.data, "split": work.split},
        "classes": work.classes.as_dict(),
        "task": work.task,
        "predictions": path_from(work.folder, out.parent),
        **scores_of([one.counts for one in counted], work.classes, config.convention),
        **boundary_of(counted),
        **like_of(counted, config),
        "images": [image_record(item, one, out.parent) for item, one in zip(work.items, counted)],
    }
    write_json(out, content)
    return to_plain(content)


def scores_of(counted: list[ConfusionCounts], classes: Classes, convention: str) -> dict[str, Any]:
    """The numbers of score.json, from the counts of each image."""
    total = sum(counted[1:], start=counted[0])

    def under(name: str, formula: Callable[..., Any]) -> Any:
        return formula(counted if name == "per_image" else total, name)

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
            "mean_iou": under(convention, mean_iou),
            "mean_dice": under(convention, mean_dice),
            "pixel_accuracy": pixel_accuracy(total),
            "mean_accuracy": mean_accuracy(total),
            "frequency_weighted_iou": frequency_weighted_iou(total),
            "mean_iou_i": mean_iou_i(counted),
            "mean_iou_c": mean_iou_c(counted),
        },
        "classes_averaged": int(under(convention, classes_averaged).sum()),
        "mean_iou_by_convention": {name: under(name, mean_iou) for name in CONVENTIONS},
        "per_class": [
            {"index": index, **dict(zip(keys, values))} for index, values in enumerate(per_class)
        ],
        "confusion": total.matrix.tolist(),
        "ignored_pixels": total.ignored,
        "valid_pixels": int(total.matrix.sum()),
    }


def boundary_of(counted: list[Counted]) -> dict[str, Any]:
    """The scores of the strips along contours, of all images added up, if they were counted.

    Absent classes: a class without a contour in target and prediction has no score and is left out
        of the mean; with one in only one of them it scores 0.
    """
    first, *others = (one.strips for one in counted)
    if first is None:
        return {}
    from pixelwise.metrics.boundary import boundary_iou

    scores = boundary_iou(sum((one for one in others if one is not None), start=first))
    return {
        "boundary": {
            "width": STRIP_WIDTH,
            "mean_boundary_iou": lowest_mean(scores),
            "meaning": "mean over the classes that have a contour in the target or the prediction",
            "per_class": scores.tolist(),
        }
    }


def like_of(counted: list[Counted], config: ScoreConfig) -> dict[str, Any]:
    """The numbers of other tools, if they were asked for."""
    if config.like is None and not config.all:
        return {}
    under_void = np.array([one.under_void for one in counted])
    return {"like": scores_like([one.counts for one in counted], under_void, config.like)}


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
