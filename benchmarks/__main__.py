"""Run every benchmark and write RESULTS.md, the chart and the table of the README from them.

    python -m benchmarks [SECTION ...]

With names of SECTIONS those alone are measured and printed, and nothing is written.
"""

import re
import sys
import time
from importlib import import_module

from benchmarks import chart, measure
from benchmarks.summary import RESULTS, into_readme, short_table, target_table
from benchmarks.targets import TARGETS

SECTIONS = (
    "losses", "upsample", "predict", "loader", "folders", "labels", "boundaries", "gpu_static"
)  # fmt: skip
ON_A_GPU, COMMIT = "## On a GPU", "commit "
ABOUT = f"""# Results

Written by `python -m benchmarks`. Medians of rounds in which all take turns; memory is the growth
of the resident set in a process of its own, gradient included. Times are those of two cores where
nothing else is said.

Measured at {COMMIT}{{commit}}; {{machine}}.
"""


def measured(name: str) -> str:
    """A section; its heading and a sentence if it cannot be measured here."""
    start = time.perf_counter()
    try:
        section: str = import_module(f"benchmarks.{name}").report()
    except ImportError as error:
        section = f"## {name}\n\nNot measured: {error}.\n"
    print(section, flush=True)
    print(
        f"{name}: {(time.perf_counter() - start) / 60:.1f} minutes\n", file=sys.stderr, flush=True
    )
    return section


def kept() -> str:
    """The section that a GPU has written, if it names the commit that it was measured at."""
    _, heading, rest = RESULTS.read_text(encoding="utf-8").partition(ON_A_GPU)
    section = rest.partition("\n## ")[0].rstrip()
    if not re.search(rf"{COMMIT}[0-9a-f]{{40}}", section):
        return f"{ON_A_GPU}\n\nNot measured: `python -m benchmarks.gpu` writes its table here.\n"
    return f"{heading}{section}\n"


def main() -> None:
    start = time.perf_counter()
    about = ABOUT.format(commit=measure.commit(), machine=measure.machine())
    sections = [measured(name) for name in SECTIONS]
    text = "\n".join([*sections, kept()])
    parts = [
        about,
        f"## In short\n\n{short_table(text)}\n",
        f"## Targets\n\n{target_table(text, TARGETS)}\n",
        text,
        f"Measured in {(time.perf_counter() - start) / 60:.1f} minutes.\n",
    ]
    RESULTS.write_text("\n".join(parts), encoding="utf-8")
    chart.FILE.write_text(chart.draw(text), encoding="utf-8")
    into_readme(text)
    print("\n".join(parts[1:3]))


if __name__ == "__main__":
    if sys.argv[1:]:
        for section in sys.argv[1:]:
            measured(section)
    else:
        main()
