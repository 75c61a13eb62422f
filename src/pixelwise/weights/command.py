"""Count a split and weigh its classes: what `pixelwise weights` does, save for its page."""

import json
import os
import shlex
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pixelwise.errors import ArgumentError
from pixelwise.executors import open_executor, with_absolute_paths
from pixelwise.files.atomic import atomic_write
from pixelwise.labels.description import FILE_NAME, Description, read_description
from pixelwise.sums import Progress
from pixelwise.text import text_table
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.counts import LabelCounts, count_each
from pixelwise.weights.file import weights_content
from pixelwise.weights.formulas import FORMULAS, LETTERS, METHODS, class_weights
from pixelwise.weights.keep_list import Filled, filled_image, list_name, toml_lines, write_keep_list

LISTED_IMAGES = 20


@dataclass(frozen=True)
class Weighing:
    """A counted split.

    Args:
        config: what was asked for.
        description: the dataset.
        counts: of the whole split.
        by_method: (C,) weights of the method that was asked for, or of all.
        filled: images that one class fills; None if they were not asked for.
        kept: ids of the other images.
    """

    config: WeightsConfig
    description: Description
    counts: LabelCounts
    by_method: dict[str, np.ndarray]
    filled: tuple[Filled, ...] | None
    kept: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """What weights.json holds; without a method its counts alone."""
        how = {}
        if self.config.method is not None:
            weights = self.by_method[self.config.method].tolist()
            how = {
                "method": self.config.method,
                "zero": self.config.zero,
                "beta": self.config.beta,
                "weights": weights,
            }
        made_of = {
            "command": self.config.command,
            "dataset": {"path": str(self.description.root), "split": self.config.split},
            "task": self.description.task,
        }
        return weights_content(self.counts, self.description.classes, made_of, how)

    def as_dict(self) -> dict[str, Any]:
        """The content, the weights of every method, and the images that one class fills."""
        methods = {
            name: {"formula": FORMULAS[name], "weights": weights.tolist()}
            for name, weights in self.by_method.items()
        }
        filled = {} if self.filled is None else {"filled": [asdict(one) for one in self.filled]}
        return {**self.content(), "by_method": methods, **filled}

    def text(self) -> str:
        """Counts, weights and what to do with them, for a terminal."""
        parts = [self._table(), self._formulas(), self._advice()]
        if self.filled is not None:
            parts += [self._filled_table(self.filled), self._list_advice()]
        return "\n\n".join(part for part in parts if part)

    def _table(self) -> str:
        counts, valid = self.counts, self.counts.valid
        void = counts.ignored / (valid + counts.ignored)
        head = f"{self.config.split}: {counts.files:,} images, {valid:,} valid pixels, "
        head += f"void {percent(void)}"
        rows = [["class", "pixels", "share", "images", *self.by_method]]
        for index, name in enumerate(self.description.classes.names):
            pixels = int(counts.pixels[index])
            numbers = [f"{pixels:,}", percent(pixels / valid), f"{counts.images[index]:,}"]
            weights = [f"{weights[index]:#.4g}" for weights in self.by_method.values()]
            rows.append([name, *numbers, *weights])
        return f"{head}\n\n{text_table(rows)}"

    def _formulas(self) -> str:
        width = max(map(len, self.by_method))
        lines = [f"{name.ljust(width)}  {FORMULAS[name]}" for name in self.by_method]
        return "\n".join([*lines, *LETTERS])

    def _advice(self) -> str:
        config = self.config
        data = shlex.quote(str(config.data))
        if self.description.task == "binary":
            ratio = self.counts.pixels[0] / max(1, self.counts.pixels[1])
            loss = f"bce(pos_weight={ratio:.3g})+dice"
            return (
                "The task is binary, with one channel: weigh the foreground in the loss.\n"
                f"  pixelwise train {data} --loss {shlex.quote(loss)}"
            )
        if config.out is not None:
            file = shlex.quote(str(config.out))
            return (
                f"wrote {file}. To train with it:\n  pixelwise train {data} --class-weights {file}"
            )
        method = config.method or "median_frequency"
        return "\n".join(
            [
                "To train with weights, name the method, or a file that you can read and change:",
                f"  pixelwise train {data} --class-weights {method}",
                f"  pixelwise weights {data} --method {method} --out weights.json",
            ]
        )

    def _filled_table(self, filled: tuple[Filled, ...]) -> str:
        share = f"{100 * (self.config.drop_background or 0):g}%"
        head = f"One class fills at least {share} of the valid pixels "
        head += f"in {len(filled):,} of {self.counts.files:,} images"
        if not filled:
            return f"{head}."
        rows = [["image", "class", "share"]]
        rows += [[f.id, f.name or "all void", percent(f.share)] for f in filled[:LISTED_IMAGES]]
        more = len(filled) - LISTED_IMAGES
        tail = f"\nand {more:,} more; --json lists all" if more > 0 else ""
        return f"{head}:\n\n{text_table(rows)}{tail}"

    def _list_advice(self) -> str:
        path = self.config.keep_list
        if path is None:
            return "" if not self.filled else "To leave them out, list the others: --keep-list FILE"
        lines = toml_lines(self.config.split, list_name(path, self.description))
        before = self.description.splits[self.config.split].list
        instead = "" if before is None else f" in place of {before}"
        return (
            f"wrote {path}: the ids of the other {len(self.kept):,} images.\nTo use it{instead}, "
            f"have these two lines below each other in {self.description.root / FILE_NAME}:\n\n"
            f"{lines}\n\n"
            "The counts and weights above are of all images: run again after that."
        )


