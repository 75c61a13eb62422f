"""The gradient of a whole batch from parts of it, in a loop that is not ours; see run.accumulate.

sums of every part and rank -> slopes = d formula / d sums -> gradient of Σ slopes · sums, part by
part. Where slopes depend on labels alone each part takes one forward pass, otherwise two.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pixelwise.losses.criterion import Criterion
from pixelwise.ops.stats import PixelStats
from pixelwise.plan.parts import takes_one_pass
from pixelwise.ranks.rank_stats import stats_of_all_ranks


def gradient_in_parts(
    criterion: Criterion,
    forward: Callable[[Tensor], Tensor],
    image: Tensor,
    target: Tensor,
    parts: int,
    channels: int,
    backward: Callable[[Tensor, bool], None],
    buffers: Sequence[Tensor],
) -> Tensor:
    """Add the gradient of a batch to that of the parameters.

    Args:
        criterion: the loss, whose terms all are formulas on sums.
        forward: image -> logits (N, C, *S).
        image, target: of this rank, N each.
        parts: how many; no more than N are made.
        channels: C.
        backward: takes a scalar, and whether it is the last one of this batch.
        buffers: of the network; they see every part once.
    Returns:
        The loss of the images of all ranks, without a graph.
    """
    number = max(1, min(parts, len(image)))
    split = list(zip(image.tensor_split(number), target.tensor_split(number)))
    if takes_one_pass(criterion):
        size = (1,) * (target.dim() - 1) if criterion.upsample else target.shape[1:]
        logits = torch.zeros(1, channels, *(1,) * (target.dim() - 1), device=target.device)
        before = criterion.stats(logits.expand(len(target), channels, *size), target)
    else:
        kept = [buffer.clone() for buffer in buffers]
        devices = [image.device] if image.is_cuda else []
        # what is drawn at random is drawn again with the graph
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            before = PixelStats.join([criterion.stats(forward(i), t) for i, t in split])
        for buffer, value in zip(buffers, kept, strict=True):
            buffer.copy_(value)
    slopes = _slopes(criterion, before).split([len(t) for _, t in split], dim=1)
    seen = []
    for index, ((part, labels), slope) in enumerate(zip(split, slopes), 1):
        stats = criterion.stats(forward(part), labels)
        backward((slope * stats.sums).sum().float(), index == number)
        seen.append(PixelStats(stats.sums.detach(), stats.names, stats.backend))
    return criterion.formula(stats_of_all_ranks(PixelStats.join(seen))).float()


def _slopes(criterion: Criterion, stats: PixelStats) -> Tensor:
    """The derivative of the loss of all ranks by the sums of this one."""
    with torch.enable_grad():
        sums = stats.sums.detach().requires_grad_()
        own = PixelStats(sums, stats.names, stats.backend)
        return torch.autograd.grad(criterion.formula(stats_of_all_ranks(own)), sums)[0]
