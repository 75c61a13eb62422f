"""Losses made of a focal and another part: unified focal, and the focal loss of a mean."""

from typing import Unpack

import torch
from torch import Tensor

from pixelwise.errors import check_range
from pixelwise.losses.class_mean import Absent, check_classes, mean_over_classes
from pixelwise.losses.criterion import Criterion, ratio
from pixelwise.losses.options import Factors, PassSettings
from pixelwise.losses.pixel import CrossEntropy, PixelOptions
from pixelwise.ops.spec import Activation
from pixelwise.ops.stats import PixelStats


class UnifiedFocal(Criterion):
    """Asymmetric unified focal loss: focal for the background, Tversky that favours the rest.

    loss = λ ((1−δ) focal_0 + δ Σ_{c>0} nll_c) / Σ_c valid_c
    + (1−λ) mean_c (1 − TI_c)^{1 if c is 0, else 1−γ},  TI = (I+s) / (I + δ (T−I) + (1−δ) (P−I) + s)

    Class 0 is the background and every other class foreground. With sigmoid each channel is a
    foreground with a background of its own.

    Args:
        gamma: γ, 0..1; easy background counts less in the focal part, and a foreground that is
            nearly right more in the Tversky part.
        delta: δ, 0..1; cost of a missed pixel, 1 − δ that of a false one.
        share: λ, 0..1; part of the focal loss, the rest is that of the Tversky loss.
        per_image: overlap per image, then the mean over images that have valid pixels; otherwise
            over the whole batch.
        smooth: s, pixels added to numerator and denominator of TI, >= 0.
        absent: what happens to classes without valid target pixels in the Tversky part: "skip"
            leaves them out of its mean, "zero" counts them with loss 0, "keep" by the formula.
        activation: "softmax", or "sigmoid" for one channel or overlapping classes.
        ignore_index, upsample, backend: see Criterion.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: contribute nothing to the focal part; in the other see `absent`.
    Equals: MONAI AsymmetricUnifiedFocalLoss of probabilities for per_image=True, absent="keep",
        smooth=1e-7.
    Source: Yeung et al. 2022, equations 17 to 19.
    """

    has_background = True

    def __init__(
        self,
        gamma: float = 0.5,
        delta: float = 0.7,
        share: float = 0.5,
        *,
        per_image: bool = False,
        smooth: float = 0.0,
        absent: Absent = "skip",
        activation: Activation = "softmax",
        **shared: Unpack[PassSettings],
    ) -> None:
        """Every option has a default."""
        for name, value in {"gamma": gamma, "delta": delta, "share": share}.items():
            check_range("UnifiedFocal", name, value, 0, 1)
        check_range("UnifiedFocal", "smooth", smooth, low=0)
        check_classes("UnifiedFocal", absent, None)
        back = "focal" if activation == "softmax" else "focal_neg"
        sums = ("valid", "target", "inter", "prob", "nll", back)
        super().__init__(sums, activation, gamma, **shared)
        self.gamma, self.delta, self.share = gamma, delta, share
        self.per_image, self.smooth, self.absent = per_image, smooth, absent

    def formula(self, stats: PixelStats) -> Tensor:
        focal = ratio(self._missed(stats), stats.valid.sum())
        overlap = self._overlap(stats if self.per_image else stats.over_batch())
        return self.share * focal + (1 - self.share) * overlap

    def _missed(self, stats: PixelStats) -> Tensor:
        """The summed focal part, of which a background and a foreground are one channel each."""
        if self.activation == "sigmoid":
            total = (1 - self.delta) * stats.focal_neg.sum() + self.delta * stats.nll.sum()
            return total / 2
        back, front = stats.focal[:, :1], stats.nll[:, 1:]
        return (1 - self.delta) * back.sum() + self.delta * front.sum()

    def _overlap(self, stats: PixelStats) -> Tensor:
        inter, prob, target, valid = stats.inter, stats.prob, stats.target, stats.valid
        backs = 1
        if self.activation == "sigmoid":
            backs = inter.shape[1]
            # rounding may bring what is left of the valid pixels below 0
            rest = [(valid - prob - target + inter).clamp(min=0), valid - prob, valid - target]
            inter, prob, target, valid = (
                torch.cat(pair, 1)
                for pair in zip((*rest, valid), (inter, prob, target, valid), strict=True)
            )
        wrong = self.delta * (target - inter) + (1 - self.delta) * (prob - inter)
        loss = 1 - ratio(inter + self.smooth, inter + wrong + self.smooth, empty=1.0)
        # away from 0, where a power below 1 has an infinite derivative
        front = loss[:, backs:].clamp(min=torch.finfo(loss.dtype).tiny).pow(1 - self.gamma)
        loss = torch.cat([loss[:, :backs], front], 1)
        return mean_over_classes(loss, target > 0, valid, None, self.absent)


class FocalOfMean(CrossEntropy):
    """The focal factor of the mean cross entropy of a batch, not of each pixel.

    loss = α (1 − e^{−m})^γ m,  m the mean of CrossEntropy

    Some published code trains with it and calls it focal loss; it scales the gradient of cross
    entropy as a whole, and gives no pixel more weight than another.

    Args:
        gamma: exponent γ, >= 0; 0 is α times cross entropy.
        alpha: factor α of the loss, >= 0.
        weight: (C,) factor w per class in the mean, >= 0; None = 1.
        batch_average: divide by the number of images N of the batch too.
        shared: see PixelLoss.
    Raises:
        ArgumentError: gamma or alpha is negative.
    Absent classes: contribute nothing; if all present classes have weight 0 the loss is 0.
    Source: the FocalLoss of github.com/jfzhang95/pytorch-deeplab-xception.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float = 1.0,
        weight: Factors = None,
        *,
        batch_average: bool = False,
        **shared: Unpack[PixelOptions],
    ) -> None:
        check_range("FocalOfMean", "gamma", gamma, low=0)
        check_range("FocalOfMean", "alpha", alpha, low=0)
        super().__init__(weight, batch_average=batch_average, **shared)
        self.gamma, self.alpha = gamma, alpha

    def formula(self, stats: PixelStats) -> Tensor:
        images = max(1, len(stats.target)) if self.batch_average else 1
        mean = images * super().formula(stats)
        # away from 0, where a power below 1 has an infinite derivative
        factor = (-torch.expm1(-mean)).clamp(min=torch.finfo(mean.dtype).tiny)
        return self.alpha * factor.pow(self.gamma) * mean / images

    def as_term(self, classes: int) -> None:  # noqa: ARG002
        return None
