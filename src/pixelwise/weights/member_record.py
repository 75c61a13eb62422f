"""MemberWeights: the counts and pos_weight of classes that overlap, as text and as weights.json."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import ClassVar

from pixelwise.errors import ArgumentError, setting
from pixelwise.executors import open_executor
from pixelwise.files.results import write_json
from pixelwise.labels.description import Description
from pixelwise.settings import field_of
from pixelwise.sums import Progress
from pixelwise.text import shell_line, some, text_table
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.formulas import POS_WEIGHT, Zero
from pixelwise.weights.keep_list import share_text
from pixelwise.weights.members import (
    ONE_SIDED_HINT,
    MemberLabelCounts,
    count_members,
    one_sided,
    pos_weights,
)
from pixelwise.weights.record import Weighed, ask_for_zero, origin_of

# What is about one class a pixel, or about weights that have other formulas.
_OF_OTHERS = ("beta", "html", "drop_background", "keep_list")
_WORKS = (
    f"The table of counts and pos_weight is printed, and {setting('out')} writes it; see "
    "docs/multi-label.md."
)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class MemberWeights(Weighed):
    """A counted split whose classes overlap, and the weight of the pixels of each class.

    Attributes:
        counts: of the whole split.
        method: "pos_weight".
        formula: of the weights.
        zero: as of pos_weights.
        weights: (C,) pixels outside / pixels inside.
    """

    SCHEMA: ClassVar[str] = "pixelwise.pos_weights/1"

    counts: MemberLabelCounts
    method: str
    formula: str
    zero: Zero
    weights: tuple[float, ...]

    def text(self) -> str:
        rows = [["class", "inside", "outside", "share", "void", "images", self.method]]
        counts = self.counts
        for index, name in enumerate(self.classes.names):
            outside, inside = counts.pixels[index].tolist()
            void = int(counts.ignored[index])
            numbers = [f"{inside:,}", f"{outside:,}", share_text(inside / max(1, inside + outside))]
            others = [f"{void:,}", f"{counts.images[index]:,}", f"{self.weights[index]:#.4g}"]
            rows.append([name, *numbers, *others])
        head = (
            f"{self.dataset.split}: {counts.files:,} images, classes that overlap; pixels of each"
        )
        formula = f"{self.method}  {self.formula}; void is in neither"
        return "\n\n".join([f"{head}\n\n{text_table(rows)}", formula, *self.notes])


def weigh_members(
    config: WeightsConfig,
    description: Description,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> MemberWeights:
    """What `pixelwise weights` does where classes overlap.

    Args:
        config: without the settings that are for one class a pixel.
        description: its task is "multilabel".
        executor, progress: see weigh.
    Raises:
        PixelwiseError: as weigh.
    """
    given = [n for n in _OF_OTHERS if getattr(config, n) != field_of(type(config), n).default]
    if given:
        event = f"{some(map(setting, given))}: not for classes that overlap"
        raise ArgumentError("weights", given[0], event=event, hint=_WORKS)
    if config.method not in (None, POS_WEIGHT):
        must = f"{POS_WEIGHT} for a multilabel task, each of whose classes is a yes or no"
        raise ArgumentError("weights", "method", must=must, got=config.method)
    classes = description.classes
    pairs = description.pairs(config.split)
    with (
        ThreadPoolExecutor(cpu_count()) as threads,
        open_executor(config.workers, config.scheduler, executor) as chosen,
    ):
        counts = count_members(pairs, classes, chosen or threads, progress)
    alone = one_sided(counts, classes.names)
    if len(alone) == len(classes):
        where = f"{config.data}: split {config.split}"
        event = "every pixel is void" if not counts.pixels.any() else f"no pixel is {some(alone)}"
        hint = "No class can be weighed: it takes pixels inside and outside of one."
        raise ArgumentError(where, "counts", event=event, hint=hint)
    asks = bool(alone) and config.zero == "error"
    zero: Zero = "zero" if asks else config.zero
    weights = tuple(pos_weights(counts, zero).tolist())
    result = MemberWeights(
        **origin_of(config, description),
        counts=counts,
        method=POS_WEIGHT,
        formula="pixels outside / pixels inside",
        zero=zero,
        weights=weights,
        notes=() if asks else (_train_advice(config, bool(alone)),),
    )
    if asks:
        ask_for_zero(config, alone, ONE_SIDED_HINT, result)
    if config.out is not None:
        write_json(config.out, result.as_dict())
    return result


def _train_advice(config: WeightsConfig, with_zero: bool) -> str:
    """How to train with the weights."""
    data = shell_line([str(config.data)])
    if config.out is not None:
        file = shell_line([str(config.out)])
        return f"wrote {file}. To train with it:\n  pixelwise train {data} --class-weights {file}"
    zero = f" --zero {config.zero}" if with_zero else ""
    return (
        "To train with these weights in bce, name them, or a file that you can read and change:\n"
        f"  pixelwise train {data} --class-weights {POS_WEIGHT}{zero}\n"
        f"  pixelwise weights {data} --method {POS_WEIGHT} --out weights.json{zero}"
    )
