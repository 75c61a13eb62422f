"""CE + Dice and prediction on a GPU, the most decisive rows first, within some minutes.

    python -m benchmarks.gpu [--minutes 4] [--out FOLDER]

writes gpu.md (one table) and gpu.csv into FOLDER, after every row anew. Where the folder is that of
the benchmarks, the table is in RESULTS.md as well. A row that fails says so, and the next follows.
"""

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import torch
import torch.nn.functional as F

import pixelwise as pw
from benchmarks import measure, peers
from benchmarks.gpu_rows import Row, Task, guarded, measured, write
from benchmarks.gpu_static import into_results
from benchmarks.gpu_works import LAYOUTS, SHAPES, Work
from benchmarks.summary import RESULTS
from pixelwise.ops.spec import Upsample

HEADING = "## On a GPU"
HERE = RESULTS.parent
DEVICE = "cuda"
AHEAD = 6_000_000  # cycles, about 3 ms
FLUSHED = 2**28  # bytes, several times the L2
TARGETS = """
Targets: dense, C = 19 float32: ≥ 80 % of the copy bandwidth by the bytes that must move (logits
read twice, gradient written once, target read twice), ≥ 1.5 × torch.compile, extra memory ≤ 1.1 ×
logits. ×4: ≥ 7 × torch.compile, extra memory ≤ 0.15 × the full-resolution logits. Prediction
×4: ≥ 9 × interpolate + argmax. Kernels of a step: ≤ 8. Extra memory is in full-resolution logits,
the gradient included. Device times are medians of events with the host ahead and the L2
overwritten before; wall times are of steps one after the other with one wait at the end.
"""


def step_of(*works: tuple[int, str, str, int]) -> list[Work]:
    return [Work("step", *work) for work in works]


VALUES = [
    Work("step", classes, dtype, layout, scale)
    for classes in (19, 150, 2, 1)
    for dtype in ("float32", "bfloat16")
    for layout in LAYOUTS
    for scale in (1, 4)
    if classes > 1 or layout == "contiguous"
]
STEPS = step_of(
    (19, "float32", "contiguous", 1), (19, "float32", "contiguous", 4),
    (150, "float32", "contiguous", 1), (150, "float32", "contiguous", 4),
    (2, "float32", "contiguous", 1), (2, "float32", "contiguous", 4),
    (19, "bfloat16", "contiguous", 1), (19, "bfloat16", "channels_last", 1),
    (19, "float32", "channels_last", 1), (150, "bfloat16", "channels_last", 1),
    (1, "float32", "contiguous", 1), (1, "float32", "contiguous", 4),
    (19, "bfloat16", "channels_last", 4),
)  # fmt: skip
BESIDE = step_of(
    (19, "float32", "contiguous", 1), (150, "float32", "contiguous", 4),
    (19, "float32", "contiguous", 4), (19, "bfloat16", "contiguous", 1),
    (2, "float32", "contiguous", 1),
)  # fmt: skip
COMPILED = BESIDE[:3]
SMALL = (4, 19, 128, 128)


