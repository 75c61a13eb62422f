"""Give damaged files to a reader, and say what it does that no reader may do.

It gives a result or a PixelwiseError of one line. It does not raise anything else, take more memory
than one file may take, take forever, leave files behind, or contradict another reader.
"""

import io
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from fuzz.mutate import mutate
from pixelwise.errors import PixelwiseError
from pixelwise.files.content import VARIABLE

BUDGET_GIB = 1 / 16
# what Python and the libraries need on top of it, copies of a sample in another type included
MOST_BYTES = int(3 * BUDGET_GIB * (1 << 30))
MOST_SECONDS = 30
# damaged files for each reader in the test suite: 2,000 in all
INPUTS = 36
SEPARATOR = ":"


class TooSlow(BaseException):
    """No handler of a reader catches it."""


@contextmanager
def workplace(reader):
    """A folder with what the reader needs, and its intact file."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(BUDGET_GIB)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        reader.make(folder)
        yield folder, (folder / reader.file).read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(VARIABLE)
        os.environ.update({VARIABLE: before} if before else {})


def failures(reader, numbers):
    """(what to set FUZZ_SEED to, what was wrong) of every input that a reader fails on."""
    with workplace(reader) as (folder, intact):
        reader.read(folder)  # an intact file must be read
        clean(folder)
        for number in numbers:
            seed = f"{reader.name}{SEPARATOR}{number}"
            (folder / reader.file).write_bytes(damaged(intact, reader, seed))
            wrong = attempt(reader, folder)
            if wrong:
                yield seed, wrong
            clean(folder)


def damaged(intact, reader, seed):
    return mutate(intact, reader.kind, random.Random(seed))


def attempt(reader, folder):
    """What is wrong with how a reader takes the file; "" if nothing is."""
    before, peak = set(files_of(folder)), peak_memory()
    wrong = ""
    try:
        silent = redirect_stderr(io.StringIO())
        with at_most(MOST_SECONDS), silent, warnings.catch_warnings(action="error"):
            reader.read(folder)
    except PixelwiseError as error:
        text = str(error)
        if len(text.splitlines()) != 1 or len(text) > 20_000:
            lines = len(text.splitlines())
            wrong = f"a message of {lines} lines, {len(text)} characters: {text[:200]!r}"
    except TooSlow:
        wrong = f"more than {MOST_SECONDS} seconds\n{traceback.format_exc(limit=-4)}"
    except Exception as error:
        wrong = f"{type(error).__name__}: {str(error)[:200]}\n{traceback.format_exc(limit=-6)}"
    left = [f for f in files_of(folder) if f not in before and is_temporary(f)]
    if left:
        wrong += f" left behind: {left}"
    if peak_memory() - peak > MOST_BYTES:
        wrong += f" took {(peak_memory() - peak) >> 20} MiB"
    return wrong


def files_of(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*")]


def is_temporary(name):
    return any(part.startswith(".") for part in Path(name).parts)


def clean(folder):
    shutil.rmtree(folder / "out", ignore_errors=True)


def peak_memory():
    """Bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


@contextmanager
def at_most(seconds):
    """Raise TooSlow after a time, where the system can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
