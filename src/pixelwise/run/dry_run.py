"""`train --plan`: what would happen, and what a step takes, measured; nothing is written.

Splits, network and lines are those of a training: the same functions make them. A step is that of
one device: its share of the batch, cut from the train split, forward, backward and optimizer.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch

from pixelwise.allocator import freed_memory_kept
from pixelwise.data.loader import epoch_batches, load_batches, no_others, others
from pixelwise.data.sourced import Sourced
from pixelwise.files.names import real_path
from pixelwise.logs.hooks import Hooks
from pixelwise.logs.loggers import Loggers
from pixelwise.plan.bad_images import most_bad
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.plan import Plan
from pixelwise.progress import Display
from pixelwise.run.accumulate import number_of_parts
from pixelwise.run.evidence import Scores, read_scores
from pixelwise.run.memory import begin_peak, peak
from pixelwise.run.position import Position
from pixelwise.run.run_folder import checkpoint_to_resume, next_run_name
from pixelwise.run.setup import Run, assemble, effective, make_fabric, prepare
from pixelwise.run.step import pixel_weights, read_numbers, take_step
from pixelwise.run.stop import why_stopped
from pixelwise.run.train import MORE_TRIES
from pixelwise.run.val_counts import table_shape
from pixelwise.settings import takes_settings
from pixelwise.text import duration, plural

STEPS = 3  # the first compiles, and asks for memory
LONG = 20.0  # seconds; a step that takes more is not taken a third time


@dataclass(frozen=True)
class SplitPlan:
    """The pairs of a split that are used, those left out, and the pixels of each class."""

    pairs: int
    left_out: int
    pixels: dict[str, int]


@dataclass(frozen=True)
class StepCost:
    """What a step of one device takes.

    Args:
        images, parts: of the device, and what they are divided into.
        size: (height, width) of an image at the network.
        seconds: of a step after the first.
        read_seconds: to read and augment its images in one process.
        memory: bytes at the peak of a step, over those before the first; on a GPU all that tensors
            take. None where the system does not tell.
        process: bytes of the whole process at that peak; None as well.
    """

    images: int
    parts: int
    size: tuple[int, int]
    seconds: float
    read_seconds: float
    memory: int | None
    process: int | None

    def _repr_html_(self) -> str:
        from pixelwise.figures.table import html_text

        return html_text(self.text())

    def text(self) -> str:
        """Two lines."""
        height, width = self.size
        of = f"{plural(self.images, 'image')} of {height} x {width} (height x width) at the network"
        if self.parts > 1:
            of += f", in {self.parts} parts"
        took = f"{self.seconds:.3g} s; {self.read_seconds:.3g} s to read the images, in one process"
        memory = "not measured on this system"
        if self.memory is not None:
            memory = in_bytes(self.memory)
        if self.process is not None:
            memory += f"; the process has {in_bytes(self.process)} then"
        return f"a step of one device: {of}\n  time    {took}\n  memory  {memory}"


def in_bytes(number: int) -> str:
    """A number of bytes in words: "31 MiB", "12.5 GiB"."""
    mib = number / 2**20
    return f"{mib:.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"


@dataclass(frozen=True)
class TrainingPlan:
    """What a training would do.

    Args:
        run: the folder that it would make, or go on with.
        device: "cpu" or "cuda".
        task: of the dataset.
        splits: to learn from, and to score.
        parameters, learning: of the network, and those that are not frozen.
        stride: pixels of the image per logit.
        class_weights: of the loss, by class; None: there are none.
        steps_per_epoch, steps, done: of an epoch, of the whole run, and those taken already.
        notes: what the training would say about itself: storage, shares of the classes, first
            weights and their licence, what is not the same on another number of devices.
        step: what one takes; None if none is left, or the run has ended by evidence.
        config: all settings.
    """

    SCHEMA: ClassVar[str] = "pixelwise.plan/1"

    run: str
    device: str
    task: str
    splits: dict[str, SplitPlan]
    parameters: int
    learning: int
    stride: int
    class_weights: dict[str, float] | None
    steps_per_epoch: int
    steps: int
    done: int
    notes: list[str]
    step: StepCost | None
    config: TrainConfig

    def _repr_html_(self) -> str:
        from pixelwise.figures.table import html_text

        return html_text(self.text())

    def text(self) -> str:
        """What a person wants to know before a long run."""
        config, crop = self.config, self.config.crop
        lines = [*self.notes]
        lines.append(
            f"task {self.task}, {self.parameters:,} parameters, of which {self.learning:,} learn; "
            f"a logit for each {self.stride} x {self.stride} pixels"
        )
        if self.class_weights:
            weights = ", ".join(f"{name} {value:.4g}" for name, value in self.class_weights.items())
            lines.append(f"class weights ({config.class_weights}): {weights}")
        assert crop is not None  # make_plan has filled it in
        lines.append(f"crop {crop[0]} x {crop[1]} pixels of the label, scale {config.scale:g}")
        most = "at most " if config.stop == "evidence" else ""
        lines.append(
            f"{most}{plural(config.epochs, 'epoch')} of {plural(self.steps_per_epoch, 'step')}, "
            f"{self.steps:,} in all, of which {self.done:,} are done"
        )
        lines.append(
            f"{config.optimizer}, learning rate {config.lr:g}, {config.schedule}, "
            f"warm-up {config.warmup:g} of the steps, weight decay {config.weight_decay:g}"
        )
        share = config.batch // config.devices
        lines.append(
            f"batch {config.batch}: {share} on each of {plural(config.devices, 'device')} "
            f"({self.device}), precision {config.precision}"
        )
        if self.step is not None:
            lines.append(self.step.text())
            # readers work beside the step
            waits = self.step.read_seconds / max(1, config.workers)
            own = 0 if config.workers else self.step.seconds
            left = max(self.step.seconds, waits + own) * (self.steps - self.done)
            lines.append(f"steps that are left: about {duration(left)}, without the scoring")
        lines.append(f"run folder: {self.run}")
        return "\n".join(lines)


@takes_settings(TrainConfig)
def plan_training(config: TrainConfig) -> TrainingPlan:
    """Say what `train` would do with these settings, and measure a step; nothing is written.

    Args:
        config: as of train.
    Raises:
        PixelwiseError: what train would raise before its first step.
    """
    settings, notes = effective(config), list[str]()
    with torch.random.fork_rng(devices=[]), ExitStack() as held:
        alone = make_fabric(settings, alone=True)
        prepared = prepare(config, alone, notes.append)
        plan, network, checkpoint = prepared.plan, prepared.network, None
        folder = plan.config.out or next_run_name(real_path(plan.description.root).name)
        if config.resume is not None:
            folder = config.resume
            checkpoint = checkpoint_to_resume(folder, plan, notes.append)
        held.enter_context(freed_memory_kept())

        def open_files(position: Position) -> tuple[Loggers, Scores]:
            scores, shape = Scores(), table_shape(plan.description.classes)
            if checkpoint and plan.config.stop != "none":
                scores = read_scores(folder, shape, position.epochs)
            return Loggers(folder, (), {}, notes.append), scores

        quiet = Display(quiet=True)
        run = assemble(prepared, checkpoint, folder, quiet, Hooks(), open_files)
        network.train()
        done, steps = run.position.step, plan.steps_per_epoch * plan.config.epochs
        ended = why_stopped(plan.config, run.scores) if done < steps else None
        notes += [ended] if ended else []
        cost = measure(run) if done < steps and not ended else None
    weights, names = plan.class_weights, plan.description.classes.names
    sizes = [p.numel() for p in network.parameters()]
    return TrainingPlan(
        run=str(folder),
        device=alone.device.type,
        task=plan.description.task,
        splits=splits_of(plan),
        parameters=sum(sizes),
        learning=sum(p.numel() for p in network.parameters() if p.requires_grad),
        stride=network.stride,
        class_weights=None if weights is None else dict(zip(names, weights)),
        steps_per_epoch=plan.steps_per_epoch,
        steps=steps,
        done=done,
        notes=notes,
        step=cost,
        config=replace(plan.config, out=folder),
    )


def splits_of(plan: Plan) -> dict[str, SplitPlan]:
    """The splits of a run, those that are left out of them, and the pixels of their classes."""
    names = plan.description.classes.names
    found = {}
    for name, size in plan.sizes.items():
        left_out = len(plan.bad.left_out.get(name, {}))
        pixels = dict(zip(names, plan.counts[name].pixels.tolist()))
        found[name] = SplitPlan(size - left_out, left_out, pixels)
    return found


def measure(run: Run) -> StepCost:
    """Take a few steps of one device at the run's position; they are for nothing.

    Args:
        run: its weights and its optimizer are changed.
    """
    config, device = run.config, run.fabric.device
    length, pin = len(run.train), device.type == "cuda"
    batches = epoch_batches(length, config.batch, config.seed, run.position.epochs)
    keys = batches[0][:: config.devices]
    skips = config.on_bad_image == "skip"
    most = most_bad(length) + MORE_TRIES
    instead = partial(others, length=length, seed=config.seed, most=most) if skips else no_others
    on_bad = (lambda *_: None) if skips else None
    examples = Sourced(run.train, run.plan.source_of)
    with load_batches(examples, [keys, keys], 0, pin, on_bad, instead) as loaded:
        next(loaded)  # the first compiles
        began = time.monotonic()
        image, target, source = next(loaded)
        read_seconds = time.monotonic() - began
    pairs = [run.train.pair_of(key) for key in keys]
    before = begin_peak(device)
    seconds: list[float] = []
    while len(seconds) < STEPS and (len(seconds) < 2 or seconds[-1] < LONG):
        began = time.monotonic()
        on_device = target.to(device)
        weight = pixel_weights(run, source, on_device)
        take_step(run, image.to(device), on_device, pairs, weight)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.monotonic() - began)
    read_numbers(run)
    most_bytes = peak(device)
    over = None if before is None or most_bytes is None else most_bytes - before
    return StepCost(
        images=len(image),
        parts=number_of_parts(run),
        size=(image.shape[-2], image.shape[-1]),
        seconds=min(seconds[1:] or seconds),
        read_seconds=read_seconds,
        memory=over,
        process=None if over is None or device.type == "cuda" else most_bytes,
    )
