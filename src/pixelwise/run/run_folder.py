"""The folder of a run: made once everything is checked, reopened to resume."""

import platform
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.files.folder import check_free, make_folder
from pixelwise.files.records import from_plain, to_plain
from pixelwise.files.results import read_object, write_json
from pixelwise.run.checkpoint import BEST, LAST, Checkpoint, find_checkpoint
from pixelwise.run.config import TrainConfig
from pixelwise.run.networks import Network
from pixelwise.run.plan import Plan, check_same_data
from pixelwise.settings import command_line

SCHEMA = "pixelwise.run/1"
RUNS = Path("runs")
PACKAGES = ("pixelwise", "torch", "torchvision", "segmentation-models-pytorch", "timm", "numpy")


def make_run_folder(plan: Plan, network: Network) -> Path:
    """Make runs/DATA-NUMBER, or the folder that was asked for, with config.json and data.json.

    Raises:
        RunError: the folder that was asked for is not empty.
    """
    folder = plan.config.out
    if folder is None:
        folder = free_run_name(plan.description.root.resolve().name)
    else:
        hint = f"Choose another --out, or go on with: pixelwise train --resume {folder}"
        check_free("train", folder, hint)
    make_folder(folder)
    write_json(folder / "data.json", plan.fingerprint())
    write_json(folder / "config.json", about_run(plan, network, folder))
    return folder


def free_run_name(name: str) -> Path:
    """Make and return runs/NAME-1, or the first number that is free."""
    make_folder(RUNS)
    number = 1
    while True:
        folder = RUNS / f"{name}-{number}"
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def about_run(plan: Plan, network: Network, folder: Path) -> dict[str, Any]:
    """What config.json says: settings with nothing left open, data, network, versions."""
    description = plan.description
    config = replace(plan.config, out=folder)
    return {
        "schema": SCHEMA,
        "command": command_line(config),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": to_plain(config),
        "dataset": {
            "path": str(config.data),
            "task": description.task,
            "pairs": {name: counts.files for name, counts in plan.counts.items()},
        },
        "classes": description.classes.as_dict(),
        "class_weights": None if plan.class_weights is None else list(plan.class_weights),
        "parameters": sum(p.numel() for p in network.parameters()),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }


def saved_config(config: TrainConfig) -> TrainConfig:
    """The settings that a run began with, with the time limit of now."""
    run = config.resume or Path()
    saved = from_plain(TrainConfig, read_object(run / "config.json")["config"], str(run))
    return replace(saved, max_minutes=config.max_minutes)


def reopen_run(run: Path, plan: Plan, log: Callable[[str], None]) -> tuple[Path, Checkpoint]:
    """The newest complete checkpoint of a run whose data is unchanged.

    Raises:
        RunError: no checkpoint, other classes, weights or data than the run began with.
    """
    for leftover in run.glob(".*.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    began = read_object(run / "config.json")
    if began["classes"] != plan.description.classes.as_dict():
        hint = "Start a new run for the new classes."
        raise RunError(run, "classes", must="as when the run began", got="others", hint=hint)
    if plan.config.class_weights.endswith(".json") and began["class_weights"] != list(
        plan.class_weights or ()
    ):
        hint = f"Put back what {plan.config.class_weights} held, or start a new run."
        raise RunError(run, "class weights", must="as when the run began", got="others", hint=hint)
    check_same_data(run, read_object(run / "data.json"), plan.fingerprint())
    return run, find_checkpoint(run, (LAST, BEST), log)


def best_of(run: Path) -> dict[str, Any] | None:
    """Epoch, step and scores of the best checkpoint, or None if no epoch had a score."""
    if not (run / BEST / "config.json").exists():
        return None
    about = read_object(run / BEST / "config.json")
    return {"epoch": about["epoch"], "step": about["step"], **about["score"]}
