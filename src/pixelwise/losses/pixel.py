"""Pixel losses as formulas on PixelStats: cross entropy, binary cross entropy, focal, Poly-1.

All of them are means over valid pixels, so an ignored pixel changes neither numerator nor
denominator, and a batch without any valid pixel has loss 0 and gradient 0. void="zero" counts
ignored pixels in the mean with loss 0, as several libraries do: the fewer pixels of a batch are
valid, the less it teaches.
"""

from typing import Any

from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range, sentence
from pixelwise.losses.criterion import Criterion, Factors, class_factors, for_classes, ratio
from pixelwise.ops.stats import PixelStats
from pixelwise.ops.target import Ignore

VOID = ("skip", "zero")


def cross_entropy(
    stats: PixelStats,
    *,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    weighted_mean: bool = True,
    per_channel: bool = False,
    void: str = "skip",
) -> Tensor:
    """Cross entropy: weighted mean of −log p of the target class over valid pixels.

    ((1−s) Σ_c w_c nll_c + s/C Σ_c w_c nll_all_c) / Σ_c w_c target_c

    Args:
        stats: softmax sums target, nll, and nll_all if label_smoothing > 0, valid and pixels if
            void is "zero"; each (N, C).
        weight: (C,) factor per class, >= 0; None = 1.
        label_smoothing: s, fraction of the target spread over all classes, 0..1.
        weighted_mean: divide by Σ w target; otherwise by Σ target, so that weights scale the loss.
        per_channel: divide by the number of channels too.
        void: "skip", or "zero" to count ignored pixels with loss 0.
    Returns:
        Scalar (), float64.
    Raises:
        ArgumentError: wrong number of weights.
    Absent classes: contribute nothing; if all present classes have weight 0 the loss is 0.
    Equals: torch.nn.functional.cross_entropy(logits, target, weight, ignore_index=...,
        label_smoothing=s), except that torch gives NaN where nothing is valid.
    Source: Szegedy et al. 2016, section 7, for the smoothing.
    """
    factors = for_classes("cross_entropy", "weight", weight, stats.target)
    hard = (factors * stats.nll).sum()
    if label_smoothing > 0:
        spread = (factors * stats.nll_all).sum() / stats.target.shape[1]
        hard = (1 - label_smoothing) * hard + label_smoothing * spread
    pixels = (factors * stats.target if weighted_mean else stats.target).sum()
    return ratio(hard, pixels) * _share(stats, void) / (stats.target.shape[1] ** per_channel)


def binary_cross_entropy(
    stats: PixelStats,
    *,
    pos_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    weight: Tensor | None = None,
    void: str = "skip",
) -> Tensor:
    """Binary cross entropy: weighted mean over valid pixels and channels.

    Σ_c w_c ((1−s)(π_c nll_c + nll_neg_c) + s/2 (π_c nll_all_c + nll_neg_all_c)) / Σ_c w_c valid_c

    Args:
        stats: sigmoid sums valid, nll, nll_neg, and nll_all, nll_neg_all if label_smoothing > 0;
            each (N, C).
        pos_weight: (C,) factor π of the positive pixels, >= 0; None = 1.
        label_smoothing: s, fraction of the target spread over both sides, 0..1.
        weight: (C,) factor w per channel, >= 0; None = 1.
        void: "skip", or "zero" (needs the sum pixels) to count ignored pixels with loss 0.
    Returns:
        Scalar (), float64.
    Raises:
        ArgumentError: wrong number of factors.
    Absent classes: a channel without positive pixels counts with its negative ones.
    Equals: torch.nn.functional.binary_cross_entropy_with_logits(logits, target.float(),
        pos_weight=pos_weight) if nothing is ignored; cross_entropy of two channels with the same
        label smoothing.
    """
    positive = for_classes("binary_cross_entropy", "pos_weight", pos_weight, stats.valid)
    factors = for_classes("binary_cross_entropy", "weight", weight, stats.valid)
    loss = positive * stats.nll + stats.nll_neg
    if label_smoothing > 0:
        spread = (positive * stats.nll_all + stats.nll_neg_all) / 2
        loss = (1 - label_smoothing) * loss + label_smoothing * spread
    return ratio((factors * loss).sum(), (factors * stats.valid).sum()) * _share(stats, void)


