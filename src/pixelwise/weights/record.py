"""Weights: the counts and class weights of a split, in Python, as text and as weights.json."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pixelwise.files.records import to_plain
from pixelwise.labels.classes import Classes
from pixelwise.text import text_table
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.formulas import LETTERS, Method, Zero
from pixelwise.weights.keep_list import FilledImage, share_text


@dataclass(frozen=True)
class CountedSplit:
    """The folder of a dataset and the name of one of its splits."""

    path: str
    split: str


@dataclass(frozen=True)
class MethodWeights:
    """The weights (C,) of one method, and its formula."""

    formula: str
    weights: tuple[float, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Weights:
    """A counted split and the weights of its classes.

    Attributes:
        version, command: which release made it, and how.
        dataset, task, classes: what was counted.
        counts: label counts of the whole split.
        method: the one that was chosen, or None.
        zero, beta: as of class_weights.
        by_method: weights of the chosen method, or of all.
        filled: images that one class fills; None if they were not asked for.
        notes: what was written and what to do next, in text() only.
    """

    SCHEMA: ClassVar[str] = "pixelwise.weights/1"

    version: str
    command: str
    dataset: CountedSplit
    task: str
    classes: Classes
    counts: LabelCounts
    method: Method | None
    zero: Zero
    beta: float | None
    by_method: dict[Method, MethodWeights]
    filled: tuple[FilledImage, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def weights(self) -> tuple[float, ...] | None:
        """The weights (C,) of the chosen method; None without one."""
        return None if self.method is None else self.by_method[self.method].weights

    def as_dict(self) -> dict[str, Any]:
        """What --json prints: the content of the file, all methods, and the filled images."""
        plain = {"schema": self.SCHEMA, **to_plain(self)}
        plain["counts"]["void"] = plain["counts"].pop("ignored")
        plain |= plain["by_method"].get(self.method, {})
        left_out = {"notes", *(() if self.method else ("method", "zero", "beta"))}
        left_out |= {"filled"} if self.filled is None else set()
        return {key: value for key, value in plain.items() if key not in left_out}

    def file_content(self) -> dict[str, Any]:
        """What weights.json holds; the same counts and settings give the same content."""
        beside = ("by_method", "filled")
        return {key: value for key, value in self.as_dict().items() if key not in beside}

    def text(self) -> str:
        """Counts, weights and what to do with them, for a terminal."""
        width = max(map(len, self.by_method))
        formulas = [f"{name.ljust(width)}  {row.formula}" for name, row in self.by_method.items()]
        return "\n\n".join([self._table(), "\n".join([*formulas, *LETTERS]), *self.notes])

    __repr__ = text

    def _table(self) -> str:
        counts, valid = self.counts, self.counts.valid
        void = share_text(counts.ignored / (valid + counts.ignored))
        head = f"{self.dataset.split}: {counts.files:,} images, {valid:,} valid pixels, void {void}"
        rows = [["class", "pixels", "share", "images", *self.by_method]]
        for index, name in enumerate(self.classes.names):
            pixels = int(counts.pixels[index])
            numbers = [f"{pixels:,}", share_text(pixels / valid), f"{counts.images[index]:,}"]
            weights = [f"{row.weights[index]:#.4g}" for row in self.by_method.values()]
            rows.append([name, *numbers, *weights])
        return f"{head}\n\n{text_table(rows)}"
