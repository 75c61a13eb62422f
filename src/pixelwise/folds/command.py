"""Train: one run, or all folds of a cross-validation."""

import os
from functools import partial
from pathlib import Path

from pixelwise.folds.fold_runs import train_folds
from pixelwise.logs.hooks import OnCheckpoint, OnEpoch, OnStep
from pixelwise.plan.config import TrainConfig
from pixelwise.run.checkpoint import FOLDS
from pixelwise.run.dry_run import TrainingPlan, plan_training
from pixelwise.run.train import train as train_one
from pixelwise.settings import takes_settings


@takes_settings(TrainConfig)
def train(
    config: TrainConfig,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    on_checkpoint: OnCheckpoint | None = None,
) -> Path:
    """Train a network and keep its best and its last checkpoint; with `folds`, several networks.

    Args:
        config: what to train on, which network, loss and schedule, or which run to resume; or
            these settings as keywords, `train("street", loss="ce+dice")`.
        on_step, on_epoch, on_checkpoint: functions that are given a StepDone, an EpochDone or a
            CheckpointSaved, in the process of the first device. What one raises stops the run. With
            several devices they must be functions of an importable module.
    Returns:
        The run folder: config.json, metrics.jsonl, best/, last/, log.txt. With `folds` the folder
        of the runs fold-1, fold-2, ..., with folds.json and the predictions of each fold by the
        network that has not seen it.
    Raises:
        PixelwiseError: the data, the settings or the machine do not allow the run; a loss that is
            not finite.
        KeyboardInterrupt: after Ctrl-C, when the step is finished and `last` is saved; after
            SIGTERM its subclass Terminated.
    """
    hooks = {"on_step": on_step, "on_epoch": on_epoch, "on_checkpoint": on_checkpoint}
    is_resumed = config.resume is not None and os.path.lexists(config.resume / FOLDS)
    if config.folds is not None or is_resumed:
        return train_folds(config, partial(train_one, **hooks))
    return train_one(config, **hooks)


def train_or_plan(config: TrainConfig) -> Path | TrainingPlan:
    """The command `train`."""
    return plan_training(config) if config.plan else train(config)
