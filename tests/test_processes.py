"""Worker processes: what they survive, and what they do not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixelwise.processes import new_pool
from worker_jobs import square

SCRIPT = """
import os
from pixelwise.processes import new_pool
if __name__ == "__main__":
    pool = new_pool(2)
    print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)
    input()
"""


def is_running(pid):
    """Whether there is such a process; a zombie does not count."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_workers_are_deaf_to_ctrl_c():
    """A terminal sends it to them too; their parent decides what is given up."""
    with new_pool(1) as pool:
        pid = pool.submit(os.getpid).result()
        os.kill(pid, signal.SIGINT)
        assert pool.submit(square, 3).result() == 9
        assert pool.submit(os.getpid).result() == pid


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_workers_leave_when_their_parent_is_killed(tmp_path):
    """They would get no work any more and would never be ended."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pids = parent.stdout.readline().split()
    assert pids
    assert all(map(is_running, pids))
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 20
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, pids))
