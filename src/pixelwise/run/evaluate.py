"""Counting a network's predictions against targets, at the labels' own resolution."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.loader import OnBad, load_batches
from pixelwise.labels.classes import Classes
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts, mean_of_members, member_scores
from pixelwise.metrics.scores import iou, mean_iou, pixel_accuracy
from pixelwise.ops.predict import confusion_matrix
from pixelwise.ops.spec import Activation
from pixelwise.ops.unknown import raise_if_unknown
from pixelwise.ranks.distributed import shard, sum_over_ranks
from pixelwise.run.trained import Batched, same_sizes


@dataclass(frozen=True)
class Evaluation:
    """Counts over a split, and the mean over its images of the loss of each image."""

    counts: ConfusionCounts | MemberCounts
    loss: float


@torch.no_grad()
def evaluate(
    network: nn.Module,
    dataset: SegmentationDataset,
    criterion: nn.Module,
    activation: Activation,
    workers: int = 0,
    after_image: Callable[[], None] = lambda: None,
    on_bad: OnBad | None = None,
    pixels: int = 0,
) -> Evaluation:
    """Predict every image by itself, in float32, and count its pixels by target and prediction.

    Logits are interpolated to the size of the label inside the ops. The counts are those of predict
    and score, which exchange files instead. On a GPU nothing waits before the last image.

    Args:
        network: takes (1, 3, h, w) uint8; it keeps its mode.
        dataset: a split without augmentation; with several ranks each takes its part.
        criterion: loss of (logits, target).
        activation: "softmax", or "sigmoid" for one channel.
        workers: processes that read.
        after_image: called after each image of this rank.
        on_bad: called with (index, error) for a pair that cannot be read, which is then left out;
            None raises the error.
        pixels: the network sees images of one size at once that have together at most so many
            pixels there, where that gives the bits of one by one; 0: one by one.
    Returns:
        The sums over all ranks.
    Raises:
        ArgumentError: unknown target values, see pixel_stats; on a GPU after the last image.
    """
    training = network.training
    network.eval()
    device = next(network.parameters()).device
    ignore_index = dataset.classes.ignore_index
    num_classes = len(dataset.classes)
    overlap = bool(dataset.classes.files)
    shape = (num_classes, 2, 2) if overlap else (num_classes, num_classes)
    matrix = torch.zeros(shape, dtype=torch.int64, device=device)
    # of each class if they overlap
    void = torch.zeros(num_classes if overlap else 1, dtype=torch.int64, device=device)
    # images and the sum of losses; float64 holds integers up to 2^53
    rest = torch.zeros(2, dtype=torch.float64, device=device)
    mine = shard(range(len(dataset)))
    pin = device.type == "cuda"
    logits_of = Batched(network)

    def sizes(pair: tuple[Tensor, Tensor]) -> Hashable:
        return pair[0].shape, pair[1].shape

    def most(pair: tuple[Tensor, Tensor]) -> int:
        return max(1, pixels // pair[0][0, 0].numel())

    with load_batches(dataset, [[i] for i in mine], workers, pin, on_bad) as pairs:
        for batch in same_sizes(pairs, sizes, most):
            rest[0] += len(batch)
            moved = [[t.to(device, non_blocking=True) for t in tensors] for tensors in zip(*batch)]
            images, targets = map(torch.cat, moved)
            logits = logits_of(images)
            matrix += confusion_matrix(logits, targets, activation, ignore_index=ignore_index)
            is_void = targets == ignore_index
            void += is_void.sum((0, 2, 3)) if overlap else is_void.sum()
            for image in zip(logits.split(1), targets.split(1)):
                rest[1] += criterion(*image).double()
                after_image()
    network.train(training)
    matrix, void, rest = map(sum_over_ranks, (matrix, void, rest))
    images_seen, loss_sum = rest.tolist()
    raise_if_unknown()
    counts: ConfusionCounts | MemberCounts
    if overlap:
        counts = MemberCounts(matrix.cpu().numpy(), void.cpu().numpy(), int(images_seen))
    else:
        counts = ConfusionCounts(matrix.cpu().numpy(), int(void), int(images_seen))
    return Evaluation(counts, loss_sum / images_seen)


def evaluation_line(evaluation: Evaluation, classes: Classes) -> dict[str, float]:
    """The val/ values of a line of metrics.jsonl: loss, accuracy, IoU per class and their mean.

    The mean has the convention "present". Where classes overlap, IoU is that of the pixels of each
    class, not of those outside it, and accuracy is over all decisions: each pixel of each class.
    """
    counts = evaluation.counts
    if isinstance(counts, MemberCounts):
        own = zip(classes.names, member_scores(counts)["iou"].tolist())
        return {
            "val/loss": evaluation.loss,
            "val/miou": mean_of_members(counts),
            "val/pixel_acc": counts.accuracy,
            **{f"val/iou/{name}": value for name, value in own},
        }
    per_class = zip(classes.names, iou(counts).tolist())
    return {
        "val/loss": evaluation.loss,
        "val/miou": mean_iou(counts),
        "val/pixel_acc": pixel_accuracy(counts),
        **{f"val/iou/{name}": value for name, value in per_class},
    }
