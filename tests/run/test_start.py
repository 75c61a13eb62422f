"""First weights from another run: by name and shape, and by the name of the class in heads."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from make import make_dataset, train_settings
from pixelwise.errors import ArgumentError, RunError
from pixelwise.labels.description import read_description
from pixelwise.networks.build import build_network
from pixelwise.plan.config import TrainConfig
from pixelwise.run.start import head_tensors, start_from
from pixelwise.run.train import train

HEAD = "body.head.1.weight"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    return train(TrainConfig(**train_settings(data, out, epochs=1)))


def started(data, path, num_channels=3):
    """The tensors before and after, and the lines that were said."""
    lines = []
    network = build_network("small", num_channels)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    start_from(path, network, read_description(data), lines.append)
    return before, network.state_dict(), lines


def test_the_same_classes_start_with_every_tensor(data, run):
    _, after, lines = started(data, run)
    saved = load_file(run / "best" / "weights.safetensors")
    assert all(torch.equal(after[name], tensor) for name, tensor in saved.items())
    assert "classes with their weights: ground, disc, bar" in lines[1]
    assert len(lines) == 2


def test_rows_of_a_head_are_copied_by_the_name_of_their_class(run, tmp_path):
    """The same number of classes in another order, one of them new: nothing goes by its place."""
    data = make_dataset(tmp_path / "data", names=("bar", "sky", "ground"))
    before, after, lines = started(data, run)
    saved = load_file(run / "best" / "weights.safetensors")
    for name in (HEAD, "body.head.1.bias"):
        assert torch.equal(after[name][0], saved[name][2])
        assert torch.equal(after[name][1], before[name][1])
        assert torch.equal(after[name][2], saved[name][0])
    assert "classes with fresh weights: sky" in lines[2]


def test_a_binary_head_takes_the_row_of_its_foreground(run, tmp_path):
    data = make_dataset(tmp_path / "data", binary=True)
    _, after, lines = started(data, run, num_channels=1)
    saved = load_file(run / "best" / "weights.safetensors")
    assert torch.equal(after[HEAD][0], saved[HEAD][1])
    assert "classes with their weights: disc" in lines[1]


def test_a_file_without_class_names_is_copied_by_shape_and_what_was_not_is_said(data, tmp_path):
    """Its names lack the first word of ours; one tensor is of another shape, one is not ours."""
    torch.manual_seed(3)
    tensors = dict(build_network("small", 3).body.state_dict())
    tensors["head.1.weight"] = torch.zeros(5, 48, 1, 1)
    tensors["other"] = torch.zeros(2)
    del tensors["head.1.bias"]
    save_file(tensors, tmp_path / "other.safetensors")
    before, after, lines = started(data, tmp_path / "other.safetensors")
    assert torch.equal(after["body.lateral.0.weight"], tensors["lateral.0.weight"])
    assert torch.equal(after[HEAD], before[HEAD])
    text = "\n".join(lines)
    assert "body.head.1.weight is (5, 48, 1, 1) instead of (3, 48, 1, 1)" in text
    assert "body.head.1.bias is not in it" in text
    assert "1 tensor of the file not used: body.other" in text


@pytest.mark.parametrize("name", ["small", "fpn:resnet18", "unet:resnet18"])
def test_the_head_is_found_by_what_its_rows_change(name):
    """Also where a convolution inside has as many rows as there are classes."""
    network = build_network(name, 64)
    found = head_tensors(network, 64)
    assert len(found) == 2
    assert all(len(dict(network.named_parameters())[one]) == 64 for one in found)
    assert sum(len(p) == 64 for p in network.parameters()) > 1
    assert network.training


def test_a_training_starts_there_and_resumes_without_the_file(data, run, tmp_path, capsys):
    settings = train_settings(data, tmp_path / "next", start=run, lr=1e-9, max_minutes=1e-9)
    train(TrainConfig(**{**settings, "epochs": 2}))
    first = load_file(run / "best" / "weights.safetensors")
    second = load_file(tmp_path / "next" / "last" / "weights.safetensors")
    torch.testing.assert_close(first[HEAD], second[HEAD], rtol=0, atol=1e-6)
    assert "start: " in capsys.readouterr().err
    train(TrainConfig(resume=tmp_path / "next"))
    assert "start: " not in capsys.readouterr().err


def test_what_has_nothing_to_copy_is_refused(data, tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(ArgumentError, match=r"start must be weights of a network that has tensors"):
        started(data, tmp_path / "x.safetensors")
    (tmp_path / "y.pt").write_bytes(b"not a file of tensors")
    with pytest.raises(RunError, match=r"content must be tensors in the format safetensors"):
        started(data, tmp_path / "y.pt")
