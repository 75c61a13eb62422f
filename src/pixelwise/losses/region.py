"""Region losses as formulas on PixelStats: Tversky and its family, and generalised Dice.

With I = inter, P = prob, T = target of a class, every member of the family is one ratio:

    score = (k I + s) / (k I + a (P − I) + b (T − I) + s)

| loss          | k      | a     | b     | because                                   |
|---------------|--------|-------|-------|-------------------------------------------|
| Dice          | 2      | 1     | 1     | 2I / (P + T)                              |
| Jaccard       | 1      | 1     | 1     | I / (P + T − I)                           |
| Tversky       | 1      | alpha | beta  | I / (I + alpha FP + beta FN)              |
| FBeta         | 1 + β² | 1     | β²    | recall counts β times as much as precision |

and every loss is a decreasing function of that score, its form:

| form      | loss of a class   |                                              |
|-----------|-------------------|----------------------------------------------|
| one_minus | 1 − score         |                                              |
| log       | −log score        | gradient grows as the overlap goes to 0      |
| log_cosh  | log cosh(1−score) | smooth and flat near a score of 1            |
| minus     | −score            | one_minus less 1, with the same gradient     |

Each ratio is of the sums of a class over the batch; of a class in an image (per_image); or of all
classes together (pool_classes, "micro"), where weight multiplies the sums themselves.

Soft targets: y is a probability and I = Σ p y. With Σ p in the denominator the minimum is then not
at p = y but where p is 0 or 1; squared=True (Σ p², Σ y²) has its minimum 0 at p = y.
"""

from typing import Literal, Unpack, get_args

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.losses.class_mean import (
    Absent,
    ClassChoice,
    check_classes,
    mean_over_classes,
    pick_classes,
)
from pixelwise.losses.criterion import Criterion, for_classes, ratio
from pixelwise.losses.options import Factors, PassSettings
from pixelwise.ops.formula import Ratio
from pixelwise.ops.spec import Activation
from pixelwise.ops.stats import PixelStats

Form = Literal["one_minus", "log", "log_cosh", "minus"]
Weighting = Literal["square", "simple", "uniform"]
Smooth = float | tuple[float, float]


class OverlapOptions(PassSettings, total=False):
    """Options of Region that generalised Dice has too."""

    per_image: bool
    squared: bool
    smooth: Smooth
    classes: ClassChoice
    absent: Absent
    activation: Activation


class RegionOptions(OverlapOptions, total=False):
    """Options of Region."""

    weight: Factors
    form: Form
    pool_classes: bool
    weighted_mean: bool


