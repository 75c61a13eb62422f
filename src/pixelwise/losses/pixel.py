"""Pixel losses as formulas on PixelStats: cross entropy, binary cross entropy, focal, Poly-1.

All of them are means over valid pixels, so an ignored pixel changes neither numerator nor
denominator, and a batch without any valid pixel has loss 0 and gradient 0. void="zero" counts
ignored pixels in the mean with loss 0, as several libraries do: the fewer pixels of a batch are
valid, the smaller its loss.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, Unpack, get_args

import numpy as np
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_range
from pixelwise.losses.criterion import Criterion, for_classes, ratio
from pixelwise.losses.options import Factors, PassSettings
from pixelwise.ops.formula import Mean, Numbers
from pixelwise.ops.spec import Activation
from pixelwise.ops.stats import PixelStats

Void = Literal["skip", "zero"]


class PixelOptions(PassSettings, total=False):
    """Options of PixelLoss."""

    void: Void


class PixelLoss(Criterion):
    """Base of the pixel losses: the mean over valid pixels.

    loss = Σ_c w_c loss_c / Σ_c w_c pixels_c

    Attributes:
        FOR_ALL: factors of which a single one is that of all channels.
    """

    FOR_ALL: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        sums: Sequence[str],
        activation: Activation,
        focal_gamma: float | None = None,
        *,
        void: Void = "skip",
        **settings: Unpack[PassSettings],
    ) -> None:
        """Options that all pixel losses share.

        Args:
            void: "skip", or "zero" to count ignored pixels in the mean with loss 0.
            ignore_index, upsample, backend: see Criterion.
        Raises:
            ArgumentError: an option is out of its range.
        """
        check_choice(type(self).__name__, "void", void, get_args(Void))
        more = ("valid", "pixels") if void == "zero" else ()
        super().__init__((*sums, *more), activation, focal_gamma, **settings)
        self.void = void

    def factors_like(self, name: str, like: Tensor) -> Tensor | None:
        factors = getattr(self, name)
        if name in self.FOR_ALL and factors is not None and len(factors) == 1:
            factors = factors.expand(like.shape[1])
        return for_classes(type(self).__name__, name, factors, like)

    def mean(self, stats: PixelStats, loss: Tensor, pixels: Tensor) -> Tensor:
        """The mean over pixels: the summed loss () divided by the summed weight of pixels ()."""
        mean = ratio(loss, pixels)
        return mean if self.void == "skip" else mean * ratio(stats.valid.sum(), stats.pixels.sum())

    def mean_of(self, above: dict[str, Numbers], below: dict[str, Numbers]) -> Mean:
        """`mean` as a term of a table."""
        return Mean(above, below, void_is_zero=self.void == "zero")


class CrossEntropy(PixelLoss):
    """Cross entropy over softmax: the weighted mean of −log p of the target class.

    loss = ((1−s) Σ_c w_c nll_c + s/C Σ_c w_c nll_all_c) / Σ_c w_c target_c

    Args:
        weight: (C,) factor w per class, >= 0; None = 1.
        label_smoothing: s, fraction of the target spread over all classes, 0..1.
        weighted_mean: divide by Σ w target; otherwise by Σ target, so that weights scale the loss.
        per_channel: divide by the number of channels too, which makes the loss C times smaller.
        batch_average: divide by the number of images N of the batch too.
        shared: see PixelLoss.
    Absent classes: contribute nothing; if all present classes have weight 0 the loss is 0.
    Equals: torch.nn.CrossEntropyLoss(weight, ignore_index=255, label_smoothing=s), except that
        torch gives NaN where nothing is valid and this gives 0.
    Source: Szegedy et al. 2016, section 7, for the smoothing.
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]])  # (N, C, P) = (1, 2, 3)
        >>> target = torch.tensor([[0, 1, 255]])  # the last pixel is ignored
        >>> pw.CrossEntropy()(logits, target)
        tensor(0.2201)
        >>> pw.CrossEntropy(weight=[1, 3])(logits, target)
        tensor(0.2667)
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Factors = None,
        label_smoothing: float = 0.0,
        *,
        weighted_mean: bool = True,
        per_channel: bool = False,
        batch_average: bool = False,
        **shared: Unpack[PixelOptions],
    ) -> None:
        check_range("CrossEntropy", "label_smoothing", label_smoothing, 0, 1)
        spread = ("nll_all",) if label_smoothing else ()
        super().__init__(("target", "nll", *spread), "softmax", **shared)
        self.keep_factors("weight", weight)
        self.label_smoothing = label_smoothing
        self.weighted_mean, self.per_channel = weighted_mean, per_channel
        self.batch_average = batch_average

    def formula(self, stats: PixelStats) -> Tensor:
        target, s = stats.target, self.label_smoothing
        classes = target.shape[1]
        loss = self.weighed("weight", stats.nll).sum()
        if s > 0:
            loss = (1 - s) * loss + s * (self.weighed("weight", stats.nll_all).sum() / classes)
        pixels = self.weighed("weight", target) if self.weighted_mean else target
        mean = self.mean(stats, loss, pixels.sum())
        mean = mean / classes if self.per_channel else mean
        return mean / max(1, len(target)) if self.batch_average else mean

    def as_term(self, classes: int) -> Mean | None:
        if self.batch_average:  # the table knows no number of images
            return None
        weight, s = self.factors_of("weight", classes), self.label_smoothing
        loss = weight / classes if self.per_channel else weight
        spread = {"nll_all": s / classes * loss} if s > 0 else {}
        pixels = weight if self.weighted_mean else np.ones(classes)
        return self.mean_of({"nll": (1 - s) * loss, **spread}, {"target": pixels})


