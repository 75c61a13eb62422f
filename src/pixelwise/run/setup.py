"""The objects of the training loop: made from a plan, or restored from a checkpoint."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed, nn

from pixelwise.data.augment import find_augmentation
from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.presets import AUGMENTATIONS
from pixelwise.errors import ArgumentError, BackendError, PixelwiseError, setting
from pixelwise.files.names import real_path
from pixelwise.files.records import to_plain
from pixelwise.interrupt import Interrupt
from pixelwise.logs.hooks import Hooks
from pixelwise.logs.loggers import Loggers
from pixelwise.logs.metrics_file import METRICS, START, forget_after
from pixelwise.losses.criterion import Criterion
from pixelwise.networks.auxiliary import (
    add_auxiliary,
    add_deep_supervision,
    line_about_heads,
)
from pixelwise.networks.build import (
    Network,
    build_network,
    draws_at_random,
    has_batch_norm,
    share_batch_norm,
)
from pixelwise.networks.trust import AUGMENTATION, check_trusted, trust
from pixelwise.ops.backends import choose_backend
from pixelwise.plan.bad_images import BadImages, read_bad_images
from pixelwise.plan.config import TrainConfig, of_machine
from pixelwise.plan.datasets import make_datasets
from pixelwise.plan.parts import lines_about_parts
from pixelwise.plan.plan import Plan, make_plan
from pixelwise.progress import Display
from pixelwise.ranks.batch_norm import batch_norm_over_ranks
from pixelwise.ranks.distributed import choose_device
from pixelwise.ranks.fabric import Fabric, LightningEnvironment
from pixelwise.ranks.rank_stats import differences
from pixelwise.run.checkpoint import CONFIG, Checkpoint
from pixelwise.run.compiled import compiled
from pixelwise.run.ema import WeightAverage
from pixelwise.run.evidence import FEW_IMAGES, Scores, read_scores
from pixelwise.run.optimizer import decay_line, make_optimizer
from pixelwise.run.position import Position, restore
from pixelwise.run.run_folder import (
    free_run_name,
    lock_run,
    make_run_folder,
    reopen_run,
    saved_config,
    saved_images,
)
from pixelwise.run.start import start_from
from pixelwise.run.val_counts import forget_counts, table_shape
from pixelwise.text import plural

TRAIN_COST, SCORE_COST = 3.0, 1.0  # work per image: forward and backward, or forward alone
LOG = "log.txt"


@dataclass(frozen=True)
class Run:
    """The objects and the state of the training loop.

    Attributes:
        average: the average of its weights, if there is one.
        model: the network as Fabric runs it: on its device and in its precision. `network` itself
            shares the weights and computes in float32.
        started: clock time at which the run would have begun if it had never been interrupted.
        bad: pairs that cannot be used; met: those that this rank has met since the ranks spoke
            about them: split, id, reason.
        loggers: given the lines of metrics.jsonl, on the first rank.
        hooks: of the user, called on the first rank.
        scores: of the epochs on resamples of val, on the first rank.
        unread: numbers that may still be on a GPU: what each is, (), and the step it is of.
    """

    folder: Path
    plan: Plan
    fabric: Fabric
    network: Network
    average: WeightAverage | None
    model: nn.Module
    optimizer: Any
    criterion: Criterion
    train: SegmentationDataset
    val: SegmentationDataset
    position: Position
    bad: BadImages
    interrupt: Interrupt
    display: Display
    started: float
    loggers: Loggers
    hooks: Hooks
    scores: Scores = field(default_factory=Scores)
    unread: list[tuple[str, Tensor, str]] = field(default_factory=list)
    met: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def config(self) -> TrainConfig:
        """The settings, fully resolved."""
        return self.plan.config

    @property
    def scored(self) -> Network:
        """The network that is scored, saved, and used afterwards."""
        return self.average.network if self.average else self.network

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in the train split; one if it is smaller than a batch."""
        return self.plan.steps_per_epoch


