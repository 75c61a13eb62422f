"""The folds of a cross-validation one after the other; each is an ordinary run."""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from pixelwise.errors import ArgumentError, PixelwiseError, setting
from pixelwise.files.folder import previous_of, remove
from pixelwise.files.lock import locked
from pixelwise.files.results import read_record
from pixelwise.folds.predictions import join_predictions
from pixelwise.folds.preparation import begin, settings_of
from pixelwise.folds.record import Fold, Folds, read_folds, write_folds
from pixelwise.interrupt import raise_on_sigterm
from pixelwise.plan.config import TrainConfig
from pixelwise.progress import Display
from pixelwise.ranks.ranks import is_rank
from pixelwise.run.checkpoint import BEST, CONFIG, FOLDS, LAST, AboutCheckpoint
from pixelwise.run.run_folder import best_of, lock_run
from pixelwise.run.setup import resumed
from pixelwise.text import plural, shell_line

Train = Callable[[TrainConfig], Path]


def train_folds(config: TrainConfig, train: Train) -> Path:
    """Train the folds that are not complete, and predict with each what it has not seen.

    Args:
        config: with `folds`, or with `resume` the folder of a cross-validation.
        train: one run.
    Returns:
        The folder: fold-1, fold-2, ... are run folders; folds.json.
    Raises:
        PixelwiseError: one of them cannot begin or go on; the others stay as they are.
    """
    if is_rank():
        hint = f"Start one process, with {setting('devices')}."
        event = "a cross-validation is not trained by ranks that another launcher has started"
        raise ArgumentError("train", "folds", event=event, hint=hint)
    log = Display().line
    with raise_on_sigterm(), ExitStack() as held:
        if config.resume is None:
            folder, folds = begin(config, held, log)
            settings = folds.config
        else:
            folder = config.resume
            lock_run(folder, log, held)
            folds = read_folds(folder)
            settings = resumed(folds.config, config, folder / FOLDS)
            settings = replace(settings, trust=config.trust)
        go_on = shell_line(["pixelwise", "train", "--resume", str(folder)])
        try:
            for number in range(len(folds.folds)):
                minutes = minutes_left(settings, folds, number)
                if folds.folds[number].is_complete:
                    continue
                if minutes is None or minutes > 0:
                    log(title(folds, number))
                    own = replace(settings, max_minutes=minutes)
                    folds = train_fold(
                        folder=folder,
                        folds=folds,
                        number=number,
                        given=config,
                        config=own,
                        train=train,
                    )
                if not folds.folds[number].is_complete:
                    done = f"{number} of {plural(len(folds.folds), 'fold')}"
                    log(f"stopped by max_minutes after {done}; go on with all: {go_on}")
                    return folder
            if not folds.predictions:
                folds = summary_of(folder, folds, settings, log)
                write_folds(folder, folds)
            else:
                log(f"{folder} is complete: {plural(len(folds.folds), 'fold')}")
        except KeyboardInterrupt:
            log(f"go on with all folds: {go_on}")
            raise
        except PixelwiseError as error:
            error.add_hint(f"All folds go on with: {go_on}")
            raise
    return folder


def title(folds: Folds, number: int) -> str:
    """The line before a fold."""
    fold, most = folds.folds[number], len(folds.folds)
    return f"fold {number + 1} of {most}: scored on {plural(fold.pairs, 'pair')} of {folds.split}"


def minutes_left(config: TrainConfig, folds: Folds, number: int) -> float | None:
    """What is left of max_minutes for a fold, with what it has had itself; None is no limit."""
    if config.max_minutes is None:
        return None
    others = [fold.seconds for i, fold in enumerate(folds.folds) if i != number]
    return config.max_minutes - sum(others) / 60


def train_fold(
    *,
    folder: Path,
    folds: Folds,
    number: int,
    given: TrainConfig,
    config: TrainConfig,
    train: Train,
) -> Folds:
    """Begin a fold, or go on with it, and note in folds.json how far it is.

    Args:
        folder: of the cross-validation.
        folds: with all that was done before.
        number: of the fold, from 0.
        given: as of train_folds.
        config: settings of all folds, with the minutes that are left for this one.
        train: one run.
    """
    fold = folds.folds[number]
    run, began = folder / fold.folder, time.monotonic()
    if has_checkpoint(run):
        settings = given.but(resume=run, max_minutes=config.max_minutes)
    else:
        with locked(run, "train"):
            remove(run)  # it was killed in its first epoch
        settings = settings_of(config, fold, run)
    try:
        train(settings)
        fold = with_best(run, fold, config, (fold.seconds + time.monotonic() - began) / 60)
    finally:
        fold = replace(fold, seconds=fold.seconds + time.monotonic() - began)
        others = folds.folds
        folds = replace(folds, folds=(*others[:number], fold, *others[number + 1 :]))
        write_folds(folder, folds)
    return folds


def has_checkpoint(run: Path) -> bool:
    """Whether a run can be resumed."""
    folders = [f for name in (LAST, BEST) for f in (run / name, previous_of(run / name))]
    return any(map(os.path.lexists, folders))


def with_best(run: Path, fold: Fold, config: TrainConfig, minutes: float) -> Fold:
    """A fold with the best checkpoint of its run, and whether the run has ended.

    Args:
        run: its folder.
        fold: as it was before.
        config: of all folds.
        minutes: that it has taken; the run may have been stopped if they are too many.
    """
    best = best_of(run) or {}
    epochs = read_record(AboutCheckpoint, run / LAST / CONFIG).epoch
    in_time = config.max_minutes is None or minutes <= config.max_minutes
    return replace(
        fold,
        is_complete=epochs >= config.epochs or in_time,
        epoch=best.get("epoch"),
        miou=best.get("val/miou"),
    )


def summary_of(
    folder: Path, folds: Folds, config: TrainConfig, log: Callable[[str], None]
) -> Folds:
    """The folds with the scores of all; without them while images could not be predicted."""
    found = join_predictions(folder, folds, config, log)
    if found is None:
        return folds
    scores = [fold.miou for fold in folds.folds if fold.miou is not None]
    is_whole = len(scores) == len(folds.folds)
    folds = replace(
        folds,
        mean=statistics.fmean(scores) if is_whole else None,
        standard_deviation=statistics.stdev(scores) if is_whole else None,
        joined=found.joined,
        predictions=found.folder.relative_to(folder).as_posix(),
    )
    for line in folds.text().splitlines():
        log(line)
    return folds
