"""Train a network: from dataset.toml to a run folder with its best and last checkpoint.

    plan      read and check everything, before anything is written        plan.py
    set up    network, optimizer, devices, run folder                      setup.py
    fit       for each epoch: steps, evaluation, checkpoint                here

A step depends on (seed, step) and on the weights before it, on nothing else. So the position in
the run is one number, and a resumed run takes the very steps that were left.
"""

import math
import time
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from signal import SIGTERM

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import RunError
from pixelwise.interrupt import Terminated, catch_interrupt
from pixelwise.labels.pairs import Pair
from pixelwise.ops.unknown import raise_if_unknown
from pixelwise.run.checkpoint import BEST, LAST, save_checkpoint
from pixelwise.run.config import TrainConfig
from pixelwise.run.distributed import any_rank, copy_buffers, shard, sum_over_ranks
from pixelwise.run.evaluate import evaluate
from pixelwise.run.loader import epoch_batches, load_batches
from pixelwise.run.metrics_log import FILE as METRICS
from pixelwise.run.metrics_log import append_line, evaluation_line
from pixelwise.run.optimizer import set_learning_rate
from pixelwise.run.rank_stats import loss_over_ranks
from pixelwise.run.setup import SCORE_COST, TRAIN_COST, Run, set_up
from pixelwise.text import duration, percent


def train(config: TrainConfig) -> Path:
    """Train a network and keep its best and its last checkpoint.

    Args:
        config: what to train on, which network, loss and schedule; or which run to resume.
    Returns:
        The run folder: config.json, metrics.jsonl, best/, last/, log.txt.
    Raises:
        PixelwiseError: the data, the settings or the machine do not allow the run; a loss that is
            not finite.
        KeyboardInterrupt: after Ctrl-C, when the step is finished and `last` is saved; after
            SIGTERM its subclass Terminated.
    """
    with torch.random.fork_rng(devices=[]):
        run = set_up(config)
        with run.display, catch_interrupt(run.interrupt):
            fit(run)
        run.fabric.barrier()  # the first rank has written everything
    return run.folder


def fit(run: Run) -> None:
    """Train and score epoch after epoch, from the run's position to its end."""
    config, position = run.config, run.position
    while position.epochs < config.epochs:
        train_epoch(run, position.epochs)
        miou = score_epoch(run)
        position.epochs += 1
        # a mean IoU that is not a number is never the best
        better = not math.isnan(miou) and (position.best is None or miou > position.best)
        if better:
            position.best = miou
            save(run, BEST, miou)
        save(run, LAST, miou)
        minutes = (time.monotonic() - run.started) / 60
        is_late = config.max_minutes is not None and minutes > config.max_minutes
        # clocks differ a little, and one rank alone must not stop
        is_late = any_rank(is_late, run.fabric.device)
        if is_late and position.epochs < config.epochs:
            done = f"{position.epochs} of {config.epochs} epochs"
            run.display.line(
                f"stopped by max_minutes after {done}; go on with: "
                f"pixelwise train --resume {run.folder}"
            )
            return


def train_epoch(run: Run, epoch: int) -> None:
    """Take the steps of an epoch that are not taken yet."""
    config, position = run.config, run.position
    batches = epoch_batches(len(run.train), config.batch, config.seed, epoch)
    batches = batches[position.step - epoch * run.steps_per_epoch :]
    mine = [shard(keys) for keys in batches]
    pin = run.fabric.device.type == "cuda"
    run.network.train()
    with closing(load_batches(run.train, mine, config.workers, pin)) as loaded:
        for keys, batch in zip(mine, loaded):
            pairs = [run.train.pairs[index] for _, index in keys]
            image, target = (t.to(run.fabric.device, non_blocking=True) for t in batch)
            rate, loss = take_step(run, image, target, pairs)
            position.step += 1
            position.losses.append(loss)
            what = f"epoch {epoch + 1}/{config.epochs}"
            run.display.advance(what, TRAIN_COST * config.batch, loss=f"{loss:.3f}")
            if position.step % config.log_every == 0:
                log_losses(run, epoch + 1, rate)
            stop_if_asked(run)
    copy_buffers(run.network)  # what is scored on all ranks is what the first one saves


