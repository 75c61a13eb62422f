"""Switches of training: what each does, and that a resumed run has it bit for bit."""

import json
import math
import os
import signal
from inspect import getsource

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError, RunError
from pixelwise.networks.build import build_network
from pixelwise.networks.layers import layers_of
from pixelwise.plan.config import TrainConfig
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.predict import predict
from pixelwise.run import train as training
from pixelwise.run.checkpoint import Checkpoint, read_checkpoint
from pixelwise.run.ema import WeightAverage
from pixelwise.run.optimizer import factors_of, make_optimizer
from pixelwise.run.train import train
from pixelwise.score.command import score
from pixelwise.score.config import ScoreConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def content_of(run):
    """Everything that two equal runs have equal."""
    names = [
        "metrics.jsonl",
        "evidence.json",
        "last/weights.safetensors",
        "best/weights.safetensors",
    ]
    names += [f"val_counts/{path.name}" for path in (run / "val_counts").iterdir()]
    return {name: (run / name).read_bytes() for name in names}


SWITCHES = [
    {"optimizer": "sgd", "lr": 0.05},
    {"ema": 0.5},
    {"freeze": "encoder"},
    {"layer_decay": 0.7},
]


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


@pytest.mark.parametrize("half_life", [1e18, 1e300, math.inf])
def test_with_a_half_life_beyond_all_steps_the_average_is_the_mean(half_life):
    network = build_network("small", 3)
    average = WeightAverage(network, half_life)
    for step in range(1, 4):
        for tensor in network.parameters():
            tensor.data.fill_(step)
        average.update(network, step)
    expected = [torch.full_like(tensor, 2) for tensor in average.network.parameters()]
    torch.testing.assert_close(list(average.network.parameters()), expected)


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


def test_a_frozen_encoder_stays_as_it_was_with_its_norms(data, tmp_path):
    """Weight decay does not reach it, nor the running statistics of its BatchNorm."""
    settings = {"freeze": "encoder", "weight_decay": 0.5, "lr": 0.05}
    run = train(TrainConfig(**train_settings(data, tmp_path / "run", epochs=1, **settings)))
    torch.manual_seed(0)
    before = build_network("small", 3).state_dict()
    after = load_file(run / "last" / "weights.safetensors")
    inside = {name for name in before if name.startswith("body.encoder.")}
    assert any("running_mean" in name for name in inside)
    assert all(torch.equal(before[name], after[name]) for name in inside)
    others = {name for name in before if name.startswith(("body.head", "body.lateral"))}
    assert not any(torch.equal(before[name], after[name]) for name in others)


def test_a_frozen_encoder_is_as_in_prediction_while_the_rest_learns():
    network = build_network("small", 3)
    network.freeze_encoder()
    network.eval()
    network.train()
    assert not any(module.training for module in network.body.encoder.modules())
    assert all(module.training for module in network.body.head.modules())
    optimizer = make_optimizer(network, TrainConfig(data="x", freeze="encoder"))
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in network.parameters() if p.requires_grad}
    assert held.isdisjoint(id(p) for p in network.body.encoder.parameters())


def build(num_classes):
    """A network without an encoder."""
    return nn.Conv2d(3, num_classes, 3, padding=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"freeze": "encoder"}, r"freeze must be none for a network without an encoder"),
        ({"layer_decay": 0.9}, r"layer_decay must be 1 for plain_network:build, got 0\.9, but its"),
    ],
)
def test_a_network_without_an_encoder_has_nothing_to_freeze_and_no_layers(
    data, tmp_path, monkeypatch, changes, message
):
    (tmp_path / "plain_network.py").write_text(f"from torch import nn\n{getsource(build)}")
    monkeypatch.syspath_prepend(tmp_path)
    settings = train_settings(data, tmp_path / "run", network="plain_network:build", **changes)
    with pytest.raises(ArgumentError, match=message):
        train(TrainConfig(**settings))
    assert not (tmp_path / "run").exists()


class Transformer(nn.Module):
    """The names that a transformer of timm has."""

    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 4))
        self.patch_embed = nn.Conv2d(3, 4, 2)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"norm1": nn.LayerNorm(4), "mlp": nn.Linear(4, 4)}) for _ in range(3)
        )
        self.norm = nn.LayerNorm(4)


def test_the_blocks_of_a_transformer_are_its_layers():
    found = layers_of(Transformer())
    assert found["cls_token"] == found["patch_embed.weight"] == 0
    blocks = [found[f"blocks.{i}.{name}"] for i in range(3) for name in ("norm1.bias", "mlp.bias")]
    assert blocks == [1, 1, 2, 2, 3, 3]
    assert found["norm.weight"] == 3


@pytest.mark.parametrize(
    ("name", "number"),
    [("fpn:resnet18", 4), ("unet:mit_b0", 4), ("unet:densenet121", 4), ("unet:vgg11_bn", 8)],
)
def test_stages_are_the_layers_of_other_encoders(name, number):
    found = layers_of(build_network(name, 3).encoder)
    assert sorted(set(found.values())) == list(range(min(found.values()), number + 1))


def test_block_i_of_n_learns_at_layer_decay_to_the_power_of_n_minus_i():
    config = TrainConfig(data="x", network="small", layer_decay=0.5, encoder_lr_factor=0.1)
    found = factors_of(build_network("small", 3), config)
    stages = [found[f"body.encoder.{i}.0.0.weight"] for i in range(4)]
    assert stages == pytest.approx([0.1 * 0.5 ** (4 - i) for i in range(4)])
    assert found["body.head.1.bias"] == 1
