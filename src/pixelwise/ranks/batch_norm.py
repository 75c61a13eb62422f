"""BatchNorm whose statistics are those of the images of all ranks; torch has one for GPUs only.

    mean = Σ x / n        var = Σ (x - mean)² / n        y = (x - mean) / sqrt(var + eps) · w + b

over all values n of a channel, of all ranks. The sums of a rank have the type of the weights, what
ranks exchange is float64, so the result is that of one process to rounding. Running statistics take
the variance with n - 1, as those of BatchNorm.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pixelwise.ranks.distributed import rank_and_world, sum_over_ranks


class BatchNormOverRanks(_BatchNorm):
    """A BatchNorm over all ranks; with one rank, or in evaluation, that of torch.

    Args:
        norm: whose tensors it takes over, under their names, and what timm's BatchNormAct has
            behind the norm.
        counts: whether the images of this rank are in the statistics.
    """

    def __init__(self, norm: _BatchNorm, counts: bool = True) -> None:
        super().__init__(
            norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
        )
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.drop, self.act = (getattr(norm, name, None) for name in ("drop", "act"))
        self.counts = counts
        self.train(norm.training)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of axes behind that of the channels."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) -> the same shape and type."""
        by_batch = self.training or self.running_mean is None
        if by_batch and rank_and_world()[1] > 1:
            found = _normalized(self, input)
        else:
            found = super().forward(input)
        for behind in (self.drop, self.act):
            found = found if behind is None else behind(found)
        return found


def batch_norm_over_ranks(network: nn.Module, counts: bool = True) -> nn.Module:
    """The same network with every BatchNorm replaced; its tensors stay the same, with their names.

    Args:
        network: it is changed.
        counts: see BatchNormOverRanks.
    """
    if isinstance(network, _BatchNorm):
        return BatchNormOverRanks(network, counts)
    for name, child in network.named_children():
        setattr(network, name, batch_norm_over_ranks(child, counts))
    return network


def _normalized(norm: BatchNormOverRanks, input: Tensor) -> Tensor:
    axes = [axis for axis in range(input.dim()) if axis != 1]
    shape = [1, -1] + [1] * (input.dim() - 2)
    values = input.detach().to(_wide(input))
    counts = float(norm.counts)
    number = torch.full((1,), counts * input.numel() / input.shape[1], device=input.device)
    both = torch.cat([values.sum(axes) * counts, number]).double()
    both = sum_over_ranks(both)
    n, mean = both[-1], (both[:-1] / both[-1])
    centre = mean.to(values.dtype).view(shape)
    apart = (values - centre).square_()
    var = sum_over_ranks(apart.sum(axes).double() * counts) / n
    if norm.training and norm.running_mean is not None:
        _note(norm, mean, var * (n / (n - 1).clamp(min=1)))
    scale = (var + norm.eps).rsqrt().to(values.dtype).view(shape)
    whitened: Any = _Whiten.apply(input, centre, scale, n, counts)
    if norm.weight is not None:
        whitened = whitened * norm.weight.view(shape)
    if norm.bias is not None:
        whitened = whitened + norm.bias.view(shape)
    return whitened.to(input.dtype)


def _wide(input: Tensor) -> torch.dtype:
    """float32, or float64 for float64."""
    return torch.promote_types(input.dtype, torch.float32)


@torch.no_grad()
def _note(norm: BatchNormOverRanks, mean: Tensor, var: Tensor) -> None:
    """Update the running statistics."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    factor = norm.momentum
    if factor is None:
        factor = 1 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), factor)
    norm.running_var.lerp_(var.to(norm.running_var.dtype), factor)


class _Whiten(torch.autograd.Function):
    """(x - mean) · scale, where mean and scale = 1 / sqrt(var + eps) are of the x of all ranks.

    gradient of x = scale · (g - Σ g / n - y Σ g y / n), where Σ runs over all ranks.
    """

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, mean: Tensor, scale: Tensor, n: Tensor, counts: float
    ) -> Tensor:
        whitened = (input.to(mean.dtype) - mean) * scale
        ctx.save_for_backward(whitened, scale, n)
        ctx.counts, ctx.dtype = counts, input.dtype
        return whitened

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        whitened, scale, n = ctx.saved_tensors
        axes = [axis for axis in range(whitened.dim()) if axis != 1]
        sums = torch.stack([gradient.sum(axes), (gradient * whitened).sum(axes)]).double()
        distributed.all_reduce(sums)
        first, second = (sums / n).to(scale.dtype).view(2, *scale.shape)
        # what does not count has no part in the statistics, but these in what it gives
        inner = (first + whitened * second) * ctx.counts
        return (scale * (gradient - inner)).to(ctx.dtype), None, None, None, None
