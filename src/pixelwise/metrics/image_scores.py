"""Fine-grained mean IoU: over images, and over classes of images, instead of over all pixels.

A dataset score (mIoU-D) adds up pixels, so large objects in few images decide it. These give every
image (mIoU-I), or every class in every image (mIoU-C), one vote, and can look at the worst alone.
With n_ic the IoU of class c in image i:

    mIoU-D   mean_c of IoU_c of the summed counts
    mIoU-I   mean_i of mean_c n_ic
    mIoU-C   mean_c of mean_i n_ic
"""

from collections.abc import Sequence
from math import floor
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentError, check_choice
from pixelwise.metrics.confusion import ConfusionCounts, total_counts
from pixelwise.metrics.inputs import check_part
from pixelwise.metrics.means import CONVENTIONS, ClassChoice, Convention
from pixelwise.metrics.scores import Metric, as_counts, iou, mean_dice, mean_iou

# which classes of an image have a score in that image
WORST = "0.05 averages the worst twentieth, 1 all."
ImageConvention = Literal["target", "present"]


def image_iou(
    images: Sequence[ConfusionCounts], convention: ImageConvention = "target"
) -> NDArray[np.float64]:
    """IoU of each class in each image.

    correct / (target + predicted - correct), in pixels of one image.

    Args:
        images: counts of N images of the same classes.
        convention: "target": a class scores in the images whose target has it; "present": also in
            those where it was only predicted, which is 0.
    Returns:
        (N, C) float64 in 0..1 or NaN.
    Raises:
        ArgumentError: no image, unknown convention, or images of different classes.
        ArgumentTypeError: not a list of ConfusionCounts.
    Absent classes: NaN, as the convention says.
    """
    where = "image_iou"
    check_choice(where, "convention", convention, get_args(ImageConvention))
    images = [as_counts(where, counts) for counts in images]
    if not images:
        raise ArgumentError(where, "images", must="at least one image", got="none")
    total_counts(images)  # refuses images of different classes
    scores = np.array([iou(counts) for counts in images])
    if convention == "target":
        scores[np.array([counts.target_pixels == 0 for counts in images])] = np.nan
    return scores


def mean_iou_d(images: Sequence[ConfusionCounts]) -> float:
    """Mean IoU of the dataset, all images added up (mIoU-D).

    mean over classes with target + predicted > 0 of iou(sum of images).

    Args:
        images: counts of N images of the same classes.
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError, ArgumentTypeError: as image_iou.
    Absent classes: left out if in no image, neither in target nor prediction.
    Equals: mean_iou(sum(images), "present").
    Source: Wang et al. 2023.
    """
    image_iou(images)
    return mean_iou(total_counts(images))


def mean_iou_i(
    images: Sequence[ConfusionCounts], convention: ImageConvention = "target", worst: float = 1.0
) -> float:
    """Mean over images of each image's mean IoU (mIoU-I), or over the worst images alone.

    mean over images i of mean over classes c of n_ic.

    Args:
        images: counts of N images of the same classes.
        convention: which classes an image averages, as in image_iou.
        worst: fraction q of the images, those with the lowest scores, to average; 0 < q <= 1. The
            number of images is rounded down, and at least one.
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError, ArgumentTypeError: as image_iou; worst outside 0..1.
    Absent classes: left out of the mean of the image that lacks them; an image without any is left
        out itself.
    Source: Wang et al. 2023, mIoU-I and mIoU-I^q.
    """
    check_part("mean_iou_i", "worst", worst, 1, WORST)
    scores = [lowest_mean(row) for row in image_iou(images, convention)]
    return lowest_mean(np.array(scores), worst)


def mean_iou_c(
    images: Sequence[ConfusionCounts], convention: ImageConvention = "target", worst: float = 1.0
) -> float:
    """Mean over classes of each class's mean IoU over the images that have it (mIoU-C).

    mean over classes c of mean over images i of n_ic.

    Args:
        images: counts of N images of the same classes.
        convention: which images a class averages, as in image_iou.
        worst: fraction q of a class's images, those where it scores lowest; 0 < q <= 1.
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError, ArgumentTypeError: as mean_iou_i.
    Absent classes: left out if in no image.
    Source: Wang et al. 2023, mIoU-C and mIoU-C^q.
    """
    check_part("mean_iou_c", "worst", worst, 1, WORST)
    scores = [lowest_mean(column, worst) for column in image_iou(images, convention).T]
    return lowest_mean(np.array(scores))


def mean_per_image(
    images: Sequence[ConfusionCounts],
    score: Literal["iou", "dice"] = "iou",
    convention: Convention = "present",
    classes: ClassChoice = None,
) -> float:
    """Mean over images of each image's mean IoU or Dice, by any convention for the classes.

    mean over images of mean_iou(image, convention, classes), or of mean_dice.

    Args:
        images: counts of N images of the same classes.
        score: "iou" or "dice".
        convention: which classes the mean of an image is taken over, a name in CONVENTIONS but
            "per_image".
        classes: as for mean_iou.
    Returns:
        0..1, or NaN without valid pixels.
    Raises:
        ArgumentError: no image, another score, "per_image", or images of different classes.
        ArgumentTypeError: not a list of ConfusionCounts.
    Absent classes: what the convention says, in each image; an image that has no mean, because it
        has no valid pixel or none of the classes, is left out.
    Equals: mean_iou(images, "per_image") for "present"; smp.metrics.iou_score with
        reduction="macro-imagewise" for "absent_as_one"; monai.metrics.MeanIoU and DiceMetric for
        "target".
    """
    where = "mean_per_image"
    check_choice(where, "score", score, ("iou", "dice"))
    others = [name for name in CONVENTIONS if name != "per_image"]
    check_choice(where, "convention", convention, others)
    images = [as_counts(where, counts) for counts in images]
    if not images:
        raise ArgumentError(where, "images", must="at least one image", got="none")
    total_counts(images)  # refuses images of different classes
    mean = mean_iou if score == "iou" else mean_dice
    return lowest_mean(np.array([mean(counts, convention, classes) for counts in images]))


def lowest_mean(scores: np.ndarray, fraction: float = 1.0) -> float:
    """Mean of the lowest fraction of the scores, NaN left out; NaN if there is none."""
    known = np.sort(scores[~np.isnan(scores)])
    # 0.29 * 100 is 28.999999999999996, which means 29
    count = max(1, floor(fraction * len(known) + 1e-9))
    return float(known[:count].mean()) if len(known) else np.nan


# Scores of a list of images; the laws run over it as they do over SCORES.
IMAGE_SCORES = {
    "mean_iou_d": Metric(mean_iou_d, "mean IoU of the dataset", reported=False),  # = mean_iou
    "mean_iou_i": Metric(mean_iou_i, "mean IoU per image"),
    "mean_iou_c": Metric(mean_iou_c, "mean IoU per class and image"),
}
