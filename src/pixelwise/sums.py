"""Map a function over items, in this process or in others; read ahead and write behind.

`map_over` is the one place where work is spread. Counts, confusions and audits are additive
records, so scaling out is `executor.submit` followed by `+`.
"""

import pickle
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pixelwise.errors import PixelwiseError, RunError
from pixelwise.processes import new_pool
from pixelwise.text import plural

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
# What became of a task: the results of its items, and the error that ended it early.
Outcome = tuple[list[Any], BaseException | None]

# Enough tasks to keep workers busy, few enough that memory does not grow with the number of
# items. An executor of many workers says what it needs in its attribute `in_flight`.
IN_FLIGHT = 64
# Errors that mean that a worker was lost, not that fn failed. An executor lists more of them in
# its attribute `losses`.
LOSSES = (BrokenExecutor, CancelledError)


def map_over(
    items: Iterable[Item],
    fn: Callable[[Item], Any],
    executor: Executor | None = None,
    *,
    chunk: int = 1,
    progress: Progress | None = None,
    name: Callable[[Item], str] = str,
) -> Iterator[Any]:
    """Yield fn(item) in the order of items, with a bounded number of items in flight.

    A task whose worker is lost (killed, out of memory, its machine lost) is not: its items are
    repeated one by one in a process of this machine, and one that kills this process too is named.
    What has not begun is cancelled when the caller stops, as on Ctrl-C.

    Args:
        items: what to work on; read lazily. With `progress` they must have a length.
        fn: called once per item; must be picklable if the executor uses processes. After a loss it
            may be called again for the same item.
        executor: any concurrent.futures executor; None works in this thread.
        chunk: items that travel to a worker together; more than 1 where fn takes milliseconds.
        progress: called with (items done, all items) when the caller is done with an item.
        name: what an item is called in a message.
    Returns:
        An iterator over the results, in the order of the items whatever the executor does.
    Raises:
        Whatever fn raises, at the position of its item.
        RunError: an item has killed the process that worked on it, twice.
    """
    results = map(fn, items) if executor is None else _spread(items, fn, executor, chunk, name)
    if progress is None:
        yield from results
        return
    total = len(items)  # type: ignore[arg-type]
    for done, result in enumerate(results, start=1):
        yield result
        progress(done, total)


def _spread(
    items: Iterable[Item],
    fn: Callable[[Item], Any],
    executor: Executor,
    chunk: int,
    name: Callable[[Item], str],
) -> Iterator[Any]:
    pending: deque[tuple[list[Item], Future]] = deque()
    most = getattr(executor, "in_flight", IN_FLIGHT)
    with ExitStack() as at_end:
        at_end.callback(lambda: [future.cancel() for _, future in pending])
        rescue = _Rescue(fn, name, (*LOSSES, *getattr(executor, "losses", ())), at_end)
        rest = iter(items)
        while part := list(islice(rest, chunk)):
            pending.append((part, _submit(executor, partial(_work, fn, part))))
            if len(pending) >= most:
                yield from rescue.results_of(*pending.popleft())
        while pending:
            yield from rescue.results_of(*pending.popleft())


@contextmanager
def ahead(
    fn: Callable[[Item], Result], items: Iterable[Item], threads: int, most: int
) -> Iterator[Iterator[Result]]:
    """map_over in threads, while the caller works on the results before.

    with ahead(read, paths, threads=2, most=8) as images:
        for image in images: ...

    Args:
        fn, items: as map_over.
        threads: how many call fn.
        most: items that are called for and not yet taken.
    Yields:
        The results, in the order of the items.
    """
    executor = ThreadPoolExecutor(min(threads, most))
    executor.in_flight = most  # type: ignore[attr-defined]
    try:
        yield map_over(items, fn, executor)
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def behind(
    fn: Callable[[Future | None, Item], None], threads: int, most: int
) -> Iterator[Callable[[Item], None]]:
    """Call a function in threads, while the caller goes on.

    with behind(write, threads=2, most=8) as write_behind:
        write_behind(label)

    What has been called is finished at the end of the `with`, also after an error and Ctrl-C.

    Args:
        fn: called with an item, and with the call of the item before it, whose end it may wait for.
        threads: how many call fn; calls begin in order.
        most: items whose calls have not ended; the caller waits for the first of them.
    Yields:
        What calls fn, in order. It raises what a call before it raised, as does the end.
    """
    pending: deque[Future] = deque()

    def settle(most: int) -> None:
        while len(pending) > most or (pending and pending[0].done()):
            pending.popleft().result()

    def call(item: Item) -> None:
        settle(most - 1)
        pending.append(executor.submit(fn, pending[-1] if pending else None, item))

    executor = ThreadPoolExecutor(min(threads, most))
    try:
        yield call
        settle(0)
    finally:
        try:
            executor.shutdown()
        except KeyboardInterrupt:  # once more; a call takes milliseconds
            executor.shutdown()
            raise


class _Rescue:
    """Waits for tasks, and repeats what was lost in a process of its own.

    Args:
        fn: what is done with an item.
        name: what an item is called in a message.
        losses: errors of a task that is lost.
        at_end: closes the process.
    """

    def __init__(
        self,
        fn: Callable[[Any], Any],
        name: Callable[[Any], str],
        losses: tuple[type[Exception], ...],
        at_end: ExitStack,
    ) -> None:
        self.fn, self.name, self.losses, self.at_end = fn, name, losses, at_end
        self.alone: Executor | None = None

    def results_of(self, part: Sequence[Any], future: Future) -> Iterator[Any]:
        """The results of a task; those of its items one by one if it was lost."""
        try:
            outcomes: Iterable[Outcome] = [future.result()]
        except self.losses as loss:
            cause = f"{type(loss).__name__}: {loss}"
            warnings.warn(
                f"map_over: a worker was lost; its {plural(len(part), 'item')} will be repeated "
                f"({cause})",
                RuntimeWarning,
                stacklevel=4,
            )
            outcomes = map(self._repeat, part)
        for results, error in outcomes:
            yield from results
            if error is not None:
                raise error

    def _repeat(self, item: Any) -> Outcome:
        if self.alone is None:
            self.alone = self.at_end.enter_context(new_pool(1))
        try:
            return self.alone.submit(_work, self.fn, [item]).result()
        except BrokenExecutor:
            hint = (
                "Use fewer workers, or leave it out. A script must start its work below "
                '`if __name__ == "__main__":`.'
            )
            event = "the worker process was killed twice (out of memory?)"
            raise RunError(self.name(item), event=event, hint=hint) from None


def _submit(executor: Executor, task: Callable[[], Outcome]) -> Future:
    """The future of a task; a lost one if the executor is broken already."""
    try:
        return executor.submit(task)
    except BrokenExecutor as loss:
        future: Future = Future()
        future.set_exception(loss)
        return future


def _work(fn: Callable[[Any], Any], items: Sequence[Any]) -> Outcome:
    """The results of some items, up to the first error; runs in a worker."""
    results: list[Any] = []
    for item in items:
        try:
            results.append(fn(item))
        except Exception as error:
            return results, to_send(error)
    return results, None


def to_send(error: BaseException) -> BaseException:
    """The error as another process can receive it; with its traceback if it is a bug."""
    text = traceback.format_exc()
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    if not isinstance(error, PixelwiseError | KeyboardInterrupt):
        error.add_note(f"In the worker:\n{text}")
    return error
