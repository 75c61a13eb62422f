"""The folder of a run: made after all checks, reopened to resume."""

import os
import platform
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypedDict

from pixelwise.errors import RunError
from pixelwise.files.folder import cannot, make_folder, previous_of, remove, remove_leftovers
from pixelwise.files.lock import locked
from pixelwise.files.records import converted, to_plain
from pixelwise.files.results import read_object, read_record, write_json
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.networks.build import Network
from pixelwise.plan.bad_images import BadImages
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import Plan
from pixelwise.plan.preflight import check_out
from pixelwise.run.checkpoint import (
    BEST,
    CONFIG,
    LAST,
    AboutCheckpoint,
    Checkpoint,
    find_checkpoint,
)
from pixelwise.settings import command_line
from pixelwise.text import plural, some

RUNS = Path("runs")
DATA = "data.json"
PACKAGES = ("pixelwise", "torch", "torchvision", "segmentation-models-pytorch", "timm", "numpy")


class SplitFingerprint(TypedDict):
    """Of data.json: pixels of each class, and sizes of the files of each pair.

    Where classes overlap: pixels outside and inside of each class.
    """

    pixels: list[int] | list[list[int]]
    files: dict[str, list[int]]


Fingerprint = dict[str, SplitFingerprint]


@dataclass(frozen=True)
class RunData:
    """The dataset of a run, and the number of pairs of each split."""

    path: str
    task: str
    pairs: dict[str, int]


@dataclass(frozen=True)
class AboutRun:
    """What config.json of a run says.

    Attributes:
        command, created: how the run was started, and when.
        config: the settings, fully resolved.
        class_weights: one per class, or None.
        parameters: of the network.
        versions: of Python and of the packages that decide the numbers.
        images: what they are: channels, samples and their values.
    """

    SCHEMA: ClassVar[str] = "pixelwise.run/1"

    command: str
    created: str
    config: TrainConfig
    dataset: RunData
    classes: Classes
    class_weights: tuple[float, ...] | None
    parameters: int
    versions: dict[str, str]
    images: ImageKind = RGB8


def lock_run(run: Path, log: Callable[[str], None], held: ExitStack) -> None:
    """Keep other processes from writing into a run, until `held` is closed.

    Raises:
        RunError: another process does.
    """
    if held.enter_context(locked(run, "train", log)):
        for name in (LAST, BEST):
            remove_leftovers(run / name)


def make_run_folder(folder: Path, plan: Plan, network: Network) -> None:
    """Make the folder of a run, with config.json and data.json.

    Args:
        folder: its name; it is locked.
        plan: what will be done.
        network: whose parameters are counted.
    Raises:
        RunError: the folder is not empty, or the file system refuses.
    """
    check_out(folder)
    make_folder(folder)
    plan.bad.write(folder)
    write_json(folder / DATA, plan.fingerprint())
    about = about_run(plan, network, folder)
    write_json(folder / CONFIG, {"schema": about.SCHEMA, **to_plain(about)})


def free_run_name(name: str) -> Path:
    """Make and return runs/NAME-1, or the first number that is free."""
    make_folder(RUNS)
    while True:
        folder = next_run_name(name)
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue  # another process was faster
        except OSError as error:
            raise cannot(folder, "made", error) from None


def next_run_name(name: str) -> Path:
    """runs/NAME-1, or the first number that is free; it is not made."""
    return next(folder for n in count(1) if not os.path.lexists(folder := RUNS / f"{name}-{n}"))


def about_run(plan: Plan, network: Network, folder: Path) -> AboutRun:
    """The content of config.json of a new run."""
    config, description = replace(plan.config, out=folder), plan.description
    pairs = {name: counts.files for name, counts in plan.counts.items()}
    return AboutRun(
        command=command_line(config),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        config=config,
        dataset=RunData(str(config.data), description.task, pairs),
        classes=description.classes,
        class_weights=plan.class_weights,
        parameters=sum(p.numel() for p in network.parameters()),
        versions=versions(),
        images=plan.images,
    )


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide the numbers of a run."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def saved_images(run: Path | None) -> ImageKind | None:
    """What the images of a run that is resumed were when it began."""
    return None if run is None else read_record(AboutRun, run / CONFIG).images


