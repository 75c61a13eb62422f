"""Scores of predictions whose classes overlap: FOLDER/CLASS/ID.png against the labels of a set."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, LabelError, PairingError, setting
from pixelwise.figures.figure import Axes, Figure
from pixelwise.files.records import FLAT
from pixelwise.files.results import made_by, write_json
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.reading import void_without_data
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import predicted_members, read_members
from pixelwise.labels.overlap.pairing import PLACE
from pixelwise.labels.pairs import Pair
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.members import (
    MemberCounts,
    count_planes,
    mean_of_members,
    mean_over_images,
    member_scores,
)
from pixelwise.score.compare import FILE as COMPARISON
from pixelwise.score.compare import Comparison, compared
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import Overlapping, path_from
from pixelwise.score.record import Scored, all_known, known, nothing_scored
from pixelwise.score.thresholds import used_thresholds
from pixelwise.settings import command_line
from pixelwise.sums import Progress, map_over
from pixelwise.text import percent, some, text_table

FILE = "score.json"
# (height, width) of an image, and the counts of each prediction of it
Counted = tuple[tuple[int, int], tuple[MemberCounts, ...]]


@dataclass(frozen=True)
class MemberRow:
    """What is known of one class, all images added up.

    Attributes:
        scores: a value for every row of CLASS_SCORES, of the pixels of the class.
        target_pixels, pred_pixels: valid pixels of the class, and those predicted as it.
        ignored_pixels: void for this class.
        confusion: (2, 2) pixels, rows = target, columns = prediction.
    """

    index: int
    name: str
    scores: dict[str, float | None] = field(metadata=FLAT)
    target_pixels: int
    pred_pixels: int
    ignored_pixels: int
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class MemberImage:
    """One image: its files, relative to the folder of score.json, its size and its scores.

    Attributes:
        labels: the file of each class; None for one that is nowhere.
        prediction: with {class} in place of the name of the class's folder.
        mean_iou: of the classes that are in its target or prediction.
        iou: of each class.
    """

    id: str
    image: str
    labels: tuple[str | None, ...]
    prediction: str
    height: int
    width: int
    mean_iou: float | None
    iou: tuple[float | None, ...]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MultilabelScore(Scored):
    """Scores of predictions whose classes overlap; shares 0..1, None where there is no score.

    Attributes:
        mean_iou, mean_dice: by the convention.
        mean_iou_by_convention: all of them.
        per_class: C rows.
        images: in the order of the dataset.
    """

    SCHEMA: ClassVar[str] = "pixelwise.multilabel_score/2"

    mean_iou: float | None
    mean_dice: float | None
    mean_iou_by_convention: dict[Convention, float | None]
    per_class: tuple[MemberRow, ...]
    images: tuple[MemberImage, ...]

    @property
    def valid_pixels(self) -> int:
        """The decisions: pixels that are not void, of each class."""
        return sum(sum(map(sum, row.confusion)) for row in self.per_class)

    def text(self) -> str:
        """A row for each class and the means with their convention, in percent; "-" for None."""
        used = [f"{t:g}" for t in self.thresholds.values] if self.thresholds else []
        rows = [["class", *self.per_class[0].scores, *["threshold"][: len(used)]]]
        rows[0] += ["target px", "void px"]
        for row in self.per_class:
            numbers = f"{row.target_pixels:,}", f"{row.ignored_pixels:,}"
            own = used[row.index : row.index + 1]
            rows.append([row.name, *map(percent, row.scores.values()), *own, *numbers])
        mean = f"mIoU {percent(self.mean_iou)}  ({self.convention}: {self.convention_meaning})"
        rest = f"mean Dice {percent(self.mean_dice)}  {len(self.images)} images"
        chosen = self.thresholds.text() if self.thresholds else ""
        return "\n".join([text_table(rows), "", mean, rest, *[chosen][: bool(chosen)]])

    def plot(self, ax: Axes | None = None, *, score: str = "iou") -> Figure | Axes:
        """A bar for each class, in percent.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            score: "iou", "dice", "precision" or "recall".
        Returns:
            A Figure; or ax.
        """
        from pixelwise.score.plots import score_figure

        return score_figure(self, ax, score)

    def _repr_html_(self) -> str:
        from pixelwise.score.plots import members_table

        return members_table(self)

    def finding(self) -> str:
        """The sentence about labels without a valid pixel; "" if there is one."""
        return nothing_scored(self.valid_pixels, len(self.images))


def check_overlapping(config: ScoreConfig) -> None:
    """Raise if a setting is for one class a pixel.

    Raises:
        ArgumentError: naming it.
    """
    names = "like", "all", "boundary", "prediction_prefix", "prediction_suffix"
    given = [setting(name) for name in names if getattr(config, name)]
    if given:
        event = f"{some(given)}: these take one class a pixel, and these classes overlap"
        hint = "Without them score has IoU, Dice, precision and recall of each class."
        raise ArgumentError("score", event=event, hint=hint)


def score_members(
    config: ScoreConfig,
    inputs: Overlapping,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> MultilabelScore | Comparison:
    """The scores of FOLDER/CLASS/ID.png of every labelled image, written to score.json.

    With `versus` two such folders are compared, written to comparison.json.

    Raises:
        PairingError: a label has no prediction.
        LabelError: a prediction has another size, void where the label has none, or other values.
    Absent classes: without a pixel in labels and predictions they have no score.
    """
    check_overlapping(config)
    description = inputs.description
    classes, pairs = description.classes, description.pairs(inputs.split)
    pairs = [pair for pair in pairs if pair.is_labelled]
    for folder in inputs.folders:
        check_predicted(pairs, folder, classes)
    channels = inputs.description.channels
    count = partial(count_image, folders=inputs.folders, classes=classes, channels=channels)
    name_of = attrgetter("id")
    counted = list(map_over(pairs, count, executor, progress=progress, name=name_of))
    if config.versus is not None:
        return compare_members(config, inputs, pairs, [own for _, own in counted])
    folder = inputs.folders[0]
    out = config.out or folder / FILE
    found = members_score(config, inputs, pairs, counted, out.parent)
    write_json(out, found)
    return found


def check_predicted(pairs: Sequence[Pair], folder: Path, classes: Classes) -> None:
    """Raise unless there is a pair, and a prediction of every class for each.

    Raises:
        PairingError: naming the files.
    """
    files = (file for pair in pairs for file in predicted_members(folder, pair.id, classes))
    missing = [file for file in files if not file.is_file()]
    if missing or not pairs:
        must = f"predicted in {folder}, a folder for each class"
        got = f"{len(missing)} without: {some(missing)}" if pairs else "a split without labels"
        raise PairingError("score", "every label", must=must, got=got)


def compare_members(
    config: ScoreConfig,
    inputs: Overlapping,
    pairs: Sequence[Pair],
    counted: Sequence[tuple[MemberCounts, ...]],
) -> Comparison:
    """Score two predictions of the same images and write comparison.json; see compare."""
    out = config.out or inputs.folders[1] / COMPARISON
    first, second = ([files_of(p, f, out.parent) for p in pairs] for f in inputs.folders)
    files = [
        {
            **{key: one[key] for key in ("id", "image", "labels")},
            "label": None,
            "prediction_a": one["prediction"],
            "prediction_b": other["prediction"],
        }
        for one, other in zip(first, second)
    ]
    description = inputs.description
    about = {"dataset": inputs.dataset, "classes": description.classes, "task": description.task}
    a, b = zip(*counted)
    found = compared(config, inputs.folders, about, files, a, b)
    write_json(out, found)
    return found


def files_of(pair: Pair, predictions: Path, folder: Path) -> dict[str, Any]:
    """The files of an image as records name them, relative to a folder."""
    return {
        "id": pair.id,
        "image": path_from(pair.image, folder),
        "labels": tuple(None if f is None else path_from(f, folder) for f in pair.labels),
        "prediction": f"{path_from(predictions, folder)}/{PLACE}/{pair.id}.png".removeprefix("./"),
    }


def members_score(
    config: ScoreConfig,
    inputs: Overlapping,
    pairs: Sequence[Pair],
    counted: Sequence[Counted],
    folder: Path,
) -> MultilabelScore:
    """The scores of the counts of all images; paths are relative to the folder."""
    classes, name = inputs.description.classes, config.convention
    counts = [one for _, (one,) in counted]
    total = sum(counts[1:], start=counts[0])

    def mean(convention: Convention, score: Literal["iou", "dice"]) -> float | None:
        if convention == "per_image":
            return known(mean_over_images(counts, score))
        return known(mean_of_members(total, convention, score))

    means: dict[Convention, float | None] = {one: mean(one, "iou") for one in CONVENTIONS}
    scores = {key: all_known(values) for key, values in member_scores(total).items()}
    rows = tuple(
        MemberRow(
            index=i,
            name=classes.names[i],
            scores={key: values[i] for key, values in scores.items()},
            target_pixels=int(total.target_pixels[i]),
            pred_pixels=int(total.pred_pixels[i]),
            ignored_pixels=int(total.ignored[i]),
            confusion=tuple(map(tuple, total.matrix[i].tolist())),
        )
        for i in range(len(classes))
    )
    return MultilabelScore(
        **made_by(command_line(config)),
        dataset=inputs.dataset,
        classes=classes,
        task=inputs.description.task,
        predictions=path_from(inputs.folders[0], folder),
        convention=name,
        convention_meaning=CONVENTIONS[name],
        thresholds=used_thresholds(inputs.folders[0], len(classes)),
        mean_iou=means[name],
        mean_dice=mean(name, "dice"),
        mean_iou_by_convention=means,
        per_class=rows,
        images=tuple(
            MemberImage(
                **files_of(pair, inputs.folders[0], folder),
                height=size[0],
                width=size[1],
                mean_iou=known(mean_of_members(one)),
                iou=all_known(member_scores(one)["iou"]),
            )
            for pair, (size, (one,)) in zip(pairs, counted)
        ),
    )


def count_image(
    pair: Pair, folders: tuple[Path, ...], classes: Classes, channels: Channels
) -> Counted:
    """The size of one image, and for each folder the pixels of each class by target and prediction.

    Where a channel of the image has no data its label is void, as in training.

    Raises:
        LabelError: a prediction has another size, void where the label has none, or other values.
    """
    target = read_members(pair, classes)
    target = void_without_data(target, pair.image, channels, classes.ignore_index)
    found = []
    for folder in folders:
        files = predicted_members(folder, pair.id, classes)
        pred = read_members(Pair(pair.id, pair.image, labels=files), classes)
        if pred.shape != target.shape:
            must = f"{target.shape[1:]} as in the label"
            raise LabelError(files[0], "size (H, W)", must=must, got=pred.shape[1:])
        check_no_void(pred, target, classes.ignore_index, files)
        found.append(count_planes(pred[None], target[None], classes.ignore_index))
    return (target.shape[1], target.shape[2]), tuple(found)


def check_no_void(
    pred: NDArray[np.uint8], target: NDArray[np.uint8], void: int, files: tuple[Path, ...]
) -> None:
    """Raise unless (C, H, W) planes of a prediction have void where the target has it alone.

    Raises:
        LabelError: void is predicted where the label has none.
    """
    valid = target != void
    for file, wrong in zip(files, (pred == void) & valid):
        if wrong.any():
            got = f"void at {int(wrong.sum()):,} pixels"
            must = "those of the class or 0 where the label has no void"
            raise LabelError(file, "stored values", must=must, got=got)
