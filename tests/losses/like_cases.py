"""Batches with void and an absent class, and a loss like that of another library."""

import torch

import pixelwise as pw

WEIGHT = (1.0, 2.0, 0.5, 4.0)


def draw(shape, void=0.15, seed=0):
    """Logits of 4 classes, the last one absent, and a target with void."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(shape[0], 4, *shape[1:], generator=generator, dtype=torch.float64)
    target = torch.randint(0, 3, shape, generator=generator)
    return logits, target.masked_fill(torch.rand(shape, generator=generator) < void, 255)


FLAT, VOLUME = draw((3, 9, 7)), draw((2, 3, 4, 5), seed=1)
FULL = draw((2, 8, 6), void=0, seed=2)


def like(preset, loss, given):
    return getattr(pw, loss).like(preset, **{"ignore_index": 255, **dict(given)})
