"""The region losses as nn.Modules: options checked once, the formula of region.py inside."""

from typing import Any

from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range, sentence
from pixelwise.losses import region
from pixelwise.losses.class_mean import Classes, kept_classes
from pixelwise.losses.criterion import Criterion, Factors, class_factors
from pixelwise.losses.region import FORMS, WEIGHTINGS, Smooth, check_region_options
from pixelwise.ops.stats import PixelStats
from pixelwise.ops.target import Ignore


class _Region(Criterion):
    """What all region losses have in common: their options, kept as one dictionary."""

    def __init__(
        self,
        activation: str,
        ignore_index: Ignore,
        upsample: str | None,
        backend: str,
        *,
        smooth: Smooth,
        squared: bool,
        classes: Classes,
        absent: str,
        weight: Factors = None,
        **options: Any,
    ) -> None:
        name = type(self).__name__
        check_region_options(name, smooth, absent, classes)
        if "form" in options:
            check_choice(name, "form", options["form"], FORMS)
        sums = ("valid", "target", "inter", *(("prob2", "target2") if squared else ("prob",)))
        super().__init__(sums, activation, ignore_index, upsample, backend)
        self.register_buffer("weight", class_factors(name, "weight", weight), persistent=False)
        self.options = options | {
            "smooth": tuple(smooth) if isinstance(smooth, list) else smooth,
            "squared": squared,
            "classes": kept_classes(classes),
            "absent": absent,
        }

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items())


