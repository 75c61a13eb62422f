"""The loss of the images of all ranks, instead of the mean of the ranks' losses.

In data-parallel training every rank has the loss of its own images, and the gradients are averaged
over ranks. That mean of means is not the loss of all images: a rank with few valid pixels counts as
much as one with many, and a Dice of parts is not the Dice of the whole. Sums add, so the exact way
is to exchange them, a few hundred numbers, before the formula:

    stats = criterion.stats(net(image), target)
    loss = criterion.formula(stats_of_all_ranks(stats))
    loss.backward()
"""

import torch
from torch import Tensor, distributed

from pixelwise.losses.criterion import Criterion, WeightedSum
from pixelwise.ops.stats import PixelStats
from pixelwise.run.distributed import rank_and_world


def stats_of_all_ranks(stats: PixelStats) -> PixelStats:
    """The stats of the images of all ranks, in the order of the ranks, the same on every rank.

    The gradient that flows back into this rank's own stats is multiplied by the number of ranks,
    so that the mean over ranks, which data-parallel training takes, is their sum: the gradient of
    one process with all images. Every rank has to call this, also one without a valid pixel.

    Args:
        stats: of this rank's images; ranks may have different numbers of them.
    Returns:
        PixelStats of (ΣN, C); `stats` itself when there is one rank.
    """
    rank, world = rank_and_world()
    if world == 1:
        return stats
    own = stats.sums.clone()
    if own.requires_grad:
        own.register_hook(lambda gradient: gradient * world)
    parts = _gathered(stats.sums.detach(), world)
    parts[rank] = own
    return PixelStats(torch.cat(parts, dim=1), stats.names, stats.backend)


class _OverRanks(WeightedSum):
    """The same terms, on the stats of all ranks."""

    def stats(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> PixelStats:
        return stats_of_all_ranks(super().stats(logits, target, weight, soft_target))


def loss_over_ranks(criterion: Criterion, logits: Tensor, target: Tensor) -> Tensor:
    """criterion(logits, target) of the images of all ranks, if all its terms are formulas on sums.

    A term that needs the pixels themselves (top_k, lovasz, boundary, ...) knows those of its rank
    only; with one of them the loss is that of this rank's images, and the mean over ranks is what
    the network learns from.
    """
    terms = criterion.terms()
    exact = rank_and_world()[1] > 1 and all(term.sums for _, term in terms)
    return (_OverRanks(terms) if exact else criterion)(logits, target)


def _gathered(sums: Tensor, world: int) -> list[Tensor]:
    """The sums (S, N, C) of every rank, whose N may differ."""
    images = torch.tensor(sums.shape[1], device=sums.device)
    counts = [torch.zeros_like(images) for _ in range(world)]
    distributed.all_gather(counts, images)
    numbers = [int(count) for count in counts]
    # the collective wants equal shapes
    padded = sums.new_zeros(sums.shape[0], max(numbers), sums.shape[2])
    padded[:, : sums.shape[1]] = sums
    parts = [torch.empty_like(padded) for _ in range(world)]
    distributed.all_gather(parts, padded)
    return [part[:, :number] for part, number in zip(parts, numbers)]
