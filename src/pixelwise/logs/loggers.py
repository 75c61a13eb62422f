"""LOGGERS: who is given the very lines of metrics.jsonl, on the first rank.

The file itself is the record of the run, and a line that cannot be written stops it. All other
loggers are guests: one that fails is warned about once and left alone from then on.
"""

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pixelwise.files.content import read_file
from pixelwise.files.results import read_object, write_json
from pixelwise.logs.metrics_file import METRICS, START, Place, append_line, place_of
from pixelwise.plan.config import Log

LOGGED = "logged.json"  # how far other loggers were when the run was last resumed
PROJECT = "pixelwise"
Figures = Iterable[tuple[str, NDArray[np.uint8]]]


class Logger(Protocol):
    """What a row of LOGGERS makes of a run folder and the settings of the run."""

    def line(self, step: int, values: dict[str, float]) -> None:
        """Take the numbers of one line; all of them are finite."""

    def figure(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """Take a picture (H, W, 3) RGB."""

    def close(self) -> None:
        """Send what was not sent yet."""


class TensorBoard:
    """Event files in RUN/tensorboard."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder / "tensorboard"))
        self.writer.add_text("settings", f"```\n{json.dumps(settings, indent=1)}\n```", 0)

    def line(self, step: int, values: dict[str, float]) -> None:
        """One scalar for each number."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()  # a run that is killed has said what it has written

    def figure(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """One image."""
        self.writer.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Close the file."""
        self.writer.close()


class WandB:
    """A run of Weights & Biases; the project is pixelwise or $WANDB_PROJECT."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        import wandb

        self.image = wandb.Image
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=folder.name,
            id=id_of(folder),
            resume="allow",
            dir=str(folder),
            config=settings,
        )

    def line(self, step: int, values: dict[str, float]) -> None:
        """One row of its history; lines of one step are one row there."""
        self.run.log(values, step=step)

    def figure(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """One image."""
        self.run.log({name: self.image(image)}, step=step)

    def close(self) -> None:
        """Wait until everything is sent."""
        self.run.finish()


class MLflow:
    """A run of MLflow at $MLFLOW_TRACKING_URI.

    The experiment is pixelwise or $MLFLOW_EXPERIMENT_NAME.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient()
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        known = self.client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else self.client.create_experiment(name)
        own = id_of(folder)
        found = self.client.search_runs([experiment], f"tags.`pixelwise.run` = '{own}'")
        if found:
            self.id = found[0].info.run_id
            self.client.update_run(self.id, status="RUNNING")
        else:
            tags = {"pixelwise.run": own}
            made = self.client.create_run(experiment, run_name=folder.name, tags=tags)
            self.id = made.info.run_id
            for key, value in settings.items():
                self.client.log_param(self.id, key, value)

    def line(self, step: int, values: dict[str, float]) -> None:
        """One metric for each number; characters that MLflow refuses in a name become _."""
        for name, value in values.items():
            self.client.log_metric(self.id, re.sub(r"[^\w\-. :/]", "_", name), value, step=step)

    def figure(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """One image."""
        self.client.log_image(self.id, image, key=re.sub(r"[^\w\-./]", "_", name), step=step)

    def close(self) -> None:
        """Say that the process has ended."""
        self.client.set_terminated(self.id)


LOGGERS: dict[Log, Callable[[Path, dict[str, Any]], Logger]] = {
    "tensorboard": TensorBoard,
    "wandb": WandB,
    "mlflow": MLflow,
}


class Loggers:
    """metrics.jsonl and the loggers of a run, on the first rank.

    Args:
        folder: of the run, with its config.json.
        names: rows of LOGGERS.
        settings: of the run, as plain data.
        warn: given a line for a logger that fails.
        last: place of the last line that was written before the run was resumed. Steps that are
            taken again up to there are in metrics.jsonl only.
    """

    def __init__(
        self,
        folder: Path,
        names: Iterable[Log],
        settings: dict[str, Any],
        warn: Callable[[str], None],
        last: Place = START,
    ) -> None:
        self.file, self.warn = folder / METRICS, warn
        self.active: dict[Log, Logger] = {}
        names = tuple(dict.fromkeys(names))
        self.last = last_logged(folder, last) if names else last
        for name in names:
            self.call(name, partial(self.start, name, folder, settings))

    def start(self, name: Log, folder: Path, settings: dict[str, Any]) -> None:
        """Make one logger."""
        self.active[name] = LOGGERS[name](folder, settings)

    def call(self, name: Log, action: Callable[[], None]) -> None:
        """Do something with a logger; whatever goes wrong, it is warned about and left alone."""
        try:
            action()
        except Exception as error:
            self.active.pop(name, None)
            reason = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
            self.warn(f"warning: the logger {name} has failed and is not used any more ({reason})")

    def line(self, values: dict[str, Any]) -> None:
        """Write a line.

        Args:
            values: step, epoch and numbers.
        Raises:
            RunError: metrics.jsonl cannot be written.
        """
        append_line(self.file, values)
        if place_of(values) <= self.last:
            return
        rest = {k: float(v) for k, v in values.items() if k != "step" and math.isfinite(v)}
        for name, logger in list(self.active.items()):
            self.call(name, partial(logger.line, values["step"], rest))

    def figures(self, step: int, draw: Callable[[], Figures]) -> None:
        """Show pictures of an evaluation; they are drawn if there is a logger for them."""
        if not self.active or (step, True) <= self.last:
            return
        try:
            pictures = list(draw())
        except Exception as error:  # such as no memory for them
            self.warn(f"warning: no pictures for the loggers ({error})")
            return
        for name, logger in list(self.active.items()):
            for title, image in pictures:
                if name in self.active:
                    self.call(name, partial(logger.figure, step, title, image))

    def close(self) -> None:
        """End all loggers."""
        for name, logger in list(self.active.items()):
            self.call(name, logger.close)


def last_logged(folder: Path, last: Place) -> Place:
    """The furthest place of any part of a run; it is kept for a run that is resumed again.

    Args:
        folder: of the run.
        last: place of the last line that metrics.jsonl had.
    """
    path = folder / LOGGED
    if os.path.lexists(path):
        saved = read_object(path)
        last = max(last, (int(saved.get("step", -1)), bool(saved.get("evaluated"))))
    if last != START:
        write_json(path, {"step": last[0], "evaluated": last[1]})
    return last


def id_of(folder: Path) -> str:
    """16 hexadecimal digits that stay those of a run when it is resumed or moved."""
    return hashlib.sha256(read_file(folder / "config.json")).hexdigest()[:16]
