"""Spreading work: the same results for every executor, also when workers die."""

import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial

import pytest

from pixelwise.errors import RunError
from pixelwise.processes import new_pool
from pixelwise.sums import map_over
from worker_jobs import die_at, die_once, fail_at, fail_unpicklably, square

NUMBERS = list(range(200))
SQUARES = [n * n for n in NUMBERS]


class Counting(Executor):
    """Does each task when its result is asked for, and knows how many are waiting."""

    def __init__(self):
        self.waiting = self.most = self.tasks = 0

    def submit(self, fn):
        self.tasks += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        future = Future()

        def result():
            self.waiting -= 1
            return fn()

        future.result = result
        return future


class Losing(Executor):
    """Loses every task."""

    losses = (EOFError,)

    def submit(self, fn):  # noqa: ARG002
        future = Future()
        future.set_exception(EOFError("gone"))
        return future


@pytest.fixture(scope="module")
def pool():
    with new_pool(2) as executor:
        yield executor


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_results_come_in_the_order_of_the_items(pool, chunk):
    """map_over = map, for threads, processes and none."""
    with ThreadPoolExecutor(3) as threads:
        for executor in (None, threads, pool):
            assert list(map_over(NUMBERS, square, executor, chunk=chunk)) == SQUARES
    assert list(map_over([], square, pool)) == []


def test_few_tasks_are_in_flight_however_many_items_there_are():
    """Items are read when there is room for them, 64 tasks at most."""
    executor = Counting()
    endless = iter(int, 1)
    results = map_over(endless, square, executor, chunk=5)
    assert [next(results) for _ in range(1000)] == [0] * 1000
    assert executor.most == 64
    assert executor.tasks < 300


def test_an_executor_of_many_workers_gets_more_tasks():
    """It says so itself."""
    executor = Counting()
    executor.in_flight = 100
    assert list(map_over(NUMBERS, square, executor)) == SQUARES
    assert executor.most == 100


def test_progress_counts_items_not_tasks():
    """(done, all) after each item."""
    seen = []

    def note(*counts):
        seen.append(counts)

    with ThreadPoolExecutor(2) as threads:
        for executor in (None, threads):
            list(map_over(range(4), square, executor, chunk=3, progress=note))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)] * 2


@pytest.mark.parametrize("chunk", [1, 16])
def test_an_error_comes_at_the_position_of_its_item(pool, chunk):
    """What is before it arrives, and it brings the traceback of the worker."""
    results = map_over(NUMBERS, partial(fail_at, 37), pool, chunk=chunk)
    assert [next(results) for _ in range(37)] == NUMBERS[:37]
    with pytest.raises(ValueError, match="37 is bad") as caught:
        next(results)
    assert "in fail_at" in caught.value.__notes__[0]


def test_an_error_that_cannot_travel_arrives_as_its_text(pool):
    """It must neither be lost nor break the pool."""
    with pytest.raises(RuntimeError, match="Unpicklable: 5 and more"):
        list(map_over([5], fail_unpicklably, pool))
    assert list(map_over([2], square, pool)) == [4]


def test_stopping_cancels_what_has_not_begun():
    """As Ctrl-C does: the caller stops asking for results."""
    begun, stopped = [], threading.Event()

    def work(number):
        begun.append(number)
        return number == 0 or stopped.wait(10)

    with ThreadPoolExecutor(2) as threads:
        results = map_over(NUMBERS, work, threads)
        assert next(results)
        results.close()
        stopped.set()
    assert len(begun) <= 3


@pytest.mark.parametrize("chunk", [1, 8])
def test_the_items_of_a_dead_worker_are_done_again(tmp_path, chunk):
    """Also by an executor that is broken from then on: no result is missing or twice."""
    job = partial(die_once, str(tmp_path / "marker"), 20)
    with (
        new_pool(2) as executor,
        pytest.warns(RuntimeWarning, match="a worker was lost; its . items? will be repeated"),
    ):
        assert list(map_over(range(60), job, executor, chunk=chunk)) == SQUARES[:60]
    assert (tmp_path / "marker").exists()


def test_an_executor_can_have_losses_of_its_own():
    """As a cluster has: its error for a worker that died is not one of fn."""
    with pytest.warns(RuntimeWarning, match=r"its 1 item will be repeated \(EOFError: gone\)"):
        assert list(map_over([3, 4], square, Losing())) == [9, 16]


def test_an_item_that_kills_every_process_is_named():
    """Those before it are done; this process is not risked."""
    results = map_over(
        range(30), partial(die_at, 20), new_pool(2), chunk=8, name=lambda n: f"{n}.png"
    )
    done = []
    message = r"^20\.png: the worker process was killed twice \(out of memory\?\)\. Use fewer"
    with (
        pytest.raises(RunError, match=message),
        pytest.warns(RuntimeWarning, match="a worker was lost"),
    ):
        done.extend(results)
    assert done == SQUARES[: len(done)]
