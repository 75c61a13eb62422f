"""The demo, with a few small steps: the files it makes, and a lesson that is its own numbers."""

import json
import subprocess
import sys

import pytest

from pixelwise.cli import main

WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from pixelwise.cli import main
sys.exit(main(["demo"]))
"""


@pytest.mark.parametrize("package", ["torch", "lightning_fabric"])
def test_without_what_training_needs_the_demo_draws_nothing(package, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, package],
        capture_output=True, cwd=tmp_path, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert done.stderr == (
        f"pixelwise: demo: the package {package} is not installed. "
        "Install it with: pip install 'pixelwise[train]'\n"
    )


def test_the_demo_compares_two_losses_on_the_same_scenes(tmp_path, capsys):
    """Everything it prints is in the score.json files that it points to."""
    out = tmp_path / "demo"
    words = ["--train", "8", "--val", "2", "--epochs", "1"]
    assert main(["demo", "--out", str(out), *words]) == 0
    text = capsys.readouterr().out
    assert f"report: {out / 'report.html'}" in text
    lesson = json.loads((out / "lesson.json").read_text())
    configs = {}
    for loss in ("ce", "ce+dice"):
        score = json.loads((out / loss / "predictions" / "val" / "score.json").read_text())
        assert lesson["mean_iou"][loss] == score["scores"]["mean_iou"]
        ious = [entry["iou"] for entry in score["per_class"]]
        assert [entry["iou"][loss] for entry in lesson["classes"]] == ious
        configs[loss] = json.loads((out / loss / "config.json").read_text())["config"]
    differing = {key for key in configs["ce"] if configs["ce"][key] != configs["ce+dice"][key]}
    assert differing == {"loss", "out"}
    page = (out / "report.html").read_text()
    assert "ce+dice" in page
    assert main(["demo", "--out", str(out), "--overwrite", *words]) == 0
