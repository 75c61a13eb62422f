"""The examples of the page on serving, with an artefact and its own runner.py."""

import re
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw

PAGE = Path(__file__).parent.parent.parent / "docs" / "export.md"
BATCH, SERVICE = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def folder(artefact, data, tmp_path, monkeypatch):
    for name, source, files in (
        ("artefact", artefact.folder, "*"),
        ("photos", data / "val" / "images", "06.png"),
    ):
        (tmp_path / name).mkdir()
        for path in source.glob(files):
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "artefact")
    yield tmp_path
    sys.modules.pop("runner", None)


def run(code):
    names = {"__name__": "example"}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def test_the_example_of_a_folder_writes_its_labels(folder, best):
    run(BATCH)
    found = pw.read_label(folder / "labels" / "06.png")
    image = pw.read_image(folder / "photos" / "06.png")
    network = pw.load_network(best, trust=True)
    assert (found == network.classes.to_stored(network.predict(image))).all()


def test_the_example_of_a_service_answers_with_a_label(folder):
    pytest.importorskip("fastapi", reason="the package fastapi is not installed")
    pytest.importorskip("httpx", reason="the package httpx is not installed")
    from fastapi.testclient import TestClient

    served = run(SERVICE)
    client = TestClient(served["app"])
    data = (folder / "photos" / "06.png").read_bytes()
    answer = client.post("/label", content=data)
    assert answer.status_code == 200
    label = np.asarray(Image.open(BytesIO(answer.content)))
    assert (label == served["model"](pw.read_image(folder / "photos" / "06.png"))).all()
    small = BytesIO()
    Image.new("RGB", (9, 9)).save(small, "PNG")
    large = BytesIO()
    Image.new("1", (20_000, 20_000)).save(large, "PNG")
    for wrong in (small.getvalue(), b"not an image", large.getvalue()):
        assert client.post("/label", content=wrong).status_code == 422
