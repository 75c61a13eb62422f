"""Run every benchmark, print the tables, and keep them in RESULTS.md."""

import time

from benchmarks import boundaries, labels, losses, measure, predict, upsample
from benchmarks.gpu import HEADING, RESULTS


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
    _, heading, on_a_gpu = RESULTS.read_text(encoding="utf-8").partition(HEADING)
    RESULTS.write_text("\n".join([*parts, heading + on_a_gpu]), encoding="utf-8")


if __name__ == "__main__":
    main()