def draw(work: Work, shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits at 1/scale of `shape` and a blocky uint8 target of `shape` with a void band."""
    n, c, height, width = shape
    generator = torch.Generator(DEVICE).manual_seed(0)
    low = n, c, height // work.scale, width // work.scale
    logits = 3 * torch.randn(low, generator=generator, device=DEVICE)
    logits = logits.to(getattr(torch, work.dtype)).contiguous(memory_format=LAYOUTS[work.layout])
    blocks = n, height // 16, width // 16
    coarse = torch.randint(0, max(c, 2), blocks, generator=generator, device=DEVICE)
    target = coarse.repeat_interleave(16, 1).repeat_interleave(16, 2)
    target[:, : height // 12] = peers.IGNORE
    return logits.requires_grad_(), target.to(torch.uint8)


def ours(work: Work, backend: str = "auto") -> peers.Loss:
    upsample: Upsample = "bilinear" if work.scale > 1 else None
    text = "ce+dice" if work.classes > 1 else "bce+dice"
    return pw.criterion(
        text, num_classes=work.classes, upsample=upsample, backend=backend  # type: ignore[arg-type]
    ).to(DEVICE)  # fmt: skip


@cache
def scratch() -> torch.Tensor:
    return torch.empty(FLUSHED, dtype=torch.uint8, device=DEVICE)


def device_ms(run: Callable[[], object], repeats: int = 9, warm: int = 2) -> float:
    """Median time between two events, the host ahead, the L2 overwritten before."""
    times = []
    for repeat in range(warm + repeats):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        scratch().fill_(repeat)
        torch.cuda._sleep(AHEAD)
        begin.record()
        run()
        end.record()
        end.synchronize()
        if repeat >= warm:
            times.append(begin.elapsed_time(end))
    return statistics.median(times)


def wall_ms(run: Callable[[], object], repeats: int = 20, warm: int = 3) -> float:
    """Time of one of several runs in a row, as a training loop sees it."""
    for _ in range(warm):
        run()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start) / repeats


def peak(run: Callable[[], object]) -> int:
    """Bytes of the allocator beyond what is held before, at the peak of one call."""
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


@cache
def copy_bandwidth() -> float:
    """Bytes per millisecond, read and written, of copying 1 GiB."""
    source = torch.empty(2**30, dtype=torch.uint8, device=DEVICE)
    there = torch.empty_like(source)
    return 2 * source.numel() / device_ms(lambda: there.copy_(source))


def kernels_of(run: Callable[[], object]) -> list[tuple[str, float]]:
    """Name and microseconds of every kernel of one call, fills and copies too."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        run()
        torch.cuda.synchronize()
    events = profile.events() or []
    return [
        (event.name, float(event.device_time_total))
        for event in events
        if event.device_type == torch.autograd.DeviceType.CUDA
    ]


def times_of(run: Callable[[], object], work: Work, leaf: torch.Tensor | None) -> dict[str, float]:
    """Device and wall time, and memory in full-resolution logits."""
    numbers = {"device ms": device_ms(run), "wall ms": wall_ms(run)}
    if leaf is not None:
        leaf.grad = None
    numbers["extra memory"] = peak(run) / (work.item_size * work.logits)
    return numbers


def values_row(work: Work) -> Iterator[Row]:
    """Loss and gradient of a small batch beside the definition in float64."""
    shape = (2, work.classes, 64, 96)
    logits, target = draw(work, shape)
    loss = ours(work)(logits, target)
    loss.backward()
    exact = logits.detach().double().contiguous().requires_grad_()
    expected = ours(work, "torch")(exact, target)
    expected.backward()
    assert logits.grad is not None
    assert exact.grad is not None
    error = float((logits.grad.double() - exact.grad).norm() / exact.grad.norm())
    limit = 1e-4 if work.dtype == "float32" else 1e-2
    loss_error = float((loss.double() - expected).detach().abs())
    right = error < limit and loss_error < 1e-4
    yield {"error of loss": loss_error, "error of gradient": error,
           "note": "" if right else "WRONG"}  # fmt: skip


def all_values() -> Iterator[Row]:
    """Every variant; compiled in threads, which Triton allows for the most part."""
    with ThreadPoolExecutor(12) as pool:
        results = pool.map(lambda work: guarded(partial(values_row, work)), VALUES)
        for work, rows in zip(VALUES, results):
            yield from ({"row": work.in_words(), **row} for row in rows)


def step_rows(work: Work) -> Iterator[Row]:
    """A whole step of ours, and its kernels."""
    logits, target = draw(work, SHAPES[work.classes])
    run = partial(peers.step, ours(work), logits, target)
    numbers = times_of(run, work, logits)
    moved = 3 * logits.element_size() * logits.numel() + 2 * target.numel()
    share = moved / numbers["device ms"] / copy_bandwidth()
    yield {"row": "pixelwise", "of copy bandwidth": share, **numbers}
    kernels = kernels_of(run)
    large = sorted(kernels, key=lambda kernel: -kernel[1])[:5]
    rest = sum(time for _, time in kernels) - sum(time for _, time in large)
    note = ", ".join(f"{name[:24]} {time:.0f} µs" for name, time in large)
    yield {"row": "profiled", "kernels": len(kernels), "note": f"{note}, others {rest:.0f} µs"}


def beside_rows(work: Work, name: str) -> Iterator[Row]:
    """A whole step of ours and of another."""
    logits, target = draw(work, SHAPES[work.classes])
    run = partial(peers.step, ours(work), logits, target)
    mine = times_of(run, work, logits)
    yield {"row": "pixelwise", "times ours": 1.0, **mine}
    torch.compiler.reset()
    other = peers.make(name, upsample=work.scale > 1)
    theirs = times_of(partial(peers.step, other, logits, target.long()), work, logits)
    yield {"row": name, "times ours": theirs["device ms"] / mine["device ms"], **theirs}


def small_rows() -> Iterator[Row]:
    """A step so small that its time is the host's."""
    work = Work("step", 19, "float32", "contiguous", 1)
    logits, target = draw(work, SMALL)
    for name, loss, labels in (
        ("pixelwise", ours(work), target),
        ("torch eager", peers.torch_eager, target.long()),
    ):
        yield {"row": name, "wall ms": wall_ms(partial(peers.step, loss, logits, labels), 100)}


def prediction_rows(work: Work) -> Iterator[Row]:
    """Logits at a quarter of the resolution to a label map, or to counts."""
    drawn, target = draw(work, SHAPES[work.classes])
    logits, size = drawn.detach(), (target.shape[1], target.shape[2])

    def argmax() -> torch.Tensor:
        return F.interpolate(logits, size, mode="bilinear").argmax(1)

    def bincount() -> torch.Tensor:
        valid = target != peers.IGNORE
        pairs = target[valid].long() * work.classes + argmax()[valid]
        return torch.bincount(pairs, minlength=work.classes**2)

    rows: dict[str, Callable[[], object]] = {
        "pixelwise": lambda: pw.predict_label(logits, size),
        "interpolate + argmax": argmax,
        "pixelwise counts": lambda: pw.confusion_matrix(logits, target),
        "interpolate + argmax + bincount": bincount,
    }
    mine = 1.0
    for name, run in rows.items():
        numbers = times_of(run, work, None)
        mine = numbers["device ms"] if name.startswith("pixelwise") else mine
        yield {"row": name, "times ours": numbers["device ms"] / mine, **numbers}


def all_tasks() -> list[Task]:
    """The most decisive first; seconds are estimates for one H200."""
    x4 = Work("predict", 150, "float32", "contiguous", 4)
    return [
        Task("values", "(2, C, 64, 96)", 30, all_values),
        *(Task("step", w.in_words(), 3, partial(step_rows, w)) for w in STEPS),
        *(Task("beside", w.in_words(), 4, partial(beside_rows, w, "torch eager")) for w in BESIDE),
        Task("host", f"{SMALL} float32", 2, small_rows),
        Task("prediction", x4.in_words(), 4, partial(prediction_rows, x4)),
        *(Task("beside", w.in_words(), 25, partial(beside_rows, w, "torch.compile"))
          for w in COMPILED),
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Measure the kernels on a GPU.")
    parser.add_argument("--minutes", type=float, default=4.0, help="budget (default: 4)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of gpu.md and gpu.csv")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        sys.exit("There is no CUDA GPU here; python -m benchmarks.gpu_static counts without one.")
    speed = guarded(lambda: [{"note": f"{copy_bandwidth() / 1e9:.2f} TB/s"}])[0]["note"]
    device = f"{torch.cuda.get_device_name()}, copies at {speed}"
    about = f"{device}; commit {measure.commit()}; {measure.versions()}"

    def keep(rows: list[Row]) -> None:
        write(options.out, rows, f"{HEADING}\n\n{about}", TARGETS)
        gc.collect()
        with suppress(RuntimeError):  # after an illegal access nothing works, and rows say it
            torch.cuda.empty_cache()
        print(rows[-1], flush=True)

    measured(all_tasks(), 60 * options.minutes, keep)
    section = (options.out / "gpu.md").read_text(encoding="utf-8")
    print(section)
    if options.out == HERE:
        into_results(section, HEADING)


if __name__ == "__main__":
    main()
