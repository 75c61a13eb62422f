"""The thresholds of a run that are best on one of its splits: counted in one pass, kept beside it.

For each class, pixels are counted by the probability of the class and by whether they are of it,
from the logits interpolated to the size of the label; score/thresholds.py has what follows.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixelwise.data.dataset import SegmentationDataset
from pixelwise.data.resize import STRIDE, network_size
from pixelwise.errors import ArgumentError, DatasetError, RunError
from pixelwise.files.names import real_path
from pixelwise.files.results import read_record, write_json
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, read_description
from pixelwise.labels.pairs import Pair
from pixelwise.metrics.threshold import ThresholdCounts
from pixelwise.ops.calibration import threshold_counts
from pixelwise.plan.splits import labelled_pairs
from pixelwise.prediction.calibration import STEPS
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.images import images_of
from pixelwise.prediction.unfinished import key_of, stamp_of
from pixelwise.progress import Display
from pixelwise.run.checkpoint import Checkpoint
from pixelwise.run.trained import TrainedNetwork, trained_network
from pixelwise.score.record import DataSplit
from pixelwise.score.thresholds import FILE, ChosenThresholds, chosen
from pixelwise.settings import command_line
from pixelwise.sums import ahead
from pixelwise.text import percent, some
from pixelwise.tiles.bands import Joined
from pixelwise.tiles.grid import Tiling

READERS = 2


def with_thresholds(
    config: PredictConfig,
    checkpoint: Checkpoint,
    device: Any,
    display: Display,
    tiling: Tiling | None = None,
) -> tuple[PredictConfig, ChosenThresholds | None]:
    """The settings with the thresholds that `thresholds_from` asks for, and what is known of them.

    Raises:
        ArgumentError: the task has no thresholds.
        DatasetError: the run's dataset has other classes, or the split no labels.
    """
    if config.thresholds_from is None:
        return config, None
    found = thresholds_of(config, config.thresholds_from, checkpoint, device, display, tiling)
    own = some([f"{row.name} {row.threshold:g}" for row in found.per_class], 10)
    gain = f"mIoU {percent(found.mean_iou)} there, {percent(found.mean_iou_at_half)} at 0.5"
    display.line(f"predict: thresholds of the best IoU on {found.dataset.split}: {own} ({gain})")
    values: dict[str, Any] = {"thresholds": found.of_classes}
    if checkpoint.about.task == "binary":
        values = {"threshold": found.of_classes[0]}
    return replace(config, thresholds_from=None, **values), found


def thresholds_of(
    config: PredictConfig,
    split: str,
    checkpoint: Checkpoint,
    device: Any,
    display: Display,
    tiling: Tiling | None = None,
) -> ChosenThresholds:
    """The thresholds in the run folder if nothing has changed since, or else new ones."""
    about, path = checkpoint.about, checkpoint.folder.parent / FILE
    if about.task == "multiclass":
        must = "left out for a multiclass task, which has no thresholds"
        raise ArgumentError("predict", "thresholds_from", must=must, got=split)
    data = real_path(Path(about.dataset))
    description = read_description(data)
    if description.classes.names != about.classes.names or description.task != about.task:
        must = f"those of the network ({', '.join(about.classes.names)})"
        got = ", ".join(description.classes.names)
        raise DatasetError(description.root / FILE_NAME, "classes", must=must, got=got)
    images = images_of(description, about.images)
    bands = () if images.is_rgb else (images.channels,)
    pairs, classes = labelled_pairs(description, split), description.classes
    stamps = [[p.id, stamp_of(p.image), *map(stamp_of, p.label_files)] for p in pairs]
    tiles = () if tiling is None else (tiling,)
    key = key_of(about.sha256, about.scale, classes, split, stamps, *bands, *tiles)
    if path.is_file():
        with suppress(RunError):  # of another release, or damaged: it is made again
            found = read_record(ChosenThresholds, path)
            if found.key == key and len(found.per_class) == about.num_channels:
                return found
    network = trained_network(checkpoint, config.trust).to(device)
    counts = count_by_threshold(network, pairs, classes, images, display, tiling)
    names = classes.names if classes.files else classes.names[1:]
    place = DataSplit(str(data), split), len(pairs), about.epoch, key
    found = chosen(counts, names, *place, command_line(config))
    write_json(path, found)
    return found


@torch.no_grad()
def count_by_threshold(
    network: TrainedNetwork,
    pairs: list[Pair],
    classes: Classes,
    images: ImageKind,
    display: Display,
    tiling: Tiling | None = None,
) -> list[ThresholdCounts]:
    """Pixels by probability and target of each channel, each image by itself, added up.

    Raises:
        LabelError, DatasetError: a pair cannot be read.
        ArgumentError: the network gives NaN.
    """
    dataset = SegmentationDataset(pairs, classes, network.scale, kind=images)
    device = next(network.parameters()).device
    channels = len(classes) if classes.files else 1
    total = np.zeros((channels, STEPS + 1, 2), np.int64)
    count = partial(threshold_counts, steps=STEPS, ignore_index=classes.ignore_index)
    logits_of: Callable[[Tensor], Tensor] = network
    if tiling is not None:
        logits_of = Joined(network, network_size(tiling.tile, network.scale), tiling, STRIDE)
    display.start(len(pairs))
    with display, ahead(dataset.__getitem__, range(len(pairs)), READERS, 2 * READERS) as read:
        for image, target in read:
            logits = logits_of(image[None].to(device))
            planes = target.to(device).view(-1, 1, *target.shape[-2:])
            for c, plane in enumerate(planes):
                total[c] += count(logits[:, c : c + 1], plane).cpu().numpy()
            display.advance("choosing thresholds", 1)
    return [ThresholdCounts(pixels) for pixels in total]
