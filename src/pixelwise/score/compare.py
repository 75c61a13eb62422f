"""Compare two predictions of the same images: what differs, how surely, and where. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pixelwise.figures.figure import Axes, Figure
from pixelwise.files.results import Result, made_by, write_json
from pixelwise.labels.classes import Classes
from pixelwise.metrics.bootstrap import CONFIDENCE, RESAMPLES, PairedDifference, paired_bootstrap
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.members import MemberCounts, mean_of_members
from pixelwise.metrics.scores import mean_iou
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import ScoreInputs, path_from
from pixelwise.score.one_image import ImageCounts
from pixelwise.score.record import DataSplit, known, nothing_scored
from pixelwise.settings import command_line
from pixelwise.text import percent, printable, text_table

FILE = "comparison.json"
SEED = 0
CHANGED = 5  # images that a comparison names


@dataclass(frozen=True)
class Bootstrap:
    """How the intervals were made: images drawn again, with replacement, the same for both."""

    resamples: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class Difference:
    """Two scores, b - a, and the interval of the difference; None where there is no score.

    Attributes:
        clear: the interval does not contain 0.
    """

    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    clear: bool

    def cells(self) -> list[str]:
        """The cells of a table, in percent; * marks a clear difference."""
        interval = "-" if self.low is None else f"{signed(self.low)} to {signed(self.high)}"
        scores = [percent(self.a), percent(self.b), signed(self.difference)]
        return [*scores, interval, "*" if self.clear else ""]


@dataclass(frozen=True)
class ClassDifference(Difference):
    """The difference in the IoU of one class."""

    index: int
    name: str
    target_pixels: int


@dataclass(frozen=True)
class ImageDifference:
    """One image: its files, and its mean IoU over the classes present in it.

    Attributes:
        label: None where classes overlap, whose label files are `labels`: None for one that is
            nowhere. Their predictions have {class} in place of the name of the class's folder.
    """

    id: str
    image: str | None
    label: str | None
    prediction_a: str
    prediction_b: str
    a: float | None
    b: float | None
    difference: float | None
    labels: tuple[str | None, ...] = ()


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Comparison(Result):
    """Two predictions of the same images; it can be read by key too, as comparison.json.

    Attributes:
        version, command, created: which release made it, how and when.
        dataset, classes, task: what was scored.
        names: of both as they were given.
        a, b: their folders, relative to that of the file.
        convention, convention_meaning: of the mean.
        bootstrap: how the intervals were made.
        mean_iou: of pooled counts.
        per_class: C rows of IoU.
        images: sorted by how much they changed.
    """

    SCHEMA: ClassVar[str] = "pixelwise.comparison/1"

    version: str
    command: str
    created: str
    dataset: DataSplit
    classes: Classes
    task: str
    names: tuple[str, str]
    a: str
    b: str
    convention: Convention
    convention_meaning: str
    bootstrap: Bootstrap
    mean_iou: Difference
    per_class: tuple[ClassDifference, ...]
    images: tuple[ImageDifference, ...]

    def text(self) -> str:
        """A row for each class, the mean, and the images that changed most, in percent."""
        rows = [["class", "a", "b", "b - a", "interval", ""]]
        rows += [[row.name, *row.cells()] for row in self.per_class]
        rows.append(["mIoU", *self.mean_iou.cells()])
        lines = [
            *(f"{key} = {printable(name)}" for key, name in zip("ab", self.names)),
            "",
            text_table(rows),
            "",
            f"mIoU is {self.convention}: {self.convention_meaning}",
            f"interval: {100 * self.bootstrap.confidence:g} % of {self.bootstrap.resamples} paired "
            f"resamples of {len(self.images)} images; * 0 is not in it",
        ]
        changed = [
            [image.id, percent(image.a), percent(image.b), signed(image.difference)]
            for image in self.images[:CHANGED]
            if image.difference
        ]
        if changed:
            lines += ["", text_table([["changed most", "a", "b", "b - a"], *changed])]
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Figure | Axes:
        """The difference b - a of each class and of the mean, with its interval.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.score.plots import comparison_figure

        return comparison_figure(self, ax)

    def _repr_html_(self) -> str:
        from pixelwise.score.plots import comparison_table

        return comparison_table(self)

    def finding(self) -> str:
        """The sentence about labels without a valid pixel; "" if there is one."""
        return nothing_scored(sum(row.target_pixels for row in self.per_class), len(self.images))


