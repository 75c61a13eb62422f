"""Hugging Face Trainer: loss, counts of each image instead of logits, and scores.

    from pixelwise.integrate.transformers import trainer_options
    loss = pw.criterion("ce + dice", num_classes=19, upsample="bilinear")
    trainer = Trainer(args=args, train_dataset=..., eval_dataset=...,
                      **trainer_options(model, loss, processor))

with TrainingArguments(remove_unused_columns=False), images as pixel_values and labels as labels.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, check_shape, shown
from pixelwise.integrate.inputs import (
    CheckedLoss,
    as_counts_of_images,
    counts_of_images,
    scores_of_images,
)
from pixelwise.losses.criterion import Criterion
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.means import CONVENTIONS, Convention
from pixelwise.ops.spec import Activation
from pixelwise.ops.target import Ignore
from pixelwise.ops.unknown import raise_if_unknown

NOT_LABEL = -100  # what the Trainer counts as no label, when it counts labels


class compute_loss_func(CheckedLoss):
    """A criterion as `compute_loss_func` of a Trainer.

    criterion(outputs.logits, labels) · labels of this call / labels of the whole step

    The factor is 1 unless the Trainer accumulates gradients or has several processes: then the loss
    of a step is the mean over its calls, by their numbers of pixels, which is not the loss of all
    images together.

    Args:
        criterion: the loss; upsample="bilinear" for networks with logits at a stride.
    Raises:
        ArgumentTypeError: not a Criterion.
    """

    def forward(
        self, outputs: Any, labels: Tensor | None, num_items_in_batch: Any = None
    ) -> Tensor:
        """The loss of a call.

        Args:
            outputs: of the model, with logits (N, C, h, w).
            labels: (N, H, W) class indices, with the ignore_index of the criterion as void.
            num_items_in_batch: labels of the whole step, as the Trainer counts them.
        Raises:
            ArgumentError, ArgumentTypeError: no logits or labels, probabilities, and as Criterion.
        """
        where = "compute_loss_func"
        if labels is None:
            hint = "Give the data set a column `labels`, and set remove_unused_columns=False."
            raise ArgumentError(where, "labels", must="given", got="None", hint=hint)
        logits = _logits_of(where, outputs)
        self.check(logits)
        loss = self.criterion(logits, labels)
        if num_items_in_batch is None:
            return loss
        return loss * ((labels != NOT_LABEL).sum() / num_items_in_batch)


def preprocess_logits_for_metrics(
    num_classes: int, ignore_index: Ignore = 255, activation: Activation = "softmax"
) -> Callable[[Any, Any], Tensor]:
    """`preprocess_logits_for_metrics` of a Trainer: N·C² counts are kept instead of logits.

    out[n, t, p] = number of valid pixels of image n with target t and prediction p

    Args:
        num_classes: C; 2 for one sigmoid channel.
        ignore_index: ignored target value, several of them, or None.
        activation: of the logits.
    Returns:
        (logits (N, C, h, w), labels (N, H, W)) -> (N, C, C) int64.
    """

    def counted(logits: Any, labels: Any) -> Tensor:
        where = "preprocess_logits_for_metrics"
        found = _logits_of(where, logits)
        target = labels[0] if isinstance(labels, tuple) and len(labels) == 1 else labels
        rows = counts_of_images(where, found, target, num_classes, ignore_index, activation)
        if rows.is_cuda:
            raise_if_unknown()
        return rows

    return counted


class compute_metrics:
    """`compute_metrics` of a Trainer, from the counts of preprocess_logits_for_metrics.

    mean_iou, pixel_accuracy and mean_accuracy of the sum of all images, and iou_NAME of each class

    It serves batch_eval_metrics=True as well, where batches come one by one.

    Args:
        names: of the C classes, or how many there are.
        convention: of the mean IoU, a name in CONVENTIONS.
    Raises:
        ArgumentError: unknown convention.
    Absent classes: iou is NaN where a class is in neither target nor prediction.
    """

    def __init__(self, names: Sequence[str] | int, convention: Convention = "present") -> None:
        check_choice("compute_metrics", "convention", convention, CONVENTIONS)
        self.names = [str(i) for i in range(names)] if isinstance(names, int) else list(names)
        self.convention = convention
        self.images: list[ConfusionCounts] = []

    def __call__(self, prediction: Any, compute_result: bool = True) -> dict[str, float]:
        """The scores of all images since the last result.

        Args:
            prediction: EvalPrediction whose predictions are counts (N, C, C).
            compute_result: whether this is the last batch.
        Raises:
            ArgumentError: the predictions are no counts.
        """
        where, given = "compute_metrics", prediction.predictions
        given = torch.as_tensor(given) if isinstance(given, Tensor | np.ndarray) else None
        hint = "Give the Trainer preprocess_logits_for_metrics(num_classes) too."
        if given is None or given.is_floating_point():
            must, got = "counts of images", shown(prediction.predictions)
            raise ArgumentError(where, "predictions", must=must, got=got, hint=hint)
        classes = len(self.names)
        letters = "counts of images (N, C, C)"
        check_shape(where, "predictions", given.shape, (None, classes, classes), letters, hint)
        self.images += as_counts_of_images(given)
        if not compute_result:
            return {}
        images, self.images = self.images, []
        return scores_of_images(images, self.names, self.convention)


def trainer_options(
    model: Any, criterion: Criterion, processor: Any = None, convention: Convention = "present"
) -> dict[str, Any]:
    """What a Trainer needs, as its arguments: Trainer(args=..., **trainer_options(...)).

    Args:
        model: of transformers; its config names the classes.
        criterion: the loss; its ignore_index is the void of the labels.
        processor: of images and labels, if there is one.
        convention: of the mean IoU, a name in CONVENTIONS.
    Returns:
        model, compute_loss_func, preprocess_logits_for_metrics, compute_metrics, and
        processing_class if there is a processor.
    Raises:
        ArgumentError: the processor subtracts 1 from labels, unknown convention.
        ArgumentTypeError: not a Criterion.
    """
    check_processor(processor)
    one = criterion.activation == "sigmoid" if isinstance(criterion, Criterion) else False
    number = model.config.num_labels
    names = [str(model.config.id2label[i]) for i in range(number)]
    if one and number == 1:
        names = ["background", *names]
    count = preprocess_logits_for_metrics(
        len(names), getattr(criterion, "ignore_index", None), "sigmoid" if one else "softmax"
    )
    options = {
        "model": model,
        "compute_loss_func": compute_loss_func(criterion),
        "preprocess_logits_for_metrics": count,
        "compute_metrics": compute_metrics(names, convention),
    }
    return options if processor is None else {**options, "processing_class": processor}


def check_processor(processor: Any) -> None:
    """Raise if an image processor subtracts 1 from labels, with 0 as void.

    Which stored value is void is decided once, by Classes; reduced twice, class 1 would be void.

    Raises:
        ArgumentError: do_reduce_labels is on.
    """
    for name in ("do_reduce_labels", "reduce_labels"):
        if getattr(processor, name, False):
            hint = (
                "With it label 0 means void and label 1 is class 0. Say so in "
                "Classes(values=..., ignore_values=0) instead, and load the processor with "
                f"{name}=False."
            )
            raise ArgumentError("trainer_options", name, must="False", got=True, hint=hint)


def _logits_of(where: str, outputs: Any) -> Tensor:
    """The logits (N, C, h, w) in what a model or the Trainer gives."""
    found = outputs
    if isinstance(outputs, Mapping):
        found = outputs.get("logits")
    elif isinstance(outputs, tuple):
        # the Trainer has taken the loss out; hidden states and the like come after the logits
        found = outputs[0] if outputs else None
    elif not isinstance(outputs, Tensor):
        found = getattr(outputs, "logits", None)
    if not isinstance(found, Tensor) or found.dim() != 4:
        hint = "Models that predict masks and classes of queries have none; write a loss for them."
        must, got = "with logits (N, C, h, w)", shown(found)
        raise ArgumentError(where, "outputs", must=must, got=got, hint=hint)
    return found
