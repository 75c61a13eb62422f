"""The page of two predictions: the difference, its interval, classes, images that changed."""

import json
import re
import shutil
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixelwise.errors import RunError
from pixelwise.files.results import read_record, write_json
from pixelwise.labels.classes import Classes
from pixelwise.labels.png import read_label, write_label
from pixelwise.report.comparison import comparison, differing_settings, row_of, verdict
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.report.pictures import BETTER, BOTH_WRONG, WORSE, change_picture
from pixelwise.score.command import score
from pixelwise.score.compare import Comparison, Difference
from pixelwise.score.config import ScoreConfig
from report.clicks import NEEDS_CHROMIUM, clicked


@pytest.fixture(scope="module")
def scored(street_score, tmp_path_factory):
    """The folder of the street's predictions, of better ones, and of what compares them.

    The better ones are the labels, a bit moved. Do not change it.
    """
    folder = tmp_path_factory.mktemp("compared")
    source = street_score / "runs/ce/predictions/val"
    first = shutil.copytree(source, folder / "ce", ignore=shutil.ignore_patterns("*.json"))
    names = ["Sky", "Building", "Road", "Tree", "Pole", "Boat"]
    classes = Classes(names, colors=[(index, 100, 200) for index in range(6)])
    classes.save(folder / "classes.json")
    (folder / "dice").mkdir()
    for path in (street_score / "street/labels").iterdir():
        label = np.roll(np.where(read_label(path) == 255, 2, read_label(path)), 1, axis=1)
        write_label(folder / "dice" / path.name, label, classes)
    street = street_score / "street"
    options = {"labels": street / "labels", "images": street / "images"}
    score(ScoreConfig(first, folder / "dice", **options, classes=str(folder / "classes.json")))
    return folder


@pytest.fixture
def compared(scored, tmp_path):
    """A comparison.json that a test may change, with its predictions."""
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "dice" / "comparison.json"
    before, after = (json.dumps(str(folder))[1:-1] for folder in (scored, tmp_path))
    path.write_text(path.read_text().replace(before, after))
    return path


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
        cells = [f'data-value="{value}">{100 * value:.1f}</td>' for value in (row.a, row.b)]
        assert all(f'<td class="num" {cell}' in text for cell in cells)
        assert f"+{100 * row.difference:.1f}" in text
        assert f"+{100 * row.low:.1f} to +{100 * row.high:.1f}" in text
    assert "b is better than a" in text


def test_the_images_that_changed_are_shown_with_both_predictions(compared):
    """Five pictures each, and as many as were asked for; all images are listed."""
    text = report(ReportConfig(compared, worst=0, best=2)).read_text()
    assert text.count("<article") == 2
    assert text.count("<img") == 10
    assert re.findall(r"<figcaption>([^<]*)", text)[:5] == ["Image", "Label", "a", "b", "Change"]
    assert text.count("<tr data-change=") == 10
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


def test_a_change_has_two_colours_and_void_is_striped():
    """Right in b alone, right in a alone, wrong in both, right in both."""
    void = np.zeros((8, 5), bool)
    void[:, 4] = True
    a, b = np.zeros((2, 8, 5), bool)
    a[:, [0, 2]] = b[:, [1, 2]] = True
    picture = change_picture(None, void, a, b)
    data = b64decode(picture.data.partition(",")[2])
    pixels = np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)[4]
    grey = (130, 130, 130)
    for column, color in enumerate((BETTER, WORSE, BOTH_WRONG, grey)):
        assert np.abs(pixels[column] - color).max() < 30
    assert picture.text == ("Change: 25.0 % of the valid pixels are better in b, 25.0 % are worse.")
    assert change_picture(None, void, a, None).data == ""


def test_settings_of_two_runs_that_differ_are_shown(compared, tmp_path):
    """Not where each was written; of folders that are no runs nothing is said."""
    folders = []
    for name, loss in (("x", "ce"), ("y", "<b>dice")):
        folder = tmp_path / name / "predictions" / "val"
        folder.mkdir(parents=True)
        config = {"loss": loss, "epochs": 3, "crop": [64, 64], "out": name}
        config |= {"beta": 0.5} if name == "y" else {}
        (tmp_path / name / "config.json").write_text(json.dumps({"config": config}))
        folders.append(folder)
    expected = [("loss", "ce", "<b>dice"), ("beta", "–", "0.5")]
    assert differing_settings(*folders) == expected
    assert differing_settings(folders[0], tmp_path / "ce") == []
    assert "What differs" not in report(ReportConfig(compared)).read_text()
    found = replace(read_record(Comparison, compared), a=str(folders[0]), b=str(folders[1]))
    write_json(compared, found)
    page = report(ReportConfig(compared)).read_text()
    assert "<td>&lt;b&gt;dice</td>" in page
    (tmp_path / "x" / "config.json").write_text("[]")
    assert differing_settings(*folders) == []


@NEEDS_CHROMIUM
def test_images_are_sorted_and_filtered_by_what_changed(compared, tmp_path):
    found = read_record(Comparison, compared)
    actions = """
    found.all = texts(".shown")[0];
    await type("input", "0003"); found.typed = texts("#all-images tbody th");
    await type("input", "");
    await click(all("#all-images thead button")[2]);
    found.sorted = texts("#all-images tbody th");
    await click(all(".differences thead button")[3]);
    found.classes = texts(".differences tbody:first-of-type th");"""
    out, console = clicked(report(ReportConfig(compared)).read_text(), actions, tmp_path)
    assert console == []
    rows = [row for row in found.per_class if row.difference is not None]
    rows.sort(key=lambda row: row.difference)
    images = sorted(found.images, key=lambda image: image.b)
    assert out == {
        "all": "10 of 10 images shown",
        "typed": ["seq_0003"],
        "sorted": [image.id for image in images],
        "classes": [*(row.name for row in rows), "Boat"],
    }


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
