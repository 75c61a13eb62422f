"""What the run of a score was, from the files in its folder, and how sure its headline is."""

from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.figures.words import grouped, percent
from pixelwise.files.results import read_object
from pixelwise.metrics.bootstrap import CONFIDENCE, RESAMPLES, bootstrap_intervals
from pixelwise.report.explore.image_data import Cells
from pixelwise.report.source import Source

RUN_FILE, PREDICTION_FILE = "config.json", "prediction.json"
FEWER, MANY_IMAGES = 400, 10_000  # resamples of more images than that: each takes long
SHOWN_VERSIONS = ("pixelwise", "torch")
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
    given = {key: _text(value) for key, value in config.items()}

    def told(key: str, before: str = "", usual: Any = None) -> str:
        """A setting with words before it; "" for none and for what is usual."""
        is_left_out = given.get(key, "none") == "none" or config[key] == usual
        return "" if is_left_out else f"{before}{given[key]}"

    parameters = about.get("parameters")
    pairs = _table(_table(about, "dataset"), "pairs").items()
    crop, versions = config.get("crop"), _table(about, "versions")
    size = " × ".join(map(_text, crop)) if isinstance(crop, list) else told("crop")
    accumulated = told("accumulate", ", accumulated ", 1) + told("devices", ", devices ", 1)
    facts = {
        "Network": told("network") + told("encoder_weights", ", encoder from "),
        "Parameters": grouped(parameters) if type(parameters) is int else "",
        "Loss": told("loss") + told("class_weights", ", class weights "),
        "Images of the dataset": ", ".join(f"{k} {grouped(n)}" for k, n in pairs if type(n) is int),
        "Crop": f"{size} px{told('scale', ' at scale ', 1)}" if size else "",
        "Batch": told("batch") + accumulated,
        "Learning rate": told("lr") + told("schedule", ", "),
        "Epochs": told("epochs"),
        "Seed": told("seed"),
        "Versions": ", ".join(f"{k} {_text(versions[k])}" for k in SHOWN_VERSIONS if k in versions),
    }
    yield from ((name, text) for name, text in facts.items() if text)


def _predicted(predicted: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Fact]:
    epoch, of = predicted.get("epoch"), config.get("epochs")
    averaged = _table(predicted, "averaged")
    views, networks = _table(averaged, "views"), _table(averaged, "networks")
    post = _table(predicted, "post").get("steps")
    if type(epoch) is int:
        yield "Weights scored", f"epoch {epoch}" + (f" of {of}" if type(of) is int else "")
    if networks.get("number"):
        yield "Networks averaged", _text(networks["number"])
    if views:
        mirrored = "mirrored too, " if views.get("flip") is True else ""
        yield "Views averaged", f"{mirrored}scales {_text(views.get('scales'))}"
    if predicted.get("tiles"):
        yield "Tiles", _text(predicted["tiles"])
    if post:
        yield "Post-processing", _text(post)


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
    sums = np.stack([np.concatenate(rows) for rows in zip(*cells.class_pixels())], axis=1)
    draws = RESAMPLES if number <= MANY_IMAGES else FEWER
    low, high = bootstrap_intervals(sums, "iou", score.convention, draws)[:, 0]
    if isnan(low):
        return ""
    return (
        f"{100 * CONFIDENCE:g} % interval {percent(low)} to {percent(high)} %: of the mean IoU of "
        f"{grouped(draws)} draws of {grouped(number)} images with replacement. It says what "
        "other images of the same kind would change, not what another training would."
    )
