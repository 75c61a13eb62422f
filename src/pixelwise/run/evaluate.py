"""Counting a network's predictions against targets, at the labels' own resolution."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.ops.predict import confusion_matrix
from pixelwise.ops.spec import Activation
from pixelwise.ops.unknown import raise_if_unknown
from pixelwise.run.dataset import SegmentationDataset
from pixelwise.run.distributed import shard, sum_over_ranks
from pixelwise.run.loader import OnBad, load_batches


@dataclass(frozen=True)
class Evaluation:
    """Counts over a split, and the mean over its images of the loss of each image."""

    counts: ConfusionCounts
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
) -> Evaluation:
    """Predict every image by itself, in float32, and count its pixels by target and prediction.

    Logits are interpolated to the size of the label inside the ops. The counts are those of predict
    and score, which exchange files instead.

    Args:
        network: takes (1, 3, h, w) uint8; it keeps its mode.
        dataset: a split without augmentation; with several ranks each takes its part.
        criterion: loss of (logits, target).
        activation: "softmax", or "sigmoid" for one channel.
        workers: processes that read.
        after_image: called after each image of this rank.
        on_bad: called with (index, error) for a pair that cannot be read, which is then left out;
            None raises the error.
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
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64, device=device)
    # ignored pixels, images, and the sum of losses; float64 holds integers up to 2^53
    rest = torch.zeros(3, dtype=torch.float64, device=device)
    mine = shard(range(len(dataset)))
    with load_batches(dataset, [[i] for i in mine], workers, on_bad=on_bad) as batches:
        for batch in batches:
            image, target = (tensor.to(device) for tensor in batch)
            logits = network(image)
            matrix += confusion_matrix(logits, target, activation, ignore_index=ignore_index)
            loss = criterion(logits, target).double()
            ignored_here = (target == ignore_index).sum().double()
            rest += torch.stack([ignored_here, torch.ones_like(loss), loss])
            after_image()
    network.train(training)
    matrix, rest = sum_over_ranks(matrix), sum_over_ranks(rest)
    ignored, images, loss_sum = rest.tolist()
    raise_if_unknown()
    counts = ConfusionCounts(matrix.cpu().numpy(), int(ignored), int(images))
    return Evaluation(counts, loss_sum / images)
