"""Ranks: processes of this machine that train together, started and watched by the one called.

The process that was called is not a rank. It never waits in a collective, so whatever becomes of a
rank, it ends the others and raises the one cause: the error of a rank, or the signal that killed
it. What the others say of a lost connection is left out.

    the process that was called        a rank
    stdin    job, then signals   ──►   a thread notes them; the end means that nobody is waiting
    stdout             messages  ◄──   what a rank prints goes to stderr
"""

import json
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import active_children
from queue import Empty, Queue
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any, NoReturn, TypeVar

import torch
from torch import distributed

from pixelwise.errors import PixelwiseError, RunError, setting
from pixelwise.interrupt import Interrupt, catch_interrupt
from pixelwise.processes import hold_signals, ignore_signals
from pixelwise.sums import to_send

Result = TypeVar("Result")
# No rank waits longer for another one, whatever it hangs in.
LONGEST_WAIT = timedelta(minutes=30)
# Seconds: between two looks at the ranks; for the last words of one that has ended; for the others
# to end by themselves after an error, such as when the first is writing a checkpoint; to leave.
LOOK, LAST_WORDS, GRACE, LEAVE = 0.05, 0.3, 3.0, 2.0
CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from pixelwise.ranks.ranks import be_rank; be_rank()"
)


@dataclass(frozen=True)
class Message:
    """What a rank says: that signals may wait until it looks (neither), or how it has ended.

    Attributes:
        result: of the function, in a tuple.
        error: what it raised.
        clock: seconds, the same clock in all processes.
    """

    result: tuple[Any] | None = None
    error: BaseException | None = None
    clock: float = 0.0

    @property
    def is_end(self) -> bool:
        """Whether it is the last one of its rank."""
        return self.result is not None or self.error is not None

    @property
    def is_failure(self) -> bool:
        """Whether the others cannot go on. One that was asked to stop has not failed."""
        return self.error is not None and not isinstance(self.error, KeyboardInterrupt)


@dataclass
class _Parent:
    """In a rank, the process that was called.

    Attributes:
        messages: where it listens; None in a process that is not a rank of ours.
        interrupt: where signals that it has got are noted.
    """

    messages: Any = None
    interrupt: Interrupt = field(default_factory=Interrupt)

    def send(self, message: Message) -> None:
        """Say something to it, if it still listens."""
        with suppress(OSError):
            pickle.dump(message, self.messages)
            self.messages.flush()


_parent = _Parent()


def is_rank() -> bool:
    """Whether this process is a rank: started here, or by another launcher such as torchrun."""
    return "LOCAL_RANK" in os.environ


@contextmanager
def note_signals(interrupt: Interrupt) -> Iterator[None]:
    """Note the first Ctrl-C or SIGTERM; in a rank, the one that reached the process called."""
    if _parent.messages is None:
        with catch_interrupt(interrupt):
            yield
        return
    _parent.interrupt = interrupt
    _parent.send(Message())
    yield


def run_on_ranks(
    function: Callable[..., Result], number: int, device: str, *arguments: object
) -> Result:
    """Call a function on several ranks.

    Args:
        function: found by its name in its module. It leaves signals to note_signals().
        number: of ranks, >= 2.
        device: "cpu" or "cuda"; a rank has the GPU of its number.
        arguments: of the function.
    Returns:
        What the function returns on the first rank.
    Raises:
        Whatever it raises on one rank; the earliest, but an error of ours before all others.
        RunError: a rank was killed.
        KeyboardInterrupt: at once before note_signals(), then as the function does; at once again
            for the second signal.
    """
    store = distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    messages: Queue[tuple[int, Message]] = Queue()
    ranks: list[Popen] = []
    try:
        with hold_signals():
            for rank in range(number):
                ranks.append(_start(rank))
        for rank, process in enumerate(ranks):
            threading.Thread(target=_read, args=(rank, process, messages), daemon=True).start()
            with suppress(BrokenPipeError):  # its death is noticed below
                job = (function, arguments, rank, number, device, store.port)
                pickle.dump(job, process.stdin)  # type: ignore[arg-type]
                process.stdin.flush()  # type: ignore[union-attr]
        ended = _watch(ranks, messages)
    finally:
        _end(ranks)
    failed = [message for message in ended.values() if message.error is not None]
    ours = [m for m in failed if isinstance(m.error, PixelwiseError) and m.clock]
    if failed:
        raise min(ours or failed, key=lambda message: message.clock).error  # type: ignore[misc]
    return ended[0].result[0]  # type: ignore[index]


