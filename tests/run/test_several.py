"""Several data sets in one run: every pixel of each counts by the weight of its data set."""

import json
import os
import shutil
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from make import NAMES, STORED, VOID, make_dataset, train_settings, write_stored
from pixelwise.cli.parser import parse
from pixelwise.cli.request import make_config
from pixelwise.data.sourced import Sourced
from pixelwise.errors import ArgumentError, DatasetError, RunError
from pixelwise.plan.config import TrainConfig
from pixelwise.plan.datasets import make_datasets
from pixelwise.plan.plan import make_plan
from pixelwise.run import train as trainer
from pixelwise.run.dry_run import plan_training
from pixelwise.run.step import take_step
from pixelwise.run.train import train

pytestmark = pytest.mark.usefixtures("warm_ranks")
NETWORK = """
from torch import nn

def build(num_classes):
    layers = [nn.Conv2d(3, 16, 3, 2, 1), nn.GroupNorm(4, 16), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(16, num_classes, 3, padding=1))
"""
# the whole image, as it is
SIZE = (33, 35)
PLAIN = {"scale_jitter": (1, 1), "flip": False, "color_jitter": 0, "crop": SIZE}


@pytest.fixture(autouse=True)
def networks(tmp_path, monkeypatch):
    (tmp_path / "several_network.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def of_one_size(folder, **settings):
    """A dataset whose images have SIZE, so that a crop is the whole of one."""
    make_dataset(folder, **settings)
    for path in folder.glob("*/*/*.png"):
        with Image.open(path) as image:
            part = image.crop((0, 0, *SIZE[::-1]))
        part.save(path)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return of_one_size(tmp_path_factory.mktemp("labelled"), train=4, val=1)


@pytest.fixture(scope="module")
def copy(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies") / "pseudo"
    shutil.copytree(data, folder)
    return folder


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory):
    """Other images, of which a part is void, and classes in another order."""
    folder = of_one_size(tmp_path_factory.mktemp("pseudo"), train=9, val=1)
    for path in sorted((folder / "train" / "labels").iterdir())[4:]:
        with Image.open(path) as image:
            stored = np.array(image)
        stored[:12] = VOID
        write_stored(path, stored)
    lines = ['task = "multiclass"', f"ignore_values = [{VOID}]"]
    for name, value in reversed(list(zip(NAMES, STORED))):
        lines += ["[[classes]]", f"name = '{name}'", f"value = {value}"]
    lines += ["[splits.train]", 'images = "train/images"', 'labels = "train/labels"']
    (folder / "dataset.toml").write_text("\n".join(lines))
    return folder


def trained(data, out, **changes):
    own = {"network": "several_network:build", "optimizer": "sgd", "lr": 0.02, "epochs": 4, **PLAIN}
    run = train(TrainConfig(**train_settings(data, out, **{**own, **changes})))
    return load_file(run / "last" / "weights.safetensors")


def assert_same(found, expected):
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=2e-4, atol=2e-5)


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("loss", ["ce", "ce+dice"])
def test_a_data_set_given_twice_is_the_data_set_whatever_the_second_weighs(
    data, copy, tmp_path, loss
):
    """A loss that is a ratio of sums does not see a factor of all of them."""
    weights = {"class_weights": "median_frequency", "loss": loss}
    once = trained(data, tmp_path / "once", batch=4, **weights)
    twice = {"more_data": (f"{copy}:0.5",), "batch": 8, **weights}
    assert_same(trained(data, tmp_path / "twice", **twice), once)


def test_the_weight_decides_how_much_a_data_set_counts(data, pseudo, tmp_path):
    alone = trained(data, tmp_path / "alone", batch=4)
    start = trained(data, tmp_path / "start", batch=4, epochs=1, lr=1e-9)
    small, large = (
        trained(data, tmp_path / str(w), batch=13, more_data=(f"{pseudo}:{w}",)) for w in (1e-6, 1)
    )
    assert_same(small, alone)
    moved = max((alone[name] - start[name]).abs().max() for name in alone)
    apart = max((large[name] - alone[name]).abs().max() for name in alone)
    assert apart > 0.05 * moved


@pytest.mark.parametrize(
    ("loss", "layout"),
    [("ce+dice", {"devices": 2}), ("ce+dice", {"accumulate": 3}), ("ce", {"accumulate": 3})],
)
def test_devices_and_parts_leave_the_weights_of_data_sets_as_they_are(
    data, pseudo, tmp_path, loss, layout
):
    settings = {"more_data": (f"{pseudo}:0.3",), "batch": 6, "loss": loss}
    whole = trained(data, tmp_path / "whole", **settings)
    assert_same(trained(data, tmp_path / "parts", **settings, **layout), whole)


