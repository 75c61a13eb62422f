"""Post-processing of predicted labels: given by hand, or chosen on the run's val split once.

RUN/post.json has what was chosen and why, until the checkpoint or a file of the split is another.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from pixelwise.data.dataset import read_pair
from pixelwise.errors import ArgumentError, RunError, setting
from pixelwise.files.names import real_path
from pixelwise.files.results import Result, made_by, read_record, write_json
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.labels.pairs import Pair
from pixelwise.ops.nan import check_no_nan
from pixelwise.ops.predict import Threshold
from pixelwise.plan.splits import labelled_pairs
from pixelwise.post.steps import Step, apply_steps, read_steps
from pixelwise.prediction.config import AUTO, PredictConfig
from pixelwise.prediction.images import images_of
from pixelwise.prediction.labelled_split import BY_HAND
from pixelwise.prediction.members import Members
from pixelwise.prediction.post_choice import (
    best_single,
    candidates,
    changed_sums,
    gain_of,
    mean_present,
    resampled_iou,
    sums_of,
)
from pixelwise.prediction.predictor import Predictor, predictor_of
from pixelwise.prediction.unfinished import key_of, stamp_of
from pixelwise.progress import Display
from pixelwise.run.evidence import FEW_IMAGES
from pixelwise.score.record import DataSplit
from pixelwise.settings import command_line
from pixelwise.text import percent, plural
from pixelwise.tiles.grid import Tiling

FILE = "post.json"
Labelled = tuple[NDArray[Any], NDArray[Any]]  # predicted label and target of an image
OPTIMISTIC = (
    "post-processing was chosen on these very images, so scores of them are optimistic: score "
    "another split"
)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ChosenPost(Result):
    """The steps that the images of a split speak for; none if they speak for none.

    Attributes:
        version, command, created: which release made it, how and when.
        dataset: what they were chosen on.
        images: how many that were.
        epoch: of the checkpoint.
        key: digest of the checkpoint, the classes, the thresholds and the files of the images.
        tried: candidates.
        steps: as they are written, in the order in which they are taken.
        mean_iou, mean_iou_before: with the steps and without, over the classes present.
        gain, low, high: of the mean IoU, and its interval on resamples of the images.
    """

    SCHEMA: ClassVar[str] = "pixelwise.post/1"

    version: str
    command: str
    created: str
    dataset: DataSplit
    images: int
    epoch: int | None
    key: str
    tried: int
    steps: tuple[str, ...]
    mean_iou: float | None
    mean_iou_before: float | None
    gain: float
    low: float
    high: float

    def text(self) -> str:
        """One line."""
        on = f"on the {plural(self.images, 'image')} of {self.dataset.split}"
        few = "" if self.images >= FEW_IMAGES else ", too few to be sure"
        if not self.steps:
            return f"no post-processing: none of {self.tried} steps gains for sure {on}{few}"
        points = f"{100 * self.gain:.2f} points ({100 * self.low:.2f} to {100 * self.high:.2f})"
        means = f"mIoU {percent(self.mean_iou)}, {percent(self.mean_iou_before)} without"
        return f"post-processing {' '.join(self.steps)}: {means}, a gain of {points} {on}{few}"

    def as_used(self, dataset: DataSplit) -> dict[str, Any]:
        """What prediction.json says of it.

        Args:
            dataset: that is predicted.
        """
        own = {name: getattr(self, name) for name in ("epoch", "tried", "gain", "low", "high")}
        is_same = self.dataset == dataset
        note = {"note": f"optimistic: {OPTIMISTIC}"} if is_same and self.steps else {}
        split = {"data": self.dataset.path, "split": self.dataset.split}
        return {**split, **own, "same_images": is_same, **note}


def check_whole(config: PredictConfig, tiling: Tiling | None) -> None:
    """Raise if labels are changed that come in tiles: a region may be in several of them.

    Raises:
        ArgumentError: naming the setting.
    """
    if config.post and tiling is not None:
        must = f"left out with tiles; whole images with {setting('tile', (0, 0))}"
        raise ArgumentError("predict", "post", must=must, got=" ".join(config.post))


def with_post(
    config: PredictConfig, members: Members, device: str, display: Display
) -> tuple[PredictConfig, ChosenPost | None]:
    """The settings with the steps of `post auto`, and what is known of them.

    Args:
        config: with the thresholds that are used.
        members: the networks.
        device: where they compute.
        display: given lines and the progress.
    Raises:
        ArgumentError: a step has another form, or names what is not a class; the run's dataset has
            other classes.
        DatasetError: the split has no labels.
    """
    about = members.first.about
    if config.post != (AUTO,):
        steps = read_steps(config.post, about.classes, about.task)
        return replace(config, post=tuple(map(str, steps))), None
    found = post_of(config, members, device, display)
    display.line(f"predict: {found.text()}")
    return replace(config, post=found.steps), found


def post_of(config: PredictConfig, members: Members, device: str, display: Display) -> ChosenPost:
    """The steps in the run folder if nothing has changed since, or else new ones.

    Those of several runs are in no folder and are chosen each time.
    """
    about = members.first.about
    path = None if members.folder is None else members.folder / FILE
    data = real_path(Path(members.agreed("dataset", BY_HAND)))
    split = members.agreed("val_split", BY_HAND)
    description = read_description(data)
    if description.classes.names != about.classes.names or description.task != about.task:
        event = f"the classes of {data} are not those of the network"
        hint = f"Give the steps by hand instead of {setting('post', AUTO)}."
        raise ArgumentError("predict", "post", event=event, hint=hint)
    images, pairs = images_of(description, about.images), labelled_pairs(description, split)
    classes = description.classes
    stamps = [[p.id, stamp_of(p.image), *map(stamp_of, p.label_files)] for p in pairs]
    bands = () if images.is_rgb else (images.channels,)
    steps = candidates(classes, about.task)
    thresholds = config.thresholds or config.threshold
    networks, *views = members.key()
    words = list(map(str, steps))
    key = key_of(*networks, classes, split, stamps, thresholds, words, *bands, *views)
    if path is not None and path.is_file():
        with suppress(RunError):  # of another release, or damaged: it is made again
            kept = read_record(ChosenPost, path)
            if kept.key == key:
                return kept
    predictor = predictor_of(members, device, config.trust)
    labels = Labels(predictor, pairs, classes, images, thresholds)
    display.start(len(pairs))
    with display:
        advance = partial(display.advance, "choosing post-processing", 1)
        chosen, before, after = choose_steps(labels, len(pairs), steps, classes, advance)
    gain = gain_of(before, after, len(steps))
    found = ChosenPost(
        **made_by(command_line(config)),
        dataset=DataSplit(str(data), split),
        images=len(pairs),
        epoch=members.epoch,
        key=key,
        tried=len(steps),
        steps=tuple(map(str, chosen)),
        mean_iou=number_or_none(mean_present(after)[0]),
        mean_iou_before=number_or_none(mean_present(before)[0]),
        gain=gain.gain,
        low=gain.low,
        high=gain.high,
    )
    if path is not None:
        write_json(path, found)
    return found


def choose_steps(
    labels: Iterable[Labelled],
    number: int,
    steps: Sequence[Step],
    classes: Classes,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Sequence[Step], NDArray[np.float64], NDArray[np.float64]]:
    """The steps that the images of a split speak for, see post_choice.

    Args:
        labels: predicted label and target of each image; gone over more than once.
        number: of images.
        steps: candidates.
        classes: of the labels.
        advance: called after each image.
    Returns:
        The steps in their order, none if none passes; resampled_iou without and with them.
    """
    plain = np.zeros((number, 3, len(classes)))
    changes = np.zeros((len(steps), *plain.shape))
    for image, (label, target) in enumerate(labels):
        plain[image] = sums_of(label, target, classes)
        for place, step in enumerate(steps):
            other = step.apply(label, classes)
            changes[place, image] = changed_sums(label, other, target, classes)
        advance()
    before, tried = resampled_iou(plain), len(steps)
    best: tuple[float, Sequence[Step], NDArray[np.float64]] = 0.0, (), before
    for own in best_single(steps, plain, changes):
        sums = [sums_of(apply_steps(label, own, classes), t, classes) for label, t in labels]
        after = resampled_iou(np.stack(sums).astype(np.float64))
        gain = gain_of(before, after, tried)
        if gain.is_kept and gain.gain > best[0]:
            best = gain.gain, own, after
    return best[1], before, best[2]


class Labels:
    """The predicted label and the target of each pair; what is predicted is kept, compressed.

    Args:
        predictor: of the labels.
        pairs, classes, images: of the split, what its files store, and what the images are.
        threshold: see Predictor.labels_of.
    """

    def __init__(
        self,
        predictor: Predictor,
        pairs: Sequence[Pair],
        classes: Classes,
        images: ImageKind,
        threshold: Threshold,
    ) -> None:
        self.predictor, self.pairs, self.classes = predictor, pairs, classes
        self.images, self.threshold = images, threshold
        self.kept: dict[int, tuple[bytes, np.dtype]] = {}

    def __iter__(self) -> Iterator[Labelled]:
        for number, pair in enumerate(self.pairs):
            target = read_pair(pair, self.classes, self.images)[1].numpy()
            if number not in self.kept:
                label = self.predicted(pair)
                self.kept[number] = zlib.compress(label.tobytes(), 1), label.dtype
            data, dtype = self.kept[number]
            yield np.frombuffer(zlib.decompress(data), dtype).reshape(target.shape), target

    @torch.no_grad()
    def predicted(self, pair: Pair) -> NDArray[Any]:
        """The label of an image."""
        image, _ = self.images.read(pair.image)
        inputs = self.predictor.inputs_of(image, str(pair.image))
        logits = self.predictor.logits_of([one[None].to(self.predictor.device) for one in inputs])
        check_no_nan(str(pair.image), logits)
        return self.predictor.labels_of(logits, image.shape[:2], self.threshold)[0].cpu().numpy()


def number_or_none(value: float) -> float | None:
    """None for NaN."""
    return None if np.isnan(value) else float(value)


def about_post(
    config: PredictConfig,
    found: ChosenPost | None,
    dataset: DataSplit,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """What prediction.json says of post-processing; nothing if there is none.

    Args:
        config: with its steps.
        found: what chose them; None if they were given.
        dataset: that is predicted.
        log: given a line if they were chosen on its images.
    """
    if found is None and not config.post:
        return {}
    chosen = None if found is None else found.as_used(dataset)
    if chosen is not None and "note" in chosen:
        log(f"predict: {OPTIMISTIC}")
    return {"post": {"steps": list(config.post), "chosen": chosen}}
