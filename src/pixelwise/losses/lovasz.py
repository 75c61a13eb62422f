"""Lovász losses: the Jaccard index of a class as a convex function of its pixels' errors.

Not functions of sums: they sort the pixels of every class. Each keeps the probabilities and one
slope per pixel and class at full resolution; sorting needs a few more tensors of one class.
"""

from typing import Unpack

import torch
from torch import Tensor

from pixelwise.losses.criterion import ratio
from pixelwise.losses.on_logits import ClassMapsCriterion, ImageMapOptions
from pixelwise.ops.spec import Activation


def lovasz_extension(errors: Tensor, members: Tensor, weight: Tensor) -> Tensor:
    """Lovász extension of the Jaccard loss of one class, at the errors of its pixels.

    Σ_i e_i (J_i − J_{i−1}) with e in descending order,
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


class LovaszLoss(ClassMapsCriterion):
    """Base of both losses: lovasz_extension of the errors of each class."""

    ranks_pixels = True
    fixed_activation: Activation = "softmax"

    def __init__(self, **shared: Unpack[ImageMapOptions]) -> None:
        super().__init__(self.fixed_activation, **shared)

    def of_maps(self, maps: Tensor, members: Tensor, weight: Tensor, size: torch.Size) -> Tensor:  # noqa: ARG002
        def rows(tensor: Tensor) -> Tensor:
            return tensor if self.per_image else tensor.flatten(0, 1)[None]

        losses = []
        for c in range(maps.shape[1]):  # one class at a time: sorting takes memory
            own, y, w = maps[:, c], members[:, c], weight[:, c]
            losses.append(lovasz_extension(rows(self.errors(own, y)), rows(y), rows(w)))
        return torch.stack(losses, dim=1)

    def errors(self, maps: Tensor, members: Tensor) -> Tensor:
        """(N, P) error of each pixel of one class, >= 0."""
        raise NotImplementedError(f"{type(self).__name__} must define errors(maps, members)")


class Lovasz(LovaszLoss):
    """Lovász-softmax loss: the Jaccard index as a convex function of errors in probability.

    loss = mean_c of lovasz_extension(|y − p|), y = 1 for the pixels of class c

    Args:
        shared: all options, see ClassMapsCriterion.
    Absent classes: left out of the mean by default; see `absent`. With absent="keep" the
        loss of such a class is its largest probability.
    Equals: LovaszLoss("multiclass", per_image=False) of segmentation_models_pytorch;
        lovasz_softmax_loss of kornia for per_image=True, absent="keep".
    Source: Berman et al. 2018.
    """

    def errors(self, maps: Tensor, members: Tensor) -> Tensor:
        return torch.where(members, 1 - maps, maps)


class LovaszHinge(LovaszLoss):
    """Lovász hinge loss for one channel, or for each of several that may overlap.

    loss = mean_c of lovasz_extension(max(0, 1 − x (2y − 1))), x the logit of channel c

    Args:
        shared: all options, see ClassMapsCriterion.
    Absent classes: left out of the mean by default; see `absent`. With absent="keep" the
        loss of such a class is its largest error.
    Equals: LovaszLoss("binary") of segmentation_models_pytorch for absent="keep".
    Source: Yu and Blaschko 2015; Berman et al. 2018.
    """

    fixed_activation = "sigmoid"

    def map_of(self, logits: Tensor) -> Tensor:
        return logits

    def errors(self, maps: Tensor, members: Tensor) -> Tensor:
        return (1 - torch.where(members, maps, -maps)).relu()
