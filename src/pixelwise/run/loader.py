"""Examples in a fixed order, read by any number of processes.

The order of an epoch depends on (seed, epoch) alone and an example on (seed, epoch, index), so
batches are the same for any number of workers, and a resumed run can start in mid-epoch.
"""

import signal
import warnings
from collections.abc import Iterator, Sequence
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


class _Carrying(Dataset):
    """A dataset that returns our errors as items, which arrive unchanged from another process."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __getitem__(self, key: Any) -> Any:
        try:
            return self.dataset[key]
        except PixelwiseError as error:
            return error


@contextmanager
def load_batches(
    dataset: Any, batches: Sequence[Sequence[Any]], workers: int, pin: bool = False
) -> Iterator[Iterator[tuple[Tensor, Tensor]]]:
    """Read batches in the given order, ahead of time if there are workers.

    with load_batches(dataset, keys, workers=2) as batches:
        for image, target in batches: ...

    Args:
        dataset: key -> (image, target).
        batches: keys of each batch.
        workers: processes that read; 0 reads in this one. They have ended behind the `with`.
        pin: put the batches into page-locked memory, for a GPU.
    Yields:
        An iterator over (image (N, 3, h, w), target (N, H, W)).
    Raises:
        PixelwiseError: what reading a pair raised.
        RunError: a worker was killed, noticed anywhere inside the `with`.
    """
    with warnings.catch_warnings():
        # more workers than processors are the user's wish
        warnings.filterwarnings("ignore", "This DataLoader will create")
        loader = DataLoader(
            _Carrying(dataset),
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
        yield map(_raise_error, items)
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


def _raise_error(item: Any) -> tuple[Tensor, Tensor]:
    if isinstance(item, PixelwiseError):
        raise item
    return item


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
    failed = [item for item in items if isinstance(item, PixelwiseError)]
    return failed[0] if failed else default_collate(items)


def _leave_signals_to_parent(_: int) -> None:
    # Ctrl-C, and SIGTERM from a time limit or a cluster, reach every process of the group; only the
    # parent decides what they mean, and it ends its workers by SIGKILL.
    ignore_signals()
