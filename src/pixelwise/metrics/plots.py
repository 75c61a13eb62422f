"""Figures and tables of the records of this package; imported when one is asked for."""

from importlib import import_module
from math import isnan

import numpy as np

from pixelwise.errors import check_choice
from pixelwise.figures.bars import Bars, Series
from pixelwise.figures.charts import Line
from pixelwise.figures.figure import Axes, Figure, drawn
from pixelwise.figures.lines import Lines
from pixelwise.figures.matrix import Matrix
from pixelwise.figures.names import ClassNames, row_names
from pixelwise.figures.table import html_table
from pixelwise.figures.words import grouped, percent
from pixelwise.metrics.additive import ScoredByClass
from pixelwise.metrics.calibration import (
    CalibrationCounts,
    expected_calibration_error,
    reliability_curve,
)
from pixelwise.metrics.confusion import ConfusionCounts
from pixelwise.metrics.members import MemberCounts, member_scores
from pixelwise.metrics.scores import CLASS_SCORES, SCORES, iou, mean_iou, pixel_accuracy
from pixelwise.metrics.threshold import (
    ThresholdCounts,
    average_precision,
    precision_recall_curve,
    roc_auc,
    roc_curve,
    sweep,
)
from pixelwise.text import plural

SWEPT = ("iou", "dice")
CURVES = ("scores", "precision_recall", "roc")
WHOLE = (0.0, 100.0)  # an axis in percent
MOST_WORST = 20  # classes of a short table


def confusion_figure(
    counts: ConfusionCounts, ax: Axes | None, classes: ClassNames
) -> Figure | Axes:
    """The matrix, each cell a share of its row."""
    names = row_names("ConfusionCounts.plot", classes, counts.num_classes)
    return drawn(Matrix("Confusion matrix", names, counts.matrix), ax)


def confusion_table(counts: ConfusionCounts) -> str:
    """The matrix of a few classes; of many, the pixels and IoU of each."""
    names = row_names("ConfusionCounts", None, counts.num_classes)
    void = f"{grouped(counts.valid)} valid pixels, {grouped(counts.ignored)} void"
    caption = f"{plural(counts.images, 'image')}, {void}. "
    caption += f"Mean IoU {_percent(mean_iou(counts))} %, of pixels correct "
    caption += f"{_percent(pixel_accuracy(counts))} %."
    if len(names) <= MOST_WORST:
        columns = ["target \\ prediction", *names]
        rows = [[name, *map(grouped, row)] for name, row in zip(names, counts.matrix.tolist())]
        return html_table(columns, rows, caption, ["Pixels; rows are the target."])
    columns = ["class", "IoU, %", "target pixels", "predicted pixels"]
    numbers = zip(names, iou(counts), counts.target_pixels.tolist(), counts.pred_pixels.tolist())
    return html_table(
        columns, [[n, _percent(v), grouped(t), grouped(p)] for n, v, t, p in numbers], caption
    )


def members_figure(
    counts: MemberCounts, ax: Axes | None, classes: ClassNames, score: str
) -> Figure | Axes:
    """A score of each class."""
    check_choice("MemberCounts.plot", "score", score, CLASS_SCORES)
    names = row_names("MemberCounts.plot", classes, len(counts.ignored))
    title = f"{CLASS_SCORES[score].title} of each class"
    return drawn(share_bars(title, names, [_known(v) for v in member_scores(counts)[score]]), ax)


# record -> the name of its score, and the score in its module: some of these need scipy, which the
# pages that draw other scores do without
BY_CLASS = {
    "BoundaryCounts": ("boundary IoU", "boundary_iou"),
    "ContourCounts": ("boundary F", "boundary_f"),
    "InstanceCounts": ("instance-weighted IoU", "instance_iou"),
}


def by_class_figure(record: ScoredByClass, ax: Axes | None, classes: ClassNames) -> Figure | Axes:
    """The score of each class of a record in BY_CLASS."""
    name, function = BY_CLASS[type(record).__name__]
    score = getattr(import_module(type(record).__module__), function)
    shares = [_known(value) for value in score(record)]
    names = row_names(f"{type(record).__name__}.plot", classes, len(shares))
    return drawn(share_bars(f"{name} of each class", names, shares), ax)


