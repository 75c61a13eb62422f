"""The networks that predict together: those of one run, of several, or of a cross-validation."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.errors import ArgumentError, RunError, setting
from pixelwise.files.json_file import get
from pixelwise.files.names import real_path
from pixelwise.files.results import read_object
from pixelwise.labels.splits.names import folder_of_split
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.run.checkpoint import (
    BEST,
    CONFIG,
    FOLDS,
    LAST,
    WEIGHTS,
    AboutCheckpoint,
    Checkpoint,
    find_checkpoint,
)
from pixelwise.run.run_folder import saved_config
from pixelwise.text import shell_line, some
from pixelwise.tiles.grid import Tiling


@dataclass(frozen=True)
class Members:
    """The checkpoints of an ensemble, or the only one.

    Attributes:
        checkpoints: in an order that does not depend on that of the runs, so that sums of three
            do not either.
        first: of the first run, whose classes are taken where no dataset has some.
        folder: that has them all, in which predictions are kept; None of several runs.
        held_out: split of a cross-validation, of which `folder` has predictions of its own.
        flip, scales: views, as in PredictConfig.
    """

    checkpoints: tuple[Checkpoint, ...]
    first: Checkpoint
    folder: Path | None
    held_out: str | None = None
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)

    @property
    def is_one(self) -> bool:
        """Whether there is one network."""
        return len(self.checkpoints) == 1

    @property
    def epoch(self) -> int | None:
        """Of the only network."""
        return self.first.about.epoch if self.is_one else None

    @property
    def image_scales(self) -> set[float]:
        """The scales in which networks see an image."""
        return {one.about.scale * factor for one in self.checkpoints for factor in self.scales}

    def agreed(self, name: Literal["dataset", "val_split", "tiling"], hint: str = "") -> Any:
        """What all runs have been trained or scored on.

        Args:
            name: of what.
            hint: what helps if that differs, where the option for it does not.
        Raises:
            ArgumentError: that differs.
        """
        values = dict.fromkeys(getattr(one.about, name) for one in self.checkpoints)
        if len(values) > 1:
            what, option = {
                "dataset": ("trained on different datasets", "data"),
                "val_split": ("scored on different splits", "split"),
                "tiling": ("scored with different tiles", "tile"),
            }[name]
            shown = sorted(_shown(value) for value in values)
            event = f"the networks were {what}: {some(shown, separator='; ')}"
            hint = hint or f"Give {setting(option)}."
            raise ArgumentError("predict", event=event, hint=hint)
        return next(iter(values))

    def key(self) -> tuple[Any, ...]:
        """What label images depend on, for key_of: the networks, and views if there are any."""
        networks = [(one.about.sha256, one.about.scale) for one in self.checkpoints]
        views = self.views()
        return (networks[0] if self.is_one else networks, *([views] if views else []))

    def views(self) -> dict[str, Any] | None:
        """The views of an image, as prediction.json has them; None of the image as it is."""
        if not self.flip and self.scales == (1.0,):
            return None
        return {"flip": self.flip, "scales": list(self.scales), "mean": "logits"}

    def described(self, config: PredictConfig) -> dict[str, Any]:
        """What prediction.json says of them."""
        run = str(config.runs[0]) if len(config.runs) == 1 else None
        about: dict[str, Any] = {"run": run, "checkpoint": None, "epoch": self.epoch}
        networks = None
        if self.is_one:
            about["checkpoint"] = str(real_path(self.first.folder))
        else:
            about["networks"] = [
                {"checkpoint": str(real_path(one.folder)), "epoch": one.about.epoch}
                for one in self.checkpoints
            ]
            networks = {"number": len(self.checkpoints), "mean": "probabilities"}
        if networks or self.views():
            about["averaged"] = {"views": self.views(), "networks": networks}
        return about

    def default_out(self, name: str) -> Path:
        """Where predictions are kept if no folder is given.

        Args:
            name: of the folder of a split or of images.
        Raises:
            ArgumentError: no folder has all networks, or it has other predictions there.
        """
        if self.folder is None:
            event = f"{setting('out')} is needed: predictions of several runs are in none of them"
            raise ArgumentError("predict", event=event)
        out = self.folder / "predictions" / name
        if self.held_out is not None and name == folder_of_split(self.held_out):
            event = f"{out} is for predictions of each pair by the network that has not seen it"
            raise ArgumentError("predict", event=event, hint=f"Give {setting('out')}.")
        return out


def find_members(config: PredictConfig, log: Callable[[str], None]) -> Members:
    """The checkpoints of the runs that the settings name.

    Raises:
        RunError: a run has no complete checkpoint, a cross-validation is not complete, or networks
            differ in what their logits mean.
        ArgumentError: views that a run was not trained for.
    """
    found = [one for run in config.runs for one in checkpoints_of(run, log)]
    first = found[0]
    for one in found[1:]:
        check_alike(first, one)
    if config.flip:
        for one in found:
            check_mirrored(one)
    ordered = sorted(found, key=lambda one: (one.about.sha256[WEIGHTS], one.about.scale))
    folder, held_out = None, None
    if len(config.runs) == 1:
        (run,) = config.runs
        folder = run if is_cross_validation(run) else first.folder.parent
        held_out = folds_of(run)["split"] if is_cross_validation(run) else None
    return Members(tuple(ordered), first, folder, held_out, config.flip, config.scales)


def is_cross_validation(run: Path) -> bool:
    """Whether a folder has a run for each fold."""
    return os.path.lexists(run / FOLDS)


def folds_of(run: Path) -> dict[str, Any]:
    """The parts of folds.json that are needed here: split, and the folders that are complete."""
    path = run / FOLDS
    content, where = read_object(path), str(path)
    folds = [
        {key: get(where, fold, key, kind) for key, kind in (("folder", str), ("is_complete", bool))}
        for fold in get(where, content, "folds", list)
    ]
    return {"split": get(where, content, "split", str), "folds": folds}


def checkpoints_of(run: Path, log: Callable[[str], None]) -> Iterator[Checkpoint]:
    """The best checkpoint of a run, or of each fold of a cross-validation.

    Raises:
        RunError: a fold is not complete, or has no complete checkpoint.
    """
    if not is_cross_validation(run):
        yield find_checkpoint(run, (BEST, LAST), log)
        return
    folds = folds_of(run)["folds"]
    if not folds:
        raise RunError(run / FOLDS, "folds", must="at least one", got="none")
    if missing := [fold["folder"] for fold in folds if not fold["is_complete"]]:
        hint = f"Go on with: {shell_line(['pixelwise', 'train', '--resume', str(run)])}"
        event = f"folds are not complete: {some(missing)}"
        raise RunError(run, "run", event=event, hint=hint)
    for fold in folds:
        yield find_checkpoint(run / fold["folder"], (BEST, LAST), log)


def check_alike(first: Checkpoint, other: Checkpoint) -> None:
    """Raise unless the logits of two networks mean the same, of the same images.

    Raises:
        RunError: naming what differs.
    """

    def shown(about: AboutCheckpoint) -> dict[str, tuple[Any, str]]:
        names, channels = some(about.classes.names), about.images.channels
        return {
            "task": (about.task, about.task),
            "classes": (about.classes.names, names),
            "channels": (channels, some(channels.names)),
            "samples": (about.images.dtype, about.images.dtype),
        }

    wanted = shown(first.about)
    for name, (value, text) in shown(other.about).items():
        if value != wanted[name][0]:
            must = f"that of {first.folder} ({wanted[name][1]}), to average both networks"
            raise RunError(other.folder, name, must=must, got=text)


def check_mirrored(checkpoint: Checkpoint) -> None:
    """Raise unless a network was trained with images that are mirrored.

    Raises:
        ArgumentError: it was not, and may tell left from right; or nothing says how it was.
    """
    run, option = checkpoint.folder.parent, setting("flip")
    path = run / CONFIG
    if not path.is_file():
        event = f"{option} needs {path}, which says whether mirrored images were learnt from"
        raise ArgumentError("predict", event=event)
    if not learns_from_mirrored(saved_config(run)):
        event = f"{run} was trained without mirrored images"
        hint = f"It may tell left from right: leave {option} out."
        raise ArgumentError("predict", "flip", event=event, hint=hint)


def learns_from_mirrored(config: TrainConfig) -> bool:
    """Whether half of the examples of a run are mirrored."""
    preset = AUGMENTATIONS.get(config.augment)
    return config.flip and not (preset is not None and preset.crop_only)


def _shown(value: str | Tiling | None) -> str:
    """What a run was trained or scored on, for a message."""
    return value.text() if isinstance(value, Tiling) else value or "whole images"
