"""Weights: the counts and class weights of a split, in Python, as text and as weights.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, ClassVar, NoReturn

from pixelwise.errors import ArgumentError
from pixelwise.figures.figure import Axes, Figure
from pixelwise.files.records import to_plain
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import Description
from pixelwise.text import some, text_table
from pixelwise.weights.config import WeightsConfig
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

    @property
    def ratio(self) -> float:
        """The largest weight by the least that is not 0."""
        given = [weight for weight in self.weights if weight > 0] or [1.0]
        return max(given) / min(given)


def gentlest(by_method: Mapping[Method, MethodWeights]) -> Method:
    """The method to try first: its weights differ least."""
    return min(by_method, key=lambda name: by_method[name].ratio)


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighed:
    """What weights of any task have in common.

    Attributes:
        version, command: which release made it, and how.
        dataset, task, classes: what was counted.
        notes: what was written and what to do next, in text() only.
    """

    SCHEMA: ClassVar[str]

    version: str
    command: str
    dataset: CountedSplit
    task: str
    classes: Classes
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The content of the file, as --json prints it."""
        plain = {"schema": self.SCHEMA, **to_plain(self)}
        plain["counts"]["void"] = plain["counts"].pop("ignored")
        del plain["notes"]
        return plain

    def text(self) -> str:
        """Counts, weights and what to do with them, for a terminal."""
        raise NotImplementedError

    def plot(self, ax: Axes | None = None, *, log: bool = True) -> Figure | Axes:
        """The weight of each class, by every method that is in the record.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            log: points on a logarithmic axis; else on one from 0.
        Returns:
            A Figure; or ax.
        """
        from pixelwise.weights.plots import weights_figure

        return weights_figure(self, ax, log)

    def _repr_html_(self) -> str:
        from pixelwise.weights.plots import weights_table

        return weights_table(self)

    def __repr__(self) -> str:
        return self.text()


def origin_of(config: WeightsConfig, description: Description) -> dict[str, Any]:
    """The first fields of Weighed."""
    return {
        "version": version("pixelwise"),
        "command": config.command,
        "dataset": CountedSplit(str(description.root), config.split),
        "task": description.task,
        "classes": description.classes,
    }


def ask_for_zero(
    config: WeightsConfig, absent: Sequence[str], hint: str, found: Weighed
) -> NoReturn:
    """Raise that no pixel is what `absent` names; the weights with 0 for them are the `found`.

    Raises:
        ArgumentError: always; its hint ends with the command that chooses 0.
    """
    where = f"{config.data}: split {config.split}"
    hint = f"{hint} For example: {replace(config, zero='zero').command}"
    error = ArgumentError(where, "zero", event=f"no pixel is {some(absent)}", hint=hint)
    error.found = found
    raise error


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Weights(Weighed):
    """A counted split and the weights of its classes.

    Attributes:
        counts: label counts of the whole split.
        method: the one that was chosen, or None.
        zero, beta: as of class_weights.
        by_method: weights of the chosen method, or of all.
        filled: images that one class fills; None if they were not asked for.
    """

    SCHEMA: ClassVar[str] = "pixelwise.weights/1"

    counts: LabelCounts
    method: Method | None
    zero: Zero
    beta: float | None
    by_method: dict[Method, MethodWeights]
    filled: tuple[FilledImage, ...] | None = None

    @property
    def weights(self) -> tuple[float, ...] | None:
        """The weights (C,) of the chosen method; None without one."""
        return None if self.method is None else self.by_method[self.method].weights

    def as_dict(self) -> dict[str, Any]:
        """What --json prints: the content of the file, all methods, and the filled images."""
        plain = super().as_dict()
        plain |= plain["by_method"].get(self.method, {})
        left_out = set() if self.method else {"method", "zero", "beta"}
        left_out |= {"filled"} if self.filled is None else set()
        return {key: value for key, value in plain.items() if key not in left_out}

    def file_content(self) -> dict[str, Any]:
        """What weights.json holds; the same counts and settings give the same content."""
        beside = ("by_method", "filled")
        return {key: value for key, value in self.as_dict().items() if key not in beside}

    def text(self) -> str:
        width = max(map(len, self.by_method))
        formulas = [f"{name.ljust(width)}  {row.formula}" for name, row in self.by_method.items()]
        return "\n\n".join([self._table(), "\n".join([*formulas, *LETTERS]), *self.notes])

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
