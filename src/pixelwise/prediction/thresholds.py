"""The thresholds of a run that are best on one of its splits: counted in one pass, kept beside it.

For each class, pixels are counted by the probability of the class and by whether they are of it,
from the logits interpolated to the size of the label; score/thresholds.py has what follows.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from pixelwise.errors import ArgumentError
from pixelwise.files.results import write_json
from pixelwise.metrics.threshold import ThresholdCounts
from pixelwise.ops.calibration import threshold_counts
from pixelwise.prediction.calibration import STEPS
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.labelled_split import (
    LabelledSplit,
    kept,
    labelled_split,
    logits_of_pairs,
)
from pixelwise.prediction.members import Members
from pixelwise.prediction.predictor import Predictor, predictor_of
from pixelwise.progress import Display
from pixelwise.score.thresholds import FILE, ChosenThresholds, chosen
from pixelwise.settings import command_line
from pixelwise.text import percent, some
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
    chosen_on = labelled_split(members, split, tiling)
    path = None if members.folder is None else members.folder / FILE
    kept_one = kept(ChosenThresholds, path, chosen_on.key)
    if kept_one is not None and len(kept_one.per_class) == about.num_channels:
        return kept_one
    predictor = predictor_of(members, device, config.trust)
    counts, classes = count_by_threshold(predictor, chosen_on, display), chosen_on.classes
    names = classes.names if classes.files else classes.names[1:]
    place = chosen_on.dataset, len(chosen_on.pairs), members.epoch, chosen_on.key
    found = chosen(counts, names, *place, command_line(config))
    if path is not None:
        write_json(path, found)
    return found


@torch.no_grad()
def count_by_threshold(
    predictor: Predictor, split: LabelledSplit, display: Display
) -> list[ThresholdCounts]:
    """Pixels by probability and target of each channel, each image by itself, added up.

    Raises:
        LabelError, DatasetError: a pair cannot be read.
        ArgumentError: the network gives NaN.
    """
    classes = split.classes
    channels = len(classes) if classes.files else 1
    total = np.zeros((channels, STEPS + 1, 2), np.int64)
    count = partial(threshold_counts, steps=STEPS, ignore_index=classes.ignore_index)
    for _, logits, target in logits_of_pairs(predictor, split, display, "choosing thresholds"):
        for c, plane in enumerate(target.view(-1, 1, *target.shape[-2:])):
            total[c] += count(logits[:, c : c + 1], plane).cpu().numpy()
    return [ThresholdCounts(pixels) for pixels in total]
