"""What train takes. No torch here: `--help` reads these fields."""

# ruff: noqa: RUF009  (option() and required() are dataclasses.field() with help text)

import os
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from pixelwise.data.presets import check_augmentation
from pixelwise.errors import ArgumentError, check_choice, setting
from pixelwise.labels.splits.names import JOIN
from pixelwise.losses.names import check_loss_names
from pixelwise.settings import (
    Given,
    accept_guesses_option,
    check_settings,
    field_of,
    max_gib_option,
    option,
)
from pixelwise.text import some
from pixelwise.tiles.grid import Blend, blend_option, overlap_option, tile_option, tiling_of
from pixelwise.weights.config import zero_option
from pixelwise.weights.formulas import METHODS, POS_WEIGHT, Zero

EncoderWeights = Literal["auto", "imagenet", "offline", "none"]
Schedule = Literal["cosine", "poly", "constant"]
Optimizer = Literal["adamw", "sgd"]
Stop = Literal["none", "evidence"]
Freeze = Literal["none", "encoder"]
Device = Literal["auto", "cpu", "cuda"]
OnBadImage = Literal["error", "skip"]
Sample = Literal["uniform", "image-first", "class-first"]
Precision = Literal["32", "bf16-mixed", "16-mixed"]
Log = Literal["tensorboard", "wandb", "mlflow"]
SyncBn = Literal["auto", "yes", "no"]
CLASS_WEIGHTS = ("none", *METHODS, POS_WEIGHT)
# The settings of a run may be anybody's; far above what is useful.
STOP_OPTIONS = ("stop_gain", "stop_window")
CROP_ONLY = ("scale_jitter", "flip", "color_jitter")  # what augment none leaves out
OF_MACHINE = ("devices", "accumulate", "workers", "device", "sync_bn", "compile")
# what may be given anew to a run that is resumed
OF_RESUMED = (*OF_MACHINE, "resume", "plan", "trust", "max_minutes", "max_gib", "on_bad_image")
MOST_SCALE, MOST_WORKERS, MOST_DEVICES, MOST_FOLDS = 16, 1024, 64, 100


