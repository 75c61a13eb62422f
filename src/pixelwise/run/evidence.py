"""Which epochs are as good as the best one, and has training stopped paying?

Every epoch was scored on the same images. A resample draws as many of them with replacement, the
same ones for all epochs, and scores each epoch on these:

    scores (E, 1 + B)   mean IoU of epoch e on all images, and on those of each of B resamples
    behind (B,)         scores of the best epoch - those of another: not told apart from the best if
                        the lower bound of their interval is not above 0
    gain (B,)           highest score of the last k epochs - highest score of those before

The spread of a difference on the same images is far smaller than that of a score. It is only the
part of the uncertainty that comes from having these images; see docs/training.md for the rest.
No torch here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.metrics.means import iou_of_pixels
from pixelwise.run.val_counts import Shape, ValCounts, read_counts
from pixelwise.text import percent, plural

FILE = "evidence.json"
RESAMPLES = 1000
CONFIDENCE = 0.95
SEED = 0  # of the draws; any, but the same in every epoch
FEW_IMAGES = 20  # fewer draw resamples that are too much alike
_BLOCK = 1 << 22  # entries of a block of draws: 32 MiB


def draws(images: int, resamples: int = RESAMPLES) -> Iterator[NDArray[np.float64]]:
    """How often each image is in each resample, (b, N), in blocks of bounded memory.

    They depend on the number of images alone, so that every epoch is given the same.
    """
    generator = np.random.default_rng(SEED)
    most = max(1, _BLOCK // images)
    for start in range(0, resamples, most):
        rows = min(most, resamples - start)
        drawn = generator.integers(images, size=(rows, images))
        drawn += images * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * images)
        yield times.reshape(rows, images).astype(np.float64)


def resampled(sums: NDArray[np.float64], resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """The mean IoU, convention "present", of all images and of every resample.

    Args:
        sums: (N, 3, C) correct, target and predicted pixels of each image, whole numbers.
        resamples: B.
    Returns:
        (1 + B,) 0..1, or NaN where no class is present.
    """
    flat = sums.reshape(len(sums), -1)
    totals = [flat.sum(0, keepdims=True)]
    totals += [times @ flat for times in draws(len(sums), resamples)]
    correct, target, pred = np.concatenate(totals).reshape(-1, *sums.shape[1:]).swapaxes(0, 1)
    iou = iou_of_pixels(correct, target, pred)
    present = ~np.isnan(iou)
    number = present.sum(1)
    mean = np.full(len(iou), np.nan)
    return np.divide(np.where(present, iou, 0).sum(1), number, out=mean, where=number > 0)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle share CONFIDENCE of some values; NaN if there is none."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


@dataclass
class Scores:
    """The scores of the epochs so far, on the images that all of them have counted.

    Attributes:
        ids: of these images.
        of: (1 + B,) scores of each epoch, see resampled.
    """

    ids: tuple[str, ...] = ()
    of: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    def add(self, run: Path, counts: ValCounts) -> None:
        """Add an epoch, whose counts are also in the folder of the run.

        An image that was found to be bad, or was repaired, since the run began is left out of all.
        """
        if self.of and counts.ids != self.ids:
            again = read_scores(run, counts.shape)
            self.ids, self.of = again.ids, again.of
            return
        self.ids = counts.ids
        self.of[counts.epoch] = resampled(counts.sums())


def read_scores(run: Path, shape: Shape, last: int | None = None) -> Scores:
    """The scores of the epochs whose counts a run has.

    Args:
        run: its folder.
        shape: of the table of an image.
        last: the last epoch that is read; None: all.
    Raises:
        RunError: a file is damaged.
    """
    ids = common_ids(read_counts(run, shape, last))
    if not ids:
        return Scores()
    return Scores(
        ids, {found.epoch: resampled(found.sums(ids)) for found in read_counts(run, shape, last)}
    )


def common_ids(epochs: Iterable[ValCounts]) -> tuple[str, ...]:
    """The images that all epochs have counted, in the order of the first."""
    ids: tuple[str, ...] | None = None
    for found in epochs:
        own = set(found.ids)
        ids = found.ids if ids is None else tuple(name for name in ids if name in own)
    return ids or ()


@dataclass(frozen=True)
class EpochEvidence:
    """What the images say of an epoch.

    Attributes:
        epoch: from 1.
        miou: on all images, 0..1; low, high: in CONFIDENCE of the resamples it is between these.
        behind: the same bounds of the score of the best epoch - that of this one.
        is_best: whether it is the best; is_same: whether it is not told apart from the best.
    """

    epoch: int
    miou: float | None
    low: float | None
    high: float | None
    behind: tuple[float | None, float | None]
    is_best: bool
    is_same: bool


@dataclass(frozen=True)
class Evidence:
    """Content of evidence.json.

    Attributes:
        convention: of the mean IoU.
        images: of the val split that every epoch has counted.
        resamples, confidence: of the intervals.
        epochs: that are complete and have a score.
    """

    SCHEMA: ClassVar[str] = "pixelwise.evidence/1"

    convention: str
    images: int
    resamples: int
    confidence: float
    epochs: tuple[EpochEvidence, ...]

    def text(self) -> str:
        """One line: "best is epoch 3 (63.10); epochs 2 and 4 to 6 are not told apart from it"."""
        best = next((e for e in self.epochs if e.is_best), None)
        if best is None:
            return "no epoch had a score"
        same = [e.epoch for e in self.epochs if e.is_same and not e.is_best]
        own = [e.epoch for e in self.epochs]
        # a release before this one kept no counts
        of = "epoch" if len(own) == 1 else "epochs"
        among = "" if own == list(range(1, len(own) + 1)) else f"of {of} {ranges(own)} "
        line = f"{among}best is epoch {best.epoch} (val mIoU {percent(best.miou)})"
        if len(own) == 1:
            return line
        few = "" if self.images >= FEW_IMAGES else ", too few to be sure"
        on = f"on {plural(self.images, 'image')}{few}"
        if not same:
            return f"{line}; every other epoch is distinguishably worse {on}"
        words = "epochs" if len(same) > 1 else "epoch"
        verb = "are" if len(same) > 1 else "is"
        return f"{line}; {words} {ranges(same)} {verb} not distinguishable from it {on}"


def evidence_of(scores: Scores) -> Evidence:
    """Which epochs are not told apart from the best by the images of the val split."""
    known = {epoch: own for epoch, own in scores.of.items() if not np.isnan(own[0])}
    # the first of equal ones, as `best`
    best = max(known, key=lambda epoch: known[epoch][0]) if known else None
    rows = []
    for epoch, own in known.items():
        assert best is not None
        behind = interval(known[best][1:] - own[1:])
        rows.append(
            EpochEvidence(
                epoch, float(own[0]), *interval(own[1:]), behind, epoch == best, not behind[0] > 0
            )
        )
    return Evidence("present", len(scores.ids), RESAMPLES, CONFIDENCE, tuple(rows))


def highest_gain(scores: Scores, window: int) -> float:
    """Upper bound of what the last epochs have gained over those before.

    CONFIDENCE of the resamples have a lower gain.

    Args:
        scores: of all epochs.
        window: how many the last ones are, k.
    Returns:
        -1..1; infinity as long as there are no epochs before, or without scores.
    """
    epochs = [scores.of[epoch][1:] for epoch in sorted(scores.of)]
    if len(epochs) <= window:
        return float("inf")
    table = np.nan_to_num(np.stack(epochs), nan=-1.0)  # less than any score
    gain = table[-window:].max(0) - table[:-window].max(0)
    gain = gain[table.max(0) >= 0]
    return float(np.quantile(gain, CONFIDENCE)) if len(gain) else float("inf")


def ranges(numbers: Sequence[int]) -> str:
    """Numbers that grow, in words: "2, 4 to 6 and 9"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    words = []
    for part in parts:
        if len(part) > 2:
            words.append(f"{part[0]} to {part[-1]}")
        else:
            words += map(str, part)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
