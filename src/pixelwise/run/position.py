"""Where a run is, and how it goes on from a checkpoint."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.files.records import from_plain, shown
from pixelwise.networks.build import Network
from pixelwise.plan.plan import Plan
from pixelwise.ranks.fabric import Fabric
from pixelwise.run.checkpoint import (
    AUXILIARY,
    OPTIMIZER,
    WEIGHTS,
    Checkpoint,
    load_tensors,
    read_tensors,
)
from pixelwise.run.ema import WeightAverage
from pixelwise.run.optimizer import load_state
from pixelwise.text import some

WEIGHTS_OF_STEP = "weights"  # in OPTIMIZER, where the weights of the checkpoint are an average


@dataclass
class Position:
    """Where a run is; all of it is in a checkpoint.

    Attributes:
        step: optimizer steps taken.
        epochs: epochs that are complete, with their evaluation.
        best: highest val/miou so far, and None before the first that is a number.
        losses: losses since the last line of metrics.jsonl.
        losses_aux: of the auxiliary heads, the same steps.
        seconds: time spent by earlier parts of the run.
        seen: pixels of the targets of this epoch, see seen_length.
    """

    step: int = 0
    epochs: int = 0
    best: float | None = None
    losses: list[float] = field(default_factory=list)
    losses_aux: list[float] = field(default_factory=list)
    seconds: float = 0.0
    seen: list[int] = field(default_factory=list)

    def take_losses(self) -> dict[str, float]:
        """The means of the losses for a line of metrics.jsonl; they are forgotten."""
        found = {"train/loss": self.losses, "train/loss_aux": self.losses_aux}
        means = {name: sum(values) / len(values) for name, values in found.items() if values}
        for values in found.values():
            values.clear()
        return means


def seen_length(plan: Plan) -> int:
    """How many numbers `seen` has: pixels of each class and of void.

    Where classes overlap: those of each class, and those that are not void for each. Then, if there
    are several data sets, those of each that are not void.
    """
    classes, sources = plan.description.classes, len(plan.sources)
    return (2 * len(classes) if classes.files else len(classes) + 1) + sources * (sources > 1)


def restore(
    checkpoint: Checkpoint,
    network: Network,
    average: WeightAverage | None,
    optimizer: Any,
    fabric: Fabric,
    plan: Plan,
) -> Position:
    """Give network, average and optimizer the state that the checkpoint has.

    Raises:
        RunError: it is not the state of this run.
    """
    path = checkpoint.folder / OPTIMIZER
    state = checkpoint.training_state()
    kept = {"optimizer", "precision", "position"} | ({WEIGHTS_OF_STEP} if average else set())
    missing = kept - state.keys()
    if missing:
        raise RunError(path, some(sorted(missing)), must="given", got="nothing")
    position = from_plain(Position, state["position"], str(path), RunError)
    check_position(position, path, plan)
    if not fabric.is_global_zero:
        position.seen.clear()  # the first rank has those of all
    weights, heads = read_tensors(checkpoint.folder / WEIGHTS), state.get(AUXILIARY, {})
    if not isinstance(heads, dict):
        raise RunError(path, AUXILIARY, must="tensors by name", got=shown(heads))
    load_tensors(average.network if average else network, weights | heads, path)
    if average:
        load_tensors(network, state[WEIGHTS_OF_STEP], path)
    load_state(optimizer, state["optimizer"], path)
    precision = fabric.strategy.precision
    own, saved = precision.state_dict(), state["precision"]
    if own:  # the numbers of a scaler
        is_scaler = isinstance(saved, dict) and own.keys() == saved.keys()
        if not (is_scaler and all(type(v) in (int, float) and v >= 0 for v in saved.values())):
            raise RunError(path, "precision", must="the state of its scaler", got=shown(saved))
        precision.load_state_dict(saved)
    return position


def check_position(position: Position, path: Path, plan: Plan) -> None:
    """Raise if a run of this plan cannot be there.

    Raises:
        RunError: naming what is wrong.
    """
    steps = plan.steps_per_epoch
    first, last = steps * position.epochs, steps * (position.epochs + 1)
    places = seen_length(plan)
    if position.seen and (len(position.seen) != places or min(position.seen) < 0):
        must = f"{places} numbers >= 0"
        raise RunError(path, "position.seen", must=must, got=shown(position.seen))
    if position.epochs < 0 or not first <= position.step <= last:
        must = f"of epoch {position.epochs} with {steps} steps each"
        raise RunError(path, "position.step", must=must, got=position.step)
    numbers = [position.seconds, position.best or 0.0, *position.losses, *position.losses_aux]
    if not all(map(math.isfinite, numbers)) or position.seconds < 0:
        raise RunError(path, "position", must="finite numbers", got=shown(asdict(position)))
