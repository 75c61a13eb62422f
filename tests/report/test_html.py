"""The page: complete, self-contained, escaped, the same bytes for the same score, and readable."""

import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pixelwise.errors import RunError
from pixelwise.labels.classes import Classes
from pixelwise.report import html
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig

NAMES = ["Sky", "Building", "Road", "Tree", "Pole", "Boat"]
COLORS = [(index, 100, 200) for index in range(6)]
CSS = (Path(html.__file__).parent / "report.css").read_text()
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
]
REORDERING = "\u202egnihtyna\u2066\x1b[31m"  # Classes refuses it as a name; other texts may hold it


class Page(HTMLParser):
    """Tags with their attributes, and the text between them that is read: not that of scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.words.append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def page_of(source, **options):
    return Page(report(ReportConfig(source, **options)).read_text())


def test_the_page_says_what_was_scored_and_under_which_convention(run_folder):
    """The headline never stands without its convention."""
    page = page_of(run_folder)
    assert "street val" in page.text
    assert "mean IoU , convention present : mean over the classes that are in the" in page.text
    assert "Here 5 of 6." in page.text
    assert "The same predictions, other conventions" in page.text
    assert "pixelwise score runs/ce/predictions/val --data street" in page.text
    assert "2026-05-04 12:30 UTC" in page.text


def test_the_sections_come_in_the_order_of_reading(run_folder):
    """Score, curves, classes, confusion, pictures."""
    text = report(ReportConfig(run_folder)).read_text()
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", text)
    assert headings == ["Score", "Training", "Classes", "Confusion", "Images"]


def test_without_metrics_there_are_no_curves(run_folder):
    """A score alone makes a report."""
    (run_folder / "metrics.jsonl").unlink()
    assert "Training" not in page_of(run_folder).text


def evidence_in(run, **changes):
    """evidence.json of a run of two epochs that the images do not tell apart."""
    row = {"miou": 0.61, "low": 0.6, "high": 0.63, "behind": [0, 0], "is_same": True}
    epochs = [{"epoch": n, "is_best": n == 2, **row} for n in (1, 2)]
    own = {"convention": "present", "images": 9, "resamples": 1000, "confidence": 0.95}
    content = {"schema": "pixelwise.evidence/1", **own, "epochs": epochs, **changes}
    (run / "evidence.json").write_text(json.dumps(content))


def test_the_page_says_which_epochs_are_as_good_as_the_best(run_folder):
    """The line of the log, beside the curves."""
    evidence_in(run_folder)
    line = "Best is epoch 2 (val mIoU 61.00); epoch 1 is not distinguishable from it on 9 images, "
    assert f"{line}too few to be sure." in page_of(run_folder).text


def test_damaged_evidence_is_named_with_the_command_that_writes_it_again(run_folder):
    evidence_in(run_folder, images="nine")
    with pytest.raises(RunError, match=r"images must be an integer.*pixelwise train --resume"):
        report(ReportConfig(run_folder))


def test_every_headline_number_is_the_one_in_the_score(run_folder, score_path):
    """Nothing is computed anew."""
    score = json.loads(score_path.read_text())
    text = page_of(run_folder).text
    for value in [*score["scores"].values(), *score["mean_iou_by_convention"].values()]:
        assert f"{value * 100:.1f}" in text


def test_what_the_score_command_writes_becomes_a_page(street_score, tmp_path):
    """score.json connects the two packages, with paths relative to its folder."""
    predictions = shutil.copytree(street_score / "runs/ce/predictions/val", tmp_path / "val")
    (predictions / "score.json").unlink()
    classes = tmp_path / "classes.json"
    Classes(NAMES, colors=COLORS).save(classes)
    street = street_score / "street"
    score(
        ScoreConfig(
            predictions, labels=street / "labels", images=street / "images", classes=str(classes)
        )
    )
    page = page_of(predictions)
    assert len(page.all("img")) == 40
    assert str(predictions) in page.text


def test_an_absent_class_has_dashes_and_no_bar(run_folder):
    """Boat: five measures without a value."""
    text = report(ReportConfig(run_folder)).read_text()
    row = re.search(r'<tr class="none">.*?</tr>|<tr class=none>.*?</tr>', text, re.DOTALL).group()
    assert "Boat" in row
    assert row.count("–") == 5
    assert "meter" not in row


def test_worst_and_best_images_are_shown_once(run_folder):
    """Four pictures each, worst first; 8 + 4 of 10 images are all 10."""
    text = report(ReportConfig(run_folder)).read_text()
    shown = re.findall(r"<h4>([^<]*)</h4>", text)
    means = [float(m) for m in re.findall(r"<b>([\d.]+) %</b> mean IoU", text)]
    assert sorted(shown) == [f"seq_{i:04d}" for i in range(10)]
    assert means[:8] == sorted(means[:8])
    assert means[8:] == sorted(means[8:], reverse=True)
    assert len(Page(text).all("img")) == 40


@pytest.mark.parametrize(
    ("worst", "best", "shown"), [(0, 0, 0), (1, 0, 1), (0, 2, 2), (20, 20, 10)]
)
def test_the_number_of_pictures_can_be_chosen(run_folder, worst, best, shown):
    """No more than there are."""
    page = page_of(run_folder, worst=worst, best=best)
    assert len(page.all("article")) == shown


def test_an_image_without_valid_pixels_is_not_among_the_worst(change_score, run_folder):
    """It has no mean IoU, which is not the lowest one."""

    def all_void(score):
        score["images"][0].update(mean_iou=None, pixel_accuracy=None, valid=0, confusion=[])

    change_score(all_void)
    assert "seq_0000" not in page_of(run_folder).text


def test_two_scores_stand_side_by_side(run_folder, score_path, tmp_path):
    """They are named by the folders that tell them apart."""
    other = tmp_path / "runs/ce+dice/predictions/val/score.json"
    other.parent.mkdir(parents=True)
    other.write_text(score_path.read_text())
    page = page_of(run_folder, compare=(other,))
    assert "Side by side" in page.text
    assert "ce ce+dice" in page.text


def test_missing_pictures_leave_a_sentence(run_folder, score_path):
    """And the page is written."""
    for path in sorted(score_path.parent.glob("*.png")):
        path.unlink()
    page = page_of(run_folder)
    assert "The file seq_0000.png is not there." in page.text
    assert len(page.all("img")) == 20


def test_the_same_score_gives_the_same_bytes(run_folder, tmp_path):
    """No time of writing, no random id."""
    first = report(ReportConfig(run_folder, out=tmp_path / "a.html")).read_bytes()
    second = report(ReportConfig(run_folder, out=tmp_path / "b/c.html")).read_bytes()
    assert first == second


def test_the_page_goes_beside_its_source_or_where_it_is_sent(run_folder, score_path, tmp_path):
    """A folder gets a report.html."""
    assert report(ReportConfig(run_folder)) == run_folder / "report.html"
    assert report(ReportConfig(score_path)) == score_path.parent / "report.html"
    assert report(ReportConfig(score_path, out=tmp_path)) == tmp_path / "report.html"


def test_a_refused_score_leaves_no_page(run_folder, score_path):
    """Nor a temporary file."""
    score_path.write_text("{}")
    before = sorted(os.listdir(run_folder))
    with pytest.raises(RunError, match="schema must be"):
        report(ReportConfig(run_folder))
    assert sorted(os.listdir(run_folder)) == before


DATA = {"type": "application/json"}


def test_the_page_loads_nothing_and_runs_only_its_own_script(run_folder):
    """Its policy forbids others; every address is a picture in the page or a place in it."""
    page = page_of(run_folder)
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert re.search(r"; script-src 'sha256-[\w+/]{43}='; base-uri 'none'", policy)
    assert [tag.get("type") for tag in page.all("script")] == [*DATA.values()] * 2 + [None]
    assert not page.all("link") + page.all("iframe")
    loading = {"src", "href", "action"}
    addresses = [tag[key] for _, tag in page.tags for key in loading & set(tag)]
    assert {address.split(",")[0] for address in addresses if address[0] != "#"} == {
        "data:image/png;base64",
        "data:image/jpeg;base64",
    }
    assert "url(" not in CSS
    assert "@import" not in CSS


def hostile_everywhere(score):
    """Every text of a score that a stranger chooses."""
    score["classes"]["names"] = HOSTILE
    for row, name in zip(score["per_class"], HOSTILE):
        row["name"] = name
    for image, name in zip(score["images"], HOSTILE):
        image["id"] = image["image"] = image["prediction"] = f"{name}{REORDERING}\udcff"
    score["command"] = score["created"] = score["convention_meaning"] = HOSTILE[1] + REORDERING
    score["dataset"] = {"path": f"/data/{HOSTILE[2]}", "split": HOSTILE[3]}
    score["predictions"] = score["version"] = HOSTILE[0]


def test_names_cannot_become_markup(change_score, run_folder):
    """No element, no handler, no template code: only text."""
    change_score(hostile_everywhere)
    page = page_of(run_folder)
    handlers = [k for _, tag in page.tags for k in tag if k.startswith("on")]
    assert len(page.all("script")) == 3
    assert handlers == []
    assert not [img for img in page.all("img") if not img["src"].startswith("data:")]
    assert not [svg for svg in page.all("svg") if "onload" in svg]
    for shown in ["<script>alert(1)</script>", "' onmouseover='alert(1)", "{{ 7 * 7 }}"]:
        assert shown in page.text


def test_names_cannot_reorder_the_text_around_them(change_score, run_folder):
    """Bidirectional and control characters are dropped, half characters replaced."""
    change_score(hostile_everywhere)
    text = report(ReportConfig(run_folder)).read_bytes().decode()
    assert "gnihtyna[31m" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", text)


def test_hostile_names_in_a_comparison_are_text_too(change_score, run_folder, tmp_path):
    """A folder name becomes a column header."""
    path = change_score(hostile_everywhere)
    other = tmp_path / "<img src=x onerror=alert(1)>" / "score.json"
    other.parent.mkdir()
    other.write_text(path.read_text())
    page = page_of(run_folder, compare=(other,))
    assert "<img src=x onerror=alert(1)>" in page.text
    assert not [k for _, tag in page.tags for k in tag if k.startswith("on")]


def test_tables_have_headers_and_pictures_have_texts(run_folder):
    """A screen reader can say what a number belongs to."""
    page = page_of(run_folder)
    assert all(th.get("scope") in ("col", "row", "colgroup") for th in page.all("th"))
    assert all(img["alt"] for img in page.all("img"))
    assert all("aria-label" in svg for svg in page.all("svg") if svg.get("role") == "img")
    assert "Label: " in page.all("img")[1]["alt"]
    assert [a for _, a in page.tags if a.get("lang")] == [{"lang": "en"}]


def test_ids_are_unique_and_labels_point_at_them(run_folder):
    """aria-labelledby names an id of the page."""
    page = page_of(run_folder, compare=(run_folder,))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    named = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert len(ids) == len(set(ids))
    assert named <= set(ids)


def many_classes(count):
    """Edit a score so that it has `count` classes; the files still hold the first six."""

    def edit(score):
        names = [f"class {i}" for i in range(count)]
        score["classes"].update(names=names, values=[[i] for i in range(count)])
        score["classes"]["colors"] = [[i % 256, 7 * i % 256, 90] for i in range(count)]
        row = score["per_class"][0]
        score["per_class"] = [{**row, "index": i, "name": n} for i, n in enumerate(names)]
        score["confusion"] = [[90 if i == j else 1 for j in range(count)] for i in range(count)]

    return edit


@pytest.mark.parametrize(("count", "numbered"), [(30, True), (31, False), (150, False)])
def test_many_classes_are_shown_without_numbers(change_score, run_folder, count, numbered):
    """Cells with numbers up to 30 classes; above that, cells that say theirs when pointed at."""
    change_score(many_classes(count))
    text = report(ReportConfig(run_folder, worst=1, best=0)).read_text()
    assert ('<table class="heat' in text) == numbered
    assert ('class="heatmap"' in text) != numbered
    assert "% of class 3 predicted as class 4 (1 px)" in text
    assert len(text) < 5_000_000


def colors_of(block):
    """The colour variables of a block of the style sheet, as (r, g, b)."""
    found = re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)
    return {name: [int(value[i : i + 2], 16) for i in (1, 3, 5)] for name, value in found}


def luminance(color):
    """Relative luminance of an sRGB colour, WCAG 2.2."""
    parts = [v / 255 for v in color]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Contrast ratio of two colours, WCAG 2.2."""
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


LIGHT = colors_of(CSS[: CSS.index("@media (prefers-color-scheme: dark)")])
DARK = LIGHT | colors_of(CSS[CSS.index("@media (prefers-color-scheme: dark)") :][:900])
TEXT_ON = [("ink", "paper"), ("soft", "paper"), ("accent", "paper"), ("ink", "raised")]
TEXT_ON += [("notice-ink", "notice"), *(("t-low", f"s{i}") for i in range(1, 7))]
TEXT_ON += [("t-high", f"s{i}") for i in range(7, 10)]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_the_contrast_that_aa_asks_for(scheme, text, ground):
    """At least 4.5 : 1."""
    assert contrast(scheme[text], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("drawn", ["accent", "second", "neutral"])
def test_lines_and_bars_have_the_contrast_that_aa_asks_for(scheme, drawn):
    """At least 3 : 1 for what is not text."""
    assert contrast(scheme[drawn], scheme["paper"]) >= 3


def test_both_schemes_define_the_same_colours():
    """A colour forgotten in the dark would keep its light value."""
    dark_only = colors_of(CSS[CSS.index("@media (prefers-color-scheme: dark)") :][:900])
    assert set(dark_only) == set(LIGHT)
