"""metrics.jsonl: one line for the losses of some steps, or for the evaluation of an epoch.

No torch here.
"""

import json
import os
from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.files.atomic import append_text, atomic_write
from pixelwise.files.json_file import parse_json, read_lines
from pixelwise.files.records import shown, to_plain

METRICS = "metrics.jsonl"  # an object per line, appended during training
Place = tuple[int, bool]  # of a line: its step, and whether it is of an evaluation
START: Place = (-1, False)


def place_of(line: dict[str, Any]) -> Place:
    """Where a line stands; in a run places only grow."""
    return line["step"], "val/loss" in line


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one line; NaN and infinity become null.

    Raises:
        RunError: the file cannot be written.
    """
    append_text(path, json.dumps(to_plain(values), allow_nan=False) + "\n")


def forget_after(path: Path, step: int) -> Place:
    """Drop the lines of steps that a resumed run takes again, and a last one without its end.

    Returns:
        The place of the last line that was there.
    Raises:
        RunError: a line is damaged, or the file cannot be read or written.
    """
    if not os.path.lexists(path):
        return START
    kept, last = [], START
    for where, line in read_lines(path, RunError):
        row = parse_json(line, where, RunError)
        if not isinstance(row, dict) or type(row.get("step")) is not int:
            hint = "Remove the line."
            raise RunError(where, "line", must="an object with a step", got=shown(row), hint=hint)
        last = max(last, place_of(row))
        if row["step"] <= step:
            kept.append(line + b"\n")
    atomic_write(path, b"".join(kept))
    return last
