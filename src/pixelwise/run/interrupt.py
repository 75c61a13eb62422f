"""Ctrl-C and SIGTERM as a flag that a loop looks at between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM has arrived; like Ctrl-C it passes through every `finally`."""


@contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Make SIGTERM raise Terminated, so that a file that is being written is rolled back.

    Left alone it would end the process at once, and temporary files would stay behind. Only the
    main thread may do this; in another thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(_: int, __: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class Interrupt:
    """Whether the user, or the system, has asked to stop."""

    asked: bool = False


@contextmanager
def catch_interrupt(interrupt: Interrupt) -> Iterator[None]:
    """Turn the first signal into a flag; a second one acts at once, as it always did.

    Only the main thread may do this; in another thread the flag never rises.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_: int, __: FrameType | None) -> None:
        interrupt.asked = True
        restore()

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield
    finally:
        restore()