def set_up(config: TrainConfig, held: ExitStack, hooks: Hooks) -> Run:
    """Check everything, build the network, and only then make or reopen the run folder.

    Args:
        config: as of train.
        held: keeps the lock of the folder, and closes the loggers.
        hooks: of the user.
    """
    fabric = make_fabric(effective(config))
    display = Display(quiet=not fabric.is_global_zero)
    folder = config.resume or config.out
    if folder is not None:
        on_first_rank(fabric, partial(lock_run, folder, display.line, held))
    prepared = prepare(config, fabric, display.line)
    plan, network, checkpoint = prepared.plan, prepared.network, None
    settings = plan.config
    if config.resume is not None:
        folder, checkpoint = config.resume, reopen_run(config.resume, plan, display.line)
    else:
        folder = on_first_rank(fabric, partial(new_folder, plan, network, display.line, held))
        if fabric.is_global_zero:
            trust(settings.network)
            trust(settings.augment, AUGMENTATION)
    display.write_to(folder / LOG)

    def open_files(position: Position) -> tuple[Loggers, Scores]:
        last, scores = START, Scores()
        if checkpoint and fabric.is_global_zero:
            last = forget_after(folder / METRICS, position.step)
            plan.bad.write(folder)
            forget_counts(folder, position.epochs)
            scores = read_scores(folder, table_shape(plan.description.classes))
        asked = settings.log if fabric.is_global_zero else ()
        loggers = Loggers(folder, asked, to_plain(settings), display.line, last)
        held.callback(loggers.close)
        return loggers, scores

    run = assemble(prepared, checkpoint, folder, display, hooks, open_files)
    if run.position.epochs >= settings.epochs:
        display.line(f"{folder} is complete: it has had {plural(settings.epochs, 'epoch')}")
    else:
        display.line(f"{'continuing' if checkpoint else 'training'} {folder}")
    images = run.steps_per_epoch * settings.batch
    work = TRAIN_COST * images + SCORE_COST * len(run.val)
    display.start(work * settings.epochs, TRAIN_COST * settings.batch * run.position.step)
    return run


class Prepared(NamedTuple):
    """What is there before anything is written; module is the network, compiled or as it is."""

    plan: Plan
    fabric: Fabric
    network: Network
    module: nn.Module
    optimizer: torch.optim.Optimizer


def prepare(config: TrainConfig, fabric: Fabric, log: Callable[[str], None]) -> Prepared:
    """Check everything, build the network and its optimizer; nothing is written.

    Args:
        config: as of train.
        fabric: the device.
        log: given what a training says about itself before it begins.
    """
    settings = effective(config)
    began = None if config.resume is None else read_bad_images(config.resume)
    if settings.augment not in AUGMENTATIONS:
        find_augmentation(settings.augment)
    plan = make_plan(settings, log, began, saved_images(config.resume))
    settings = plan.config
    network = make_network(plan, fabric, is_new=config.resume is None, log=log)
    optimizer = make_optimizer(network, settings)
    module = compiled(network, fabric.device) if settings.compile else network
    for line in lines_about(plan, fabric, network):
        log(line)
    return Prepared(plan, fabric, network, module, optimizer)


def assemble(
    prepared: Prepared,
    checkpoint: Checkpoint | None,
    folder: Path,
    display: Display,
    hooks: Hooks,
    open_files: Callable[[Position], tuple[Loggers, Scores]],
) -> Run:
    """The objects of the loop, at the position of a checkpoint or at the beginning."""
    plan, fabric, network, module, optimizer = prepared
    model, wrapped = fabric.setup(module, optimizer)
    # after the move to the device, so that the optimizer's state follows its parameters there
    average = None
    if plan.config.ema:
        average = WeightAverage(network, plan.config.ema * plan.steps_per_epoch)
    position = Position()
    if checkpoint:
        position = restore(checkpoint, network, average, optimizer, fabric, plan)
    loggers, scores = open_files(position)
    train, val = make_datasets(plan)
    return Run(
        folder=folder,
        plan=plan,
        fabric=fabric,
        network=network,
        average=average,
        model=model,
        optimizer=wrapped,
        criterion=plan.criterion.to(fabric.device),
        train=train,
        val=val,
        position=position,
        bad=plan.bad,
        interrupt=Interrupt(),
        display=display,
        started=time.monotonic() - position.seconds,
        loggers=loggers,
        hooks=hooks,
        scores=scores,
    )


def make_network(plan: Plan, fabric: Fabric, is_new: bool, log: Callable[[str], None]) -> Network:
    """The network before the first step; the tensors of a run that is resumed come later."""
    config = plan.config
    torch.manual_seed(config.seed)
    source = config.encoder_weights if is_new else "none"
    channels = plan.description.num_channels
    network = build_network(config.network, channels, source, log, plan.images)
    if is_new and config.start is not None:
        start_from(config.start, network, plan.description, log)
    if config.aux:
        add_auxiliary(network, config.network, plan.description.num_channels, config.aux)
    if config.deep_supervision:
        add_deep_supervision(network, config.network, plan.description.num_channels)
    if syncs_batch_norm(config, fabric.device.type):
        alone = min(config.batch, len(plan.train)) < config.devices
        if fabric.device.type == "cuda" and not alone:
            network = share_batch_norm(network)
        else:  # of torch there is none, or it counts an image that a process has borrowed
            has_own = fabric.global_rank < len(plan.train)
            batch_norm_over_ranks(network, counts=has_own)
    if config.freeze == "encoder":
        network.freeze_encoder()
    return network


