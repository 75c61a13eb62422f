"""The whole way in one test: eight small images, and the commands that a user types."""

import json

from make import make_dataset
from pixelwise.cli import main

TINY = ["--network=small", "--epochs=1", "--batch=2", "--workers=0", "--device=cpu"]


def test_from_label_images_to_a_report(tmp_path, monkeypatch, capsys):
    """init, train (three steps), predict, score, report: each takes what the last one wrote."""
    monkeypatch.chdir(tmp_path)
    make_dataset(tmp_path / "street", train=6, val=2)
    (tmp_path / "street" / "dataset.toml").unlink()
    (tmp_path / "street" / "classes.txt").write_text("0 ground\n128 disc\n7 bar\n11 void\n")

    assert main(["init", "street"]) == 0
    assert main(["train", "street", "--class-weights", "median_frequency", *TINY]) == 0
    assert main(["predict", "runs/street-1"]) == 0
    assert main(["score", "runs/street-1/predictions/val"]) == 0
    assert main(["report", "runs/street-1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "runs/street-1/report.html"

    lines = (tmp_path / "runs/street-1/metrics.jsonl").read_text().splitlines()
    trained = json.loads(lines[-1])
    score = json.loads((tmp_path / "runs/street-1/predictions/val/score.json").read_text())
    assert trained["step"] == 3
    assert score["scores"]["mean_iou"] == trained["val/miou"]
    assert [entry["name"] for entry in score["per_class"]] == ["ground", "disc", "bar"]
    page = (tmp_path / "runs/street-1/report.html").read_text()
    assert page.count("<img") + page.count("data:image") > 0
    assert "disc" in page
