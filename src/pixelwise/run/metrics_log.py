"""metrics.jsonl: one JSON object per line, appended during training."""

import json
from pathlib import Path
from typing import Any

from pixelwise.files.atomic import atomic_write
from pixelwise.files.records import to_plain
from pixelwise.labels.classes import Classes
from pixelwise.metrics.scores import iou, mean_iou, pixel_accuracy
from pixelwise.run.evaluate import Evaluation

FILE = "metrics.jsonl"


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one line and flush it; NaN and infinity become null."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(to_plain(values), allow_nan=False) + "\n")


def forget_after(path: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run takes again."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        atomic_write(path, "".join(kept).encode())


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