def saved_config(run: Path) -> TrainConfig:
    """The settings that a run began with."""
    config = read_record(AboutRun, run / CONFIG).config
    if config.data is None:
        raise RunError(run / CONFIG, "config.data", must="given", got="nothing")
    return config


def reopen_run(run: Path, plan: Plan, log: Callable[[str], None]) -> Checkpoint:
    """checkpoint_to_resume, and what a kill has left beside it is removed."""
    checkpoint = checkpoint_to_resume(run, plan, log)
    for folder in (run / BEST, run / LAST):
        # left by a kill while it was replaced, and needed no more
        if folder.is_dir() and checkpoint.folder != previous_of(folder):
            with suppress(RunError):
                remove(previous_of(folder))
    return checkpoint


def checkpoint_to_resume(run: Path, plan: Plan, log: Callable[[str], None]) -> Checkpoint:
    """The newest complete checkpoint of a run whose data is unchanged; nothing is written.

    Raises:
        RunError: no checkpoint, other classes, weights or data than the run began with.
    """
    began = read_record(AboutRun, run / CONFIG)
    now = versions()
    others = [
        f"{k} {v} (now {now.get(k, 'none')})" for k, v in began.versions.items() if v != now.get(k)
    ]
    if others:
        log(
            f"warning: {run} began with {', '.join(others)}: what follows need not be, bit for "
            "bit, the run that nothing interrupted."
        )
    if began.classes != plan.description.classes:
        event = "cannot resume: the classes have changed since the run began"
        raise RunError(run, "classes", event=event, hint="Start a new run for the new classes.")
    if began.images.channels != plan.description.channels:
        event = "cannot resume: [images] in dataset.toml has changed since the run began"
        raise RunError(run, "images", event=event, hint="Restore it, or start a new run.")
    file = plan.config.class_weights
    if file.endswith(".json") and began.class_weights != plan.class_weights:
        event = f"cannot resume: the class weights in {file} have changed since the run began"
        raise RunError(run, "class_weights", event=event, hint="Restore them, or start a new run.")
    before = converted(Fingerprint, read_object(run / DATA), str(run / DATA), "splits", RunError)
    lacking = plan.fingerprint().keys() - before.keys()
    if lacking:
        raise RunError(run / DATA, some(sorted(lacking)), must="given", got="nothing")
    check_same_data(run, before, plan.fingerprint(), plan.bad)
    return find_checkpoint(run, (LAST, BEST), log)


def best_of(run: Path) -> dict[str, Any] | None:
    """Epoch, step and scores of the best checkpoint, or None if no epoch had a score."""
    if not os.path.lexists(run / BEST / CONFIG):
        return None
    about = read_record(AboutCheckpoint, run / BEST / CONFIG)
    return {"epoch": about.epoch, "step": about.step, **about.score}


def check_same_data(run: Path, before: dict[str, Any], now: dict[str, Any], bad: BadImages) -> None:
    """Raise if the files or labels of a resumed run are not those that it began with.

    Args:
        run: its folder.
        before, now: fingerprints.
        bad: pairs that may have been repaired since.
    Raises:
        RunError: naming what was added, removed or changed.
    """
    for split in now:
        old, new = before[split]["files"], now[split]["files"]
        changes = {
            "added": sorted(new.keys() - old.keys()),
            "removed": sorted(old.keys() - new.keys()),
            "changed": sorted(
                k
                for k in (new.keys() & old.keys()) - bad.may_have_changed(split)
                if new[k] != old[k]
            ),
        }
        named = {f"{plural(len(ids), 'pair')} {how}": ids for how, ids in changes.items() if ids}
        parts = [f"{number} ({some(ids)})" for number, ids in named.items()]
        if not parts and before[split]["pixels"] != now[split]["pixels"]:
            parts = ["other label pixels in the same files"]
        if parts:
            event = f"cannot resume: split {split} has changed since the run began: "
            hint = "Start a new run, or restore the files."
            raise RunError(run, "data", event=event + ", ".join(parts), hint=hint)