class BinaryCrossEntropy(PixelLoss):
    """Binary cross entropy over sigmoid: the mean of −π y log p − (1−y) log(1−p) over channels too.

    loss = Σ_c w_c ((1−s)(π_c nll_c + nll_neg_c) + s/2 (π_c nll_all_c + nll_neg_all_c))
    / Σ_c w_c valid_c

    For one channel (C = 1, target 0 and 1), several channels with overlapping classes (target
    (N, C, *S)), or one class against the rest (target (N, *S) of 0..C-1).

    Args:
        pos_weight: (C,) factor π of the positive pixels, >= 0, or one number for all channels;
            None = 1. See pos_weights(counts).
        label_smoothing: s, fraction of the target spread over both sides, 0..1; only the backend
            "torch" computes its sums.
        weight: (C,) factor w per channel, >= 0; None = 1.
        shared: see PixelLoss.
    Absent classes: a channel without positive pixels counts with its negative pixels.
    Equals: torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight) if nothing is ignored; CrossEntropy
        of two channels with the same label smoothing.
    """

    FOR_ALL = ("pos_weight",)
    pos_weight: Tensor | None
    weight: Tensor | None

    def __init__(
        self,
        pos_weight: float | Factors = None,
        label_smoothing: float = 0.0,
        weight: Factors = None,
        **shared: Unpack[PixelOptions],
    ) -> None:
        check_range("BinaryCrossEntropy", "label_smoothing", label_smoothing, 0, 1)
        spread = ("nll_all", "nll_neg_all") if label_smoothing else ()
        super().__init__(("valid", "nll", "nll_neg", *spread), "sigmoid", **shared)
        self.label_smoothing = label_smoothing
        self.keep_factors(
            "pos_weight", [pos_weight] if isinstance(pos_weight, int | float) else pos_weight
        )
        self.keep_factors("weight", weight)

    def formula(self, stats: PixelStats) -> Tensor:
        s = self.label_smoothing
        loss = self.weighed("pos_weight", stats.nll) + stats.nll_neg
        if s > 0:
            spread = (self.weighed("pos_weight", stats.nll_all) + stats.nll_neg_all) / 2
            loss = (1 - s) * loss + s * spread
        pixels = self.weighed("weight", stats.valid)
        return self.mean(stats, self.weighed("weight", loss).sum(), pixels.sum())

    def as_term(self, classes: int) -> Mean:
        weight, pos_weight = (self.factors_of(name, classes) for name in ("weight", "pos_weight"))
        s, loss = self.label_smoothing, {"nll": weight * pos_weight, "nll_neg": weight}
        if s > 0:
            spread = {f"{name}_all": s / 2 * factors for name, factors in loss.items()}
            loss = {name: (1 - s) * factors for name, factors in loss.items()} | spread
        return self.mean_of(loss, {"valid": weight})


class Poly1(PixelLoss):
    """Poly-1 loss: cross entropy with a stronger first term of its expansion in 1 − p.

    softmax: Σ_c w_c (nll_c + ε (target_c − inter_c)) / Σ_c w_c target_c
    sigmoid: Σ_c w_c (nll_c + nll_neg_c + ε (target_c + prob_c − 2 inter_c)) / Σ_c w_c valid_c

    Args:
        epsilon: ε, >= -1; 0 is cross entropy, above 0 the gradient is larger near p_y = 1.
        weight: (C,) factor per class (softmax) or channel (sigmoid), >= 0; None = 1.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        shared: see PixelLoss.
    Absent classes: contribute nothing (softmax), or their negative pixels (sigmoid).
    Source: Leng et al. 2022, PolyLoss.
    """

    weight: Tensor | None

    def __init__(
        self,
        epsilon: float = 1.0,
        weight: Factors = None,
        *,
        activation: Activation = "softmax",
        **shared: Unpack[PixelOptions],
    ) -> None:
        check_range("Poly1", "epsilon", epsilon, low=-1)
        more = () if activation == "softmax" else ("valid", "prob", "nll_neg")
        super().__init__(("target", "inter", "nll", *more), activation, **shared)
        self.epsilon = epsilon
        self.keep_factors("weight", weight)

    def formula(self, stats: PixelStats) -> Tensor:
        pixels, inter = stats.target, stats.inter
        loss = stats.nll + self.epsilon * (pixels - inter)
        if self.activation == "sigmoid":
            loss = loss + stats.nll_neg + self.epsilon * (stats.prob - inter)
            pixels = stats.valid
        loss, pixels = self.weighed("weight", loss), self.weighed("weight", pixels)
        return self.mean(stats, loss.sum(), pixels.sum())

    def as_term(self, classes: int) -> Mean:
        weight, sigmoid = self.factors_of("weight", classes), self.activation == "sigmoid"
        more = self.epsilon * weight
        loss = {"nll": weight, "target": more, "inter": -2 * more if sigmoid else -more}
        rest = {"nll_neg": weight, "prob": more} if sigmoid else {}
        return self.mean_of(loss | rest, {"valid" if sigmoid else "target": weight})


