"""Where the work on a folder is done: in this process, in others, or on a Dask cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from pixelwise.errors import ArgumentError, BackendError, RunError, check_range, setting
from pixelwise.extras import missing_package
from pixelwise.processes import new_pool
from pixelwise.text import some

Config = TypeVar("Config")

# A scheduler in the same network answers in milliseconds.
CONNECT_SECONDS = 5.0
# Tasks that a core of a cluster has waiting, so that it never waits for the network.
TASKS_A_CORE = 3
LEAST_IN_FLIGHT = 64


@contextmanager
def open_executor(
    workers: int | None = None, scheduler: str | None = None, given: Executor | None = None
) -> Iterator[Executor | None]:
    """The executor of a folder job; closed at the end, with what has not begun cancelled.

    Args:
        workers: processes of this machine; 0 or None: none.
        scheduler: address of a Dask scheduler. Its workers must have pixelwise installed and see
            the files under the same paths.
        given: an executor that the caller has already; it comes before the others and stays open.
    Yields:
        The executor; None for the process that calls.
    Raises:
        ArgumentError: workers is negative, or both workers and a scheduler are given.
        BackendError: the scheduler does not answer, it has no workers, or one of them has another
            version of pixelwise.
        MissingPackageError: the package `distributed` is not installed.
    """
    check_range("open_executor", "workers", workers or 0, low=0)
    if workers and scheduler is not None:
        event = f"only one of {setting('workers')} and {setting('scheduler')} can be given"
        raise ArgumentError("open_executor", event=event)
    if given is not None or (not workers and scheduler is None):
        yield given
        return
    executor = Processes(workers or 0) if scheduler is None else Cluster(scheduler)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def with_absolute_paths(config: Config) -> Config:
    """A configuration as workers elsewhere can use it: they have another current folder."""
    if getattr(config, "scheduler", None) is None:
        return config
    values = {f.name: getattr(config, f.name) for f in fields(config)}  # type: ignore[arg-type]
    absolute = {name: v.absolute() for name, v in values.items() if isinstance(v, Path)}
    return replace(config, **absolute)  # type: ignore[type-var]


class Processes(Executor):
    """Processes of this machine; if one has died, the next task starts new ones.

    Args:
        workers: how many, >= 1.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool = new_pool(workers)

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Start a task. After the death of a process the tasks of before are lost, not this one."""
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = new_pool(self.workers)
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes after the tasks that have begun."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)


class Cluster(Executor):
    """The workers of a Dask scheduler, which gives the tasks of a dead worker to another one.

    Args:
        address: of the scheduler, such as tcp://host:8786. Connect to your own one only: workers
            run what they are sent.
    Raises:
        BackendError: see open_executor.
    """

    def __init__(self, address: str) -> None:
        self._where = where = f"scheduler {address}"
        try:
            from distributed import KilledWorker
            from distributed.comm import CommClosedError
        except ImportError:
            raise missing_package(where, "distributed") from None
        self.losses = (KilledWorker,)
        self._disconnections = (CancelledError, CommClosedError)
        self._client = _connect(where, address)
        try:
            cores = _check_workers(where, self._client)
        except BackendError:
            self._client.close()
            raise
        self.in_flight = max(LEAST_IN_FLIGHT, TASKS_A_CORE * cores)

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Start a task. It travels as one pickle: Dask would look into its arguments."""
        if self._client.status in ("closing", "closed"):
            raise self._disconnected()
        # pure=False: two tasks are never taken for one, as they write files
        task = self._client.submit(partial(fn, *args, **kwargs), pure=False)
        future: Future = Future()
        future.add_done_callback(lambda done: task.cancel() if done.cancelled() else None)
        task.add_done_callback(partial(self._pass_on, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; tasks that have not begun are given up."""
        del wait, cancel_futures  # the scheduler drops the tasks of a client that has left
        self._client.close()

    def _pass_on(self, future: Future, task: Any) -> None:
        """Give what became of a Dask task to a future of concurrent.futures.

        Dask's own executor takes a result for an error if its worker dies in the same moment.
        """
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(task.result())
        except self._disconnections:
            # only a scheduler that has stopped cancels tasks
            future.set_exception(self._disconnected())
        except Exception as error:
            future.set_exception(error)

    def _disconnected(self) -> RunError:
        hint = "Start it again, then run the same command: files that are done are kept."
        return RunError(self._where, event="the connection was lost", hint=hint)


def _connect(where: str, address: str) -> Any:
    from distributed import Client

    try:
        if "://" not in address:
            raise ValueError("no protocol such as tcp:// in it")
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        hint = "Start one with `dask scheduler`, and workers with `dask worker ADDRESS`."
        got = " ".join(str(error).split()) or type(error).__name__
        raise BackendError(where, "address", must="reachable", got=got, hint=hint) from None


def _check_workers(where: str, client: Any) -> int:
    """The cores of all workers; there must be some, with the same pixelwise as here."""
    cores = sum(client.nthreads().values())
    if not cores:
        hint = "Start some with `dask worker ADDRESS`."
        raise BackendError(where, event="the scheduler has no workers", hint=hint)
    found = client.run(version, "pixelwise", on_error="return")
    try:  # the scheduler unpacks what it hands on
        found["the scheduler"] = client.run_on_scheduler(version, "pixelwise")
    except PackageNotFoundError as missing:
        found["the scheduler"] = missing
    other = [f"{got} at {worker}" for worker, got in found.items() if got != version("pixelwise")]
    if other:
        constraint = f"with pixelwise {version('pixelwise')} everywhere"
        raise BackendError(where, "cluster", must=constraint, got=some(other))
    return cores
