"""Score predicted label images against labels, at the labels' own resolution. No torch here."""

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.results import made_by, write_json
from pixelwise.metrics.confusion import ConfusionCounts, total_counts
from pixelwise.metrics.image_scores import IMAGE_SCORES, lowest_mean
from pixelwise.metrics.like import scores_like
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import (
    CLASS_SCORES,
    MEAN_SCORES,
    classes_averaged,
    mean_iou,
    pixel_accuracy,
)
from pixelwise.score.compare import Comparison, compare
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import Overlapping, ScoreInputs, count_items, find_inputs, path_from
from pixelwise.score.members import MultilabelScore, score_members
from pixelwise.score.one_image import STRIP_WIDTH, ImageCounts, Item
from pixelwise.score.record import (
    BoundaryScores,
    ClassScores,
    ImageScores,
    Score,
    all_known,
    known,
)
from pixelwise.score.thresholds import used_thresholds
from pixelwise.settings import command_line, takes_settings
from pixelwise.sums import Progress

FILE = "score.json"


@takes_settings(ScoreConfig)
def score(
    config: ScoreConfig, executor: Executor | None = None, progress: Progress | None = None
) -> Score | Comparison | MultilabelScore:
    """Compare predictions with labels and write score.json.

    Counts are added over all images; every score is a formula on that one sum.

        score(ScoreConfig("predictions", data="street"))    score("predictions", data="street")

    Args:
        config: which predictions and labels, and the convention of the headline. With `versus` two
            predictions of the same images are compared with each other: see compare.
        executor: any concurrent.futures executor; None takes the one that config asks for.
        progress: called with (images done, all images) after each image.
    Returns:
        What score.json, or comparison.json, holds; absent scores are None. A MultilabelScore if
        classes overlap.
    Raises:
        PixelwiseError: a prediction is missing, of another size, or has unknown values.
    Absent classes: a class in neither label nor prediction has no score; the convention says how
        it counts in the mean.
    """
    config = with_absolute_paths(config)
    with open_executor(config.workers, config.scheduler, executor) as chosen:
        inputs = find_inputs(config)
        if isinstance(inputs, Overlapping):
            return score_members(config, inputs, chosen, progress)
        counted = count_items(inputs, config, chosen, progress)
    if config.versus is not None:
        return compare(config, inputs, counted)
    out = config.out or inputs.folders[0] / FILE
    found = score_of(inputs, [one for (one,) in counted], config, out.parent)
    if inputs.task == "binary":
        found = replace(found, thresholds=used_thresholds(inputs.folders[0], 1))
    write_json(out, found)
    return found


def score_of(
    inputs: ScoreInputs, counted: list[ImageCounts], config: ScoreConfig, folder: Path
) -> Score:
    """The scores of the counts of all images; paths are relative to the folder."""
    counts = [one.counts for one in counted]
    total = total_counts(counts)
    convention = config.convention
    strips = [one.strips for one in counted if one.strips is not None]
    under_void = [one.under_void for one in counted if one.under_void is not None]
    return Score(
        **made_by(command_line(config)),
        dataset=inputs.dataset,
        classes=inputs.classes,
        task=inputs.task,
        predictions=path_from(inputs.folders[0], folder),
        convention=convention,
        convention_meaning=CONVENTIONS[convention],
        scores=means(counts, total, convention),
        classes_averaged=int(classes_averaged(by(convention, counts, total), convention).sum()),
        mean_iou_by_convention={
            name: known(mean_iou(by(name, counts, total), name)) for name in CONVENTIONS
        },
        per_class=class_rows(inputs.classes.names, counts, total),
        confusion=tuple(map(tuple, total.matrix.tolist())),
        ignored_pixels=total.ignored,
        valid_pixels=total.valid,
        boundary=boundary_scores(strips) if strips else None,
        like=tuple(scores_like(counts, np.array(under_void), config.like)) if under_void else (),
        images=tuple(image_scores(item, one, folder) for item, one in zip(inputs.items, counted)),
    )


def by(name: Convention, counts: list[ConfusionCounts], total: ConfusionCounts) -> Any:
    """What a convention is taken over: the images, or their sum."""
    return counts if name == "per_image" else total


def means(
    counts: list[ConfusionCounts], total: ConfusionCounts, convention: Convention
) -> dict[str, float | None]:
    """A value for every row of MEAN_SCORES and of IMAGE_SCORES that is reported."""
    taken = by(convention, counts, total)
    pooled = {
        name: row.fn(taken, convention) if row.by_convention else row.fn(total)
        for name, row in MEAN_SCORES.items()
    }
    over_images = {name: row.fn(counts) for name, row in IMAGE_SCORES.items() if row.reported}
    return {name: known(value) for name, value in {**pooled, **over_images}.items()}


def class_rows(
    names: tuple[str, ...], counts: list[ConfusionCounts], total: ConfusionCounts
) -> tuple[ClassScores, ...]:
    """What is known of each class."""
    scores = {name: all_known(row.fn(total)) for name, row in CLASS_SCORES.items()}
    target, pred = total.target_pixels.tolist(), total.pred_pixels.tolist()
    images = np.sum([one.target_pixels > 0 for one in counts], axis=0).tolist()
    return tuple(
        ClassScores(
            i, name, {key: v[i] for key, v in scores.items()}, target[i], pred[i], images[i]
        )
        for i, name in enumerate(names)
    )


def boundary_scores(strips: list[Any]) -> BoundaryScores:
    """The scores of the strips along contours, all images added up.

    Args:
        strips: the BoundaryCounts of each image.
    Absent classes: a class without a contour in target and prediction has no score and is left out
        of the mean; with one in only one of them it scores 0.
    """
    from pixelwise.metrics.boundary import boundary_iou

    scores = boundary_iou(sum(strips[1:], start=strips[0]))
    meaning = "mean over the classes that have a contour in the target or the prediction"
    return BoundaryScores(STRIP_WIDTH, known(lowest_mean(scores)), meaning, all_known(scores))


def image_scores(item: Item, counted: ImageCounts, folder: Path) -> ImageScores:
    """What score.json says about one image."""
    counts = counted.counts
    rows, columns = np.nonzero(counts.matrix)
    cells = zip(rows.tolist(), columns.tolist(), counts.matrix[rows, columns].tolist())
    return ImageScores(
        id=item.id,
        image=None if item.image is None else path_from(item.image, folder),
        label=path_from(item.label, folder),
        prediction=path_from(item.predictions[0], folder),
        height=counted.size[0],
        width=counted.size[1],
        valid=counts.valid,
        ignored=counts.ignored,
        mean_iou=known(mean_iou(counts)),
        pixel_accuracy=known(pixel_accuracy(counts)),
        confusion=tuple(cells),
    )