class Region(Criterion):
    """Base of the region losses: their options, and the formula of the family.

    loss = mean_c form((k I + s) / (k I + a (P − I) + b (T − I) + s))^exponent
    """

    weight: Tensor | None
    exponent = 1.0

    def __init__(
        self,
        *,
        per_image: bool = False,
        squared: bool = False,
        smooth: Smooth = 0.0,
        weight: Factors = None,
        classes: ClassChoice = None,
        absent: Absent = "skip",
        form: Form = "one_minus",
        pool_classes: bool = False,
        weighted_mean: bool = True,
        activation: Activation = "softmax",
        **settings: Unpack[PassSettings],
    ) -> None:
        """Options that all region losses share.

        Args:
            per_image: overlap per image, then the mean over images that have valid pixels;
                otherwise over the whole batch.
            squared: Σ p² instead of Σ p in the denominator (and Σ y², which differs from Σ y for
                soft targets).
            smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
            weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
            classes: indices of the classes that count; "foreground" = all but 0; None = all.
            absent: what happens to classes without valid target pixels (per image if per_image):
                "skip" leaves them out of the mean, "zero" counts them with loss 0, "keep" counts
                them by the formula: their false positives, or 0 if there are none and s is 0.
            form: loss of a class from its score: "one_minus", "log" (−log score), "log_cosh" or
                "minus" (−score).
            pool_classes: one ratio of the sums over all classes ("micro"), weight inside the sums.
            weighted_mean: divide by Σ weight; otherwise by the number of classes that count, so
                that weights scale the loss.
            activation: "softmax", or "sigmoid" for one channel or overlapping classes.
            ignore_index, upsample, backend: see Criterion.
        Raises:
            ArgumentError: an option is out of its range.
        """
        name = type(self).__name__
        check_choice(name, "form", form, get_args(Form))
        smooth = tuple(smooth) if isinstance(smooth, list) else smooth  # type: ignore[assignment]
        for s in _smooth_pair(smooth):
            check_range(name, "smooth", s, low=0)
        classes = check_classes(name, absent, classes)
        sums = ("valid", "target", "inter", *(("prob2", "target2") if squared else ("prob",)))
        super().__init__(sums, activation, **settings)
        self.keep_factors("weight", weight)
        self.per_image, self.squared, self.smooth = per_image, squared, smooth
        self.classes, self.absent, self.form = classes, absent, form
        self.pool_classes, self.weighted_mean = pool_classes, weighted_mean

    def coefficients(self) -> tuple[float, float, float]:
        """k, a and b of the ratio."""
        raise NotImplementedError(f"{type(self).__name__} must define coefficients()")

    def class_sums(self, stats: PixelStats) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """I, P, T, valid pixels and relative weight of the classes that count.

        Returns:
            Four of (N, K), or (1, K) over the batch, and the weights (1, K) or None.
        """
        stats, name = stats if self.per_image else stats.over_batch(), type(self).__name__
        own = stats.inter
        sizes = (stats.prob2, stats.target2) if self.squared else (stats.prob, stats.target)
        inter, prob, target, valid = pick_classes(name, self.classes, own, *sizes, stats.valid)
        factors = for_classes(name, "weight", self.weight, own)
        if factors is not None:
            (factors,) = pick_classes(name, self.classes, factors[None])
        return inter, prob, target, valid, factors

    def formula(self, stats: PixelStats) -> Tensor:
        inter, prob, target, valid, factors = self.class_sums(stats)
        if self.pool_classes:
            inter, prob, target = (
                (t if factors is None else factors * t).sum(1, keepdim=True)
                for t in (inter, prob, target)
            )
            valid, factors = valid.amax(1, keepdim=True), None
        k, a, b = self.coefficients()
        s_num, s_den = _smooth_pair(self.smooth)
        denominator = k * inter + a * (prob - inter) + b * (target - inter) + s_den
        loss = _of_score(ratio(k * inter + s_num, denominator, empty=1.0), self.form)
        if self.exponent != 1:
            # away from 0, where a power below 1 has an infinite derivative
            loss = loss.clamp(min=torch.finfo(loss.dtype).tiny).pow(self.exponent)
        return mean_over_classes(loss, target > 0, valid, factors, self.absent, self.weighted_mean)

    def as_ratio(self, classes: int) -> Ratio:
        """`formula` as a term of a table, see Criterion.as_term; for the members of the family."""
        name, every = type(self).__name__, torch.arange(classes, device="cpu")[None]
        (picked,) = pick_classes(name, self.classes, every)
        return Ratio(
            coefficients=self.coefficients(),
            smooth=_smooth_pair(self.smooth),
            size="prob2" if self.squared else "prob",
            form=self.form,
            absent=self.absent,
            exponent=self.exponent,
            per_image=self.per_image,
            pool_classes=self.pool_classes,
            weighted_mean=self.weighted_mean,
            weight=self.factors_of("weight", classes),
            counted=np.isin(every[0], picked),
        )


class Dice(Region):
    """Dice loss.

    loss = mean_c 1 − (2 Σ p y + s) / (Σ p + Σ y + s)

    Args:
        shared: all options, see Region.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: MONAI DiceLoss(softmax=True, to_onehot_y=True, smooth_nr=s, smooth_dr=s) for
        per_image=True, absent="keep".
    Source: Milletari et al. 2016, equation 3 (squared), Sudre et al. 2017 (plain).
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]])  # (N, C, P) = (1, 2, 3)
        >>> target = torch.tensor([[0, 1, 255]])  # the last pixel is ignored
        >>> pw.Dice()(logits, target)
        tensor(0.1952)
        >>> pw.Dice().formula(pw.pixel_stats(logits, target))
        tensor(0.1952, dtype=torch.float64)
    """

    def coefficients(self) -> tuple[float, float, float]:
        return 2.0, 1.0, 1.0

    as_term = Region.as_ratio


class Jaccard(Region):
    """Jaccard (IoU) loss.

    loss = mean_c 1 − (Σ p y + s) / (Σ p + Σ y − Σ p y + s)

    Args:
        shared: all options, see Region.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp JaccardLoss("multiclass", smooth=s) if every class is present.
    Source: Rahman and Wang 2016, equation 3.
    """

    def coefficients(self) -> tuple[float, float, float]:
        return 1.0, 1.0, 1.0

    as_term = Region.as_ratio


