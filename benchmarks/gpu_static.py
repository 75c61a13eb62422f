"""GPU kernels compiled and counted on a machine without a GPU; a section of RESULTS.md.

    python -m benchmarks.gpu_static [--triton FOLDER]

prints the section, writes it into RESULTS.md, and keeps the instructions per logit for the test.
FOLDER holds another release of Triton, unpacked
(`pip download --no-deps triton==3.6.0`, `unzip`); its kernels are put beside those of this one.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.gpu_model import BANDWIDTH, GAP, model
from benchmarks.gpu_works import SHAPES, STEPS, Work
from benchmarks.summary import RESULTS

Records = tuple[str, list[dict[str, Any]]]
HEADING = "## GPU, counted without one"
KEPT = Path(__file__).with_name("gpu_instructions.json")
LAUNCHES_HEAD = ["step of a loss", "kernels", "target", "most frequent"]
STEPS_HEAD = ["work", "kernels, ours + torch's", "ours", "in all", "of copy bandwidth", "target"]
KERNELS_HEAD = ["work", "kernel", "registers", "occupancy", "instructions / logit", "limit",
                "time", "of copy bandwidth"]  # fmt: skip
OTHER = "PIXELWISE_OTHER_TRITON"  # environment variable in place of --triton
DENSE = [
    Work("step", classes, dtype, layout, 1)
    for classes in (150, 19, 2, 1)
    for dtype in ("float32", "bfloat16")
    for layout in ("contiguous", "channels_last")
    if classes > 1 or layout == "contiguous"
]
INSIDE = [Work("step", c, "float32", "contiguous", 4) for c in (150, 19, 2, 1)]
INSIDE.append(Work("step", 19, "bfloat16", "channels_last", 4))
PREDICTION = [Work("predict", c, "float32", "contiguous", 4) for c in (150, 19)]
PREDICTION.append(Work("count", 19, "float32", "contiguous", 1))
BESIDE = [INSIDE[0], INSIDE[1], PREDICTION[1], DENSE[4]]  # with another Triton
# of whole steps: modelled share of copy bandwidth
TARGETS = {"step:19:float32:contiguous:1": 0.80, "step:150:float32:contiguous:1": 0.85,
           "step:19:bfloat16:contiguous:1": 0.55}  # fmt: skip
MOST_LAUNCHES = 8
PLACE = Path(__file__).parent.parent
ABOUT = """
Shapes: {shapes}. Loss: CE + Dice (C = 1: BCE + Dice), uint8 labels. Registers are per lane,
occupancy is warps held of 64, instructions are those of a lane per full-resolution logit. The times
are a model (`benchmarks/gpu_model.py`): the largest of bytes / {bandwidth} TB/s / 0.92, the busiest
pipe and the waiting of a warp; every start of a kernel takes {gap} µs at least. Both sides of a
branch are counted. They show what limits a kernel and how much a change gains; they are not
measured. Bandwidth is that of all bytes that a kernel's tensors hold, each moved once.
"""


def compiled(works: Sequence[Work | str], other: Path | None = None) -> Records:
    """Triton's version and the records of some works, or of "launches", made in a process.

    Raises:
        RuntimeError: kernels do not compile, or Triton has no disassembler here.
    """
    folders = [str(PLACE / "src"), str(PLACE), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(([str(other)] if other else []) + [f for f in folders if f])
    environment = os.environ | {"PYTHONPATH": path}
    environment.pop("TRITON_INTERPRET", None)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_kernels", *map(str, works)],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["the process was killed"])[-1])
    version, *records = map(json.loads, done.stdout.strip().split("\n"))
    return version["triton"], records


def compiled_in_parallel(works: Iterable[Work], other: Path | None = None) -> Records:
    """As `compiled`, in as many processes as there are cores."""
    ordered = list(works)
    count = min(len(os.sched_getaffinity(0)), len(ordered))
    with ThreadPoolExecutor(count) as pool:  # the heaviest works come first: deal them out
        found = list(pool.map(lambda k: compiled(ordered[k::count], other), range(count)))
    records = {str(work): [] for work in ordered}  # type: dict[str, list[dict[str, Any]]]
    for record in (record for _, some in found for record in some):
        records[record["work"]].append(record)
    return found[0][0], [record for some in records.values() for record in some]


def kernel_rows(records: Iterable[dict[str, Any]]) -> list[list[str]]:
    """One row per kernel of each work."""
    rows = []
    for record in records:
        if "others" in record:
            continue
        work = Work.parse(record["work"])
        try:
            m = model(record, work.scale, work.logits)
            share = record["moved"] / m.seconds / BANDWIDTH
            counted = [f"{m.occupancy:.0%}", f"{m.per_logit:.1f}", m.limit,
                       f"{1e6 * m.seconds:.0f} µs", f"{share:.0%}"]  # fmt: skip
        except LookupError as error:
            counted = [str(error), "", "", "", ""]
        starts = f" × {record['starts']}" if record["starts"] > 1 else ""
        spilled = f" + {record['spilled']} B spilled" if record["spilled"] else ""
        name = f"`{record['kernel']}`{starts}"
        rows.append([work.in_words(), name, f"{record['registers']}{spilled}", *counted])
    return rows


def step_rows(records: Sequence[dict[str, Any]]) -> list[list[str]]:
    """One row per whole work: all its kernels, torch's too."""
    rows = []
    for name in dict.fromkeys(record["work"] for record in records):
        work = Work.parse(name)
        mine = [r for r in records if r["work"] == name]
        logits = work.logits
        try:
            ours = sum(model(r, work.scale, logits).seconds for r in mine if "kernel" in r)
        except LookupError:
            continue
        others = sum(sum(r["others"].values()) for r in mine if "others" in r)
        started = sum(r["starts"] for r in mine if "kernel" in r)
        seconds = ours + GAP * others
        small, labels = work.item_size * logits // work.scale**2, logits // work.classes
        moved = 3 * small + 2 * labels if work.task == "step" else small + labels
        target = f"≥ {TARGETS[name]:.0%}" if name in TARGETS else ""
        share = f"{moved / seconds / BANDWIDTH:.0%}"
        times = [f"{1e6 * t:.0f} µs" for t in (ours, seconds)]
        rows.append([work.in_words(), f"{started} + {others}", *times, share, target])
    return rows


