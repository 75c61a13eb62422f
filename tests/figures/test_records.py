"""Every record with .plot() or a table: well-formed, escaped, without a file or torch."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

import pixelwise as pw
from make import make_dataset
from overlapping import make_set
from pixelwise.figures.bars import Bars, Series
from pixelwise.figures.figure import Figure
from pixelwise.logs.curves import Curves
from pixelwise.metrics import (
    count_boundary,
    count_calibration,
    count_contours,
    count_instances,
    count_planes,
    count_thresholds,
)
from pixelwise.score.calibration import calibration_of
from pixelwise.score.record import DataSplit

mpl.use("agg")
from matplotlib.figure import Figure as Axes

HOSTILE = "<script>&\"$\\frac{' _]]>"
NAMES = [HOSTILE, "_hidden", "name " * 20]
RNG = np.random.default_rng(3)
TARGET = RNG.integers(0, 3, (20, 30))
PRED = np.where(RNG.random(TARGET.shape) < 0.7, TARGET, RNG.integers(0, 3, TARGET.shape))
PROBS = RNG.random((20, 30))
BINARY = (PROBS + RNG.normal(0, 0.3, PROBS.shape) > 0.5).astype(int)
CONFUSION = pw.count_confusion(PRED, TARGET, 3)
LABELS = pw.LabelCounts([600, 3, 0], [4, 1, 0], 7, 4, [603, 400, 0])
SIDES = np.array([[90, 10], [25, 75], [9, 0]])
MEMBERS = pw.MemberLabelCounts(SIDES, np.zeros(3, int), np.array([1, 1, 0]), 1)
PLANES = count_planes(*(np.stack([a == c for c in range(3)])[None] for a in (PRED, TARGET)))
THRESHOLDS = count_thresholds(PROBS, BINARY, steps=64)
CALIBRATION = count_calibration(PROBS[None], BINARY)
CURVES = [{"step": 5 * k, "train/loss": 1 / (k + 1), "val/loss": 2 / (k + 1)} for k in range(9)]
CURVES += [{"step": 45, "train/loss": None, "val/miou": 0.5}]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """One of each, by name."""
    folder = tmp_path_factory.mktemp("records")
    data = make_dataset(folder / "data", train=3, val=4)
    description = pw.read_description(data)
    predictions = []
    for number in (1, 2):
        predictions.append(folder / f"predicted-{number}")
        for pair in description.pairs("val"):
            label = description.classes.to_index(pw.read_label(pair.label))
            moved = np.roll(np.where(label == 255, 0, label), number, axis=1)
            predictions[-1].mkdir(exist_ok=True)
            stored = description.classes.to_stored(moved)
            pw.write_label(predictions[-1] / pair.label.name, stored, description.classes)
    overlap = make_set(folder / "overlap", train=2, val=2)
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in CURVES))
    about = 0.5, DataSplit("street", "val"), "pixelwise predict"
    return {
        "ConfusionCounts": CONFUSION,
        "ConfusionCounts, 150 classes": pw.count_confusion(*RNG.integers(0, 150, (2, 9999)), 150),
        "ConfusionCounts, none": pw.ConfusionCounts(np.zeros((2, 2), int)),
        "LabelCounts": LABELS,
        "LabelCounts, none": pw.LabelCounts.zero(2),
        "MemberLabelCounts": MEMBERS,
        "MemberCounts": PLANES,
        "BoundaryCounts": count_boundary(PRED, TARGET, 3),
        "ContourCounts": count_contours(PRED, TARGET, 3),
        "InstanceCounts": count_instances(PRED, TARGET, TARGET + 1, 3),
        "ThresholdCounts": THRESHOLDS,
        "CalibrationCounts": CALIBRATION,
        "Calibration": calibration_of(CALIBRATION, THRESHOLDS, *about),
        "Curves": pw.read_curves(folder),
        "Score": pw.score(predictions[0], data=data),
        "Comparison": pw.score(predictions[0], versus=predictions[1], data=data),
        "Weights": pw.weights(data),
        "Weights of a method": pw.weights(data, method="inverse"),
        "MemberWeights": pw.weights(overlap),
        "MultilabelScore": pw.score(overlap_predictions(overlap, folder), data=overlap),
        "Audit": pw.audit(data),
        "Finding": pw.Finding("F3", f"{HOSTILE}.png", 1, (3, 4), HOSTILE),
        "Survey": pw.init(data, force=True),
        "Description": description,
        "Classes": pw.Classes([HOSTILE, *(f"c{k}" for k in range(250))]),
    }


def overlap_predictions(overlap, folder):
    """The labels themselves without void, as predictions: FOLDER/CLASS/ID.png."""
    for pair in pw.read_description(overlap).pairs("val"):
        for name, file in zip(("disc", "bars"), pair.labels):
            out = folder / "overlap-predicted" / name / f"{pair.id}.png"
            out.parent.mkdir(parents=True, exist_ok=True)
            stored = pw.read_label(file)
            pw.write_label(out, np.where(stored == 9, 0, stored))
    return folder / "overlap-predicted"


PLOTTED = [
    ("ConfusionCounts", {"classes": NAMES}),
    ("ConfusionCounts", {}),
    ("ConfusionCounts, 150 classes", {}),
    ("ConfusionCounts, none", {}),
    ("LabelCounts", {"classes": NAMES}),
    ("LabelCounts", {"log": False}),
    ("LabelCounts, none", {}),
    ("MemberLabelCounts", {"classes": NAMES}),
    ("MemberCounts", {"classes": NAMES, "score": "dice"}),
    ("BoundaryCounts", {"classes": NAMES}),
    ("ContourCounts", {}),
    ("InstanceCounts", {}),
    ("ThresholdCounts", {}),
    ("ThresholdCounts", {"curve": "roc"}),
    ("ThresholdCounts", {"curve": "precision_recall"}),
    ("CalibrationCounts", {}),
    ("Calibration", {}),
    ("Curves", {}),
    ("Curves", {"keys": "val/miou"}),
    ("Score", {}),
    ("Score", {"score": "recall", "intervals": True}),
    ("Comparison", {}),
    ("Weights", {}),
    ("Weights of a method", {"log": False}),
    ("MemberWeights", {}),
    ("MultilabelScore", {}),
]
TABLES = [
    "ConfusionCounts", "ConfusionCounts, 150 classes", "ConfusionCounts, none", "LabelCounts",
    "MemberLabelCounts", "Calibration", "Curves", "Score", "Comparison", "Weights", "MemberWeights",
    "MultilabelScore", "Audit", "Finding", "Survey", "Description", "Classes",
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), PLOTTED)
def test_a_figure_is_well_formed_and_names_itself(name, options, records, tmp_path):
    """SVG with a title and a description, without scripts; saved, it is the same."""
    figure = records[name].plot(**options)
    assert isinstance(figure, Figure)
    text = figure.svg()
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root[0].text == figure.title
    assert root[1].text
    assert "<script" not in text
    assert "nan" not in text.replace("nano", "")
    assert figure._repr_html_() == text
    assert figure.save(tmp_path / "figure.svg").read_text(encoding="utf-8") == text
    assert text in figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "options"), PLOTTED)
def test_a_figure_is_drawn_into_axes_of_matplotlib(name, options, records):
    """Which it gives back; names with dollars and underscores are names."""
    canvas = Axes()
    ax = canvas.subplots()
    assert records[name].plot(ax=ax, **options) is ax
    canvas.canvas.draw()
    assert ax.get_title()


@pytest.mark.parametrize("name", TABLES)
def test_a_notebook_shows_a_table(name, records):
    """Escaped, without scripts, of at most some hundred kilobytes."""
    text = records[name]._repr_html_()
    ElementTree.fromstring(f"<div>{text}</div>")
    assert "<script" not in text
    assert 50 < len(text) < 300_000


def test_long_tables_say_how_many_rows_are_left_out(records):
    """251 classes are 200 rows."""
    text = records["Classes"]._repr_html_()
    assert text.count("<tr>") == 201
    assert "and 51 more rows" in text


def test_bars_start_at_zero_and_logarithmic_axes_say_so():
    """A bar has the length of its value; on a logarithmic axis there are no bars."""
    text = LABELS.plot(classes=["a", "b", "c"], log=False).svg()
    widths = [float(e.get("width")) for e in bars(text)]
    assert widths[1] / widths[0] == pytest.approx(3 / 600, abs=1e-4)
    text = LABELS.plot(classes=["a", "b", "c"]).svg()
    assert bars(text) == []
    assert "logarithmic axis" in text
    assert "Without a pixel, and so without a point: c" in text


def bars(text):
    rects = ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}rect")
    return [rect for rect in rects if (rect.get("class") or "").startswith("pw-f")]


def test_cells_of_a_confusion_matrix_are_shares_of_their_row():
    """With the pixels where the mouse rests; rows are the target."""
    counts = pw.ConfusionCounts(np.array([[3, 1], [0, 0]]))
    text = counts.plot(classes=["sky", "sea"]).svg()
    assert "25.0 % of sky predicted as sea (1 px)" in text
    assert text.count("pw-cell pw-h") == 2


def test_intervals_of_a_score_contain_it(records):
    """Of each class that has one; the title of a bar has both ends."""
    score = records["Score"]
    low, high = (np.array(row, float) for row in interval_ends(score.plot(intervals=True)))
    values = np.array([100 * row.scores["iou"] for row in score.per_class])
    assert (low <= values + 1e-9).all()
    assert (values <= high + 1e-9).all()


def interval_ends(figure):
    (series,) = figure.series
    return series.low, series.high


def test_figures_of_counts_need_no_torch_and_no_matplotlib():
    """They are SVG text, made of numbers."""
    code = (
        "import sys, numpy as np, pixelwise as pw\n"
        "counts = pw.ConfusionCounts(np.eye(2, dtype=int))\n"
        "counts.plot().svg(); counts._repr_html_()\n"
        "pw.LabelCounts([1], [1], 0, 1, [1]).plot().svg()\n"
        "pw.show(None, np.zeros((4, 4), int)).svg()\n"
        "sys.exit(str(sorted({'torch', 'matplotlib', 'jinja2'} & set(sys.modules)) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("suffix", [".png", ".pdf", ""])
def test_other_formats_are_refused(suffix, tmp_path):
    """With the way that matplotlib has."""
    with pytest.raises(pw.PixelwiseError, match=r"must be a .svg or .html file.*figure.draw\(ax\)"):
        CONFUSION.plot().save(tmp_path / f"figure{suffix}")


def test_names_must_be_as_many_as_classes():
    """Neither more nor fewer."""
    with pytest.raises(pw.PixelwiseError, match="classes must be 3 classes, got 2"):
        CONFUSION.plot(classes=["a", "b"])


@pytest.mark.parametrize("names", [[1, 2, 3], "abc", 3, [None, "a", "b"]])
def test_names_must_be_texts(names):
    """Numbers, one text and a count are refused."""
    with pytest.raises(pw.PixelwiseError, match="classes must be Classes or names of classes"):
        CONFUSION.plot(classes=names)


def test_axes_must_be_of_matplotlib():
    """Names in their place are told how they are given."""
    with pytest.raises(
        pw.PixelwiseError, match=r"ax must be axes of matplotlib, got list.*classes="
    ):
        CONFUSION.plot(["a", "b", "c"])


def test_in_axes_too_an_absent_class_is_not_a_score_of_zero_and_an_unclear_one_is_grey():
    """A dash in place of the bar; another colour of the bar."""
    names, faint = ("a", "b"), (False, True)
    ax = Axes().subplots()
    Bars("t", names, (Series("s", (None, 0.0), faint=faint),), "%").draw(ax)
    assert [(words.get_position()[1], words.get_text()) for words in ax.texts] == [(0, " –")]
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert colors[0] != colors[1]


def test_curves_without_losses_say_so_in_a_notebook():
    """In place of an empty cell; each key has the good end of its own."""
    assert "r: no losses and no val/miou, no value" in Curves("r", ())._repr_html_()
    with pytest.raises(pw.PixelwiseError, match=r"metrics.jsonl of r has no value yet"):
        Curves("r", ()).plot()
    rows = tuple({"step": k, "val/miou": v, "val/loss": v} for k, v in enumerate((3.0, 1.0, 2.0)))
    lines = Curves("r", rows).plot(keys=("val/miou", "val/loss")).lines
    assert [line.summary for line in lines] == [
        "last 2, highest 3 at step 0",
        "last 2, lowest 1 at step 1",
    ]


def test_curves_of_a_run_that_has_none_are_refused(tmp_path):
    """In a sentence, and so are keys that it has not."""
    with pytest.raises(pw.PixelwiseError, match=r"must be a folder with metrics.jsonl"):
        pw.read_curves(tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "train/loss": 2.0}\n')
    curves = pw.read_curves(tmp_path)
    assert (curves.keys, curves.values("train/loss")) == (("train/loss",), ((1,), (2.0,)))
    with pytest.raises(pw.PixelwiseError, match=r"keys must be of metrics.jsonl: train/loss"):
        curves.plot(keys="val/iou")
