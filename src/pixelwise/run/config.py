"""What each command of this room takes: one frozen dataclass per command.

The command line makes its options from these fields, so `TrainConfig(data, loss="ce+dice")` and
`pixelwise train DATA --loss ce+dice` say the same thing with the same defaults. No torch here.
"""

# ruff: noqa: RUF009  (option() and required() are dataclasses.field() with help text)

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pixelwise.errors import ArgumentError, check_choice, check_range, sentence
from pixelwise.executors import scheduler_option, workers_option
from pixelwise.metrics.like import TOOLS

ENCODER_WEIGHTS = ("auto", "imagenet", "offline", "none")
CLASS_WEIGHTS = ("none", "median_frequency", "inverse", "enet", "effective_number")
SCHEDULES = ("cosine", "poly", "constant")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("32", "bf16-mixed", "16-mixed")


def option(default: Any, text: str, **extra: Any) -> Any:
    """A field with its help text; `positional=True` makes it an argument without dashes."""
    return field(default=default, metadata={"help": text, **extra})


def required(text: str) -> Any:
    """A field that must be given: the first argument of its command."""
    return field(metadata={"help": text, "positional": True})


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides how a network is trained; saved in the run folder as it is.

    Sizes are (height, width). `crop` counts pixels of the label, `scale` multiplies the image
    before the network sees it; the loss is always taken at the label's own resolution.
    """

    data: Path | None = option(
        None, "folder with dataset.toml; left out with --resume", positional=True
    )
    out: Path | None = option(None, "run folder to make (default: runs/DATA-NUMBER)")
    network: str = option(
        "fpn:tf_efficientnet_lite0", "architecture:encoder, `small`, or module:function"
    )
    encoder_weights: str = option("auto", "first weights of the encoder", choices=ENCODER_WEIGHTS)
    loss: str | None = option(None, "such as ce+0.5*dice (default: ce+dice; binary: bce+dice)")
    class_weights: str = option(
        "none",
        f"weights of the classes: {', '.join(CLASS_WEIGHTS)}; or a weights.json",
        metavar="METHOD|FILE",
    )
    epochs: int = option(20, "passes over the train split")
    batch: int = option(8, "images per step, over all devices")
    lr: float = option(1e-3, "highest learning rate")
    encoder_lr_factor: float = option(1.0, "the encoder learns with lr times this")
    weight_decay: float = option(1e-2, "AdamW weight decay; never on norms and biases")
    schedule: str = option("cosine", "how the learning rate falls, per step", choices=SCHEDULES)
    warmup: float = option(0.05, "fraction of all steps in which the learning rate rises")
    clip: float | None = option(5.0, "largest norm of the gradient; none: no limit")
    scale: float = option(1.0, "image size at the network / image size on disk")
    crop: tuple[int, int] | None = option(
        None,
        "label pixels per training example (default: median image size)",
        metavar=("HEIGHT", "WIDTH"),
    )
    scale_jitter: tuple[float, float] = option(
        (0.5, 2.0), "random zoom", metavar=("LOWEST", "HIGHEST")
    )
    flip: bool = option(True, "mirror half of the examples")
    color_jitter: float = option(0.3, "random change of brightness, contrast, saturation: 0 to 1")
    train_split: str = option("train", "split to learn from")
    val_split: str = option("val", "split to score after each epoch")
    seed: int = option(0, "same seed, same batches, whatever the number of workers")
    workers: int = option(1, "processes that read and augment images; 0: none")
    device: str = option("auto", "where to compute", choices=DEVICES)
    devices: int = option(1, "processes that train together, one per device")
    precision: str = option("32", "precision of training; scores always use 32", choices=PRECISIONS)
    max_minutes: float | None = option(None, "stop after the epoch that ends past this time")
    log_every: int = option(10, "steps between two lines of metrics.jsonl")
    resume: Path | None = option(None, "run folder to continue; its own settings are used")

    def __post_init__(self) -> None:
        where = "train"
        if isinstance(self.class_weights, Path):
            object.__setattr__(self, "class_weights", str(self.class_weights))
        coerce(self)
        if not self.class_weights.endswith(".json"):
            known = (*CLASS_WEIGHTS, "FILE.json")
            check_choice(where, "class_weights", self.class_weights, known)
        for name, choices in choices_of(type(self)).items():
            check_choice(where, name, getattr(self, name), choices)
        for name in ("epochs", "batch", "devices", "log_every"):
            check_range(where, name, getattr(self, name), low=1)
        for name in ("workers", "seed", "weight_decay", "encoder_lr_factor"):
            check_range(where, name, getattr(self, name), low=0)
        check_range(where, "warmup", self.warmup, 0, 1)
        check_range(where, "color_jitter", self.color_jitter, 0, 1)
        for name in ("lr", "scale", "clip", "max_minutes"):
            check_positive(where, name, getattr(self, name))
        check_positive(where, "crop", min(self.crop) if self.crop else None)
        low, high = self.scale_jitter
        if not 0 < low <= high:
            got = (low, high)
            raise ArgumentError(sentence(where, "scale_jitter", "0 < LOWEST <= HIGHEST", got))
        if (self.data is None) == (self.resume is None):
            raise ArgumentError(
                "train: exactly one of data and resume must be given. "
                "A resumed run uses its own data."
            )
        if self.resume is not None:
            check_only_resume(self)


@dataclass(frozen=True)
class PredictConfig:
    """Which network predicts which images, and where the label images go."""

    run: Path = required("run folder (its best checkpoint), or a checkpoint folder")
    split: str = option("val", "split of the dataset to predict")
    data: Path | None = option(None, "another dataset than the one of the run")
    images: Path | None = option(None, "a folder of images, instead of a split")
    out: Path | None = option(None, "folder to make (default: RUN/predictions/SPLIT)")
    overwrite: bool = option(False, "replace the folder if it has files in it")
    device: str = option("auto", "where to compute", choices=DEVICES)
    threshold: float = option(0.5, "binary task: probability above which a pixel is foreground")
    calibration: bool = option(
        False, "write calibration.json too: confidence against accuracy, thresholds (needs labels)"
    )

    def __post_init__(self) -> None:
        coerce(self)
        check_choice("predict", "device", self.device, DEVICES)
        check_range("predict", "threshold", self.threshold, 0, 1)
        if self.images is not None and self.data is not None:
            raise ArgumentError("predict: only one of images and data can be given.")
        if self.images is not None and self.calibration:
            raise ArgumentError("predict: calibration needs labels. Give a split, not images.")


@dataclass(frozen=True)
class ScoreConfig:
    """Which predictions are compared with which labels, and how classes are averaged."""

    predictions: Path = required("folder of predicted label images, or a run folder")
    versus: Path | None = option(
        None, "a second one, to be compared with the first image by image", positional=True
    )
    data: Path | None = option(None, "dataset (default: the one in PREDICTIONS/prediction.json)")
    split: str | None = option(None, "split of the dataset (default: as predicted, else val)")
    labels: Path | None = option(None, "a bare folder of labels, instead of a dataset")
    images: Path | None = option(None, "with --labels: the images, for the report")
    classes: str | None = option(None, "with --labels: a class file, or voc, cityscapes ...")
    convention: str = option("present", "which classes count in the mean IoU")
    like: str | None = option(None, "print the number of another tool too", choices=TOOLS)
    all: bool = option(False, "print the numbers of all other tools, and why they differ")
    boundary: bool = option(False, "score the edges of the classes too: boundary IoU")
    out: Path | None = option(
        None, "file to write (default: PREDICTIONS/score.json, or VERSUS/comparison.json)"
    )
    workers: int = workers_option()
    scheduler: str | None = scheduler_option()

    def __post_init__(self) -> None:
        coerce(self)
        if self.like is not None:
            check_choice("score", "like", self.like, TOOLS)
        if self.like is not None and self.all:
            raise ArgumentError("score: only one of like and all can be given.")
        if self.versus is not None and (self.like is not None or self.all or self.boundary):
            raise ArgumentError(
                "score: like, all and boundary are of one prediction. Leave VERSUS out."
            )
        if self.labels is None:
            if self.classes is not None or self.images is not None:
                raise ArgumentError("score: images and classes need labels. Give --labels too.")
        elif self.classes is None or self.data is not None:
            raise ArgumentError("score: labels need classes, and no data. Give --classes.")


@dataclass(frozen=True)
class InitConfig:
    """Which folder is looked at to write its dataset.toml."""

    folder: Path = required("folder with images and label images")
    force: bool = option(False, "replace an existing dataset.toml")

    def __post_init__(self) -> None:
        coerce(self)


def check_positive(where: str, name: str, value: float | None) -> None:
    """Raise unless the value is a finite number > 0, or None."""
    if value is not None and not 0 < value < float("inf"):
        raise ArgumentError(sentence(where, name, "> 0", value))


def check_only_resume(config: TrainConfig) -> None:
    """A resumed run takes its settings from the run folder; only the time limit may be new."""
    free = {"resume", "max_minutes"}
    own = [f for f in fields(config) if f.name not in free]
    changed = [f.name for f in own if getattr(config, f.name) != f.default]
    if changed:
        raise ArgumentError(
            f"train: a resumed run must keep its settings, got {', '.join(changed)} as well. "
            "Start a new run to change them."
        )


def choices_of(config: type) -> dict[str, tuple[str, ...]]:
    """The fields of a config that take one of a few words."""
    return {f.name: f.metadata["choices"] for f in fields(config) if "choices" in f.metadata}


def plain_type(hint: Any) -> tuple[Any, bool]:
    """A type hint without `| None`, and whether None is allowed."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return kinds[0], True
    return hint, False


