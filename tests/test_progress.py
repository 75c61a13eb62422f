"""The line of progress: what it says, when it is written, and that it goes away."""

import io
import os
import pty
import subprocess
import sys

import pytest

from make import make_dataset
from pixelwise.errors import ArgumentError
from pixelwise.progress import progress_line


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self):
        return True

    def lines(self):
        """What has been on the line, one after the other."""
        return [text.rstrip() for text in self.getvalue().split("\r")[1:]]


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
    first, last, *rest = stream.lines()
    assert first == "convert  1,000 of 60,000  1%  500/s  1m58s left"
    assert last == "convert  60,000 of 60,000  100%  588/s  0s left"
    assert set(rest) == {""}


def test_the_line_is_not_written_more_often_than_one_can_read():
    """Ten times a second, and at the end."""
    stream, clock = Terminal(), Clock()
    with progress_line("score", stream, clock) as progress:
        for done in range(1, 1001):
            clock.now += 0.001
            progress(done, 1000)
    assert len(stream.lines()) < 15
    assert "1,000 of 1,000" in stream.getvalue()


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
    assert "score  5 of 10  50%  5/s  1s left" in stream.lines()


def test_an_error_finds_the_line_removed():
    """The message must not stand behind it."""
    stream = Terminal()

    def fail():
        with progress_line("score", stream) as progress:
            progress(1, 3)
            raise ArgumentError("wrong")

    with pytest.raises(ArgumentError, match="wrong"):
        fail()
    shown, erased, end = stream.getvalue().split("\r")[1:]
    assert (erased, end) == (" " * len(shown), "")


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
    assert "weights  " in shown
    assert " of " in shown
    assert shown.endswith("\r")
