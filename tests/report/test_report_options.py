"""What options of `score` add to the page: other tools' numbers, boundary IoU."""

import pytest

from pixelwise.errors import RunError
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report

EDGES = {"width": 0.02, "mean_boundary_iou": 0.5, "meaning": "mean over classes"}


def test_the_numbers_of_other_tools_stand_on_the_page(change_score, run_folder):
    """What `score --all` wrote, with the reasons; "–" where a tool has no number."""
    row = {"tool": "mmseg", "version": "1.x", "call": "mIoU()", "value": None, "why": "Because."}
    change_score(lambda score: score.update(like=[row]))
    text = report(ReportConfig(run_folder)).read_text()
    assert "The same predictions in other tools" in text
    assert "<code>mIoU()</code><br>Because." in text
    change_score(lambda score: score.update(like=[{**row, "value": "high"}]))
    with pytest.raises(RunError, match=r"like\[0\]\.value must be a number, got 'high'"):
        report(ReportConfig(run_folder))


def test_the_boundary_iou_is_a_column_and_a_number_beside_the_headline(change_score, run_folder):
    """With a bar and a dash like any other; without the option there is no such column."""
    assert "Boundary IoU" not in report(ReportConfig(run_folder)).read_text()
    found = [0.123, 0.2, 0.3, 0.4, 0.5, None]
    edges = {**EDGES, "mean_boundary_iou": 0.3046, "per_class": found}
    change_score(lambda score: score.update(boundary=edges))
    text = report(ReportConfig(run_folder)).read_text()
    assert '<th scope="col">Boundary IoU, %</th>' in text
    assert '<span class="value">12.3</span>' in text
    assert "<dt>Mean boundary IoU</dt><dd>30.5" in text


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (EDGES, r"boundary\.per_class must be given, got nothing"),
        ({**EDGES, "per_class": [0.5]}, r"boundary\.per_class must have one score a class"),
        (3, "boundary must be a table, got 3"),
    ],
)
def test_a_damaged_boundary_is_refused(change_score, run_folder, edges, message):
    """With the file, as every other part."""
    change_score(lambda score: score.update(boundary=edges))
    with pytest.raises(RunError, match=rf"score\.json: .*{message}"):
        report(ReportConfig(run_folder))
