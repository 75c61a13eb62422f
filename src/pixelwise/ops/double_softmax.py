"""Probabilities given as logits: softmax is then applied twice, which nothing else reports."""

import warnings
from typing import Any

import torch
from torch import Tensor

from pixelwise.ops.target import SOFT_TOLERANCE

SAMPLED = 4  # places per axis, up to rounding


def warn_if_probabilities(where: str, logits: Tensor) -> None:
    """Warn if a few pixels of the first image show that softmax has been applied already.

    Softmax of probabilities is nearly uniform, so the network still trains, slowly and badly.
    Python shows the warning once. On a GPU reading them would wait for the device, so nothing is
    checked there.

    Args:
        where: first word of the message.
        logits: (N, C, *S) floating point on the CPU, C >= 2.
    """
    if are_probabilities(logits):
        warnings.warn(
            f"{where}: logits must be raw, got channels in 0..1 that add up to 1. Is there a "
            "softmax in the network? It is applied inside the loss: remove it there.",
            stacklevel=2,
        )


def are_probabilities(logits: Tensor) -> bool:
    """Whether the channels of a few pixels of the first image lie in 0..1 and add up to 1.

    Raw logits do so by accident only.

    Args:
        logits: (N, C, *S) floating point, C >= 2.
    """
    if 0 in logits.shape:
        return False
    # one pixel decides for nearly all logits, and costs nothing; NaN is not a probability
    detached = logits.detach()
    corner = detached.as_strided(logits.shape[1:2], logits.stride()[1:2])
    if not all(0 <= value <= 1 for value in corner.tolist()):
        return False
    image = detached[0]
    places: Any = (slice(None), *(slice(None, None, max(1, s // SAMPLED)) for s in image.shape[1:]))
    sample = image[places]
    low, high = sample.aminmax()
    if not low >= 0 or not high <= 1:
        return False
    total = sample.sum(0, dtype=torch.float32)
    return bool(((total - 1).abs() <= SOFT_TOLERANCE).all())
