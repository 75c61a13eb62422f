"""Switches of training: what each does, and that a resumed run has it bit for bit."""

import os
import signal

import pytest
import torch

from make import make_dataset, train_settings
from pixelwise.networks.build import build_network
from pixelwise.run import train as training
from pixelwise.run.config import TrainConfig
from pixelwise.run.optimizer import make_optimizer
from pixelwise.run.train import train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def content_of(run):
    """Everything that two equal runs have equal."""
    names = ["metrics.jsonl", "last/weights.safetensors", "best/weights.safetensors"]
    return {name: (run / name).read_bytes() for name in names}


@pytest.mark.parametrize("changes", [{"optimizer": "sgd", "lr": 0.05}], ids=str)
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
