"""The gradient of a whole batch, from parts of it that are computed one after the other.

The mean of the losses of parts is not the loss of the batch. Losses are formulas on sums, and sums
add, so the exact way is

    sums      of every part, of all ranks
    slopes    d formula / d sums, once
    gradient  of Σ slopes · sums of a part, part by part, added

Where the slopes depend on labels alone (ce, bce, focal, poly1), the sums of any logits give them,
and each part takes one forward pass; otherwise it takes two, the first without a graph.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixelwise.networks.auxiliary import factors_of_heads, logits_of_heads, weighted
from pixelwise.ops.stats import PixelStats
from pixelwise.plan.parts import takes_one_pass
from pixelwise.ranks.rank_stats import stats_over_ranks
from pixelwise.run.setup import Run


def gradient_in_parts(
    run: Run, image: Tensor, target: Tensor, weight: Tensor | None = None
) -> list[Tensor]:
    """Add the gradient of a batch to that of the parameters.

    Args:
        run: its gradients are zero.
        image, target, weight: of the images of this rank, see take_step.
    Returns:
        The loss of every head for the images of all ranks.
    """
    model: Any = run.model
    parts, factors = number_of_parts(run), factors_of_heads(run.network)
    slopes = [slopes_of(run, stats) for stats in stats_before(run, image, target, weight)]
    of_part = list(zip(*(of_head.tensor_split(parts, dim=1) for of_head in slopes)))
    seen: list[list[PixelStats]] = []
    for number, part in enumerate(parts_of(run, image, target, weight)):
        # ranks exchange gradients in the last part, when all are added
        waits = run.fabric.world_size > 1 and number < parts - 1
        with run.fabric.no_backward_sync(model, enabled=waits):
            heads = stats_of_heads(run, *part)
            terms = [(s * head.sums).sum() for s, head in zip(of_part[number], heads)]
            run.fabric.backward(weighted(factors, terms).float())
        seen.append([PixelStats(s.sums.detach(), s.names, s.backend) for s in heads])
    return [loss_of(run, PixelStats.join(of_head)) for of_head in zip(*seen)]


def slopes_of(run: Run, stats: PixelStats) -> Tensor:
    """The derivative of the loss of all ranks by the sums of this one."""
    sums = stats.sums.detach().requires_grad_()
    loss = loss_of(run, PixelStats(sums, stats.names, stats.backend))
    return torch.autograd.grad(loss, sums)[0]


def stats_of_heads(
    run: Run, image: Tensor, target: Tensor, weight: Tensor | None
) -> list[PixelStats]:
    """The stats of the logits of every head."""
    heads = logits_of_heads(run.model, image, target)
    return [run.criterion.stats(head, target, weight) for head in heads]


@torch.no_grad()
def stats_before(
    run: Run, image: Tensor, target: Tensor, weight: Tensor | None
) -> list[PixelStats]:
    """Stats of every head, for the images of this rank, that have the slopes of the batch."""
    if takes_one_pass(run.criterion):
        logits = torch.zeros(len(image), run.plan.description.num_channels, 1, 1)
        stats = run.criterion.stats(logits.to(image.device), target, weight)
        return [stats] * len(factors_of_heads(run.network))
    buffers = [buffer.clone() for buffer in run.network.buffers()]
    parts = [stats_of_heads(run, *part) for part in parts_of(run, image, target, weight)]
    # the running statistics of BatchNorm see every part once
    for buffer, before in zip(run.network.buffers(), buffers, strict=True):
        buffer.copy_(before)
    return [PixelStats.join(of_head) for of_head in zip(*parts)]


def loss_of(run: Run, stats: PixelStats) -> Tensor:
    """The loss of the images of all ranks, given the stats of this one's."""
    batch = min(run.config.batch, len(run.train))
    return run.criterion.formula(stats_over_ranks(stats, batch))


def number_of_parts(run: Run) -> int:
    """The parts of a batch, the same on every rank: the one with fewest images has one in each."""
    fewest = min(run.config.batch, len(run.train)) // run.config.devices
    return min(run.config.accumulate, max(1, fewest))


def parts_of(
    run: Run, image: Tensor, target: Tensor, weight: Tensor | None
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """The parts of this rank's images; what is drawn at random in a part is the same each time."""
    parts, step = number_of_parts(run), run.position.step
    weights = [None] * parts if weight is None else weight.tensor_split(parts)
    split = zip(image.tensor_split(parts), target.tensor_split(parts), weights)
    for number, part in enumerate(split):
        words = (run.config.seed, step, run.fabric.global_rank, number)
        torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))
        yield part
