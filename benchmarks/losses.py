"""CE + Dice, forward and backward: time, distance to the floor, extra memory, growth."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterable

import torch

from benchmarks import measure, peers

SHAPES = {(4, 19, 512, 512): 5, (2, 150, 512, 512): 3, (8, 2, 512, 512): 9}  # rounds
SMALL, SMALL_ROUNDS, SMALL_STEPS = (1, 2, 64, 64), 15, 20
START = "--start"  # what a process of its own is asked to do


def rows_of(shape: tuple[int, ...], names: list[str], scale: int = 1) -> dict:
    """One callable per peer on its own copy of the same input."""
    rows = {}
    for name in names:
        logits, target = peers.draw(shape, scale, ours=name == "pixelwise")
        loss = peers.make(name, upsample=scale > 1)
        rows[name] = lambda loss=loss, x=logits, y=target: peers.step(loss, x, y)
    return rows


def floor_of(shape: tuple[int, ...]) -> Callable[[], object]:
    """Two torch.exp passes over the logits into memory that is already there."""
    logits, _ = peers.draw(shape)
    x = logits.detach()
    out = torch.empty_like(x)
    return lambda: (torch.exp(x, out=out), torch.exp(x, out=out))


def measured_for_memory(shape: tuple[int, ...], shapes: Iterable) -> list[str]:
    """Peers' memory once in a table of shapes, since it takes a process each; ours always."""
    return list(peers.PEERS) if shape == next(iter(shapes)) else ["pixelwise"]


def speed(shape: tuple[int, ...], rounds: int) -> str:
    rows = rows_of(shape, list(peers.PEERS)) | {"two exp passes (floor)": floor_of(shape)}
    seconds = measure.interleaved(rows, rounds)
    logits_bytes = 4 * torch.Size(shape).numel()
    lines = []
    for name, values in seconds.items():
        extra = None
        if name in measured_for_memory(shape, SHAPES):
            extra = measure.in_own_process("benchmarks.losses", name, "1", *map(str, shape))
        memory = "" if extra is None else f"{extra / logits_bytes:.2f} × logits"
        times = f"{measure.ratio(seconds, name):.2f} ×"
        lines.append([name, measure.milliseconds(measure.median(values)), times, memory])
    head = [f"{shape}", "median", "time / pixelwise", "extra memory"]
    return measure.table(head, lines) + "\n"


def small() -> str:
    """The time of the calling thread, in which a small step is nothing but overhead."""
    steps = {
        name: lambda run=run: [run() for _ in range(SMALL_STEPS)]
        for name, run in rows_of(SMALL, ["pixelwise", "torch eager"]).items()
    }
    seconds = measure.interleaved(steps, SMALL_ROUNDS, 2, time.thread_time)
    lines = []
    for name, values in seconds.items():
        median = f"{1e3 * measure.median(values) / SMALL_STEPS:.2f} ms"
        lines.append([name, median, f"{measure.ratio(seconds, name):.2f} ×"])
    head = [f"{SMALL}, CPU time of the thread", "median", "time / pixelwise"]
    return measure.table(head, lines) + "\n"


def starts() -> str:
    """The first step of a process, torch being imported: with an empty cache, and with a full one.

    Compiling is the difference between the two.
    """
    with tempfile.TemporaryDirectory() as folder:
        times = [
            measure.in_own_process("benchmarks.losses", START, NUMBA_CACHE_DIR=folder)
            for _ in range(4)
        ]
    if None in times:
        return "The first step of a process failed.\n"
    first, *later = [time / 1e3 for time in times if time is not None]
    cached = measure.median(later)
    lines = [["compiled", f"{first - cached:.1f} s"], ["cached", f"{cached:.2f} s"]]
    return measure.table(["first step of CE + Dice in a process", "time"], lines) + "\n"


def first_step() -> int:
    """Milliseconds until the gradient is there."""
    logits, target = peers.draw((1, 19, 64, 64))
    start = time.perf_counter()
    peers.step(peers.make("pixelwise"), logits, target)
    return round(1e3 * (time.perf_counter() - start))


def growth() -> str:
    """How the cost of one step grows with pixels, classes and threads."""
    shapes = [(1, 19, s, s) for s in (256, 512, 1024)] + [(1, c, 512, 512) for c in (2, 50, 150)]
    lines = []
    threads = torch.get_num_threads()
    for shape in shapes:
        cells = [str(shape)]
        for count in (1, threads):
            torch.set_num_threads(count)
            rows = rows_of(shape, ["pixelwise"])
            value = measure.median(measure.interleaved(rows, 7)["pixelwise"])
            cells += [measure.milliseconds(value)]
        cells.append(f"{1e9 * value / torch.Size(shape).numel():.2f} ns")
        lines.append(cells)
    torch.set_num_threads(threads)
    return measure.table(["shape", "1 thread", f"{threads} threads", "per logit"], lines) + "\n"


def report() -> str:
    parts = [speed(shape, rounds) for shape, rounds in SHAPES.items()]
    return "## CE + Dice, forward + backward, float32\n\n" + "\n".join(
        [*parts, small(), growth(), starts()]
    )


def extra_memory(name: str, scale: int, shape: tuple[int, ...]) -> int:
    """Bytes beyond logits and target at the peak of one step, the gradient included."""
    loss = peers.make(name, upsample=scale > 1)
    small = peers.draw((1, shape[1], 32, 32), scale, ours=name == "pixelwise")
    peers.step(loss, *small)  # imports, pools and compiled code are not the step's memory
    logits, target = peers.draw(shape, scale, ours=name == "pixelwise")
    if name == "torch.compile":
        peers.step(loss, logits, target)  # compiles for this shape
        logits.grad = None
    return measure.peak_growth(lambda: peers.step(loss, logits, target))


if __name__ == "__main__":
    if sys.argv[1:] == [START]:
        print(first_step())
    elif len(sys.argv) > 1:
        numbers = [int(a) for a in sys.argv[2:]]
        print(extra_memory(sys.argv[1], numbers[0], tuple(numbers[1:])))
    else:
        print(report())
