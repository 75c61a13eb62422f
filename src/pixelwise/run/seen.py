"""What the examples of an epoch show: pixels of each class and data set, and which pairs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.data.loader import epoch_batches
from pixelwise.labels.classes import Classes
from pixelwise.labels.histogram import count_values
from pixelwise.labels.overlap.members import MEMBER
from pixelwise.plan.several import labels_of
from pixelwise.ranks.distributed import add_over_ranks
from pixelwise.run.position import seen_length
from pixelwise.run.setup import Run


def count_seen(run: Run, target: Tensor, source: Tensor) -> None:
    """Add the target pixels of a batch, while they are on the CPU.

    Args:
        target: (N, H, W), or (N, C, H, W) where classes overlap.
        source: (N,) number of the data set of each image.
    """
    classes, seen = run.train.classes, run.position.seen
    found = members_in(target, classes) if classes.files else pixels_in(target, len(classes))
    if (sources := len(run.plan.sources)) > 1:
        valid = (target != classes.ignore_index).flatten(1).sum(1)
        by_source = torch.zeros(sources, dtype=torch.int64).index_add_(0, source, valid)
        found = np.append(found, by_source.numpy())
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
    seen = run.position.seen or [0] * seen_length(run.plan)
    total = [int(n) for n in add_over_ranks(seen, run.fabric.device)]
    run.position.seen[:] = total if run.fabric.is_global_zero else []


def shares_seen(run: Run) -> dict[str, float]:
    """The train/seen/ values of metrics.jsonl, and a new beginning; called on every rank.

    train/seen/c = target pixels of class c / target pixels that are not void, over the epoch; not
    void for class c where classes overlap. Of several data sets also train/seen_data/s = such
    pixels of data set s / those of all.
    """
    gather_seen(run)
    classes, seen = run.train.classes, list(run.position.seen)
    run.position.seen.clear()
    labels = labels_of(run.plan.sources) if len(run.plan.sources) > 1 else []
    by_source = seen[len(seen) - len(labels) :]
    seen = seen[: len(seen) - len(labels)]
    names, pixels = classes.names, seen[: len(classes)]
    valid = seen[len(classes) :] if classes.files else [sum(pixels)] * len(pixels)
    shares = {f"train/seen/{name}": n / max(1, v) for name, n, v in zip(names, pixels, valid)}
    if run.config.sample != "uniform" and shares:
        words = ", ".join(f"{n} {100 * s:.3g}%" for n, s in zip(names, shares.values()))
        run.display.line(f"seen in epoch {run.position.epochs + 1}: {words}")
    own = {name: n / max(1, sum(by_source)) for name, n in zip(labels, by_source)}
    if own:
        words = ", ".join(f"{name} {100 * share:.3g}%" for name, share in own.items())
        run.display.line(f"learnt in epoch {run.position.epochs + 1}: {words} of the pixels")
    return shares | {f"train/seen_data/{name}": share for name, share in own.items()}


def suspects(run: Run) -> frozenset[int]:
    """Pairs that epoch 0 has not read, or found bad: damage below a crop makes them bad each time.

    The same for a run that was interrupted in mid-epoch: what it has met there is among them.
    """
    config, pairs = run.config, run.train.pairs
    batches = epoch_batches(len(pairs), config.batch, config.seed, 0)
    read = {run.train.index_of(key) for keys in batches for key in keys}
    names = [one.name for one in run.plan.sources for _ in one.pairs]
    failed = [pair.id in run.bad.failed.get(name, {}) for name, pair in zip(names, pairs)]
    return frozenset(i for i, is_bad in enumerate(failed) if is_bad or i not in read)
