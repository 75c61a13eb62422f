"""Predict label images with a trained network: indexed PNGs in the dataset's stored values."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pixelwise.errors import DatasetError, setting
from pixelwise.files.folder import check_free, remove_leftovers, staged_folder
from pixelwise.files.lock import locked
from pixelwise.files.names import check_names
from pixelwise.files.results import write_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import FILE_NAME, read_description
from pixelwise.labels.image import read_rgb
from pixelwise.labels.pairs import Pair, find_pairs
from pixelwise.labels.png import write_label
from pixelwise.progress import Display
from pixelwise.run import calibration
from pixelwise.run.checkpoint import BEST, LAST, Checkpoint, find_checkpoint
from pixelwise.run.config import PredictConfig
from pixelwise.run.distributed import choose_device
from pixelwise.run.trained import trained_network
from pixelwise.score.calibration import FILE as CALIBRATION_FILE
from pixelwise.score.calibration import calibration_of
from pixelwise.score.record import DataSplit
from pixelwise.settings import command_line, takes_settings

FILE = "prediction.json"


@dataclass(frozen=True)
class Selection:
    """Which images are predicted, with which classes, and where they are from."""

    pairs: list[Pair]
    classes: Classes
    data: str | None
    split: str | None
    name: str


@takes_settings(PredictConfig)
def predict(config: PredictConfig) -> Path:
    """Predict every image of a split or a folder, each by itself, at the image's own size.

    Args:
        config: which run, which images, which folder to make; or these settings as keywords,
            `predict("runs/street-1", split="test")`.
    Returns:
        The folder: one PNG per image under the image's id, in the dataset's stored values and
        palette, prediction.json, and calibration.json if asked for. It appears when all of it is
        complete.
    Raises:
        PixelwiseError: no complete checkpoint, other classes than the network's, an unreadable
            image, logits that are NaN, no label to calibrate against, or a folder that already has
            something in it.
    """
    device = choose_device("predict", config.device)
    display = Display()
    checkpoint = find_checkpoint(config.run, (BEST, LAST), display.line)
    chosen = select_images(config, checkpoint)
    out = config.out or checkpoint.folder.parent / "predictions" / chosen.name
    with locked(out, "predict", display.line) as is_locked:
        if is_locked:
            remove_leftovers(out)
        predict_into(out, config, checkpoint, chosen, device, display)
    return out


def predict_into(
    out: Path,
    config: PredictConfig,
    checkpoint: Checkpoint,
    chosen: Selection,
    device: str,
    display: Display,
) -> None:
    """Predict the chosen images into a folder that no other process writes to."""
    hint = f"Give {setting('overwrite', True)} to replace it."
    check_free("predict", out, hint, FILE if config.overwrite else None)
    check_names("predict", out, (f"{pair.id}.png" for pair in chosen.pairs))
    if config.calibration:
        calibration.check_labelled(chosen.pairs)
    network = trained_network(checkpoint, config.trust).to(device)
    about = {
        "command": command_line(config),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": str(config.run),
        "checkpoint": str(checkpoint.folder.resolve()),
        "epoch": checkpoint.about.epoch,
        "data": chosen.data,
        "split": chosen.split,
        "images": len(chosen.pairs),
        "threshold": config.threshold,
    }
    counts = calibration.no_counts(network.activation)
    display.start(len(chosen.pairs))
    with staged_folder(out) as staging, display:
        for pair in chosen.pairs:
            image = read_rgb(pair.image)
            logits, where = network.logits_of(image), str(pair.image)
            index = network.label_of(logits, image.shape[:2], config.threshold, where)
            path = staging / f"{pair.id}.png"
            write_label(path, chosen.classes.to_stored(index), chosen.classes)
            if config.calibration:
                counts += calibration.count_probabilities(
                    logits, pair, chosen.classes, network.activation
                )
            display.advance("predicting", 1)
        write_json(staging / FILE, about)
        if config.calibration:
            dataset, by = DataSplit(chosen.data, chosen.split), command_line(config)
            found = calibration_of(
                counts.confidence, counts.thresholds, config.threshold, dataset, by
            )
            write_json(staging / CALIBRATION_FILE, found)


def select_images(config: PredictConfig, checkpoint: Checkpoint) -> Selection:
    """The images that the settings name.

    Raises:
        DatasetError: the dataset has other classes than the network.
    """
    if config.images is not None:
        pairs = find_pairs(config.images, None)
        return Selection(pairs, checkpoint.about.classes, None, None, config.images.resolve().name)
    path = (config.data or Path(checkpoint.about.dataset)).resolve()
    description = read_description(path)
    where = description.root / FILE_NAME
    if config.split not in description.splits:
        known = ", ".join(description.splits)
        raise DatasetError(where, "split", must=f"one of {known}", got=repr(config.split))
    own, theirs = description.classes.names, checkpoint.about.classes.names
    if own != theirs or description.task != checkpoint.about.task:
        must = f"those of the network ({', '.join(theirs)})"
        raise DatasetError(where, "classes", must=must, got=", ".join(own))
    pairs = description.pairs(config.split)
    return Selection(pairs, description.classes, str(path), config.split, config.split)
