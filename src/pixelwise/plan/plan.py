"""What a training run is going to do, decided and checked before anything is written."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    DatasetError,
    error_at,
)
from pixelwise.files.names import real_path
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.class_files import MULTILABEL
from pixelwise.labels.description import FILE_NAME, Description, read_settled
from pixelwise.labels.pairs import Pair
from pixelwise.losses.criterion import Criterion
from pixelwise.losses.table import criterion
from pixelwise.networks.build import check_network
from pixelwise.ops.spec import Activation
from pixelwise.plan.bad_images import BadImages
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.further import absolute_data, further_data
from pixelwise.plan.parts import check_parts
from pixelwise.plan.pasting import check_pasted
from pixelwise.plan.preflight import check_early
from pixelwise.plan.samples import image_notes
from pixelwise.plan.several import Source, check_types, learnt_counts, read_further
from pixelwise.plan.splits import AnyCounts, count_pairs, labelled_pairs, usable_pairs
from pixelwise.plan.statistics import find_kind
from pixelwise.settings import command_line
from pixelwise.text import plural, shell_line, some
from pixelwise.weights.counts import LabelCounts
from pixelwise.weights.file import read_weights
from pixelwise.weights.formulas import METHODS, POS_WEIGHT, ZERO_HINT
from pixelwise.weights.formulas import class_weights as weigh_classes
from pixelwise.weights.members import (
    ONE_SIDED_HINT,
    MemberLabelCounts,
    describe_members,
    one_sided,
    pos_weights,
)
from pixelwise.weights.places import ImagePlaces

LARGEST_CROP = 512  # pixels at the network, per axis, unless crop says otherwise


@dataclass(frozen=True)
class Plan:
    """A checked training run.

    Attributes:
        config: with loss and crop filled in.
        description: the dataset.
        train, val: pairs of the two splits; of train those of all data sets, one after the other.
        counts: label counts of the two splits.
        class_weights: one per class, or None.
        criterion: the loss; it upsamples the logits to the target inside.
        bad: pairs that are in neither split because they cannot be used.
        images: what they are; of a run that is resumed, what they were.
        places: pixels of the classes of each pair of train; none where they are not asked for.
        sources: the data sets of train; the first is that of `description`.
    """

    config: TrainConfig
    description: Description
    train: list[Pair]
    val: list[Pair]
    counts: dict[str, AnyCounts]
    class_weights: tuple[float, ...] | None
    criterion: Criterion
    bad: BadImages
    images: ImageKind = RGB8
    places: list[ImagePlaces] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    @property
    def activation(self) -> Activation:
        """See activation_of."""
        return activation_of(self.description.task)

    @property
    def sizes(self) -> dict[str, int]:
        """The pairs of each split, with those that were left out."""
        return {n: len(p) + len(self.bad.left_out.get(n, {})) for n, p in self.splits.items()}

    @property
    def splits(self) -> dict[str, list[Pair]]:
        """The pairs of train of each data set, and of val, by what they are called in records."""
        return {one.name: one.pairs for one in self.sources} | {self.config.val_split: self.val}

    @property
    def source_of(self) -> list[int]:
        """The data set of each pair of train, by its number."""
        return [number for number, one in enumerate(self.sources) for _ in one.pairs]

    def split_of(self, pair: Pair) -> str:
        """What the split of a pair of train is called in records."""
        return next(one.name for one in self.sources if pair in one.pairs)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in the train split; one if it is smaller than a batch."""
        return max(1, len(self.train) // self.config.batch)

    def fingerprint(self) -> dict[str, Any]:
        """What a resumed run compares: file sizes by id, and pixels per class, of each split."""
        return {
            name: {
                "pixels": self.counts[name].pixels.tolist(),
                "files": {
                    p.id: [p.image.stat().st_size, sum(map(size_of, p.label_files))] for p in pairs
                },
            }
            for name, pairs in self.splits.items()
        }


def activation_of(task: str) -> Activation:
    """ "softmax" for a multiclass task, else "sigmoid"."""
    return "softmax" if task == "multiclass" else "sigmoid"


def size_of(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def make_plan(
    config: TrainConfig,
    log: Callable[[str], None],
    began: BadImages | None = None,
    kind: ImageKind | None = None,
) -> Plan:
    """Read the dataset and decide everything that the configuration left open.

    Every label of both splits is read once, and of every image the header and the end: what is
    wrong is found here, and not in an epoch.

    Args:
        config: with `data`.
        log: given a line for each split, and for each kind of image that is not used as it shows.
        began: the bad pairs of a run that is resumed.
        kind: of its images.
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
        more_data=absolute_data(config.more_data),
        class_weights=absolute(config.class_weights),
        start=None if config.start is None else real_path(config.start),
        loss=config.loss or ("ce+dice" if description.task == "multiclass" else "bce+dice"),
    )
    further_data(config, description)
    # a wrong loss is an error before all labels are read
    weighed = config.class_weights != "none"
    ones = (1.0,) * description.num_channels if weighed else None
    check_parts(config, make_criterion(config, description, ones))
    used, headers, bad = usable_pairs(splits, config, description, began)
    for note in image_notes(headers, used, description.channels):
        log(note)
    sizes = {name: len(pairs) for name, pairs in splits.items()}
    skip = config.on_bad_image == "skip" and began is None
    with_places = config.train_split if config.sample != "uniform" or config.copy_paste else None
    counts, places = count_pairs(used, sizes, skip, description, bad, with_places, config.seed)
    check_pasted(config, description.classes, counts[config.train_split].pixels)
    for name, found in counts.items():
        say_split(name, name, found, description, bad.left_out.get(name), log)
    further, more_places, bad = read_further(config, description, began, bad, log)
    for one in further:
        words = f"{one.name}, weight {one.weight:g}"
        left_out = bad.left_out.get(one.name)
        say_split(words, one.split, one.counts, one.description, left_out, log)
    shapes = [(h.height, h.width) for h in headers[config.train_split].values()]
    config = replace(config, crop=config.crop or median_size(shapes, config.scale))
    own, val = (used[name] for name in split_names(config))
    split = config.train_split
    sources = [Source(split, split, description, 1.0, own, counts[split]), *further]
    counts |= {one.name: one.counts for one in further}
    class_weights = find_weights(config, description, learnt_counts(sources))
    train = [pair for one in sources for pair in one.pairs]
    say_learnt_and_scored(config, train, val, log)
    shown = [places[pair.id] for pair in own] + more_places if with_places else []
    loss = make_criterion(config, description, class_weights)
    kind = kind or find_kind(description.channels, own, description.classes, skip, log)
    check_types(further, kind)
    return Plan(
        *(config, description, train, val, counts, class_weights, loss, bad, kind, shown, sources)
    )


def say_split(
    name: str,
    split: str,
    found: AnyCounts,
    description: Description,
    left_out: dict[str, str] | None,
    log: Callable[[str], None],
) -> None:
    """Say what is learnt from or scored on, and what is left out of it.

    Args:
        name: of what is learnt or scored.
        split: its name in dataset.toml.
        found: what its labels hold.
        description: of its data set.
        left_out: pairs that cannot be used.
        log: given the lines.
    """
    if isinstance(found, MemberLabelCounts):
        shares = describe_members(found, description.classes.names)
        log(f"{name}: {found.files} pairs, {shares}")
    else:
        log(f"{name}: {found.files} pairs, {describe(found, description)}")
    if isinstance(found, LabelCounts) and found.ignored and not found.pixels.any():
        log(f"warning: all pixels of {name} are void: nothing is learnt from it or scored on it")
    if isinstance(found, LabelCounts) and found.ignored and np.count_nonzero(found.pixels) == 1:
        log(
            f"warning: {name} has one class beside void. Is void the foreground of a 0/255 "
            "mask? Then it is not learnt: "
            f"{shell_line(['pixelwise', 'audit', str(real_path(description.root))])}"
        )
    if alone := skipped_files(description, split):
        files = some(Path(file).name for file in alone)
        log(f"{name}: {plural(len(alone), 'file')} without a partner left out: {files}")
    if left_out:
        log(f"{name}: {plural(len(left_out), 'bad pair')} left out: {some(left_out)}")


def absolute(weights: str) -> str:
    """A file of class weights by its full path, so that a run can be resumed from anywhere."""
    return str(real_path(weights)) if weights.endswith(".json") else weights


def skipped_files(description: Description, split: str) -> list[str]:
    """Files without a partner that dataset.toml leaves out of a split."""
    names = [part.name for part in description.parts(split)]
    skip = [name for name in names if description.splits[name].unpaired == "skip"]
    return [file for name in skip for file in description.unpaired_files(name)]


def say_learnt_and_scored(
    config: TrainConfig, train: list[Pair], val: list[Pair], log: Callable[[str], None]
) -> None:
    """Warn of pairs in both splits; one split given as both is what was asked for."""
    both = {pair.image for pair in train} & {pair.image for pair in val}
    if both and config.train_split != config.val_split:
        number, names = plural(len(both), "pair"), " and in ".join(split_names(config))
        log(f"warning: {number} in {names}: the score is partly of what was learnt")


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
    one_class = description.task == "multiclass"
    try:
        return criterion(
            config.loss,
            # where classes overlap each is one sigmoid channel
            num_classes=1 if description.task == MULTILABEL else description.num_channels,
            class_weights=class_weights if one_class else None,
            pos_weight=None if one_class else class_weights,
            ignore_index=description.classes.ignore_index,
            upsample="bilinear",
        )
    except (ArgumentError, ArgumentTypeError) as error:
        where = "train" if error.where == "criterion" else error.where
        raise error_at(where, error, type(error)) from None


def find_weights(
    config: TrainConfig, description: Description, counts: AnyCounts
) -> tuple[float, ...] | None:
    """The weight of each class: from the label counts of the train split, or from a file."""
    if config.class_weights == "none":
        return None
    names, method, task = description.classes.names, config.class_weights, description.task
    is_file = method.endswith(".json")
    known = METHODS if task == "multiclass" else (POS_WEIGHT,)
    if task == "binary" if is_file else method not in known:
        must = f"one of none, {', '.join(known)} for a {task} task"
        hint = "Or weigh the classes in the loss, such as bce(pos_weight=2)+dice."
        raise ArgumentError("train", "class_weights", must=must, got=method, hint=hint)
    if is_file:
        return read_weights(method, names, task)
    if method == POS_WEIGHT:
        return find_pos_weights(config, names, counts)
    assert isinstance(counts, LabelCounts)  # the task is multiclass
    assert method in METHODS
    absent = [name for name, pixels in zip(names, counts.pixels) if pixels == 0]
    if absent and config.zero == "error":
        event = f"no pixel of split {config.train_split} is {some(absent)}"
        hint = f"{ZERO_HINT} For example: {command_line(replace(config, zero='zero'))}"
        raise ArgumentError("train", "zero", event=event, hint=hint)
    return tuple(weigh_classes(counts, method, config.zero).tolist())


def find_pos_weights(
    config: TrainConfig, names: tuple[str, ...], counts: LabelCounts | MemberLabelCounts
) -> tuple[float, ...]:
    """The weight of the pixels of each class that is a sigmoid channel."""
    if isinstance(counts, LabelCounts):  # of a binary task
        sides, void = counts.pixels[None], np.array([counts.ignored])
        counts = MemberLabelCounts(sides, void, counts.images[1:], counts.files)
        names = names[1:]
    alone = one_sided(counts, names)
    if alone and config.zero == "error":
        event = f"no pixel of split {config.train_split} is {some(alone)}"
        hint = f"{ONE_SIDED_HINT} For example: {command_line(replace(config, zero='zero'))}"
        raise ArgumentError("train", "zero", event=event, hint=hint)
    return tuple(pos_weights(counts, config.zero).tolist())


def describe(counts: LabelCounts, description: Description) -> str:
    """The share of each class in the valid pixels, and of void in all of them, in words."""
    valid = max(1, counts.valid)
    shares = zip(description.classes.names, counts.pixels.tolist())
    void = 100 * counts.ignored / (valid + counts.ignored)
    return ", ".join(f"{n} {100 * p / valid:.3g}%" for n, p in shares) + f"; void {void:.3g}%"
