"""Train a network: from dataset.toml to a run folder with its best and last checkpoint.

    plan      read and check everything, before anything is written        plan.py
    set up    network, optimizer, devices, run folder                      setup.py
    fit       for each epoch: steps, evaluation, checkpoint                here
    step      loss, gradient, optimizer                                    step.py

A step depends on (seed, step) and on the weights before it, on nothing else. So the position in
the run is one number, and a resumed run takes exactly the steps that were left.
"""

import math
import time
import warnings
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from itertools import count
from math import prod
from pathlib import Path
from signal import SIGTERM
from typing import NoReturn

import torch

from pixelwise.allocator import freed_memory_kept
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.loader import Key, epoch_batches, load_batches, others
from pixelwise.data.sourced import Sourced
from pixelwise.errors import ArgumentError, PixelwiseError, RunError, setting
from pixelwise.interrupt import Terminated, raise_on_sigterm
from pixelwise.logs.hooks import (
    CheckpointSaved,
    EpochDone,
    Hooks,
    OnCheckpoint,
    OnEpoch,
    OnStep,
    StepDone,
)
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts
from pixelwise.ops.one_class import OneClassWarning
from pixelwise.ops.unknown import raise_if_unknown
from pixelwise.plan.bad_images import most_bad
from pixelwise.plan.config import TrainConfig
from pixelwise.ranks.distributed import (
    add_over_ranks,
    any_rank,
    copy_buffers,
    gather_over_ranks,
    shard,
)
from pixelwise.ranks.ranks import is_rank, note_signals, run_on_ranks
from pixelwise.run.checkpoint import BEST, LAST, AboutCheckpoint, save_checkpoint
from pixelwise.run.evaluate import evaluate, evaluation_line
from pixelwise.run.examples import show_examples
from pixelwise.run.position import WEIGHTS_OF_STEP
from pixelwise.run.seen import count_seen, gather_seen, shares_seen, suspects
from pixelwise.run.setup import (
    SCORE_COST,
    TRAIN_COST,
    Run,
    check_devices,
    effective,
    set_up,
)
from pixelwise.run.step import asks_often, last_loss, pixel_weights, read_numbers, take_step
from pixelwise.run.stop import gains_too_little, keep_counts, say_evidence
from pixelwise.run.val_pictures import val_pictures
from pixelwise.settings import takes_settings
from pixelwise.text import duration, percent, shell_line
from pixelwise.tiles.grid import tiling_of

MORE_TRIES = 8


@takes_settings(TrainConfig)
def train(
    config: TrainConfig,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    on_checkpoint: OnCheckpoint | None = None,
) -> Path:
    """Train one run, in this process or on ranks: pixelwise.train without `folds`.

    Raises:
        ArgumentError: `plan` or `folds` is set.
    """
    if config.plan:
        event = "a plan makes no run folder that could be returned"
        raise ArgumentError("train", event=event, hint="Call plan_training instead.")
    if config.folds is not None:
        event = "this trains one run; pixelwise.train and the command line train folds"
        raise ArgumentError("train", "folds", event=event)
    settings, hooks = effective(config), Hooks(on_step, on_epoch, on_checkpoint)
    hooks.check(settings.devices)
    with raise_on_sigterm():
        if settings.devices > 1 and not is_rank():
            kind = check_devices(settings)
            return run_on_ranks(train_here, settings.devices, kind, config, hooks)
        return train_here(config, hooks)


def train_here(config: TrainConfig, hooks: Hooks) -> Path:
    """Train in this process, alone or as one of the ranks."""
    with torch.random.fork_rng(devices=[]), ExitStack() as held:
        run = set_up(config, held, hooks)
        held.enter_context(freed_memory_kept())
        with run.display, note_signals(run.interrupt), warnings.catch_warnings():
            # void is declared in dataset.toml, and a crop may show one class
            warnings.simplefilter("ignore", OneClassWarning)
            fit(run)
        run.fabric.barrier()  # the first rank has written everything
    return run.folder


def fit(run: Run) -> None:
    """Train and score epoch after epoch, from the run's position to its end."""
    config, position = run.config, run.position
    if position.step == 0:
        show_examples(run)
    while position.epochs < config.epochs and not gains_too_little(run):
        train_epoch(run, position.epochs)
        values, counts = score_epoch(run)
        miou = values["val/miou"]
        position.epochs += 1
        # a mean IoU that is not a number is never the best
        better = not math.isnan(miou) and (position.best is None or miou > position.best)
        if better:
            position.best = miou
            save(run, BEST, miou)
        save(run, LAST, miou)
        if run.hooks.on_epoch and run.fabric.is_global_zero:
            done = (run.folder, position.epochs, position.step, values, counts, better)
            run.hooks.on_epoch(EpochDone(*done, run.scored))
        minutes = (time.monotonic() - run.started) / 60
        is_late = config.max_minutes is not None and minutes > config.max_minutes
        # clocks differ a little, and one rank alone must not stop
        is_late = any_rank(is_late, run.fabric.device)
        if is_late and position.epochs < config.epochs:
            part = f"{position.epochs} of {config.epochs} epochs"
            run.display.line(
                f"stopped by max_minutes after {part}; go on with: "
                f"pixelwise train --resume {run.folder}"
            )
            break
    say_evidence(run)


