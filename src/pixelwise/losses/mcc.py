"""Matthews correlation of target and prediction as a formula on PixelStats."""

from typing import Any

import torch
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.class_mean import (
    Classes,
    check_class_options,
    kept_classes,
    mean_over_classes,
    pick_classes,
)
from pixelwise.losses.criterion import Criterion, Factors, class_factors, for_classes
from pixelwise.ops.stats import PixelStats
from pixelwise.ops.target import Ignore

EVERYWHERE = 1e-6  # a class with less than this share of other pixels is everywhere


def mcc(
    stats: PixelStats,
    *,
    smooth: float = 0.0,
    per_image: bool = False,
    weight: Tensor | None = None,
    classes: Classes = None,
    absent: str = "skip",
) -> Tensor:
    """Matthews correlation loss: 1 minus the correlation of target and probability.

    mean_c 1 − (I V − P T) / √(P T (V − P) (V − T)),  V = valid pixels

    which is (TP TN − FP FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) with soft counts.

    Args:
        stats: sums valid, target, prob, inter; each (N, C).
        smooth: pixels added to each of TP, FP, FN, TN, >= 0.
        per_image: correlation per image and class, then the mean over classes and over images
            with valid pixels; otherwise per class over the whole batch.
        weight: (C,) relative weight of each class in the mean; None = equal.
        classes: indices of the classes that count; None = all.
        absent: "skip", "zero" or "keep", see class_mean.py.
    Returns:
        Scalar (), float64, in 0..2.
    Raises:
        ArgumentError: wrong number of weights, class index out of range.
    Absent classes: left out of the mean by default; see `absent`. A class that fills every valid
        pixel counts as absent too: nothing correlates with a constant. Kept ones without smooth
        have loss 0 if the prediction is the same constant, else 1.
    Equals: MCCLoss(eps=smooth) of segmentation_models_pytorch for one channel and absent="keep".
    Source: Abhishek and Hamarneh 2021, equations 3 to 5.
    """
    stats = stats if per_image else stats.over_batch()
    factors = for_classes("mcc", "weight", weight, stats.valid)
    sums = stats.inter, stats.prob, stats.target, stats.valid
    inter, prob, target, valid, factors = pick_classes("mcc", classes, *sums, factors[None])
    present = (target > 0) & (valid - target > EVERYWHERE * valid)
    i, p, t, v = inter + smooth, prob + 2 * smooth, target + 2 * smooth, valid + 4 * smooth
    squared = p * t * (v - p) * (v - t)
    some = ~(squared <= torch.finfo(squared.dtype).tiny)  # and not >, which would hide a NaN
    root = torch.where(some, squared, torch.ones_like(squared)).sqrt()
    score = torch.where(some, (i * v - p * t) / root, (p == t).to(root))
    return mean_over_classes(1 - score, present, valid, factors, absent)


class MCC(Criterion):
    """Matthews correlation loss; see `mcc`.

    loss = mean_c 1 − (TP TN − FP FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) with soft counts

    Args:
        per_image: correlation per image, then the mean over images; otherwise over the batch.
        smooth: pixels added to each of TP, FP, FN, TN, >= 0.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default, and so is a class that fills every valid
        pixel; see `absent`.
    Equals: MCCLoss of segmentation_models_pytorch for one channel, smooth=1e-5, absent="keep".
    Source: Abhishek and Hamarneh 2021, equations 3 to 5.
    """

    def __init__(
        self,
        per_image: bool = False,
        smooth: float = 0.0,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("MCC", "smooth", smooth, low=0)
        check_class_options("MCC", absent, classes)
        sums = ("valid", "target", "prob", "inter")
        super().__init__(sums, activation, ignore_index, upsample, backend)
        self.register_buffer("weight", class_factors("MCC", "weight", weight), persistent=False)
        self.options = {
            "smooth": smooth,
            "per_image": per_image,
            "classes": kept_classes(classes),
            "absent": absent,
        }

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        options: Any = self.options
        return mcc(stats, weight=weight, **options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())
