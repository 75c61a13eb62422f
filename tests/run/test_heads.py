"""Auxiliary heads in a run: the loss, its lines, checkpoints, and everything that goes with it."""

import json

import pytest
import torch
from safetensors.torch import load_file

from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError
from pixelwise.networks.build import build_network
from pixelwise.plan.config import TrainConfig
from pixelwise.run.dry_run import plan_training
from pixelwise.run.train import train
from pixelwise.run.trained import load_network


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


def trained(data, out, **changes):
    return train(TrainConfig(**train_settings(data, out, **{"aux": 0.4, **changes})))


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights_of(run, name="last"):
    return load_file(run / name / "weights.safetensors")


def state_of(run):
    return torch.load(run / "last" / "optimizer.pt", weights_only=True)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return trained(data, tmp_path_factory.mktemp("run") / "run", epochs=2, ema=1.0)


def test_checkpoints_have_the_tensors_of_a_network_without_heads(run):
    """So what reads them needs to know nothing."""
    assert weights_of(run).keys() == build_network("small", 3).state_dict().keys()
    assert all(name.startswith("auxiliary.0.") for name in state_of(run)["auxiliary"])
    assert not load_network(run).network.head_factors


def test_lines_have_the_loss_of_the_heads_beside_the_whole(run):
    steps = [line for line in lines_of(run) if "train/loss" in line]
    assert steps
    assert all(0 < 0.4 * line["train/loss_aux"] < line["train/loss"] for line in steps)
    assert "1 auxiliary head in training, factors of the loss: 0.4" in (run / "log.txt").read_text()


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(data, run, tmp_path):
    """The heads, their part of the optimizer and of the average are in the checkpoint."""
    settings = train_settings(data, tmp_path / "run", aux=0.4, epochs=2, ema=1.0)

    def stop_once(done):
        if done.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TrainConfig(**settings), on_epoch=stop_once)
    again = train(TrainConfig(resume=tmp_path / "run"))
    assert all(torch.equal(weights_of(again)[k], v) for k, v in weights_of(run).items())
    before, after = state_of(run)["auxiliary"], state_of(again)["auxiliary"]
    assert all(torch.equal(after[k], v) for k, v in before.items())
    assert lines_of(again) == lines_of(run)


def test_the_weight_says_how_much_the_heads_teach(data, tmp_path):
    """0 is the training without heads, bit for bit; another weight is another training."""
    plain, some, more = (
        weights_of(trained(data, tmp_path / str(aux), aux=aux)) for aux in (0.0, 1e-3, 1.0)
    )
    first = "body.encoder.0.0.0.weight"
    assert 0 < (plain[first] - some[first]).abs().max() < (plain[first] - more[first]).abs().max()


@pytest.mark.parametrize("loss", ["ce", "dice"], ids=["one_pass", "two_passes"])
def test_parts_of_a_batch_have_the_loss_of_the_whole(loss, data, tmp_path):
    """At the first step, of weights that are the same, where no norm looks at the batch."""
    frozen = {"freeze": "encoder", "loss": loss, "batch": 4, "epochs": 1}
    network = f"{__name__}:without_norms"
    runs = [
        trained(data, tmp_path / str(parts), **frozen, accumulate=parts, network=network)
        for parts in (1, 2)
    ]
    whole, parts = (lines_of(run)[0] for run in runs)
    assert parts["train/loss_aux"] == pytest.approx(whole["train/loss_aux"], rel=1e-5)
    assert parts["train/loss"] == pytest.approx(whole["train/loss"], rel=1e-5)
    whole, parts = map(weights_of, runs)
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor, rtol=1e-3, atol=1e-5)


class WithoutNorms(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.encoder = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.head = torch.nn.Conv2d(8, num_classes, 1)
        self.other = torch.nn.Conv2d(8, num_classes, 2, 2)

    def forward(self, image):
        feature = self.encoder(image).relu()
        return {"out": self.head(feature), "aux": self.other(feature)}


def without_norms(num_classes):
    return WithoutNorms(num_classes)


def test_deep_supervision_trains_and_predicts_as_any_run(data, tmp_path):
    about = {"network": "unet:resnet18", "encoder_weights": "none", "crop": (32, 32)}
    run = trained(data, tmp_path / "run", aux=0.0, deep_supervision=True, **about)
    steps = [line for line in lines_of(run) if "train/loss" in line]
    assert all(line["train/loss_aux"] > 0 for line in steps)
    assert load_network(run).network.stride == 1


def test_a_plan_says_which_heads_there_are_and_two_kinds_are_refused(data, tmp_path):
    plan = plan_training(TrainConfig(**train_settings(data, tmp_path / "run", aux=0.5)))
    assert any("factors of the loss: 0.5, of the logits 1" in note for note in plan.notes)
    with pytest.raises(ArgumentError, match=r"aux must be 0 with .*deep.supervision"):
        TrainConfig(**train_settings(data, tmp_path / "run", aux=0.5, deep_supervision=True))
