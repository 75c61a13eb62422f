"""Examples in a fixed order, read by any number of processes.

The order of an epoch depends on (seed, epoch) alone and an example on (seed, epoch, index), so
batches are the same for any number of workers, and a resumed run can start in mid-epoch.
"""

import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate
from torch.utils.data._utils import signal_handling

from pixelwise.errors import PixelwiseError, RunError, setting
from pixelwise.processes import hold_signals, ignore_signals
from pixelwise.text import some

Key = tuple[int, int]  # epoch, index
OnBad = Callable[[Any, PixelwiseError], None]


def epoch_batches(length: int, batch: int, seed: int, epoch: int) -> list[list[Key]]:
    """The keys of each batch of an epoch, shuffled.

    Batches are full: the rest of an epoch is left out, and each epoch leaves out others. A split
    with fewer pairs than a batch gives one batch of all of them.

    Args:
        length: pairs in the split, >= 1.
        batch: pairs per batch, >= 1.
        seed, epoch: decide the order.
    """
    order = np.random.default_rng((seed, epoch)).permutation(length).tolist()
    full = max(1, length // batch)
    return [[(epoch, i) for i in order[n * batch : (n + 1) * batch]] for n in range(full)]


def others(key: Key, length: int, seed: int, most: int) -> list[Key]:
    """The keys that take the place of one that cannot be read, until one can be.

    They depend on (seed, epoch, index) alone, so neither workers nor a resumed run change them.

    Args:
        key: epoch and index.
        length: pairs in the split.
        seed: of the run.
        most: how many there are.
    """
    epoch, index = key
    order = np.random.default_rng((seed, epoch, index)).permutation(length).tolist()
    return [(epoch, other) for other in order if other != index][:most]


def no_others(_: Any) -> list[Any]:
    """Nothing takes its place."""
    return []


class _Carrying(Dataset):
    """Items together with the keys that could not be read, and why.

    Errors raised in another process would arrive changed.
    """

    def __init__(self, dataset: Any, others: Callable[[Any], list[Any]]) -> None:
        self.dataset, self.others = dataset, others

    def __getitem__(self, key: Any) -> tuple[Any, list[tuple[Any, PixelwiseError]]]:
        failed: list[tuple[Any, PixelwiseError]] = []
        rest = None
        while True:
            try:
                return self.dataset[key], failed
            except PixelwiseError as error:
                failed.append((key, error))
            rest = iter(self.others(key)) if rest is None else rest
            key = next(rest, None)
            if key is None:
                return None, failed


@contextmanager
def load_batches(
    dataset: Any,
    batches: Sequence[Sequence[Any]],
    workers: int,
    pin: bool = False,
    on_bad: OnBad | None = None,
    others: Callable[[Any], list[Any]] = no_others,
) -> Iterator[Iterator[tuple[Tensor, ...]]]:
    """Read batches in the given order, ahead of time if there are workers.

    with load_batches(dataset, keys, workers=2) as batches:
        for image, target in batches: ...

    Args:
        dataset: key -> (image, target), or more.
        batches: keys of each batch.
        workers: processes that read; 0 reads in this one. They have ended behind the `with`.
        pin: put the batches into page-locked memory, for a GPU.
        on_bad: given each key that could not be read, and why, before its batch; None raises it.
        others: key -> the keys that may take its place, of which one must be good. With the default
            the item is left out, and a batch that has no item.
    Yields:
        An iterator over (image (N, 3, h, w), target (N, H, W)), or more.
    Raises:
        PixelwiseError: what reading a pair raised.
        RunError: a worker was killed, noticed anywhere inside the `with`.
    """
    with warnings.catch_warnings():
        # more workers than processors are the user's wish
        warnings.filterwarnings("ignore", "This DataLoader will create")
        loader = DataLoader(
            _Carrying(dataset, others),
            batch_sampler=list(batches),  # type: ignore[arg-type]
            num_workers=min(workers, len(batches)),
            collate_fn=_collate,
            worker_init_fn=_leave_signals_to_parent,
            pin_memory=pin,
        )
    items: Any = None
    try:
        with hold_signals():
            items = iter(loader)
        yield _good(items, on_bad, may_lose=others is no_others)
    except PixelwiseError:
        raise
    except Exception:
        # a signal handler of torch raises it wherever this process is; a read may fail before it
        deaths = _deaths(items) if loader.num_workers and items is not None else []
        if not deaths:
            raise
        hint = f"Often memory ran out: try {setting('workers', 0)} or a smaller {setting('batch')}."
        event = f"a process that reads images died ({some(deaths)})"
        raise RunError("train", event=event, hint=hint) from None
    finally:
        if loader.num_workers and items is not None:
            _end_workers(items)


def _deaths(items: Any) -> list[str]:
    """What the workers of an iterator have died of, without those that run or ended well."""
    _stop_watching(items)
    for worker in items._workers:
        worker.join(0.1)  # one whose connection has just been lost is about to end
    codes = {worker.exitcode for worker in items._workers} - {None, 0}
    return sorted(signal.Signals(-c).name if c < 0 else f"exit code {c}" for c in codes)


def _good(
    items: Iterator[Any], on_bad: OnBad | None, may_lose: bool
) -> Iterator[tuple[Tensor, ...]]:
    for batch, failed, lost in items:
        for key, error in failed:
            if on_bad is None:
                raise error
            on_bad(key, error)
        if lost and not may_lose:
            raise failed[-1][1]
        if batch is not None:
            yield batch


def _end_workers(items: Any) -> None:
    """End the workers of an iterator, as torch would when it is freed, or else kill them.

    The traceback of an error may hold the iterator, and a signal may cut its shutdown short. Python
    would wait at its end, for ever, for a worker that does not heed SIGTERM.
    """
    _stop_watching(items)
    try:
        items._shutdown_workers()
    finally:
        for worker in items._workers:
            if worker.is_alive():
                worker.kill()


def _stop_watching(items: Any) -> None:
    """Let torch raise no more for a worker that dies, in the midst of what follows."""
    if items._worker_pids_set:
        signal_handling._remove_worker_pids(id(items))
        items._worker_pids_set = False


def _collate(items: list[Any]) -> Any:
    batch = [item for item, _ in items if item is not None]
    failed = [one for _, these in items for one in these]
    return default_collate(batch) if batch else None, failed, len(items) - len(batch)


def _leave_signals_to_parent(_: int) -> None:
    # Ctrl-C, and SIGTERM from a time limit or a cluster, reach every process of the group; only the
    # parent decides what they mean, and it ends its workers by SIGKILL.
    ignore_signals()