class Dice(_Region):
    """Dice loss; see `region.dice`.

    loss = mean_c 1 − (2 Σ p y + s) / (Σ p + Σ y + s)

    Args:
        per_image: overlap per image, then the mean over images; otherwise over the whole batch.
        squared: Σ p² instead of Σ p in the denominator.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; "foreground" = all but 0; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        form: loss of a class from its score: "one_minus", "log" (−log score), "log_cosh" or
            "minus" (−score).
        pool_classes: one ratio of the sums over all classes ("micro"), weight inside the sums.
        weighted_mean: divide by Σ weight; otherwise by the number of classes that count.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: MONAI DiceLoss(softmax=True, to_onehot_y=True) for per_image=True,
        absent="keep", smooth=1e-5.
    Source: Milletari et al. 2016, equation 3 (squared), Sudre et al. 2017 (plain).
    """

    def __init__(
        self,
        per_image: bool = False,
        squared: bool = False,
        smooth: Smooth = 0.0,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        form: str = "one_minus",
        pool_classes: bool = False,
        weighted_mean: bool = True,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        super().__init__(
            activation, ignore_index, upsample, backend,
            smooth=smooth, squared=squared, classes=classes, absent=absent,
            form=form, weight=weight, per_image=per_image,
            pool_classes=pool_classes, weighted_mean=weighted_mean,
        )  # fmt: skip

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        return region.dice(stats, weight=weight, **self.options)


class Jaccard(_Region):
    """Jaccard (IoU) loss; see `region.jaccard`.

    loss = mean_c 1 − (Σ p y + s) / (Σ p + Σ y − Σ p y + s)

    Args:
        per_image: overlap per image, then the mean over images; otherwise over the whole batch.
        squared: Σ p² instead of Σ p in the denominator.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; "foreground" = all but 0; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        form: loss of a class from its score: "one_minus", "log" (−log score), "log_cosh" or
            "minus" (−score).
        pool_classes: one ratio of the sums over all classes ("micro"), weight inside the sums.
        weighted_mean: divide by Σ weight; otherwise by the number of classes that count.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp JaccardLoss("multiclass") if every class is present.
    Source: Rahman and Wang 2016, equation 3.
    """

    def __init__(
        self,
        per_image: bool = False,
        squared: bool = False,
        smooth: Smooth = 0.0,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        form: str = "one_minus",
        pool_classes: bool = False,
        weighted_mean: bool = True,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        super().__init__(
            activation, ignore_index, upsample, backend,
            smooth=smooth, squared=squared, classes=classes, absent=absent,
            form=form, weight=weight, per_image=per_image,
            pool_classes=pool_classes, weighted_mean=weighted_mean,
        )  # fmt: skip

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        return region.jaccard(stats, weight=weight, **self.options)


class Tversky(_Region):
    """Tversky loss, with gamma the focal Tversky loss; see `region.tversky`.

    loss = mean_c (1 − (TP + s) / (TP + alpha FP + beta FN + s))^gamma with soft counts

    Args:
        alpha: cost of a false positive pixel, >= 0.
        beta: cost of a false negative pixel, >= 0.
        gamma: exponent on the loss of each class, > 0.
        per_image: overlap per image, then the mean over images; otherwise over the whole batch.
        squared: Σ p² instead of Σ p in the denominator.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; "foreground" = all but 0; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        form: loss of a class from its score: "one_minus", "log" (−log score), "log_cosh" or
            "minus" (−score).
        pool_classes: one ratio of the sums over all classes ("micro"), weight inside the sums.
        weighted_mean: divide by Σ weight; otherwise by the number of classes that count.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: smp TverskyLoss("multiclass", alpha=alpha, beta=beta) if every class is present.
    Source: Salehi et al. 2017, equation 2.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        gamma: float = 1.0,
        per_image: bool = False,
        squared: bool = False,
        smooth: Smooth = 0.0,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        form: str = "one_minus",
        pool_classes: bool = False,
        weighted_mean: bool = True,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("Tversky", "alpha", alpha, low=0)
        check_range("Tversky", "beta", beta, low=0)
        check_range("Tversky", "gamma", gamma, low=1e-3)
        if form == "minus" and gamma != 1:
            got = f"{gamma} with form='minus'"
            raise ArgumentError(sentence("Tversky", "gamma", "1 for a negative loss", got))
        super().__init__(
            activation, ignore_index, upsample, backend,
            smooth=smooth, squared=squared, classes=classes, absent=absent,
            form=form, weight=weight, per_image=per_image,
            pool_classes=pool_classes, weighted_mean=weighted_mean,
            alpha=alpha, beta=beta, gamma=gamma,
        )  # fmt: skip

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        return region.tversky(stats, weight=weight, **self.options)


class FBeta(_Region):
    """F-β loss: Dice in which recall counts β times as much as precision; see `region.f_beta`.

    loss = mean_c 1 − ((1+β²) TP + s) / ((1+β²) TP + FP + β² FN + s) with soft counts

    Args:
        beta: β, > 0; 1 is Dice.
        per_image: overlap per image, then the mean over images; otherwise over the whole batch.
        squared: Σ p² instead of Σ p in the denominator.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; "foreground" = all but 0; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        form: loss of a class from its score: "one_minus", "log" (−log score), "log_cosh" or
            "minus" (−score).
        pool_classes: one ratio of the sums over all classes ("micro"), weight inside the sums.
        weighted_mean: divide by Σ weight; otherwise by the number of classes that count.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: segmentation_models DiceLoss(beta=β) for smooth=1e-5, absent="keep".
    Source: van Rijsbergen 1979, chapter 7, with soft counts.
    """

    def __init__(
        self,
        beta: float = 1.0,
        per_image: bool = False,
        squared: bool = False,
        smooth: Smooth = 0.0,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        form: str = "one_minus",
        pool_classes: bool = False,
        weighted_mean: bool = True,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("FBeta", "beta", beta, low=1e-3)
        super().__init__(
            activation, ignore_index, upsample, backend,
            smooth=smooth, squared=squared, classes=classes, absent=absent,
            form=form, weight=weight, per_image=per_image, beta=beta,
            pool_classes=pool_classes, weighted_mean=weighted_mean,
        )  # fmt: skip

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        return region.f_beta(stats, weight=weight, **self.options)


class GeneralizedDice(_Region):
    """Generalised Dice loss: one Dice over all classes; see `region.generalized_dice`.

    loss = 1 − (2 Σ_c v_c I_c + s) / (Σ_c v_c (P_c + T_c) + s),  v_c = 1/T_c², 1/T_c or 1

    Args:
        weighting: v_c: "square", "simple" or "uniform".
        per_image: overlap per image, then the mean over images; otherwise over the whole batch.
        squared: Σ p² instead of Σ p in the denominator.
        smooth: s, pixels added to numerator and denominator, >= 0; a pair sets them apart.
        classes: indices of the classes that count; "foreground" = all but 0; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" counts them by the formula.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: have weight 0 by default, so that no weight is infinite; see `absent`.
    Equals: MONAI GeneralizedDiceLoss(softmax=True, to_onehot_y=True) for per_image=True,
        absent="keep", smooth=1e-5.
    Source: Sudre et al. 2017, equation 4.
    """

    def __init__(
        self,
        weighting: str = "square",
        per_image: bool = False,
        squared: bool = False,
        smooth: Smooth = 0.0,
        classes: Classes = None,
        absent: str = "skip",
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_choice("GeneralizedDice", "weighting", weighting, WEIGHTINGS)
        super().__init__(
            activation, ignore_index, upsample, backend,
            smooth=smooth, squared=squared, classes=classes, absent=absent,
            per_image=per_image, weighting=weighting,
        )  # fmt: skip

    def formula(self, stats: PixelStats) -> Tensor:
        return region.generalized_dice(stats, **self.options)
