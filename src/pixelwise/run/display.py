"""Progress on stderr: a live bar on a terminal, plain lines elsewhere, the same lines in a file."""

import math
import sys
import time
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pixelwise.text import in_words

SECONDS_BETWEEN_LINES = 30.0


class Display:
    """Shows how far a loop is, how long it will still take, and its latest numbers.

    Args:
        quiet: show nothing (ranks other than the first).
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.lines: list[str] = []
        self.file: Path | None = None
        self.numbers: dict[str, str] = {}
        self.progress: Progress | None = None
        self.start(1.0)

    def start(self, total: float, done: float = 0.0) -> None:
        """Begin a loop of `total` work units, of which an earlier part did `done`."""
        self.total, self.done, self.first = total, done, done
        self.started = self.last_line = time.monotonic()

    def write_to(self, file: Path) -> None:
        """From now on every line is also appended to a file, after those said so far."""
        if not self.quiet:
            self.file = file
            self._append("".join(line + "\n" for line in self.lines))

    def __enter__(self) -> "Display":
        if sys.stderr.isatty() and not self.quiet:
            self.progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[numbers]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self.task = self.progress.add_task("", total=self.total, numbers="")
            self.progress.update(self.task, completed=self.done)
            self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.progress is not None:
            self.progress.stop()

    def line(self, text: str) -> None:
        """One line that stays, on stderr and in the file."""
        if self.quiet:
            return
        if self.progress is not None:
            self.progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=sys.stderr, flush=True)
        self.last_line = time.monotonic()
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
        if self.progress is not None:
            self.progress.update(self.task, completed=self.done, description=what, numbers=shown)
        elif time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES:
            percent = 100 * self.done / self.total
            print(f"{what}  {percent:.0f}%  {shown}  {self.left()}", file=sys.stderr, flush=True)
            self.last_line = time.monotonic()

    def left(self) -> str:
        """Estimated time until the whole loop has ended, in words."""
        done = self.done - self.first
        seconds = time.monotonic() - self.started
        return in_words(seconds / done * (self.total - self.done)) + " left" if done else ""

    def _append(self, text: str) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(text)


def percent(value: float) -> str:
    """A share as a percentage with two digits; "-" for NaN."""
    return "-" if math.isnan(value) else f"{100 * value:.2f}"