class Tversky(Region):
    """Tversky loss, with gamma the focal Tversky loss: separate costs for the two kinds of error.

    loss = mean_c (1 − (TP + s) / (TP + alpha FP + beta FN + s))^gamma with soft counts

    Args:
        alpha: cost of a false positive pixel, >= 0.
        beta: cost of a false negative pixel, >= 0.
        gamma: exponent on the loss of each class, > 0; it applies to the form.
        shared: see Region.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp TverskyLoss("multiclass", alpha=alpha, beta=beta, smooth=s) if every class is
        present.
    Source: Salehi et al. 2017, equation 2; gamma: Abraham and Khan 2019 (there 1/γ); log_cosh:
        Jadon 2020.
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]])  # (N, C, P) = (1, 2, 3)
        >>> target = torch.tensor([[0, 1, 255]])  # the last pixel is ignored
        >>> pw.Tversky(alpha=0.3, beta=0.7)(logits, target)
        tensor(0.1958)
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        gamma: float = 1.0,
        **shared: Unpack[RegionOptions],
    ) -> None:
        check_range("Tversky", "alpha", alpha, low=0)
        check_range("Tversky", "beta", beta, low=0)
        check_range("Tversky", "gamma", gamma, low=1e-3)
        super().__init__(**shared)
        if self.form == "minus" and gamma != 1:
            got = f"{gamma} with form='minus'"
            raise ArgumentError("Tversky", "gamma", must="1 for a negative loss", got=got)
        self.alpha, self.beta, self.gamma = alpha, beta, gamma
        self.exponent = gamma

    def coefficients(self) -> tuple[float, float, float]:
        return 1.0, self.alpha, self.beta

    as_term = Region.as_ratio


class FBeta(Region):
    """F-β loss: Dice in which recall counts β times as much as precision.

    loss = mean_c 1 − ((1+β²) TP + s) / ((1+β²) TP + FP + β² FN + s) with soft counts

    Args:
        beta: β, > 0; 1 is Dice.
        shared: see Region.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: segmentation_models DiceLoss(beta=β) for smooth=1e-5, absent="keep".
    Source: van Rijsbergen 1979, chapter 7, with soft counts.
    """

    def __init__(self, beta: float = 1.0, **shared: Unpack[RegionOptions]) -> None:
        check_range("FBeta", "beta", beta, low=1e-3)
        super().__init__(**shared)
        self.beta = beta

    def coefficients(self) -> tuple[float, float, float]:
        return 1.0 + self.beta**2, 1.0, self.beta**2

    as_term = Region.as_ratio


class GeneralizedDice(Region):
    """Generalised Dice loss: one Dice over all classes, rare classes weighted up.

    loss = 1 − (2 Σ_c v_c I_c + s) / (Σ_c v_c (P_c + T_c) + s),  v_c = 1/T_c², 1/T_c or 1

    Args:
        weighting: v_c: "square" 1/T², "simple" 1/T, "uniform" 1.
        shared: see Region; weight, form, pool_classes and weighted_mean do not apply.
    Absent classes: have v = 0 by default, so that no weight is infinite; absent="keep" gives them
        the largest v of the classes that are present; if none is, it is 0, and so is the loss, but
        1 for "uniform".
    Equals: MONAI GeneralizedDiceLoss(softmax=True, to_onehot_y=True) for per_image=True,
        absent="keep", smooth=1e-5.
    Source: Sudre et al. 2017, equation 4.
    """

    def __init__(self, weighting: Weighting = "square", **shared: Unpack[OverlapOptions]) -> None:
        check_choice("GeneralizedDice", "weighting", weighting, get_args(Weighting))
        super().__init__(**shared)
        self.weighting = weighting

    def formula(self, stats: PixelStats) -> Tensor:
        inter, prob, target, valid, _ = self.class_sums(stats)
        present = target > 0
        power = {"square": -2, "simple": -1, "uniform": 0}[self.weighting]
        v = torch.where(present, target.clamp(min=1e-30).pow(power), torch.zeros_like(target))
        if self.absent == "keep":
            rest = torch.ones_like(v) if power == 0 else v.amax(dim=1, keepdim=True).expand_as(v)
            v = torch.where(present, v, rest)
        s_num, s_den = _smooth_pair(self.smooth)
        size = (v * (prob + target)).sum(1) + s_den
        score = ratio((2 * v * inter).sum(1) + s_num, size, empty=1.0)
        counted = (valid > 0).any(dim=1).to(score)
        return ratio(((1 - score) * counted).sum(), counted.sum())


def _smooth_pair(smooth: Smooth) -> tuple[float, float]:
    return smooth if isinstance(smooth, tuple) else (smooth, smooth)


def _of_score(score: Tensor, form: Form) -> Tensor:
    if form == "log":
        return -score.clamp(min=torch.finfo(score.dtype).tiny).log()
    if form == "log_cosh":
        return (1 - score).cosh().log()
    return -score if form == "minus" else 1 - score
