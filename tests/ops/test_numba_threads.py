"""Threads, processes and caches: the same bits for any number of threads, safe after a fork."""

import functools
import operator
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import pixelwise
from pixelwise.ops.cpu import jit as _jit
from pixelwise.ops.cpu import pool as _pool
from pixelwise.ops.cpu import predict as _predict_numba
from pixelwise.ops.cpu import stats as _stats_numba
from pixelwise.ops.cpu import upsampled as _upsampled_numba
from pixelwise.ops.rows import whole
from pixelwise.ops.spec import Spec

SPECS = {
    "softmax": Spec(("valid", "target", "prob", "inter", "nll"), "softmax", 255),
    "sigmoid": Spec(("prob", "inter", "nll", "nll_neg"), "sigmoid", 255),
}


def make_inputs(channels=5):
    """Enough pixels for several tasks of several blocks."""
    generator = torch.Generator().manual_seed(12)
    logits = torch.randn(2, channels, 160, 250, generator=generator)
    target = torch.randint(0, channels, (2, 160, 250), generator=generator, dtype=torch.uint8)
    return logits, target


def everything(spec, channels=5):
    """All results of all kernels, as one list of tensors."""
    logits, target = make_inputs(channels)
    small = logits[:, :, :40, :50]
    sums, _ = _stats_numba.forward(logits, target, None, spec)
    small_sums, _ = _upsampled_numba.forward_upsampled(small, target, None, spec)
    return [
        sums,
        _stats_numba.backward(sums, logits, target, None, spec),
        small_sums,
        _upsampled_numba.backward_upsampled(small_sums, small, target, None, spec),
        _predict_numba.predict(small, whole(small, 160), 250, "softmax", 0.5, torch.uint8),
        _predict_numba.confusion(small, target, channels, "softmax", 0.5, 255)[0],
    ]


def on_threads(threads, function, *args):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return function(*args)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [2, 5])
@pytest.mark.parametrize("name", SPECS)
def test_any_number_of_threads_gives_the_same_bits(name, channels, threads):
    """f on t threads = f on one thread, bit for bit, and again when repeated."""
    expected = on_threads(1, everything, SPECS[name], channels)
    first = on_threads(threads, everything, SPECS[name], channels)
    again = on_threads(threads, everything, SPECS[name], channels)
    assert all(torch.equal(a, b) for a, b in zip(expected, first))
    assert all(torch.equal(a, b) for a, b in zip(expected, again))


def test_four_python_threads_run_the_kernels_at_once():
    """Concurrent callers share the pool and do not disturb one another."""
    expected = {name: everything(spec) for name, spec in SPECS.items()}
    with ThreadPoolExecutor(4) as executor:
        names = ["softmax", "sigmoid"] * 4
        results = list(executor.map(lambda n: on_threads(2, everything, SPECS[n]), names))
    for name, found in zip(names, results):
        assert all(torch.equal(a, b) for a, b in zip(expected[name], found))


class Computed(Dataset):
    """Runs the kernels where the item is asked for."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        # a worker has one thread, and torch's own second one would hang after a fork;
        # saying two here makes only the kernels start a pool of their own
        with patch.object(torch, "get_num_threads", return_value=2):
            return everything(SPECS["softmax"])[0]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_forked_workers_of_a_data_loader_run_the_kernels():
    """The parent's pool is in use, two workers fork, compute and agree with the parent."""
    expected = on_threads(2, everything, SPECS["softmax"])[0]
    loader = DataLoader(
        Computed(), batch_size=None, num_workers=2, multiprocessing_context="fork", timeout=60
    )
    results = list(loader)
    assert len(results) == 4
    assert all(torch.equal(r, expected) for r in results)


def test_shares_cover_all_tasks_in_order():
    """Every task is run once, results come back in the order of the tasks."""
    shares = on_threads(3, _pool.run_tasks, lambda a, b: list(range(a, b)), 100)
    assert functools.reduce(operator.iadd, shares, []) == list(range(100))
    assert on_threads(3, _pool.run_tasks, lambda a, b: (a, b), 0) == [(0, 0)]


def test_an_error_in_a_share_reaches_the_caller():
    """The first share that raises decides."""
    with pytest.raises(ZeroDivisionError, match="by zero"):
        on_threads(2, _pool.run_tasks, lambda a, b: (b - a) // a, 8)


# both ways to compile, of functions that compile soon and need no torch
PROBE = """
from numba import cfunc, types
from pixelwise.ops.cpu.jit import compile_cached, kernel

@kernel
def next_number(number):
    return number + 1

@compile_cached(cfunc, types.int64(types.int64))
def last_number(number):
    return number - 1

print(next_number(41), last_number.ctypes(8))
"""
FOUND = "42 7"


@pytest.fixture
def package(tmp_path):
    """A copy of the package that nobody has compiled, with a module of its own for the probe."""
    package = tmp_path / "pixelwise"
    source = Path(pixelwise.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "ops" / "cpu" / "probe.py").write_text(PROBE)
    return package


def run_probe(package, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pixelwise.ops.cpu.probe"],
        env=os.environ | {"PYTHONPATH": str(package.parent)} | environment,
        cwd=package.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_where_no_cache_can_be_written_the_kernels_still_run(package, tmp_path):
    """Package folder, home and NUMBA_CACHE_DIR refuse to be written: compile, do not fail."""
    wall = tmp_path / "file"
    wall.write_text("a file where a folder would be needed")
    (package / "ops" / "cpu" / "__pycache__").write_text("so here")
    environment = {
        "NUMBA_CACHE_DIR": str(wall / "cache"),
        "HOME": str(wall),
        "XDG_CACHE_HOME": str(wall / "xdg"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    assert run_probe(package, **environment) == FOUND
    assert list(tmp_path.rglob("*.nbi")) == []


def test_processes_that_compile_at_the_same_time_do_not_write_the_same_file(tmp_path):
    """Each has read an index without the entry of the other."""
    indices = [_jit._Index(str(tmp_path), "function", "stamp") for _ in range(2)]
    for index, types in zip(indices, ("float32", "float64")):
        with patch.object(index, "_load_index", return_value={}):
            index.save(types, types)
    assert len(list(tmp_path.glob("*.nbc"))) == 2
    assert [index.load("float64") for index in indices] == ["float64", "float64"]
    assert indices[0].load("float32") is None  # compiled again


def test_the_cache_lies_in_a_folder_of_this_version(package, tmp_path):
    """NUMBA_CACHE_DIR/kernels-<fingerprint> is filled, and read by the next process."""
    cache = tmp_path / "cache"
    assert run_probe(package, NUMBA_CACHE_DIR=str(cache)) == FOUND
    folders = [p.name for p in cache.iterdir()]
    before = sorted(p.stat().st_mtime_ns for p in cache.rglob("*.nbc"))
    assert len(folders) == 1
    assert folders[0].startswith("kernels-")
    assert len(before) == 2
    assert run_probe(package, NUMBA_CACHE_DIR=str(cache)) == FOUND
    assert sorted(p.stat().st_mtime_ns for p in cache.rglob("*.nbc")) == before
