"""Score: what score.json holds, in Python, as text and as the file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isnan
from typing import ClassVar

import numpy as np

from pixelwise.errors import RunError
from pixelwise.figures.figure import Axes, Figure
from pixelwise.files.records import FLAT
from pixelwise.files.results import Result
from pixelwise.labels.classes import Classes
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.image_scores import IMAGE_SCORES
from pixelwise.metrics.like import ToolScore
from pixelwise.metrics.means import Convention
from pixelwise.metrics.scores import CLASS_SCORES, MEAN_SCORES
from pixelwise.text import percent, text_table

SCORES_A_LINE = 3


@dataclass(frozen=True)
class DataSplit:
    """The dataset that predictions were scored on; None for a bare folder of labels."""

    path: str | None
    split: str | None


@dataclass(frozen=True)
class UsedThresholds:
    """The thresholds of predictions, of each class or of the foreground.

    Attributes:
        split: on which they were chosen; None if they were given.
        same_images: they were chosen on the images that were predicted.
    """

    values: tuple[float, ...]
    split: str | None
    same_images: bool

    def text(self) -> str:
        """A line about them; "" if they were given."""
        if self.split is None:
            return ""
        optimistic = ", on these very images: the scores are optimistic"
        return f"thresholds chosen on {self.split}{optimistic if self.same_images else ''}"


@dataclass(frozen=True)
class ClassScores:
    """What is known of one class, all images added up.

    Attributes:
        scores: a value for every row of CLASS_SCORES.
        target_pixels, pred_pixels: valid pixels of the class, and those predicted as it.
        images: those with a valid pixel of the class.
    """

    index: int
    name: str
    scores: dict[str, float | None] = field(metadata=FLAT)
    target_pixels: int
    pred_pixels: int
    images: int


@dataclass(frozen=True)
class BoundaryScores:
    """Scores of the strips along contours, all images added up.

    Attributes:
        width: of a strip, as a share of the image's diagonal.
        mean_boundary_iou: mean over the classes that have a contour.
        per_class: (C,) boundary IoU.
    """

    width: float
    mean_boundary_iou: float | None
    meaning: str
    per_class: tuple[float | None, ...]


@dataclass(frozen=True)
class ImageScores:
    """One image: its files, relative to the folder of score.json, its size and its scores.

    Attributes:
        valid, ignored: pixels.
        mean_iou: over the classes in the target or the prediction of this image.
        confusion: (target, predicted, pixels) of every pair of classes that occurs.
    """

    id: str
    image: str | None
    label: str
    prediction: str
    height: int
    width: int
    valid: int
    ignored: int
    mean_iou: float | None
    pixel_accuracy: float | None
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Scored(Result):
    """What every score.json says of itself.

    Attributes:
        version, command, created: which release made it, how and when.
        dataset, classes, task: what was scored.
        predictions: the folder, relative to that of score.json.
        convention, convention_meaning: of the means over classes.
        thresholds: of sigmoid channels, if prediction.json names them.
    """

    version: str
    command: str
    created: str
    dataset: DataSplit
    classes: Classes
    task: str
    predictions: str
    convention: Convention
    convention_meaning: str
    thresholds: UsedThresholds | None = None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Score(Scored):
    """Scores of predictions of one dataset; shares 0..1, None where there is no score.

    It can be read by key too: `score["scores"]["mean_iou"]`, as in score.json.

    Attributes:
        scores: a value for every row of MEAN_SCORES and of IMAGE_SCORES that is reported.
        classes_averaged: how many classes are in the mean.
        mean_iou_by_convention: the headline under every convention.
        per_class: C rows.
        confusion: (C, C) pixels, rows = target, columns = prediction.
        ignored_pixels, valid_pixels: of all images.
        boundary: of `boundary=True`.
        like: of `like` and `all`.
        images: in the order of the dataset.
    """

    SCHEMA: ClassVar[str] = "pixelwise.score/1"

    scores: dict[str, float | None]
    classes_averaged: int
    mean_iou_by_convention: dict[Convention, float | None]
    per_class: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    ignored_pixels: int
    valid_pixels: int
    boundary: BoundaryScores | None = None
    like: tuple[ToolScore, ...] = ()
    images: tuple[ImageScores, ...]

    @property
    def counts(self) -> ConfusionCounts:
        """The counts of all images: any other score can be taken of them."""
        matrix = np.array(self.confusion, np.int64).reshape(len(self.classes), -1)
        return ConfusionCounts(matrix, self.ignored_pixels, len(self.images))

    def plot(
        self, ax: Axes | None = None, *, score: str = "iou", intervals: bool = False
    ) -> Figure | Axes:
        """A bar for each class, in percent.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            score: "iou", "dice", "precision" or "recall".
            intervals: draw the 95 % interval of each class: percentiles of the score of 2,000
                resamples of the images, see metrics.bootstrap_intervals.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.score.plots import score_figure

        return score_figure(self, ax, score, intervals)

    def _repr_html_(self) -> str:
        from pixelwise.score.plots import score_table

        return score_table(self)

    def other_means(self) -> list[tuple[str, float | None]]:
        """Titles and values of the scores that are not the headline."""
        titles = {name: row.title for name, row in {**MEAN_SCORES, **IMAGE_SCORES}.items()}
        named = [(titles.get(name, name), v) for name, v in self.scores.items()]
        return [(title, value) for title, value in named if title != titles["mean_iou"]]

    def text(self) -> str:
        """A row for each class and the means with their convention, in percent; "-" for None.

        `share` is the share of the valid label pixels.
        """
        valid, columns = max(1, self.valid_pixels), list(CLASS_SCORES)
        edges = [] if self.boundary is None else ["boundary"]
        rows = [["class", *columns, *edges, "share"]]
        for row in self.per_class:
            values = [row.scores.get(name) for name in columns]
            values += [] if self.boundary is None else [self.boundary.per_class[row.index]]
            rows.append([row.name, *map(percent, [*values, row.target_pixels / valid])])
        others = [f"{title} {percent(value)}" for title, value in self.other_means()]
        lines = [
            text_table(rows),
            "",
            f"mIoU {percent(self.scores['mean_iou'])}  ({self.convention}: "
            f"{self.convention_meaning})",
            f"{self.classes_averaged} of {len(self.per_class)} classes",
            *(
                "  ".join(others[i : i + SCORES_A_LINE])
                for i in range(0, len(others), SCORES_A_LINE)
            ),
        ]
        if self.boundary is not None:
            lines.append(
                f"mean boundary IoU {percent(self.boundary.mean_boundary_iou)}  (in strips along "
                f"contours of {100 * self.boundary.width:g} % of the diagonal)"
            )
        lines.append(
            f"{len(self.images)} images, {self.valid_pixels:,} valid pixels, "
            f"{self.ignored_pixels:,} void"
        )
        lines += [self.thresholds.text()] if self.thresholds and self.thresholds.split else []
        lines += ["", "the same predictions in other tools"] if self.like else []
        for tool in self.like:
            number = percent(tool["value"]).rjust(6)
            lines.append(f"{number}  {tool['tool']} {tool['version']}, {tool['call']}")
            lines.append(f"        {tool['why']}")
        return "\n".join(lines)

    def finding(self) -> str:
        """The sentence about labels without a valid pixel; "" if there is one."""
        return nothing_scored(self.valid_pixels, len(self.images))


def nothing_scored(valid: int, images: int) -> str:
    """The sentence about labels that hold only void; "" if they hold more."""
    if valid:
        return ""
    hint = "Every score is absent. Are the void values of the dataset the right ones?"
    event = f"the labels hold nothing but void in {images} images"
    return str(RunError("score", event=event, hint=hint))


def known(value: float) -> float | None:
    """A score as results hold it: None for NaN."""
    return None if isnan(value) else float(value)


def all_known(values: Iterable[float]) -> tuple[float | None, ...]:
    """Scores as results hold them."""
    return tuple(map(known, values))
