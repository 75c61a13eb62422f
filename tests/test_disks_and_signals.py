"""Full disks, signals, killed workers and other processes.

Nothing is left half-written, whatever stops the work, and what goes wrong is one sentence with its
place.
"""

import ast
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from convert.annotations import digests, shape, write_labelme
from our_source import nodes
from pixelwise.convert.command import convert
from pixelwise.convert.config import ConvertConfig
from pixelwise.errors import DatasetError, RunError
from pixelwise.files import atomic
from pixelwise.labels.png import read_label, write_label
from pixelwise.sums import map_over

COMMAND = [sys.executable, "-m", "pixelwise.cli"]
NOISE = np.random.default_rng(3).integers(0, 256, (128, 128), np.uint8)


def run_python(code, *words, **options):
    """A Python process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, check=False, **options
    )


def annotations(folder, count=12):
    """A folder of small labelme files."""
    for number in range(count):
        write_labelme(folder, f"{number:03}")
    return folder


def leftovers(folder):
    """Temporary files that someone forgot."""
    return list(folder.rglob(".*"))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root; the limit on file sizes is tested instead")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_disk_that_fills_up_keeps_the_old_file(small_disk):
    """ENOSPC from a real file system: the old label is whole, the message has path and bytes."""
    path = small_disk / "a.png"
    write_label(path, NOISE)
    (small_disk / "filler").write_bytes(bytes(44_000))
    with pytest.raises(
        RunError, match=r"a\.png: file must be writable, got No space .* \d\d,\d+ b"
    ):
        write_label(path, NOISE[::-1])
    np.testing.assert_array_equal(read_label(path), NOISE)
    assert sorted(os.listdir(small_disk)) == ["a.png", "filler"]


def test_a_limit_on_file_sizes_keeps_the_old_file(tmp_path):
    """The same without root: the process may write 5000 bytes a file. Exit code 2, one line."""
    write_label(tmp_path / "a.png", NOISE)
    code = (
        "import resource, signal, sys; import numpy as np\n"
        "from pixelwise.labels.png import write_label\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "write_label(sys.argv[1], np.random.default_rng(4).integers(0, 256, (128, 128)))\n"
    )
    done = run_python(code, tmp_path / "a.png", text=True)
    assert re.search(r"RunError: .*a\.png: file must be writable, got File too large", done.stderr)
    np.testing.assert_array_equal(read_label(tmp_path / "a.png"), NOISE)
    assert os.listdir(tmp_path) == ["a.png"]


def test_done_files_are_known_by_content_and_not_by_name(tmp_path):
    """Half a label, a label of another run and a missing image are made again; the rest is kept."""
    source = annotations(tmp_path / "source")
    folder = convert(ConvertConfig(source, out=tmp_path / "out")).folder
    before = digests(folder)
    half = folder / "labels/003.png"
    half.write_bytes(half.read_bytes()[:50])
    write_label(folder / "labels/004.png", NOISE)
    (folder / "images/005.png").unlink()
    assert convert(ConvertConfig(source, out=tmp_path / "out")).resumed == 9
    assert digests(folder) == before


def test_bytes_and_name_reach_the_disk_in_that_order(tmp_path, monkeypatch):
    """Sync the file, then give it its name, then sync the folder that holds the name."""
    steps = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor):
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def noted_replace(*paths):
        steps.append("name")
        replace(*paths)

    monkeypatch.setattr(atomic.os, "fsync", noted_fsync)
    monkeypatch.setattr(atomic.os, "replace", noted_replace)
    write_label(tmp_path / "a.png", NOISE)
    assert steps == ["file", "name", "folder"]


def test_a_second_conversion_into_one_folder_is_refused_and_changes_nothing(tmp_path):
    """The folder is what the first alone would have made."""
    source = annotations(tmp_path / "source", 100)
    convert(ConvertConfig(source, out=tmp_path / "alone"))
    words = [*COMMAND, "convert", str(source), "--out", str(tmp_path / "out")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        wait_for(tmp_path / "out/labels")
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(words, capture_output=True, check=False)
        first.send_signal(signal.SIGCONT)
        first.communicate()
    assert (first.returncode, second.returncode) == (0, 2), second.stderr
    assert b"is writing to it. Wait until that has ended" in second.stderr
    assert digests(tmp_path / "out") == digests(tmp_path / "alone")
    assert leftovers(tmp_path / "out") == []


def wait_for(path):
    """Until something is there."""
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()


@pytest.mark.parametrize("out", [".", "inside/out", ".."])
def test_nothing_is_converted_in_place(tmp_path, out):
    """Onto the source, into it or around it: refused before a file is touched."""
    source = annotations(tmp_path / "data/source", 1)
    before = digests(tmp_path)
    with pytest.raises(DatasetError, match="out must be apart from the source"):
        convert(ConvertConfig(source, out=source / out))
    assert digests(tmp_path) == before


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path):
    """Root may write everywhere, so the folder would have to be inside a file."""
    source = annotations(tmp_path / "source")
    (tmp_path / "file").write_text("no folder")
    steps = []
    with pytest.raises(RunError, match="folder must be one that can be made, got File exists"):
        convert(
            ConvertConfig(source, out=tmp_path / "file/out"),
            progress=lambda *done: steps.append(done),
        )
    assert steps == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_rolls_back_the_file_in_hand(tmp_path, number, code):
    """One line, its exit code, whole files only; and the next run goes on."""
    source = annotations(tmp_path / "source", 200)
    words = [*COMMAND, "convert", str(source), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(tmp_path / "out/labels/010.png")
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (code, b"")
    assert stderr.decode().splitlines()[-1] == "pixelwise: interrupted"
    assert leftovers(tmp_path / "out") == []
    assert convert(ConvertConfig(source, out=tmp_path / "out")).resumed >= 10


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_memory_is_constant_in_the_number_of_files_and_order_in_that_of_workers(workers):
    """20,000 items are read one by one; results come in their order for any executor."""
    executor = ThreadPoolExecutor(workers) if workers else None
    tracemalloc.start()
    items = ({"file": number} for number in range(20_000))
    total = sum(map_over(items, weigh, executor))
    assert total == 20_000 * 19_999 // 2
    assert tracemalloc.get_traced_memory()[1] < 1 << 21
    tracemalloc.stop()
    assert list(map_over(range(500), str, executor)) == [str(number) for number in range(500)]


def weigh(item):
    return item["file"]


# Dies once, at the file "once"; dies always at "always"; cannot send its error back at "error".
WORK = """
import os, sys
from pixelwise.executors import open_executor
from pixelwise.sums import map_over

