"""A reader explores the page of a score: facts of the run, the table of all images, the viewer."""

import base64
import json
import re

import numpy as np
import pytest

from pixelwise.errors import RunError
from pixelwise.labels.classes import Classes
from pixelwise.metrics.bootstrap import bootstrap_intervals
from pixelwise.report.config import ReportConfig
from pixelwise.report.explore.image_data import MOST_A_CELL, Cells, as_block, image_data
from pixelwise.report.explore.layers import distinct
from pixelwise.report.html import report
from pixelwise.report.source import read_source
from report.test_html import Page

RUN = {
    "schema": "pixelwise.run/1",
    "command": "pixelwise train street --network small",
    "config": {"network": "small", "loss": "ce+dice", "epochs": 12, "lr": 0.001, "crop": [64, 96]},
    "parameters": 238931,
    "versions": {"python": "3.11", "pixelwise": "0.1.0"},
}
PREDICTED = ("epoch 9 of 12", "mirrored too, scales 0.75, 1", "Post-processing fill-holes")


def page_of(source, **options):
    return Page(report(ReportConfig(source, **options)).read_text())


def test_the_page_says_what_the_run_was(run_folder):
    """Network, loss, epochs and commands stand before the headline."""
    (run_folder / "config.json").write_text(json.dumps(RUN))
    prediction = {"command": "pixelwise predict runs/ce --flip", "epoch": 9}
    prediction |= {"averaged": {"views": {"flip": True, "scales": [0.75, 1.0]}, "networks": None}}
    prediction |= {"post": {"steps": ["fill-holes"], "chosen": None}, "tiles": None}
    (run_folder / "predictions/val/prediction.json").write_text(json.dumps(prediction))
    text = page_of(run_folder).text
    before = text[: text.index("Mean Dice")]
    for fact in ("of the run ce", "Loss ce+dice", "64 × 96 px", "0.001", *PREDICTED):
        assert fact in before
    assert "pixelwise predict runs/ce --flip" in before
    assert "Tiles" not in before
    assert text.startswith("ce · street · val")


def test_a_run_may_say_nothing_or_nonsense(run_folder):
    """What is not a setting is left out; what is not JSON is named."""
    (run_folder / "config.json").write_text(
        json.dumps({"config": {"crop": {"a": 1}}, "versions": 3})
    )
    assert "Crop" in page_of(run_folder).text
    (run_folder / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"config\.json"):
        report(ReportConfig(run_folder))


def test_the_headline_has_its_interval(run_folder):
    text = page_of(run_folder).text
    low, high = map(float, re.search(r"95 % interval ([\d.]+) to ([\d.]+) %", text).groups())
    headline = float(re.search(r"Score ([\d.]+) %", text).group(1))
    assert low < headline < high


def test_the_interval_of_equal_images_is_a_point():
    """Whatever is drawn, the sums are in proportion."""
    sums = np.tile([[6, 3], [8, 4], [7, 5]], (9, 1, 1))
    expected = np.mean([6 / 9, 3 / 6])
    for convention in ("present", "per_image"):
        found = bootstrap_intervals(sums, "iou", convention, 100)[:, 0]
        assert found == pytest.approx([expected, expected])


def test_the_interval_of_images_is_that_of_their_resamples():
    """Drawn by hand, image by image."""
    rng = np.random.default_rng(3)
    target = rng.integers(50, 90, (7, 3))
    correct = target - rng.integers(0, 50, (7, 3))
    pred = correct + rng.integers(0, 30, (7, 3))
    means = []
    for row in np.random.default_rng(0).integers(0, 7, (40, 7)):
        k, t, p = (a[row].sum(0) for a in (correct, target, pred))
        means.append((k / (t + p - k)).mean())
    expected = np.quantile(means, [0.025, 0.975])
    sums = np.stack([correct, target, pred], axis=1)
    assert bootstrap_intervals(sums, resamples=40)[:, 0] == pytest.approx(expected)


def test_the_data_of_the_table_are_those_of_the_images(score_path):
    source = read_source(score_path)
    found = image_data(source.score, Cells(source.score.images, 6))
    for number, image in enumerate(source.score.images):
        wrong = [cell for cell in image.confusion if cell[0] != cell[1]]
        target, predicted, pixels = max(wrong, key=lambda cell: cell[2])
        assert found["ids"][number] == image.id
        assert found["iou"][number] == round(image.mean_iou * 10000)
        assert (found["from"][number], found["to"][number]) == (target, predicted)
        assert found["lost"][number] == pytest.approx(pixels / image.valid * 10000, abs=0.51)
    assert all(1 <= held <= 10 for held in found["cells"]["held"])
    assert sum(found["cells"]["held"]) == found["cells"]["ends"][-1]