def coerce(config: Any) -> None:
    """Give every field its declared type: str -> Path, list -> tuple, int -> float.

    Raises:
        ArgumentError: a value is not of the declared type.
    """
    hints = get_type_hints(type(config))
    for f in fields(config):
        value = getattr(config, f.name)
        kind, optional = plain_type(hints[f.name])
        if not (value is None and optional):
            object.__setattr__(config, f.name, converted(type(config), f.name, value, kind))


def converted(config: type, name: str, value: Any, kind: Any) -> Any:
    """One value as its declared type, or an error that names the field."""
    where = config.__name__.removesuffix("Config").lower()
    origin = get_origin(kind)
    if origin is tuple and isinstance(value, list | tuple) and len(value) == len(get_args(kind)):
        return tuple(converted(config, name, v, k) for v, k in zip(value, get_args(kind)))
    if origin is tuple:
        raise ArgumentError(sentence(where, name, f"{len(get_args(kind))} values", repr(value)))
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ArgumentError(sentence(where, name, f"of type {kind.__name__}", repr(value)))
    return value


def from_dict(config: type, values: Mapping[str, Any], where: str) -> Any:
    """A config from plain values, such as a config.json; unknown names are an error.

    Raises:
        ArgumentError: a name is not a field; the nearest one is suggested.
    """
    for name in values:
        check_choice(where, "setting", name, [f.name for f in fields(config)])
    return config(**values)


def command_line(command: str, config: Any) -> str:
    """The command that a configuration stands for, without what is left at its default."""
    places, words = [], []
    for f in fields(config):
        value = getattr(config, f.name)
        if value == f.default:
            continue
        name = "--" + f.name.replace("_", "-")
        if f.metadata.get("positional"):
            places.append(str(value))
        elif isinstance(value, bool):
            words.append(name if value else name.replace("--", "--no-", 1))
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [name, *("none" if v is None else str(v) for v in values)]
    return shlex.join(["pixelwise", command, *places, *words])


def as_dict(config: Any) -> dict[str, Any]:
    """A config as values that JSON can hold."""
    plain = {f.name: getattr(config, f.name) for f in fields(config)}
    return {k: str(v) if isinstance(v, Path) else v for k, v in plain.items()}
