"""A folder is written by one process at a time, and a lock ends with its process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pixelwise.errors import RunError
from pixelwise.files import lock
from pixelwise.files.lock import locked

HOLD = """
import sys, time
from pathlib import Path
from pixelwise.files.lock import locked
{before}
with locked(Path(sys.argv[1]), "train"):
    {inside}
    print("locked", flush=True)
    time.sleep(600)
"""
# children that live on after their parent was killed, as workers of a data loader do for a while
# the parent waits until the child has run, or it could be killed before
FORKED = (
    "import os; r, w = os.pipe(); child = os.fork(); "
    "child or (os.write(w, b'.'), time.sleep(600)); os.read(r, 1); print(child)"
)
STARTED = (
    "import subprocess; "
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)"
)


@pytest.fixture
def hold(tmp_path):
    """Start a process that locks tmp_path/out; it and its child are ended after the test."""
    processes, children = [], []

    def start(inside="pass", before=""):
        code = HOLD.format(inside=inside, before=before)
        words = [sys.executable, "-c", code, tmp_path / "out"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        for line in process.stdout:
            if line == "locked\n":
                break
            children.append(int(line))
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()
    for child in children:
        os.kill(child, signal.SIGKILL)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_second_process_is_refused_with_the_number_and_machine_of_the_first(tmp_path, hold):
    first = hold()
    message = rf"out: train, process {first.pid} on \S+ is writing to it\. Wait until .* end it"
    with pytest.raises(RunError, match=message), locked(tmp_path / "out", "train"):
        pytest.fail("two processes have the lock")
    assert names(tmp_path) == [".out.lock"]


def test_a_second_call_in_one_process_is_refused_and_the_first_keeps_its_lock(tmp_path):
    with locked(tmp_path / "out", "predict"):
        for _ in range(2):
            with pytest.raises(RunError, match="predict, process"), locked(tmp_path / "out", "x"):
                pytest.fail("two calls have the lock")
        with locked(tmp_path / "other", "predict"):
            pass
    with locked(tmp_path / "out", "predict"):
        pass
    assert names(tmp_path) == []


def test_a_link_to_a_folder_is_locked_as_the_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    refused = pytest.raises(RunError, match="is writing to it")
    with locked(tmp_path / "out", "train"), refused, locked(tmp_path / "link", "train"):
        pytest.fail("the folder is locked under its own name only")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.parametrize("inside", ["pass", FORKED, STARTED], ids=["alone", "forked", "started"])
def test_a_lock_ends_with_its_process_though_that_was_killed_and_its_children_live(
    tmp_path, hold, inside
):
    first = hold(inside)
    first.kill()
    first.wait()
    with locked(tmp_path / "out", "train"):
        assert names(tmp_path) == [".out.lock"]
    assert names(tmp_path) == []


def test_nothing_stays_behind_after_an_error_and_no_folder_that_was_made_for_the_lock(tmp_path):
    with pytest.raises(KeyError, match="no"), locked(tmp_path / "deep" / "er" / "out", "train"):
        raise KeyError("no")
    assert names(tmp_path) == []


def test_a_folder_that_was_filled_meanwhile_stays(tmp_path):
    with locked(tmp_path / "deep" / "out", "train"):
        (tmp_path / "deep" / "out").mkdir()
    assert names(tmp_path / "deep") == ["out"]


@pytest.mark.parametrize("number", sorted(lock._CANNOT_LOCK | lock._CANNOT_MAKE))
def test_where_files_cannot_be_locked_it_is_said_once_and_work_goes_on(
    tmp_path, monkeypatch, number
):
    def refuse(_):
        raise OSError(number, "No locks available")

    monkeypatch.setattr(lock, "_open_file", refuse)
    said = []
    with locked(tmp_path / "out", "train", said.append):
        (tmp_path / "out").mkdir()
    expected = f"{tmp_path / 'out'} cannot be locked (No locks available): let no other process"
    assert [line[: len(expected)] for line in said] == [expected]
    assert names(tmp_path) == ["out"]


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lock, "_open_file", refuse)
    refused = pytest.raises(RunError, match=r"must be one that can be locked, got No space left")
    with refused, locked(tmp_path / "out", "train"):
        pytest.fail("the disk is full")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to("x")])
def test_what_somebody_has_put_in_the_place_of_the_lock_is_not_followed(tmp_path, make):
    make(tmp_path / ".out.lock")
    refused = pytest.raises(RunError, match=re.escape(".out.lock: file must be"))
    with refused, locked(tmp_path / "out", "train"):
        pytest.fail("that is no file")
    assert names(tmp_path) == [".out.lock"]
