"""The page of class counts and weights, and the command that makes both."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from pixelwise.figures.charts import LogAxis, Tick, nice_ticks
from pixelwise.figures.drawing import hex_color
from pixelwise.figures.words import grouped, listed, short
from pixelwise.files.atomic import atomic_write
from pixelwise.files.names import real_path
from pixelwise.labels.tables.distinct import shown_colors
from pixelwise.report.scripts import scripts
from pixelwise.settings import takes_settings
from pixelwise.sums import Progress
from pixelwise.text import shell_line
from pixelwise.weights.command import weigh
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.formulas import LETTERS
from pixelwise.weights.member_record import MemberWeights
from pixelwise.weights.record import Weights, gentlest

LISTED_IMAGES = 100
# Bars start at 0. Where the least would be shorter than this part of the longest, points stand on a
# logarithmic axis instead, where a bar would have no honest length.
MOST_RATIO = 30
# Weights that differ less are not worth having.
LEAST_RATIO = 10
FEW_IMAGES = 10
MOST_DECIMALS = 4


@dataclass(frozen=True)
class LinearAxis:
    """An axis from 0 to a round number."""

    high: float

    def place(self, value: float) -> float:
        """The position of a value, in percent from the left."""
        return round(100 * value / self.high, 2)

    @property
    def grid(self) -> list[float]:
        """The positions of its lines."""
        return [0, 50, 100]

    def ticks(self, most: int) -> list[Tick]:
        """Its ends with labels, and the middle if there may be so many."""
        places = (0, 50, 100) if most > 2 else (0, 100)
        return [Tick(at, short(self.high * at / 100)) for at in places]


def axis_for(values: list[float]) -> LinearAxis | LogAxis:
    """From 0, unless the least value > 0 would be too short to be seen."""
    occurring = [value for value in values if value > 0]
    if occurring and max(occurring) > MOST_RATIO * min(occurring):
        ends = log10(min(occurring)), log10(max(occurring))
        return LogAxis(floor(ends[0]), ceil(ends[1]))
    return LinearAxis(nice_ticks(0, max(occurring, default=1.0), 2)[-1])


def aligned(values: list[float]) -> list[str]:
    """Numbers with the same decimals, so many that the least > 0 has two digits; 0 as "0"."""
    least = min((value for value in values if value > 0), default=1.0)
    decimals = min(MOST_DECIMALS, max(0, 1 - floor(log10(least))))
    least = 10.0**-decimals
    texts = [f"{value:.{decimals}f}" if value else "0" for value in values]
    tiny = f"<{least:.{decimals}f}"
    return [tiny if 0 < value < least / 2 else text for value, text in zip(values, texts)]


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
    advised, advice = advice_of(result)
    return {
        "version": result.version,
        "scripts": scripts("sort", "copy"),
        "name": real_path(result.dataset.path).name,
        "dataset": result.dataset.path,
        "split": result.dataset.split,
        "images": counts.files,
        "valid": counts.valid,
        "void_share": counts.ignored / (counts.valid + counts.ignored),
        "rows": rows,
        "absent": [row["name"] for row in rows if not row["pixels"]],
        "lead": lead(rows),
        "advised": advised,
        "advice": advice,
        "share_axis": axis_for([row["percent"] for row in rows]),
        "weight_axis": axis_for([ratio for weights in weight_lists for ratio in relative(weights)]),
        "methods": result.by_method,
        "chosen": result.method is not None,
        "letters": " ".join(LETTERS),
        "filled": result.filled,
        "listed": LISTED_IMAGES,
        "command": result.command,
        "train": train_command(result),
    }


def relative(weights: Sequence[float]) -> list[float]:
    """Weights as multiples of the least that is not 0."""
    least = min((weight for weight in weights if weight > 0), default=1.0)
    return [weight / least for weight in weights]


def times(ratio: float) -> str:
    """A ratio in words, as "12 times"."""
    return f"{short(float(f'{ratio:.2g}')) if ratio < 1000 else grouped(round(ratio))} times"


def advice_of(result: Weights) -> tuple[str, list[str]]:
    """The method to try first, "" for none, and why: sentences about these counts."""
    names, counts, methods = result.classes.names, result.counts, result.by_method
    occurring = [i for i, pixels in enumerate(counts.pixels) if pixels]
    most, least = (pick(occurring, key=lambda i: counts.pixels[i]) for pick in (max, min))
    ratio = counts.pixels[most] / counts.pixels[least]
    ratios = {name: method.ratio for name, method in methods.items()}
    gentle, strong = gentlest(methods), max(ratios, key=lambda name: ratios[name])
    said = ["Begin without weights, with the loss ce+dice: Dice gives every class the same weight."]
    if len(occurring) < 2 or ratio < LEAST_RATIO:
        advised = ""
        said.append(
            "The classes are of similar size, so that weights change little: leave them out."
        )
    elif result.method is not None:
        advised = result.method
        said.append(
            f"With {advised} a pixel of the heaviest class counts {times(ratios[advised])} as much "
            "as one of the lightest."
        )
    else:
        advised = gentle
        said.append(
            f"If rare classes are missed, take {gentle} first: a pixel of the heaviest class then "
            f"counts {times(ratios[gentle])} as much as one of the lightest. With {strong} it is "
            f"{times(ratios[strong])}: rare classes are found more often, also where they are not."
        )
    if few := [i for i in occurring if counts.images[i] < FEW_IMAGES <= counts.files]:
        told = listed([f"{names[i]} ({counts.images[i]})" for i in few[:4]])
        more = f" and {len(few) - 4} more" if len(few) > 4 else ""
        said.append(
            f"In fewer than {FEW_IMAGES} images: {told}{more}. A weight does not replace images: "
            "label more of them, or see docs/rare-classes.md."
        )
    if absent := [name for name, pixels in zip(names, counts.pixels) if not pixels]:
        told = listed(absent[:4]) + (f" and {len(absent) - 4} more" if len(absent) > 4 else "")
        said.append(
            f"Without a pixel: {told}. --zero zero leaves such a class out of the loss, --zero max "
            "gives it the largest weight, for data that comes later."
        )
    return advised, said


def train_command(result: Weights) -> str:
    """How to train with the weights; empty for a binary task, which has one channel."""
    if result.task == "binary":
        return ""
    method, data = gentlest(result.by_method), shell_line([result.dataset.path])
    train = f"pixelwise train {data} --class-weights {method}"
    return train if result.counts.pixels.all() else f"{train} --zero {result.zero}"


def class_rows(result: Weights) -> list[dict[str, Any]]:
    """One row per class, the most frequent first."""
    classes, counts = result.classes, result.counts
    colors = shown_colors(classes)
    methods = result.by_method.values()
    shares = [100 * int(pixels) / counts.valid for pixels in counts.pixels]
    texts = aligned(shares)
    columns = [zip(m.weights, relative(m.weights), aligned(list(m.weights))) for m in methods]
    weights = list(zip(*columns))
    rows = [
        {
            "name": name,
            "color": hex_color(colors[index]),
            "pixels": int(counts.pixels[index]),
            "percent": shares[index],
            "text": texts[index],
            "images": int(counts.images[index]),
            "weights": weights[index],
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
