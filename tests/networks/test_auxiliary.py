"""Heads for training alone: what they are on, and that prediction does not know them."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from pixelwise.errors import ArgumentError
from pixelwise.networks.auxiliary import add_auxiliary, add_deep_supervision
from pixelwise.networks.build import build_network
from pixelwise.networks.from_torchvision import auxiliary_layer

IMAGES = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)


def with_auxiliary(name, weight=0.4):
    network = build_network(name, 3)
    add_auxiliary(network, name, 3, weight)
    return network


@pytest.mark.parametrize(
    ("name", "stride"),
    [
        ("small", 8),
        ("fpn:resnet18", 16),
        ("segformer:mit_b0", 16),
        ("tv:deeplabv3_mobilenet_v3_large", 8),
    ],
)
def test_an_auxiliary_head_gives_logits_in_training_alone(name, stride):
    torch.manual_seed(0)
    network = build_network(name, 3).eval()
    plain = network(IMAGES)
    add_auxiliary(network, name, 3, 0.4)
    assert torch.equal(network.eval()(IMAGES), plain)
    logits, auxiliary = network.train()(IMAGES)
    assert logits.shape[:2] == (2, 3)
    assert auxiliary.shape == (2, 3, 64 // stride, 96 // stride)
    assert network.head_factors == (1.0, 0.4)
    auxiliary.square().mean().backward()
    assert all(p.grad is not None for p in network.auxiliary.parameters())
    assert next(network.encoder.parameters()).grad.any()


def test_the_layer_is_that_of_torchvision():
    assert auxiliary_layer("fcn_resnet50") == "layer3"


@pytest.mark.parametrize(
    ("name", "strides"),
    [
        ("unet:resnet18", (2, 4, 8, 16)),
        ("unetplusplus:resnet18", (2, 4, 8, 16)),
        ("linknet:resnet18", (2, 4, 8, 16)),
        ("manet:resnet18", (2, 4, 8, 16)),
        ("fpn:resnet18", (8, 16, 32)),
    ],
)
def test_deep_supervision_has_a_head_on_each_coarser_level(name, strides):
    with torch.device("meta"):
        network = build_network(name, 3)
        add_deep_supervision(network, name, 3)
    _, *levels = network(IMAGES.to("meta"))
    assert [level.shape[2:] for level in levels] == [(64 // s, 96 // s) for s in strides]
    assert sum(network.head_factors) == pytest.approx(1)
    halves = zip(network.head_factors, network.head_factors[1:])
    assert all(fine == pytest.approx(2 * coarse) for fine, coarse in halves)


def test_a_copy_of_the_network_has_heads_of_its_own():
    network = with_auxiliary("small")
    copy = deepcopy(network)
    copy(IMAGES)
    assert network.auxiliary[0].feature is None
    assert copy.auxiliary[0].feature is None
    assert len(network(IMAGES)) == 2


def test_adding_a_head_leaves_what_norms_have_seen_and_the_random_numbers():
    torch.manual_seed(3)
    network = build_network("small", 3)
    before = deepcopy(network.state_dict())
    add_auxiliary(network, "small", 3, 1.0)
    after = network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


class Several(nn.Module):
    """A user's network with logits of its own for training, in a form that is asked for."""

    def __init__(self, form, channels):
        super().__init__()
        self.form = form
        self.first, self.second = nn.Conv2d(3, channels, 1), nn.Conv2d(3, 3, 2, 2)

    def forward(self, image):
        return self.form(self.first(image), self.second(image))


def as_tuple(num_classes):
    return Several(lambda a, b: (a, b, b), num_classes)


def as_dict(num_classes):
    return Several(lambda a, b: {"out": a, "aux": b}, num_classes)


def as_one(num_classes):
    return Several(lambda a, _: a, num_classes)


def test_outputs_of_a_network_of_the_user_are_its_auxiliary_heads():
    assert with_auxiliary(f"{__name__}:as_dict").head_factors == (1.0, 0.4)
    network = with_auxiliary(f"{__name__}:as_tuple")
    assert network.head_factors == (1.0, 0.4, 0.4)
    assert not [name for name in network.state_dict() if name.startswith("auxiliary")]
    name = f"{__name__}:as_dict"
    network = build_network(name, 4)
    with pytest.raises(ArgumentError, match=r"logits must be \(N, 4, h, w\) for the auxiliary"):
        add_auxiliary(network, name, 4, 0.4)


@pytest.mark.parametrize(
    "name", ["segnet", "linear:resnet18", "tv:lraspp_mobilenet_v3_large", f"{__name__}:as_one"]
)
def test_a_network_without_heads_is_refused_with_those_that_have_some(name):
    with (
        torch.device("meta"),
        pytest.raises(ArgumentError, match=r"aux must be 0 for .* These have one: small, tv:"),
    ):
        with_auxiliary(name)


@pytest.mark.parametrize("name", ["small", "pspnet:resnet18"])
def test_a_decoder_without_levels_is_refused_with_those_that_have_some(name):
    with pytest.raises(ArgumentError, match=r"left out with .* These have levels: unet, "):
        add_deep_supervision(build_network(name, 3), name, 3)
