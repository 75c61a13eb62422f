"""Counting a network's predictions against targets, at the labels' own resolution."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from operator import itemgetter

import torch
from torch import Tensor, nn

from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.loader import OnBad, load_batches
from pixelwise.data.resize import STRIDE, network_size
from pixelwise.errors import PixelwiseError
from pixelwise.labels.classes import Classes
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts, mean_of_members, member_scores
from pixelwise.metrics.scores import iou, mean_iou, pixel_accuracy
from pixelwise.ops.interpolate import no_larger
from pixelwise.ops.predict import confusion_matrix
from pixelwise.ops.spec import Activation
from pixelwise.ops.unknown import raise_if_unknown
from pixelwise.ranks.distributed import gather_over_ranks, shard, sum_over_ranks
from pixelwise.run.trained import Batched, same_sizes
from pixelwise.run.val_counts import ImageCounts, Shape, sparse, table_shape, total_of
from pixelwise.tiles.bands import Joined
from pixelwise.tiles.grid import Tiling

MOST_ENTRIES = 1 << 22  # of the tables that wait on a device: 32 MiB


@dataclass(frozen=True)
class Evaluation:
    """Counts over a split, and the mean over its images of the loss of each image.

    Attributes:
        counts: those of all images added up.
        loss: mean of the images'.
        images: the counts of each image, in the order of the split.
        shape: of their tables.
    """

    counts: ConfusionCounts | MemberCounts
    loss: float
    images: tuple[ImageCounts, ...]
    shape: Shape


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
    tiling: Tiling | None = None,
) -> Evaluation:
    """Predict every image by itself, in float32, and count its pixels by target and prediction.

    Logits are interpolated to the size of the label inside the ops. The counts are those of predict
    and score, which exchange files instead. On a GPU nothing waits before the
    last image, but where the tables of so many images would take too much of its memory.

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
        tiling: tiles in which larger images are predicted; None: whole images.
    Returns:
        The sums over all ranks.
    Raises:
        ArgumentError: unknown target values, see pixel_stats; on a GPU after the last image.
    """
    training = network.training
    network.eval()
    device = next(network.parameters()).device
    ignore_index = dataset.classes.ignore_index
    shape = table_shape(dataset.classes)
    overlap = len(shape) == 3
    loss = torch.zeros(1, dtype=torch.float64, device=device)
    mine = shard(range(len(dataset)))
    bad: set[int] = set()
    good = (i for i in mine if i not in bad)  # those before an image are known when it is read
    tables: list[tuple[int, Tensor, Tensor]] = []  # index, counts, void
    images: list[tuple[int, ImageCounts]] = []
    pin = device.type == "cuda"
    logits_of: Callable[[Tensor], Tensor] = Batched(network)
    if tiling is not None:
        tile = network_size(tiling.tile, dataset.scale)
        logits_of = Joined(logits_of, tile, tiling, STRIDE, max(1, pixels // math.prod(tile)))

    def sizes(pair: tuple[Tensor, ...]) -> Hashable:
        return pair[0].shape, pair[1].shape

    def most(pair: tuple[Tensor, ...]) -> int:
        return max(1, pixels // pair[0][0, 0].numel())

    def leave_out(key: int, error: PixelwiseError) -> None:
        if on_bad is None:
            raise error
        on_bad(key, error)
        bad.add(key)

    def read_tables() -> None:
        """Move the tables that wait on the device into images; on a GPU this waits for it."""
        if tables:
            numbers = [torch.stack(column).cpu().numpy() for column in list(zip(*tables))[1:]]
            for (i, _, _), *table in zip(tables, *numbers):
                images.append((i, sparse(dataset.pair_of(i).id, *table)))
        tables.clear()

    with load_batches(dataset, [[i] for i in mine], workers, pin, leave_out) as pairs:
        for batch in same_sizes(pairs, sizes, most):
            moved = [[t.to(device, non_blocking=True) for t in tensors] for tensors in zip(*batch)]
            inputs, targets = map(torch.cat, moved)
            logits = logits_of(inputs)
            for image, target in zip(logits.split(1), targets.split(1)):
                counts = confusion_matrix(image, target, activation, ignore_index=ignore_index)
                is_void = target == ignore_index
                void = is_void.sum((0, 2, 3)) if overlap else is_void.sum()[None]
                tables.append((next(good), counts, void))
                loss += criterion(no_larger(image, target.shape[-2:]), target).double()
                after_image()
            if len(tables) * counts.numel() > MOST_ENTRIES:
                read_tables()
    network.train(training)
    loss_sum = sum_over_ranks(loss).item()
    raise_if_unknown()
    read_tables()
    numbered = [one for rank in gather_over_ranks(images) for one in rank]
    found = tuple(image for _, image in sorted(numbered, key=itemgetter(0)))
    return Evaluation(total_of(found, shape), loss_sum / len(found), found, shape)


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