def test_the_gradient_is_that_of_torch_with_a_factor_for_each_pixel(
    data, pseudo, tmp_path, monkeypatch
):
    """grad of Σ w l / Σ w over the pixels that are not void, of the first step."""
    found = []

    def compare(run, image, target, pairs, weight):
        logits = run.network(image)
        size = target.shape[-2:]
        large = torch.nn.functional.interpolate(logits, size, mode="bilinear")
        long = target.long()
        losses = torch.nn.functional.cross_entropy(large, long, ignore_index=255, reduction="none")
        names = [run.plan.split_of(pair) for pair in pairs]
        factors = torch.tensor([1.0 if name == "train" else 0.25 for name in names])
        own = factors.view(-1, 1, 1) * (long != 255)
        expected = torch.autograd.grad(
            (own * losses).sum() / own.sum(), [*run.network.parameters()]
        )
        rate = take_step(run, image, target, pairs, weight)
        for parameter, gradient in zip(run.network.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)
        found.append(set(names))
        return rate

    monkeypatch.setattr(trainer, "take_step", compare)
    more = {"more_data": (f"{pseudo}:0.25",), "clip": None, "epochs": 1}
    trained(data, tmp_path / "run", batch=13, loss="ce", **more)
    assert len(found) == 1
    assert len(found[0]) == 2


def test_examples_have_the_classes_of_the_first_data_set_and_their_own_number(data, pseudo):
    plan = make_plan(
        TrainConfig(**train_settings(data, None, more_data=(str(pseudo),), **PLAIN)), print
    )
    settings = train_settings(pseudo, None, val_split="train", **PLAIN)
    alone = make_plan(TrainConfig(**settings), print)
    examples, others = Sourced(make_datasets(plan)[0], plan.source_of), make_datasets(alone)[1]
    assert plan.source_of == [0] * 4 + [1] * 9
    assert alone.description.classes.names == NAMES[::-1]
    swapped = torch.arange(256)
    swapped[:3] = torch.tensor([2, 1, 0])
    for index in range(9):
        image, target, source = examples[0, 4 + index]
        other, own = others[index]
        assert source == 1
        assert torch.equal(image, other)
        assert torch.equal(target.long(), swapped[own.long()])
    pixels = plan.sources[1].counts.pixels
    assert np.array_equal(pixels, alone.counts["train"].pixels[::-1])


def test_class_weights_are_of_the_pixels_as_the_loss_weighs_them(data, copy, pseudo):
    def weights_of(**changes):
        settings = train_settings(data, None, class_weights="median_frequency", **changes)
        return make_plan(TrainConfig(**settings), lambda _: None).class_weights

    alone = weights_of()
    assert weights_of(more_data=(f"{copy}:0.5",)) == pytest.approx(alone, rel=1e-3)
    assert weights_of(more_data=(f"{pseudo}:1e-9",)) == pytest.approx(alone, rel=1e-2)
    assert weights_of(more_data=(str(pseudo),)) != pytest.approx(alone, rel=1e-2)


