"""The thresholds of a run that are best on one of its splits: counted in one pass, kept beside it.

For each class, pixels are counted by the probability of the class and by whether they are of it,
from the logits interpolated to the size of the label; score/thresholds.py has what follows.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixelwise.data.dataset import read_pair
from pixelwise.data.resize import STRIDE, network_size, resize_image
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
from pixelwise.prediction.members import Members
from pixelwise.prediction.predictor import Inputs, Predictor, predictor_of
from pixelwise.prediction.unfinished import key_of, stamp_of
from pixelwise.progress import Display
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
    members: Members,
    device: str,
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
    found = thresholds_of(config, config.thresholds_from, members, device, display, tiling)
    own = some([f"{row.name} {row.threshold:g}" for row in found.per_class], 10)
    gain = f"mIoU {percent(found.mean_iou)} there, {percent(found.mean_iou_at_half)} at 0.5"
    display.line(f"predict: thresholds of the best IoU on {found.dataset.split}: {own} ({gain})")
    values: dict[str, Any] = {"thresholds": found.of_classes}
    if members.first.about.task == "binary":
        values = {"threshold": found.of_classes[0]}
    return replace(config, thresholds_from=None, **values), found


def thresholds_of(
    config: PredictConfig,
    split: str,
    members: Members,
    device: str,
    display: Display,
    tiling: Tiling | None = None,
) -> ChosenThresholds:
    """The thresholds in the run folder if nothing has changed since, or else new ones.

    Those of several runs are in no folder and are chosen each time.
    """
    about = members.first.about
    if about.task == "multiclass":
        must = "left out for a multiclass task, which has no thresholds"
        raise ArgumentError("predict", "thresholds_from", must=must, got=split)
    data = real_path(Path(members.agreed("dataset")))
    description = read_description(data)
    if description.classes.names != about.classes.names or description.task != about.task:
        must = f"those of the network ({', '.join(about.classes.names)})"
        got = ", ".join(description.classes.names)
        raise DatasetError(description.root / FILE_NAME, "classes", must=must, got=got)
    images = images_of(description, about.images)
    bands = () if images.is_rgb else (images.channels,)
    pairs, classes = labelled_pairs(description, split), description.classes
    stamps = [[p.id, stamp_of(p.image), *map(stamp_of, p.label_files)] for p in pairs]
    networks, *views = members.key()
    tiles = () if tiling is None else (tiling,)
    key = key_of(*networks, classes, split, stamps, *bands, *tiles, *views)
    path = None if members.folder is None else members.folder / FILE
    if path is not None and path.is_file():
        with suppress(RunError):  # of another release, or damaged: it is made again
            found = read_record(ChosenThresholds, path)
            if found.key == key and len(found.per_class) == about.num_channels:
                return found
    predictor = predictor_of(members, device, config.trust)
    counts = count_by_threshold(predictor, pairs, classes, images, display, tiling)
    names = classes.names if classes.files else classes.names[1:]
    place = DataSplit(str(data), split), len(pairs), members.epoch, key
    found = chosen(counts, names, *place, command_line(config))
    if path is not None:
        write_json(path, found)
    return found


@torch.no_grad()
def count_by_threshold(
    predictor: Predictor,
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
    channels = len(classes) if classes.files else 1
    total = np.zeros((channels, STEPS + 1, 2), np.int64)
    count = partial(threshold_counts, steps=STEPS, ignore_index=classes.ignore_index)

    def read(pair: Pair) -> tuple[Inputs, Tensor]:
        image, target = read_pair(pair, classes, images)
        size = int(target.shape[-2]), int(target.shape[-1])
        return tuple(resize_image(image, size, scale) for scale in predictor.scales), target

    def in_tiles(tiling: Tiling) -> Joined:
        def logits_of(tiles: Tensor) -> Tensor:
            return predictor.logits_of([tiles])

        return Joined(logits_of, network_size(tiling.tile, predictor.scales[0]), tiling, STRIDE)

    joined = None if tiling is None else in_tiles(tiling)
    display.start(len(pairs))
    with display, ahead(read, pairs, READERS, 2 * READERS) as examples:
        for inputs, target in examples:
            moved = [one[None].to(predictor.device) for one in inputs]
            logits = predictor.logits_of(moved) if joined is None else joined(moved[0])
            planes = target.to(predictor.device).view(-1, 1, *target.shape[-2:])
            for c, plane in enumerate(planes):
                total[c] += count(logits[:, c : c + 1], plane).cpu().numpy()
            display.advance("choosing thresholds", 1)
    return [ThresholdCounts(pixels) for pixels in total]
