"""What a training run is going to do, decided and checked before anything is written."""

import os
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixelwise.errors import ArgumentError, DatasetError, LabelError, RunError, setting
from pixelwise.labels.description import FILE_NAME, Description, read_description
from pixelwise.labels.image import image_size
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import label_size
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.table import criterion
from pixelwise.ops.spec import Activation
from pixelwise.run.config import TrainConfig
from pixelwise.text import plural, some
from pixelwise.weights.counts import LabelCounts, count_labels
from pixelwise.weights.file import read_weights
from pixelwise.weights.formulas import METHODS
from pixelwise.weights.formulas import class_weights as weigh_classes

LARGEST_CROP = 512  # pixels at the network, per axis, unless crop says otherwise


@dataclass(frozen=True)
class Plan:
    """A checked training run.

    Attributes:
        config: with loss and crop filled in.
        description: the dataset.
        train, val: pairs of the two splits.
        counts: label counts of the two splits.
        class_weights: one per class, or None.
        criterion: the loss; it upsamples the logits to the target inside.
    """

    config: TrainConfig
    description: Description
    train: list[Pair]
    val: list[Pair]
    counts: dict[str, LabelCounts]
    class_weights: tuple[float, ...] | None
    criterion: Criterion

    @property
    def activation(self) -> Activation:
        """ "sigmoid" for a binary task, else "softmax"."""
        return activation_of(self.description.task)

    def fingerprint(self) -> dict[str, Any]:
        """What a resumed run compares: file sizes by id, and pixels per class, of each split."""
        splits = {self.config.train_split: self.train, self.config.val_split: self.val}
        return {
            name: {
                "pixels": self.counts[name].pixels.tolist(),
                "files": {p.id: [p.image.stat().st_size, size_of(p.label)] for p in pairs},
            }
            for name, pairs in splits.items()
        }


def activation_of(task: str) -> Activation:
    """ "sigmoid" for a binary task, else "softmax"."""
    return "sigmoid" if task == "binary" else "softmax"


def size_of(path: Path | None) -> int:
    """Bytes of a file; 0 without one."""
    return 0 if path is None else path.stat().st_size


def make_plan(config: TrainConfig, log: Callable[[str], None]) -> Plan:
    """Read the dataset and decide everything that the configuration left open.

    Every label of both splits is read once: a wrong value is found here, and not in an epoch.

    Args:
        config: with `data`.
        log: given a line for each split.
    Raises:
        PixelwiseError: anything that would stop the run later.
    """
    assert config.data is not None  # TrainConfig sees to it
    description = read_description(config.data)
    check_channels(description)
    splits = {name: labelled_pairs(description, name) for name in split_names(config)}
    for pairs in splits.values():
        check_sizes(pairs)
    config = replace(
        config,
        data=config.data.resolve(),
        class_weights=absolute(config.class_weights),
        loss=config.loss or ("bce+dice" if description.task == "binary" else "ce+dice"),
        crop=config.crop or median_size(splits[config.train_split], config.scale),
    )
    make_criterion(config, description, None)  # a wrong loss is an error before all labels are read
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        counts = {
            name: count_labels(pairs, description.classes, executor=executor)
            for name, pairs in splits.items()
        }
    for name, found in counts.items():
        log(f"{name}: {found.files} pairs, {describe(found, description)}")
    class_weights = find_weights(config, description, counts[config.train_split])
    loss = make_criterion(config, description, class_weights)
    train, val = (splits[name] for name in split_names(config))
    return Plan(config, description, train, val, counts, class_weights, loss)


def absolute(weights: str) -> str:
    """A file of class weights by its full path, so that a run can be resumed from anywhere."""
    return str(Path(weights).resolve()) if weights.endswith(".json") else weights


def split_names(config: TrainConfig) -> tuple[str, str]:
    """The names of the splits to learn from and to score."""
    return config.train_split, config.val_split


def check_channels(description: Description) -> None:
    """Softmax over one channel is 1 everywhere, so there must be two."""
    if description.task != "binary" and len(description.classes) < 2:
        must = "at least 2 for a multiclass task, softmax over one channel is always 1"
        hint = 'Name the background too, or write task = "binary".'
        where, got = description.root / FILE_NAME, len(description.classes)
        raise DatasetError(where, "number of classes", must=must, got=got, hint=hint)


