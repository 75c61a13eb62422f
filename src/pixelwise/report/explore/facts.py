"""What the run of a score was, from the files in its folder, and how sure its headline is."""

from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.figures.words import grouped, percent
from pixelwise.files.results import read_object
from pixelwise.metrics.bootstrap import CONFIDENCE, mean_interval
from pixelwise.report.explore.image_data import Cells
from pixelwise.report.source import Source

RUN_FILE, PREDICTION_FILE = "config.json", "prediction.json"
RESAMPLES, FEWER = 1000, 400  # of the images; fewer where there are many images
MANY_IMAGES = 2000
MOST_TEXT = 300
Fact = tuple[str, str]


def run_facts(folders: list[Path], score_folder: Path) -> dict[str, Any]:
    """What is known of the run; nothing without its files.

    Args:
        folders: that may be the run.
        score_folder: with prediction.json, if there is one.
    Returns:
        run: its name, or ""; run_facts: the most important settings; run_settings: all of them;
        commands: that were given, with what each did.
    Raises:
        RunError: a file is not a JSON object.
    """
    folder = next((f for f in folders if (f / RUN_FILE).is_file()), None)
    about = read_object(folder / RUN_FILE) if folder else {}
    file = score_folder / PREDICTION_FILE
    predicted = read_object(file) if file.is_file() else {}
    config = _table(about, "config")
    steps = [("Training", about.get("command")), ("Prediction", predicted.get("command"))]
    return {
        "run": folder.absolute().name if folder and config else "",
        "run_facts": [*_trained(about, config), *_predicted(predicted, config)],
        "run_settings": [(key.replace("_", " "), _text(value)) for key, value in config.items()],
        "commands": [(what, text) for what, text in steps if isinstance(text, str)],
    }


def _trained(about: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Fact]:
    given = {key: _text(config.get(key)) for key in config}

    def joined(*keys: str) -> str:
        return ", ".join(given[key] for key in keys if given.get(key, "none") != "none")

    if network := joined("network"):
        weights = joined("encoder_weights")
        yield "Network", network + (f", encoder from {weights}" if weights else "")
    if type(about.get("parameters")) is int:
        yield "Parameters", grouped(about["parameters"])
    if loss := joined("loss"):
        weights = joined("class_weights")
        yield "Loss", loss + (f", class weights {weights}" if weights else "")
    pairs = _table(_table(about, "dataset"), "pairs")
    numbers = [f"{key} {grouped(n)}" for key, n in pairs.items() if type(n) is int]
    if numbers:
        yield "Images", ", ".join(numbers)
    if crop := config.get("crop"):
        size = " × ".join(map(_text, crop)) if isinstance(crop, list) else _text(crop)
        yield (
            "Crop",
            f"{size} px" + ("" if config.get("scale", 1) == 1 else f" at scale {given['scale']}"),
        )
    if batch := joined("batch"):
        parts = [f"{_text(config[key])} {word}" for key, word in _PARTS if config.get(key, 1) != 1]
        yield "Batch", ", ".join([batch, *parts])
    if rate := joined("lr"):
        schedule = joined("schedule")
        yield "Learning rate", rate + (f", {schedule}" if schedule else "")
    if epochs := joined("epochs"):
        yield "Epochs", epochs
    if seed := joined("seed"):
        yield "Seed", seed
    versions = _table(about, "versions")
    named = [f"{key} {_text(v)}" for key, v in versions.items() if key in ("pixelwise", "torch")]
    if named:
        yield "Versions", ", ".join(named)


_PARTS = (("accumulate", "accumulated"), ("devices", "devices"))


def _predicted(predicted: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Fact]:
    epoch = predicted.get("epoch")
    if type(epoch) is int:
        of = config.get("epochs")
        yield "Weights scored", f"epoch {epoch}" + (f" of {of}" if type(of) is int else "")
    for key, title in (("tta", "Views"), ("tile", "Tiles"), ("post", "Post-processing")):
        if predicted.get(key):
            yield title, _text(predicted[key])


def _table(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """A setting in a few characters."""
    if value is None or value is False:
        return "none" if value is None else "no"
    if isinstance(value, list):
        text = ", ".join(map(_text, value))
    elif isinstance(value, dict):
        text = ", ".join(f"{key} {_text(one)}" for key, one in value.items())
    else:
        text = "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]} …"


def interval(source: Source, cells: Cells) -> str:
    """How sure the headline is, in a sentence; "" where the images cannot tell.

    Args:
        source: the score.
        cells: of its images.
    """
    score, number = source.score, cells.num_images
    if number < 2 or score.scores["mean_iou"] is None:
        return ""
    correct, target, pred = map(np.concatenate, zip(*cells.class_pixels()))
    draws = RESAMPLES if number <= MANY_IMAGES else FEWER
    low, high = mean_interval(correct, target, pred, score.convention, draws)
    if isnan(low):
        return ""
    return (
        f"{100 * CONFIDENCE:g} % interval {percent(low)} to {percent(high)} %: of the mean IoU of "
        f"{grouped(draws)} draws of {grouped(number)} images with replacement. It says what other "
        "images of the same kind would change, not what another training would."
    )