def focal(
    stats: PixelStats,
    *,
    alpha: Tensor | None = None,
    one_sided: bool = True,
    per_channel: bool | None = None,
    void: str = "skip",
) -> Tensor:
    """Focal loss: cross entropy that fades out for pixels that are already right.

    softmax: Σ_c α_c focal_c / Σ valid
    sigmoid: Σ_c (α_c focal_c + (1−α_c) focal_neg_c) / Σ_c valid_c

    The exponent γ belongs to the sums. The mean is over valid pixels (for sigmoid over valid
    pixels and channels), not over classes, so γ = 0 is cross entropy.

    Args:
        stats: sums valid and focal, and focal_neg unless one_sided; each (N, C).
        alpha: (C,) factors α; None = 1 on both sides.
        one_sided: True for softmax, where every pixel has one class; False for sigmoid.
        per_channel: the mean is over pixels and channels, or over pixels; None: as above.
        void: "skip", or "zero" (needs the sum pixels) to count ignored pixels with loss 0.
    Returns:
        Scalar (), float64.
    Raises:
        ArgumentError: wrong number of factors.
    Absent classes: contribute nothing (softmax), or their negative pixels (sigmoid).
    Equals: focal_loss of kornia with a per-class alpha, times C (its mean divides by N·C·H·W).
    Source: Lin et al. 2017, equations 4 and 5.
    """
    factors = for_classes("focal", "alpha", alpha, stats.valid)
    total = (factors * stats.focal).sum()
    if not one_sided:
        rest = stats.focal_neg if alpha is None else (1 - factors) * stats.focal_neg
        total = total + rest.sum()
    per_channel = not one_sided if per_channel is None else per_channel
    valid = stats.valid if per_channel else stats.valid[:, :1]
    return ratio(total, valid.sum()) * _share(stats, void)


def _share(stats: PixelStats, void: str) -> Tensor | float:
    """What a mean over valid pixels is multiplied with: the share of the pixels that count."""
    return 1.0 if void == "skip" else ratio(stats.valid.sum(), stats.pixels.sum())


def poly1(
    stats: PixelStats,
    *,
    epsilon: float = 1.0,
    weight: Tensor | None = None,
    one_sided: bool = True,
) -> Tensor:
    """Poly-1 loss: cross entropy with a stronger first term of its expansion in 1 − p.

    softmax: Σ_c w_c (nll_c + ε (target_c − inter_c)) / Σ_c w_c target_c
    sigmoid: Σ_c w_c (nll_c + nll_neg_c + ε (target_c + prob_c − 2 inter_c)) / Σ_c w_c valid_c

    Args:
        stats: sums target, inter, nll; for sigmoid also valid, prob, nll_neg; each (N, C).
        epsilon: ε, >= -1; 0 is cross entropy.
        weight: (C,) factor per class or channel, >= 0; None = 1.
        one_sided: True for softmax, where every pixel has one class; False for sigmoid.
    Returns:
        Scalar (), float64.
    Raises:
        ArgumentError: wrong number of weights.
    Absent classes: contribute nothing (softmax), or their negative pixels (sigmoid).
    Source: Leng et al. 2022, PolyLoss.
    """
    factors = for_classes("poly1", "weight", weight, stats.target)
    loss, pixels = stats.nll + epsilon * (stats.target - stats.inter), stats.target
    if not one_sided:
        loss = loss + stats.nll_neg + epsilon * (stats.prob - stats.inter)
        pixels = stats.valid
    return ratio((factors * loss).sum(), (factors * pixels).sum())