@dataclass(frozen=True)
class TrainConfig(Given):
    """Everything that decides how a network is trained; saved in the run folder.

    Sizes are (height, width). `crop` counts pixels of the label, `scale` multiplies the image
    before the network sees it; the loss is always taken at the label's own resolution.
    """

    data: Path | None = option(
        None,
        "folder with dataset.toml; left out with --resume",
        positional=True,
        reads="dataset",
        common=True,
    )
    network: str = option(
        "fpn:tf_efficientnet_lite0",
        "architecture:encoder, small, or module:function; see pixelwise list networks and "
        "pixelwise list encoders",
        group="network",
        common=True,
    )
    encoder_weights: EncoderWeights = option("auto", "first weights of the encoder")
    start: Path | None = option(
        None,
        "first weights: a run, or a file of safetensors; heads are copied by the names of classes",
        metavar="RUN|FILE",
        reads="file or folder",
    )
    aux: float = option(
        0.0,
        "weight of the loss of an auxiliary head, which is dropped after training; often 0.4; 0: "
        "none",
        low=0,
        metavar="WEIGHT",
    )
    deep_supervision: bool = option(
        False, "heads on the coarser levels of the decoder too, with halving weights, in training"
    )
    loss: str | None = option(
        None,
        "such as ce+0.5*dice; see pixelwise list losses (default: ce+dice; binary: bce+dice)",
        group="loss",
        common=True,
    )
    class_weights: str = option(
        "none",
        f"weights of the classes: {', '.join(CLASS_WEIGHTS)}; or a weights.json",
        metavar="METHOD|FILE",
        reads="file",
    )
    zero: Zero = zero_option()
    epochs: int = option(
        20, "passes over the train split", low=1, group="optimisation", common=True
    )
    batch: int = option(8, "images per step, over all devices", low=1, common=True)
    accumulate: int = option(
        1,
        "parts in which a batch is computed, for less memory; the gradient is the same",
        low=1,
    )
    lr: float = option(1e-3, "learning rate, the highest", above=0, common=True)
    encoder_lr_factor: float = option(1.0, "learning rate of the encoder divided by lr", low=0)
    optimizer: Optimizer = option(
        "adamw", "adamw, or sgd with Nesterov momentum 0.9, which often wants a higher --lr"
    )
    layer_decay: float = option(
        1.0,
        "learning rate of each block or stage of the encoder divided by that of the next; for "
        "transformers often 0.65 to 0.9",
        above=0,
        high=1,
    )
    freeze: Freeze = option(
        "none", "part that does not learn; its norms and dropout are as in prediction"
    )
    weight_decay: float = option(1e-2, "weight decay; never on norms and biases", low=0)
    schedule: Schedule = option("cosine", "how the learning rate falls, per step")
    warmup: float = option(
        0.05, "share of the steps in which the learning rate rises from 0", low=0, high=1
    )
    clip: float | None = option(5.0, "largest norm of the gradient, or none", above=0)
    stop: Stop = option(
        "none",
        "evidence: end when the images of val say that the last epochs gain too little; with a "
        "constant schedule",
    )
    stop_gain: float = option(
        0.1, "with stop evidence: points of mIoU that the last epochs have to gain", low=0, high=100
    )
    stop_window: int = option(5, "with stop evidence: how many epochs the last ones are", low=1)
    ema: float | None = option(
        None,
        "score and save the average of the weights over steps, whose share halves in so many "
        "epochs; 0 or none: the weights of the last step",
        low=0,
        metavar="HALF_LIFE",
    )
    scale: float = option(
        1.0,
        "image size in the network / image size on disk",
        above=0,
        high=MOST_SCALE,
        group="augmentation",
        common=True,
    )
    crop: tuple[int, int] | None = option(
        None,
        "label pixels per training example (default: median image size)",
        metavar=("HEIGHT", "WIDTH"),
        above=0,
        common=True,
    )
    scale_jitter: tuple[float, float] = option(
        (0.5, 2.0), "random zoom", metavar=("LOWEST", "HIGHEST")
    )
    flip: bool = option(True, "mirror half of the examples")
    color_jitter: float = option(
        0.3, "random change of brightness, contrast, saturation: 0 to 1", low=0, high=1
    )
    augment: str = option(
        "default",
        "what else happens to a crop: a name of pixelwise list augmentations, or module:function",
    )
    sample: Sample = option(
        "uniform",
        "crops anywhere, or a share of them around a pixel of a class: of the image's classes, or "
        "of rare classes first",
    )
    sample_share: float = option(
        0.33, "share of the crops that image-first or class-first chooses", low=0, high=1
    )
    copy_paste: float = option(
        0.0,
        "share of the crops into which all pixels of a class in a crop of another image are pasted",
        low=0,
        high=1,
        metavar="SHARE",
    )
    paste_classes: tuple[str, ...] = option(
        (),
        "classes that are pasted, the rare ones more often (default: all)",
        metavar="CLASS",
    )
    more_data: tuple[str, ...] = option(
        (),
        "further datasets to learn from, DATA:WEIGHT, with the factor of their pixels in the loss "
        "(1 without it; that of the first is 1); or --data FIRST --data DATA:WEIGHT",
        metavar="DATA",
        group="data",
    )
    train_split: str = option("train", "split to learn from")
    val_split: str = option("val", "split to score after each epoch")
    tile: tuple[int, int] | None = tile_option(
        "pixels of the tiles in which larger images of val are predicted, and by predict later"
    )
    overlap: float = overlap_option()
    blend: Blend = blend_option()
    folds: int | None = option(
        None,
        "cross-validation: a network for each of so many folds of the train split, scored on that "
        "fold alone",
        low=2,
        high=MOST_FOLDS,
        group="data",
    )
    fold_by: str = option(
        "",
        "with --folds: pairs whose ids begin alike up to this text are in one fold, such as _ for "
        "frames of a video; * in it is anything between",
        metavar="TEXT",
    )
    accept_guesses: bool = accept_guesses_option()
    on_bad_image: OnBadImage = option(
        "error",
        "stop at an image that cannot be used, or leave out up to 1 % of a split, at least one",
    )
    seed: int = option(
        0, "random seed; the same batches with any number of workers", low=0, group="machine"
    )
    workers: int = option(
        1, "processes that read and augment images; 0: none", low=0, high=MOST_WORKERS
    )
    device: Device = option("auto", "where to compute")
    devices: int = option(
        1,
        "processes that train together, one per device; losses such as lovasz see each one's "
        "share of the batch",
        low=1,
        high=MOST_DEVICES,
    )
    sync_bn: SyncBn = option(
        "auto",
        "whether BatchNorm sees the images of all devices; auto: on GPUs, where it costs little",
    )
    compile: bool = option(
        False, "compile the network for training; the first step takes minutes, the others less"
    )
    precision: Precision = option("32", "precision of training; scores always use 32")
    max_gib: float | None = max_gib_option()
    max_minutes: float | None = option(
        None, "stop after the epoch that ends past this time", above=0
    )
    out: Path | None = option(
        None, "run folder to make (default: runs/DATA-NUMBER)", group="output", common=True
    )
    log_every: int = option(10, "steps between two lines of metrics.jsonl", low=1)
    log: tuple[Log, ...] = option((), "who else is given these lines, and pictures of val")
    resume: Path | None = option(
        None, "run folder to continue, with its own settings", reads="run", common=True
    )
    plan: bool = option(
        False, "print what would happen and what a step takes; write nothing", common=True
    )
    trust: bool = option(
        False, "with --resume: import a module:function that you have not trained with"
    )

    def __post_init__(self) -> None:
        if isinstance(self.class_weights, Path):
            object.__setattr__(self, "class_weights", str(self.class_weights))
        check_settings(self)
        where = "train"
        if self.loss is not None:
            check_loss_names(where, self.loss)
        if not self.class_weights.endswith(".json"):
            known = (*CLASS_WEIGHTS, "FILE.json")
            check_choice(where, "class_weights", self.class_weights, known)
        if self.zero != "error" and self.class_weights not in (*METHODS, POS_WEIGHT):
            must = f"a method if {setting('zero')} is given"
            raise ArgumentError(where, "class_weights", must=must, got=self.class_weights)
        check_stop(self)
        tiling_of(self)
        if self.aux and self.deep_supervision:
            must = f"0 with {setting('deep_supervision', True)}"
            raise ArgumentError(where, "aux", must=must, got=self.aux)
        check_augmentation(self.augment)
        if self.augment == "none":
            changed = [n for n in CROP_ONLY if getattr(self, n) != default_of(n)]
            if changed:
                must = "left out with augment none"
                raise ArgumentError(where, ", ".join(changed), must=must, got="another value")
        if self.paste_classes and not self.copy_paste:
            must = f"left out without {setting('copy_paste')}"
            raise ArgumentError(where, "paste_classes", must=must, got=some(self.paste_classes))
        low, high = self.scale_jitter
        if not 0 < low <= high:
            got = (low, high)
            raise ArgumentError(where, "scale_jitter", must="0 < LOWEST <= HIGHEST", got=got)
        if (self.data is None) == (self.resume is None):
            event = f"exactly one of {setting('data')} and {setting('resume')} must be given"
            resume = setting("resume", str(self.resume))
            hint = "A resumed run uses its own data."
            hint = f"{hint} Continue it with {resume} alone." if self.resume else hint
            raise ArgumentError("train", event=event, hint=hint)
        check_folds(self)
        check_more_data(self)
        if self.resume is not None:
            check_only_resume(self)


