"""CE + Dice and prediction on a GPU: time by events, peak memory of the allocator, bandwidth.

    python -m benchmarks.gpu

prints one table, writes it below HEADING in RESULTS.md, and all numbers to gpu.csv. Every row of a
work is measured in turn with the others (A B C A B C ...), with a freshly allocated gradient.
"""

import csv
import gc
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F

import pixelwise as pw
from benchmarks import measure, peers

HEADING = "## On a GPU"
RESULTS = Path(__file__).with_name("RESULTS.md")
NUMBERS = Path(__file__).with_name("gpu.csv")
SHAPES = {2: (16, 2, 1024, 1024), 19: (8, 19, 512, 1024), 150: (4, 150, 512, 512)}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
COMPILED = (
    "pixelwise, compiled"  # its formulas on sums are many small kernels; compiling joins them
)
NAMES = ["pixelwise", COMPILED, "torch eager", "torch.compile", "MONAI", "smp"]
SCALES = (1, 4)
ROUNDS, WARM = 15, 4
AHEAD = 20_000_000  # cycles, about 10 ms
COLUMNS = ["work", "C", "dtype", "layout", "row", "ms", "times ours", "of copy bandwidth",
           "extra memory"]  # fmt: skip
TARGETS = """
Targets: dense, C >= 19: >= 75 % of the copy bandwidth by the bytes that must move (logits read
twice, gradient written once, target read twice), >= 4 x torch eager, >= 1.3 x torch.compile, extra
memory <= 1.1 x logits. x4, C = 150: >= 7 x torch.compile, extra memory <= 0.15 x the
full-resolution logits. Prediction x4, C = 150: >= 5 x interpolate + argmax. Extra memory is in
full-resolution logits, the gradient included.
"""


def draw(shape: tuple[int, ...], scale: int, dtype: str, layout: str) -> tuple:
    """Logits at 1/scale of `shape` and a blocky target of `shape` with a void band, both there."""
    n, c, height, width = shape
    generator = torch.Generator("cuda").manual_seed(0)
    low = n, c, height // scale, width // scale
    logits = 3 * torch.randn(low, generator=generator, device="cuda", dtype=DTYPES[dtype])
    coarse = torch.randint(0, c, (n, height // 16, width // 16), generator=generator, device="cuda")
    target = coarse.repeat_interleave(16, 1).repeat_interleave(16, 2)
    target[:, : height // 12] = peers.IGNORE
    return logits.to(memory_format=LAYOUTS[layout]).requires_grad_(), target


def milliseconds(rows: Mapping[str, Callable[..., object]]) -> dict[str, float]:
    """Median time on the device of each row, in turns; a row that fails is left out."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    for round_ in range(WARM + ROUNDS):
        for name in list(times):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            try:
                torch.cuda._sleep(AHEAD)  # the host queues the work while the device is busy
                begin.record()
                rows[name]()
                end.record()
                end.synchronize()
            except torch.OutOfMemoryError:
                del times[name]
                gc.collect()
                torch.cuda.empty_cache()
                continue
            if round_ >= WARM:
                times[name].append(begin.elapsed_time(end))
    return {name: statistics.median(values) for name, values in times.items()}


def peak(run: Callable[[], object]) -> int:
    """Bytes of the allocator beyond what is held before, at the peak of one call."""
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def copy_bandwidth() -> float:
    """Bytes per millisecond, read and written, of copying 1 GiB."""
    source = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    there = torch.empty_like(source)
    return 2 * source.numel() / milliseconds({"copy": lambda: there.copy_(source)})["copy"]


def make_losses(scale: int) -> Iterator[tuple[str, peers.Loss]]:
    """Those that are installed."""
    torch.compiler.reset()
    for name in NAMES:
        try:
            loss = peers.make("pixelwise" if name == COMPILED else name, upsample=scale > 1)
            yield name, torch.compile(loss, dynamic=False) if name == COMPILED else loss
        except ImportError:
            print(f"benchmarks.gpu: {name} is not installed", file=sys.stderr)


def loss_rows(scale: int, classes: int, dtype: str, layout: str, bandwidth: float) -> Iterator:
    """CE + Dice, forward and backward, of every peer."""
    shape = SHAPES[classes]
    logits, target = draw(shape, scale, dtype, layout)
    small = target.to(torch.uint8)

    def step(loss: peers.Loss, labels: torch.Tensor) -> None:
        logits.grad = None
        loss(logits, labels).backward()

    rows = {
        name: lambda loss=loss, labels=small if "pixelwise" in name else target: step(loss, labels)
        for name, loss in make_losses(scale)
    }
    times = milliseconds(rows)
    full = logits.element_size() * torch.Size(shape).numel()
    moved = 3 * logits.element_size() * logits.numel() + 2 * small.numel()
    for name, time in times.items():
        logits.grad = None
        extra = peak(rows[name]) / full
        share = moved / time / bandwidth
        what = "dense" if scale == 1 else f"x{scale} upsampled"
        yield [what, classes, dtype, layout, name, time, time / times["pixelwise"], share, extra]


def prediction_rows(classes: int, dtype: str, layout: str) -> Iterator:
    """Logits at a quarter of the resolution to a label map."""
    shape = SHAPES[classes]
    logits = draw(shape, 4, dtype, layout)[0].detach()
    size = shape[2], shape[3]
    rows = {
        "pixelwise": lambda: pw.predict_label(logits, size),
        "interpolate + argmax": lambda: F.interpolate(logits, size, mode="bilinear").argmax(1),
    }
    times = milliseconds(rows)
    full = logits.element_size() * torch.Size(shape).numel()
    for name, time in times.items():
        ratio = time / times["pixelwise"]
        yield [
            "predict x4",
            classes,
            dtype,
            layout,
            name,
            time,
            ratio,
            None,
            peak(rows[name]) / full,
        ]


def all_rows(bandwidth: float) -> Iterator:
    for classes in SHAPES:
        for dtype in DTYPES:
            for layout in LAYOUTS:
                for scale in SCALES:
                    yield from loss_rows(scale, classes, dtype, layout, bandwidth)
                yield from prediction_rows(classes, dtype, layout)
                torch.cuda.empty_cache()


def in_words(row: list) -> list[str]:
    *names, time, ratio, share, extra = row
    part = "" if share is None else f"{100 * share:.0f} %"
    return [*map(str, names), f"{time:.3f}", f"{ratio:.2f} x", part, f"{extra:.3f} x"]


def main() -> None:
    if not torch.cuda.is_available():
        sys.exit("There is no CUDA GPU here; python -m benchmarks measures the CPU.")
    bandwidth = copy_bandwidth()
    rows = []
    with NUMBERS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in all_rows(bandwidth):
            rows.append(row)
            writer.writerow(row)
            print(*in_words(row), sep="\t", file=sys.stderr, flush=True)
    table = measure.table(COLUMNS, [in_words(row) for row in rows])
    device = f"{torch.cuda.get_device_name()}, copies at {bandwidth / 1e9:.2f} TB/s"
    section = f"{HEADING}\n\n{device}; {measure.versions()}\n\n{table}\n{TARGETS}"
    print(section)
    before = RESULTS.read_text(encoding="utf-8").partition(HEADING)[0].rstrip()
    RESULTS.write_text(f"{before}\n\n{section}", encoding="utf-8")


if __name__ == "__main__":
    main()
