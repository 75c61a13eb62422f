"""Keras: exact counts behind the methods of a Keras metric, in numpy, for every Keras backend.

from pixelwise.integrate.keras import MeanIoU
metric = MeanIoU(num_classes=19, ignore_class=255)
metric.update_state(y_true, model.predict(x))
metric.result()
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, check_range
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion
from pixelwise.metrics.inputs import as_array, as_integers, as_probs, check_probs
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.metrics.scores import mean_iou

TOLERANCE = 0.01  # what half types and many classes may take from Σ_c p_c = 1


class MeanIoU:
    """Mean IoU with update_state, result and reset_state, channels last.

    mean_iou(Σ counts of all images) by the convention

    Args:
        num_classes: C, >= 2.
        ignore_class: target value that is ignored, as Keras calls it; None ignores nothing.
        from_logits: y_pred holds logits; False: probabilities, as after a softmax or sigmoid.
        threshold: probability above which a pixel is foreground, with one channel.
        convention: a name in CONVENTIONS.
        name: what the metric is called.
    Raises:
        ArgumentError: unknown convention; num_classes or threshold out of range.
    Absent classes: what the convention says.
    Equals: keras.metrics.MeanIoU(num_classes, ignore_class) for "present".
    """

    def __init__(
        self,
        num_classes: int,
        ignore_class: int | None = None,
        from_logits: bool = False,
        threshold: float = 0.5,
        convention: Convention = "present",
        name: str = "mean_iou",
    ) -> None:
        check_range("MeanIoU", "num_classes", num_classes, low=2)
        check_range("MeanIoU", "threshold", threshold, 0, 1)
        check_choice("MeanIoU", "convention", convention, CONVENTIONS)
        self.num_classes, self.ignore_class, self.name = num_classes, ignore_class, name
        self.from_logits, self.threshold, self.convention = from_logits, threshold, convention
        self.images: list[ConfusionCounts] = []
        self.reset_state()

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: object = None
    ) -> None:
        """Count a batch.

        Args:
            y_true: (N, H, W) or (N, H, W, 1) class indices; whole numbers of any dtype.
            y_pred: (N, H, W, C) floating point; (N, H, W, 1) with two classes; or (N, H, W)
                integer class indices.
            sample_weight: None: counts are of whole pixels.
        Raises:
            ArgumentError, ArgumentTypeError: weights, a one-hot y_true, logits in place of
                probabilities or the reverse, values that are neither a class nor ignored.
        """
        if sample_weight is not None:
            hint = "Mark pixels that do not count with ignore_class."
            got = type(sample_weight).__name__
            raise ArgumentError("MeanIoU", "sample_weight", must="None", got=got, hint=hint)
        pred = self._indices(as_array("MeanIoU", "y_pred", y_pred))
        target = self._target(as_array("MeanIoU", "y_true", y_true), pred)
        counts = [
            count_confusion(p, t, self.num_classes, self.ignore_class) for p, t in zip(pred, target)
        ]
        # only this convention needs the images one by one
        self.images += counts if self.convention == "per_image" else [sum(counts, self._zero())]
        if self.convention != "per_image":
            self.images = [sum(self.images, self._zero())]

    def result(self) -> float:
        """The score of all batches; NaN without valid pixels."""
        if self.convention == "per_image":
            return mean_iou(self.images, "per_image") if self.images else float("nan")
        return mean_iou(self.counts, self.convention)

    def reset_state(self) -> None:
        """Forget all batches."""
        self.images = []

    @property
    def counts(self) -> ConfusionCounts:
        """The counts of all images, for every other score: pixelwise.iou(metric.counts)."""
        return sum(self.images, self._zero())

    def _zero(self) -> ConfusionCounts:
        return ConfusionCounts.zero(self.num_classes)

    def _indices(self, pred: np.ndarray) -> np.ndarray:
        if not np.issubdtype(pred.dtype, np.floating):
            return as_integers("MeanIoU", "y_pred", pred)
        channels = pred.shape[-1] if pred.ndim else 0
        one = channels == 1 and self.num_classes == 2
        if pred.ndim < 2 or not (one or channels == self.num_classes):
            must = f"(N, ..., {self.num_classes}), channels last, or class indices"
            raise ArgumentError("MeanIoU", "y_pred", must=must, got=pred.shape)
        if self.from_logits:
            refuse_probabilities(pred)
        else:
            pred = as_probs("MeanIoU", pred)
            check_probs("MeanIoU", pred, np.ones(pred.shape, bool))
            _check_sums(pred)
        if np.isnan(pred).any():
            raise ArgumentError("MeanIoU", "y_pred", must="without NaN", got="NaN")
        if not one:
            return pred.argmax(-1)
        with np.errstate(divide="ignore"):  # a threshold of 0 or 1 is no logit
            edge = -np.log(1 / self.threshold - 1) if self.threshold else -np.inf
        return pred[..., 0] > (edge if self.from_logits else self.threshold)

    def _target(self, target: np.ndarray, pred: np.ndarray) -> np.ndarray:
        if target.ndim == pred.ndim + 1 and target.shape[-1] == 1:
            target = target[..., 0]
        if target.shape != pred.shape:
            hint = ""
            if target.shape == (*pred.shape, self.num_classes):
                hint = "It looks one-hot: use y_true.argmax(-1), with void set again where it was."
            must = f"class indices {pred.shape}"
            raise ArgumentError("MeanIoU", "y_true", must=must, got=target.shape, hint=hint)
        if np.issubdtype(target.dtype, np.floating):
            whole: Any = target.astype(np.int64)
            if not np.array_equal(whole, target):
                must = "whole numbers, class indices"
                raise ArgumentTypeError("MeanIoU", "y_true", must=must, got="fractions")
            target = whole
        return target


def refuse_probabilities(logits: np.ndarray) -> None:
    """Raise if (N, ..., C) add up to 1 over C, or one channel fills 0..1."""
    if not logits.size or not (logits.min() >= 0 and logits.max() <= 1):
        return
    if logits.shape[-1] == 1:
        found = logits.min() <= 0.25 and logits.max() >= 0.75
    else:
        found = bool((np.abs(logits.sum(-1, dtype=np.float32) - 1) <= TOLERANCE).all())
    if found:
        hint = "Pass from_logits=False for probabilities."
        raise ArgumentError("MeanIoU", "y_pred", must="logits", got="probabilities", hint=hint)


def _check_sums(probs: np.ndarray) -> None:
    if probs.shape[-1] > 1 and probs.size:
        wrong = np.abs(probs.sum(-1, dtype=np.float32) - 1) > TOLERANCE
        if wrong.any():
            got = f"other sums at {np.count_nonzero(wrong):,} pixels"
            hint = "Pass from_logits=True for logits."
            must = "probabilities that add up to 1 over the classes"
            raise ArgumentError("MeanIoU", "y_pred", must=must, got=got, hint=hint)