def signed(share: float | None) -> str:
    """0.5 -> "+50.00"; None -> "-"."""
    return "-" if share is None else f"{100 * share:+.2f}"


def numbers(found: PairedDifference) -> dict[str, Any]:
    """A difference as records hold it."""
    values = {"a": found.a, "b": found.b, "difference": found.value}
    values |= {"low": found.low, "high": found.high}
    return {**{key: known(value) for key, value in values.items()}, "clear": found.clear}


def compare(
    config: ScoreConfig, inputs: ScoreInputs, counted: list[tuple[ImageCounts, ...]]
) -> Comparison:
    """Score two predictions of the same images and write comparison.json.

    difference = score of `versus` (b) - score of `predictions` (a), of pooled counts; its interval
    is a paired bootstrap over images.

    Args:
        config: two folders of predictions, their labels, and the convention of the mean.
        inputs: the items, each with two predictions.
        counted: the counts of both predictions of each item.
    Returns:
        What comparison.json holds.
    Absent classes: as in score; a class without a score in a or b has no difference.
    """
    out = config.out or inputs.folders[1] / FILE
    folder = out.parent
    files = [
        {
            "id": item.id,
            "image": None if item.image is None else path_from(item.image, folder),
            "label": path_from(item.label, folder),
            "prediction_a": path_from(item.predictions[0], folder),
            "prediction_b": path_from(item.predictions[1], folder),
        }
        for item in inputs.items
    ]
    a, b = ([one.counts for one in own] for own in zip(*counted))
    about = {"dataset": inputs.dataset, "classes": inputs.classes, "task": inputs.task}
    comparison = compared(config, inputs.folders, about, files, a, b)
    write_json(out, comparison)
    return comparison


def compared(
    config: ScoreConfig,
    folders: tuple[Path, ...],
    about: dict[str, Any],
    files: Sequence[dict[str, Any]],
    a: Sequence[Any],
    b: Sequence[Any],
) -> Comparison:
    """The comparison of two predictions from the counts of each image.

    Args:
        config: see compare.
        folders: of the predictions.
        about: dataset, classes and task.
        files: of each image, the fields of ImageDifference.
        a, b: ConfusionCounts or MemberCounts of each image.
    """
    found = paired_bootstrap(a, b, config.convention, RESAMPLES, CONFIDENCE, SEED)
    folder = (config.out or folders[1] / FILE).parent
    images = [
        ImageDifference(
            **own, a=known(of_one(one)), b=known(of_one(other)), difference=known(difference)
        )
        for own, one, other, difference in zip(files, a, b, found.images)
    ]
    target_pixels = np.sum([one.target_pixels for one in a], axis=0).tolist()
    return Comparison(
        **made_by(command_line(config)),
        **about,
        names=(str(config.predictions), str(config.versus)),
        a=path_from(folders[0], folder),
        b=path_from(folders[1], folder),
        convention=config.convention,
        convention_meaning=CONVENTIONS[config.convention],
        bootstrap=Bootstrap(RESAMPLES, CONFIDENCE, SEED),
        mean_iou=Difference(**numbers(found.mean)),
        per_class=tuple(
            ClassDifference(
                **numbers(found.classes[i]), index=i, name=name, target_pixels=target_pixels[i]
            )
            for i, name in enumerate(about["classes"].names)
        ),
        images=tuple(sorted(images, key=lambda image: -abs(image.difference or 0))),
    )


def of_one(counts: ConfusionCounts | MemberCounts) -> float:
    """The mean IoU of one image, over the classes present in it."""
    return mean_of_members(counts) if isinstance(counts, MemberCounts) else mean_iou(counts)
