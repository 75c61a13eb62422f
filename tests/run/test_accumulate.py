"""A batch in parts, on one process or several, is the batch: the same weights, to rounding."""

import functools
import os
import sys

import pytest
import torch
from safetensors.torch import load_file

import warm
from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError
from pixelwise.plan.config import TrainConfig
from pixelwise.run.train import train

NETWORK = """
from torch import nn

def build(num_classes):
    layers = [nn.Conv2d(3, 16, 3, 2, 1), nn.GroupNorm(4, 16), nn.ReLU(), nn.Dropout2d(0.0)]
    return nn.Sequential(*layers, nn.Conv2d(16, num_classes, 3, padding=1))
"""
EPOCHS = 8  # of one step
WEIGHTED = {"class_weights": "median_frequency"}
DROPOUT = NETWORK.replace("nn.Dropout2d(0.0)", "nn.Dropout2d(0.5)")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"), train=8, val=1)


@pytest.fixture(scope="module", autouse=True)
def networks(tmp_path_factory):
    """The modules group_norm and drops can be imported."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "group_norm.py").write_text(NETWORK)
    (folder / "drops.py").write_text(DROPOUT)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        yield


def settings_of(data, out, **changes):
    """Eight steps of eight images, with a class weight and void that differ between images."""
    own = {"network": "group_norm:build", "batch": 8, "epochs": EPOCHS}
    return train_settings(data, out, **{**own, "optimizer": "sgd", "lr": 0.05, **changes})


def trained(data, out, **changes):
    run = train(TrainConfig(**settings_of(data, out, **changes)))
    return load_file(run / "last" / "weights.safetensors")


def assert_same(found, expected):
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=2e-4, atol=2e-5)


@pytest.fixture(scope="module")
def in_one(data, tmp_path_factory):
    """loss -> the weights after the first and the last step with whole batches."""

    @functools.cache
    def weights_of(loss):
        folder, changes = tmp_path_factory.mktemp("in_one"), {"loss": loss, **WEIGHTED}
        return [trained(data, folder / str(n), **changes, epochs=n) for n in (1, EPOCHS)]

    return weights_of


@pytest.mark.parametrize("loss", ["ce", "ce+dice", "focal+0.5*tversky(per_image=true)"])
@pytest.mark.parametrize("parts", [4, 2])
def test_a_batch_in_parts_gives_the_weights_of_the_whole_batch(data, in_one, tmp_path, loss, parts):
    first, whole = in_one(loss)
    assert_same(trained(data, tmp_path / "parts", loss=loss, **WEIGHTED, accumulate=parts), whole)
    moved = max((whole[name] - first[name]).abs().max() for name in whole)
    assert moved > 0.01


@pytest.mark.parametrize("loss", ["ce", "ce+dice"])
def test_two_processes_with_two_parts_each_give_the_weights_of_one(data, tmp_path, loss):
    whole = trained(data, tmp_path / "whole", loss=loss)
    words = f"train {data} --out {tmp_path / 'ranks'} --network group_norm:build --batch 8"
    more = f"--epochs {EPOCHS} --optimizer sgd --lr 0.05 --loss {loss} --accumulate 2 --devices 2"
    last = "--workers 0 --device cpu"
    done = warm.run(
        [sys.executable, "-m", "pixelwise.cli", *f"{words} {more} {last}".split()],
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert_same(load_file(tmp_path / "ranks" / "last" / "weights.safetensors"), whole)


def test_a_split_smaller_than_its_batch_may_have_fewer_parts(tmp_path):
    data = make_dataset(tmp_path / "data", train=3, val=1)
    whole = trained(data, tmp_path / "whole")
    assert_same(trained(data, tmp_path / "parts", accumulate=8), whole)


def test_both_passes_drop_the_same_channels(data, tmp_path, monkeypatch):
    """The loss that the second pass has is that of the sums of the first."""
    from pixelwise.run import accumulate

    before, losses = accumulate.loss_of, []

    def noted(run, stats):
        found = before(run, stats)
        losses.append(found.detach())
        return found

    monkeypatch.setattr(accumulate, "loss_of", noted)
    trained(data, tmp_path / "run", network="drops:build", accumulate=4, epochs=3, loss="dice")
    values = [loss.item() for loss in losses]
    assert values[::2] == pytest.approx(values[1::2], rel=1e-6)


def test_running_statistics_of_batch_norm_see_every_part_once(data, tmp_path, capsys):
    found = trained(data, tmp_path / "run", network="small", accumulate=2, epochs=3)
    assert found["body.head.0.1.num_batches_tracked"] == 3 * 2
    said = capsys.readouterr().err
    assert "a batch in 2 parts, two forward passes for each" in said
    assert "BatchNorm statistics are of each part of the batch" in said


def test_a_loss_that_is_not_on_sums_is_named(data, tmp_path):
    message = r"accumulate must be 1 with Lovasz, whose loss of a batch"
    with pytest.raises(ArgumentError, match=message):
        trained(data, tmp_path / "run", loss="ce+lovasz", accumulate=2)


def test_a_batch_that_cannot_be_divided_is_refused(data, tmp_path):
    with pytest.raises(ArgumentError, match=r"batch must be a multiple of .* \(3\), got 8"):
        trained(data, tmp_path / "run", accumulate=3)
