"""Run every benchmark, print the tables, and keep them in RESULTS.md."""

import time
from pathlib import Path

from benchmarks import boundaries, labels, losses, measure, predict, upsample


def main() -> None:
    start = time.perf_counter()
    parts = [
        "# Results\n",
        "The tables that `make bench` printed last. Medians of interleaved rounds; memory is the",
        "growth of the resident set in a process of its own, gradient included.\n",
        measure.machine() + "\n",
    ]
    for script in (losses, upsample, predict, labels, boundaries):
        parts.append(script.report())
        print(parts[-1], flush=True)
    parts.append(f"\nMeasured in {(time.perf_counter() - start) / 60:.1f} minutes.\n")
    Path(__file__).with_name("RESULTS.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
