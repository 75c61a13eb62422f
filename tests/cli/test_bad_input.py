"""Bad data and settings: exit code 2 with one line, and nothing is left half-written."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cli.calls import call, fails, train_words
from make import make_dataset, write_stored


def files_below(folder):
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in folder.rglob("*")}


def test_an_empty_folder(tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    fails(capsys, "empty", "init", empty)
    fails(capsys, "dataset.toml", "train", empty)
    assert list(empty.iterdir()) == []


@pytest.fixture
def broken(data, tmp_path):
    """A copy of the data to break."""
    return shutil.copytree(data, tmp_path / "data")


def training_fails(capsys, broken, message, *more):
    before = files_below(broken)
    fails(capsys, message, *train_words(broken, broken.parent / "run", *more))
    assert files_below(broken) == before
    assert not (broken.parent / "run").exists()


def test_an_image_without_a_label(broken, capsys):
    (broken / "train" / "labels" / "03.png").unlink()
    training_fails(capsys, broken, "every image must have a label, got 1 without")


def test_a_label_without_an_image(broken, capsys):
    (broken / "train" / "images" / "03.png").unlink()
    training_fails(capsys, broken, "every label must have an image, got 1 without")


def test_two_images_with_one_stem(broken, capsys):
    images = broken / "train" / "images"
    Image.open(images / "03.png").save(images / "03.bmp")
    training_fails(capsys, broken, "one file for each id")


def test_sizes_that_differ(broken, capsys):
    path = broken / "val" / "labels" / "06.png"
    Image.open(path).resize((20, 10)).save(path)
    training_fails(capsys, broken, "06.png: size must be 33x47 (height x width)")


def test_a_colour_label(broken, capsys):
    path = broken / "train" / "labels" / "03.png"
    Image.open(path).convert("RGB").save(path)
    training_fails(capsys, broken, "color_to_index")


def test_a_jpeg_label(broken, capsys):
    path = broken / "train" / "labels" / "03.png"
    Image.open(path).convert("L").save(path.with_suffix(".jpg"))
    path.unlink()
    training_fails(capsys, broken, "stored without loss")


def test_a_truncated_label(broken, capsys):
    path = broken / "train" / "labels" / "03.png"
    path.write_bytes(path.read_bytes()[:-60])
    training_fails(capsys, broken, "03.png")


def test_an_index_that_is_no_class(broken, capsys):
    write_stored(broken / "train" / "labels" / "03.png", np.full((37, 47), 77))
    training_fails(capsys, broken, "got 77 (1,739 pixels, first at y=0 x=0)")


def test_void_that_is_not_declared(broken, capsys):
    text = (broken / "dataset.toml").read_text().replace("ignore_values = [11]\n", "")
    (broken / "dataset.toml").write_text(text)
    training_fails(capsys, broken, "Is 11 the void value? Add it to ignore_values")


def test_an_unknown_key_in_dataset_toml(broken, capsys):
    path = broken / "dataset.toml"
    path.write_text(path.read_text().replace("ignore_values", "ignored_values"))
    training_fails(capsys, broken, "ignored_values")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "dicee"], "Did you mean 'dice'?"),
        (["--loss", "ce+"], "a sum of losses"),
        (["--network", "unet:resnet19"], "Did you mean resnet"),
        (["--class-weights", "median"], "--class-weights must be one of none, inverse"),
        (["--train-split", "tran"], "got 'tran'"),
        (["--lr", "-1"], "--lr must be > 0"),
    ],
)
def test_an_unknown_loss_network_method_or_split(broken, capsys, words, message):
    training_fails(capsys, broken, message, *words)


def test_softmax_with_one_channel(tmp_path, capsys):
    binary = make_dataset(tmp_path / "data", binary=True)
    training_fails(capsys, binary, "Use bce in place of ce", "--loss", "ce")


def test_a_gpu_that_is_not_there(broken, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    training_fails(capsys, broken, "this machine has no GPU that torch can use", "--device", "cuda")


def test_a_loss_that_becomes_nan(data, tmp_path, capsys):
    words = ["--lr", "1e30", "--clip", "none", "--epochs", "9"]
    fails(capsys, "must be finite, got", *train_words(data, tmp_path / "run", *words))


def test_an_output_folder_that_exists(data, run, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    before = files_below(tmp_path)
    fails(capsys, "a new or empty folder", *train_words(data, tmp_path))
    fails(capsys, "a new or empty folder", "predict", run, "--out", tmp_path)
    fails(capsys, "not replaced", "predict", run, "--out", tmp_path, "--overwrite")
    fails(capsys, "a new or empty folder", "demo", "--out", tmp_path)
    fails(capsys, "not replaced", "demo", "--out", tmp_path, "--overwrite")
    assert files_below(tmp_path) == before


def test_class_names_with_markup_stay_text(tmp_path, capsys):
    """<script> in a class name goes through training and comes out escaped in the report."""
    names = ("<script>alert(1)</script>", "a&b", "c\x1b[31m")
    data = make_dataset(tmp_path / "data", names=names[:2])
    assert call(*train_words(data, tmp_path / "run")) == 0
    assert call("predict", tmp_path / "run") == 0
    assert call("score", tmp_path / "run" / "predictions" / "val") == 0
    assert names[0] in capsys.readouterr().out
    assert call("report", tmp_path / "run", "--out", tmp_path / "report.html") == 0
    page = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_control_characters_do_not_reach_the_terminal():
    from pixelwise.text import text_table

    assert text_table([["c\x1b[31m", "1"]]) == "c?[31m  1"
