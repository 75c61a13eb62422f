"""Region losses as formulas on PixelStats: Tversky and its family, and generalised Dice.

With I = inter, P = prob, T = target of a class, every member of the family is one ratio:

    score = (k I + s) / (k I + a (P − I) + b (T − I) + s)

| loss          | k      | a     | b     | because                                   |
|---------------|--------|-------|-------|-------------------------------------------|
| dice          | 2      | 1     | 1     | 2I / (P + T)                              |
| jaccard       | 1      | 1     | 1     | I / (P + T − I)                           |
| tversky       | 1      | alpha | beta  | I / (I + alpha FP + beta FN)              |
| f_beta        | 1 + β² | 1     | β²    | recall counts β times as much as precision |

Absent classes: `absent` says what happens to a class without valid target pixels (per image if
per_image): "skip" leaves it out of the mean, "zero" counts it with loss 0, "keep" counts it with
the loss of the formula (its false positives, or 0 if there are none and smooth is 0).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range, sentence
from pixelwise.losses.criterion import for_classes, ratio
from pixelwise.ops.stats import PixelStats

ABSENT = ("skip", "zero", "keep")
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
    classes: Sequence[int] | None = None,
    absent: str = "skip",
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
        squared: P is Σ p² instead of Σ p.
        weight: (C,) relative weight of each class in the mean; None = equal.
        classes: indices of the classes that count; None = all.
        absent: "skip", "zero" or "keep", see the module.
    Returns:
        Scalar (), float64.
    Raises:
        ArgumentError: wrong number of weights, class index out of range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp TverskyLoss("multiclass", alpha=alpha, beta=beta, smooth=smooth) if every class is
        present.
    Source: Salehi et al. 2017, equation 2; gamma: Abraham and Khan 2019 (there 1/γ).
    """
    return _family(
        stats, 1.0, alpha, beta,
        gamma=gamma, smooth=smooth, per_image=per_image, squared=squared, weight=weight,
        classes=classes, absent=absent,
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
    classes: Sequence[int] | None = None,
    absent: str = "skip",
) -> Tensor:
    """F-β loss: Dice in which recall counts β times as much as precision.

    mean_c 1 − ((1+β²) I_c + s) / ((1+β²) I_c + (P_c − I_c) + β² (T_c − I_c) + s)

    Args:
        stats, per_image, squared, weight, classes, absent: as tversky.
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
        classes=classes, absent=absent,
    )  # fmt: skip


def generalized_dice(
    stats: PixelStats,
    *,
    weighting: str = "square",
    smooth: Smooth = 0.0,
    per_image: bool = False,
    squared: bool = False,
    classes: Sequence[int] | None = None,
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
    inter, prob, target, valid = _regions(stats, squared, classes)
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
    check_choice(where, "absent", absent, ABSENT)
    if classes is not None:
        indices = list(classes)  # type: ignore[call-overload]
        if not indices or len(set(indices)) != len(indices) or min(indices) < 0:
            raise ArgumentError(sentence(where, "classes", "distinct indices >= 0", indices))


def _smooth_pair(smooth: Smooth) -> tuple[float, float]:
    return smooth if isinstance(smooth, tuple) else (smooth, smooth)


def _regions(
    stats: PixelStats, squared: bool, classes: Sequence[int] | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    sums = stats.inter, stats.prob2 if squared else stats.prob, stats.target, stats.valid
    if classes is None:
        return sums
    count = sums[0].shape[1]
    if max(classes) >= count:
        got = list(classes)
        raise ArgumentError(sentence("region loss", "classes", f"indices below {count}", got))
    index = torch.tensor(list(classes), device=sums[0].device)
    inter, prob, target, valid = (s.index_select(1, index) for s in sums)
    return inter, prob, target, valid


def _family(
    stats, k, a, b, *, gamma, smooth, per_image, squared, weight, classes, absent
):  # fmt: skip
    """1 − (k I + s) / (k I + a FP + b FN + s), mean over classes, then over images with pixels."""
    stats = stats if per_image else stats.over_batch()
    inter, prob, target, valid = _regions(stats, squared, classes)
    s_num, s_den = _smooth_pair(smooth)
    denominator = k * inter + a * (prob - inter) + b * (target - inter) + s_den
    loss = 1 - ratio(k * inter + s_num, denominator, empty=1.0)
    if gamma != 1:
        # off 0, where a power below 1 has an infinite slope
        loss = loss.clamp(min=torch.finfo(loss.dtype).tiny).pow(gamma)
    if absent == "zero":
        loss = torch.where(target > 0, loss, torch.zeros_like(loss))
    factors = for_classes("region loss", "weight", weight, stats.target)
    factors = factors if classes is None else factors[list(classes)]
    counted = factors * ((target > 0) if absent == "skip" else (valid > 0))
    total = counted.sum(1)
    some = (total > 0).to(loss)
    return ratio((ratio((loss * counted).sum(1), total) * some).sum(), some.sum())
