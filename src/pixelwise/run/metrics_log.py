"""metrics.jsonl: one JSON object per line, appended during training."""

import json
import os
from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.files.atomic import append_text, atomic_write
from pixelwise.files.json_file import parse_json, read_lines
from pixelwise.files.records import shown, to_plain
from pixelwise.labels.classes import Classes
from pixelwise.metrics.scores import iou, mean_iou, pixel_accuracy
from pixelwise.run.evaluate import Evaluation

FILE = "metrics.jsonl"


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one line; NaN and infinity become null.

    Raises:
        RunError: the file cannot be written.
    """
    append_text(path, json.dumps(to_plain(values), allow_nan=False) + "\n")


def forget_after(path: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again, and a last one without its end.

    Raises:
        RunError: a line is damaged, or the file cannot be read or written.
    """
    if not os.path.lexists(path):
        return
    kept = []
    for where, line in read_lines(path, RunError):
        row = parse_json(line, where, RunError)
        if not isinstance(row, dict) or type(row.get("step")) is not int:
            hint = "Remove the line."
            raise RunError(where, "line", must="an object with a step", got=shown(row), hint=hint)
        if row["step"] <= step:
            kept.append(line + b"\n")
    atomic_write(path, b"".join(kept))


def evaluation_line(evaluation: Evaluation, classes: Classes) -> dict[str, float]:
    """The val/ values of a line: loss, mean IoU (convention "present"), accuracy, IoU per class."""
    counts = evaluation.counts
    per_class = zip(classes.names, iou(counts).tolist())
    return {
        "val/loss": evaluation.loss,
        "val/miou": mean_iou(counts),
        "val/pixel_acc": pixel_accuracy(counts),
        **{f"val/iou/{name}": value for name, value in per_class},
    }
