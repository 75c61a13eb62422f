"""Switches of training: what each does, and that a resumed run has it bit for bit."""

import json
import os
import signal

import pytest
import torch
from safetensors.torch import load_file

from make import make_dataset, train_settings
from pixelwise.errors import RunError
from pixelwise.networks.build import build_network
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run import train as training
from pixelwise.run.checkpoint import Checkpoint, read_checkpoint
from pixelwise.run.config import TrainConfig
from pixelwise.run.ema import WeightAverage
from pixelwise.run.optimizer import make_optimizer
from pixelwise.run.train import train
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def content_of(run):
    """Everything that two equal runs have equal."""
    names = ["metrics.jsonl", "last/weights.safetensors", "best/weights.safetensors"]
    return {name: (run / name).read_bytes() for name in names}


SWITCHES = [{"optimizer": "sgd", "lr": 0.05}, {"ema": 0.5}]


@pytest.mark.parametrize("changes", SWITCHES, ids=str)
def test_a_resumed_run_equals_the_uninterrupted_one(data, tmp_path, monkeypatch, changes):
    """Interrupted in mid-epoch, with each switch that has a state or changes the network."""
    settings = train_settings(data, tmp_path / "whole", epochs=3, **changes)
    whole = train(TrainConfig(**settings))
    take_step = training.take_step

    def fifth_with_signal(run, *rest):
        if run.position.step + 1 == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return take_step(run, *rest)

    monkeypatch.setattr(training, "take_step", fifth_with_signal)
    with pytest.raises(KeyboardInterrupt):
        train(TrainConfig(**{**settings, "out": tmp_path / "run"}))
    monkeypatch.undo()
    train(TrainConfig(resume=tmp_path / "run"))
    assert content_of(tmp_path / "run") == content_of(whole)


def test_sgd_has_nesterov_momentum_and_never_decays_norms_and_biases():
    """v = 0.9 v + g and w -= lr (g + 0.9 v), where the gradient of a kernel has its decay."""
    config = TrainConfig(data="x", optimizer="sgd", lr=0.1, weight_decay=0.5)
    network = build_network("small", 3)
    optimizer = make_optimizer(network, config)
    kernel, bias = network.body.head[1].weight, network.body.head[1].bias
    expected = []
    for start, decay in ((kernel, 0.5), (bias, 0.0)):
        value, momentum = start.detach().double(), 0.0
        for gradient in (1.0, 2.0):
            slope = gradient + decay * value
            momentum = 0.9 * momentum + slope
            value = value - 0.1 * (slope + 0.9 * momentum)
        expected.append(value)
    for gradient in (1.0, 2.0):
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        optimizer.step()
    torch.testing.assert_close(kernel.detach().double(), expected[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(bias.detach().double(), expected[1], rtol=1e-5, atol=1e-6)


def test_the_average_is_the_weighted_mean_of_the_weights_after_each_step():
    """Half-life of two steps; the weights before the first step are not in it."""
    network = build_network("small", 3)
    average, seen = WeightAverage(network, 2), []
    for step in range(1, 8):
        for number, tensor in enumerate(network.state_dict().values()):
            is_real = tensor.is_floating_point()
            tensor.copy_(torch.randn_like(tensor) if is_real else torch.tensor(step + number))
        average.update(network, step)
        seen.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        factors = [0.5 ** ((step - 1 - other) / 2) for other in range(step)]
        for name, tensor in average.network.state_dict().items():
            if not tensor.is_floating_point():
                assert torch.equal(tensor, seen[-1][name])
                continue
            terms = [f * one[name].double() for f, one in zip(factors, seen, strict=True)]
            expected = torch.stack(terms).sum(0) / sum(factors)
            torch.testing.assert_close(tensor.double(), expected, rtol=1e-4, atol=1e-5)


def test_the_average_is_what_is_scored_and_saved_and_does_not_change_the_training(data, tmp_path):
    plain = train(TrainConfig(**train_settings(data, tmp_path / "plain", epochs=2)))
    settings = train_settings(data, tmp_path / "run", epochs=2, ema=0.3)
    run = train(TrainConfig(**settings))
    kept = read_checkpoint(run / "last").training_state()["weights"]
    raw = load_file(plain / "last" / "weights.safetensors")
    assert all(torch.equal(kept[name], tensor) for name, tensor in raw.items())
    saved = load_file(run / "last" / "weights.safetensors")
    assert not torch.equal(saved["body.head.1.bias"], raw["body.head.1.bias"])
    predict(PredictConfig(run / "last", device="cpu"))
    found = score(ScoreConfig(run / "predictions" / "val"))["scores"]["mean_iou"]
    assert json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["val/miou"] == found


def test_a_half_life_of_zero_is_no_average(data, tmp_path):
    runs = [
        train(TrainConfig(**train_settings(data, tmp_path / str(value), ema=value)))
        for value in (None, 0)
    ]
    assert content_of(runs[0]) == content_of(runs[1])


def test_weights_of_the_last_step_that_are_damaged_are_refused(data, tmp_path, monkeypatch):
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", epochs=1, ema=1)))
    state = Checkpoint.training_state
    wrong = {"weights": {"body.head.1.bias": torch.zeros(2)}}
    monkeypatch.setattr(Checkpoint, "training_state", lambda one: {**state(one), **wrong})
    with pytest.raises(RunError, match=r"tensors must be those of the network, got \d+ differ"):
        train(TrainConfig(resume=run))