def test_a_resumed_run_with_several_data_sets_is_the_run_that_nothing_interrupted(
    data, pseudo, tmp_path, monkeypatch
):
    settings = {"more_data": (f"{pseudo}:0.5",), "batch": 4, "epochs": 2, "sample": "class-first"}
    whole = trained(data, tmp_path / "whole", **settings)

    def interrupt(run, *rest):
        if run.position.step == 4:
            run.interrupt.asked = 2
        return take_step(run, *rest)

    monkeypatch.setattr(trainer, "take_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        trained(data, tmp_path / "run", **settings)
    monkeypatch.undo()
    monkeypatch.syspath_prepend(tmp_path)
    run = train(TrainConfig(resume=tmp_path / "run"))
    found = load_file(run / "last" / "weights.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in whole.items())
    assert lines_of(run) == lines_of(tmp_path / "whole")
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["more_data"] == [f"{pseudo.resolve()}:0.5"]
    write_stored(pseudo / "train" / "labels" / "99.png", np.zeros((33, 47), np.uint8))
    Image.new("RGB", (47, 33)).save(pseudo / "train" / "images" / "99.png")
    try:
        with pytest.raises(RunError, match=r"split train of .* has changed .* 1 pair added \(99\)"):
            train(TrainConfig(resume=run))
    finally:
        for kind in ("images", "labels"):
            (pseudo / "train" / kind / "99.png").unlink()


def test_the_log_says_which_share_of_the_pixels_is_of_which_data_set(data, pseudo, tmp_path, capfd):
    more = (f"{pseudo}:0.5",)
    trained(data, tmp_path / "run", more_data=more, batch=13, epochs=1)
    shares = {k: v for k, v in lines_of(tmp_path / "run")[-1].items() if "seen_data" in k}
    names = [folder.name for folder in (data, pseudo)]
    assert list(shares) == [f"train/seen_data/{name}" for name in names]
    assert sum(shares.values()) == pytest.approx(1)
    assert 0.2 < shares[f"train/seen_data/{data.name}"] < 0.5
    assert "learnt in epoch 1: " in capfd.readouterr().err
    plan = plan_training(TrainConfig(**train_settings(data, None, more_data=more)))
    assert {name: split.pairs for name, split in plan.splits.items()} == {
        "train": 4,
        f"train of {pseudo.resolve()}": 9,
        "val": 1,
    }


def test_copy_paste_takes_its_pixels_from_the_first_data_set(data, pseudo):
    settings = {"copy_paste": 1.0, "more_data": (str(pseudo),), "batch": 4}
    plan = make_plan(TrainConfig(**train_settings(data, None, **settings)), lambda _: None)
    examples = make_datasets(plan)[0]
    donors = {examples.pasted_into((0, index)).pair.image for index in range(13)}
    assert donors <= {pair.image for pair in plan.train[:4]}


def test_a_bad_image_of_a_further_data_set_is_named_and_may_be_left_out(data, copy, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(copy, folder)
    (folder / "train" / "images" / "01.png").write_bytes(b"no image")
    settings = {"more_data": (str(folder),), "batch": 7, "epochs": 1}
    with pytest.raises(DatasetError, match=r"damaged.*01.png"):
        trained(data, tmp_path / "run", **settings)
    trained(data, tmp_path / "run", **settings, on_bad_image="skip")
    found = json.loads((tmp_path / "run" / "bad-images.json").read_text())["left_out"]
    assert list(found[f"train of {folder.resolve()}"]) == ["01"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("train a --data b:0.5", ("a", ("b:0.5",))),
        ("train --data a --data b:0.5 --data c", ("a", ("b:0.5", "c"))),
        ("train a --more-data b:0.5 c", ("a", ("b:0.5", "c"))),
        ("train --data a --more-data c --data b", ("a", ("b", "c"))),
    ],
)
def test_data_may_be_given_again_and_again_on_the_command_line(words, expected):
    config = make_config(parse(words.split()))
    assert (str(config.data), config.more_data) == expected


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e-300", "1e300"])
def test_a_weight_that_counts_nothing_or_all_is_refused(weight):
    match = r"more_data must be DATA:WEIGHT with a weight between 1e-09 and 1e\+06"
    with pytest.raises(ArgumentError, match=match):
        TrainConfig("street", more_data=(f"pseudo:{weight}",))


def test_the_first_data_set_has_no_weight():
    with pytest.raises(ArgumentError, match=r"data must be street, got street:2.*has the weight 1"):
        TrainConfig("street:2")


def test_a_data_set_that_is_given_twice_is_refused(data, tmp_path):
    with pytest.raises(ArgumentError, match=r"more_data must be other datasets than those before"):
        trained(data, tmp_path / "run", more_data=(f"{data}:0.5",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ("sky", "disc", "hill")}, r"classes must be .*, got one that lacks .* and has "),
        ({"binary": True}, r"classes must be .*, got one that lacks "),
    ],
)
def test_other_classes_are_refused_before_anything_is_read(data, tmp_path, changes, message):
    other = make_dataset(tmp_path / "other", train=1, val=1, **changes)
    with pytest.raises(DatasetError, match=message):
        trained(data, tmp_path / "run", more_data=(str(other),))


def test_folds_are_of_the_first_data_set_and_the_others_are_learnt_in_each(data, pseudo):
    settings = train_settings(data, None, more_data=(str(pseudo),), batch=4)
    settings |= {"train_split": "train.not1of3"}
    plan = make_plan(TrainConfig(**settings), lambda _: None)
    first, second = plan.sources
    assert len(first.pairs) < 4
    assert (second.name, len(second.pairs)) == (f"train of {pseudo.resolve()}", 9)
