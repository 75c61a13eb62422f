"""Hooks: functions of the user that a run calls on its first rank, instead of a trainer class.

    def on_epoch(epoch: pw.EpochDone) -> None:
        print(epoch.epoch, epoch.values["val/miou"])

    pw.train("street", on_epoch=on_epoch)

They are of one call of `train`: neither config.json nor the command line has them, and a run that
is resumed is given them again. What a hook raises stops the run like any other error; `last` stays
as it was saved before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path

from torch import Tensor, nn

from pixelwise.errors import ArgumentError, ArgumentTypeError, setting
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts


@dataclass(frozen=True)
class StepDone:
    """What on_step is given, after each step of the optimizer.

    Args:
        run: the run folder.
        epoch: that the step is of, from 1.
        step: steps of the whole run so far, from 1.
        lr: learning rate of the step, of parameters with factor 1.
        loss: () of this rank's images, without gradient; to read it from a GPU is to wait for it.
        network: that is trained.
    """

    run: Path
    epoch: int
    step: int
    lr: float
    loss: Tensor
    network: nn.Module


@dataclass(frozen=True)
class EpochDone:
    """What on_epoch is given, when an epoch is scored and its checkpoints are saved.

    Args:
        run: the run folder.
        epoch: that has ended, from 1.
        step: steps of the whole run so far.
        values: the line of metrics.jsonl: val/loss, val/miou, val/iou/CLASS, ...; NaN where a class
            has no score.
        counts: of the val split, all images added up.
        is_best: whether `best` is of this epoch.
        network: as it was scored.
    """

    run: Path
    epoch: int
    step: int
    values: Mapping[str, float]
    counts: ConfusionCounts | MemberCounts
    is_best: bool
    network: nn.Module


@dataclass(frozen=True)
class CheckpointSaved:
    """What on_checkpoint is given, when a checkpoint is complete on the disk.

    Args:
        folder: RUN/best or RUN/last.
        epoch: complete epochs.
        step: steps of the whole run so far.
        miou: val/miou of the epoch; None where it is cut off, NaN without a score.
    """

    folder: Path
    epoch: int
    step: int
    miou: float | None


OnStep = Callable[[StepDone], object]
OnEpoch = Callable[[EpochDone], object]
OnCheckpoint = Callable[[CheckpointSaved], object]


@dataclass(frozen=True)
class Hooks:
    """The hooks of a call of `train`; None calls nothing."""

    on_step: OnStep | None = None
    on_epoch: OnEpoch | None = None
    on_checkpoint: OnCheckpoint | None = None

    def check(self, devices: int) -> None:
        """Raise unless the hooks can be called.

        Args:
            devices: processes that train together. They are started anew, so that a hook can only
                be found in them by its name in its module.
        Raises:
            ArgumentTypeError: one is not callable.
            ArgumentError: one cannot be found by its name, with several devices.
        """
        for name in (f.name for f in fields(self)):
            hook = getattr(self, name)
            if hook is None:
                continue
            if not callable(hook):
                raise ArgumentTypeError("train", name, must="callable", got=type(hook).__name__)
            if devices > 1 and not is_importable(hook):
                must = f"a function of an importable module with {setting('devices')} {devices}"
                got = getattr(hook, "__qualname__", type(hook).__name__)
                hint = "Define it at the top of a module of its own, not of the script that is run."
                raise ArgumentError("train", name, must=must, got=got, hint=hint)


def is_importable(function: object) -> bool:
    """Whether another process finds the same function by its module and its name."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if module in (None, "__main__") or name is None:
        return False
    try:
        return getattr(import_module(module), name, None) is function
    except ImportError:
        return False