def of_machine(config: TrainConfig) -> dict[str, Any]:
    """The settings of where a run is computed that were given; what is computed is the same.

    `precision` is not one of them: it changes the numbers that a step is computed with.
    """
    return {name: getattr(config, name) for name in OF_MACHINE if name in config.given}


# of a further dataset: sums of weighted pixels stay finite, and a pixel is never weighed as 0
LEAST_WEIGHT, MOST_WEIGHT = 1e-9, 1e6


def data_and_weight(words: str) -> tuple[Path, float]:
    """A data set and its weight: "pseudo:0.5" -> (pseudo, 0.5), "pseudo" -> (pseudo, 1).

    The weight is a number behind the last colon; what follows it otherwise is part of the path.
    """
    path, colon, weight = words.rpartition(":")
    with suppress(ValueError):
        if colon and path:
            return Path(path), float(weight)
    return Path(words), 1.0


def check_more_data(config: TrainConfig) -> None:
    """Raise unless every further data set has a weight that it can have.

    Raises:
        ArgumentError: naming the first that has not.
    """
    for words in config.more_data:
        if not LEAST_WEIGHT <= data_and_weight(words)[1] <= MOST_WEIGHT:
            hint = "Leave out a dataset that is not to count."
            must = f"DATA:WEIGHT with a weight between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}"
            raise ArgumentError("train", "more_data", must=must, got=repr(words), hint=hint)
    if config.data is None or os.path.lexists(config.data):
        return
    if (path := data_and_weight(str(config.data))[0]) != config.data:
        hint = "The first dataset has the weight 1: weigh the others by that."
        raise ArgumentError("train", "data", must=str(path), got=str(config.data), hint=hint)


