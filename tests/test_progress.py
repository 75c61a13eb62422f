"""The line of progress: what it says, when it is written, and that it goes away."""

import io
import os
import re
import subprocess
import sys

import pytest

from make import make_dataset
from pixelwise.errors import ArgumentError
from pixelwise.progress import progress_line

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self):
        return True

    def text(self):
        """All that has been on it, without the sequences that move the cursor and colour."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


class Clock:
    """Seconds, as they are set."""

    now = 100.0

    def __call__(self):
        return self.now


def test_the_line_says_how_far_how_fast_and_how_long():
    """rate = done / seconds, left = (all - done) / rate."""
    stream, clock = Terminal(), Clock()
    with progress_line("convert", stream, clock) as progress:
        clock.now += 2
        progress(1000, 60_000)
        clock.now += 100
        progress(60_000, 60_000)
    assert "convert" in stream.text()
    assert "60,000 of 60,000 588/s" in stream.text()
    assert "0:00:00" in stream.text()


def test_the_line_is_not_written_more_often_than_one_can_read():
    """A few times a second, and at the end."""
    stream = Terminal()
    with progress_line("score", stream) as progress:
        for done in range(1, 1001):
            progress(done, 1000)
    assert stream.text().count(" of 1,000") < 15
    assert "1,000 of 1,000" in stream.text()


def test_a_second_round_has_its_own_rate():
    """Two predictions are counted one after the other."""
    stream, clock = Terminal(), Clock()
    with progress_line("score", stream, clock) as progress:
        clock.now += 50
        progress(10, 10)
        clock.now += 1
        progress(1, 10)
        clock.now += 1
        progress(5, 10)
    assert "5 of 10 5/s" in stream.text()


def test_an_error_finds_the_line_removed():
    """The message must not stand behind it."""
    stream = Terminal()

    def fail():
        with progress_line("score", stream) as progress:
            progress(1, 3)
            raise ArgumentError("wrong")

    with pytest.raises(ArgumentError, match="wrong"):
        fail()
    assert stream.getvalue().endswith("\x1b[2K")  # the line is erased


def test_nobody_watching_means_no_line():
    """A file, a pipe, a service: nothing is written, not even at the end."""
    stream = io.StringIO()
    with progress_line("convert", stream) as progress:
        assert progress is None
    assert stream.getvalue() == ""


@pytest.mark.parametrize("words", [["weights"], ["weights", "--workers", "2"]])
def test_a_command_shows_it_on_a_terminal_only(tmp_path, words):
    """stderr of a terminal has the line; a pipe has nothing; the result is the same."""
    data = make_dataset(tmp_path / "data")
    command = [sys.executable, "-m", "pixelwise.cli", *words, str(data)]
    quiet = subprocess.run(command, capture_output=True, check=True)
    ours, theirs = pty.openpty()
    seen = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert quiet.stderr == b""
    assert quiet.stdout == seen.stdout
    assert "weights " in shown
    assert " of " in shown
    assert shown.endswith("\x1b[2K")
