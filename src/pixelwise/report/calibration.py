"""calibration.json as charts: confidence against accuracy, and every threshold of a binary task."""

from pathlib import Path
from typing import Any

from pixelwise.errors import RunError
from pixelwise.figures.charts import Chart
from pixelwise.figures.words import difference, grouped, percent
from pixelwise.files.results import read_record
from pixelwise.metrics.plots import precision_recall_lines, reliability_lines, score_lines
from pixelwise.report.source import Source
from pixelwise.score.calibration import FILE, Calibration, Thresholds
from pixelwise.score.record import Score

LEAST_APART = 4.0  # percent of the plot between points that can be pointed at


def calibration(source: Source) -> dict[str, Any]:
    """The section on probabilities; "calibration" is None where predictions came without them.

    Raises:
        RunError: calibration.json is damaged.
    """
    # a run folder that was moved has it beside its score
    folders = source.path.parent, source.path.parent / source.score.predictions
    path = next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)
    if path is None:
        return {"calibration": None}
    found = read_calibration(path)
    charts = [reliability_chart(found)] if found.pixels else []
    if found.thresholds is not None and found.thresholds.average_precision is not None:
        charts += threshold_charts(found.thresholds)
    return {
        "calibration": {
            "charts": charts,
            "numbers": numbers(found),
            "sentences": sentences(found),
            "other": other_pixels(found, source.score),
        }
    }


def read_calibration(path: Path) -> Calibration:
    """The content of calibration.json.

    Raises:
        RunError: it is of another version, or damaged.
    """
    hint = "Write it again: pixelwise predict RUN --calibration --overwrite"
    found = read_record(Calibration, path, hint)
    pixels = found.thresholds.pixels if found.thresholds is not None else ((0, 0),) * 2
    if len(pixels) < 2 or any(len(row) != 2 or min(row) < 0 for row in pixels):
        event = "thresholds.pixels must be pairs of pixels >= 0"
        raise RunError(path, event=event, hint=hint)
    return found


def numbers(found: Calibration) -> list[tuple[str, float | None]]:
    """Names and shares for the head of the section."""
    shown = [
        ("Mean confidence", found.mean_confidence),
        ("Correct", found.accuracy),
        ("ECE", found.expected_calibration_error),
        ("MCE", found.maximum_calibration_error),
    ]
    if found.thresholds is not None:
        areas = found.thresholds
        shown += [("Average precision", areas.average_precision), ("ROC AUC", areas.roc_auc)]
    return shown


def sentences(found: Calibration) -> list[str]:
    """What the numbers mean."""
    said, right = found.mean_confidence, found.accuracy
    if said is None or right is None:
        return ["There is no valid pixel to measure."]
    gap = difference(right, said).lstrip("−+")
    manner = "over-confident" if said > right else "under-confident"
    tail = "" if gap == "0.0" else f": it is {manner} by {gap} points"
    words = [
        f"The network is {percent(said)} % sure on average and right for {percent(right)} % of the "
        f"valid pixels{tail}."
    ]
    best = found.thresholds.best.get("iou") if found.thresholds is not None else None
    if best is not None and best.threshold is not None:
        words.append(
            f"At a threshold of {best.threshold:g} the foreground has its highest IoU, "
            f"{percent(best.value)} %; at 0.5 it has {percent(best.at_half)} %. Choose a "
            "threshold on another split than the one that is scored."
        )
    return words


def other_pixels(found: Calibration, score: Score) -> str:
    """A warning where the score is of other labels than the calibration; "" where it is not."""
    if found.pixels == score.valid_pixels:
        return ""
    of = grouped(found.pixels)
    return f"Measured on {of} valid pixels; the score is of {grouped(score.valid_pixels)}."


def reliability_chart(found: Calibration) -> Chart:
    """Accuracy over confidence, a point a bin; on the diagonal a network is calibrated."""
    return reliability_lines(found.counts).chart(LEAST_APART)


def threshold_charts(found: Thresholds) -> list[Chart]:
    """Precision over recall, and the scores of the foreground over the threshold."""
    made = precision_recall_lines(found.counts), score_lines(found.counts)
    return [lines.chart(LEAST_APART) for lines in made]