def launch_rows(counts: Iterable[dict[str, int]]) -> list[list[str]]:
    """One row per loss of STEPS."""
    rows = []
    for (loss, shape, scale), found in zip(STEPS, counts):
        often = sorted(found.items(), key=lambda item: -item[1])[:6]
        names = ", ".join(f"{name} {n}" if n > 1 else name for name, n in often)
        target = f"≤ {MOST_LAUNCHES}" if loss in ("ce+dice", "bce+dice") and scale == 1 else ""
        upsampled = f" ×{scale}" if scale > 1 else ""
        total = str(sum(found.values()))
        rows.append([f"{loss}, C = {shape[1]}{upsampled}", total, target, names])
    return rows


def beside(other: Path) -> str:
    """The works that differ most between releases of Triton, with two of them."""
    here = compiled_in_parallel(BESIDE)
    try:
        there = compiled_in_parallel(BESIDE, other)
    except RuntimeError as error:
        return f"Not counted with the Triton in {other.name}: {error}"
    rows = []
    for a, b in zip(kernel_rows(here[1]), kernel_rows(there[1])):
        rows.append([*a[:2], *(f"{x} \\| {y}" for x, y in zip(a[2:7], b[2:7]))])
    return f"Triton {here[0]} \\| {there[0]}:\n\n{measure.table(KERNELS_HEAD[:7], rows)}\n"


def report(other: Path | None = None, keep: bool = False) -> str:
    """The section of RESULTS.md.

    Args:
        other: folder of another Triton, put beside; by default the environment variable OTHER.
        keep: write the instructions per logit of this Triton into KEPT, for the test.
    """
    if other is None and OTHER in os.environ:
        other = Path(os.environ[OTHER])
    try:
        version, records = compiled_in_parallel([*DENSE, *INSIDE, *PREDICTION])
        counts = compiled(["launches"])[1][0]["launches"]
        second = beside(other) if other is not None else ""
    except RuntimeError as error:
        return f"{HEADING}\n\nNot counted: {error}\n"
    if keep:
        kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
        kept[version] = instructions(records)
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    shapes = ", ".join(str(shape) for shape in SHAPES.values())
    about = ABOUT.format(shapes=shapes, bandwidth=BANDWIDTH / 1e12, gap=1e6 * GAP).strip()
    parts = [
        HEADING,
        f"Compiled for compute capability 9.0 by Triton {version}. {about}",
        measure.table(LAUNCHES_HEAD, launch_rows(counts)),
        measure.table(STEPS_HEAD, step_rows(records)),
        measure.table(KERNELS_HEAD, kernel_rows(records)),
        second,
    ]
    return "\n\n".join(parts).rstrip() + "\n"


def instructions(records: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Work and kernel -> instructions per logit."""
    found: dict[str, float] = {}
    for record in (r for r in records if "kernel" in r):
        work = Work.parse(record["work"])
        name = f"{work} {record['kernel']}"
        found[name] = found.get(name, 0.0) + model(record, work.scale, work.logits).per_logit
    return {name: round(value, 2) for name, value in found.items()}


def into_results(section: str, heading: str = HEADING) -> None:
    """Put a section in the place of the one with its heading, or at the end."""
    text = RESULTS.read_text(encoding="utf-8")
    before, _, rest = text.partition(heading)
    _, mark, after = rest.partition("\n## ")
    parts = [before.rstrip(), section.rstrip(), (mark + after).strip()]
    RESULTS.write_text("\n\n".join(filter(None, parts)) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the GPU kernels without a GPU.")
    parser.add_argument("--triton", type=Path, help="folder of another release, unpacked")
    section = report(parser.parse_args().triton, keep=True)
    print(section)
    into_results(section)


if __name__ == "__main__":
    main()