def weigh(
    config: WeightsConfig, executor: Executor | None = None, progress: Progress | None = None
) -> Weighing:
    """Count the label pixels of a split, weigh the classes, and write what was asked for.

    Args:
        config: its `html` is left to report/.
        executor: any concurrent.futures executor; None takes the one that config asks for, or
            else threads.
        progress: called with (labels done, all labels) after each label.
    Returns:
        Weighing, the same for every executor.
    Raises:
        PixelwiseError: the dataset, a label or a setting is wrong; a class never occurs and zero
            is "error". Nothing is written then.
    """
    config = with_absolute_paths(config)
    description = read_description(config.data)
    if config.keep_list is not None:
        list_name(config.keep_list, description)
    pairs = description.pairs(config.split)
    share, classes = config.drop_background, description.classes
    counts = LabelCounts.zero(len(classes))
    filled = []
    with (
        ThreadPoolExecutor(os.cpu_count()) as threads,
        open_executor(config.workers, config.scheduler, executor) as chosen,
    ):
        each = count_each(pairs, classes, chosen or threads, progress)
        # counts first, so that a wrong label behind the last pair is still told
        for one, pair in zip(each, pairs):
            counts = counts + one
            found = None if share is None else filled_image(pair.id, one, classes, share)
            filled += [found] if found else []
    filled.sort(key=lambda image: (-image.share, image.id))
    dropped = {image.id for image in filled}
    weighing = Weighing(
        config=config,
        description=description,
        counts=counts,
        by_method=weights_by_method(config, description, counts),
        filled=None if share is None else tuple(filled),
        kept=tuple(pair.id for pair in pairs if pair.id not in dropped),
    )
    if config.keep_list is not None:
        write_keep_list(config.keep_list, list(weighing.kept))
    if config.out is not None:
        text = json.dumps(weighing.content(), indent=1, allow_nan=False)
        atomic_write(config.out, f"{text}\n".encode())
    return weighing


def weights_by_method(
    config: WeightsConfig, description: Description, counts: LabelCounts
) -> dict[str, np.ndarray]:
    """The weights of one method, or of all.

    Raises:
        ArgumentError: a class never occurs and zero is "error"; it is named.
    """
    names = description.classes.names
    absent = [name for name, pixels in zip(names, counts.pixels) if pixels == 0]
    if absent and config.zero == "error":
        hint = "Say what it weighs: --zero zero (nothing) or --zero max (as the heaviest class)."
        where = f"{config.data}: split {config.split}"
        got = f"none of {', '.join(absent)}"
        raise ArgumentError(where, "every class", must="in a pixel", got=got, hint=hint)
    return {
        name: class_weights(
            counts, name, config.zero, config.beta if name == "effective_number" else None
        )
        for name in ([config.method] if config.method else METHODS)
    }


def percent(share: float) -> str:
    """A share with two decimals, or two digits if it is small: "33.00%", "0.0012%"."""
    return f"{100 * share:.2g}%" if 0 < share < 1e-4 else f"{100 * share:.2f}%"
