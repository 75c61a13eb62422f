"""Where folder jobs run: processes and a Dask cluster, and what happens when they die."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from make import STORED, VOID, make_dataset, write_stored
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import ArgumentError, BackendError, RunError
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import read_label, write_label
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig
from pixelwise.sums import map_over
from pixelwise.weights.counts import count_labels
from worker_jobs import die_once, square, square_slowly

TESTS = Path(__file__).parent
CLASSES = Classes(["sky", "road", "car"])


@pytest.fixture(scope="module")
def scheduler():
    """The address of a Dask scheduler with two workers, each a process of its own."""
    distributed = pytest.importorskip("distributed")
    environment = {"PYTHONPATH": str(TESTS), "DASK_DISTRIBUTED__WORKER__DAEMON": "True"}
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        env=environment,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    rng = np.random.default_rng(7)
    found = [folder / f"{n:03}.png" for n in range(100)]
    for path in found:
        write_label(path, rng.integers(0, 3, (20, 30)))
    return found


def test_without_workers_the_work_is_done_here():
    """The default; None as well as 0."""
    for nothing in (None, 0):
        with open_executor(nothing) as executor:
            assert executor is None


def test_an_executor_that_is_given_is_used_and_stays_open():
    """It belongs to the caller, and comes before the settings."""
    with open_executor(2) as outer:
        with open_executor(1, None, outer) as inner:
            assert inner is outer
        assert inner.submit(square, 3).result() == 9


def test_settings_that_cannot_be_are_named():
    with (
        pytest.raises(ArgumentError, match="workers must be >= 0, got -1"),
        open_executor(-1),
    ):
        pass
    with (
        pytest.raises(ArgumentError, match="only one of workers and scheduler"),
        open_executor(2, "tcp://127.0.0.1:8786"),
    ):
        pass


def test_processes_count_like_this_one(paths):
    """The sum is the same for every executor."""
    with open_executor(2) as executor:
        assert count_labels(paths, CLASSES, executor) == count_labels(paths, CLASSES)


def test_processes_go_on_after_one_was_killed(tmp_path):
    """What was lost is done again, what comes behind it is done by new processes."""
    job = partial(die_once, str(tmp_path / "marker"), 20)
    with open_executor(2) as executor:
        with pytest.warns(RuntimeWarning, match="a worker was lost") as warned:
            found = list(map_over(range(300), job, executor))
        assert found == [n * n for n in range(300)]
        assert len(warned) <= 64
        assert list(map_over(range(9), square, executor)) == [n * n for n in range(9)]


def test_a_cluster_counts_like_this_process(scheduler, paths):
    """The sum is the same for every executor."""
    with open_executor(scheduler=scheduler) as executor:
        assert count_labels(paths, CLASSES, executor) == count_labels(paths, CLASSES)


def test_a_command_on_a_cluster_takes_paths_from_here(scheduler, tmp_path, monkeypatch):
    """The workers have another current folder; the scores are those of this process."""
    data = make_dataset(tmp_path / "data", val=3)
    for path in (data / "val" / "labels").iterdir():
        label = read_label(path)
        write_stored(tmp_path / "made" / path.name, np.where(label == VOID, STORED[0], label))
    monkeypatch.chdir(tmp_path)
    here = score(ScoreConfig("made", data="data"))
    there = score(ScoreConfig("made", data="data", scheduler=scheduler))
    assert here["scores"] == there["scores"]
    assert here["images"] == there["images"]


def test_a_cluster_goes_on_after_one_worker_was_killed(scheduler):
    """The scheduler gives its tasks to the other one: the same results as without a cluster."""
    from distributed import Client

    def kill_one(done, _):
        if done == 20:
            with Client(scheduler, set_as_default=False) as client:
                pids = client.run(os.getpid)
            os.kill(min(pids.values()), signal.SIGKILL)

    with open_executor(scheduler=scheduler) as executor:
        found = list(map_over(range(150), square_slowly, executor, progress=kill_one))
    assert found == [n * n for n in range(150)]


def test_a_scheduler_that_goes_away_is_named():
    """With what to do: nothing is done in silence by this machine alone."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address=":0"
    )

    def leave(done, _):
        if done == 20:
            cluster.close()

    message = r"scheduler tcp://.*: the connection was lost\. Start it again"
    with open_executor(scheduler=cluster.scheduler_address) as executor:
        results = map_over(range(300), square_slowly, executor, progress=leave)
        with pytest.raises(RunError, match=message):
            list(results)


def test_a_scheduler_that_does_not_answer_is_named():
    """At once, not after the timeouts of a cluster."""
    pytest.importorskip("distributed")
    message = r"scheduler tcp://127\.0\.0\.1:9: address must be reachable, got .*dask scheduler"
    with (
        pytest.raises(BackendError, match=message),
        open_executor(scheduler="tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize("address", ["nowhere", "http://127.0.0.1:8786", ""])
def test_what_is_no_address_is_named(address):
    pytest.importorskip("distributed")
    with (
        pytest.raises(BackendError, match="address must be reachable, got "),
        open_executor(scheduler=address),
    ):
        pass


def test_a_missing_package_is_named():
    """With what installs it."""
    code = (
        "import sys; sys.modules['distributed'] = None\n"
        "from pixelwise.executors import open_executor\n"
        "with open_executor(scheduler='tcp://127.0.0.1:9'): pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'pixelwise[dask]'" in done.stderr.splitlines()[-1]


def test_paths_are_absolute_for_workers_elsewhere(tmp_path, monkeypatch):
    """They have another current folder."""
    monkeypatch.chdir(tmp_path)
    here = ConvertConfig(Path("drawn"), out=Path("made"))
    assert with_absolute_paths(here) is here
    there = with_absolute_paths(ConvertConfig(Path("drawn"), scheduler="tcp://10.0.0.1:8786"))
    assert there.source == tmp_path / "drawn"
    assert there.out == tmp_path / "drawn-converted"
    assert there.images is None