class Focal(PixelLoss):
    """Focal loss: cross entropy in which pixels that are already right count less.

    softmax: Σ_c α_c focal_c / Σ valid,  focal = Σ y (1−p)^γ (−log p)
    sigmoid: Σ_c w_c (α_c focal_c + (1−α_c) focal_neg_c) / Σ_c w_c valid_c

    The mean is over valid pixels (for sigmoid over valid pixels and channels), not over classes,
    so γ = 0 is cross entropy.

    Args:
        gamma: exponent γ, >= 0; 0 is cross entropy.
        alpha: softmax: (C,) factors per class. sigmoid: the share of the positive pixels, one
            number in 0..1 or (C,) of them; negative pixels get 1 − alpha. None = 1 for all.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        per_channel: whether the mean is over pixels and channels; None: for sigmoid only.
        weight: sigmoid: (C,) factor w per channel, >= 0, of positive and negative pixels; None = 1.
        weighted_mean: divide by Σ_c w_c valid_c; otherwise by Σ_c valid_c, so that weights scale
            the loss.
        shared: see PixelLoss.
    Raises:
        ArgumentError: gamma < 0, a single alpha or a weight with softmax, alpha > 1 with sigmoid.
    Absent classes: contribute nothing (softmax), or their negative pixels (sigmoid).
    Equals: focal_loss of kornia with a per-class alpha, times C (its mean divides by N·C·H·W).
    Source: Lin et al. 2017, equations 4 and 5.
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]])  # (N, C, P) = (1, 2, 3)
        >>> target = torch.tensor([[0, 1, 255]])  # the last pixel is ignored
        >>> pw.Focal(gamma=2.0)(logits, target)
        tensor(0.0122)
    """

    FOR_ALL = ("alpha",)
    alpha: Tensor | None
    weight: Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Factors = None,
        *,
        activation: Activation = "softmax",
        per_channel: bool | None = None,
        weight: Factors = None,
        weighted_mean: bool = True,
        **shared: Unpack[PixelOptions],
    ) -> None:
        check_range("Focal", "gamma", gamma, low=0)
        negative = () if activation == "softmax" else ("focal_neg",)
        super().__init__(("valid", "focal", *negative), activation, gamma, **shared)
        self.gamma, self.per_channel, self.weighted_mean = gamma, per_channel, weighted_mean
        if weight is not None and activation == "softmax":
            hint = "With softmax, alpha is the factor of each class."
            must, got = "given with sigmoid", "softmax"
            raise ArgumentError("Focal", "weight", must=must, got=got, hint=hint)
        self.keep_factors("weight", weight)
        if isinstance(alpha, int | float):
            if activation == "softmax":
                hint = "A single alpha is for sigmoid, where negative pixels get 1 - alpha."
                got = f"{alpha} for softmax"
                raise ArgumentError(
                    "Focal", "alpha", must="one number per class", got=got, hint=hint
                )
            alpha = [alpha]
        self.keep_factors("alpha", alpha)
        if self.alpha is not None and activation == "sigmoid":
            check_range("Focal", "alpha", float(self.alpha.max()), 0, 1)

    def formula(self, stats: PixelStats) -> Tensor:
        loss, pixels = stats.focal, stats.valid
        alpha = self.factors_like("alpha", loss)
        loss = loss if alpha is None else alpha * loss
        if self.activation == "sigmoid":
            rest = stats.focal_neg
            loss = self.weighed("weight", loss + (rest if alpha is None else (1 - alpha) * rest))
        if not self._every():
            pixels = pixels[:, :1]
        elif self.weighted_mean:
            pixels = self.weighed("weight", pixels)
        return self.mean(stats, loss.sum(), pixels.sum())

    def as_term(self, classes: int) -> Mean:
        alpha, weight = self.factors_of("alpha", classes), self.factors_of("weight", classes)
        pixels = weight if self.weighted_mean and self._every() else np.ones(classes)
        if not self._every():
            pixels[1:] = 0
        negative = weight * (alpha if self.alpha is None else 1 - alpha)
        rest = {"focal_neg": negative} if self.activation == "sigmoid" else {}
        return self.mean_of({"focal": weight * alpha, **rest}, {"valid": pixels})

    def _every(self) -> bool:
        """Whether the mean is over pixels and channels."""
        return self.activation == "sigmoid" if self.per_channel is None else self.per_channel
