"""The temperature of a run: exact sums of -log p_y at some temperatures, in one pass over a split.

score/temperature.py has what follows from the sums; RUN/temperature.json keeps it.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.errors import DatasetError
from pixelwise.files.results import write_json
from pixelwise.labels.description import FILE_NAME
from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.interpolate import no_larger
from pixelwise.ops.nan import check_no_nan
from pixelwise.ops.spec import Activation, Upsample
from pixelwise.ops.stats import pixel_stats
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.labelled_split import (
    BY_HAND,
    LabelledSplit,
    kept,
    labelled_split,
    logits_of_pairs,
)
from pixelwise.prediction.members import Members
from pixelwise.prediction.predictor import Predictor, predictor_of
from pixelwise.progress import Display
from pixelwise.score.temperature import (
    FILE,
    TEMPERATURES,
    ChosenTemperature,
    chosen_temperature,
)
from pixelwise.settings import command_line
from pixelwise.tiles.grid import Tiling


def with_temperature(
    config: PredictConfig,
    members: Members,
    device: str,
    display: Display,
    tiling: Tiling | None = None,
) -> tuple[PredictConfig, ChosenTemperature | None]:
    """The settings with the temperature that "auto" stands for, and what is known of it.

    Raises:
        PixelwiseError: as temperature_of.
    """
    if config.temperature != "auto":
        return config, None
    by = command_line(config)
    found = temperature_of(members, device, config.trust, display, by, tiling)
    display.line(f"predict: {found.text()}")
    return replace(config, temperature=found.temperature), found


def temperature_of(
    members: Members,
    device: str,
    trust: bool,
    display: Display,
    command: str,
    tiling: Tiling | None = None,
) -> ChosenTemperature:
    """The temperature in the run folder if nothing has changed since, or else a new one.

    It is fitted on the split that the runs are scored on, for the networks and views of the
    prediction. That of several runs is in no folder and is fitted each time.

    Raises:
        DatasetError: the run's dataset has other classes, or no valid pixel.
        PairingError: the split has no labels.
        RunError: the file system refuses.
    """
    split = labelled_split(members, members.agreed("val_split", BY_HAND), tiling)
    path = None if members.folder is None else members.folder / FILE
    found = kept(ChosenTemperature, path, split.key)
    if found is not None:
        return found
    sums, pixels = likelihoods(predictor_of(members, device, trust), split, display)
    if pixels == 0:
        event = f"split {split.dataset.split} has no valid pixel to choose a temperature on"
        raise DatasetError(f"{split.dataset.path}/{FILE_NAME}", event=event)
    place = split.dataset, len(split.pairs), members.epoch, split.key
    found = chosen_temperature(sums, pixels, *place, command)
    if path is not None:
        write_json(path, found)
    return found


@torch.no_grad()
def likelihoods(
    predictor: Predictor, split: LabelledSplit, display: Display
) -> tuple[NDArray[np.float64], int]:
    """Sums of -log p_y over the valid pixels at each of TEMPERATURES, (T,); and their number.

    Raises:
        LabelError, DatasetError: a pair cannot be read.
        ArgumentError: the network gives NaN.
    """
    sums, pixels = np.zeros(len(TEMPERATURES)), 0
    void, doing = split.classes.ignore_index, "choosing the temperature"
    for pair, logits, target in logits_of_pairs(predictor, split, display, doing):
        check_no_nan(str(pair.image), logits)
        own, valid = likelihoods_of(logits, target, predictor.activation, void)
        sums, pixels = sums + own, pixels + valid
    return sums, pixels


def likelihoods_of(
    logits: Tensor, target: Tensor, activation: Activation, ignore_index: int
) -> tuple[NDArray[np.float64], int]:
    """The same of one image.

    Args:
        logits: (1, C, h, w), C = 1 for sigmoid.
        target: (1, H, W) class indices.
        activation: "softmax" or "sigmoid".
        ignore_index: of void.
    """
    x = no_larger(logits.to(compute_dtype(logits.dtype)), target.shape[1:])
    upsample: Upsample = None if x.shape[2:] == target.shape[1:] else "bilinear"
    names = ("valid", "nll", "nll_neg") if activation == "sigmoid" else ("valid", "nll")
    sums, valid = [], 0
    for temperature in TEMPERATURES:
        of = x / temperature, target, activation, ignore_index
        stats = pixel_stats(*of, sums=names, upsample=upsample)
        valid = int(stats.valid[0, 0])
        sums.append(float(sum(getattr(stats, name).sum() for name in names[1:])))
    return np.array(sums), valid