def take_step(run: Run, image: Tensor, target: Tensor, pairs: list[Pair]) -> tuple[float, float]:
    """One step of the optimizer.

    Returns:
        learning rate and loss.
    Raises:
        RunError: the loss or its gradient is not finite; the weights are as before the step.
    """
    config, step = run.config, run.position.step
    rate = set_learning_rate(run.optimizer, step, run.steps_per_epoch * config.epochs, config)
    # dropout and the like see the same chance whether or not the run was interrupted before
    entropy = np.random.SeedSequence((config.seed, step, run.fabric.global_rank))
    torch.manual_seed(int(entropy.generate_state(1)[0]))
    try:
        loss = loss_over_ranks(run.criterion, run.model(image), target)
        value = loss.item()
        stop_unless_finite(run, "loss", value, pairs)
        run.optimizer.zero_grad(set_to_none=True)
        run.fabric.backward(loss)
    except torch.OutOfMemoryError:
        hint = "Try a smaller --batch, --crop or --scale."
        got = f"not enough for images {tuple(image.shape)}"
        raise RunError("train", "memory of the device", must="enough", got=got, hint=hint) from None
    largest = float("inf") if config.clip is None else config.clip
    norm = run.fabric.clip_gradients(
        run.model, run.optimizer, max_norm=largest, error_if_nonfinite=False
    )
    if config.precision != "16-mixed":  # its scaler skips such steps itself
        stop_unless_finite(run, "norm of the gradient", float(norm), pairs)  # type: ignore[arg-type]
    run.optimizer.step()
    return rate, value


def stop_unless_finite(run: Run, name: str, value: float, pairs: list[Pair]) -> None:
    """Raise on every rank if the value is NaN or infinite on one."""
    if any_rank(not np.isfinite(value), run.fabric.device):
        epoch, step = run.position.epochs + 1, run.position.step + 1
        kept = run.folder / LAST
        state = f"{kept} is from before." if kept.exists() else "No epoch was complete yet."
        where = f"train: epoch {epoch}, step {step}, images {', '.join(p.id for p in pairs)}"
        hint = f"Try a smaller --lr, --clip 1, or --precision 32. {state}"
        raise RunError(where, name, must="finite", got=value, hint=hint)


def log_losses(run: Run, epoch: int, rate: float) -> None:
    """Write the mean loss since the last such line, over all ranks.

    Raises:
        ArgumentError: a GPU has met unknown target values since then.
    """
    raise_if_unknown()
    losses = run.position.losses
    mean = torch.tensor([sum(losses) / len(losses), 1.0], device=run.fabric.device)
    total, ranks = sum_over_ranks(mean.double()).tolist()
    losses.clear()
    values = {"train/loss": total / ranks, "train/lr": rate}
    if run.fabric.is_global_zero:
        append_line(run.folder / METRICS, {"step": run.position.step, "epoch": epoch, **values})


def score_epoch(run: Run) -> float:
    """Evaluate the val split, write its line, and return the mean IoU."""
    config, position = run.config, run.position
    epoch = position.epochs + 1

    def after_image() -> None:
        run.display.advance(f"scoring {epoch}/{config.epochs}", SCORE_COST)
        if run.fabric.world_size == 1:  # ranks may have different numbers of images here
            stop_if_asked(run)

    evaluation = evaluate(
        run.network, run.val, run.criterion, run.plan.activation, config.workers, after_image
    )
    values = evaluation_line(evaluation, run.val.classes)
    if run.fabric.is_global_zero:
        append_line(run.folder / METRICS, {"step": position.step, "epoch": epoch, **values})
    miou = percent(values["val/miou"])
    run.display.advance(f"epoch {epoch}/{config.epochs}", 0, mIoU=miou)
    spent = duration(time.monotonic() - run.started)
    run.display.line(
        f"epoch {epoch}/{config.epochs}  loss {run.display.numbers.get('loss', '-')}  "
        f"val loss {values['val/loss']:.3f}  val mIoU {miou}  {spent}, {run.display.left()}"
    )
    return values["val/miou"]


def stop_if_asked(run: Run) -> None:
    """After Ctrl-C or SIGTERM: save `last` and stop.

    Raises:
        KeyboardInterrupt: it was asked for; after SIGTERM it is Terminated.
    """
    asked, device = run.interrupt.asked, run.fabric.device
    if run.fabric.world_size == 1 and not asked:
        return  # without waiting for a GPU
    if any_rank(bool(asked), device):
        save(run, LAST, None)
        run.display.line(f"interrupted; go on with: pixelwise train --resume {run.folder}")
        raise Terminated if any_rank(asked == SIGTERM, device) else KeyboardInterrupt


def save(run: Run, name: str, miou: float | None) -> None:
    """Write a checkpoint of the run as it is now."""
    if not run.fabric.is_global_zero:
        return
    position = replace(run.position, seconds=time.monotonic() - run.started)
    description, config = run.plan.description, run.config
    about = {
        "network": config.network,
        "num_channels": description.num_channels,
        "task": description.task,
        "classes": description.classes.as_dict(),
        "scale": config.scale,
        "dataset": str(config.data),
        "epoch": position.epochs,
        "step": position.step,
        "score": {"val/miou": miou, "convention": "present"},
    }
    state = {
        "optimizer": run.optimizer.state_dict(),
        "precision": run.fabric.strategy.precision.state_dict(),
        "position": asdict(position),
    }
    save_checkpoint(run.folder / name, run.network, about, state)
