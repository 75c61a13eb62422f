"""What to label next: the images that a network is least sure of, no two almost the same."""

import json

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from make import draw, make_dataset, train_settings, write_image
from overlapping import make_set
from pixelwise.audit.image_rules import look_at
from pixelwise.cli.entry import main
from pixelwise.errors import ArgumentError, RunError
from pixelwise.labels.png import read_label
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.members import find_members
from pixelwise.selection import command
from pixelwise.selection.command import Candidate, choose, next_images
from pixelwise.selection.config import NextConfig
from pixelwise.selection.record import NextImage


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return pw.train(**train_settings(make_dataset(folder / "data"), folder / "run", epochs=2))


@pytest.fixture
def pool(tmp_path):
    """Five images, of which one is there twice, and one almost."""
    folder = tmp_path / "pool"
    folder.mkdir()
    for number in range(5):
        write_image(folder / f"{number}.png", draw(number, (64, 80))[0])
    (folder / "1-again.png").write_bytes((folder / "1.png").read_bytes())
    lighter = np.asarray(Image.open(folder / "2.png")).astype(int) + 1
    write_image(folder / "2-lighter.png", lighter.clip(0, 255).astype(np.uint8))
    return folder


def candidate(id, gain, seed):
    image = np.random.default_rng(seed).integers(0, 255, (9, 9, 3), dtype=np.uint8)
    large = image.repeat(8, 0).repeat(8, 1)
    return Candidate(NextImage(id, f"{id}.png", gain, 0.0, ()), look_at(large))


def test_images_are_ordered_by_the_mean_of_one_less_the_margin(run, pool, tmp_path):
    found = next_images(run, images=pool, alike=True)
    beside = pw.predict(run, images=pool, out=tmp_path / "out", confidence="margin")
    margins = {p.stem: read_label(p) / 255 for p in (beside / "confidence").glob("*.png")}
    assert {one.id: one.gain for one in found.chosen} == pytest.approx(
        {id: 1 - margin.mean() for id, margin in margins.items()}
    )
    gains = [one.gain for one in found.chosen]
    assert gains == sorted(gains, reverse=True)
    assert found.chosen[0].unsure == pytest.approx((margins[found.chosen[0].id] < 0.5).mean())


def test_of_images_that_are_almost_the_same_one_is_chosen(run, pool):
    found = next_images(run, images=pool, budget=50)
    assert len(found.chosen) == 5
    assert {frozenset((one.id, one.like)) for one in found.near} == {
        frozenset(("1", "1-again")),
        frozenset(("2", "2-lighter")),
    }


def test_the_budget_is_kept_and_the_first_one_of_a_kind_is_taken():
    pool = [candidate("a", 0.1, 0), candidate("b", 0.5, 1), candidate("c", 0.4, 1)]
    chosen, near = choose([*pool, candidate("d", 0.2, 2)], 2)
    assert [one.id for one in chosen] == ["b", "d"]
    assert [(one.id, one.like) for one in near] == [("c", "b")]
    assert [one.id for one in choose(pool, 2, alike=True)[0]] == ["b", "c"]


def test_images_without_structure_are_alike_if_they_are_equal():
    grey, black = (np.full((20, 20, 3), value, np.uint8) for value in (100, 0))
    assert look_at(grey).is_near(look_at(grey.copy()))
    assert not look_at(grey).is_near(look_at(black))


def test_the_command_prints_reasons_and_writes_ids(run, pool, tmp_path, capsys):
    out = tmp_path / "next.txt"
    words = ["next", str(run), "--images", str(pool), "--budget", "2", "--out", str(out)]
    assert main(words) == 0
    shown = capsys.readouterr().out
    ids = out.read_text().split()
    assert len(ids) == 2
    assert all(id in shown for id in ids)
    assert "2 of 7 images, least sure first" in shown
    assert main([*words, "--overwrite", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema"] == "pixelwise.next/1"
    assert [one["id"] for one in content["chosen"]] == ids
    with pytest.raises(RunError, match=r"out must be a new file, got .*next\.txt"):
        next_images(run, images=pool, out=out)


def test_an_image_that_cannot_be_read_is_named_and_the_others_are_ordered(run, pool, capsys):
    (pool / "3.png").write_bytes(b"not an image")
    assert main(["next", str(run), "--images", str(pool)]) == 1
    shown = capsys.readouterr()
    assert "1 image could not be looked at" in shown.err
    assert "not looked at" in shown.out


def test_a_temperature_changes_gains(run, pool):
    plain, fitted = (next_images(run, images=pool, temperature=t) for t in (1.0, 3.0))
    assert fitted.chosen[0].gain > plain.chosen[0].gain
    auto = next_images(run, images=pool, temperature="auto")
    kept = json.loads((run / "temperature.json").read_text())
    assert auto.temperature == kept["temperature"]


def test_what_cannot_be_ordered_is_refused(run, tmp_path):
    with pytest.raises(ArgumentError, match="images is needed"):
        NextConfig(run)
    data = make_set(tmp_path / "data", train=2, val=1)
    overlap = pw.train(**train_settings(data, tmp_path / "run"))
    images = tmp_path / "images"
    images.mkdir()
    write_image(images / "a.png", draw(0, (33, 47))[0])
    with pytest.raises(ArgumentError, match="one class a pixel, and the classes of this run over"):
        next_images(overlap, images=images)


def test_errors_of_what_a_prediction_does_too_name_next(run, pool, tmp_path, monkeypatch):
    """As of the folds of a cross-validation on several datasets, where no temperature is fitted."""
    other = pw.train(**train_settings(make_dataset(tmp_path / "other"), tmp_path / "run"))
    members = find_members(PredictConfig((run, other)), print)
    monkeypatch.setattr(command, "find_members", lambda *_: members)
    with pytest.raises(ArgumentError, match=r"^next: the networks were trained on different data"):
        next_images(run, images=pool, temperature="auto")


def test_a_dataset_is_refused_without_options_of_predict(run, tmp_path):
    with pytest.raises(ArgumentError, match=r"its labels\. Give the folder of its images\.$"):
        next_images(run, images=make_dataset(tmp_path / "data"))


def test_a_line_break_in_an_id_is_refused_where_ids_are_lines(run, tmp_path):
    images = tmp_path / "images"
    write_image(images / "a\nb.png", draw(0, (33, 47))[0])
    with pytest.raises(RunError, match=r"one image a line, and there is a line break in 'a"):
        next_images(run, images=images, out=tmp_path / "ids.txt")
    assert not (tmp_path / "ids.txt").exists()


def test_a_folder_is_not_replaced_by_a_file_and_that_is_said_first(tmp_path):
    with pytest.raises(RunError, match=r"out must be a file, got .*, which is a folder"):
        next_images("run", images=tmp_path, out=tmp_path, overwrite=True)
