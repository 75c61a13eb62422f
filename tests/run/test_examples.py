"""RUN/examples: pictures of the very crops of the first steps, on the page of the run."""

import json

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from make import make_dataset, train_settings
from pixelwise.errors import RunError
from pixelwise.labels.classes import Classes
from pixelwise.logs.example_pictures import label_over
from pixelwise.report.seen import seen

CLASSES = Classes(["ground", "disc"], colors=[(10, 20, 30), (200, 100, 0)])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    data = make_dataset(folder / "<b>data")
    changes = {"copy_paste": 1.0, "crop": (32, 64), "batch": 3, "epochs": 2}
    return pw.train(**train_settings(data, folder / "run", **changes))


def test_the_examples_are_those_of_epoch_1_in_their_order(run):
    """The image is what the network was given, to the bit."""
    config = json.loads((run / "config.json").read_text())["config"]
    order = np.random.default_rng((config["seed"], 0)).permutation(6)
    listed = json.loads((run / "examples" / "examples.json").read_text())
    assert listed["schema"] == "pixelwise.examples/1"
    assert [one["id"] for one in listed["examples"]] == [f"{i:02}" for i in order]
    assert all(one["pasted"] for one in listed["examples"])
    names = {f"{n}-{what}.png" for n in range(1, 7) for what in ("image", "label")}
    assert {p.name for p in (run / "examples").iterdir()} == names | {"examples.json"}
    for name in names:
        assert np.array(Image.open(run / "examples" / name)).shape == (32, 64, 3)


def test_another_run_with_these_settings_has_the_same_pictures(run, tmp_path):
    config = json.loads((run / "config.json").read_text())["config"]
    names = ("copy_paste", "crop", "batch", "data")
    same = {name: config[name] for name in names} | {"crop": tuple(config["crop"])}
    again = pw.train(**(train_settings(None, tmp_path / "again") | same))
    for file in (run / "examples").iterdir():
        assert file.read_bytes() == (again / "examples" / file.name).read_bytes()


def test_void_is_striped_and_a_class_has_its_colour():
    image = np.full((8, 12, 3), 100, np.uint8)
    target = np.array([[0, 1, 255], [1, 1, 255]])
    shown = label_over(image, target, CLASSES)
    assert shown[:4, :4].reshape(-1, 3).tolist() == [[46, 52, 58]] * 16
    assert shown[4:, :8].reshape(-1, 3).tolist() == [[160, 100, 40]] * 32
    stripes = {tuple(color) for color in shown[:, 8:].reshape(-1, 3).tolist()}
    assert stripes == {(150, 156, 163), (198, 202, 207)}


def test_of_classes_that_overlap_void_is_striped_where_no_class_is():
    image = np.full((4, 16, 3), 100, np.uint8)
    classes = Classes(["ground", "disc"], files=("ground", "disc"))
    target = np.array([[[1, 1, 0, 255]], [[0, 255, 0, 0]]], np.uint8)
    shown = label_over(image, target, classes)
    stripes = {(150, 156, 163), (198, 202, 207)}
    assert {tuple(color) for color in shown[:, 12:].reshape(-1, 3).tolist()} == stripes
    assert not stripes & {tuple(color) for color in shown[:, :12].reshape(-1, 3).tolist()}
    assert (shown[:, 9:11] == 100).all()


def test_the_page_of_a_run_shows_them_in_one_file(run):
    pw.predict(run, device="cpu")
    pw.score(run / "predictions" / "val")
    page = pw.report(run).read_text()
    section = page.partition('<h2 id="seen">')[2].partition("</section>")[0]
    assert section.count('<img src="data:image/jpeg;base64,') == 12
    assert "http" not in section
    folder = run / "examples"
    text = (folder / "examples.json").read_text()
    (folder / "examples.json").write_text(text.replace('"00"', '"<script>x</script>"'))
    (folder / "1-image.png").unlink()
    (folder / "1-image.png").symlink_to(run / "examples" / ".." / "config.json")
    (folder / "2-label.png").write_bytes(b"no image")
    try:
        page = pw.report(run).read_text()
    finally:
        (folder / "examples.json").write_text(text)
    section = page.partition('<h2 id="seen">')[2].partition("</section>")[0]
    assert section.count("<img") == 10
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in section
    assert "is not in a folder of this score" in section


def test_a_run_without_them_has_no_section_and_a_damaged_list_is_one_sentence(tmp_path):
    assert seen([tmp_path, tmp_path / "none"]) == {"seen": []}
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "examples.json").write_text('{"schema": "other"}')
    with pytest.raises(RunError, match=r"examples\.json: schema must be 'pixelwise\.examples/1'"):
        seen([tmp_path])