class Local(Exception):
    def __reduce__(self):
        raise TypeError("cannot travel")

def work(item):
    if item == "once" and not os.path.exists("died"):
        open("died", "w").close()
        os._exit(9)
    if item == "always":
        os._exit(9)
    if item == "error":
        raise Local("of item error")
    return item.upper()

if __name__ == "__main__":
    with open_executor(2) as executor:
        for result in map_over(sys.argv[1:], work, executor):
            print(result, flush=True)
"""


def run_workers(folder, *items):
    """(results, stderr) of a script that gives items to two processes."""
    (folder / "work.py").write_text(WORK)
    words = [sys.executable, "work.py", *items]
    done = subprocess.run(
        words, capture_output=True, check=False, text=True, cwd=folder, timeout=120
    )
    return done.stdout.split(), done.stderr


def test_the_files_of_a_killed_worker_are_done_again_alone(tmp_path):
    """The pool is made anew, every result comes in its place, and the loss is said."""
    results, said = run_workers(tmp_path, "a", "once", "b", "c", "d")
    assert results == ["A", "ONCE", "B", "C", "D"]
    assert "a worker was lost" in said


def test_a_file_that_kills_every_worker_is_named(tmp_path):
    """What came before it is done; nothing hangs."""
    results, said = run_workers(tmp_path, "a", "always", "b")
    assert results == ["A"]
    assert "RunError: always: the worker process was killed twice (out of memory?)." in said


def test_an_error_in_a_worker_arrives_at_its_place_with_its_traceback(tmp_path):
    """Also one that cannot be sent: its type and words come as text."""
    results, said = run_workers(tmp_path, "a", "error", "b")
    assert results == ["A"]
    assert "Local: of item error" in said
    assert re.search(r"In the worker:\nTraceback.*\n.*in _work", said)


def test_workers_are_started_and_never_forked(tmp_path):
    """A fork would copy the locks of threads that do not exist in the child."""
    (tmp_path / "start.py").write_text(
        "from pixelwise.processes import new_pool\n"
        "from multiprocessing import get_start_method\n"
        "if __name__ == '__main__':\n"
        "    print(new_pool(1)._mp_context.get_start_method())\n"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "start.py"], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() in {"spawn", "forkserver"}
    assert [node for node in nodes(ast.Attribute) if node.attr == "fork"] == []


@pytest.mark.parametrize(
    "environment",
    [{"LANG": "C", "LC_ALL": "C"}, {"PYTHONHASHSEED": "1"}, {"TZ": "Asia/Tokyo"}],
    ids=["C", "hash", "zone"],
)
def test_the_same_bytes_come_out_in_every_environment(tmp_path, environment):
    """Locale, hash seed and time zone decide nothing, names beyond ASCII included."""
    write_labelme(tmp_path / "source", "café", [shape("größe", [[2, 2], [12, 2], [12, 12]])])
    convert(ConvertConfig(tmp_path / "source", out=tmp_path / "here"))
    words = [*COMMAND, "convert", tmp_path / "source", "--out", tmp_path / "there"]
    done = subprocess.run(
        words, capture_output=True, check=False, env={**os.environ, **environment}
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_a_reader_that_has_gone_is_no_error(tmp_path):
    """`pixelwise convert ... | head -0`: the work is done, exit code 0, nothing on stderr."""
    annotations(tmp_path / "source", 2)
    read, write = os.pipe()
    os.close(read)
    words = [*COMMAND, "convert", tmp_path / "source", "--out", tmp_path / "out"]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out/dataset.toml").is_file()
