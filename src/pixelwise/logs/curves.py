"""Curves: what metrics.jsonl says of a training, for figures and for pages. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelwise.errors import ArgumentError, RunError, check_choice
from pixelwise.figures.figure import Axes, Figure
from pixelwise.files.json_file import read_json_lines
from pixelwise.files.records import converted, shown
from pixelwise.logs.metrics_file import METRICS
from pixelwise.text import some

LARGEST = 1e100  # far above float32, and sums of it are finite
LOSSES = ("train/loss", "val/loss")
GOOD_HIGH = (
    "miou",
    "iou",
    "dice",
    "accuracy",
)  # the higher the better


@dataclass(frozen=True)
class Curves:
    """The numbers of a training by step. It shows itself in a notebook.

    Args:
        run: the folder of the run.
        rows: the lines of metrics.jsonl, in the order of the steps.
    """

    run: str
    rows: tuple[dict[str, float | None], ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Whatever has a value at some step, such as "train/loss" and "val/miou"."""
        found = (key for row in self.rows for key, value in row.items() if value is not None)
        return tuple(dict.fromkeys(key for key in found if "/" in key))

    def values(self, key: str) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
        """The steps and the values of a key; None where a value was not finite.

        Raises:
            ArgumentError: the run has no such key.
        """
        check_choice("Curves.values", "key", key, self.keys)
        rows = [row for row in self.rows if key in row]
        return tuple(int(row["step"] or 0) for row in rows), tuple(row[key] for row in rows)

    def plot(self, ax: Axes | None = None, *, keys: str | Sequence[str] = LOSSES) -> Figure | Axes:
        """Lines over the training step.

        Args:
            ax: axes of matplotlib to draw into; None makes a Figure.
            keys: of metrics.jsonl; those that are not there are left out.
        Returns:
            A Figure; or ax.
        Raises:
            ArgumentError: none of the keys has a value.
        """
        # charts are only drawn where they are asked for
        from pixelwise.figures.charts import STEP, training_lines
        from pixelwise.figures.figure import drawn
        from pixelwise.figures.lines import Lines

        keys = (keys,) if isinstance(keys, str) else tuple(keys)
        known = [key for key in keys if key in self.keys]
        if not self.keys:
            event = f"{METRICS} of {self.run} has no value yet"
            raise ArgumentError("Curves.plot", event=event, hint="A training writes them.")
        if not known:
            must = f"of metrics.jsonl: {some(self.keys, most=20)}"
            raise ArgumentError("Curves.plot", "keys", must=must, got=some(keys) or "none")
        rows = list(self.rows)
        lines = tuple(line for key in known for line in training_lines(rows, [key], _best(key)))
        last = max(1, *(x for line in lines for x, _ in line.points))
        title = "Loss" if set(known) <= set(LOSSES) else ", ".join(known)
        figure = Lines(title, lines, STEP, title if len(known) == 1 else "", (0, last))
        return drawn(figure, ax)

    def _repr_html_(self) -> str:
        groups = [LOSSES, ("val/miou",)]
        shown_groups = [keys for keys in groups if set(keys) & set(self.keys)]
        figures = [self.plot(keys=keys) for keys in shown_groups]
        if figures:
            return "".join(figure.svg() for figure in figures if isinstance(figure, Figure))
        from pixelwise.figures.table import html_text

        found = f"others: {some(self.keys, most=20)}" if self.keys else "no value"
        return html_text(f"{self.run}: no losses and no val/miou, {found}")


def _best(key: str) -> str:
    return "highest" if key.rpartition("/")[2].startswith(GOOD_HIGH) else "lowest"


def read_curves(run: Path | str) -> Curves:
    """The training curves of a run.

    Args:
        run: its folder, or metrics.jsonl itself.
    Returns:
        Curves; `read_curves("runs/a").plot()` shows the losses, `.plot(keys="val/miou")` the score.
    Raises:
        RunError: there is no metrics.jsonl, or it is damaged.
    """
    path = Path(run)
    path = path / METRICS if path.is_dir() else path
    if not path.is_file():
        hint = "It is in the folder of a run, which `pixelwise train` writes."
        raise RunError(path, "run", must=f"a folder with {METRICS}", got="none", hint=hint)
    return Curves(str(run), tuple(read_metrics(path)))


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, a later line for the same step over an earlier one.

    Returns:
        one dict per step and kind of line, in the order of the steps.
    Raises:
        RunError: a line is not a JSON object with a `step`, or a value in it is not a number.
    """
    hint = "Remove the line, or train again."
    rows: dict[tuple[int, bool], dict[str, Any]] = {}
    for where, row in read_json_lines(path, RunError):
        step = row.get("step") if isinstance(row, dict) else None
        if type(step) is not int or abs(step) > LARGEST:
            raise RunError(where, "line", must="an object with a step", got=shown(row), hint=hint)
        for key in (key for key in row if "/" in key):
            row[key] = converted(float | None, row[key], where, key, RunError)
            if row[key] is not None and not abs(row[key]) <= LARGEST:
                must = f"a number within {-LARGEST:g}..{LARGEST:g}"
                raise RunError(where, key, must=must, got=row[key], hint=hint)
        # A resumed run repeats the steps after its checkpoint; they count as trained the last time.
        rows[row["step"], "val/loss" in row] = row
    return [rows[key] for key in sorted(rows)]