def share_bars(
    title: str,
    names: tuple[str, ...],
    shares: list[float | None],
    low: list[float | None] | None = None,
    high: list[float | None] | None = None,
    colors: tuple[str, ...] = (),
    note: str = "",
) -> Bars:
    """Bars of shares 0..1, in percent on an axis from 0 to 100, with intervals if there are any."""
    texts = []
    for row, value in enumerate(shares):
        ends = (low[row], high[row]) if low and high else (None, None)
        known = f" ({percent(ends[0])}–{percent(ends[1])})" if ends[0] is not None else ""
        texts.append(percent(value) + known)
    series = Series(
        title,
        _times_100(shares),
        _times_100(low or []),
        _times_100(high or []),
        texts=tuple(texts),
        titles=tuple(f"{name}: {text} %" for name, text in zip(names, texts)),
    )
    return Bars(title, names, (series,), "%", colors=colors, x_ends=WHOLE, note=note)


def reliability_figure(counts: CalibrationCounts, ax: Axes | None) -> Figure | Axes:
    """Accuracy over confidence, beside the diagonal."""
    return drawn(reliability_lines(counts), ax)


def reliability_lines(counts: CalibrationCounts) -> Lines:
    """A point for each bin with pixels; on the diagonal a network is calibrated."""
    total = int(counts.pixels.sum())
    points, titles = [], []
    for confidence, accuracy, pixels in zip(*reliability_curve(counts), counts.pixels.tolist()):
        if pixels:
            points.append((100 * float(confidence), 100 * float(accuracy)))
            titles.append(
                f"{percent(float(accuracy))} % correct where {percent(float(confidence))} % sure "
                f"({percent(pixels / total)} % of the pixels)"
            )
    ece = f"ECE {_percent(expected_calibration_error(counts))} %"
    found = Line(
        "correct, %", tuple(points), tuple(titles), f"{ece}; above the diagonal is under-confident"
    )
    diagonal = ((0.0, 0.0), (100.0, 100.0))
    ideal = Line("as sure as correct", diagonal, summary="where a calibrated one is")
    return Lines("Reliability", (found, ideal), "confidence, %", "correct, %", WHOLE, WHOLE)


def threshold_figure(counts: ThresholdCounts, ax: Axes | None, curve: str) -> Figure | Axes:
    """One of the CURVES."""
    check_choice("ThresholdCounts.plot", "curve", curve, CURVES)
    made = {
        "scores": score_lines,
        "precision_recall": precision_recall_lines,
        "roc": roc_lines,
    }
    return drawn(made[curve](counts), ax)


def score_lines(counts: ThresholdCounts) -> Lines:
    """IoU and Dice of the foreground at every threshold."""
    at = counts.thresholds.tolist()
    lines = []
    for name in SWEPT:
        label = SCORES[name].title
        values = [_known(value) for value in sweep(counts, name)]
        titles = tuple(f"{label} {percent(v)} % at threshold {t:g}" for t, v in zip(at, values))
        scored = [(value, t) for t, value in zip(at, values) if value is not None]
        best = max(scored, key=lambda pair: pair[0], default=None)
        summary = "" if best is None else f"highest {percent(best[0])} at {best[1]:g}"
        lines.append(Line(f"{label}, %", tuple(zip(at, _times_100(values))), titles, summary))
    title = "Foreground by threshold"
    return Lines(title, tuple(lines), "threshold", "%", (0.0, 1.0), WHOLE)


def precision_recall_lines(counts: ThresholdCounts) -> Lines:
    """Precision of the foreground over its recall."""
    precision, recall = (values.tolist() for values in precision_recall_curve(counts))
    known = [row for row in zip(counts.thresholds.tolist(), precision, recall) if not isnan(row[2])]
    titles = tuple(
        f"threshold {t:g}: precision {percent(p)} %, recall {percent(r)} %" for t, p, r in known
    )
    points = tuple((100 * r, 100 * p) for _, p, r in known)
    area = f"average precision {_percent(average_precision(counts))} %"
    line = Line("precision, %", points, titles, area)
    title = "Precision and recall of the foreground"
    return Lines(title, (line,), "recall, %", "precision, %", WHOLE, WHOLE)


def roc_lines(counts: ThresholdCounts) -> Lines:
    """True positive rate over false positive rate."""
    false, true = (values.tolist() for values in roc_curve(counts))
    known = [(100 * f, 100 * t) for f, t in zip(false, true) if not isnan(f + t)]
    titles = tuple(f"{t:.1f} % found at {f:.1f} % false alarms" for f, t in known)
    area = f"area {_percent(roc_auc(counts))} %"
    lines = (
        Line("foreground found, %", tuple(known), titles, area),
        Line("by chance", ((0.0, 0.0), (100.0, 100.0))),
    )
    title = "Foreground found by background taken for it"
    return Lines(title, lines, "background taken for it, %", "found, %", WHOLE, WHOLE)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _percent(value: float) -> str:
    return percent(_known(value))


def _times_100(shares: list[float | None]) -> tuple[float | None, ...]:
    return tuple(None if share is None else 100 * share for share in shares)
