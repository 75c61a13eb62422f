"""The n-th access to a disk fails: what a command says, what it leaves, and what comes after it."""

import builtins
import errno
import hashlib
import io
import os
import re
import shutil
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from convert.annotations import SQUARE, shape, write_labelme
from fuzz.attempts import is_temporary
from fuzz.run_readers import trained
from make import make_dataset
from pixelwise.cli import main
from pixelwise.files import results
from pixelwise.prediction import predict

READING, WRITING = "reading", "writing"
ERRORS = {
    READING: (errno.EACCES, errno.EIO),
    WRITING: (errno.ENOSPC, errno.EACCES, errno.EIO),
}
# events of sys.audit: https://docs.python.org/3/library/audit_events.html
_READS = {"os.scandir", "os.listdir"}
_WRITES = {"os.rename", "os.mkdir", "os.link"}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


@dataclass
class Faults:
    """The `number`-th access of a kind to something below a folder fails."""

    folder: str
    kind: str
    number: int
    code: int
    seen: int = 0

    def count(self, kind):
        """Raise if it is the one; it is counted in any case."""
        if kind == self.kind:
            self.seen += 1
            if self.seen == self.number:
                raise OSError(self.code, os.strerror(self.code))

    @property
    def happened(self):
        return self.seen >= self.number


active: list[Faults] = []


def _watch(event, given):
    if not active or not given or not isinstance(given[0], str | bytes | os.PathLike):
        return
    fault = active[0]
    if not os.fsdecode(given[0]).startswith(fault.folder):
        return
    if event == "open":
        fault.count(WRITING if (given[2] or 0) & _WRITE_FLAGS else READING)
    elif event in _READS | _WRITES:
        fault.count(READING if event in _READS else WRITING)


_hooked: list[bool] = []


@contextmanager
def failing(fault):
    """Make it happen in this process; an audit hook stays for ever, so there is one."""
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked.append(True)
    fsync, opened = os.fsync, io.open

    def faulty_fsync(descriptor):
        fault.count(WRITING)
        fsync(descriptor)

    def faulty_open(file, mode="r", *given, **named):
        found = opened(file, mode, *given, **named)
        inside = isinstance(file, str | os.PathLike) and os.fspath(file).startswith(fault.folder)
        return _Writer(found, fault) if inside and set(mode) & set("awx") else found

    opens = patch.object(builtins, "open", faulty_open), patch.object(io, "open", faulty_open)
    with opens[0], opens[1], patch.object(os, "fsync", faulty_fsync):
        active.append(fault)
        try:
            yield
        finally:
            active.clear()


class _Writer:
    """A file whose writes are counted."""

    def __init__(self, file, fault):
        self.file, self.fault = file, fault

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        self.fault.count(WRITING)
        return self.file.write(data)


class Then(datetime):
    """A clock that stands still, so that the same command writes the same bytes."""

    @classmethod
    def now(cls, tz=None):
        del tz
        return datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Command:
    """A command, what it needs, and what it writes below the folder "out"."""

    name: str
    words: tuple[str, ...]
    make: object

    def run(self, folder):
        """(exit code, lines on stderr)"""
        said = io.StringIO()
        words = [word.replace("@", f"{folder}/") for word in self.words]
        clock = patch.object(results, "datetime", Then), patch.object(predict, "datetime", Then)
        with clock[0], clock[1], redirect_stderr(said), redirect_stdout(io.StringIO()):
            code = main(words)
        return code, said.getvalue().splitlines()


def with_source(folder):
    for name in ("a", "b"):
        write_labelme(folder / "source", name, [shape("cat", SQUARE)])
    (folder / "out").mkdir()


def with_data(folder):
    make_dataset(folder / "out", 1, 1, size=(21, 31))


def with_findings(folder):
    data = make_dataset(folder / "data", 1, 1, size=(21, 31))
    label = next((data / "train/labels").glob("*.png"))
    label.write_bytes(label.read_bytes())
    (folder / "out").mkdir()


