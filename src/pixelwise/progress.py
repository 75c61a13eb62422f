"""One line on stderr: how far a folder job is, how fast, and how long it will still take."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from pixelwise.text import in_words

SECONDS_BETWEEN = 0.1


@contextmanager
def progress_line(
    what: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None] | None]:
    """What a folder job calls with (done, all); it keeps one line up to date and removes it.

    Args:
        what: the first words of the line.
        stream: None = stderr.
        clock: seconds that only grow.
    Yields:
        The callable; None unless the stream is a terminal, as nobody would see the line.
    """
    stream = sys.stderr if stream is None else stream
    if not stream.isatty():
        yield None
        return
    line = Line(what, stream, clock)
    try:
        yield line.update
    finally:
        line.show("")


class Line:
    """The line: convert  1,200 of 60,000  2%  812/s  1m12s left"""

    def __init__(self, what: str, stream: TextIO, clock: Callable[[], float]) -> None:
        self.what, self.stream, self.clock = what, stream, clock
        self.started, self.last_shown = clock(), -SECONDS_BETWEEN
        self.done = self.width = 0

    def update(self, done: int, total: int) -> None:
        """So many of all items are done; fewer than before means that a new round has begun."""
        now = self.clock()
        if done < self.done:
            self.started = now
        self.done = done
        if done < total and now - self.last_shown < SECONDS_BETWEEN:
            return
        self.last_shown = now
        rate = done / max(now - self.started, 1e-9)
        left = in_words((total - done) / rate) if rate else "?"
        share = 100 * done // max(total, 1)
        self.show(f"{self.what}  {done:,} of {total:,}  {share}%  {rate:,.0f}/s  {left} left")

    def show(self, text: str) -> None:
        """Write over what was there."""
        self.stream.write("\r" + text.ljust(self.width) + ("" if text else "\r"))
        self.stream.flush()
        self.width = len(text)
