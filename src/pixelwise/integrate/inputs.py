"""What the adapters of torch libraries have in common: inputs that are refused, and counts."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_shape, shown
from pixelwise.losses.criterion import Criterion
from pixelwise.metrics.confusion import ConfusionCounts, count_confusion, total_counts
from pixelwise.metrics.means import Convention
from pixelwise.metrics.scores import iou, mean_accuracy, mean_iou, pixel_accuracy
from pixelwise.ops.double_softmax import are_probabilities
from pixelwise.ops.predict import Threshold, confusion_matrix
from pixelwise.ops.spec import Activation
from pixelwise.ops.target import Ignore
from pixelwise.ops.unknown import count_later
from pixelwise.ranks.distributed import rank_and_world
from pixelwise.ranks.rank_stats import loss_over_ranks, stats_of_all_ranks

# sigmoid: logits that fill so much of 0..1 and never leave it are probabilities
FILLED = (0.25, 0.75)


class CheckedLoss(nn.Module):
    """A criterion in another library's loop, where probabilities in place of logits are an error.

    The criterion alone only warns of them. Values are read at every batch on a CPU, and at the
    first one on a GPU, where reading waits.

    Args:
        criterion: the loss, such as criterion("ce + dice", num_classes=19).
    Raises:
        ArgumentTypeError: not a Criterion.
    """

    def __init__(self, criterion: Criterion) -> None:
        super().__init__()
        name = type(self).__name__
        if not isinstance(criterion, Criterion):
            hint = 'Make one with pixelwise.criterion("ce + dice", num_classes=...).'
            raise ArgumentTypeError(
                name, "criterion", must="a Criterion", got=shown(criterion), hint=hint
            )
        self.criterion = criterion
        self.looked = False

    def check(self, logits: Tensor) -> None:
        """Raise if these are probabilities."""
        if not self.looked or (isinstance(logits, Tensor) and logits.device.type == "cpu"):
            refuse_probabilities(type(self).__name__, logits, self.criterion.activation)
            self.looked = True


def loss_of_all_ranks(
    criterion: Criterion, logits: Tensor, target: Tensor, weight: Tensor | None = None
) -> Tensor:
    """loss_over_ranks with a weight of each pixel, if there is one; every rank has to call it."""
    if weight is None:
        return loss_over_ranks(criterion, logits, target)
    if rank_and_world()[1] == 1 or not all(term.sums for _, term in criterion.terms()):
        return criterion(logits, target, weight)
    stats = stats_of_all_ranks(criterion.stats(logits, target, weight))
    return criterion.formula(stats).to(torch.float32)


def refuse_probabilities(where: str, logits: Tensor, activation: Activation) -> None:
    """Raise if activation has been applied already.

    Softmax: channels of a few pixels all lie in 0..1 and add up to 1. Sigmoid: no value lies
    outside 0..1, some are below 0.25 and some above 0.75.

    Raises:
        ArgumentError: these are probabilities.
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point() or not logits.numel():
        return  # whatever reads it has a sentence about that
    if activation == "softmax":
        found, how = are_probabilities(logits), "channels in 0..1 that add up to 1"
    else:
        low, high = (float(v) for v in logits.detach().aminmax())
        found, how = 0 <= low <= FILLED[0] and FILLED[1] <= high <= 1, "values in 0..1 alone"
    if found:
        hint = f"The {activation} is applied inside: give what the network has before its own."
        raise ArgumentError(where, "logits", must="raw", got=how, hint=hint)


def refuse_channels(where: str, target: Tensor, dims: int, channels: int) -> None:
    """Raise if a target of class indices has a channel axis.

    Args:
        target: should be (N, *S).
        dims: of the logits (N, C, *S).
        channels: C.
    Raises:
        ArgumentError: it is one-hot, or has a channel axis of size 1.
    """
    if not isinstance(target, Tensor) or target.dim() != dims:
        return
    one = target.shape[1] == 1
    hint = "Remove the channel axis: target.squeeze(1)." if one else ""
    if not one and target.shape[1] == channels:
        hint = "It looks one-hot: use target.argmax(1), with void set again where it was."
    must, got = "class indices (N, *S)", tuple(target.shape)
    raise ArgumentError(where, "target", must=must, got=got, hint=hint)


