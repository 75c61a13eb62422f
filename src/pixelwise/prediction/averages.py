"""Means of predictions: of logits over views of an image, of probabilities over networks.

    views:     x = Σ_v x_v / V                   of one network, whose logits have one scale
    networks:  p = Σ_k p_k / K, x = log p        as the logits of two networks need not have one
               x = log(p / (1 - p))              sigmoid

The result is logits again, on the finest grid of those that are averaged, so that whatever comes
after sees one network. Sums are taken as they come: memory is that of one or two grids of logits,
for any number of views and networks. Each image is computed by itself: vectors of the CPU would
otherwise round it by its place in the batch.
"""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.interpolate import interpolate
from pixelwise.ops.spec import Activation

Grid = tuple[int, int]  # rows and columns of logits


def mean_of_views(views: Iterable[Tensor], grid: Grid) -> Tensor:
    """The mean of the logits of some views of the same images.

    Args:
        views: (N, C, h, w) each, of any grid; one after the other.
        grid: onto which they are interpolated bilinearly.
    Returns:
        (N, C, *grid) float32; float64 of float64.
    """
    total: list[Tensor] = []
    number = 0
    for logits in views:
        number += 1
        own = [_on_grid(image, grid) for image in logits.split(1)]
        total = [a + b for a, b in zip(total, own)] if total else own
    return torch.cat([image / number for image in total])


def mean_of_networks(networks: Iterable[Tensor], activation: Activation) -> Tensor:
    """The logits of the mean probability of some networks.

    Probabilities are added as logarithms, in which nothing underflows: x of one network alone is
    its own x but for rounding and, with softmax, a number for each pixel. A logit that is infinite
    is the largest number; a probability of 0 in all networks is far below all others, and finite.

    Args:
        networks: (N, C, h, w) logits each, of one grid; one after the other.
        activation: "softmax" or "sigmoid".
    Returns:
        (N, C, h, w): log p, or log(p / (1 - p)) with sigmoid; float32, float64 of float64; NaN
        where a logit is NaN.
    Equals: torch.stack([x.softmax(1) for x in networks]).mean(0).log()
    """
    total: list[list[Tensor]] = []  # of each image the logarithms of sums over networks
    number = 0
    for logits in networks:
        number += 1
        own = [_logs(image, activation) for image in logits.split(1)]
        total = [list(map(torch.logaddexp, a, b)) for a, b in zip(total, own)] if total else own
    found = [logs[0] - (logs[1] if len(logs) > 1 else math.log(number)) for logs in total]
    most = torch.finfo(found[0].dtype).max / 4  # differences are finite too
    return torch.cat(found).clamp(-most, most)


def _on_grid(logits: Tensor, grid: Grid) -> Tensor:
    """Logits (1, C, h, w) in the precision of sums, interpolated if the grid is another one."""
    x = logits.to(compute_dtype(logits.dtype))
    return x if x.shape[2:] == grid else interpolate(x, grid)


def _logs(logits: Tensor, activation: Activation) -> list[Tensor]:
    """softmax: log p; sigmoid: log p and log(1 - p)."""
    x = logits.to(compute_dtype(logits.dtype))
    x = x.clamp(-(most := torch.finfo(x.dtype).max), most)
    return [x.log_softmax(1)] if activation == "softmax" else [F.logsigmoid(x), F.logsigmoid(-x)]
