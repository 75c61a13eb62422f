"""Worker processes: spawned, not interrupted by Ctrl-C, and ended when their parent ends."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any

# What reaches every process of a terminal or of a cluster's job.
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Windows waits for no more than 64 objects at once, and the pool needs some of them.
MOST_ON_WINDOWS = 61


@contextmanager
def hold_signals() -> Iterator[None]:
    """Hold signals back while processes are started that will ignore them.

    They begin with the signals held, and let go of them in ignore_signals().
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals(*numbers: int) -> None:
    """Leave Ctrl-C and SIGTERM, which reach every process of a group, to the parent.

    Args:
        numbers: these alone; none means both.
    """
    for number in numbers or SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class _Pool(ProcessPoolExecutor):
    """Signals are held while it starts a process, which would show Ctrl-C as a traceback."""

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        with hold_signals():
            return super().submit(fn, *args, **kwargs)


def new_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of processes of this machine, each started when there is work for it.

    They are spawned, not forked: a fork copies the locks of threads, such as those of torch and
    numba, but not the threads that would release them. A script that uses a pool must do its work
    below `if __name__ == "__main__":`, because each worker imports it.
    """
    workers = min(workers, MOST_ON_WINDOWS) if sys.platform == "win32" else workers
    return _Pool(workers, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    # The parent alone decides what is given up. A pool that is broken ends its workers by SIGTERM.
    ignore_signals(signal.SIGINT)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A parent that was killed cannot end its workers, which would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