def test_classes_of_one_colour_are_told_apart():
    """And from void; a colour that is used once stays."""
    classes = Classes(
        ["a", "b", "c", "d"], colors=[(9, 9, 9), (9, 9, 9), (224, 224, 192), (1, 2, 3)]
    )
    colors = distinct(classes).colors
    assert len({*colors, (224, 224, 192)}) == 5
    assert (colors[0], colors[3]) == ((9, 9, 9), (1, 2, 3))
    assert np.abs(np.subtract(colors, classes.colors)).max() <= 1


def test_no_name_ends_the_data():
    block = as_block({"ids": ["</script><script>alert(1)</script>", "<!-- & \u2028"]})
    assert not set("<>&\u2028") & set(block)
    assert json.loads(block)["ids"][0].startswith("</script>")


def many(score, images, classes, cells):
    """Edit a score so that it has drawn images of drawn confusions; their files are not there."""
    rng = np.random.default_rng(0)
    names = [f"class {k}" for k in range(classes)]
    score["classes"].update(names=names, values=[[k] for k in range(classes)])
    score["classes"]["colors"] = [[k % 256, 7 * k % 256, 90] for k in range(classes)]
    row = score["per_class"][0]
    score["per_class"] = [{**row, "index": k, "name": name} for k, name in enumerate(names)]
    matrix = np.zeros((classes, classes), int)
    first = score["images"][0]
    score["images"] = []
    for number in range(images):
        t, p = np.divmod(rng.choice(classes * classes, cells, replace=False), classes)
        pixels = rng.integers(1, 60_000, cells)
        np.add.at(matrix, (t, p), pixels)
        own = {"confusion": np.stack([t, p, pixels], 1).tolist(), "valid": int(pixels.sum())}
        own |= {"id": f"city_{number:06d}_000019_leftImg8bit", "mean_iou": round(rng.random(), 4)}
        score["images"].append({**first, **own, "image": None, "label": "gone.png"})
    score["confusion"] = matrix.tolist()


def test_10_000_images_of_150_classes_fit_into_15_mb(change_score, run_folder):
    """Without their pictures, of which a page holds a fixed number."""
    change_score(lambda score: many(score, 10_000, 150, 24))
    page = report(ReportConfig(run_folder))
    assert page.stat().st_size < 11_000_000
    assert "<code>--assets</code> writes the pictures of all" in page.read_text()
    pictures = 16 * 3 * 80_000  # of 640 x 480 pixels, as base64
    assert page.stat().st_size + pictures < 15_000_000


def test_a_confusion_keeps_the_images_with_the_most_of_it(change_score, score_path):
    """50 of 80, in order, and how many there are."""
    change_score(lambda score: many(score, 80, 2, 3))
    source = read_source(score_path)
    images = source.score.images
    cells = image_data(source.score, Cells(images, 2))["cells"]
    pixels = [sum(n for t, p, n in image.confusion if (t, p) == (0, 1)) for image in images]
    kept = np.frombuffer(base64.b64decode(cells["images"]), "<u2")[: cells["ends"][0]]
    assert (cells["keys"][0], len(kept)) == (1, min(MOST_A_CELL, np.count_nonzero(pixels)))


def test_assets_have_names_of_ours_and_replace_only_what_is_ours(change_score, run_folder):
    """Never that of an image, which may be anything."""

    def rename(score):
        score["images"][0]["id"] = "../../<b>"

    change_score(rename)
    page = report(ReportConfig(run_folder, assets=True))
    names = {path.name for path in (run_folder / "report_files").iterdir()}
    assert names == {"pixelwise-report.txt"} | {
        f"{k}{end}" for k in range(10) for end in (".jpg", "-s.jpg", ".css")
    }
    assert "img-src data: 'self'; style-src 'unsafe-inline' 'self'; script-src" in page.read_text()
    assert report(ReportConfig(run_folder, assets=True)) == page
    (run_folder / "report_files/pixelwise-report.txt").unlink()
    with pytest.raises(RunError, match="out must be made by report"):
        report(ReportConfig(run_folder, assets=True))
