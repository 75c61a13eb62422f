"""How sure predictions are: what confidence.json holds. No torch here.

`predict` counts per image, by predicted class, pixels and their confidence bytes; and from the
probabilities what the prediction would score if they are right. With y the prediction as label and
p the probabilities of all pixels of an image, or of all images added up:

    expected TP_c = Σ y_c p_c      expected IoU_c = Σ y_c p_c / (Σ y_c + Σ p_c - Σ y_c p_c)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pixelwise.files.results import Result, made_by
from pixelwise.metrics.additive import Additive
from pixelwise.score.record import DataSplit, all_known, known
from pixelwise.text import percent, text_table

FILE = "confidence.json"
FULL = 255  # the byte of confidence 1
LEVELS = 0.5, 0.7, 0.9  # that shares of pixels are below


@dataclass(frozen=True, eq=False)
class ConfidenceSums(Additive):
    """Pixels by predicted class; those of two images add up.

    Args:
        pixels: (C,) int64.
        bytes: (C,) int64, sum of their confidences in steps of 1 / 255.
        below: (C, levels) int64, those with a confidence below each of LEVELS.
        void: (C,) int64, those that were made void.
        prob: (C,) float64, sum of the probabilities of each class over all pixels; zeros if the
            expected scores were not asked for.
        inter: (C,) float64, the same over the pixels that are predicted as the class.
    """

    pixels: NDArray[np.int64]
    bytes: NDArray[np.int64]
    below: NDArray[np.int64]
    void: NDArray[np.int64]
    prob: NDArray[np.float64]
    inter: NDArray[np.float64]

    def as_lists(self) -> dict[str, list]:
        """The fields as lists, for a line of JSON."""
        return {name: getattr(self, name).tolist() for name in _TYPES}

    @classmethod
    def from_lists(cls, fields: Mapping[str, Any]) -> "ConfidenceSums":
        """The inverse of as_lists.

        Raises:
            ValueError, TypeError, KeyError: they are not numbers, or one is missing.
        """
        return cls(**{name: np.array(fields[name], kind) for name, kind in _TYPES.items()})


_TYPES: dict[str, Any] = dict.fromkeys(("pixels", "bytes", "below", "void"), np.int64)
_TYPES |= dict.fromkeys(("prob", "inter"), np.float64)


def no_sums(classes: int) -> ConfidenceSums:
    """The sums of no image."""
    shapes = {"below": (classes, len(LEVELS))}
    return ConfidenceSums(
        **{name: np.zeros(shapes.get(name, classes), kind) for name, kind in _TYPES.items()}
    )


def count_confidence(
    label: NDArray[np.unsignedinteger], sure: NDArray[np.uint8], classes: int
) -> ConfidenceSums:
    """The sums of an image, without the expected ones.

    Args:
        label: (H, W) class indices 0..C-1.
        sure: (H, W) confidence bytes.
        classes: C.
    """
    flat = label.astype(np.int64).ravel() * (FULL + 1) + sure.ravel()
    table = np.bincount(flat, minlength=classes * (FULL + 1)).reshape(classes, FULL + 1)
    values = np.arange(FULL + 1)
    below = np.stack([table[:, values < FULL * level].sum(1) for level in LEVELS], 1)
    nothing = no_sums(classes)
    return ConfidenceSums(
        table.sum(1), table @ values, below, nothing.void, nothing.prob, nothing.inter
    )


def expected_iou(sums: ConfidenceSums) -> NDArray[np.float64]:
    """IoU of each class if the probabilities are right, (C,); NaN for one that is not predicted."""
    union = sums.pixels + sums.prob - sums.inter
    there = (sums.pixels > 0) & (union > 0)
    return np.divide(sums.inter, union, out=np.full(len(union), np.nan), where=there)


def expected_mean_iou(sums: ConfidenceSums) -> float:
    """Mean of expected_iou over the classes that are predicted; NaN without one."""
    values = expected_iou(sums)
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


@dataclass(frozen=True)
class ClassConfidence:
    """The pixels that are predicted as a class.

    Attributes:
        name: of the class.
        pixels: how many there are.
        mean: of their confidence, 0..1.
        below: share of them below each level.
        void: share of them that was made void.
        expected_iou: of the class; None if it is not predicted, or if it was not asked for.
    """

    name: str
    pixels: int
    mean: float | None
    below: tuple[float | None, ...]
    void: float | None
    expected_iou: float | None


@dataclass(frozen=True)
class ImageConfidence:
    """An image; as ClassConfidence, over the pixels of all classes."""

    id: str
    pixels: int
    mean: float | None
    below: tuple[float | None, ...]
    void: float | None
    expected_mean_iou: float | None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Confidence(Result):
    """How sure the predictions of a folder are; it can be read by key too.

    Attributes:
        version, command, created: which release made it, how and when.
        dataset: what was predicted.
        kind: "max", the probability of the predicted class, or "margin", its lead over the next.
        scale: the byte that stands for 1.
        temperature: that logits were divided by.
        unsure: below which confidence a pixel was made void, of each class; () if none was.
        levels: of `below`.
        pixels, mean, below, void: over all images.
        expected_mean_iou: over the classes that are predicted; None if it was not asked for.
        per_class: C rows.
        images: a row for each image.
    """

    SCHEMA: ClassVar[str] = "pixelwise.confidence/1"

    version: str
    command: str
    created: str
    dataset: DataSplit
    kind: str
    scale: int
    temperature: float
    unsure: tuple[float, ...]
    levels: tuple[float, ...]
    pixels: int
    mean: float | None
    below: tuple[float | None, ...]
    void: float | None
    expected_mean_iou: float | None
    per_class: tuple[ClassConfidence, ...]
    images: tuple[ImageConfidence, ...]

    def text(self) -> str:
        """A row for each class that is predicted, and one for all; percentages."""
        head = ["predicted", "pixels", "confidence", *(f"< {100 * at:.0f}" for at in self.levels)]
        more = [
            name for name, there in (("void", self.unsure), ("exp. IoU", self._expects)) if there
        ]
        rows = [[*head, *more]]
        for row in self.per_class:
            if row.pixels:
                rows.append(self._row(row.name, row, row.expected_iou))
        rows.append(self._row("all", self, self.expected_mean_iou))
        return text_table(rows)

    @property
    def _expects(self) -> bool:
        return self.expected_mean_iou is not None

    def _row(self, name: str, of: Any, expected: float | None) -> list[str]:
        share = [percent(of.pixels / self.pixels if self.pixels else None)]
        numbers = [*share, percent(of.mean), *map(percent, of.below)]
        numbers += [percent(of.void)] if self.unsure else []
        return [name, *numbers, *([percent(expected)] if self._expects else [])]


def confidence_of(
    sums: Sequence[tuple[str, ConfidenceSums]],
    names: Sequence[str],
    expects: bool,
    settings: Mapping[str, Any],
    dataset: DataSplit,
    command: str,
) -> Confidence:
    """What follows from the sums of all images.

    Args:
        sums: (id, sums) of each image.
        names: of the classes.
        expects: whether the expected scores were asked for.
        settings: kind, temperature and unsure.
        dataset, command: what was predicted, and how.
    """
    total = sum((one for _, one in sums), no_sums(len(names)))
    ious = all_known(expected_iou(total)) if expects else [None] * len(names)

    def expected(of: ConfidenceSums) -> float | None:
        return known(expected_mean_iou(of)) if expects else None

    return Confidence(
        **made_by(command),
        dataset=dataset,
        **settings,
        scale=FULL,
        levels=LEVELS,
        **_shares(total),
        expected_mean_iou=expected(total),
        per_class=tuple(
            ClassConfidence(name=name, **_shares(total, c), expected_iou=ious[c])
            for c, name in enumerate(names)
        ),
        images=tuple(
            ImageConfidence(id=id, **_shares(one), expected_mean_iou=expected(one))
            for id, one in sums
        ),
    )


def _shares(sums: ConfidenceSums, c: int | slice = slice(None)) -> dict[str, Any]:
    """Pixels, mean confidence and shares, of one class or of all."""
    pixels = int(np.sum(sums.pixels[c]))

    def share(number: Any) -> float | None:
        return float(number) / pixels if pixels else None

    below = sums.below[c].reshape(-1, len(LEVELS)).sum(0)
    return {
        "pixels": pixels,
        "mean": share(np.sum(sums.bytes[c]) / FULL),
        "below": tuple(map(share, below)),
        "void": share(np.sum(sums.void[c])),
    }
