"""How much of each class the examples of an epoch show, which differs from the split itself."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.labels.classes import Classes
from pixelwise.labels.histogram import count_values
from pixelwise.labels.overlap.members import MEMBER
from pixelwise.ranks.distributed import add_over_ranks
from pixelwise.run.position import seen_length
from pixelwise.run.setup import Run


def count_seen(run: Run, target: Tensor) -> None:
    """Add the target pixels of a batch, while they are on the CPU.

    Args:
        target: (N, H, W), or (N, C, H, W) where classes overlap.
    """
    classes, seen = run.train.classes, run.position.seen
    found = members_in(target, classes) if classes.files else pixels_in(target, len(classes))
    seen[:] = (found + seen if seen else found).tolist()


def pixels_in(target: Tensor, number: int) -> NDArray[np.int64]:
    """(C + 1,) pixels of each class, and of void, in a target (N, H, W)."""
    # what sixteen bits cannot hold is void too
    pixels = count_values(target.numpy() if target.itemsize == 1 else target.numpy().astype("u2"))
    classes = np.zeros(number, np.int64)
    classes[: pixels[:number].size] = pixels[:number]
    return np.append(classes, pixels.sum() - classes.sum())


def members_in(target: Tensor, classes: Classes) -> NDArray[np.int64]:
    """(2 C,) pixels of each class, and those not void for each, in a target (N, C, H, W)."""
    inside, void = target == MEMBER, target == classes.ignore_index
    return torch.cat([inside.sum((0, 2, 3)), (~void).sum((0, 2, 3))]).numpy()


def gather_seen(run: Run) -> None:
    """Leave the pixels of all ranks to the first, which saves them; called on every rank."""
    seen = run.position.seen or [0] * seen_length(run.train.classes)
    total = [int(n) for n in add_over_ranks(seen, run.fabric.device)]
    run.position.seen[:] = total if run.fabric.is_global_zero else []


def shares_seen(run: Run) -> dict[str, float]:
    """The train/seen/ values of metrics.jsonl, and a new beginning; called on every rank.

    train/seen/c = target pixels of class c / target pixels that are not void, over the epoch; not
    void for class c where classes overlap.
    """
    gather_seen(run)
    classes, seen = run.train.classes, list(run.position.seen)
    run.position.seen.clear()
    names, pixels = classes.names, seen[: len(classes)]
    valid = seen[len(classes) :] if classes.files else [sum(pixels)] * len(pixels)
    shares = {f"train/seen/{name}": n / max(1, v) for name, n, v in zip(names, pixels, valid)}
    if run.config.sample != "uniform" and shares:
        words = ", ".join(f"{n} {100 * s:.3g}%" for n, s in zip(names, shares.values()))
        run.display.line(f"seen in epoch {run.position.epochs + 1}: {words}")
    return shares
