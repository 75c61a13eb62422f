"""Post-processing of predicted labels: given by hand, or chosen on the run's val split once.

RUN/post.json has what was chosen and why, until the checkpoint or a file of the split is another.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.data.dataset import read_pair
from pixelwise.errors import ArgumentError, setting
from pixelwise.files.results import made_by, write_json
from pixelwise.labels.classes import Classes
from pixelwise.ops.nan import check_no_nan
from pixelwise.ops.predict import Threshold
from pixelwise.post.steps import Step, apply_steps, read_steps
from pixelwise.prediction.config import AUTO, PredictConfig
from pixelwise.prediction.labelled_split import (
    BY_HAND,
    LabelledSplit,
    kept,
    labelled_split,
    logits_of_pairs,
)
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
from pixelwise.prediction.unfinished import key_of
from pixelwise.progress import Display
from pixelwise.run.evidence import FEW_IMAGES
from pixelwise.score.chosen import Chosen
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
class ChosenPost(Chosen):
    """The steps that the images of a split speak for; none if they speak for none.

    Attributes:
        tried: candidates.
        steps: as they are written, in the order in which they are taken.
        mean_iou, mean_iou_before: with the steps and without, over the classes present.
        gain, low, high: of the mean IoU, and its interval on resamples of the images.
    """

    SCHEMA: ClassVar[str] = "pixelwise.post/1"

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
        own = {name: getattr(self, name) for name in ("tried", "gain", "low", "high")}
        place = self.place(dataset)
        note = {"note": f"optimistic: {OPTIMISTIC}"} if place["same_images"] and self.steps else {}
        return {**place, **own, **note}


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
        ArgumentError: a step has another form, or names what is not a class.
        DatasetError, PairingError: the run's dataset has other classes, or the split no labels.
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
    split = labelled_split(members, members.agreed("val_split", BY_HAND), None)
    path = None if members.folder is None else members.folder / FILE
    steps = candidates(split.classes, members.first.about.task)
    thresholds = config.thresholds or config.threshold
    key = key_of(split.key, thresholds, list(map(str, steps)))
    before_now = kept(ChosenPost, path, key)
    if before_now is not None:
        return before_now
    labels = Labels(predictor_of(members, device, config.trust), split, thresholds, display)
    chosen, before, after = choose_steps(labels, len(split.pairs), steps, split.classes)
    gain = gain_of(before, after, len(steps))
    found = ChosenPost(
        **made_by(command_line(config)),
        dataset=split.dataset,
        images=len(split.pairs),
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
) -> tuple[Sequence[Step], NDArray[np.float64], NDArray[np.float64]]:
    """The steps that the images of a split speak for, see post_choice.

    Args:
        labels: predicted label and target of each image; gone over more than once.
        number: of images.
        steps: candidates.
        classes: of the labels.
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
        split: whose pairs they are.
        threshold: see Predictor.labels_of.
        display: shows how far the prediction is.
    """

    def __init__(
        self, predictor: Predictor, split: LabelledSplit, threshold: Threshold, display: Display
    ) -> None:
        self.predictor, self.split = predictor, split
        self.threshold, self.display = threshold, display
        self.kept: list[tuple[bytes, np.dtype]] = []

    def __iter__(self) -> Iterator[Labelled]:
        return self.again() if len(self.kept) == len(self.split.pairs) else self.predicted()

    def predicted(self) -> Iterator[Labelled]:
        """The first time."""
        self.kept.clear()
        doing = "choosing post-processing"
        for pair, logits, target in logits_of_pairs(
            self.predictor, self.split, self.display, doing
        ):
            check_no_nan(str(pair.image), logits)
            size = int(target.shape[-2]), int(target.shape[-1])
            label = self.predictor.labels_of(logits, size, self.threshold)[0].cpu().numpy()
            self.kept.append((zlib.compress(label.tobytes(), 1), label.dtype))
            yield label, target[0].cpu().numpy()

    def again(self) -> Iterator[Labelled]:
        """What was predicted."""
        for pair, (data, dtype) in zip(self.split.pairs, self.kept):
            target = read_pair(pair, self.split.classes, self.split.images)[1].numpy()
            yield np.frombuffer(zlib.decompress(data), dtype).reshape(target.shape), target


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