def _start(rank: int) -> Popen:
    quiet = {"TORCH_CPP_LOG_LEVEL": "FATAL"}  # what it says of a lost connection is not the cause
    own = {"LOCAL_RANK": str(rank)}
    loop = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    return Popen(
        [sys.executable, "-c", CODE, json.dumps([str(path) for path in sys.path])],
        stdin=PIPE,
        stdout=PIPE,
        env={**quiet, **loop, **os.environ, **own},
    )


def _read(rank: int, process: Popen, messages: Queue) -> None:
    """Pass on what a rank says, in a thread of its own."""
    with suppress(Exception), process.stdout as stream:  # type: ignore[union-attr]
        while True:
            messages.put((rank, pickle.load(stream)))


def _watch(ranks: list[Popen], messages: Queue) -> dict[int, Message]:
    """How the ranks have ended: all of them, or those that did soon after the first error."""
    ended: dict[int, Message] = {}
    gone: dict[int, float] = {}
    interrupt, is_told, deadline = Interrupt(), False, None
    with ExitStack() as noting:
        while len(ended) < len(ranks):
            now = time.monotonic()
            with suppress(Empty):
                rank, message = messages.get(timeout=LOOK)
                if message.is_end:
                    ended[rank] = message
                elif rank == 0:
                    noting.enter_context(catch_interrupt(interrupt))
            for rank, process in enumerate(ranks):
                if rank not in ended and process.poll() is not None:
                    since = gone.setdefault(rank, now)
                    if now > since + LAST_WORDS:
                        ended[rank] = Message(error=_death(process.returncode, len(ranks)))
            if interrupt.asked and not is_told:
                is_told = True
                _tell(ranks, interrupt.asked)
            if deadline is None and any(message.is_failure for message in ended.values()):
                deadline = now + GRACE
            if deadline is not None and now > deadline:
                break
    return ended


def _death(code: int, number: int) -> RunError:
    """The error of a rank that has ended without a word."""
    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with code {code}"
    ways = f"{setting('workers', 0)} or a smaller {setting('batch')}"
    return RunError(
        "train",
        event=f"one of the {number} processes that train together {how}",
        hint=f"Often memory ran out: try {ways}.",
    )


def _tell(ranks: list[Popen], number: int) -> None:
    for process in ranks:
        with suppress(OSError):
            process.stdin.write(bytes([number]))  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]


def _end(ranks: list[Popen]) -> None:
    """Let the ranks leave, and kill those that do not."""
    try:
        for process in ranks:
            with suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
        deadline = time.monotonic() + LEAVE
        for process in ranks:
            with suppress(TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
    finally:
        for process in ranks:
            process.kill()
            process.wait()


def be_rank() -> NoReturn:
    """What a process does that run_on_ranks has started."""
    ignore_signals()
    commands = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    _parent.messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with os.fdopen(commands, "rb", closefd=False) as stream:
        function, arguments, rank, number, device, port = pickle.load(stream)
    listener = threading.Thread(target=_listen, args=(commands, _parent), daemon=True)
    listener.start()
    if rank:
        warnings.simplefilter("ignore")  # the first says them
    try:
        _join_group(rank, number, device, port)
        end = Message(result=(function(*arguments),))
    except BaseException as error:
        end = Message(error=to_send(error), clock=time.monotonic())
    _parent.send(end)
    if end.error is None:
        listener.join()  # the others may still need the connection
    _leave()


def _join_group(rank: int, number: int, device: str, port: int) -> None:
    store = distributed.TCPStore("127.0.0.1", port, is_master=False, timeout=LONGEST_WAIT)
    on_gpu = device == "cuda"
    if on_gpu:
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        "nccl" if on_gpu else "gloo",
        store=store,
        rank=rank,
        world_size=number,
        timeout=LONGEST_WAIT,
        device_id=torch.device("cuda", rank) if on_gpu else None,
    )


def _listen(commands: int, parent: _Parent) -> None:
    """Note signals. No lock of Python is held while it waits: a fork would copy it."""
    while number := os.read(commands, 1):
        parent.interrupt.asked = number[0]
    _leave()


def _leave() -> NoReturn:
    """End at once: what Python does at its end waits for threads and for other ranks."""
    for child in active_children():
        child.kill()
    os._exit(0)
