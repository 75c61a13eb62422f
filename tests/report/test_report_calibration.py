"""The section on probabilities: its charts, its sentences, and a file that is not a calibration."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pixelwise.errors import RunError
from pixelwise.figures.charts import apart
from pixelwise.files.results import write_json
from pixelwise.metrics.calibration import count_calibration
from pixelwise.metrics.threshold import count_thresholds
from pixelwise.report.calibration import (
    LEAST_APART,
    other_pixels,
    read_calibration,
    reliability_chart,
    sentences,
    threshold_charts,
)
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.report.source import read_source
from pixelwise.score.calibration import calibration_of
from pixelwise.score.record import DataSplit

ABOUT = (0.5, DataSplit("street", "val"), "pixelwise predict runs/ce --calibration")


def binary(sharpness=3.0):
    """The calibration of a network whose logits are a noisy truth times `sharpness`."""
    rng = np.random.default_rng(1)
    target = (rng.random((40, 50)) < 0.2).astype(np.uint8)
    logits = sharpness * (target - 0.5 + rng.normal(0, 0.5, target.shape))
    probs = 1 / (1 + np.exp(-logits))
    thresholds = count_thresholds(probs, target, steps=256)
    return calibration_of(count_calibration(probs[None], target), thresholds, *ABOUT)


@pytest.fixture
def calibrated(score_path):
    """The street score with a calibration.json beside it."""
    write_json(score_path.parent / "calibration.json", binary().as_dict())
    return score_path


def test_a_page_without_calibration_has_no_such_section(run_folder):
    """Predictions are usually made without labels."""
    assert "Calibration" not in report(ReportConfig(run_folder)).read_text()


def test_the_section_has_its_numbers_and_three_charts(calibrated, run_folder):
    """The numbers of the file, in percent, and a chart for each question."""
    text = report(ReportConfig(run_folder)).read_text()
    content = json.loads((calibrated.parent / "calibration.json").read_text())
    for title in ("Reliability", "Precision and recall of the foreground", "Foreground by"):
        assert f"<figcaption>{title}" in text
    assert f"{100 * content['expected_calibration_error']:.1f} <span" in text
    assert f"average precision {100 * content['thresholds']['average_precision']:.1f} %" in text
    assert "confidence, %" in text


def test_a_score_of_other_labels_is_told(calibrated, run_folder):
    """The street has more valid pixels than what was calibrated here."""
    score = read_source(calibrated).score
    warning = other_pixels(binary(), score)
    assert warning.startswith("Measured on 2\u202f000 valid pixels; the score is of ")
    assert warning in report(ReportConfig(run_folder)).read_text()
    assert other_pixels(replace(binary(), pixels=score.valid_pixels), score) == ""


@pytest.mark.parametrize(
    ("sharpness", "manner"), [(0.3, "under-confident"), (30.0, "over-confident")]
)
def test_the_sentence_says_in_which_direction_it_is_wrong(sharpness, manner):
    """Logits that are too small, and too large, for how often they are right."""
    assert manner in sentences(binary(sharpness))[0]
    assert "the foreground has its highest IoU" in sentences(binary(sharpness))[1]


def test_nothing_valid_is_a_sentence_and_no_chart():
    """No pixel, no curve."""
    nothing = count_calibration(np.full((1, 2, 2), 0.5), np.full((2, 2), 255))
    found = calibration_of(nothing, None, *ABOUT)
    assert sentences(found) == ["There is no valid pixel to measure."]


def test_a_point_of_the_reliability_chart_is_a_bin():
    """Right by its mean confidence, up by its accuracy."""
    found = binary()
    one = max(found.bins, key=lambda one: one.pixels)
    places = [(x, y) for x, y, _ in reliability_chart(found).curves[0].points]
    assert places[-1] == (
        pytest.approx(100 * one.confidence, abs=0.01),
        pytest.approx(100 - 100 * one.accuracy, abs=0.01),
    )


def test_the_curves_end_where_everything_and_nothing_is_foreground():
    """At threshold 0 the recall is 1, at threshold 1 it is 0 and the IoU too."""
    precision, swept = threshold_charts(binary().thresholds)
    assert precision.curves[0].path.startswith("M100 ")
    assert precision.curves[0].path.endswith("L0 0")
    assert [curve.path.endswith("L100 100") for curve in swept.curves] == [True, True]


def test_points_with_titles_keep_their_distance():
    """A hover target a threshold would be a solid bar."""
    points = [(float(x), 0.0, "title") for x in range(101)]
    kept = apart(points, LEAST_APART)
    assert [x for x, _, _ in kept] == [LEAST_APART * i for i in range(26)]
    assert apart([(0.0, 0.0, "")], LEAST_APART) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "pixelwise.calibration/9"}, r"schema must be 'pixelwise\.calibration/1', got"),
        ({"bins": 3}, "bins must be a list, got 3"),
        ({"accuracy": "high"}, "accuracy must be a number, got 'high'"),
        ({"thresholds": {}}, r"thresholds\.used, .* must be given"),
        ({"thresholds": []}, r"thresholds must be a table, got \[\]"),
    ],
)
def test_a_damaged_calibration_is_refused_with_its_file(calibrated, change, message):
    """One line, and the command that writes it again."""
    path = calibrated.parent / "calibration.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(RunError, match=rf"calibration\.json: .*{message}.*--calibration"):
        read_calibration(path)


def test_a_histogram_of_three_columns_is_refused(calibrated):
    """Background and foreground, nothing else."""
    path = calibrated.parent / "calibration.json"
    content = json.loads(path.read_text())
    content["thresholds"]["pixels"] = [[1, 2, 3]]
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"thresholds\.pixels must be pairs of pixels >= 0"):
        read_calibration(path)
