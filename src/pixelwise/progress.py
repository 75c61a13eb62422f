"""Progress on stderr: a live bar on a terminal, plain lines elsewhere, the same lines in a file."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pixelwise.files.atomic import append_text
from pixelwise.text import duration

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 30.0
REFRESHES_PER_SECOND = 10


@contextmanager
def progress_line(
    what: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None] | None]:
    """What a folder job calls with (done, all): the bar shows how far and how fast it is.

    Args:
        what: the command, the first word of the line.
        stream: None = stderr.
        clock: seconds that only grow.
    Yields:
        The callable; None unless the stream is a terminal.
    """
    display = Display(stream=stream, clock=clock)
    if not display.is_live:
        yield None
        return

    def update(done: int, total: int) -> None:
        if done < display.done:  # a second round has begun, with a rate of its own
            display.start(total)
        display.total = total
        rate = done / max(clock() - display.started, 1e-9)
        count = f"{done:,} of {total:,}"
        display.numbers = {count: f"{rate:,.0f}/s"}
        display.advance(what, done - display.done)

    with display:
        yield update


class Display:
    """Shows how far a loop is, how long it will still take, and its latest numbers.

    Args:
        quiet: show nothing (ranks other than the first).
        stream: None = stderr.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quiet, self.clock = quiet, clock
        self.stream = sys.stderr if stream is None else stream
        self.lines: list[str] = []
        self.file: Path | None = None
        self.numbers: dict[str, str] = {}
        self.bar: Progress | None = None
        self.start(1.0)

    @property
    def is_live(self) -> bool:
        """Whether the output is a terminal."""
        return self.stream.isatty() and not self.quiet

    def start(self, total: float, done: float = 0.0) -> None:
        """Begin a loop of `total` work units, of which an earlier part did `done`."""
        self.total, self.done, self.first = total, done, done
        self.started = self.last_line = self.clock()
        if self.bar is not None:
            self.bar.reset(self.task, total=total, completed=int(done))

    def write_to(self, file: Path) -> None:
        """From now on every line is also appended to a file, after those said so far.

        Raises:
            RunError: the file cannot be written.
        """
        if not self.quiet:
            self.file = file
            self._append("".join(line + "\n" for line in self.lines))

    def __enter__(self) -> "Display":
        if self.is_live:
            self.bar = _new_bar(self.stream, self.clock)
            self.task = self.bar.add_task("", total=self.total, numbers="")
            self.bar.update(self.task, completed=self.done)
            self.bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def line(self, text: str) -> None:
        """One line that stays, on the stream and in the file."""
        if self.quiet:
            return
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            # one write, which a process that ends at once cannot cut in two
            print(f"{text}\n", end="", file=self.stream, flush=True)
        self.last_line = self.clock()
        self.lines.append(text)
        if self.file is not None:
            self._append(text + "\n")

    def advance(self, what: str, units: float, **numbers: str) -> None:
        """Some units of work are done; `numbers` are shown until they are replaced."""
        self.done += units
        self.numbers.update(numbers)
        if self.quiet:
            return
        shown = "  ".join(f"{name} {value}" for name, value in self.numbers.items())
        if self.bar is not None:
            self.bar.update(
                self.task,
                total=self.total,
                completed=self.done,
                description=what,
                numbers=shown,
            )
        elif self.clock() - self.last_line > SECONDS_BETWEEN_LINES:
            percent = 100 * self.done / self.total
            print(f"{what}  {percent:.0f}%  {shown}  {self.left()}", file=self.stream, flush=True)
            self.last_line = self.clock()

    def left(self) -> str:
        """Estimated time until the whole loop has ended, in words."""
        done = self.done - self.first
        seconds = self.clock() - self.started
        return duration(seconds / done * (self.total - self.done)) + " left" if done else ""

    def _append(self, text: str) -> None:
        if self.file is not None:
            append_text(self.file, text)


def _new_bar(stream: TextIO, clock: Callable[[], float]) -> Any:
    """A bar of rich, which is imported only on a terminal: it takes 50 ms."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[numbers]}", markup=False),
        TimeRemainingColumn(),
        console=Console(file=stream),
        get_time=clock,
        refresh_per_second=REFRESHES_PER_SECOND,
        transient=True,
    )