def _void_sums(where: str, void: str) -> tuple[str, ...]:
    check_choice(where, "void", void, VOID)
    return ("valid", "pixels") if void == "zero" else ()


class CrossEntropy(Criterion):
    """Cross entropy over softmax, the mean over valid pixels; see `cross_entropy`.

    loss = Σ w_y (−log p_y) / Σ w_y

    Args:
        weight: (C,) factor per class, >= 0; None = 1.
        label_smoothing: fraction of the target spread over all classes, 0..1.
        weighted_mean: divide by Σ w_y; otherwise by the number of pixels.
        per_channel: divide by the number of channels too, which makes the loss C times smaller.
        void: "skip", or "zero" to count ignored pixels in the mean with loss 0.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: negative or non-finite weights, label_smoothing outside 0..1.
    Absent classes: contribute nothing.
    Equals: torch.nn.CrossEntropyLoss(weight, ignore_index=255, label_smoothing=s), except that
        torch gives NaN where nothing is valid and this gives 0.
    """

    def __init__(
        self,
        weight: Factors = None,
        label_smoothing: float = 0.0,
        *,
        weighted_mean: bool = True,
        per_channel: bool = False,
        void: str = "skip",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("CrossEntropy", "label_smoothing", label_smoothing, 0, 1)
        smooth_sums = ("nll_all",) if label_smoothing else ()
        sums = ("target", "nll", *smooth_sums, *_void_sums("CrossEntropy", void))
        super().__init__(sums, "softmax", ignore_index, upsample, backend)
        self.label_smoothing = label_smoothing
        self.mean: dict[str, Any] = {
            "weighted_mean": weighted_mean, "per_channel": per_channel, "void": void,
        }  # fmt: skip
        factors = class_factors("CrossEntropy", "weight", weight)
        self.register_buffer("weight", factors, persistent=False)

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        return cross_entropy(
            stats, weight=weight, label_smoothing=self.label_smoothing, **self.mean
        )


class BinaryCrossEntropy(Criterion):
    """Binary cross entropy over sigmoid; see `binary_cross_entropy`.

    loss = mean of −π y log p − (1−y) log(1−p) over valid pixels and channels

    For one channel (C = 1, target 0 and 1), several channels with overlapping classes (target
    (N, C, *S)), or one class against the rest (target (N, *S) of 0..C-1).

    Args:
        pos_weight: (C,) factor π of the positive pixels, >= 0; None = 1.
        label_smoothing: fraction of the target spread over both sides, 0..1; only the backend
            "torch" computes its sums.
        weight: (C,) factor per channel, >= 0; None = 1.
        void: "skip", or "zero" to count ignored pixels in the mean with loss 0.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: negative or non-finite factors, label_smoothing outside 0..1.
    Absent classes: a channel without positive pixels counts with its negative ones.
    Equals: torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight) if nothing is ignored.
    """

    def __init__(
        self,
        pos_weight: Factors = None,
        label_smoothing: float = 0.0,
        weight: Factors = None,
        *,
        void: str = "skip",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("BinaryCrossEntropy", "label_smoothing", label_smoothing, 0, 1)
        smooth_sums = ("nll_all", "nll_neg_all") if label_smoothing else ()
        sums = ("valid", "nll", "nll_neg", *smooth_sums, *_void_sums("BinaryCrossEntropy", void))
        super().__init__(sums, "sigmoid", ignore_index, upsample, backend)
        self.void = void
        self.label_smoothing = label_smoothing
        positive = class_factors("BinaryCrossEntropy", "pos_weight", pos_weight)
        self.register_buffer("pos_weight", positive, persistent=False)
        factors = class_factors("BinaryCrossEntropy", "weight", weight)
        self.register_buffer("weight", factors, persistent=False)

    def formula(self, stats: PixelStats) -> Tensor:
        pos_weight: Any = self.pos_weight
        weight: Any = self.weight
        return binary_cross_entropy(
            stats,
            pos_weight=pos_weight,
            label_smoothing=self.label_smoothing,
            weight=weight,
            void=self.void,
        )


class Poly1(Criterion):
    """Poly-1 loss, over softmax or sigmoid; see `poly1`.

    loss = mean of −log p_y + ε (1 − p_y) over valid pixels

    Args:
        epsilon: ε, >= -1; 0 is cross entropy, above 0 the gradient is larger near p_y = 1.
        weight: (C,) factor per class (softmax) or channel (sigmoid), >= 0; None = 1.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: epsilon < -1, negative or non-finite weights.
    Absent classes: contribute nothing (softmax), or their negative pixels (sigmoid).
    Source: Leng et al. 2022, PolyLoss.
    """

    def __init__(
        self,
        epsilon: float = 1.0,
        weight: Factors = None,
        *,
        activation: str = "softmax",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("Poly1", "epsilon", epsilon, low=-1)
        more = () if activation == "softmax" else ("valid", "prob", "nll_neg")
        sums = ("target", "inter", "nll", *more)
        super().__init__(sums, activation, ignore_index, upsample, backend)
        self.epsilon = epsilon
        factors = class_factors("Poly1", "weight", weight)
        self.register_buffer("weight", factors, persistent=False)

    def formula(self, stats: PixelStats) -> Tensor:
        weight: Any = self.weight
        one_sided = self.activation == "softmax"
        return poly1(stats, epsilon=self.epsilon, weight=weight, one_sided=one_sided)


class Focal(Criterion):
    """Focal loss, over softmax or sigmoid; see `focal`.

    loss = mean of α_y (1−p_y)^γ (−log p_y) over valid pixels

    Args:
        gamma: exponent γ, >= 0; 0 is cross entropy.
        alpha: softmax: (C,) factors per class. sigmoid: the share of the positive pixels, one
            number in 0..1 or (C,) of them; negative pixels get 1 − alpha. None = 1 for all.
        activation: "softmax" or "sigmoid".
        per_channel: whether the mean is over pixels and channels; None: for sigmoid only.
        void: "skip", or "zero" to count ignored pixels in the mean with loss 0.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: gamma < 0, a single alpha with softmax, alpha > 1 with sigmoid.
    Absent classes: contribute nothing (softmax), or their negative pixels (sigmoid).
    Source: Lin et al. 2017, equations 4 and 5.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Factors = None,
        *,
        activation: str = "softmax",
        per_channel: bool | None = None,
        void: str = "skip",
        ignore_index: Ignore = 255,
        upsample: str | None = None,
        backend: str = "auto",
    ) -> None:
        check_range("Focal", "gamma", gamma, low=0)
        negative = () if activation == "softmax" else ("focal_neg",)
        sums = ("valid", "focal", *negative, *_void_sums("Focal", void))
        super().__init__(sums, activation, ignore_index, upsample, backend, gamma)
        self.mean: dict[str, Any] = {"per_channel": per_channel, "void": void}
        if isinstance(alpha, int | float):
            if activation == "softmax":
                hint = (
                    "A single share only has a meaning for sigmoid, where the rest gets 1 - alpha."
                )
                got = f"{alpha} for softmax"
                raise ArgumentError(sentence("Focal", "alpha", "one number per class", got, hint))
            alpha = [alpha]
        factors = class_factors("Focal", "alpha", alpha)
        if factors is not None and activation == "sigmoid":
            check_range("Focal", "alpha", float(factors.max()), 0, 1)
        self.register_buffer("alpha", factors, persistent=False)

    def formula(self, stats: PixelStats) -> Tensor:
        alpha: Any = self.alpha
        if alpha is not None and len(alpha) == 1:
            alpha = alpha.expand(stats.valid.shape[1])
        one_sided = self.activation == "softmax"
        return focal(stats, alpha=alpha, one_sided=one_sided, **self.mean)
