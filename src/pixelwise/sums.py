"""Map a function over items and add up what it returns, anywhere.

`sum_over` is the one place where work is spread: counts, confusions and audits are additive
records, so scaling out is `executor.submit` followed by `+`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import Any, TypeVar

Item = TypeVar("Item")

# Enough to keep workers busy, few enough that memory does not grow with the number of items.
IN_FLIGHT = 64


def map_over(
    items: Iterable[Item], fn: Callable[[Item], Any], executor: Executor | None = None
) -> Iterator[Any]:
    """Yield fn(item) in the order of items, with a bounded number of items in flight.

    Args:
        items: what to work on; read lazily.
        fn: called once per item; must be picklable if the executor uses processes.
        executor: any concurrent.futures executor; None works in this thread.
    Returns:
        An iterator over the results, in the order of the items whatever the executor does.
    Raises:
        Whatever fn raises, at the position of its item.
    """
    if executor is None:
        yield from map(fn, items)
        return
    pending: deque[Any] = deque()
    for item in items:
        pending.append(executor.submit(fn, item))
        if len(pending) >= IN_FLIGHT:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def sum_over(
    items: Iterable[Item],
    fn: Callable[[Item], Any],
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
    start: Any = 0,
) -> Any:
    """Add up fn(item) over all items: start + fn(a) + fn(b) + ...

    Results are added in the order of the items, so the sum is the same for every executor.

    Args:
        items: what to work on; read lazily.
        fn: item -> something with `+`.
        executor: any concurrent.futures executor; None works in this thread.
        progress: called with the number of items done after each one.
        start: the value of an empty sum.
    Returns:
        The sum.
    """
    total = start
    for done, result in enumerate(map_over(items, fn, executor), start=1):
        total = total + result
        if progress is not None:
            progress(done)
    return total
