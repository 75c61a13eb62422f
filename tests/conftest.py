"""Fixtures that every test may use, and what has to be set before torch and numba are imported."""

import functools
import inspect
import itertools
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NUMBERS = itertools.count()
SHARED = ROOT.parent / "shared"

# networks that tests train with are trusted by the tests alone
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="pixelwise-tests-")
# tensors of tests are small: waiting for one another costs threads more than they save
os.environ.setdefault("OMP_NUM_THREADS", "1")

# no test loses power, so none waits for the disk; that and when files are synchronised is tested
os.fsync = os.fstat

import torch  # noqa: E402

# without a GPU its kernels are interpreted; Triton looks at this once, when it is first imported
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# a shell's background jobs ignore Ctrl-C, and so would the commands that tests start and interrupt
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# what a test may use that other systems lack
LACKING = {
    "win32": ("mkfifo", "/proc/", "/dev/", "resource", "SIGKILL", "send_signal", "symlink_to"),
    "darwin": ("/proc/", "/dev/shm", "/dev/full"),
}


# slow ones with few tests: they begin first, so that processes side by side end at the same time
SLOW = (
    "test_triton_predict.py",
    "test_ranks.py",
    "test_typing.py",
    "test_distributed.py",
    "test_triton_static.py",
    "test_triton_compile.py",
    "test_killed_training.py",
    "test_bad_images.py",
    "test_accumulate.py",
    "test_same_run.py",
    "test_numba_threads.py",
    "test_rank_stats.py",
    "test_loader.py",
    "test_entry.py",
    "test_loss_laws.py",
)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in SLOW)
    words = LACKING.get(sys.platform, ())
    source = functools.cache(inspect.getsource)
    for item in items if words else ():
        code = source(item.function) if hasattr(item, "function") else ""
        for word in words:
            if word in code:
                item.add_marker(pytest.mark.skip(reason=f"{sys.platform} lacks {word}"))


@pytest.fixture(scope="session")
def shared():
    """The folder of real data and peers' numbers that may lie beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data is not beside this checkout")
    return SHARED


@pytest.fixture
def tmp_path(request, tmp_path_factory):
    """A new folder, as that of pytest, which looks through all earlier ones to number the next."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}_{next(NUMBERS)}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def module(request, tmp_path, monkeypatch):
    """A module with the CODE of the test file that can be imported; nobody trusts it yet.

    Its name is of this test alone.
    """
    from pixelwise.networks import trust

    name = f"own_code_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(request.module.CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(trust, "_trusted_here", set())
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def warm_ranks(monkeypatch):
    """Ranks that this process starts have imported everything."""
    import warm
    from pixelwise.ranks import ranks

    monkeypatch.setattr(ranks, "Popen", warm.Popen)


@pytest.fixture(autouse=True)
def forget_compiled_code(request):
    """Tests compile the same function again and again; torch gives up after a few times."""
    if "compile" in request.node.name:
        torch.compiler.reset()
