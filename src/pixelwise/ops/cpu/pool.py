"""The thread pool of the CPU kernels: one per process, made when first needed.

The kernels release the GIL, so plain Python threads run them side by side. A pool of our own, and
not OpenMP, is what makes them safe after a fork (a DataLoader worker starts its own pool) and from
several Python threads at once.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

import torch

WORTH = 1 << 16  # logits that keep a thread busy for longer than it takes to ask for one
SHARES_PER_THREAD = 4  # small enough to pay little for calls, large enough to even out the load

_lock = Lock()
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}  # by process id and number of threads


def run_tasks(work: Callable[[int, int], Any], tasks: int, logits: int | None = None) -> list[Any]:
    """Run `work(first, end)` over shares of range(tasks), on torch.get_num_threads() threads.

    The calling thread is one of them. Which thread runs which share is left open, so a task must
    write to places of its own.

    Args:
        work: does the tasks first, first + 1, ..., end - 1.
        tasks: number of tasks, >= 0.
        logits: how many all tasks read; few are not worth several threads.
    Returns:
        What `work` returned for each share, in order; how many there are depends on the threads.
    Raises:
        What `work` raises.
    """
    threads = min(torch.get_num_threads(), tasks)
    if logits is not None:
        threads = min(threads, 1 + logits // WORTH)
    if threads <= 1:
        return [work(0, tasks)]
    shares = min(tasks, threads * SHARES_PER_THREAD)
    edges = [tasks * i // shares for i in range(shares + 1)]
    results: list[Any] = [None] * shares
    order = iter(range(shares))  # taking the next item is atomic

    def take_shares() -> None:
        for i in order:
            results[i] = work(edges[i], edges[i + 1])

    helpers = [_pool(threads - 1).submit(take_shares) for _ in range(threads - 1)]
    try:
        take_shares()
    finally:
        started = [helper for helper in helpers if not helper.cancel()]
        wait(started)
    for helper in started:
        helper.result()
    return results


def _pool(threads: int) -> ThreadPoolExecutor:
    """This process's pool with so many threads."""
    key = (os.getpid(), threads)
    with _lock:
        if key not in _pools:
            _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="pixelwise")
        return _pools[key]


def _forget_pools() -> None:
    """In a forked child: the parent's threads do not exist here, nor may its lock be waited for."""
    global _lock  # noqa: PLW0603  the old lock may be held by a thread that was not copied
    _lock = Lock()
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)
