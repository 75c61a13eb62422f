"""Views of an image and several networks behind the interface of one."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from make import draw
from pixelwise.errors import ArgumentError
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.classes import Classes
from pixelwise.networks.build import build_network
from pixelwise.prediction.predictor import Predictor
from pixelwise.run.trained import TrainedNetwork

CLASSES = Classes(["ground", "disc", "bar"])
SIXTEEN = ImageKind(Channels(range=((0, 4095),)), "uint16", (0,) * 3, (4095,) * 3)


class Equivariant(nn.Module):
    """Mirrored images have mirrored logits: means of squares, and a product for each class."""

    multiple = 1

    def __init__(self, stride, seed=0):
        super().__init__()
        self.stride = stride
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.randn(3, 3, generator=generator))

    def forward(self, image):
        return torch.einsum("kc,nchw->nkhw", self.weight, avg_pool2d(image / 64 - 2, self.stride))


def equivariant(stride=4, scale=1.0, seed=0):
    return TrainedNetwork(Equivariant(stride, seed), CLASSES, "softmax", scale).eval()


def small(seed=0, scale=1.0):
    torch.manual_seed(seed)
    return TrainedNetwork(build_network("small", 3), CLASSES, "softmax", scale).eval()


def image_of(number, size=(64, 96)):
    return draw(6 * number, (140, 200))[0][: size[0], : size[1]]


def logits_of(predictor, image):
    return predictor.logits_of([one[None] for one in predictor.inputs_of(image)])


def test_one_network_without_views_gives_its_own_logits():
    network, image = small(), image_of(0, (50, 70))
    for predictor in (Predictor(network), Predictor([network], scales=(1.0,))):
        assert torch.equal(logits_of(predictor, image), network.logits_of(image))
        assert np.array_equal(predictor.predict(image), network.predict(image))


def test_a_network_for_which_left_and_right_are_alike_gains_nothing_from_the_mirror_image():
    network, image = equivariant(), image_of(1, (70, 101))
    found = Predictor(network, flip=True).predict(image)
    assert len(np.unique(found)) > 1
    assert np.array_equal(found, network.predict(image))


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0)])
def test_the_mirror_image_has_the_mirrored_label(scales):
    """Of any network, since the mean is over both; it is not so of the network alone."""
    network, image = small(), image_of(2)
    predictor = Predictor(network, flip=True, scales=scales)
    there, back = logits_of(predictor, image), logits_of(predictor, image[:, ::-1].copy())
    torch.testing.assert_close(back.flip(-1), there, rtol=1e-4, atol=1e-5)
    mirrored = predictor.predict(image[:, ::-1].copy())[:, ::-1]
    assert (mirrored != predictor.predict(image)).mean() < 1e-3
    alone = network.logits_of(image[:, ::-1].copy()).flip(-1)
    assert not torch.allclose(alone, network.logits_of(image), atol=1e-3)


def test_the_mean_over_mirror_images_is_that_of_both_logits():
    network, image = small(), image_of(0, (50, 70))
    at_network = network.at_network(image)[None]
    with torch.no_grad():
        expected = (network(at_network) + network(at_network.flip(-1)).flip(-1)) / 2
    assert torch.equal(logits_of(Predictor(network, flip=True), image), expected)


def test_scales_are_averaged_on_the_finest_grid():
    network, image = small(scale=0.5), image_of(0, (128, 192))
    predictor = Predictor(network, scales=(1.0, 2.0))
    assert predictor.scales == (0.5, 1.0)
    inputs = predictor.inputs_of(image)
    assert [tuple(one.shape[1:]) for one in inputs] == [(64, 96), (128, 192)]
    with torch.no_grad():
        coarse, fine = (network(one[None]) for one in inputs)
    expected = (interpolate(coarse, fine.shape[2:], mode="bilinear") + fine) / 2
    assert torch.equal(logits_of(predictor, image), expected)


def test_networks_of_several_strides_and_scales_share_inputs_and_a_grid():
    networks = [equivariant(4, 1.0, 1), equivariant(8, 1.0, 2), equivariant(4, 0.5, 3)]
    image = image_of(3, (64, 128))
    predictor = Predictor(networks)
    assert [tuple(one.shape[1:]) for one in predictor.inputs_of(image)] == [(64, 128), (32, 64)]
    probs = [
        interpolate(network.logits_of(image), (16, 32), mode="bilinear").softmax(1)
        for network in networks
    ]
    found = logits_of(predictor, image)
    torch.testing.assert_close(found.softmax(1), torch.stack(probs).mean(0))


@pytest.mark.parametrize(
    "other",
    [
        TrainedNetwork(Equivariant(4), Classes(["ground", "bar", "disc"]), "softmax", 1.0),
        TrainedNetwork(Equivariant(4), CLASSES, "sigmoid", 1.0),
        TrainedNetwork(Equivariant(4), CLASSES, "softmax", 1.0, SIXTEEN),
    ],
    ids=["classes", "activation", "images"],
)
def test_networks_of_several_kinds_are_refused(other):
    message = r"networks must be at least one, all of the same classes, .* got 2 of 2 kinds"
    with pytest.raises(ArgumentError, match=message):
        Predictor([equivariant(), other])
    with pytest.raises(ArgumentError, match=r"networks must be at least one, .* got none"):
        Predictor([])


def test_a_network_with_itself_is_the_network():
    network, image = small(), image_of(4, (90, 61))
    twice = Predictor([network, network])
    assert np.array_equal(twice.predict(image), network.predict(image))
    torch.testing.assert_close(logits_of(twice, image), network.logits_of(image).log_softmax(1))


def test_images_have_the_same_bits_in_a_batch_as_alone():
    predictor = Predictor([small(0), small(1)], flip=True, scales=(1.0, 1.5))
    inputs = [predictor.inputs_of(image_of(number)) for number in range(3)]
    batch = [torch.stack(one) for one in zip(*inputs)]
    alone = torch.cat([predictor.logits_of([one[None] for one in own]) for own in inputs])
    for _ in range(3):  # one by one, compared, together
        assert torch.equal(predictor.logits_of(batch), alone)
