"""A page shows pictures of its score, predictions and dataset, whatever a score.json names."""

import os

import numpy as np
import pytest
from PIL import Image

from pixelwise.cli.entry import main
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import report
from pixelwise.report.reach import reach
from pixelwise.score.record import DataSplit


def page_of(score_path, tmp_path):
    return report(ReportConfig(score_path, out=tmp_path / "page.html")).read_text("utf-8")


def secret_in(folder):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(folder / "secret.png")
    return folder / "secret.png"


@pytest.mark.parametrize("how", ["absolute", "relative", "link", "link to a folder"])
@pytest.mark.parametrize("part", ["image", "label", "prediction"])
def test_a_picture_from_elsewhere_becomes_a_sentence(change_score, tmp_path, how, part):
    secret = secret_in(tmp_path / "elsewhere")
    beside = tmp_path / "runs/ce/predictions/val"
    (beside / "link.png").symlink_to(secret)
    (beside / "folder").symlink_to(secret.parent)
    name = {
        "absolute": str(secret),
        "relative": os.path.relpath(secret, beside),
        "link": "link.png",
        "link to a folder": "folder/secret.png",
    }[how]

    def edit(score):
        for image in score["images"]:
            image[part] = name

    page = page_of(change_score(edit), tmp_path)
    assert f"The file {name} is not in a folder of this score, so it is not shown." in page


@pytest.mark.parametrize("folder", ["/", "/etc", "/home", "/home/somebody", "/tmp"])
def test_a_folder_that_holds_everything_is_not_taken_for_the_dataset(tmp_path, folder):
    score, secret = tmp_path / "score", secret_in(tmp_path / "elsewhere")
    for dataset, predictions in ((folder, "."), (str(tmp_path / "data"), folder)):
        may_show = reach(score, (predictions,), DataSplit(dataset, "val"))
        assert not may_show(str(secret), "secret")
        assert not may_show("/etc/passwd", "passwd")


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_folder_that_can_have_no_such_name_reaches_nothing(change_score, tmp_path, name):
    def edit(score):
        score["dataset"]["path"] = score["predictions"] = name
        score["images"][0]["image"] = str(secret_in(tmp_path / "elsewhere"))

    page = page_of(change_score(edit), tmp_path)
    assert "is not in a folder of this score, so it is not shown." in page


@pytest.mark.parametrize("name", ["score.json", "calibration.json", "metrics.jsonl"])
def test_a_pipe_in_the_place_of_a_result_is_not_waited_for(score_path, run_folder, tmp_path, name):
    place = run_folder / name if name == "metrics.jsonl" else score_path.parent / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    assert main(["report", str(run_folder), "--out", str(tmp_path / "page.html")]) in (0, 2)
    assert main(["report", str(place), "--out", str(tmp_path / "page.html")]) == 2


def test_a_picture_that_is_a_pipe_becomes_a_sentence(score_path, tmp_path):
    for path in score_path.parent.glob("*.png"):
        path.unlink()
        os.mkfifo(path)
    assert "is not there." in page_of(score_path, tmp_path)


@pytest.mark.parametrize("out", ["file/page.html", "file/deep/page.html", "x" * 300])
def test_a_page_that_cannot_be_written_is_one_sentence(score_path, tmp_path, out, capsys):
    (tmp_path / "file").write_text("no folder")
    assert main(["report", str(score_path), "--out", str(tmp_path / out)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("pixelwise: ")
