"""The same run on any machine: devices, parts of a batch and a resumed run elsewhere.

Sums are the same numbers in another order, so one step differs by some roundings of float32 (1e-7
of a sum), and each step multiplies what the steps before it have left. After twenty steps here that
is below 1e-5 of the way that the weights have gone; a wrong mean, a share of void that counts
wrongly or statistics of a part of the batch make more than 1e-2.
"""

import json
import os
import signal
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from make import VOID, make_dataset, train_settings, write_stored
from pixelwise.errors import ArgumentError
from pixelwise.plan.config import TrainConfig, of_machine
from pixelwise.ranks import ranks
from pixelwise.run.checkpoint import read_checkpoint
from pixelwise.run.train import train

pytestmark = pytest.mark.usefixtures("warm_ranks")
NETWORKS = """
from torch import nn

def network(norm, num_classes):
    layers = [nn.Conv2d(3, 16, 3, 2, 1), norm, nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(16, num_classes, 3, padding=1))

def with_groups(num_classes):
    return network(nn.GroupNorm(4, 16), num_classes)

def with_batches(num_classes):
    return network(nn.BatchNorm2d(16), num_classes)
"""
ROUNDING = 1e-4  # of the way that the weights have gone
STEPS = 20  # two an epoch


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sixteen images, of which one is nearly all void."""
    folder = make_dataset(tmp_path_factory.mktemp("data"), train=16, val=2)
    labels = sorted((folder / "train" / "labels").iterdir())
    for rows, path in zip((30, 12), labels):
        with Image.open(path) as image:
            stored = np.array(image)
        stored[:rows] = VOID
        write_stored(path, stored)
    return folder


@pytest.fixture(scope="module", autouse=True)
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    (folder / "two_norms.py").write_text(NETWORKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield


def settings_of(data, out, **changes):
    own = {"network": "two_norms:with_groups", "batch": 8, "epochs": STEPS // 2, "lr": 0.02}
    own |= {"optimizer": "sgd", "loss": "ce+dice", "class_weights": "median_frequency"}
    return train_settings(data, out, crop=(32, 32), log_every=3, **{**own, **changes})


def trained(data, out, **changes):
    return train(TrainConfig(**settings_of(data, out, **changes)))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The run of one process that nothing interrupts, and where it begins."""
    folder = tmp_path_factory.mktemp("whole")
    return trained(data, folder / "run"), trained(data, folder / "start", epochs=1, lr=1e-9)


def weights_of(run):
    tensors = load_file(run / "last" / "weights.safetensors")
    return torch.cat([tensor.double().flatten() for tensor in tensors.values()])


def difference(found, whole):
    """The distance between the weights of two runs, as a share of the way that they have gone."""
    run, start = whole
    way = (weights_of(run) - weights_of(start)).norm()
    return float((weights_of(found) - weights_of(run)).norm() / way)


def signal_in_step_nine(done):
    """A hook: the process that was called is interrupted, and its first rank knows it."""
    if done.step == 9:
        os.kill(os.getppid(), signal.SIGINT)
        while not ranks._parent.interrupt.asked:
            time.sleep(0.01)


def own_signal_in_step_nine(done):
    if done.step == 9:
        os.kill(os.getpid(), signal.SIGINT)


def interrupted(data, out, hook, **changes):
    """The same run, stopped after its ninth step, in the middle of an epoch."""
    with pytest.raises(KeyboardInterrupt):
        train(TrainConfig(**settings_of(data, out, **changes)), on_step=hook)
    assert read_checkpoint(out / "last").about.step == 9
    return out


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def assert_same_run(found, whole):
    """Weights and losses to rounding, and the pixels that were seen to the last one."""
    assert difference(found, whole) < ROUNDING
    for one, other in zip(lines_of(found), lines_of(whole[0]), strict=True):
        assert one == pytest.approx(other, rel=1e-3)
        seen = {name: share for name, share in other.items() if "seen" in name}
        assert {name: one[name] for name in seen} == seen


@pytest.mark.parametrize("layout", [{"devices": 2}, {"accumulate": 4}], ids=str)
def test_devices_and_parts_leave_the_run_as_it_is(data, whole, tmp_path, layout):
    assert_same_run(trained(data, tmp_path / "run", **layout), whole)


def test_a_run_goes_on_with_another_number_of_devices(data, whole, tmp_path):
    """From one process to two, whose share of the batch is computed in two parts."""
    run = interrupted(data, tmp_path / "run", own_signal_in_step_nine)
    assert_same_run(train(TrainConfig(resume=run, devices=2, accumulate=2)), whole)


def test_a_run_of_several_devices_goes_on_with_one(data, whole, tmp_path):
    run = interrupted(data, tmp_path / "run", signal_in_step_nine, devices=2)
    assert_same_run(train(TrainConfig(resume=run, devices=1, accumulate=4, workers=1)), whole)


def test_batch_norm_over_all_devices_leaves_the_run_as_it_is(data, tmp_path, capfd):
    """Also its running statistics, which are among the tensors."""
    changes = {"network": "two_norms:with_batches"}
    run = trained(data, tmp_path / "one", **changes)
    start = trained(data, tmp_path / "start", **changes, epochs=1, lr=1e-9)
    two = trained(data, tmp_path / "two", **changes, devices=2, sync_bn="yes")
    assert_same_run(two, (run, start))
    assert "BatchNorm" not in capfd.readouterr().err


def test_parts_leave_the_run_as_it_is_in_mixed_precision(data, tmp_path):
    """The gradient of each part has the eight bits of bfloat16, so every part adds roundings."""
    run = trained(data, tmp_path / "run", precision="bf16-mixed")
    start = trained(data, tmp_path / "start", epochs=1, lr=1e-9)
    parts = trained(data, tmp_path / "parts", precision="bf16-mixed", accumulate=4)
    assert difference(parts, (run, start)) < 1e-2


def test_a_resumed_run_must_still_be_divided(data, tmp_path):
    run = interrupted(data, tmp_path / "run", own_signal_in_step_nine)
    with pytest.raises(ArgumentError, match=r"batch must be a multiple of .* \(3\), got 8"):
        train(TrainConfig(resume=run, devices=3))


def test_a_resumed_run_may_be_given_the_word_auto():
    """As where the run began on a GPU and this machine has none."""
    config = TrainConfig(resume="run", device="auto", sync_bn="auto")
    assert of_machine(config) == {"device": "auto", "sync_bn": "auto"}
    assert of_machine(TrainConfig(resume="run")) == {}


def test_what_is_computed_is_not_for_a_resumed_run_to_change():
    TrainConfig(resume="run", devices=1, accumulate=1, workers=1, device="cpu", sync_bn="yes")
    TrainConfig(resume="run", compile=False)
    with pytest.raises(ArgumentError, match=r"keeps its settings, got precision as well"):
        TrainConfig(resume="run", devices=2, precision="bf16-mixed")
