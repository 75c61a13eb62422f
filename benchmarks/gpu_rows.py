"""Rows of a table that are measured one after the other within a budget, whatever fails.

Nothing here knows of a GPU. After every task what there is so far is written, so that a run that is
killed leaves its rows.
"""

import csv
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import measure

Row = Mapping[str, str | float | None]
# name of a number in a row -> how it is written in the table
FORMATS: dict[str, Callable[[float], str]] = {
    "device ms": "{:.3f}".format,
    "wall ms": "{:.3f}".format,
    "times ours": "{:.2f} ×".format,
    "of copy bandwidth": "{:.0%}".format,
    "extra memory": "{:.3f} ×".format,
    "kernels": "{:.0f}".format,
    "error of loss": "{:.1e}".format,
    "error of gradient": "{:.1e}".format,
}
COLUMNS = ["part", "work", "row", *FORMATS, "note"]


class Task(NamedTuple):
    """Some rows that are measured together.

    Attributes:
        part, work: what its rows are called, also the one that says that it failed.
        seconds: that it takes about; it is left out if fewer are left.
        run: the rows; "part" and "work" are filled in.
    """

    part: str
    work: str
    seconds: float
    run: Callable[[], Iterable[Row]]


def guarded(run: Callable[[], Iterable[Row]]) -> list[Row]:
    """The rows of a task, or one that says the error, beside those that were there before."""
    rows: list[Row] = []
    try:
        rows.extend(run())
    except Exception as error:  # one failure must not cost the run
        lines = str(error).strip().splitlines() or ["no message"]
        rows.append({"note": f"failed: {type(error).__name__}: {lines[0][:200]}"})
    return rows


def measured(
    tasks: Sequence[Task],
    budget: float,
    done: Callable[[list[Row]], None],
    clock: Callable[[], float] = time.monotonic,
) -> list[Row]:
    """The rows of all tasks in their order.

    Args:
        tasks: the most decisive first.
        budget: seconds; a task that takes more than what is left is named as left out.
        done: is given all rows so far after every task.
        clock: seconds.
    """
    start = clock()
    rows: list[Row] = []
    for task in tasks:
        left = budget - (clock() - start)
        found = guarded(task.run) if left >= task.seconds else []
        if left < task.seconds:
            note = f"left out: it takes about {task.seconds:.0f} s, {max(left, 0):.0f} s were left"
            found = [{"note": note}]
        rows += [{"part": task.part, "work": task.work} | dict(row) for row in found]
        done(rows)
    return rows


def table(rows: Iterable[Row]) -> str:
    """A Markdown table of the columns that some row fills."""
    kept = list(rows)
    columns = [name for name in COLUMNS if any(row.get(name) is not None for row in kept)]

    def cell(row: Row, name: str) -> str:
        value = row.get(name)
        if value is None:
            return ""
        shown = FORMATS[name](value) if name in FORMATS and not isinstance(value, str) else value
        return str(shown).replace("|", "\\|").replace("\n", " ")

    return measure.table(columns, [[cell(row, name) for name in columns] for row in kept])


def write(folder: Path, rows: Iterable[Row], before: str, after: str) -> None:
    """gpu.md, the table between two texts, and gpu.csv, all digits."""
    kept = list(rows)
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{before}\n\n{table(kept)}\n\n{after}"
    (folder / "gpu.md").write_text(text.strip() + "\n", encoding="utf-8")
    with (folder / "gpu.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(kept)
