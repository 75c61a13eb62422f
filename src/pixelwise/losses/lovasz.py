"""Lovász losses: the Jaccard index of a class as a convex function of its pixels' errors.

Not functions of sums: they sort the pixels of every class. Each holds the probabilities and one
slope per pixel and class at full resolution; sorting needs a few tensors of one class besides.
"""

from abc import abstractmethod

import torch
from torch import Tensor

from pixelwise.losses.class_mean import Classes
from pixelwise.losses.criterion import Factors, ratio
from pixelwise.losses.on_logits import ClassMapsCriterion
from pixelwise.ops.target import Ignore


def lovasz_extension(errors: Tensor, members: Tensor, weight: Tensor) -> Tensor:
    """Lovász extension of the Jaccard loss of one class, at the errors of its pixels.

    Σ_i e_i (J_i − J_{i−1}) with e sorted downwards,
    J_i = 1 − (T − Σ_{j≤i} w_j y_j) / (T + Σ_{j≤i} w_j (1 − y_j)) and T = Σ w y

    J_i is the Jaccard loss if the i largest errors were the wrong pixels. Pixels of weight 0
    change nothing; a pixel of weight 2 counts as two.

    Args:
        errors: (M, P) error of each pixel, >= 0.
        members: (M, P) bool, y.
        weight: (M, P) w, >= 0.
    Returns:
        (M,) float64; 0 where nothing has a weight, the largest error where T is 0.
    Source: Berman et al. 2018, algorithm 1.
    """
    with torch.no_grad():
        order = errors.argsort(dim=-1, descending=True, stable=True)
        mass = weight.gather(-1, order).double()
        hit = mass * members.gather(-1, order)
        total = hit.sum(-1, keepdim=True)
        union = total + (mass - hit).cumsum(-1)
        jaccard = 1 - ratio(total - hit.cumsum(-1), union, empty=1.0)
        slope = jaccard.diff(dim=-1, prepend=torch.zeros_like(total)).to(errors.dtype)
        # back in the order of pixels: the sum below then needs no sorted copy in its graph
        slope = torch.zeros_like(errors).scatter(-1, order, slope)
    return (errors * slope).sum(-1, dtype=torch.float64)


class _Lovasz(ClassMapsCriterion):
    ranks_pixels = True

    def of_maps(self, maps: Tensor, members: Tensor, weight: Tensor, size: torch.Size) -> Tensor:  # noqa: ARG002
        def rows(tensor: Tensor) -> Tensor:
            return tensor if self.per_image else tensor.flatten(0, 1)[None]

        losses = []
        for c in range(maps.shape[1]):  # one class at a time: sorting needs room
            own, y, w = maps[:, c], members[:, c], weight[:, c]
            losses.append(lovasz_extension(rows(self.errors(own, y)), rows(y), rows(w)))
        return torch.stack(losses, dim=1)

    @abstractmethod
    def errors(self, maps: Tensor, members: Tensor) -> Tensor:
        """(N, P) error of each pixel of one class, >= 0."""


class Lovasz(_Lovasz):
    """Lovász-softmax loss: the Jaccard index as a convex function of errors in probability.

    loss = mean_c of lovasz_extension(|y − p|), y = 1 for the pixels of class c

    Args:
        per_image: loss per image, then the mean over images; otherwise over the whole batch.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" with their largest probability.
        ignore_index, upsample: see Criterion. A weight map counts pixels as often as it says.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: LovaszLoss("multiclass", per_image=False) of segmentation_models_pytorch;
        lovasz_softmax_loss of kornia for per_image=True, absent="keep".
    Source: Berman et al. 2018.
    """

    def __init__(
        self,
        per_image: bool = False,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        *,
        ignore_index: Ignore = 255,
        upsample: str | None = None,
    ) -> None:
        super().__init__(
            "softmax", ignore_index, upsample,
            weight=weight, classes=classes, absent=absent, per_image=per_image,
        )  # fmt: skip

    def errors(self, maps: Tensor, members: Tensor) -> Tensor:
        return torch.where(members, 1 - maps, maps)


class LovaszHinge(_Lovasz):
    """Lovász hinge loss for one channel, or for each of several that may overlap.

    loss = mean_c of lovasz_extension(max(0, 1 − x (2y − 1))), x the logit of channel c

    Args:
        per_image: loss per image, then the mean over images; otherwise over the whole batch.
        weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
        classes: indices of the classes that count; None = all.
        absent: what happens to classes without valid target pixels: "skip" leaves them out of the
            mean, "zero" counts them with loss 0, "keep" with their largest error.
        ignore_index, upsample: see Criterion. A weight map counts pixels as often as it says.
    Raises:
        ArgumentError: an option is out of its range.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: LovaszLoss("binary") of segmentation_models_pytorch for absent="keep".
    Source: Yu and Blaschko 2015; Berman et al. 2018.
    """

    def __init__(
        self,
        per_image: bool = False,
        weight: Factors = None,
        classes: Classes = None,
        absent: str = "skip",
        *,
        ignore_index: Ignore = 255,
        upsample: str | None = None,
    ) -> None:
        super().__init__(
            "sigmoid", ignore_index, upsample,
            weight=weight, classes=classes, absent=absent, per_image=per_image,
        )  # fmt: skip

    def map_of(self, logits: Tensor) -> Tensor:
        return logits

    def errors(self, maps: Tensor, members: Tensor) -> Tensor:
        return (1 - torch.where(members, maps, -maps)).relu()