def lines_about(plan: Plan, fabric: Fabric, network: Network) -> list[str]:
    """What a training says about itself before it begins."""
    config = plan.config
    backend = choose_backend("auto", torch.empty(0, device=fabric.device))
    lines = [f"network {config.network}, loss {config.loss} (backend {backend})"]
    if network.head_factors:
        lines.append(line_about_heads(network))
    if config.layer_decay != 1:
        lines.append(decay_line(network, config))
    if config.stop == "evidence" and len(plan.val) < FEW_IMAGES:
        few = f"{config.val_split} has {plural(len(plan.val), 'image')}"
        lines.append(f"warning: {few}, too few for evidence; it may stop too early")
    if config.stop == "evidence" and config.epochs < config.stop_window + 2:
        never = f"cannot end a run of {plural(config.epochs, 'epoch')} before its end"
        window = setting("stop_window", config.stop_window)
        lines.append(f"warning: {setting('stop', 'evidence')} with {window} {never}")
    lines += lines_about_parts(config, plan.criterion, network)
    if config.devices > 1:
        is_own = has_batch_norm(network) and not syncs_batch_norm(config, fabric.device.type)
        lines += differences(plan.criterion, is_own, draws_at_random(network))
    return lines


def syncs_batch_norm(config: TrainConfig, device: str) -> bool:
    """Whether BatchNorm sees the images of all devices."""
    wanted = {"yes": True, "no": False, "auto": device == "cuda"}
    return config.devices > 1 and wanted[config.sync_bn]


def effective(config: TrainConfig) -> TrainConfig:
    """The settings as given, or those of the run that is resumed with its new limits."""
    if config.resume is None:
        return config
    return resumed(saved_config(config.resume), config, config.resume / CONFIG)


def resumed(saved: TrainConfig, config: TrainConfig, path: Path) -> TrainConfig:
    """Settings saved in a file at `path`, with the limits and the machine of who resumes.

    Raises:
        RunError: they name code that is not trusted.
    """
    check_trusted(saved.network, path, config.trust)
    check_trusted(saved.augment, path, config.trust, AUGMENTATION)
    if "on_bad_image" in config.given:  # from now on
        saved = replace(saved, on_bad_image=config.on_bad_image)
    saved = replace(saved, **of_machine(config))
    return replace(saved, max_minutes=config.max_minutes, max_gib=config.max_gib)


def check_devices(config: TrainConfig) -> str:
    """The kind of device, "cpu" or "cuda".

    Raises:
        BackendError: there are no such devices.
        ArgumentError: the batch cannot be divided by the devices.
    """
    device = choose_device("train", config.device)
    if config.batch % (config.devices * config.accumulate) and config.accumulate > 1:
        parts = f"{setting('accumulate')} times {setting('devices')}"
        must = f"a multiple of {parts} ({config.accumulate * config.devices})"
        raise ArgumentError("train", "batch", must=must, got=config.batch)
    if config.batch % config.devices:
        must = f"a multiple of {setting('devices')} ({config.devices})"
        raise ArgumentError("train", "batch", must=must, got=config.batch)
    if device == "cuda" and config.devices > torch.cuda.device_count():
        must = f"at most {torch.cuda.device_count()}, the GPUs of this machine"
        raise BackendError("train", "devices", must=must, got=config.devices)
    return device


def make_fabric(config: TrainConfig, alone: bool = False) -> Fabric:
    """The device of this process, and its part among those that train together.

    Args:
        config: of the run.
        alone: whether this process is but one device of them, without the others.
    """
    device, devices = check_devices(config), 1 if alone else config.devices
    fabric = Fabric(
        accelerator=device,
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        # ranks that were started here have met already, and are no tasks of a cluster
        plugins=LightningEnvironment() if distributed.is_initialized() else None,
        precision="32-true" if config.precision == "32" else config.precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def new_folder(plan: Plan, network: Network, log: Callable[[str], None], held: ExitStack) -> Path:
    """The folder that was asked for, or else runs/DATA-NUMBER, made and locked."""
    folder = plan.config.out
    if folder is None:
        folder = free_run_name(real_path(plan.description.root).name)
        lock_run(folder, log, held)
    make_run_folder(folder, plan, network)
    return folder


def on_first_rank(fabric: Fabric, action: Callable[[], Any]) -> Any:
    """What an action returns on the first rank, on every rank; or its error, raised on every rank.

    Raises:
        PixelwiseError: of the action.
    """
    result: Any = None
    if fabric.is_global_zero:
        try:
            result = action()
        except PixelwiseError as error:
            result = error
    result = fabric.broadcast(result)
    if isinstance(result, PixelwiseError):
        raise result
    return result
