"""The loss of the images of all ranks, instead of the mean of the ranks' losses.

In data-parallel training every rank has the loss of its own images, and the gradients are averaged
over ranks. That mean of means is not the loss of all images: a rank with few valid pixels counts as
much as one with many, and a Dice of parts is not the Dice of the whole. Sums add, so the exact way
is to exchange them, a few hundred numbers, before the formula:

    stats = criterion.stats(net(image), target)
    loss = criterion.formula(stats_of_all_ranks(stats))
    loss.backward()
"""

from collections.abc import Sequence

import torch
from torch import Tensor, distributed

from pixelwise.losses.criterion import Criterion, WeightedSum
from pixelwise.ops.stats import PixelStats
from pixelwise.ranks.distributed import rank_and_world
from pixelwise.text import some


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
    return _of_all_ranks(stats, None)


def stats_over_ranks(stats: PixelStats, batch: int) -> PixelStats:
    """stats_of_all_ranks of a batch that `shard` has dealt out; nothing waits for a GPU.

    Args:
        stats: of this rank's images, or of any image if it has none, which does not count.
        batch: images of all ranks.
    """
    rank, world = rank_and_world()
    if world == 1:
        return stats
    images = [len(range(first, batch, world)) for first in range(world)]
    own = PixelStats(stats.sums[:, : images[rank]], stats.names, stats.backend)
    return _of_all_ranks(own, images)


class _OverRanks(WeightedSum):
    """The same terms, on the stats of all ranks.

    Attributes:
        images: of each rank, of which it has made stats; 0: those that it has do not count.
    """

    images: Sequence[int] | None = None

    def stats(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        soft_target: bool = False,
    ) -> PixelStats:
        own = super().stats(logits, target, weight, soft_target)
        if self.images is not None:
            own = PixelStats(
                own.sums[:, : self.images[rank_and_world()[0]]], own.names, own.backend
            )
        return _of_all_ranks(own, self.images)


def loss_over_ranks(
    criterion: Criterion,
    logits: Tensor,
    target: Tensor,
    batch: int | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """criterion(logits, target, weight) of the images of all ranks, if its terms are on sums.

    A term that needs the pixels themselves (top_k, lovasz, boundary, ...) knows those of its rank
    only; with one of them the loss is that of this rank's images, and the mean over ranks is what
    the network learns from.

    Args:
        criterion: the loss.
        logits, target: of this rank.
        batch: images of all ranks, dealt out as by `shard`; None: at least one each. Ranks that
            have none take part with any image, which does not count.
        weight: (N, H, W) factor of each pixel; None = 1.
    """
    rank, world = rank_and_world()
    if world == 1:
        return criterion(logits, target, weight)
    terms = criterion.terms()
    if all(term.sums for _, term in terms):
        over_ranks = _OverRanks(terms)
        if batch is not None:
            over_ranks.images = [len(range(first, batch, world)) for first in range(world)]
        return over_ranks(logits, target, weight)
    # the mean over ranks is then the mean over those with images
    with_images = world if batch is None else min(batch, world)
    return criterion(logits, target, weight) * (world / with_images if rank < with_images else 0.0)


def differences(criterion: Criterion, batch_norm: bool, dropout: bool = False) -> list[str]:
    """What makes a training of several ranks another one than that of one, a line each.

    Args:
        criterion: the loss.
        batch_norm: whether each rank normalises by its own images.
        dropout: whether layers draw at random.
    """
    lines = []
    end = "results differ from --devices 1"
    if batch_norm:
        start = "BatchNorm statistics are of each process's share of the batch"
        lines.append(f"{start}: {end}, but with --sync-bn yes")
    if dropout:
        lines.append(f"dropout draws numbers of its own in each process: {end}")
    terms = sorted({type(term).__name__ for _, term in criterion.terms() if not term.sums})
    if terms:
        lines.append(f"{some(terms)}: the loss is of each process's share, then the mean: {end}")
    return lines


def _of_all_ranks(stats: PixelStats, images: Sequence[int] | None) -> PixelStats:
    """stats_of_all_ranks, given how many images each rank has; None: to ask waits for a GPU."""
    rank, world = rank_and_world()
    if world == 1:
        return stats
    own = stats.sums.clone()
    if own.requires_grad:
        own.register_hook(lambda gradient: gradient * world)
    if images is None:
        number = torch.tensor(own.shape[1], device=own.device)
        numbers = [torch.zeros_like(number) for _ in range(world)]
        distributed.all_gather(numbers, number)
        images = torch.stack(numbers).tolist()
    parts = _gathered(own.detach(), images)
    parts[rank] = own
    return PixelStats(torch.cat(parts, dim=1), stats.names, stats.backend)


def _gathered(sums: Tensor, images: Sequence[int]) -> list[Tensor]:
    """The sums (S, N, C) of every rank, of so many images each."""
    # the collective wants equal shapes
    padded = sums.new_zeros(sums.shape[0], max(images), sums.shape[2])
    padded[:, : sums.shape[1]] = sums
    parts = [torch.empty_like(padded) for _ in images]
    distributed.all_gather(parts, padded)
    return [part[:, :number] for part, number in zip(parts, images)]