def train_epoch(run: Run, epoch: int) -> None:
    """Take the steps of an epoch that are not taken yet."""
    config, position = run.config, run.position
    batches = epoch_batches(len(run.train), config.batch, config.seed, epoch)
    batches = batches[position.step - epoch * run.steps_per_epoch :]
    # a rank without an image takes part in the step with another one's, which does not count
    own = [shard(keys) for keys in batches]
    mine = [keys or whole[:1] for keys, whole in zip(own, batches)]
    device = run.fabric.device
    pin = device.type == "cuda"
    run.network.train()
    # other ranks meet bad pairs too, which are not counted yet
    most = most_bad(len(run.train)) + MORE_TRIES
    instead = partial(others, length=len(run.train), seed=config.seed, most=most)
    on_bad = partial(meet_bad_pair, run, run.train)
    run.train.whole = suspects(run)
    examples = Sourced(run.train, run.plan.source_of)
    with load_batches(examples, mine, config.workers, pin, on_bad, instead) as loaded:
        for keys, counts, batch in zip(mine, map(bool, own), loaded):
            pairs = [run.train.pair_of(key) for key in keys]
            if counts:
                count_seen(run, *batch[1:])
            image, target = (t.to(device, non_blocking=True) for t in batch[:2])
            rate = take_step(run, image, target, pairs, pixel_weights(run, batch[2], target))
            position.step += 1
            if run.hooks.on_step and run.fabric.is_global_zero:
                place = (run.folder, epoch + 1, position.step)
                run.hooks.on_step(StepDone(*place, rate, last_loss(run), run.network))
            run.display.advance(f"epoch {epoch + 1}/{config.epochs}", TRAIN_COST * config.batch)
            logs = position.step % config.log_every == 0
            if logs:
                log_losses(run, epoch + 1, rate)
                share_bad_pairs(run)
            if logs or asks_often(run):
                stop_if_asked(run)
    read_numbers(run)
    share_losses(run)
    share_bad_pairs(run)
    copy_buffers(run.network)
    copy_buffers(run.scored)  # what is scored on all ranks is what the first one saves


def log_losses(run: Run, epoch: int, rate: float) -> None:
    """Write the mean loss since the last such line, over all ranks.

    Raises:
        ArgumentError: a GPU has met unknown target values since then.
        RunError: a loss since then was not finite.
    """
    raise_if_unknown()
    read_numbers(run)
    share_losses(run)
    values = {**run.position.take_losses(), "train/lr": rate}
    if run.fabric.is_global_zero:
        run.loggers.line({"step": run.position.step, "epoch": epoch, **values})


def share_losses(run: Run) -> None:
    """Give every rank the mean over ranks of each loss since the last line; called on every rank.

    A checkpoint has them, and another number of ranks may go on from it.
    """
    for losses in (run.position.losses, run.position.losses_aux):
        if losses:
            total = add_over_ranks(losses, run.fabric.device)
            losses[:] = [loss / run.fabric.world_size for loss in total]


def score_epoch(run: Run) -> tuple[dict[str, float], ConfusionCounts | MemberCounts]:
    """Evaluate the val split, write its line, and return its values and the counts."""
    config, position = run.config, run.position
    epoch = position.epochs + 1

    # images that every rank scores: one may have one more, and bad ones are left out
    shared = len(run.val) // run.fabric.world_size if config.on_bad_image == "error" else 0
    done = count(1)

    def after_image() -> None:
        run.display.advance(f"scoring {epoch}/{config.epochs}", SCORE_COST)
        number = next(done)
        often = asks_often(run) or number % config.log_every == 0
        if run.fabric.world_size == 1 or (number <= shared and often):
            stop_if_asked(run)

    on_bad = partial(meet_bad_pair, run, run.val)
    asked = (run.criterion, run.plan.activation, config.workers, after_image, on_bad)
    evaluation = evaluate(run.scored, run.val, *asked, pixels_at_once(run), tiling_of(config))
    share_bad_pairs(run)
    bounds = keep_counts(run, evaluation)
    values = evaluation_line(evaluation, run.val.classes) | bounds | shares_seen(run)
    if run.fabric.is_global_zero:
        run.loggers.line({"step": position.step, "epoch": epoch, **values})
        run.loggers.figures(position.step, partial(val_pictures, run))
    miou = percent(values["val/miou"])
    run.display.advance(f"epoch {epoch}/{config.epochs}", 0, mIoU=miou)
    between = " to ".join(map(percent, bounds.values()))
    if math.isnan(values["val/miou"]):
        between = f"no pixel of {config.val_split} is labelled"
    spent = duration(time.monotonic() - run.started)
    run.display.line(
        f"epoch {epoch}/{config.epochs}  loss {run.display.numbers.get('loss', '-')}  "
        f"val loss {values['val/loss']:.3f}  val mIoU {miou} ({between})  "
        f"{spent}, {run.display.left()}"
    )
    return values, evaluation.counts


