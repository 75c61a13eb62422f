"""Examples in a fixed order, read by any number of processes.

The order of an epoch depends on (seed, epoch) alone and an example on (seed, epoch, index), so
batches are the same for any number of workers, and a resumed run can start in mid-epoch.
"""

import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from pixelwise.errors import PixelwiseError, RunError, setting
from pixelwise.interrupt import SIGNALS

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


def load_batches(
    dataset: Any, batches: Sequence[Sequence[Any]], workers: int, pin: bool = False
) -> Generator[tuple[Tensor, Tensor]]:
    """Read batches in the given order, ahead of time if there are workers.

    Args:
        dataset: key -> (image, target).
        batches: keys of each batch.
        workers: processes that read; 0 reads in this one.
        pin: put the batches into page-locked memory, for a GPU.
    Returns:
        A generator of (image (N, 3, h, w), target (N, H, W)). Its close() ends the workers, so use
        it with contextlib.closing: workers that still run keep this process from exiting.
    Raises:
        PixelwiseError: what reading a pair raised.
        RunError: a worker was killed.
    """
    loader = DataLoader(
        _Carrying(dataset),
        batch_sampler=list(batches),  # type: ignore[arg-type]
        num_workers=min(workers, len(batches)),
        collate_fn=_collate,
        worker_init_fn=_leave_signals_to_parent,
        pin_memory=pin,
    )
    with _signals_held():
        items: Any = iter(loader)
    try:
        for item in items:
            if isinstance(item, PixelwiseError):
                raise item
            yield item
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        reason = str(error).splitlines()[0]
        hint = f"Often memory ran out: try {setting('workers', 0)} or a smaller {setting('batch')}."
        event = f"a process that reads images died ({reason})"
        raise RunError("train", event=event, hint=hint) from None
    finally:
        # torch does this when the iterator is freed, but the traceback of an error may hold it
        if loader.num_workers:
            items._shutdown_workers()


def _collate(items: list[Any]) -> Any:
    failed = [item for item in items if isinstance(item, PixelwiseError)]
    return failed[0] if failed else default_collate(items)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold signals back while workers are started: until theirs are set, SIGTERM would end them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_signals_to_parent(_: int) -> None:
    # Ctrl-C, and SIGTERM from a time limit or a cluster, reach every process of the group; only the
    # parent decides what they mean. A second SIGTERM acts, as it does in the parent.
    def spare_once(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, spare_once)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
