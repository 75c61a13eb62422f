"""How things are measured: interleaved rounds for time, one process per number for memory."""

import ctypes
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("pixelwise", "torch", "numba", "triton", "numpy", "pillow", "kornia", "monai",
            "segmentation-models-pytorch")  # fmt: skip


def interleaved(
    rows: Mapping[str, Callable[..., object]],
    rounds: int,
    warm: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each row, `rounds` times in turn (A B C A B C ...), after `warm` uncounted ones.

    Taking turns lets every row see the same drift of the machine's speed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in rows}
    gc.collect()
    gc.freeze()  # what is there stays; only what a row leaves behind is looked for between rows
    for counted in [False] * warm + [True] * rounds:
        for name, run in rows.items():
            gc.collect()
            start = clock()
            run()
            if counted:
                seconds[name].append(clock() - start)
    gc.unfreeze()
    return seconds


def median(values: list[float]) -> float:
    return statistics.median(values)


def ratio(seconds: dict[str, list[float]], name: str, ours: str = "pixelwise") -> float:
    """How many times longer `name` takes than ours: the median over rounds of the ratio."""
    return median([a / b for a, b in zip(seconds[name], seconds[ours])])


def reset_peak() -> None:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def resident(field: str) -> int:
    """VmRSS (now) or VmHWM (peak since reset_peak) of this process, in bytes."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) * 1024


def peak_growth(run: Callable[[], object]) -> int:
    """Bytes by which the resident set grows at most while `run` runs."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # freed memory that stays resident would hide new memory
    reset_peak()
    before = resident("VmRSS")
    run()
    return resident("VmHWM") - before


def in_own_process(module: str, *arguments: str, **variables: str) -> int | None:
    """The integer that `python -m module arguments` prints last, or None if it fails.

    Args:
        module, arguments: the command.
        variables: of its environment.
    """
    words = [sys.executable, "-m", module, *arguments]
    environment = os.environ | variables
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    return int(done.stdout.split()[-1]) if done.returncode == 0 else None


def machine() -> str:
    """One line on the machine and the versions that were measured."""
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if "model name" in line)
    return f"{len(os.sched_getaffinity(0))} cores of {model}; {versions()}"


def commit() -> str:
    """The commit that is measured, and whether files differ from it."""
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    here = os.path.dirname(__file__)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=here)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip().replace("-dirty", " and changes that are not committed")


def versions() -> str:
    """Python and the packages that were measured."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} missing")
    return ", ".join(found)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms"
