"""The examples of the page on serving, with an artefact and its own runner.py."""

import re
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from export.networks import write_checkpoint
from make import make_dataset

PAGE = Path(__file__).parent.parent.parent / "docs" / "export.md"
BATCH, SERVICE = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    data = make_dataset(folder / "data", train=1, val=1, size=(64, 68))
    run = write_checkpoint(folder / "run", data)
    pw.export(run, out=folder / "artefact", trust=True)
    (data / "val" / "images").rename(folder / "photos")
    return folder


@pytest.fixture
def folder(made, monkeypatch):
    monkeypatch.chdir(made)
    monkeypatch.syspath_prepend(made / "artefact")
    yield made
    sys.modules.pop("runner", None)


def run(code):
    names = {"__name__": "example"}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def test_the_example_of_a_folder_writes_its_labels(folder):
    run(BATCH)
    found = pw.read_label(folder / "labels" / "01.png")
    image = pw.read_image(folder / "photos" / "01.png")
    network = pw.load_network(folder / "run", trust=True)
    assert (found == network.classes.to_stored(network.predict(image))).all()


def test_the_example_of_a_service_answers_with_a_label(folder):
    pytest.importorskip("fastapi", reason="the package fastapi is not installed")
    pytest.importorskip("httpx", reason="the package httpx is not installed")
    from fastapi.testclient import TestClient

    served = run(SERVICE)
    client = TestClient(served["app"])
    data = (folder / "photos" / "01.png").read_bytes()
    answer = client.post("/label", content=data)
    assert answer.status_code == 200
    label = np.asarray(Image.open(BytesIO(answer.content)))
    assert (label == served["model"](pw.read_image(folder / "photos" / "01.png"))).all()
    small = BytesIO()
    Image.new("RGB", (9, 9)).save(small, "PNG")
    for wrong in (small.getvalue(), b"not an image"):
        assert client.post("/label", content=wrong).status_code == 422