def check_stop(config: TrainConfig) -> None:
    """Raise unless the settings about an early end have a meaning together.

    Raises:
        ArgumentError: they have none.
    """
    options = [name for name in STOP_OPTIONS if getattr(config, name) != default_of(name)]
    if config.stop == "none" and options:
        must = f"left out without {setting('stop', 'evidence')}"
        raise ArgumentError("train", ", ".join(options), must=must, got="another value")
    if config.stop == "evidence" and config.schedule != "constant":
        hint = (
            "The others end at a fixed epoch, and gain most just before it. Give "
            f"{setting('schedule', 'constant')}; {setting('ema', 1)} does what a falling rate does."
        )
        must = f"constant with {setting('stop', 'evidence')}"
        raise ArgumentError("train", "schedule", must=must, got=config.schedule, hint=hint)


def default_of(name: str) -> object:
    """What a setting is if it is not given."""
    return field_of(TrainConfig, name).default


def check_folds(config: TrainConfig) -> None:
    """A cross-validation scores its folds, and groups are for folds."""
    folds = setting("folds")
    if config.fold_by and config.folds is None:
        raise ArgumentError("train", event=f"{setting('fold_by')} needs {folds}")
    if config.folds is not None and config.plan:
        must = f"left out with {setting('plan', True)}, which is of one run"
        raise ArgumentError("train", "folds", must=must, got=config.folds)
    if JOIN in config.fold_by:
        raise ArgumentError("train", "fold_by", must=f"without {JOIN}", got=config.fold_by)
    if config.folds is not None and config.val_split != default_of("val_split"):
        must, hint = (
            f"left out with {folds}",
            "Each network is scored on its fold of the train split.",
        )
        raise ArgumentError("train", "val_split", must=must, got=config.val_split, hint=hint)


def check_only_resume(config: TrainConfig) -> None:
    """A resumed run takes its settings from its folder; its limits and its machine may be new."""
    names = [f.name for f in fields(config) if f.name in config.given - {*OF_RESUMED, "data"}]
    if names:  # a flag that is off has another name in a shell
        changed = (setting(n, False if getattr(config, n) is False else None) for n in names)
        event = f"a resumed run keeps its settings, got {', '.join(changed)} as well"
        raise ArgumentError("train", event=event, hint="Start a new run to change them.")
