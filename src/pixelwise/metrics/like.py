"""The mean IoU that other tools report for the same predictions, and why it differs.

Everyone reports "mIoU", and hardly any tool says which one. Each row of LIKE is a tool's definition
as a formula on the counts of each image, so that a number can be compared with a published one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixelwise.errors import ArgumentError, check_choice
from pixelwise.metrics.confusion import ConfusionCounts, total_counts
from pixelwise.metrics.counted import as_counts
from pixelwise.metrics.image_scores import lowest_mean
from pixelwise.metrics.inputs import Ignore, as_pair, has_value
from pixelwise.metrics.means import Convention, iou_of_pixels
from pixelwise.metrics.scores import dice, generalized_dice, iou, mean_iou

Images = Sequence[ConfusionCounts]
Tool = Literal["mmseg", "hf", "torchmetrics", "smp", "monai", "ultralytics", "cityscapes", "nnunet"]


class ToolScore(TypedDict):
    """What a tool reports: `value` is NaN where it gives NaN or refuses the input."""

    tool: Tool
    version: str
    call: str
    value: float | None
    why: str


@dataclass(frozen=True)
class Like:
    """A row of LIKE: one number that a tool prints.

    Args:
        tool: its name, one of TOOLS.
        version: the releases in which this definition was found.
        call: what computes the number there.
        formula: (counts of each image, (N, C) predictions under void) -> the number, or NaN where
            the tool gives NaN or refuses the input.
        why: one sentence on how it differs from the mean IoU over present classes.
        two_classes: the number exists for background and foreground only.
    """

    tool: Tool
    version: str
    call: str
    formula: Callable[[Images, np.ndarray], float]
    why: str
    two_classes: bool = False


def scores_like(
    images: Images, under_void: ArrayLike | None = None, tool: Tool | None = None
) -> list[ToolScore]:
    """What other tools report for these predictions.

    formula(images, under_void) for every row of LIKE.

    Args:
        images: counts of N images of the same classes.
        under_void: (N, C) predictions on ignored pixels, from count_under_void; one tool counts
            them. None: there are no ignored pixels, or that tool is not asked for.
        tool: one of TOOLS; None is all of them.
    Returns:
        A list of {"tool", "version", "call", "value", "why"}, in the order of LIKE, without the
        rows that are of two classes only, if there are others.
    Raises:
        ArgumentError: unknown tool, no image, or under_void is needed and missing.
        ArgumentTypeError: not a list of ConfusionCounts.

    Example:
        >>> counts = ConfusionCounts(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
        >>> rows = scores_like([counts], tool="ultralytics")
        >>> [(row["version"], round(row["value"], 3)) for row in rows]
        [('8.4.60', 0.517), ('8.4.120 to 8.4.190', 0.775)]
    """
    where = "scores_like"
    if tool is not None:
        check_choice(where, "tool", tool, TOOLS)
    images = [as_counts(where, counts) for counts in images]
    if not images:
        raise ArgumentError(where, "images", must="at least one image", got="none")
    two = images[0].num_classes == 2
    rows = [row for row in LIKE if tool in (None, row.tool) and (two or not row.two_classes)]
    if under_void is None:
        if any(row.formula is counting_void for row in rows) and any(i.ignored for i in images):
            hint = "Count them with count_under_void."
            raise ArgumentError(where, "under_void", must="given with void", got="None", hint=hint)
        under_void = np.zeros((len(images), images[0].num_classes), np.int64)
    under_void = np.asarray(under_void)
    return [
        ToolScore(
            tool=row.tool,
            version=row.version,
            call=row.call,
            value=row.formula(images, under_void),
            why=row.why,
        )
        for row in rows
    ]


def count_under_void(
    pred: ArrayLike, target: ArrayLike, num_classes: int, ignore_index: Ignore = 255
) -> NDArray[np.int64]:
    """Count what was predicted on ignored pixels, which no score of ours looks at.

    out[c] = number of ignored pixels that were predicted as c; other values are not counted.

    Args:
        pred, target, num_classes, ignore_index: as for count_confusion.
    Returns:
        (C,) int64.
    Raises:
        ArgumentTypeError, ArgumentError: as count_confusion, but for unknown values.
    """
    where = "count_under_void"
    pred, target, mask, values = as_pair(where, pred, target, num_classes, ignore_index)
    hidden = pred[has_value(target, values) if mask is None else mask]
    classes = hidden[(hidden >= 0) & (hidden < num_classes)]
    return np.bincount(classes.astype(np.int64), minlength=num_classes)


def pooled(convention: Convention) -> Callable[[Images, np.ndarray], float]:
    """The mean IoU of all images added up, by a convention of ours."""
    return lambda images, _: mean_iou(total_counts(images), convention)


def target_or_zero(images: Images, _: np.ndarray) -> float:
    """The mean over the classes of the target of all images added up; 0 if there is none."""
    return _or_zero(mean_iou(total_counts(images), "target"))


def foreground_or_zero(images: Images, _: np.ndarray) -> float:
    """IoU of the second of two classes of all images added up; 0 without any of its pixels."""
    return _or_zero(float(iou(total_counts(images))[1]))


def foreground_without_void(images: Images, _: np.ndarray) -> float:
    """IoU of the second of two classes of all images added up; void is refused."""
    return np.nan if any(i.ignored for i in images) else float(iou(total_counts(images))[1])


def absent_as(value: float) -> Callable[[Images, np.ndarray], float]:
    """The mean over all classes of all images added up; an absent class scores `value`."""
    return lambda images, _: float(np.nan_to_num(iou(total_counts(images)), nan=value).mean())


def counting_void(images: Images, under_void: np.ndarray) -> float:
    """Per image over classes in the target; what is predicted under void is a false positive.

    Without any such class it is 0.
    """
    rows = []
    for counts, hidden in zip(images, under_void):
        target = counts.target_pixels
        row = iou_of_pixels(counts.correct_pixels, target, counts.pred_pixels + hidden)
        rows.append(np.where(target > 0, row, np.nan))
    return _or_zero(lowest_mean(np.array([lowest_mean(row) for row in rows])))


def leaving_void_out(images: Images, _: np.ndarray) -> float:
    """Per image over classes in the target."""
    return counting_void(images, np.zeros((len(images), images[0].num_classes), np.int64))


def absent_as_one_in_every_image(images: Images, _: np.ndarray) -> float:
    """Per image over all classes, an absent class scores 1."""
    return float(np.mean([np.nan_to_num(iou(counts), nan=1.0) for counts in images]))


def generalized_dice_of_images(images: Images, _: np.ndarray) -> float:
    """Per image; one without valid pixels scores 1."""
    return float(np.mean([np.nan_to_num(generalized_dice(counts), nan=1.0) for counts in images]))


def over_pairs(images: Images, _: np.ndarray) -> float:
    """Mean over all pairs of image and class with any pixel; void is refused."""
    values = np.array([iou(counts) for counts in images])
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) and not any(i.ignored for i in images) else np.nan


def foreground(score: Callable[..., np.ndarray]) -> Callable[[Images, np.ndarray], float]:
    """Per class over images that have it, then over classes but the first."""

    def formula(images: Images, _: np.ndarray) -> float:
        columns = np.array([score(counts) for counts in images]).T[1:]
        # a class that no image has makes the mean NaN, as it does there
        return (
            float(np.mean([lowest_mean(column) for column in columns])) if len(columns) else np.nan
        )

    return formula


def _or_zero(value: float) -> float:
    return 0.0 if np.isnan(value) else value


SAME = (
    "The same definition: pixels of all images are added up, and a class that is in neither target "
    "nor prediction is left out."
)
# Sources: the code of each tool in the version named; the tests run those that are installed.
LIKE = (
    Like("mmseg", "1.x", "IoUMetric, mIoU", pooled("present"), SAME),
    Like("hf", "evaluate 0.4", 'evaluate.load("mean_iou")', pooled("present"), SAME),
    Like(
        "torchmetrics",
        "1.9",
        'MulticlassJaccardIndex(average="macro", ignore_index=255)',
        pooled("present"),
        SAME,
    ),
    Like(
        "torchmetrics",
        "1.9",
        'MulticlassJaccardIndex(average="weighted", ignore_index=255)',
        pooled("weighted"),
        "Each class weighs as much as it has target pixels, so frequent classes decide.",
    ),
    Like(
        "torchmetrics",
        "1.9",
        "segmentation.MeanIoU",
        over_pairs,
        "It averages over pairs of image and class, so a small object in one image weighs as much "
        "as a class in all; it has no void, so with ignored pixels there is no number.",
    ),
    Like(
        "torchmetrics",
        "1.9",
        "BinaryJaccardIndex(ignore_index=255)",
        foreground_or_zero,
        "The foreground alone is scored, without the background; 0 if there is no foreground.",
        two_classes=True,
    ),
    Like(
        "smp",
        "0.6",
        'iou_score(reduction="macro")',
        absent_as(1.0),
        "A class that is in neither target nor prediction counts as a perfect 1 in the mean.",
    ),
    Like(
        "smp",
        "0.6",
        'iou_score(reduction="micro")',
        pooled("micro"),
        "Pixels of all classes are added up before dividing, so frequent classes decide.",
    ),
    Like(
        "smp",
        "0.6",
        'iou_score(reduction="macro-imagewise")',
        absent_as_one_in_every_image,
        "Every image is averaged over all classes, and each class that it lacks counts as 1.",
    ),
    Like(
        "smp",
        "0.6",
        'get_stats(mode="binary"), iou_score(reduction="micro")',
        foreground_without_void,
        "The foreground alone is scored, without the background; this mode has no void, so with "
        "ignored pixels there is no number.",
        two_classes=True,
    ),
    Like(
        "monai",
        "1.6",
        "MeanIoU()",
        counting_void,
        "It averages images over the classes of their target, drops a class that was only "
        "predicted, and counts predictions under void as false positives.",
    ),
    Like(
        "monai",
        "1.6",
        "MeanIoU(ignore_index=255)",
        leaving_void_out,
        "It averages images over the classes of their target, and drops a class that was only "
        "predicted.",
    ),
    Like(
        "monai",
        "1.6",
        "GeneralizedDiceScore(ignore_index=255)",
        generalized_dice_of_images,
        "It is a Dice score of all classes at once, rare classes weighted by 1 / target², averaged "
        "over images; an image that is all void counts as 1.",
    ),
    Like(
        "ultralytics",
        "8.4.60",
        "semantic val, mIoU",
        absent_as(0.0),
        "A class that is in neither target nor prediction counts as 0 in the mean.",
    ),
    Like(
        "ultralytics",
        "8.4.120 to 8.4.190",
        "semantic val, mIoU",
        target_or_zero,
        "Only classes of the target are averaged; one that was only predicted is left out.",
    ),
    Like(
        "ultralytics",
        "8.4.60 to 8.4.190",
        "semantic val of a single class, mIoU",
        foreground_or_zero,
        "With a single class in its data file the foreground alone is scored, without the "
        "background.",
        two_classes=True,
    ),
    Like("cityscapes", "2.x", "averageScoreClasses", pooled("present"), SAME),
    Like(
        "nnunet",
        "2.x",
        "foreground_mean IoU",
        foreground(iou),
        "Each class is averaged over the images that have it, then the classes without the first, "
        "the background; a class that no image has makes the mean NaN.",
    ),
    Like(
        "nnunet",
        "2.x",
        "foreground_mean Dice",
        foreground(dice),
        "It is a Dice score, which is higher than IoU; averaged like the IoU above, without the "
        "background.",
    ),
)
TOOLS: tuple[Tool, ...] = tuple(dict.fromkeys(row.tool for row in LIKE))
