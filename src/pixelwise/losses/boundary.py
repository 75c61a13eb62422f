"""Boundary and Hausdorff losses: errors weighted by their distance to the boundary.

Not functions of sums: they need the distance of every pixel to the boundary of every class. The
distances are exact Euclidean ones, computed on the CPU without a gradient (on a GPU that waits for
the target, and for the prediction in Hausdorff), one class at a time.

Void pixels are on neither side: distances are to the nearest valid pixel of the other side. Where
an image has no pixel of the class, or only pixels of it, there is no boundary: all distances are 0.
"""

from collections.abc import Sequence
from typing import Unpack

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from pixelwise.errors import ArgumentError, check_range
from pixelwise.losses.criterion import ratio
from pixelwise.losses.on_logits import ClassMapsCriterion, MapOptions
from pixelwise.ops.spec import Activation


@torch.library.custom_op("pixelwise::distance_to", mutates_args=())
def distance_to(members: Tensor, spacing: Sequence[float]) -> Tensor:
    """Distance of every pixel to the nearest member of its map.

    Args:
        members: (M, *S) bool.
        spacing: size of a pixel along each axis of S, > 0.
    Returns:
        (M, *S) float64: 0 at members, and everywhere in a map that has none.
    """
    distance = torch.zeros(members.shape, dtype=torch.float64)
    for out, map_ in zip(distance, members.cpu()):
        if bool(map_.any()):
            out.copy_(torch.from_numpy(distance_transform_edt(~map_.numpy(), sampling=spacing)))
    return distance.to(members.device)


@distance_to.register_fake
def _(members: Tensor, spacing: Sequence[float]) -> Tensor:  # noqa: ARG001
    return torch.empty_like(members, dtype=torch.float64)


@distance_to.register_vmap
def _(info, in_dims, members, spacing):
    folded = members.movedim(in_dims[0], 0).flatten(0, 1)
    return distance_to(folded, spacing).unflatten(0, (info.batch_size, -1)), 0


class DistanceOptions(MapOptions, total=False):
    """Options of DistanceLoss."""

    spacing: Sequence[float] | None
    activation: Activation


class DistanceLoss(ClassMapsCriterion):
    """Base of both losses: the mean over pixels of costs that depend on distances."""

    axes = (1, 2, 3)

    def __init__(
        self,
        *,
        spacing: Sequence[float] | None = None,
        activation: Activation = "softmax",
        **shared: Unpack[MapOptions],
    ) -> None:
        """Options that both losses share.

        Args:
            spacing: size of a pixel along each axis, > 0; None = 1.
            activation: "softmax", or "sigmoid" for one channel or overlapping classes.
            weight: (C,) relative weight of each class in the mean, >= 0; None = equal.
            classes: indices of the classes that count; "foreground" = all but 0; None = all.
            absent: what happens to a class in the images and in the batch where the target has
                none of it: "skip" leaves them out of the means, "zero" counts them with loss 0,
                "keep" by the formula (0 in Boundary).
            ignore_index, upsample: see Criterion.
        Raises:
            ArgumentError: an option is out of its range.
        """
        super().__init__(activation, **shared)
        for step in spacing or ():
            check_range(type(self).__name__, "spacing", step, low=1e-12)
        self.spacing = None if spacing is None else tuple(float(step) for step in spacing)

    def of_maps(self, maps: Tensor, members: Tensor, weight: Tensor, size: torch.Size) -> Tensor:
        spacing = self.spacing or (1.0,) * len(size)
        if len(spacing) != len(size):
            wanted, name = f"one number for each of {len(size)} axes", type(self).__name__
            raise ArgumentError(name, "spacing", must=wanted, got=spacing)
        losses = []
        for c in range(maps.shape[1]):  # one class at a time: distances take memory
            p, y, w = (t[:, c].unflatten(-1, size) for t in (maps, members, weight))
            costs = (w * self.costs(p, y, w > 0, spacing)).flatten(1).sum(1, dtype=torch.float64)
            losses.append(self._over_batch(costs, y.flatten(1).any(1), w.flatten(1)))
        return torch.stack(losses)[None]

    def _over_batch(self, costs: Tensor, present: Tensor, weight: Tensor) -> Tensor:
        """Mean over the pixels of the images that count for this class: see `absent`."""
        pixels = weight.sum(1, dtype=torch.float64)
        if self.absent != "keep":
            costs = torch.where(present, costs, torch.zeros_like(costs))
        if self.absent == "skip":
            pixels = pixels * present
        return ratio(costs.sum(), pixels.sum())

    def costs(self, p: Tensor, y: Tensor, valid: Tensor, spacing: Sequence[float]) -> Tensor:
        """(N, *S) cost of each pixel of one class."""
        raise NotImplementedError(f"{type(self).__name__} must define costs(...)")


class Boundary(DistanceLoss):
    """Boundary loss: probability on the wrong side of the boundary, times its distance to it.

    loss = mean_c 1/|V| Σ (p − y) φ,  φ = d outside the class, −(d − 1) inside

    d is the distance to the nearest pixel of the other side. Add it to a loss on pixels or regions
    (`ce + 0.01 * boundary`): on its own it trains poorly while most pixels are wrong.

    Args:
        shared: all options, see DistanceLoss; the 1 in φ is the smallest spacing.
    Raises:
        ArgumentError: an option is out of its range; other than 1 to 3 spatial axes.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: BoundaryLoss(softmax=True, to_onehot_y=True) of MONAI for absent="keep", up to the
        constant −Σ y φ that makes the loss of a perfect prediction 0; the gradient is the same.
    Source: Kervadec et al. 2019, boundary loss for highly unbalanced segmentation.
    """

    def costs(self, p: Tensor, y: Tensor, valid: Tensor, spacing: Sequence[float]) -> Tensor:
        inside = distance_to(valid & ~y, spacing) - min(spacing)
        phi = torch.where(y, -inside.relu(), distance_to(y, spacing))
        return (p - y.to(p.dtype)) * phi.to(p.dtype)


class Hausdorff(DistanceLoss):
    """Hausdorff loss: squared errors weighted by their distances to both boundaries.

    loss = mean_c 1/|V| Σ (p − y)² (d_y^alpha + d_p^alpha)

    d_y is the distance to the boundary of the target, d_p that to the boundary of the prediction
    p > 1/2; both count as constants in the gradient.

    Args:
        alpha: exponent of the distances, > 0.
        shared: see DistanceLoss.
    Raises:
        ArgumentError: an option is out of its range; other than 1 to 3 spatial axes.
    Absent classes: left out of the mean by default; see `absent`.
    Equals: HausdorffDTLoss(include_background=True, softmax=True, to_onehot_y=True) of MONAI for
        absent="keep".
    Source: Karimi and Salcudean 2019, the estimate by distance transforms.
    """

    def __init__(self, alpha: float = 2.0, **shared: Unpack[DistanceOptions]) -> None:
        check_range("Hausdorff", "alpha", alpha, low=1e-3)
        super().__init__(**shared)
        self.alpha = alpha

    def costs(self, p: Tensor, y: Tensor, valid: Tensor, spacing: Sequence[float]) -> Tensor:
        with torch.no_grad():
            far = torch.zeros_like(p)
            for side in (y, valid & (p > 0.5)):
                both = distance_to(side, spacing) + distance_to(valid & ~side, spacing)
                far += both.pow(self.alpha).to(p.dtype)
        return (p - y.to(p.dtype)).square() * far
