"""Thresholds of sigmoid channels, each the one of the best IoU on a split. No torch here.

RUN/thresholds.json holds them with what they were chosen on, so that they are chosen again when
the checkpoint or a file of the split is another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pixelwise.errors import RunError
from pixelwise.files.records import converted
from pixelwise.files.results import made_by, read_object
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts, mean_of_members
from pixelwise.metrics.scores import iou
from pixelwise.metrics.threshold import ThresholdCounts, best_threshold, confusion_at
from pixelwise.score.chosen import Chosen
from pixelwise.score.record import DataSplit, UsedThresholds, known
from pixelwise.text import percent, text_table

FILE = "thresholds.json"
HALF = 0.5
OPTIMISTIC = (
    "the thresholds were chosen on these very images, so scores of them are optimistic: score "
    "another split"
)


@dataclass(frozen=True)
class ClassThreshold:
    """The threshold of a class with its best IoU, of all images added up.

    Attributes:
        threshold: 0.5 if the split has no pixel of the class; of equally good ones the nearest to
            0.5.
        iou, iou_at_half: there and at 0.5; None without a pixel of the class.
    """

    name: str
    threshold: float
    iou: float | None
    iou_at_half: float | None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ChosenThresholds(Chosen):
    """A threshold for each class of a multilabel task, or for the foreground of a binary one.

    Attributes:
        mean_iou, mean_iou_at_half: over the classes in the target or the prediction.
        per_class: C rows, or one.
    """

    SCHEMA: ClassVar[str] = "pixelwise.thresholds/1"

    mean_iou: float | None
    mean_iou_at_half: float | None
    per_class: tuple[ClassThreshold, ...]

    @property
    def of_classes(self) -> tuple[float, ...]:
        """The threshold of each class."""
        return tuple(row.threshold for row in self.per_class)

    def text(self) -> str:
        """A row for each class and the means, in percent."""
        rows = [["class", "threshold", "IoU", "at 0.5"]]
        for row in self.per_class:
            rows.append(
                [row.name, f"{row.threshold:g}", percent(row.iou), percent(row.iou_at_half)]
            )
        means = f"mIoU {percent(self.mean_iou)}, {percent(self.mean_iou_at_half)} at 0.5"
        note = f"{means}; on the {self.images:,} images that chose the thresholds, so optimistic"
        return "\n".join([text_table(rows), note])

    def as_used(self, dataset: DataSplit) -> dict[str, Any]:
        """What prediction.json says of them.

        Args:
            dataset: that is predicted.
        """
        return {
            **self.place(dataset),
            "mean_iou": self.mean_iou,
            "mean_iou_at_half": self.mean_iou_at_half,
            "per_class": self.per_class,
        }


def used_thresholds(folder: Path, number: int) -> UsedThresholds | None:
    """The thresholds that prediction.json of a folder names; None if it is not there.

    Args:
        number: of the channels that have one.
    Raises:
        RunError: it is damaged.
    """
    path = folder / "prediction.json"
    if not path.is_file():
        return None
    about = read_object(path)
    given = about.get("threshold")
    if given is None:
        return None
    one = [given] * number if isinstance(given, int | float) else given
    values = converted(tuple[float, ...], one, str(path), "threshold", RunError)
    if len(values) != number:
        raise RunError(path, "threshold", must=f"{number} numbers", got=len(values))
    chosen = about.get("thresholds_from")
    if not isinstance(chosen, dict):
        return UsedThresholds(values, None, False)
    return UsedThresholds(values, str(chosen.get("split")), chosen.get("same_images") is True)


def foreground_iou(counts: ConfusionCounts) -> float | None:
    """Of the second of two classes; None if it is not in the target."""
    return known(iou(counts)[1]) if counts.target_pixels[1] else None


def choose(counts: ThresholdCounts) -> float:
    """The threshold of the best IoU; 0.5 if no pixel is foreground."""
    found, _ = best_threshold(counts, "iou")
    return HALF if np.isnan(found) else found


def chosen(
    counts: Sequence[ThresholdCounts],
    names: Sequence[str],
    dataset: DataSplit,
    images: int,
    epoch: int | None,
    key: str,
    command: str,
) -> ChosenThresholds:
    """What follows from the pixels of each class by probability.

    Args:
        counts: of each class, all images added up.
        names: of the classes.
        dataset, images, epoch, key: see Chosen.
        command: the command line that asked for them.
    """
    values = [choose(one) for one in counts]
    at_best = [confusion_at(one, value) for one, value in zip(counts, values)]
    at_half = [confusion_at(one, HALF) for one in counts]
    rows = tuple(
        ClassThreshold(name, value, *(foreground_iou(one) for one in both))
        for name, value, *both in zip(names, values, at_best, at_half)
    )
    void = np.zeros(len(rows), np.int64)
    means = [
        known(mean_of_members(MemberCounts(np.stack([one.matrix for one in at]), void)))
        for at in (at_best, at_half)
    ]
    return ChosenThresholds(
        **made_by(command),
        dataset=dataset,
        images=images,
        epoch=epoch,
        key=key,
        mean_iou=means[0],
        mean_iou_at_half=means[1],
        per_class=rows,
    )