def with_run(folder):
    shutil.copytree(trained() / "run", folder / "run")
    shutil.copytree(trained() / "data/val/images", folder / "images")
    (folder / "out").mkdir()


def without_toml(folder):
    with_data(folder)
    (folder / "out/dataset.toml").unlink()


def with_predictions(folder):
    data = make_dataset(folder / "data", 1, 1, size=(21, 31))
    shutil.copytree(data / "val/labels", folder / "out")


def with_score(folder):
    with_predictions(folder)
    code, said = COMMANDS[4].run(folder)
    assert code == 0, said


COMMANDS = (
    Command("init", ("init", "@out"), without_toml),
    Command("audit", ("audit", "@out", "--write-baseline", "@out/b.json"), with_data),
    Command("audit --fix", ("audit", "@data", "--fix", "@out/fixed"), with_findings),
    Command("weights", ("weights", "@out", "--method", "enet", "--out", "@out/w.json"), with_data),
    Command("score", ("score", "@out", "--data", "@data"), with_predictions),
    Command("report", ("report", "@out"), with_score),
    Command("predict", ("predict", "@run", "--images", "@images", "--out", "@out/p"), with_run),
    Command("convert", ("convert", "@source", "--out", "@out/made", "--workers", "0"), with_source),
)


def sweep(command, folder, kind, step=1, every_error=False):
    """(faults survived, what was wrong with the others) of every step-th access of a kind."""
    intact = folder / "intact"
    intact.mkdir()
    command.make(intact)
    place = folder / "place"
    reference, (code, said) = fresh(command, intact, place, None)
    assert code in (0, 1), said
    number, survived, wrong = 1 - step, 0, []
    while True:
        number += step
        codes = ERRORS[kind]
        for code in codes if every_error else (codes[number % len(codes)],):
            fault = Faults(f"{place}/", kind, number, code)
            problem = fault_at(command, intact, place, fault, reference)
            if not fault.happened:
                return survived, wrong
            survived += not problem
            wrong += [f"{command.name}, {kind} {number}, {os.strerror(code)}: {p}" for p in problem]


def fresh(command, intact, place, fault):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(intact, place)
    with failing(fault or Faults(f"{place}/", "", 1, 0)):
        code, said = command.run(place)
    return contents(place), (code, said)


def fault_at(command, intact, place, fault, reference):
    """What is wrong after one fault."""
    problems = []
    before = contents(intact)
    try:
        after, (code, said) = fresh(command, intact, place, fault)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    if not fault.happened:
        return []
    if code not in (0, 1, 2):
        problems.append(f"exit code {code}")
    if code == 2 and len([line for line in said if line.startswith("pixelwise: ")]) != 1:
        problems.append(f"said {said}")
    left = [name for name in after if is_temporary(name) and not KEPT.search(name)]
    if left:
        problems.append(f"left {left}")
    damaged = [
        name
        for name, digest in after.items()
        if digest not in (before.get(name), reference.get(name))
        and not name.endswith(LOGS)
        and not says(place / name, fault.code)
    ]
    told = code == 1 or any(os.strerror(fault.code) in line for line in said)
    if damaged and not told:
        problems.append(f"damaged {damaged}")
    lost = [name for name in before if name not in after]
    if lost:
        problems.append(f"lost {lost}")
    if code == 2:
        code, said = command.run(place)
        now = contents(place)
        if now != reference and not (code == 2 and after == reference):
            different = sorted(k for k in {*now, *reference} if now.get(k) != reference.get(k))
            problems.append(f"the command after it: {code} {said[-1:]} {different[:3]}")
    return problems


def says(file, code):
    """Whether a file that was made without what could not be read says so."""
    return os.strerror(code).encode() in file.read_bytes()


# files that grow by lines while a command runs
LOGS = ("convert.jsonl", "unfinished.jsonl")
# what an interrupted predict has done, until the same command has done the rest
KEPT = re.compile(r"/\.\w+\.part/")


def contents(folder):
    """Digest of every file below a folder."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
