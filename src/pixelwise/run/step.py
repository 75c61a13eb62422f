"""A step of training: the loss of a batch, its gradient, and the optimizer.

On a GPU nothing waits for a step: losses and gradient norms stay there until a line of the log, the
end of the epoch or a checkpoint needs them. A number that is not finite is an error then.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import RunError, setting
from pixelwise.labels.pairs import Pair
from pixelwise.networks.auxiliary import auxiliary_loss, factors_of_heads, logits_of_heads, weighted
from pixelwise.ranks.distributed import any_rank
from pixelwise.ranks.rank_stats import loss_over_ranks
from pixelwise.run.accumulate import gradient_in_parts
from pixelwise.run.checkpoint import LAST
from pixelwise.run.compiled import not_compiled
from pixelwise.run.optimizer import set_learning_rate
from pixelwise.run.setup import Run
from pixelwise.text import plural, some

LOSS, AUXILIARY = "loss", "loss of the auxiliary heads"


def take_step(
    run: Run, image: Tensor, target: Tensor, pairs: list[Pair], weight: Tensor | None = None
) -> float:
    """One step of the optimizer; the loss is left in run.unread, or read at once on a CPU.

    Args:
        run: where it is.
        image, target: of this rank.
        pairs: that they are cut from.
        weight: (N, H, W) factor of each pixel in the loss; None = 1.
    Returns:
        The learning rate.
    Raises:
        RunError: out of memory; on a CPU, where the weights are as before the step, also a loss or
            gradient that is not finite.
    """
    config, step = run.config, run.position.step
    rate = set_learning_rate(run.optimizer, step, run.steps_per_epoch * config.epochs, config)
    # dropout and the like draw the same numbers whether or not the run was interrupted before
    entropy = np.random.SeedSequence((config.seed, step, run.fabric.global_rank))
    torch.manual_seed(int(entropy.generate_state(1)[0]))
    place = f"epoch {run.position.epochs + 1}, step {step + 1}, images {some(p.id for p in pairs)}"
    try:
        run.optimizer.zero_grad(set_to_none=True)
        if config.accumulate > 1:
            note_losses(run, gradient_in_parts(run, image, target, weight), place)
        else:
            images = min(config.batch, len(run.train))
            heads = logits_of_heads(run.model, image, target)
            losses = [
                loss_over_ranks(run.criterion, head, target, images, weight) for head in heads
            ]
            run.fabric.backward(note_losses(run, losses, place))
    except torch.OutOfMemoryError:
        raise out_of_memory(run, image) from None
    except torch._dynamo.exc.TorchDynamoException as error:
        raise not_compiled(config.network, error) from error
    largest = float("inf") if config.clip is None else config.clip
    norm: Any = run.fabric.clip_gradients(
        run.model, run.optimizer, max_norm=largest, error_if_nonfinite=False
    )
    if config.precision != "16-mixed":  # its scaler skips such steps itself
        note(run, "norm of the gradient", norm, place)
    run.optimizer.step()
    if run.average:
        run.average.update(run.network, step + 1)
    return rate


def pixel_weights(run: Run, source: Tensor, target: Tensor) -> Tensor | None:
    """The factor (N, H, W) of each pixel of a batch in the loss; None if all are 1.

    Args:
        run: with its data sets.
        source: (N,) number of the data set of each image.
        target: (N, H, W), or (N, C, H, W) where classes overlap.
    """
    weights = [one.weight for one in run.plan.sources]
    if set(weights) == {1.0}:
        return None
    own = torch.tensor(weights, dtype=torch.float32)[source].to(target.device, non_blocking=True)
    return own.view(-1, 1, 1).expand(-1, *target.shape[-2:])


def out_of_memory(run: Run, image: Tensor) -> RunError:
    """The error of a batch (N, 3, h, w) that does not fit."""
    number, (height, width) = len(image), image.shape[-2:]
    event = f"out of GPU memory for a batch of {plural(number, 'image')} of {height}x{width}"
    ways = [setting("crop"), setting("scale")]
    parts = 2 * run.config.accumulate
    if number % parts == 0 and all(term.sums for _, term in run.criterion.terms()):
        ways.insert(0, setting("accumulate", parts))  # the same steps in less memory
    elif run.config.batch > run.config.devices:
        ways.insert(0, setting("batch", run.config.batch // 2))
    return RunError("train", "batch", event=event, hint=f"Try {', or a smaller '.join(ways)}.")


def note_losses(run: Run, losses: list[Tensor], place: str) -> Tensor:
    """Keep the loss of a step, and that of the auxiliary heads; return the loss."""
    factors = factors_of_heads(run.network)
    loss = weighted(factors, losses)
    note(run, LOSS, loss, place)
    if len(losses) > 1:
        note(run, AUXILIARY, auxiliary_loss(factors, losses), place)
    return loss


def note(run: Run, name: str, value: Tensor, place: str) -> None:
    """Keep a number of a step. It is read at once on a CPU; to read it from a GPU means to wait."""
    run.unread.append((name, value.detach(), place))
    if reads_at_once(run.fabric.device):
        read_numbers(run)


def reads_at_once(device: torch.device) -> bool:
    """Whether a number can be read without waiting for the steps before it."""
    return device.type == "cpu"


def read_numbers(run: Run) -> None:
    """Move the losses since the last look into the position, and raise if one is not finite.

    Raises:
        RunError: on every rank, if the loss or the norm of the gradient was not finite on one.
    """
    if not run.unread:
        return
    values = torch.stack([value.double() for _, value, _ in run.unread]).tolist()
    read = [(name, value, place) for (name, _, place), value in zip(run.unread, values)]
    run.unread.clear()
    wrong = [one for one in read if not math.isfinite(one[1])]
    if any_rank(bool(wrong), run.fabric.device):
        name, value, place = wrong[0] if wrong else ("loss of another rank", math.nan, read[0][2])
        kept = run.folder / LAST
        state = f"{kept} is from before." if kept.exists() else "No epoch was complete yet."
        lower = float(f"{run.config.lr / 10:.6g}")  # 1e30 / 10 is 1.0000000000000001e+29
        ways = f"{setting('lr', lower)}, {setting('clip', 1)}"
        hint = f"Try {ways} or {setting('precision', '32')}. {state}"
        raise RunError(f"train: {place}", name, must="finite", got=value, hint=hint)
    losses = [value for name, value, _ in read if name == LOSS]
    run.position.losses += losses
    run.position.losses_aux += [value for name, value, _ in read if name == AUXILIARY]
    if losses:
        run.display.numbers[LOSS] = f"{losses[-1]:.3f}"


def last_loss(run: Run) -> Tensor:
    """() the loss of the step that was just taken, where it is."""
    left = [value for name, value, _ in run.unread if name == LOSS]
    return left[-1] if left else torch.tensor(run.position.losses[-1], dtype=torch.float64)


def asks_often(run: Run) -> bool:
    """Whether to look for a signal at every image or step: ranks wait for each other's answer."""
    return run.fabric.world_size == 1 or reads_at_once(run.fabric.device)
