"""The pages of scores and comparisons whose classes overlap, from planted predictions."""

import json
import re

import numpy as np
import pytest

import pixelwise as pw
from make import make_dataset, write_stored
from overlapping import make_set
from pixelwise.errors import RunError
from pixelwise.labels.description import read_description
from pixelwise.labels.overlap.members import read_members, write_members


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Two predictions of val: a is the label with a band missing, b the label itself."""
    folder = tmp_path_factory.mktemp("members")
    data = make_set(folder / "data", train=1, val=4)
    description = read_description(data)
    for pair in description.pairs("val"):
        members = read_members(pair, description.classes)
        write_members(folder / "b", pair.id, members, description.classes)
        members[:, 20:30][members[:, 20:30] == 1] = 0
        write_members(folder / "a", pair.id, members, description.classes)
    about = {"data": str(data), "split": "val", "threshold": [0.25, 0.75]}
    about["thresholds_from"] = {"split": "val", "same_images": True}
    (folder / "a" / "prediction.json").write_text(json.dumps(about))
    (folder / "b" / "prediction.json").write_text(json.dumps({**about, "threshold": 0.5}))
    return folder


def test_the_page_has_scores_thresholds_decisions_and_pictures_of_each_class(scored):
    score = pw.score(scored / "a")
    assert score.thresholds.values == (0.25, 0.75)
    assert "on these very images: the scores are optimistic" in score.text()
    page = pw.report(scored / "a").read_text()
    for row in score.per_class:
        assert f"{100 * row.scores['iou']:.1f}" in page
        assert f"{row.confusion[1][0]:,}".replace(",", "\u202f") in page
    assert "0.25" in page
    assert "on these very images" in page
    assert page.count("<article") == 4
    assert page.count("<tr data-worst=") == 4
    pictures = re.findall(r'<img src="data:image/\w+;base64', page)
    assert len(pictures) == 4 * 4
    assert "has one class a pixel" not in page


def test_a_comparison_of_two_is_paired_over_images(scored):
    pw.score(scored / "a")
    found = pw.score(scored / "a", versus=scored / "b")
    assert found.mean_iou.b == 1
    assert found.mean_iou.clear
    assert found.mean_iou.a == pw.score(scored / "a").mean_iou
    assert found.mean_iou.low <= found.mean_iou.difference <= found.mean_iou.high
    assert [image.difference for image in found.images] == sorted(
        (image.difference for image in found.images), reverse=True
    )
    page = pw.report(scored / "b").read_text()
    assert page.count("<article") == 4
    assert len(re.findall(r'<img src="data:', page)) == 20
    (scored / "b" / "comparison.json").unlink()


def test_two_scores_stand_side_by_side_and_none_of_another_kind(scored, tmp_path):
    pw.score(scored / "a")
    pw.score(scored / "b")
    page = pw.report(scored / "a", out=tmp_path / "page.html", compare=[scored / "b"]).read_text()
    assert "Side by side" in page
    data = make_dataset(tmp_path / "data")
    labels = data / "val" / "labels"
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in labels.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    pw.score(copy, data=data)
    with pytest.raises(RunError, match="scores of classes that overlap stand beside no others"):
        pw.report(scored / "a", out=tmp_path / "x.html", compare=[copy])
    with pytest.raises(RunError, match="scores of classes that overlap stand beside no others"):
        pw.report(copy, out=tmp_path / "x.html", compare=[scored / "a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["per_class"][0].update(iou=1.5), "must be within 0..1"),
        (lambda c: c["per_class"][0].update(name="x"), "names of classes"),
        (lambda c: c["per_class"][1].update(confusion=[[1, 2]]), "2 x 2 table of each class"),
        (lambda c: c["images"][0].update(iou=[0.5]), "one label and one iou a class"),
        (lambda c: c["thresholds"].update(values=[0.5]), "one value a class"),
        (lambda c: c.update(schema="pixelwise.multilabel_score/1"), "pixelwise score"),
    ],
)
def test_a_score_that_contradicts_itself_is_refused(scored, tmp_path, change, message):
    pw.score(scored / "a")
    content = json.loads((scored / "a" / "score.json").read_text())
    change(content)
    (tmp_path / "score.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match=message):
        pw.report(tmp_path)


def test_files_that_are_gone_or_elsewhere_are_sentences(scored, tmp_path):
    pw.score(scored / "a")
    content = json.loads((scored / "a" / "score.json").read_text())
    outside = tmp_path / "outside.png"
    write_stored(outside, np.zeros((48, 64), np.uint8))
    content["images"][0]["labels"][0] = str(outside)
    content["images"][1]["prediction"] = "gone/{class}/x.png"
    folder = scored / "a" / "changed"
    folder.mkdir(exist_ok=True)
    (folder / "score.json").write_text(json.dumps({**content, "predictions": str(scored / "a")}))
    page = pw.report(folder / "score.json", out=tmp_path / "page.html").read_text()
    assert "is not in a folder of this score, so it is not shown" in page
    assert "gone/disc/x.png is not there" in page or "gone/disc/x.png is not in a folder" in page
