"""Scores of predictions whose classes overlap: FOLDER/CLASS/ID.png against the labels of a set."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, LabelError, PairingError, setting
from pixelwise.files.records import FLAT
from pixelwise.files.results import Result, made_by, write_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.overlap.members import member_files, read_members
from pixelwise.labels.pairs import Pair
from pixelwise.metrics.members import MemberCounts, mean_of_members, member_scores
from pixelwise.metrics.scores import CONVENTIONS, Convention, dice_of_pixels
from pixelwise.score.config import ScoreConfig
from pixelwise.score.counting import Overlapping, path_from
from pixelwise.score.record import DataSplit, all_known, known, nothing_scored
from pixelwise.settings import command_line
from pixelwise.text import percent, some, text_table

FILE = "score.json"


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
    """One image: the mean IoU of the classes that are in its target or prediction."""

    id: str
    mean_iou: float | None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MultilabelScore(Result):
    """Scores of predictions whose classes overlap; shares 0..1, None where there is no score.

    Attributes:
        version, command, created: what made it, how, and when.
        dataset: what the labels are of.
        classes: of the labels.
        task: "multilabel".
        predictions: their folder.
        convention, convention_meaning: of the mean IoU.
        mean_iou, mean_dice: by that convention.
        mean_iou_by_convention: all of them.
        per_class: C rows.
        images: in the order of the dataset.
    """

    SCHEMA: ClassVar[str] = "pixelwise.multilabel_score/1"

    version: str
    command: str
    created: str
    dataset: DataSplit
    classes: Classes
    task: str
    predictions: str
    convention: Convention
    convention_meaning: str
    mean_iou: float | None
    mean_dice: float | None
    mean_iou_by_convention: dict[Convention, float | None]
    per_class: tuple[MemberRow, ...]
    images: tuple[MemberImage, ...]

    def text(self) -> str:
        """A row for each class and the means with their convention, in percent; "-" for None."""
        rows = [["class", *self.per_class[0].scores, "target px", "void px"]]
        for row in self.per_class:
            numbers = f"{row.target_pixels:,}", f"{row.ignored_pixels:,}"
            rows.append([row.name, *map(percent, row.scores.values()), *numbers])
        mean = f"mIoU {percent(self.mean_iou)}  ({self.convention}: {self.convention_meaning})"
        rest = f"mean Dice {percent(self.mean_dice)}  {len(self.images)} images"
        return "\n".join([text_table(rows), "", mean, rest])

    def finding(self) -> str:
        """The sentence about labels without a valid pixel; "" if there is one."""
        valid = sum(sum(map(sum, row.confusion)) for row in self.per_class)
        return nothing_scored(valid, len(self.images))


def check_overlapping(config: ScoreConfig) -> None:
    """Raise if a setting is for one class a pixel.

    Raises:
        ArgumentError: naming it.
    """
    names = "versus", "like", "all", "boundary", "prediction_prefix", "prediction_suffix"
    given = [setting(name) for name in names if getattr(config, name)]
    if given:
        event = f"{some(given)}: these take one class a pixel, and these classes overlap"
        raise ArgumentError("score", event=event)


def score_members(config: ScoreConfig, inputs: Overlapping) -> MultilabelScore:
    """The scores of FOLDER/CLASS/ID.png of every labelled image, written to score.json.

    Raises:
        PairingError: a label has no prediction.
        LabelError: a prediction has another size, void where the label has none, or other values.
    Absent classes: without a pixel in labels and predictions they have no score.
    """
    check_overlapping(config)
    folder, description = inputs.folder, inputs.description
    classes, pairs = description.classes, description.pairs(inputs.split)
    pairs = [pair for pair in pairs if pair.is_labelled]
    missing = [
        file for p in pairs for file in member_files(folder, p.id, classes) if not file.is_file()
    ]
    if missing or not pairs:
        must = f"predicted in {folder}, a folder for each class"
        got = f"{len(missing)} without: {some(missing)}" if pairs else "a split without labels"
        raise PairingError("score", "every label", must=must, got=got)
    counted = [count_image(pair, folder, classes) for pair in pairs]
    total = sum(counted[1:], start=counted[0])
    out = config.out or folder / FILE
    means: dict[Convention, float | None] = {
        name: known(mean_of_members(total, name) if name != "per_image" else _per_image(counted))
        for name in CONVENTIONS
    }
    dices = [mean_of_members(one, "present", dice_of_pixels) for one in counted]
    name = config.convention
    if name == "per_image":
        mean_dice = _mean(dices)
    else:
        mean_dice = mean_of_members(total, name, dice_of_pixels)
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
    found = MultilabelScore(
        **made_by(command_line(config)),
        dataset=inputs.dataset,
        classes=classes,
        task=description.task,
        predictions=path_from(folder, out.parent),
        convention=name,
        convention_meaning=CONVENTIONS[name],
        mean_iou=means[name],
        mean_dice=known(mean_dice),
        mean_iou_by_convention=means,
        per_class=rows,
        images=tuple(
            MemberImage(pair.id, known(mean_of_members(one))) for pair, one in zip(pairs, counted)
        ),
    )
    write_json(out, found)
    return found


def count_image(pair: Pair, folder: Path, classes: Classes) -> MemberCounts:
    """The pixels of each class of one image by target and prediction."""
    target = read_members(pair, classes)
    files = member_files(folder, pair.id, classes)
    pred = read_members(Pair(pair.id, pair.image, labels=files), classes)
    if pred.shape != target.shape:
        raise LabelError(
            files[0], "size (H, W)", must=f"{target.shape[1:]} as in the label", got=pred.shape[1:]
        )
    return count_planes(pred, target, classes.ignore_index, files)


def count_planes(
    pred: NDArray[np.uint8], target: NDArray[np.uint8], void: int, files: tuple[Path, ...]
) -> MemberCounts:
    """The counts of (C, H, W) planes of 0, 1 and void.

    Raises:
        LabelError: void is predicted where the label has none.
    """
    valid = target != void
    for file, wrong in zip(files, (pred == void) & valid):
        if wrong.any():
            got = f"void at {int(wrong.sum()):,} pixels"
            must = "those of the class or 0 where the label has no void"
            raise LabelError(file, "stored values", must=must, got=got)
    cells = [[valid & (target == t) & (pred == p) for p in (0, 1)] for t in (0, 1)]
    matrix = np.array([[cell.sum((1, 2)) for cell in row] for row in cells]).transpose(2, 0, 1)
    return MemberCounts(matrix, (~valid).sum((1, 2)))


def _per_image(counted: list[MemberCounts]) -> float:
    return _mean([mean_of_members(one) for one in counted])


def _mean(values: list[float]) -> float:
    there = [value for value in values if not np.isnan(value)]
    return float(np.mean(there)) if there else float("nan")
