"""Region losses as formulas on PixelStats: Tversky and its family, and generalised Dice.

With I = inter, P = prob, T = target of a class, every member of the family is one ratio:

    score = (k I + s) / (k I + a (P − I) + b (T − I) + s)

| loss          | k      | a     | b     | because                                   |
|---------------|--------|-------|-------|-------------------------------------------|
| dice          | 2      | 1     | 1     | 2I / (P + T)                              |
| jaccard       | 1      | 1     | 1     | I / (P + T − I)                           |
| tversky       | 1      | alpha | beta  | I / (I + alpha FP + beta FN)              |
| f_beta        | 1 + β² | 1     | β²    | recall counts β times as much as precision |

and every loss is a falling form of that score:

| form      | loss of a class   |                                              |
|-----------|-------------------|----------------------------------------------|
| one_minus | 1 − score         |                                              |
| log       | −log score        | slope grows as the overlap goes to 0         |
| log_cosh  | log cosh(1−score) | smooth and flat near a score of 1            |
| minus     | −score            | one_minus less 1, with the same gradient     |

Which sums make a ratio: those of a class over the batch; of a class in an image (per_image); or of
all classes together (pool_classes, "micro"), where weight multiplies the sums themselves.

Absent classes: `absent` says what happens to a class without valid target pixels (per image if
per_image): "skip" leaves it out of the mean, "zero" counts it with loss 0, "keep" counts it with
the loss of the formula (its false positives, or 0 if there are none and smooth is 0).

Soft targets: y is a probability and I = Σ p y. With Σ p in the denominator the least loss is then
not at p = y but at p of 0 and 1; squared=True (Σ p², Σ y²) has its minimum 0 at p = y.
"""

from typing import Any

import torch
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.class_mean import (
    Classes,
    check_class_options,
    mean_over_classes,
    pick_classes,
)
from pixelwise.losses.criterion import for_classes, ratio
from pixelwise.ops.stats import PixelStats

FORMS = ("one_minus", "log", "log_cosh", "minus")
WEIGHTINGS = ("square", "simple", "uniform")
Smooth = float | tuple[float, float]


def tversky(
    stats: PixelStats,
    *,
    alpha: float,
    beta: float,
    gamma: float = 1.0,
    smooth: Smooth = 0.0,
    per_image: bool = False,
    squared: bool = False,
    weight: Tensor | None = None,
    classes: Classes = None,
    absent: str = "skip",
    form: str = "one_minus",
    pool_classes: bool = False,
    weighted_mean: bool = True,
) -> Tensor:
    """Tversky loss: region overlap with separate costs for the two kinds of error.

    mean_c (1 − (I_c + s) / (I_c + alpha (P_c − I_c) + beta (T_c − I_c) + s))^gamma

    Args:
        stats: sums valid, target, inter and prob (prob2 if squared), each (N, C).
        alpha: cost of a false positive pixel, >= 0.
        beta: cost of a false negative pixel, >= 0.
        gamma: exponent on the loss of each class, > 0.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
        per_image: overlap per image and class, then the mean over classes and over images with
            valid pixels; otherwise overlap per class over the whole batch.
        squared: P is Σ p² instead of Σ p (and T is Σ y², which differs for soft targets).
        weight: (C,) relative weight of each class in the mean; None = equal.
        classes: indices of the classes that count; "foreground" = all but 0; None = all.
        absent: "skip", "zero" or "keep", see the module.
        form: one of FORMS, see the module; gamma applies to it.
        pool_classes: one ratio of the sums over all classes, weight inside the sums.
        weighted_mean: divide by Σ w_c; otherwise by the number of classes that count, so that
            weights scale the loss.
    Returns:
        Scalar (), float64.
    Raises:
        ArgumentError: wrong number of weights, class index out of range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp TverskyLoss("multiclass", alpha=alpha, beta=beta, smooth=smooth) if every class is
        present.
    Source: Salehi et al. 2017, equation 2; gamma: Abraham and Khan 2019 (there 1/γ); log_cosh:
        Jadon 2020.
    """
    return _family(
        stats, 1.0, alpha, beta,
        gamma=gamma, smooth=smooth, per_image=per_image, squared=squared, weight=weight,
        classes=classes, absent=absent, form=form,
        pool_classes=pool_classes, weighted_mean=weighted_mean,
    )  # fmt: skip


def dice(stats: PixelStats, *, smooth: Smooth = 0.0, **options: Any) -> Tensor:
    """Dice loss: tversky with alpha = beta = 1/2, smooth counted as in the usual Dice formula.

    mean_c 1 − (2 I_c + s) / (P_c + T_c + s)

    Args:
        stats, options: as tversky.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
    Returns:
        Scalar (), float64.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: MONAI DiceLoss(softmax=True, to_onehot_y=True, smooth_nr=s, smooth_dr=s) for
        per_image=True, absent="keep".
    Source: Milletari et al. 2016, equation 3 (squared), Sudre et al. 2017 (plain).
    """
    return f_beta(stats, beta=1.0, smooth=smooth, **options)


def jaccard(stats: PixelStats, **options: Any) -> Tensor:
    """Jaccard (IoU) loss: tversky with alpha = beta = 1.

    mean_c 1 − (I_c + s) / (P_c + T_c − I_c + s)

    Args:
        stats, options: as tversky.
    Returns:
        Scalar (), float64.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp JaccardLoss("multiclass", smooth=s) if every class is present.
    Source: Rahman and Wang 2016, equation 3.
    """
    return tversky(stats, alpha=1.0, beta=1.0, **options)


