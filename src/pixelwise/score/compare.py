"""Compare two predictions of the same images: what differs, how surely, and where. No torch."""

from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.errors import PairingError, check_choice
from pixelwise.files.records import to_plain
from pixelwise.files.results import origin, write_json
from pixelwise.metrics.bootstrap import CONFIDENCE, RESAMPLES, Difference, paired_bootstrap
from pixelwise.metrics.scores import CONVENTIONS, mean_iou
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import Counted, Item, Work, count_items, find_work, path_from
from pixelwise.settings import command_line
from pixelwise.sums import Progress

SCHEMA = "pixelwise.comparison/1"
FILE = "comparison.json"
SEED = 0


def compare(
    config: ScoreConfig, executor: Executor | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Score two predictions of the same images and write comparison.json.

    difference = score of `versus` (b) - score of `predictions` (a), of pooled counts; its interval
    is a paired bootstrap over images.

    Args:
        config: two folders of predictions, their labels, and the convention of the mean.
        executor: any concurrent.futures executor; None works in this thread.
        progress: called with (images done, all images), for one prediction after the other.
    Returns:
        The content of comparison.json; images are sorted by how much they changed.
    Raises:
        PixelwiseError: as score; the two are not predictions of the same labels.
    Absent classes: as in score; a class without a score in a or b has no difference.
    """
    check_choice("score", "convention", config.convention, CONVENTIONS)
    versus = config.versus or config.predictions
    a, b = find_work(config, config.predictions), find_work(config, versus)
    check_same_labels(a, b)
    counted_a, counted_b = (count_items(work, executor, progress) for work in (a, b))
    found = paired_bootstrap(
        [one.counts for one in counted_a],
        [one.counts for one in counted_b],
        config.convention,
        RESAMPLES,
        CONFIDENCE,
        SEED,
    )
    out = config.out or b.folder / FILE
    target_pixels = np.sum([one.counts.target_pixels for one in counted_a], axis=0)
    records = [
        image_record(*of_image, out.parent)
        for of_image in zip(a.items, b.items, counted_a, counted_b, found.images)
    ]
    content: dict[str, Any] = {
        **origin(SCHEMA, command_line(config)),
        "dataset": {"path": a.data, "split": a.split},
        "classes": a.classes.as_dict(),
        "task": a.task,
        "names": [str(config.predictions), str(versus)],
        "a": path_from(a.folder, out.parent),
        "b": path_from(b.folder, out.parent),
        "convention": config.convention,
        "convention_meaning": CONVENTIONS[config.convention],
        "bootstrap": {"resamples": RESAMPLES, "confidence": CONFIDENCE, "seed": SEED},
        "mean_iou": as_record(found.mean),
        "per_class": [
            {
                "index": index,
                "name": name,
                "target_pixels": int(target_pixels[index]),
                **as_record(found.classes[index]),
            }
            for index, name in enumerate(a.classes.names)
        ],
        "images": sorted(records, key=lambda record: -abs(np.nan_to_num(record["difference"]))),
    }
    write_json(out, content)
    return to_plain(content)


def check_same_labels(a: Work, b: Work) -> None:
    """Raise unless two predictions are of the same labels with the same classes.

    Raises:
        PairingError: naming the first label that only one of them has.
    """
    labels_a, labels_b = ([item.label.resolve() for item in work.items] for work in (a, b))
    if labels_a != labels_b or a.classes != b.classes:
        only = sorted(set(labels_a) ^ set(labels_b))
        got = f"{only[0]} in one only" if only else "other classes"
        hint = "Give --data and --split, or --labels, to score both on the same images."
        constraint = f"of the same labels as {b.folder}"
        raise PairingError("score", str(a.folder), must=constraint, got=got, hint=hint)


def as_record(difference: Difference) -> dict[str, Any]:
    """A difference as comparison.json has it."""
    return {
        "a": difference.a,
        "b": difference.b,
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "clear": difference.clear,
    }


def image_record(
    a: Item, b: Item, counted_a: Counted, counted_b: Counted, difference: float, folder: Path
) -> dict[str, Any]:
    """What comparison.json says about one image; its mean IoU is over the present classes."""
    return {
        "id": a.id,
        "image": None if a.image is None else path_from(a.image, folder),
        "label": path_from(a.label, folder),
        "prediction_a": path_from(a.prediction, folder),
        "prediction_b": path_from(b.prediction, folder),
        "a": mean_iou(counted_a.counts),
        "b": mean_iou(counted_b.counts),
        "difference": float(difference),
    }
