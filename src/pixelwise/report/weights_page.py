"""The page of class counts and weights, and the command that makes both."""

import shlex
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from pixelwise.files.atomic import atomic_write
from pixelwise.report.charts import Tick
from pixelwise.report.tables import hex_color
from pixelwise.report.words import grouped, short
from pixelwise.sums import Progress
from pixelwise.weights.command import Weighing, weigh
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.formulas import LETTERS

LISTED_IMAGES = 100
# The lowest bar is not shorter than this part of a decade, so that it can be seen.
_LEAST_BAR = 0.2


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic axis over whole decades: 10^low at the left end, 10^high at the right one."""

    low: int
    high: int

    def place(self, value: float) -> float:
        """Where a value > 0 stands, in percent from the left."""
        return round(100 * (log10(value) - self.low) / (self.high - self.low), 2)

    @property
    def grid(self) -> list[float]:
        """Where the decades are."""
        return [self.place(10.0**decade) for decade in range(self.low, self.high + 1)]

    def ticks(self, most: int) -> list[Tick]:
        """Decades with labels, as many of them as there is room for."""
        step = ceil((self.high - self.low + 1) / most)
        decades = [10.0**decade for decade in range(self.low, self.high + 1, step)]
        return [Tick(self.place(value), short(value)) for value in decades]


def log_axis(values: list[float]) -> LogAxis:
    """The shortest axis of whole decades that holds all values > 0; from 1 to 10 without any."""
    logs = [log10(value) for value in values if value > 0] or [1.0]
    low = floor(min(logs) - _LEAST_BAR)
    return LogAxis(low, max(low + 1, ceil(max(logs))))


def weights(
    config: WeightsConfig, executor: Executor | None = None, progress: Progress | None = None
) -> Weighing:
    """What `pixelwise weights` does: count, weigh, write files, and make the page.

    Args:
        config: as for the command.
        executor: any concurrent.futures executor; None takes the one that config asks for, or
            else threads.
        progress: called with (labels done, all labels) after each label.
    Returns:
        Weighing, with the counts and weights.
    Raises:
        PixelwiseError: see weigh.
    """
    weighing = weigh(config, executor, progress)
    if config.html is not None:
        weights_page(weighing.as_dict(), config.html)
    return weighing


def weights_page(content: dict[str, Any], out: Path) -> Path:
    """Write counts and weights as one HTML file; the same content gives the same bytes.

    Args:
        content: Weighing.as_dict().
        out: the file.
    Returns:
        out.
    """
    # jinja2 is only imported where a page is made
    from pixelwise.report.html import environment

    engine = environment()
    engine.filters.update(short=short)
    atomic_write(out, engine.get_template("weights.html").render(context(content)).encode())
    return out


def context(content: dict[str, Any]) -> dict[str, Any]:
    """What stands on the page."""
    counts, methods = content["counts"], content["by_method"]
    valid = sum(counts["pixels"])
    rows = class_rows(content, valid)
    percents = [row["percent"] for row in rows]
    every = [weight for method in methods.values() for weight in method["weights"]]
    return {
        "version": content["version"],
        "name": Path(content["dataset"]["path"]).resolve().name,
        "dataset": content["dataset"]["path"],
        "split": content["dataset"]["split"],
        "images": counts["files"],
        "valid": valid,
        "void_share": counts["void"] / (valid + counts["void"]),
        "rows": rows,
        "absent": [row["name"] for row in rows if not row["pixels"]],
        "lead": lead(rows),
        "share_axis": log_axis(percents),
        "weight_axis": log_axis(every),
        "methods": methods,
        "chosen": "method" in content,
        "letters": " ".join(LETTERS),
        "filled": content.get("filled"),
        "listed": LISTED_IMAGES,
        "command": content["command"],
        "train": train_command(content),
    }


def train_command(content: dict[str, Any]) -> str:
    """How to train with the weights; empty for a binary task, which has one channel."""
    method = content.get("method", "median_frequency")
    words = ["pixelwise", "train", content["dataset"]["path"], "--class-weights", method]
    return "" if content["task"] == "binary" else shlex.join(words)


def class_rows(content: dict[str, Any], valid: int) -> list[dict[str, Any]]:
    """One row per class, the most frequent first."""
    classes, counts = content["classes"], content["counts"]
    each = [method["weights"] for method in content["by_method"].values()]
    rows = [
        {
            "name": name,
            "color": hex_color(tuple(classes["colors"][index])),
            "pixels": counts["pixels"][index],
            "percent": 100 * counts["pixels"][index] / valid,
            "images": counts["images"][index],
            "weights": [weights[index] for weights in each],
        }
        for index, name in enumerate(classes["names"])
    ]
    return sorted(rows, key=lambda row: -row["pixels"])


def lead(rows: list[dict[str, Any]]) -> str:
    """The most and the least frequent class in words."""
    occurring = [row for row in rows if row["pixels"]]
    most, least = occurring[0], occurring[-1]
    if len(occurring) == 1:
        return f"Every valid pixel is {most['name']}."
    ratio = most["pixels"] / least["pixels"]
    times = short(ratio) if ratio < 1000 else grouped(round(ratio))
    return f"{most['name']} has {times} times as many pixels as {least['name']}."
