"""Processes that train together: one sentence, whatever becomes of one, nothing is left over."""

import os
import signal
import subprocess
import sys
import time

import pytest

import warm
from make import make_dataset
from pixelwise.interrupt import Terminated

COMMAND = (sys.executable, "-m", "pixelwise.cli")
# What a network does in the second step, on one rank only.
FAULTY = """
import os, signal, sys, time
from multiprocessing import active_children
from torch import distributed, nn

rank, what = os.environ["FAULT"].split(":")

def kill(number):
    os.kill(os.getpid(), number)

FAULTS = {
    "killed": lambda: kill(signal.SIGKILL),
    "worker killed": lambda: os.kill(active_children()[0].pid, signal.SIGKILL),
    "bug": lambda: [].pop(),
    "stopped": lambda: (kill(signal.SIGINT), kill(signal.SIGTERM)),
    "nothing": lambda: print("a word of the network"),
}

class Faulty(nn.Conv2d):
    steps = 0

    def forward(self, image):
        self.steps += 1
        if self.steps == 2 and distributed.get_rank() == int(rank):
            FAULTS[what]()
        return super().forward(image)

def build(num_classes):
    return Faulty(3, num_classes, 3, padding=1)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A place with a dataset and a network that makes trouble."""
    folder = tmp_path_factory.mktemp("ranks")
    make_dataset(folder / "data", train=5, val=1)
    (folder / "faulty.py").write_text(FAULTY)
    return folder


def start(folder, fault, *options, popen=warm.Popen, data="data"):
    """A training on two ranks, in a process group of its own."""
    words = f"train {data} --network faulty:build --device cpu --devices 2 --epochs 2 --batch 2"
    paths = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return popen(
        [*COMMAND, *words.split(), "--log-every", "1", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "FAULT": fault, "PYTHONPATH": paths},
        start_new_session=True,
    )


def end_of(process):
    """(exit code, stdout, lines of stderr) of a training, none of whose processes is left."""
    try:
        stdout, stderr = process.communicate(timeout=200)
        deadline = time.monotonic() + 20
        while is_left(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_left(process.pid)
    finally:
        if is_left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, stdout, stderr.splitlines()


def is_left(group):
    """Whether a process of a group runs; those that have ended but have no heir do not count."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True, check=False
    )
    return any(not line.startswith("Z") for line in found.stdout.split())


def said_after_start(lines):
    """The lines behind "training FOLDER"."""
    starts = [n for n, line in enumerate(lines) if line.startswith("training ")]
    return lines[starts[0] + 1 :]


def test_two_ranks_say_each_line_once_and_nothing_else(folder):
    """One image to score, five to learn from; what a network prints does not reach stdout.

    The processes start as those of a user do.
    """
    process = start(folder, "0:nothing", "--workers", "1", popen=subprocess.Popen)
    code, stdout, lines = end_of(process)
    assert (code, stdout.count("\n"), lines.count("a word of the network")) == (0, 1, 1)
    assert "best val mIoU" in stdout
    starts = ("train:", "val:", "network ", "training ", "epoch ", "a word", "loss ", "best is ")
    assert [line for line in lines if not line.startswith(starts)] == []


def test_a_rank_that_is_killed_is_one_sentence(folder):
    code, stdout, lines = end_of(start(folder, "1:killed", "--workers", "1"))
    said = said_after_start(lines)
    assert (code, stdout, len(said)) == (2, "", 1)
    assert said[0].startswith(
        "pixelwise: train: one of the 2 processes that train together was killed (SIGKILL). Often"
    )


def test_a_worker_of_a_rank_that_is_killed_is_one_sentence(folder):
    make_dataset(folder / "many", train=40, val=1)  # the worker is still needed in the second step
    code, stdout, lines = end_of(start(folder, "1:worker killed", "--workers", "2", data="many"))
    said = said_after_start(lines)
    assert (code, stdout, len(said)) == (2, "", 1)
    assert said[0].startswith("pixelwise: train: a process that reads images died (SIGKILL). Often")


def test_a_bug_on_one_rank_is_its_traceback_alone(folder):
    """The others have lost their connection, which is not the cause."""
    code, _, lines = end_of(start(folder, "1:bug", "--workers", "0"))
    assert code == 1
    assert lines.count("IndexError: pop from empty list") == 2  # once above, once in its traceback
    assert "faulty.py" in "\n".join(lines)
    assert not [line for line in lines if "gloo" in line or "peer" in line]


@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGINT, os.kill), (signal.SIGTERM, os.killpg)],
    ids=["SIGINT to the process", "SIGTERM to the group"],
)
def test_a_signal_saves_the_last_checkpoint(folder, number, send, tmp_path):
    """Exit code 130 or 143, whether the ranks get it too or only the process that was called."""
    out = tmp_path / "run"
    process = start(folder, "0:stopped", "--epochs", "100000", "--out", str(out))
    wait_for(out / "metrics.jsonl", process)
    send(process.pid, number)
    code, _, lines = end_of(process)
    assert code == 128 + number
    assert lines[-1] == "pixelwise: interrupted"
    assert f"interrupted; go on with: pixelwise train --resume {out}" in lines
    assert (out / "last" / "weights.safetensors").is_file()


def test_a_signal_before_the_first_step_ends_the_ranks_at_once(folder, tmp_path):
    process = start(folder, "0:nothing", "--out", str(tmp_path / "run"))
    line = process.stderr.readline()  # a rank reads the dataset
    assert line.startswith("train: ")
    process.send_signal(signal.SIGTERM)
    code, stdout, lines = end_of(process)
    assert (code, stdout, lines[-1]) == (143, "", "pixelwise: interrupted")


def test_ranks_leave_when_the_process_that_was_called_is_killed(folder, tmp_path):
    process = start(folder, "0:stopped", "--epochs", "100000", "--out", str(tmp_path / "run"))
    wait_for(tmp_path / "run" / "metrics.jsonl", process)
    process.kill()
    code, _, lines = end_of(process)
    assert code == -signal.SIGKILL
    assert not [line for line in lines if "Traceback" in line]


def wait_for(path, process):
    """Until there is such a file, or the process has ended."""
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)
    assert path.exists()


SCRIPT = """
import os, signal, threading, time
import pixelwise as pw
from pixelwise.errors import ArgumentError

def interrupt():
    while not os.path.exists("script-run/metrics.jsonl"):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

settings = dict(network="small", device="cpu", devices=2, batch=2, workers=0, log_every=1)
print("script begins", flush=True)
try:
    pw.train("data", loss="nosuch", **settings)
except ArgumentError as error:
    print("error:", error.name, flush=True)
threading.Thread(target=interrupt, daemon=True).start()
try:
    pw.train("data", epochs=100000, out="script-run", **settings)
except KeyboardInterrupt as stop:
    print("stopped:", type(stop).__name__, os.path.exists("script-run/last/config.json"))
"""


def test_a_script_is_not_run_again_by_its_ranks_and_gets_their_errors(folder):
    """Also without `if __name__ == "__main__":`."""
    (folder / "script.py").write_text(SCRIPT)
    done = warm.run(
        [sys.executable, "script.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=300,
    )
    ends = ["script begins", "error: loss", f"stopped: {Terminated.__name__} True"]
    assert done.stdout.splitlines() == ends, done.stderr
    assert "Traceback" not in done.stderr
