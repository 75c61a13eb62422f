"""First convolutions for images that have not three channels."""

import pytest
import timm
import torch
from timm.models import adapt_input_conv
from torch import nn

from pixelwise.errors import ArgumentError
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.networks import build
from pixelwise.networks.build import build_network
from pixelwise.networks.encoder_weights import IMAGENET
from pixelwise.networks.image_channels import adapted, drawn, first_convolutions

NAMES = [
    "small",
    "segnet",
    "linear:resnet18",
    "mlp:vit_tiny_patch16_224",
    "dpt:vit_tiny_patch16_224",
    "tv:lraspp_mobilenet_v3_large",
    "unet:resnet18",
    "fpn:tf_efficientnet_lite0",
    "segformer:mit_b0",
    "unet:efficientnet-b0",
]


def images_of(number, low=0.0, high=4000.0):
    names = tuple(f"band {n}" for n in range(number))
    return ImageKind(Channels(names), "float32", (low,) * number, (high,) * number)


@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_kernels_are_adapted_as_timm_does(channels):
    kernel = torch.randn(5, 3, 3, 3)
    theirs = adapt_input_conv(channels, kernel)
    assert torch.equal(adapted(kernel, channels), theirs)


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_network_takes_other_channels_and_learns(name, channels):
    """Gradients are those of the first kernels alone; images as small as those of a run may be."""
    torch.manual_seed(0)
    network = build_network(name, 3, images=images_of(channels))
    assert network.channels == channels
    first = list(first_of(network, channels))
    assert first
    assert all(one.weight.requires_grad for one in first)
    network.requires_grad_(False)
    for one in first:
        one.weight.requires_grad_()
    image = torch.rand(2, channels, 32, 32) * 4000
    logits = network(image)
    assert logits.shape[:2] == (2, 3)
    logits.square().mean().backward()
    assert all(one.weight.grad.abs().amax((0, 2, 3)).all() for one in first)


def first_of(network, channels):
    return (
        module
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and module.in_channels == channels and module.groups == 1
    )


def test_names_of_tensors_are_those_of_three_channels():
    three, four = (build_network("unet:resnet18", 2, images=i) for i in (RGB8, images_of(4)))
    assert four.state_dict().keys() - three.state_dict().keys() == {"low", "high"}
    assert three.state_dict().keys() <= four.state_dict().keys()


def test_pretrained_kernels_are_adapted_and_random_ones_drawn_anew(monkeypatch):
    trained = timm.create_model("resnet18")

    def load(encoder, _name, source, _log, **_options):
        if source == "imagenet":
            encoder.load_state_dict({k: trained.state_dict()[k] for k in encoder.state_dict()})
        return IMAGENET

    monkeypatch.setattr(build, "load_encoder_weights", load)
    network = build_network("linear:resnet18", 2, "imagenet", images=images_of(4))
    kernel = next(first_of(network, 4)).weight
    assert torch.equal(kernel, adapted(trained.conv1.weight, 4))
    torch.manual_seed(0)
    random = next(first_of(build_network("linear:resnet18", 2, images=images_of(4)), 4)).weight
    assert not torch.equal(random[:, 0], random[:, 3])


def test_drawn_kernels_sum_to_what_those_of_three_channels_do():
    kernel = torch.randn(2000, 3, 5, 5)
    sums = drawn(kernel, 7).sum((1, 2, 3)).std().item()
    assert sums == pytest.approx(kernel.sum((1, 2, 3)).std().item(), rel=0.1)


def test_the_first_convolution_is_that_of_the_encoder_only():
    with torch.device("meta"):
        found = first_convolutions(build_network("unet:resnet18", 3).body)
    assert list(found) == ["encoder.conv1"]


def test_a_range_becomes_what_the_encoder_was_trained_on():
    """Black is 0 and white 255 for the encoder, and beyond is clipped."""
    low, high = (100.0, 0.0, 0.0, 5.0), (1100.0, 255.0, 510.0, 6.0)
    images = ImageKind(Channels(("a", "b", "c", "d")), "float32", low, high)
    network = build.Network(nn.Identity(), IMAGENET.of(images))
    black = torch.tensor([-7.0, 0.0, -1.0, 4.0]).view(1, 4, 1, 1)
    white = torch.tensor([2000.0, 255.0, 600.0, 6.5]).view(1, 4, 1, 1)
    mean, std = (torch.tensor([*v, v[0]]).view(1, 4, 1, 1) for v in (IMAGENET.mean, IMAGENET.std))
    assert torch.allclose(network(black), -mean / std, atol=1e-4)
    assert torch.allclose(network(white), (255 - mean) / std, atol=1e-4)


def own_network(num_classes, in_channels=3):
    return nn.Conv2d(in_channels, num_classes, 1)


def deaf_network(num_classes):
    return nn.Conv2d(3, num_classes, 1)


def stubborn_network(num_classes, **_options):
    return nn.Conv2d(3, num_classes, 1)


def test_a_network_of_the_user_is_told_the_number_of_channels():
    here = __name__
    assert build_network(f"{here}:own_network", 2, images=images_of(5)).body.in_channels == 5
    assert build_network(f"{here}:deaf_network", 2).body.in_channels == 3
    assert build_network(f"{here}:deaf_network", 2, images=images_of(3)).clips
    with pytest.raises(ArgumentError, match=r"a function with in_channels=, for images of 5"):
        build_network(f"{here}:deaf_network", 2, images=images_of(5))
    with pytest.raises(ArgumentError, match=r"network must be one that takes 5 channels, got"):
        build_network(f"{here}:stubborn_network", 2, images=images_of(5))
