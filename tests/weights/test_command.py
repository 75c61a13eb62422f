"""pixelwise weights: hand-computed numbers, files written, images that one class fills."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from make import VOID, make_dataset, write_image, write_stored, write_toml
from pixelwise.cli import main
from pixelwise.errors import ArgumentError, DatasetError, LabelError
from pixelwise.labels.description import read_description
from pixelwise.plan.config import TrainConfig
from pixelwise.weights.command import weigh
from pixelwise.weights.config import WeightsConfig
from pixelwise.weights.file import read_weights
from pixelwise.weights.formulas import METHODS

# stored values: 0 ground, 128 disc, 7 bar, 11 void; 20 pixels each
LABELS = {
    "a": [0] * 12 + [128] * 6 + [VOID] * 2,
    "b": [0] * 18 + [7] * 2,
    "c": [VOID] * 20,
    "d": [128] * 19 + [VOID],
}


def draw(folder, names):
    for split in ("train", "val"):
        for name in names:
            stored = np.array(LABELS[name], np.uint8).reshape(4, 5)
            write_stored(folder / split / "labels" / f"{name}.png", stored)
            write_image(folder / split / "images" / f"{name}.png", np.zeros((4, 5, 3), np.uint8))
    write_toml(folder, ("ground", "disc", "bar"))
    return folder


@pytest.fixture
def two(tmp_path):
    """Pixels (30, 6, 2) in images of (38, 18, 20) valid pixels."""
    return draw(tmp_path / "two", "ab")


@pytest.fixture
def four(tmp_path):
    return draw(tmp_path / "four", "abcd")


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("inverse", [38 / 90, 38 / 18, 38 / 6]),
        ("median_frequency", [(6 / 18) / (30 / 38), 1, (6 / 18) / (2 / 20)]),
        ("enet", [1 / math.log(1.02 + n / 38) for n in (30, 6, 2)]),
    ],
)
def test_the_weights_are_those_computed_by_hand(two, method, expected):
    """Each formula on pixels (30, 6, 2) in images of (38, 18, 20) valid pixels."""
    weighing = weigh(WeightsConfig(two, method=method))
    np.testing.assert_allclose(weighing.by_method[method].weights, expected)
    assert weighing.counts.pixels.tolist() == [30, 6, 2]
    assert weighing.counts.image_pixels.tolist() == [38, 18, 20]
    assert (weighing.counts.ignored, weighing.counts.files) == (2, 2)


def effective(beta):
    raw = np.array([(1 - beta) / (1 - beta**n) for n in (30, 6, 2)])
    return raw / raw.mean()


def test_beta_goes_to_the_effective_number_alone(two):
    """(1 - beta) / (1 - beta^n), mean 1, beta = (N - 1) / N unless given."""
    with_beta = weigh(WeightsConfig(two, beta=0.5)).by_method
    without = weigh(WeightsConfig(two)).by_method
    np.testing.assert_allclose(with_beta["effective_number"].weights, effective(0.5))
    np.testing.assert_allclose(without["effective_number"].weights, effective(37 / 38))
    assert list(with_beta) == list(METHODS)
    assert with_beta["enet"] == without["enet"]


def test_the_table_shows_counts_shares_and_every_method(two, capsys):
    """What a person reads."""
    assert main(["weights", str(two)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "train: 2 images, 38 valid pixels, void 5.00%"
    assert lines[2].split() == ["class", "pixels", "share", "images", *METHODS]
    assert lines[3].split()[:6] == ["ground", "30", "78.95%", "2", "0.4222", "0.4222"]
    assert lines[5].split()[:6] == ["bar", "2", "5.26%", "1", "6.333", "3.333"]
    # its weights differ least
    assert f"  pixelwise train {two} --class-weights median_frequency" in lines


def test_workers_change_no_result(two, tmp_path):
    """Two processes write the same bytes, command included."""
    words = ["weights", str(two), "--method", "enet", "--out", str(tmp_path / "w.json")]
    assert main(words) == 0
    alone = (tmp_path / "w.json").read_bytes()
    assert main([*words, "--workers", "2"]) == 0
    assert (tmp_path / "w.json").read_bytes() == alone


def test_the_file_says_how_the_weights_came_about_and_is_the_same_twice(two, tmp_path):
    """Schema, counts, formula, method, weights and command."""
    config = WeightsConfig(two, method="inverse", out=tmp_path / "w.json")
    weigh(config)
    first = config.out.read_bytes()
    weigh(config)
    assert config.out.read_bytes() == first
    content = json.loads(first)
    assert content["schema"] == "pixelwise.weights/1"
    assert content["classes"]["names"] == ["ground", "disc", "bar"]
    assert content["counts"]["pixels"] == [30, 6, 2]
    assert (content["method"], content["formula"]) == ("inverse", "N / (C n)")
    assert content["command"] == f"pixelwise weights {two} --method inverse --out {config.out}"
    assert content["weights"] == pytest.approx([38 / 90, 38 / 18, 38 / 6])
    assert read_weights(config.out, ("ground", "disc", "bar")) == tuple(content["weights"])


def printed_command(err):
    """The words behind "For example:", without the name of the program."""
    return err.strip().rpartition("For example: pixelwise ")[2].rstrip(".").split()


def test_weights_are_shown_with_0_for_a_class_without_a_pixel_and_it_is_asked(tmp_path, capsys):
    """Exit code 2; nothing is written; the command that is printed works."""
    folder, out = draw(tmp_path / "one", "a"), tmp_path / "w.json"
    assert main(["weights", str(folder), "--method", "enet", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    bar = next(line.split() for line in shown.out.splitlines() if line.startswith("bar"))
    assert (bar[1], float(bar[-1])) == ("0", 0.0)
    assert "split train: no pixel is bar. Say what such a class weighs: --zero zero" in shown.err
    assert not out.exists()
    assert main(printed_command(shown.err)) == 0
    assert read_weights(out, ("ground", "disc", "bar"))[2] == 0


def test_what_is_shown_before_the_question_may_be_json(tmp_path, capsys):
    """With the weights of all methods."""
    folder = draw(tmp_path / "one", "a")
    assert main(["weights", str(folder), "--json"]) == 2
    by_method = json.loads(capsys.readouterr().out)["by_method"]
    assert {row["weights"][2] for row in by_method.values()} == {0.0}


def test_train_asks_in_the_same_words_and_takes_the_same_option(tmp_path, monkeypatch, capsys):
    """The command of weights that trains, and that of train itself, can be followed."""
    folder = draw(tmp_path / "one", "a")
    monkeypatch.chdir(tmp_path)
    assert main(["weights", str(folder), "--zero", "max"]) == 0
    advised = [line for line in capsys.readouterr().out.splitlines() if " train " in line]
    assert advised[-1].endswith("--class-weights effective_number --zero max")
    train = ["train", str(folder), "--network=small", "--epochs=1", "--device=cpu", "--workers=0"]
    train += ["--batch=1", "--crop", "32", "32"]
    for path in folder.rglob("*.png"):  # no network takes images of 4 x 5 pixels
        Image.open(path).resize((40, 32), Image.Resampling.NEAREST).save(path)
    assert main([*train, "--class-weights", "median_frequency"]) == 2
    err = capsys.readouterr().err
    assert "no pixel of split train is bar. Say what such a class weighs: --zero zero (noth" in err
    assert "--zero zero" in " ".join(printed_command(err))
    assert main(printed_command(err)) == 0


def test_train_takes_zero_only_with_a_method():
    """A file says what each class weighs."""
    with pytest.raises(ArgumentError, match="class_weights must be a method if zero is given"):
        TrainConfig("data", zero="max")


@pytest.mark.parametrize(("zero", "weight"), [("zero", 0.0), ("max", 38 / 12)])
def test_a_class_without_a_pixel_needs_a_decision(tmp_path, zero, weight):
    """The error names the class and both ways out; with one of them it is done."""
    folder = draw(tmp_path / "one", "a")
    write_stored(folder / "train/labels/a.png", np.array([[0] * 32 + [7] * 6], np.uint8))
    with pytest.raises(ArgumentError, match=r'split train: no pixel is disc\. .* zero="zero"'):
        weigh(WeightsConfig(folder))
    weights = weigh(WeightsConfig(folder, method="inverse", zero=zero)).weights
    np.testing.assert_allclose(weights, [38 / 64, weight, 38 / 12])


def test_images_that_one_class_fills_are_listed_fullest_first(four, capsys):
    """All void, then 19 of 19 pixels, then 18 of 20; void never counts."""
    assert main(["weights", str(four), "--drop-background", "0.9", "--json"]) == 0
    filled = json.loads(capsys.readouterr().out)["filled"]
    assert filled == [
        {"id": "c", "name": None, "share": 1.0},
        {"id": "d", "name": "disc", "share": 1.0},
        {"id": "b", "name": "ground", "share": 0.9},
    ]


def test_the_kept_list_makes_a_split_of_the_other_images(four, capsys):
    """The two lines that are printed do what they promise, and nothing of the user is edited."""
    toml = four / "dataset.toml"
    before = toml.read_text()
    words = ["weights", four, "--drop-background", 0.95, "--keep-list", four / "kept.txt"]
    assert main([str(word) for word in words]) == 0
    out = capsys.readouterr().out
    assert '\n[splits.train]\nlist = "kept.txt"\n' in out
    assert toml.read_text() == before
    assert (four / "kept.txt").read_text() == "a\nb\n"
    toml.write_text(before.replace("[splits.train]", '[splits.train]\nlist = "kept.txt"'))
    assert [pair.id for pair in read_description(four).pairs("train")] == ["a", "b"]
    assert weigh(WeightsConfig(four)).counts.pixels.tolist() == [30, 6, 2]


def test_a_list_is_never_replaced_by_another(four):
    """Neither dataset.toml nor a list that a split uses; the same list again is fine."""
    config = WeightsConfig(four, drop_background=0.95, keep_list=four / "kept.txt")
    weigh(config)
    weigh(config)
    for name in ("kept.txt", "dataset.toml"):
        other = WeightsConfig(four, drop_background=0.9, keep_list=four / name)
        with pytest.raises(ArgumentError, match=r"keep_list must be a new file, got an existing"):
            weigh(other)
    assert (four / "kept.txt").read_text() == "a\nb\n"


def test_a_list_stands_in_the_folder_of_the_dataset(four, tmp_path):
    """A split cannot name a file outside of it."""
    config = WeightsConfig(four, drop_background=0.9, keep_list=tmp_path / "kept.txt")
    with pytest.raises(
        DatasetError, match=r'keep_list must be in the folder .* keep_list=".*kept\.txt"'
    ):
        weigh(config)


def test_a_list_of_nothing_is_refused(four):
    """A split needs an image."""
    config = WeightsConfig(four, drop_background=0, keep_list=four / "kept.txt")
    with pytest.raises(
        ArgumentError, match=r"no image is left for keep_list\. Choose a larger drop_background"
    ):
        weigh(config)
    assert not (four / "kept.txt").exists()


def test_a_wrong_label_is_told_and_nothing_is_written(four):
    """Also when it is the last file of all."""
    write_stored(four / "train/labels/d.png", np.full((4, 5), 99, np.uint8))
    config = WeightsConfig(four, "enet", out=four / "w.json", drop_background=0.9)
    with pytest.raises(LabelError, match=r"d\.png: stored values .* got 99 \(20 pixels"):
        weigh(config)
    assert not config.out.exists()


def test_a_binary_task_is_told_what_weighs_its_foreground(tmp_path, capsys):
    """One channel has no class weights, but pos_weight = background / foreground pixels."""
    folder = draw(tmp_path / "binary", "a")
    write_toml(folder, ("ground", "disc"), binary=True)
    assert main(["weights", str(folder)]) == 0
    assert f"pixelwise train {folder} --loss 'bce(pos_weight=2)+dice'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "medianfreq"}, "weights: method must be one of .* got 'medianfreq'"),
        ({"zero": "none"}, "weights: zero must be one of error, zero, max"),
        (
            {"out": "w.json"},
            r"weights: out holds one weight per class and needs method\. One .*; pos_weight wh",
        ),
        ({"out": "w.txt", "method": "enet"}, r"out must be a name ending in \.json, got w\.txt"),
        ({"beta": 0.9, "method": "enet"}, "beta must be used with effective_number only"),
        ({"drop_background": 98}, r"drop_background must be between 0 and 1, got 98.0. It is"),
        ({"workers": -1}, "weights: workers must be >= 0, got -1"),
        ({"keep_list": "kept.txt"}, "weights: keep_list needs drop_background"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_read(options, message):
    """One sentence each."""
    with pytest.raises(ArgumentError, match=message):
        WeightsConfig("nowhere", **options)


def test_train_takes_the_file(tmp_path, capsys):
    """Count, weigh, train: the run is made with exactly the weights of the file."""
    data = make_dataset(tmp_path / "data")
    out, run = tmp_path / "w.json", tmp_path / "run"
    assert main(["weights", str(data), "--method", "median_frequency", "--out", str(out)]) == 0
    assert f"pixelwise train {data} --class-weights {out}" in capsys.readouterr().out
    tiny = ["--network=small", "--epochs=1", "--batch=2", "--workers=0", "--device=cpu"]
    words = ["train", str(data), "--out", str(run), "--class-weights", str(out), *tiny]
    assert main(words) == 0
    about = json.loads((run / "config.json").read_text())
    assert about["class_weights"] == json.loads(out.read_text())["weights"]
    assert about["config"]["class_weights"] == str(out)
