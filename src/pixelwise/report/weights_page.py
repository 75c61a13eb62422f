"""The page of class counts and weights, and the command that makes both."""

from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from pixelwise.figures.charts import log_axis
from pixelwise.figures.words import grouped, short
from pixelwise.files.atomic import atomic_write
from pixelwise.files.names import real_path
from pixelwise.labels.tables.distinct import shown_colors
from pixelwise.report.tables import hex_color
from pixelwise.settings import takes_settings
from pixelwise.sums import Progress
from pixelwise.text import shell_line
from pixelwise.weights.command import weigh
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.formulas import LETTERS
from pixelwise.weights.member_record import MemberWeights
from pixelwise.weights.record import Weights

LISTED_IMAGES = 100


@takes_settings(WeightsConfig)
def weights(
    config: WeightsConfig, executor: Executor | None = None, progress: Progress | None = None
) -> Weights | MemberWeights:
    """What `pixelwise weights` does: count, weigh, write files, and make the page.

    Args:
        config: as for the command; or its settings, `weights("street", method="enet")`.
        executor: any concurrent.futures executor; None takes the one that config asks for, or
            else threads.
        progress: called with (labels done, all labels) after each label.
    Returns:
        The counts and weights; MemberWeights where classes overlap, which have no page.
    Raises:
        PixelwiseError: see weigh.
    """
    result = weigh(config, executor, progress)
    if config.html is not None and isinstance(result, Weights):
        weights_page(result, config.html)
    return result


def weights_page(result: Weights, out: Path) -> Path:
    """Write counts and weights as one HTML file; the same result gives the same bytes.

    Args:
        result: what the command returns.
        out: the file.
    Returns:
        out.
    """
    # jinja2 is only imported where a page is made
    from pixelwise.report.html import environment

    engine = environment()
    engine.filters.update(short=short)
    atomic_write(out, engine.get_template("weights.html").render(context(result)).encode())
    return out


def context(result: Weights) -> dict[str, Any]:
    """The variables of the template."""
    counts, rows = result.counts, class_rows(result)
    weight_lists = [method.weights for method in result.by_method.values()]
    return {
        "version": result.version,
        "name": real_path(result.dataset.path).name,
        "dataset": result.dataset.path,
        "split": result.dataset.split,
        "images": counts.files,
        "valid": counts.valid,
        "void_share": counts.ignored / (counts.valid + counts.ignored),
        "rows": rows,
        "absent": [row["name"] for row in rows if not row["pixels"]],
        "lead": lead(rows),
        "share_axis": log_axis([row["percent"] for row in rows]),
        "weight_axis": log_axis([weight for weights in weight_lists for weight in weights]),
        "methods": result.by_method,
        "chosen": result.method is not None,
        "letters": " ".join(LETTERS),
        "filled": result.filled,
        "listed": LISTED_IMAGES,
        "command": result.command,
        "train": train_command(result),
    }


def train_command(result: Weights) -> str:
    """How to train with the weights; empty for a binary task, which has one channel."""
    if result.task == "binary":
        return ""
    method, data = result.method or "median_frequency", shell_line([result.dataset.path])
    train = f"pixelwise train {data} --class-weights {method}"
    return train if result.counts.pixels.all() else f"{train} --zero {result.zero}"


def class_rows(result: Weights) -> list[dict[str, Any]]:
    """One row per class, the most frequent first."""
    classes, counts = result.classes, result.counts
    colors = shown_colors(classes)
    rows = [
        {
            "name": name,
            "color": hex_color(colors[index]),
            "pixels": int(counts.pixels[index]),
            "percent": 100 * int(counts.pixels[index]) / counts.valid,
            "images": int(counts.images[index]),
            "weights": [method.weights[index] for method in result.by_method.values()],
        }
        for index, name in enumerate(classes.names)
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