def pixels_at_once(run: Run) -> int:
    """Pixels at the network of the images that are scored together: on a GPU those of a step.

    With their gradients they have fitted. A CPU has nothing to gain, and loses its caches.
    """
    config = run.config
    if run.fabric.device.type == "cpu" or config.crop is None:
        return 0
    share = max(1, config.batch // run.fabric.world_size // config.accumulate)
    return int(share * prod(config.crop) * config.scale**2)


def meet_bad_pair(
    run: Run, dataset: SegmentationDataset, key: int | Key, error: PixelwiseError
) -> None:
    """Stop at a pair that cannot be decoded, or note it if others may take its place.

    Raises:
        PixelwiseError: they may not, or there are too many.
    """
    pair = dataset.pair_of(key, error)
    split = run.plan.split_of(pair) if dataset is run.train else run.config.val_split
    found = (split, pair.id, error.without_hint)
    if run.bad.add(*found):
        run.met.append(found)
    if run.config.on_bad_image == "error":
        option = setting("on_bad_image", "skip")
        error.add_hint(f"{how_to_go_on(run)} With {option} others take the place of bad images.")
        stop_for_bad_pairs(run, error)
    if run.fabric.world_size == 1:
        share_bad_pairs(run)


def share_bad_pairs(run: Run) -> None:
    """Tell all ranks which pairs each has met that cannot be decoded; called on every rank.

    Raises:
        RunError: on every rank, if there are too many.
    """
    if run.config.on_bad_image == "error":
        return  # there are none
    met = dict.fromkeys(one for rank in gather_over_ranks(run.met) for one in rank)
    run.met.clear()
    for found in met:
        run.bad.add(*found)
        run.display.line(f"bad image: {found[2]}; others take its place")
    if met and run.fabric.is_global_zero:
        run.bad.write(run.folder)
    try:
        run.bad.check(run.plan.sizes, how_to_go_on(run))
    except RunError as error:
        stop_for_bad_pairs(run, error)


def stop_for_bad_pairs(run: Run, error: PixelwiseError) -> NoReturn:
    """Raise the error; what was bad may be another file when the run is resumed.

    One process saves `last` first; of several, each may be in another step.
    """
    run.bad.write(run.folder)
    if run.fabric.world_size == 1:
        read_numbers(run)
        save(run, LAST, None)
    raise error


def how_to_go_on(run: Run) -> str:
    """What to do when a run was stopped by bad pairs."""
    if run.fabric.world_size > 1 and not (run.folder / LAST).exists():
        return "Repair them and start a new run: no epoch was complete yet."
    command = shell_line(["pixelwise", "train", "--resume", str(run.folder)])
    return f"Repair them, then go on with: {command}."


def stop_if_asked(run: Run) -> None:
    """After Ctrl-C or SIGTERM: save `last` and stop.

    Raises:
        KeyboardInterrupt: it was asked for; after SIGTERM it is Terminated.
    """
    asked, device = run.interrupt.asked, run.fabric.device
    if run.fabric.world_size == 1 and not asked:
        return  # without waiting for a GPU
    if any_rank(bool(asked), device):
        read_numbers(run)
        share_losses(run)
        gather_seen(run)
        save(run, LAST, None)
        run.display.line(f"interrupted; go on with: pixelwise train --resume {run.folder}")
        raise Terminated if any_rank(asked == SIGTERM, device) else KeyboardInterrupt


def save(run: Run, name: str, miou: float | None) -> None:
    """Write a checkpoint of the run as it is now."""
    if not run.fabric.is_global_zero:
        return
    position = replace(run.position, seconds=time.monotonic() - run.started)
    description, config = run.plan.description, run.config
    about = AboutCheckpoint(
        network=config.network,
        num_channels=description.num_channels,
        task=description.task,
        classes=description.classes,
        scale=config.scale,
        dataset=str(config.data),
        epoch=position.epochs,
        step=position.step,
        score={"val/miou": miou, "convention": "present"},
        val_split=config.val_split,
        images=run.plan.images,
        tiling=tiling_of(config),
    )
    state = {
        "optimizer": run.optimizer.state_dict(),
        "precision": run.fabric.strategy.precision.state_dict(),
        "position": asdict(position),
    }
    if run.average:
        weights = run.network.state_dict().items()
        state[WEIGHTS_OF_STEP] = {name: tensor.detach().cpu() for name, tensor in weights}
    save_checkpoint(run.folder / name, run.scored, about, state)
    if run.hooks.on_checkpoint:
        saved = CheckpointSaved(run.folder / name, position.epochs, position.step, miou)
        run.hooks.on_checkpoint(saved)
