"""How much of each class the examples of an epoch show, which differs from the split itself."""

import numpy as np
from torch import Tensor

from pixelwise.labels.histogram import count_values
from pixelwise.ranks.distributed import add_over_ranks
from pixelwise.run.setup import Run


def count_seen(run: Run, target: Tensor) -> None:
    """Add the target pixels (N, H, W) of a batch, while they are on the CPU."""
    number = len(run.train.classes)
    # what sixteen bits cannot hold is void too
    pixels = count_values(target.numpy() if target.itemsize == 1 else target.numpy().astype("u2"))
    classes = np.zeros(number, np.int64)
    classes[: pixels[:number].size] = pixels[:number]
    found = np.append(classes, pixels.sum() - classes.sum())
    seen = run.position.seen
    seen[:] = (found + seen if seen else found).tolist()


def gather_seen(run: Run) -> None:
    """Leave the pixels of all ranks to the first, which saves them; called on every rank."""
    seen = run.position.seen or [0] * (len(run.train.classes) + 1)
    total = [int(n) for n in add_over_ranks(seen, run.fabric.device)]
    run.position.seen[:] = total if run.fabric.is_global_zero else []


def shares_seen(run: Run) -> dict[str, float]:
    """The train/seen/ values of metrics.jsonl, and a new beginning; called on every rank.

    train/seen/c = target pixels of class c / target pixels that are not void, over the epoch.
    """
    gather_seen(run)
    pixels = run.position.seen[:-1]
    run.position.seen.clear()
    valid = max(1, sum(pixels))
    names = run.train.classes.names
    shares = {f"train/seen/{name}": n / valid for name, n in zip(names, pixels)}
    if run.config.sample != "uniform" and shares:
        words = ", ".join(f"{n} {100 * s:.3g}%" for n, s in zip(names, shares.values()))
        run.display.line(f"seen in epoch {run.position.epochs + 1}: {words}")
    return shares