def whole_numbers(where: str, target: Tensor) -> Tensor:
    """A target of class indices that a host stores as floating point, as integers.

    Raises:
        ArgumentTypeError: it has fractions, as interpolated labels have; on a GPU they are counted,
            and raised by raise_if_unknown.
    """
    if not isinstance(target, Tensor) or not target.is_floating_point():
        return target
    index = target.long()
    fractions = index != target
    must = "whole numbers, class indices"
    if target.is_cuda:
        count_later(where, "target", must, fractions.sum())
    elif bool(fractions.any()):
        hint = "A label is resized with mode nearest, never interpolated."
        got = f"fractions at {int(fractions.sum()):,} pixels"
        raise ArgumentTypeError(where, "target", must=must, got=got, hint=hint)
    return index


def without_channel_axis(where: str, target: Tensor) -> Tensor:
    """(N, 1, *S) class indices of any dtype as (N, *S) integers.

    Raises:
        ArgumentError: another number of channels, as a one-hot target has.
        ArgumentTypeError: it has fractions.
    """
    if target.dim() < 3 or target.shape[1] != 1:
        hint = "A one-hot target becomes class indices by target.argmax(1, keepdim=True)."
        must, got = "class indices (N, 1, *S)", tuple(target.shape)
        raise ArgumentError(where, "target", must=must, got=got, hint=hint)
    return whole_numbers(where, target.squeeze(1))


def counts_of_images(
    where: str,
    pred: Tensor,
    target: Tensor,
    num_classes: int,
    ignore_index: Ignore = 255,
    activation: Activation = "softmax",
    threshold: Threshold = 0.5,
) -> Tensor:
    """Pixels by target and predicted class, of each image.

    out[n, t, p] = number of valid pixels of image n with target t and prediction p

    Args:
        where: class or function, the first word of messages.
        pred: (N, C, *S) floating point, logits, for (N, C, h, w) of any size, which are
            interpolated inside; or (N, *S) integer, class indices.
        target: (N, *S) class indices of any integer dtype.
        num_classes: C; 2 for sigmoid, which has one channel.
        ignore_index: ignored target value, several of them, or None.
        activation, threshold: of logits, as in predict_label.
    Returns:
        (N, C, C) int64 where pred is.
    Raises:
        ArgumentError, ArgumentTypeError: shapes that do not fit, probabilities, a one-hot target,
            target values that are neither a class nor ignored (on a GPU counted, and raised by
            raise_if_unknown).
    """
    if not isinstance(pred, Tensor):
        raise ArgumentTypeError(where, "pred", must="a tensor", got=type(pred).__name__)
    if not pred.is_floating_point():
        check_shape(where, "target", target.shape, pred.shape, "as large as the indices in pred")
        pairs = zip(pred.cpu(), target.cpu())
        of_each = [count_confusion(p, t, num_classes, ignore_index).matrix for p, t in pairs]
        empty = np.zeros((0, num_classes, num_classes), np.int64)
        return torch.from_numpy(np.stack(of_each) if of_each else empty).to(pred.device)
    channels = 1 if activation == "sigmoid" else num_classes
    if pred.dim() < 2 or pred.shape[1] != channels:
        must = f"(N, {channels}, *S) for {num_classes} classes with {activation}"
        raise ArgumentError(where, "pred", must=must, got=tuple(pred.shape))
    refuse_channels(where, target, pred.dim(), channels)
    refuse_probabilities(where, pred, activation)
    check_shape(where, "target", target.shape[:1], pred.shape[:1], "of as many images as pred")
    options = activation, threshold, ignore_index
    of_image = [confusion_matrix(x[None], y[None], *options) for x, y in zip(pred, target)]
    zero = torch.zeros(0, num_classes, num_classes, dtype=torch.int64, device=pred.device)
    return torch.stack(of_image) if of_image else zero


def as_counts_of_images(matrices: Tensor | np.ndarray) -> list[ConfusionCounts]:
    """(N, C, C) pixels as one record an image; what was ignored is not known."""
    return [ConfusionCounts(np.asarray(matrix)) for matrix in torch.as_tensor(matrices).cpu()]


def scores_of_images(
    images: Sequence[ConfusionCounts], names: Sequence[str], convention: Convention
) -> dict[str, float]:
    """The scores that a host reports, by name.

    Args:
        images: counts of each image.
        names: of the C classes.
        convention: of the mean IoU.
    Returns:
        mean_iou, pixel_accuracy and mean_accuracy of all images, and iou_NAME of each class.
    """
    counts = total_counts([ConfusionCounts.zero(len(names)), *images])
    by_image = convention == "per_image"
    return {
        "mean_iou": mean_iou(images or [counts] if by_image else counts, convention),
        "pixel_accuracy": pixel_accuracy(counts),
        "mean_accuracy": mean_accuracy(counts),
        **{f"iou_{name}": float(value) for name, value in zip(names, iou(counts))},
    }
