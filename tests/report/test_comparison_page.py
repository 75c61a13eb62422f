"""The page of two predictions: the difference, its interval, classes, images that changed."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pixelwise.errors import RunError
from pixelwise.files.results import read_record
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import read_label, write_label
from pixelwise.report.comparison import comparison, row_of, verdict
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.score.command import score
from pixelwise.score.compare import Comparison, Difference
from pixelwise.score.config import ScoreConfig


@pytest.fixture
def compared(street_score, tmp_path):
    """comparison.json of the street's predictions, and of better ones: the labels, a bit moved."""
    source = street_score / "runs/ce/predictions/val"
    first = shutil.copytree(source, tmp_path / "ce", ignore=shutil.ignore_patterns("*.json"))
    names = ["Sky", "Building", "Road", "Tree", "Pole", "Boat"]
    classes = Classes(names, colors=[(index, 100, 200) for index in range(6)])
    classes.save(tmp_path / "classes.json")
    (tmp_path / "dice").mkdir()
    for path in (street_score / "street/labels").iterdir():
        label = np.roll(np.where(read_label(path) == 255, 2, read_label(path)), 1, axis=1)
        write_label(tmp_path / "dice" / path.name, label, classes)
    street = street_score / "street"
    options = {"labels": street / "labels", "images": street / "images"}
    score(ScoreConfig(first, tmp_path / "dice", **options, classes=str(tmp_path / "classes.json")))
    return tmp_path / "dice" / "comparison.json"


def test_a_comparison_becomes_a_page_beside_it(compared):
    """Found by its name, or in its folder, where there is no score."""
    assert report(ReportConfig(compared)) == compared.parent / "report.html"
    text = report(ReportConfig(compared.parent)).read_text()
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", text)
    assert headings == ["Difference", "Classes", "Images"]
    assert "<h1>ce and dice</h1>" in text
    assert 'from <span class="path">comparison.json</span>' in text


def test_every_number_is_the_one_of_the_file(compared):
    """Scores in percent, differences in points with their sign."""
    found = read_record(Comparison, compared)
    text = report(ReportConfig(compared)).read_text()
    for row in (found.mean_iou, *found.per_class[:5]):
        assert f'<td class="num">{100 * row.a:.1f}</td><td class="num">{100 * row.b:.1f}' in text
        assert f"+{100 * row.difference:.1f}" in text
        assert f"+{100 * row.low:.1f} to +{100 * row.high:.1f}" in text
    assert "b is better than a" in text


def test_the_images_that_changed_are_shown_with_both_predictions(compared):
    """Four pictures each, and as many as were asked for."""
    text = report(ReportConfig(compared, worst=0, best=2)).read_text()
    assert text.count("<article") == 2
    assert text.count("<img") == 8
    assert re.findall(r"<figcaption>([^<]*)", text)[:4] == ["Image", "Label", "a", "b"]
    assert "Where b is better" in text
    assert "Where b is worse" not in text
    changes = np.sign([image.difference for image in read_record(Comparison, compared).images])
    better, worse = (changes > 0).sum(), (changes < 0).sum()
    assert (
        f"b is better in {better}, worse in {worse} and the same in {10 - better - worse}" in text
    )


def test_a_class_without_a_score_has_dashes(compared):
    """Boat is in neither of them."""
    text = report(ReportConfig(compared)).read_text()
    row = text[text.index("<span>Boat</span>") :].split("</tr>")[0]
    assert row.count("–") == 4
    assert "circle" not in row


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.3, "b is better than a"),
        (-0.3, -0.01, "a is better than b"),
        (-0.1, 0.1, "The interval contains 0"),
    ],
)
def test_the_verdict_is_that_of_the_interval(compared, low, high, words):
    """A difference whose interval contains 0 is not a verdict."""
    value = (low + high) / 2
    mean = Difference(0.5, 0.5 + value, value, low, high, low > 0 or high < 0)
    assert words in verdict(replace(read_record(Comparison, compared), mean_iou=mean))


def test_intervals_stand_around_the_middle_which_is_0():
    """The longest reaches the edge."""
    row = row_of(Difference(0.5, 0.7, 0.2, -0.1, 0.4, False), reach=0.4)
    assert (row["interval"], row["at"]) == ((37.5, 100.0), 75.0)


def test_nothing_to_compare_is_a_sentence(compared):
    """All void: no number, no image, and a page."""
    found = read_record(Comparison, compared)
    none = Difference(None, None, None, None, None, False)
    context = comparison(replace(found, mean_iou=none), compared.parent, 8, 4)
    assert context["verdict"] == "There is no score to compare."
    assert context["mean"]["interval"] is None


def test_a_comparison_stands_beside_no_other_score(compared, run_folder):
    """Its two predictions are what is compared."""
    with pytest.raises(RunError, match="is a comparison already"):
        report(ReportConfig(compared, compare=(run_folder,)))
    with pytest.raises(RunError, match="source must be a score, got a comparison"):
        report(ReportConfig(run_folder, compare=(compared,)))


def test_a_damaged_comparison_is_refused_with_its_place(compared):
    """As a damaged score is."""
    compared.write_text(compared.read_text().replace('"resamples": 2000', '"resamples": "many"'))
    message = r"comparison\.json: bootstrap\.resamples must be an integer, got 'many'.*VERSUS"
    with pytest.raises(RunError, match=message):
        report(ReportConfig(compared))