def labelled_pairs(description: Description, split: str) -> list[Pair]:
    """The pairs of a split, all of them with labels.

    Raises:
        DatasetError: there is no such split, it is empty, or it has no labels.
    """
    where = description.root / FILE_NAME
    if split not in description.splits:
        known, option = ", ".join(description.splits), setting("val_split", "train")
        hint = f"Add [splits.{split}] there, or score the pairs of the train split: {option}."
        hint = hint if split == "val" and "train" in description.splits else ""
        raise DatasetError(where, "split", must=f"one of {known}", got=repr(split), hint=hint)
    pairs = description.pairs(split)
    without = [pair.id for pair in pairs if pair.label is None]
    if without:
        event = f"{plural(len(without), 'image')} of split {split} without a label: {some(without)}"
        raise DatasetError(where, f"splits.{split}", event=event)
    if not pairs:
        raise DatasetError(where, f"splits.{split}", event=f"split {split} has no images")
    return pairs


def check_sizes(pairs: list[Pair]) -> None:
    """Raise if the size of a label differs from its image's; only headers are read.

    Raises:
        LabelError: naming all such pairs, the first five with their sizes.
    """
    sizes = [(p, image_size(p.image), label_size(p.label)) for p in pairs if p.label is not None]
    wrong = [
        f"{p.label} is {h}x{w} and {p.image} is {ih}x{iw}"
        for p, (ih, iw), (h, w) in sizes
        if (ih, iw) != (h, w)
    ]
    if wrong:
        number = plural(len(wrong), "label")
        event = f"{number} of another size than the image (height x width): "
        hint = "Labels are never resized."
        raise LabelError("train", "labels", event=event + some(wrong, separator="; "), hint=hint)


def median_size(pairs: list[Pair], scale: float) -> tuple[int, int]:
    """Median height and width of the images, but at most LARGEST_CROP pixels at the network."""
    heights, widths = zip(*(image_size(pair.image) for pair in pairs))
    largest = max(1, round(LARGEST_CROP / scale))
    return (
        min(largest, statistics.median_low(heights)),
        min(largest, statistics.median_low(widths)),
    )


def make_criterion(
    config: TrainConfig, description: Description, class_weights: tuple[float, ...] | None
) -> Criterion:
    """The loss of a run; its terms upsample the logits to the target inside."""
    assert config.loss is not None
    return criterion(
        config.loss,
        num_classes=description.num_channels,
        class_weights=class_weights,
        ignore_index=description.classes.ignore_index,
        upsample="bilinear",
    )


def find_weights(
    config: TrainConfig, description: Description, counts: LabelCounts
) -> tuple[float, ...] | None:
    """The weight of each class: from the label counts of the train split, or from a file."""
    if config.class_weights == "none":
        return None
    if description.task == "binary":
        must, got = "none for a binary task", config.class_weights
        hint = "Weigh the foreground in the loss: bce(pos_weight=2)+dice."
        raise ArgumentError("train", "class_weights", must=must, got=got, hint=hint)
    names, method = description.classes.names, config.class_weights
    if method not in METHODS:
        return read_weights(method, names)
    absent = [name for name, pixels in zip(names, counts.pixels) if pixels == 0]
    if absent:
        event = f"no pixel of split {config.train_split} is {some(absent)}, so it has no weight"
        command = (
            f"pixelwise weights {config.data} --method {method} --zero zero --out weights.json"
        )
        hint = f"Decide what it weighs in a file: {command}"
        raise ArgumentError("train", "class_weights", event=event, hint=hint)
    return tuple(weigh_classes(counts, method).tolist())


def describe(counts: LabelCounts, description: Description) -> str:
    """The share of each class in the valid pixels, and of void in all of them, in words."""
    valid = max(1, counts.valid)
    shares = zip(description.classes.names, counts.pixels.tolist())
    void = 100 * counts.ignored / (valid + counts.ignored)
    return ", ".join(f"{n} {100 * p / valid:.2g}%" for n, p in shares) + f"; void {void:.2g}%"


def check_same_data(run: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise if the files or labels of a resumed run are not those that it began with.

    Raises:
        RunError: naming what was added, removed or changed.
    """
    for split in now:
        old, new = before[split]["files"], now[split]["files"]
        changes = {
            "added": sorted(new.keys() - old.keys()),
            "removed": sorted(old.keys() - new.keys()),
            "changed": sorted(k for k in new.keys() & old.keys() if new[k] != old[k]),
        }
        named = {f"{plural(len(ids), 'pair')} {how}": ids for how, ids in changes.items() if ids}
        parts = [f"{number} ({some(ids)})" for number, ids in named.items()]
        if not parts and before[split]["pixels"] != now[split]["pixels"]:
            parts = ["other label pixels in the same files"]
        if parts:
            event = f"cannot resume: split {split} has changed since the run began: "
            hint = "Start a new run, or restore the files."
            raise RunError(run, "data", event=event + ", ".join(parts), hint=hint)
