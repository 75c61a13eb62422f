"""calibration.json as charts: confidence against accuracy, and every threshold of a binary task."""

from math import hypot
from pathlib import Path
from typing import Any

import numpy as np

from pixelwise.errors import RunError
from pixelwise.metrics.threshold import ThresholdCounts, precision_recall_curve, sweep
from pixelwise.report.charts import Chart, Curve, Tick
from pixelwise.report.form import NUMBER, PATH, SHARE, is_of, mismatches
from pixelwise.report.source import Source, read_bytes, read_json
from pixelwise.report.words import difference, grouped, percent

SCHEMA = "pixelwise.calibration/1"
FILE = "calibration.json"
TICKS = [Tick(at, f"{at:.0f}") for at in (0, 20, 40, 60, 80, 100)]
LEAST_APART = 4.0  # percent of the plot between points that can be pointed at

# The form of calibration.json as far as the page reads it; `thresholds` may be null.
FORM = {
    "dataset": {"path": PATH, "split": PATH},
    "pixels": int,
    "mean_confidence": SHARE,
    "accuracy": SHARE,
    "expected_calibration_error": SHARE,
    "maximum_calibration_error": SHARE,
    "bins": [{"pixels": int, "confidence": SHARE, "accuracy": SHARE}],
}
THRESHOLDS = {
    "used": NUMBER,
    "roc_auc": SHARE,
    "average_precision": SHARE,
    "best": {"iou": {"threshold": SHARE, "value": SHARE, "at_half": SHARE}},
    "pixels": [[int]],
}


def calibration(source: Source) -> dict[str, Any]:
    """The section on probabilities; "calibration" is None where predictions came without them.

    Raises:
        RunError: calibration.json is damaged.
    """
    # a run folder that was moved has it beside its score
    folders = source.path.parent, source.path.parent / source.score["predictions"]
    path = next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)
    if path is None:
        return {"calibration": None}
    content = read_calibration(path)
    thresholds = content["thresholds"]
    charts = [reliability_chart(content)] if content["pixels"] else []
    if thresholds and thresholds["average_precision"] is not None:
        charts += threshold_charts(thresholds)
    return {
        "calibration": {
            "charts": charts,
            "numbers": numbers(content),
            "sentences": sentences(content),
            "other": other_pixels(content, source.score),
        }
    }


def read_calibration(path: Path) -> dict[str, Any]:
    """The content of calibration.json, of the form that the page reads.

    Raises:
        RunError: it is of another version, or damaged.
    """
    content = read_json(read_bytes(path), str(path))
    schema = content.get("schema") if isinstance(content, dict) else None
    wrong = [f"schema must be {SCHEMA!r}, got {schema!r}"] if schema != SCHEMA else []
    wrong = wrong or mismatches(content, FORM, "")
    if not wrong and content.get("thresholds") is not None:
        wrong = mismatches(content["thresholds"], THRESHOLDS, "thresholds ")
        wrong = wrong or wrong_histogram(content["thresholds"]["pixels"])
    if wrong:
        hint = "Write it again: pixelwise predict RUN --calibration --overwrite"
        raise RunError(f"{path}: {'; '.join(wrong[:5])}. {hint}")
    return {"thresholds": None, **content}


def wrong_histogram(pixels: list[list[int]]) -> list[str]:
    """Where the pixels by probability are no histogram, in words."""
    if len(pixels) > 1 and all(len(row) == 2 and min(row) >= 0 for row in pixels):
        return []
    return ["thresholds pixels must be pairs of pixels >= 0"]


def numbers(content: dict[str, Any]) -> list[tuple[str, float | None]]:
    """Names and shares for the head of the section."""
    shown = [
        ("Mean confidence", content["mean_confidence"]),
        ("Correct", content["accuracy"]),
        ("ECE", content["expected_calibration_error"]),
        ("MCE", content["maximum_calibration_error"]),
    ]
    thresholds = content["thresholds"]
    if thresholds:
        shown += [
            ("Average precision", thresholds["average_precision"]),
            ("ROC AUC", thresholds["roc_auc"]),
        ]
    return shown