def f_beta(
    stats: PixelStats,
    *,
    beta: float,
    smooth: Smooth = 0.0,
    per_image: bool = False,
    squared: bool = False,
    weight: Tensor | None = None,
    classes: Classes = None,
    absent: str = "skip",
    form: str = "one_minus",
    pool_classes: bool = False,
    weighted_mean: bool = True,
) -> Tensor:
    """F-β loss: Dice in which recall counts β times as much as precision.

    mean_c 1 − ((1+β²) I_c + s) / ((1+β²) I_c + (P_c − I_c) + β² (T_c − I_c) + s)

    Args:
        stats, per_image, squared, weight, classes, absent, form, pool_classes, weighted_mean: as
            tversky.
        beta: β, > 0; 1 is Dice.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
    Returns:
        Scalar (), float64.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: segmentation_models DiceLoss(beta=β) per batch with smooth = 1e-5 and absent="keep".
    Source: van Rijsbergen 1979, chapter 7, with soft counts.
    """
    return _family(
        stats, 1.0 + beta**2, 1.0, beta**2,
        gamma=1.0, smooth=smooth, per_image=per_image, squared=squared, weight=weight,
        classes=classes, absent=absent, form=form,
        pool_classes=pool_classes, weighted_mean=weighted_mean,
    )  # fmt: skip


def generalized_dice(
    stats: PixelStats,
    *,
    weighting: str = "square",
    smooth: Smooth = 0.0,
    per_image: bool = False,
    squared: bool = False,
    classes: Classes = None,
    absent: str = "skip",
) -> Tensor:
    """Generalised Dice loss: one Dice over all classes, rare classes weighted up.

    1 − (2 Σ_c v_c I_c + s) / (Σ_c v_c (P_c + T_c) + s),  v_c = 1/T_c², 1/T_c or 1

    Args:
        stats, smooth, per_image, squared, classes: as tversky.
        weighting: v_c: "square" 1/T², "simple" 1/T, "uniform" 1.
        absent: "skip" and "zero": an absent class has v = 0; "keep": it has the largest v of the
            classes that are present (0, and so loss 0, if none is).
    Returns:
        Scalar (), float64; the mean over images with valid pixels if per_image.
    Raises:
        ArgumentError: class index out of range.
    Absent classes: have weight 0 by default, so that no weight is infinite; see `absent`.
    Equals: MONAI GeneralizedDiceLoss(softmax=True, to_onehot_y=True) for per_image=True,
        absent="keep", smooth=1e-5.
    Source: Sudre et al. 2017, equation 4.
    """
    stats = stats if per_image else stats.over_batch()
    sums = _region_sums(stats, squared)
    inter, prob, target, valid = pick_classes("region loss", classes, *sums)
    present = target > 0
    exponent = {"square": 2, "simple": 1, "uniform": 0}[weighting]
    v = torch.where(present, target.clamp(min=1e-30).pow(-exponent), torch.zeros_like(target))
    if absent == "keep":
        largest = v.amax(dim=1, keepdim=True).expand_as(v)
        v = torch.where(present, v, largest)
    s_num, s_den = _smooth_pair(smooth)
    score = ratio((2 * v * inter).sum(1) + s_num, (v * (prob + target)).sum(1) + s_den, empty=1.0)
    counted = (valid > 0).any(dim=1).to(score)
    return ratio(((1 - score) * counted).sum(), counted.sum())


def check_region_options(where: str, smooth: Smooth, absent: str, classes: object) -> None:
    """Raise unless the options that all region losses share are usable.

    Raises:
        ArgumentError: negative smooth, unknown absent, empty, negative or repeated classes.
    """
    for s in _smooth_pair(smooth):
        check_range(where, "smooth", s, low=0)
    check_class_options(where, absent, classes)


def _smooth_pair(smooth: Smooth) -> tuple[float, float]:
    return smooth if isinstance(smooth, tuple) else (smooth, smooth)


def _region_sums(stats: PixelStats, squared: bool) -> tuple[Tensor, ...]:
    if squared:
        return stats.inter, stats.prob2, stats.target2, stats.valid
    return stats.inter, stats.prob, stats.target, stats.valid


def _family(
    stats, k, a, b, *,
    gamma, smooth, per_image, squared, weight, classes, absent, form, pool_classes, weighted_mean,
):  # fmt: skip
    """The form of (k I + s) / (k I + a FP + b FN + s), mean over classes, then over images."""
    stats = stats if per_image else stats.over_batch()
    factors = for_classes("region loss", "weight", weight, stats.inter)
    inter, prob, target, valid, factors = pick_classes(
        "region loss", classes, *_region_sums(stats, squared), factors[None]
    )
    if pool_classes:
        inter, prob, target = ((factors * t).sum(1, keepdim=True) for t in (inter, prob, target))
        valid = valid.amax(1, keepdim=True)
        factors = torch.ones_like(factors[:, :1])
    s_num, s_den = _smooth_pair(smooth)
    denominator = k * inter + a * (prob - inter) + b * (target - inter) + s_den
    loss = _of_score(ratio(k * inter + s_num, denominator, empty=1.0), form)
    if gamma != 1:
        # off 0, where a power below 1 has an infinite slope
        loss = loss.clamp(min=torch.finfo(loss.dtype).tiny).pow(gamma)
    return mean_over_classes(loss, target > 0, valid, factors, absent, weighted_mean)


def _of_score(score: Tensor, form: str) -> Tensor:
    if form == "log":
        return -score.clamp(min=torch.finfo(score.dtype).tiny).log()
    if form == "log_cosh":
        return (1 - score).cosh().log()
    return -score if form == "minus" else 1 - score
