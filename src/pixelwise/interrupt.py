"""Ctrl-C and SIGTERM as a number that a loop looks at between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


_raised: list[int] = []  # signals that have raised an exception and have not ended their command


class Terminated(KeyboardInterrupt):
    """SIGTERM has arrived; like Ctrl-C it passes through every `finally`."""


@contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Make SIGTERM raise Terminated, so that a file that is being written is rolled back.

    Left alone it would end the process at once, and temporary files would stay behind. What it
    raises may be lost, as may KeyboardInterrupt: Python ignores it in a destructor. It is noted, so
    that catch_interrupt finds it. Only the main thread may do this; in another thread nothing
    changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        _raised.append(number)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in SIGNALS}
    if before[signal.SIGINT] is not signal.default_int_handler:
        del before[signal.SIGINT]  # somebody else's wish
    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _raised.clear()


@dataclass
class Interrupt:
    """Whether the user, or the system, has asked to stop: the signal's number, and 0 before it."""

    asked: int = 0


@contextmanager
def catch_interrupt(interrupt: Interrupt) -> Iterator[None]:
    """Note the first signal; a second one acts at once, as it always did.

    Only the main thread may do this; in another thread no signal is noted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, _: FrameType | None) -> None:
        interrupt.asked = number
        restore()

    for number in SIGNALS:
        signal.signal(number, ask)
    interrupt.asked = next(iter(_raised), interrupt.asked)
    try:
        yield
    finally:
        restore()