def sentences(content: dict[str, Any]) -> list[str]:
    """What the numbers mean."""
    said, right = content["mean_confidence"], content["accuracy"]
    if said is None or right is None:
        return ["There is no valid pixel to measure."]
    gap = difference(right, said).lstrip("−+")
    manner = "over-confident" if said > right else "under-confident"
    tail = "" if gap == "0.0" else f": it is {manner} by {gap} points"
    words = [
        f"The network is {percent(said)} % sure on average and right for {percent(right)} % of the "
        f"valid pixels{tail}."
    ]
    best = content["thresholds"]["best"]["iou"] if content["thresholds"] else None
    if best and best["threshold"] is not None:
        words.append(
            f"At a threshold of {best['threshold']:g} the foreground has its highest IoU, "
            f"{percent(best['value'])} %; at 0.5 it has {percent(best['at_half'])} %. Choose a "
            "threshold on another split than the one that is scored."
        )
    return words


def other_pixels(content: dict[str, Any], score: dict[str, Any]) -> str:
    """A warning where the score is of other labels than the calibration; "" where it is not."""
    if content["pixels"] == score["valid_pixels"]:
        return ""
    of = grouped(content["pixels"])
    return f"Measured on {of} valid pixels; the score is of {grouped(score['valid_pixels'])}."


def reliability_chart(content: dict[str, Any]) -> Chart:
    """Accuracy over confidence, a point a bin; on the diagonal a network is calibrated."""
    bins = [one for one in content["bins"] if is_of(one["confidence"], NUMBER)]
    points = [
        (
            one["confidence"],
            one["accuracy"],
            f"{percent(one['accuracy'])} % correct where {percent(one['confidence'])} % sure "
            f"({percent(one['pixels'] / content['pixels'])} % of the pixels)",
        )
        for one in bins
        if is_of(one["accuracy"], NUMBER)
    ]
    ece = f"ECE {percent(content['expected_calibration_error'])} %"
    lines = [
        curve("correct, %", points, f"{ece}; above the diagonal is under-confident"),
        curve("as sure as correct", [(0, 0, ""), (1, 1, "")], "where a calibrated one is"),
    ]
    return Chart("Reliability", lines, TICKS, upward(), "confidence, %")


def threshold_charts(thresholds: dict[str, Any]) -> list[Chart]:
    """Precision over recall, and the scores of the foreground over the threshold."""
    counts = ThresholdCounts(np.array(thresholds["pixels"], np.int64))
    at = counts.thresholds.tolist()
    precision, recall = (values.tolist() for values in precision_recall_curve(counts))
    along = [
        (r, p, f"threshold {t:g}: precision {percent(p)} %, recall {percent(r)} %")
        for t, p, r in zip(at, precision, recall)
    ]
    area = f"average precision {percent(thresholds['average_precision'])} %"
    charts = [
        Chart(
            "Precision and recall of the foreground",
            [curve("precision, %", along, area)],
            TICKS,
            upward(),
            "recall, %",
        )
    ]
    swept = []
    for name, label in (("iou", "IoU"), ("dice", "Dice")):
        values = sweep(counts, name).tolist()
        points = [(t, v, f"{label} {percent(v)} % at threshold {t:g}") for t, v in zip(at, values)]
        swept.append(curve(f"{label}, %", points, highest(points)))
    ticks = [Tick(at, f"{at / 100:g}") for at in range(0, 101, 20)]
    charts.append(Chart("Foreground by threshold", swept, ticks, upward(), "threshold"))
    return charts


def curve(name: str, points: list[tuple[float, float, str]], summary: str) -> Curve:
    """A line through shares (x, y), with a title at some of its points."""
    places = [(round(100 * x, 2), round(100 - 100 * y, 2), title) for x, y, title in points]
    path = "".join(f"{'L' if i else 'M'}{x:g} {y:g}" for i, (x, y, _) in enumerate(places))
    return Curve(name, path, apart(places), summary, averaged=1)


def apart(places: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """The points that have a title, and none that is nearly on the one before it."""
    kept: list[tuple[float, float, str]] = []
    for x, y, title in places:
        far = not kept or hypot(x - kept[-1][0], y - kept[-1][1]) >= LEAST_APART
        if title and far:
            kept.append((x, y, title))
    return kept


def highest(points: list[tuple[float, float, str]]) -> str:
    """The best value of a curve in words."""
    x, y, _ = max(points, key=lambda point: point[1])
    return f"highest {percent(y)} at {x:g}"


def upward() -> list[Tick]:
    """The ticks of a vertical axis from 0 at the bottom to 100 %."""
    return [Tick(100 - tick.at, tick.label) for tick in TICKS]
