"""What a training run is going to do, decided and checked before anything is written."""

import os
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.audit.headers import Header
from pixelwise.data.augment import PLAIN
from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    DatasetError,
    PixelwiseError,
    error_at,
    setting,
)
from pixelwise.files.names import real_path
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.description import FILE_NAME, Description, read_settled
from pixelwise.labels.image import read_rgb
from pixelwise.labels.pairs import Pair
from pixelwise.labels.png import read_label
from pixelwise.labels.storage_notes import count_kinds, dark_note, storage_notes
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.table import criterion
from pixelwise.networks.build import check_network
from pixelwise.ops.spec import Activation
from pixelwise.run.bad_images import BadImages, all_of, leave_out
from pixelwise.run.config import TrainConfig
from pixelwise.run.parts import check_parts
from pixelwise.run.preflight import check_early, check_pairs
from pixelwise.settings import command_line
from pixelwise.text import plural, shell_line, some
from pixelwise.weights.counts import LabelCounts, count_labels, counts_or_errors, good
from pixelwise.weights.file import read_weights
from pixelwise.weights.formulas import METHODS, ZERO_HINT
from pixelwise.weights.formulas import class_weights as weigh_classes
from pixelwise.weights.members import MemberLabelCounts, count_members, describe_members
from pixelwise.weights.places import ImagePlaces, counts_and_places

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
        bad: pairs that are in neither split because they cannot be used.
        places: pixels of the classes of each pair of train; none where they are not asked for.
    """

    config: TrainConfig
    description: Description
    train: list[Pair]
    val: list[Pair]
    counts: dict[str, LabelCounts] | dict[str, MemberLabelCounts]
    class_weights: tuple[float, ...] | None
    criterion: Criterion
    bad: BadImages
    places: list[ImagePlaces] = field(default_factory=list)

    @property
    def activation(self) -> Activation:
        """See activation_of."""
        return activation_of(self.description.task)

    @property
    def sizes(self) -> dict[str, int]:
        """The pairs of each split, with those that were left out."""
        splits = {self.config.train_split: self.train, self.config.val_split: self.val}
        return {n: len(p) + len(self.bad.left_out.get(n, {})) for n, p in splits.items()}

    def fingerprint(self) -> dict[str, Any]:
        """What a resumed run compares: file sizes by id, and pixels per class, of each split."""
        splits = {self.config.train_split: self.train, self.config.val_split: self.val}
        return {
            name: {
                "pixels": self.counts[name].pixels.tolist(),
                "files": {
                    p.id: [p.image.stat().st_size, sum(map(size_of, p.label_files))] for p in pairs
                },
            }
            for name, pairs in splits.items()
        }


def activation_of(task: str) -> Activation:
    """ "softmax" for a multiclass task, else "sigmoid"."""
    return "softmax" if task == "multiclass" else "sigmoid"


def size_of(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def make_plan(
    config: TrainConfig, log: Callable[[str], None], began: BadImages | None = None
) -> Plan:
    """Read the dataset and decide everything that the configuration left open.

    Every label of both splits is read once, and of every image the header and the end: what is
    wrong is found here, and not in an epoch.

    Args:
        config: with `data`.
        log: given a line for each split, and for each kind of image that is not used as it shows.
        began: the bad pairs of a run that is resumed.
    Raises:
        PixelwiseError: anything that would stop the run later.
    """
    assert config.data is not None  # TrainConfig sees to it
    if began is None:
        check_early(config)
    description = read_settled(config.data, config.accept_guesses)
    check_channels(description)
    splits = {name: labelled_pairs(description, name) for name in split_names(config)}
    check_network(config.network)
    config = replace(
        config,
        data=real_path(config.data),
        class_weights=absolute(config.class_weights),
        start=None if config.start is None else real_path(config.start),
        loss=config.loss or ("ce+dice" if description.task == "multiclass" else "bce+dice"),
    )
    # a wrong loss is an error before all labels are read
    check_parts(config, make_criterion(config, description, None))
    used, headers, bad = usable_pairs(splits, config, description, began)
    images = [header for found in headers.values() for header in found.values()]
    for note in storage_notes(count_kinds(images), len(images)):
        log(note)
    known = ((headers[n].get(p.id), p) for n, ps in used.items() for p in ps)
    deep = [pair.image for header, pair in known if header is not None and header.depth == 16]
    if note := dark_note(deep):
        log(f"warning: {note}")
    sizes = {name: len(pairs) for name, pairs in splits.items()}
    skip = config.on_bad_image == "skip" and began is None
    with_places = config.train_split if config.sample != "uniform" else None
    counts: dict[str, LabelCounts] | dict[str, MemberLabelCounts]
    places: dict[str, ImagePlaces] = {}
    if description.task == MULTILABEL:
        for name, possible in (("sample", ("uniform",)), ("augment", PLAIN)):
            if (given := getattr(config, name)) not in possible:
                must = f"{' or '.join(possible)} for a multilabel task"
                raise ArgumentError("train", name, must=must, got=given)
        counts = {n: count_members(pairs, description.classes) for n, pairs in used.items()}
    else:
        counts, places = count_pairs(used, sizes, skip, description, bad, with_places, config.seed)
    for name, found in counts.items():
        if isinstance(found, MemberLabelCounts):
            shares = describe_members(found, description.classes.names)
            log(f"{name}: {found.files} pairs, {shares}")
        else:
            log(f"{name}: {found.files} pairs, {describe(found, description)}")
        if isinstance(found, LabelCounts) and found.ignored and np.count_nonzero(found.pixels) == 1:
            log(
                f"warning: {name} has one class beside void. Is void the foreground of a 0/255 "
                "mask? Then it is not learnt: "
                f"{shell_line(['pixelwise', 'audit', str(config.data)])}"
            )
        skips = description.splits[name].unpaired == "skip"
        if alone := description.unpaired_files(name) if skips else []:
            files = some(Path(file).name for file in alone)
            log(f"{name}: {plural(len(alone), 'file')} without a partner left out: {files}")
        if left_out := bad.left_out.get(name):
            log(f"{name}: {plural(len(left_out), 'bad pair')} left out: {some(left_out)}")
    shapes = [(h.height, h.width) for h in headers[config.train_split].values()]
    config = replace(config, crop=config.crop or median_size(shapes, config.scale))
    class_weights = find_weights(config, description, counts[config.train_split])
    loss = make_criterion(config, description, class_weights)
    train, val = (used[name] for name in split_names(config))
    shown = [places[pair.id] for pair in train] if with_places else []
    return Plan(config, description, train, val, counts, class_weights, loss, bad, shown)


def usable_pairs(
    splits: dict[str, list[Pair]],
    config: TrainConfig,
    description: Description,
    began: BadImages | None,
) -> tuple[dict[str, list[Pair]], dict[str, dict[str, Header]], BadImages]:
    """The pairs whose headers and ends are right, the headers of their images, and the others.

    A run that is resumed has the pairs that it began with, or does not go on.

    Raises:
        PixelwiseError: others are there and may not be left out, or there are too many.
    """
    bad, skip = began or BadImages(), config.on_bad_image == "skip"
    kept = {
        name: [pair for pair in pairs if pair.id not in bad.left_out.get(name, {})]
        for name, pairs in splits.items()
    }
    found = {name: check_pairs(pairs) for name, pairs in kept.items()}
    headers = {name: one.headers for name, one in found.items()}
    wrong = {name: one.bad for name, one in found.items()}
    if began is not None:
        # a pair that failed in the run may fail again: another will take its place
        known = began.failed if skip else {}
        errors = [
            error
            for name, one in wrong.items()
            for id, error in one.items()
            if id not in known.get(name, {})
        ]
        if errors:
            event = f"{plural(len(errors), 'pair')} cannot be used any more"
            hint = "Restore what has changed: a resumed run has the pairs that it began with."
            raise all_of("train", errors, event, hint)
        for name, pairs in kept.items():
            again = [pair for pair in pairs if pair.id in began.failed.get(name, {})]
            bad.note_repaired(name, [pair.id for pair in again if is_readable(pair)])
        return kept, headers, bad
    sizes = {name: len(pairs) for name, pairs in splits.items()}
    leave_out(bad, wrong, sizes, skip, description.root)
    used = {name: [p for p in pairs if p.id in headers[name]] for name, pairs in kept.items()}
    return used, headers, bad


def count_pairs(
    used: dict[str, list[Pair]],
    sizes: dict[str, int],
    skip: bool,
    description: Description,
    bad: BadImages,
    with_places: str | None,
    seed: int,
) -> tuple[dict[str, LabelCounts], dict[str, ImagePlaces]]:
    """The label counts of each split; to skip is to move pairs without a readable label to `bad`.

    Also places of one split by id, which are drawn while its labels are counted.

    Raises:
        PixelwiseError: a label cannot be read and may not be left out, or holds unknown values.
    """
    counts: dict[str, LabelCounts] = {}
    places: dict[str, ImagePlaces] = {}
    unreadable: dict[str, dict[str, PixelwiseError]] = {}
    classes = description.classes
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        for name, pairs in used.items():
            if not skip and name != with_places:
                counts[name] = count_labels(pairs, classes, executor)
                continue
            results: list[LabelCounts | PixelwiseError] = []
            if name == with_places:
                both = counts_and_places(pairs, classes, seed, executor)
                for pair, one in zip(pairs, both if skip else good(both)):
                    results.append(one if isinstance(one, PixelwiseError) else one[0])
                    if not isinstance(one, PixelwiseError):
                        places[pair.id] = one[1]
            else:
                results += counts_or_errors(pairs, classes, executor)
            found = list(zip(pairs, results))
            errors = {p.id: one for p, one in found if isinstance(one, PixelwiseError)}
            # values that no class has are no damage: dataset.toml is wrong
            readable = [p for p in pairs if p.id in errors and is_readable(p)]
            count_labels(readable, classes)
            unreadable[name] = errors
            parts = [one for _, one in found if isinstance(one, LabelCounts)]
            counts[name] = sum(parts, start=LabelCounts.zero(len(classes)))
            used[name] = [p for p in pairs if p.id not in errors]
    leave_out(bad, unreadable, sizes, skip, description.root)
    return counts, places


def is_readable(pair: Pair) -> bool:
    """Whether image and label can be decoded, whatever the values of the label are."""
    try:
        read_rgb(pair.image)
        sizes = [read_label(file).size for file in pair.label_files]
        return pair.is_labelled and min(sizes, default=1) > 0
    except PixelwiseError:
        return False


def absolute(weights: str) -> str:
    """A file of class weights by its full path, so that a run can be resumed from anywhere."""
    return str(real_path(weights)) if weights.endswith(".json") else weights


def split_names(config: TrainConfig) -> tuple[str, str]:
    """The names of the splits to learn from and to score."""
    return config.train_split, config.val_split


def check_channels(description: Description) -> None:
    """Softmax over one channel is 1 everywhere, so there must be two."""
    if description.task == "multiclass" and len(description.classes) < 2:
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
    without = [pair.id for pair in pairs if not pair.is_labelled]
    if without:
        event = f"{plural(len(without), 'image')} of split {split} without a label: {some(without)}"
        raise DatasetError(where, f"splits.{split}", event=event)
    if not pairs:
        raise DatasetError(where, f"splits.{split}", event=f"split {split} has no images")
    return pairs


def median_size(sizes: list[tuple[int, int]], scale: float) -> tuple[int, int]:
    """Median (height, width) of the images, but at most LARGEST_CROP pixels at the network."""
    heights, widths = zip(*sizes)
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
    try:
        return criterion(
            config.loss,
            # where classes overlap each is one sigmoid channel
            num_classes=1 if description.task == MULTILABEL else description.num_channels,
            class_weights=class_weights,
            ignore_index=description.classes.ignore_index,
            upsample="bilinear",
        )
    except (ArgumentError, ArgumentTypeError) as error:
        where = "train" if error.where == "criterion" else error.where
        raise error_at(where, error, type(error)) from None


def find_weights(
    config: TrainConfig, description: Description, counts: LabelCounts | MemberLabelCounts
) -> tuple[float, ...] | None:
    """The weight of each class: from the label counts of the train split, or from a file."""
    if config.class_weights == "none":
        return None
    if description.task != "multiclass" or isinstance(counts, MemberLabelCounts):
        must, got = f"none for a {description.task} task", config.class_weights
        hint = "Weigh the foreground in the loss: bce(pos_weight=2)+dice."
        raise ArgumentError("train", "class_weights", must=must, got=got, hint=hint)
    names, method = description.classes.names, config.class_weights
    if method not in METHODS:
        return read_weights(method, names)
    absent = [name for name, pixels in zip(names, counts.pixels) if pixels == 0]
    if absent and config.zero == "error":
        event = f"no pixel of split {config.train_split} is {some(absent)}"
        hint = f"{ZERO_HINT} For example: {command_line(replace(config, zero='zero'))}"
        raise ArgumentError("train", "zero", event=event, hint=hint)
    return tuple(weigh_classes(counts, method, config.zero).tolist())


def describe(counts: LabelCounts, description: Description) -> str:
    """The share of each class in the valid pixels, and of void in all of them, in words."""
    valid = max(1, counts.valid)
    shares = zip(description.classes.names, counts.pixels.tolist())
    void = 100 * counts.ignored / (valid + counts.ignored)
    return ", ".join(f"{n} {100 * p / valid:.3g}%" for n, p in shares) + f"; void {void:.3g}%"
