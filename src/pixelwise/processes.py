"""Worker processes: spawned, not interrupted by Ctrl-C, and ended when their parent ends."""

import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process

# Windows waits for no more than 64 objects at once, and the pool needs some of them.
MOST_ON_WINDOWS = 61


def new_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of processes of this machine, each started when there is work for it.

    They are spawned, not forked: a fork copies the locks of threads, such as those of torch and
    numba, but not the threads that would release them. A script that uses a pool must do its work
    below `if __name__ == "__main__":`, because each worker imports it.
    """
    workers = min(workers, MOST_ON_WINDOWS) if sys.platform == "win32" else workers
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    # Ctrl-C reaches every process of a terminal; the parent alone decides what is given up
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A parent that was killed cannot end its workers, which would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
