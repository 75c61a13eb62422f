"""The content of calibration.json as lines of text. No torch here."""

from typing import Any

from pixelwise.score.table import percentage
from pixelwise.text import text_table


def calibration_table(content: dict[str, Any]) -> str:
    """Confidence against accuracy, then the thresholds of a binary task; percentages."""
    bins = [["confidence", "mean", "correct", "share of pixels"]]
    for one in content["bins"]:
        if one["pixels"]:
            numbers = (one["confidence"], one["accuracy"], one["pixels"] / content["pixels"])
            edges = f"{100 * one['low']:.0f} to {100 * one['high']:.0f}"
            bins.append([edges, *map(percentage, numbers)])
    lines = [
        text_table(bins),
        "",
        f"confidence {percentage(content['mean_confidence'])}  "
        f"correct {percentage(content['accuracy'])}  "
        f"ECE {percentage(content['expected_calibration_error'])}  "
        f"MCE {percentage(content['maximum_calibration_error'])}  "
        f"({content['pixels']:,} valid pixels)",
    ]
    return "\n".join(lines + threshold_lines(content["thresholds"]))


def threshold_lines(thresholds: dict[str, Any] | None) -> list[str]:
    """The best threshold of every score that was tuned, and what it wins over 0.5."""
    if thresholds is None:
        return []
    rows = [["foreground", "best threshold", "there", "at 0.5"]]
    for name, best in thresholds["best"].items():
        at = "-" if best["threshold"] is None else f"{best['threshold']:g}"
        rows.append([name, at, percentage(best["value"]), percentage(best["at_half"])])
    areas = (
        f"average precision {percentage(thresholds['average_precision'])}  "
        f"ROC AUC {percentage(thresholds['roc_auc'])}"
    )
    warning = "choose a threshold on another split than the one that is scored"
    return ["", text_table(rows), areas, warning]
