"""Every row of the tables is built, gives logits at its stride, and learns one step."""

from collections import OrderedDict
from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from pixelwise.errors import ArgumentError
from pixelwise.networks.build import IMAGENET, Network, build_network
from pixelwise.networks.licenses import license_of_encoder, license_of_timm
from pixelwise.networks.outputs import logits_of, logits_of_queries
from pixelwise.networks.segnet import SegNet, make_encoder
from pixelwise.networks.table import KINDS, NETWORKS
from pixelwise.networks.trust import is_code
from pixelwise.plan.config import TrainConfig
from pixelwise.run.optimizer import make_optimizer

# name -> stride
ROWS = {
    "small": 4,
    "segnet": 1,
    "linear:resnet18": 32,
    "linear:vit_tiny_patch16_224": 16,
    "mlp:eva02_tiny_patch14_224": 14,
    "dpt:vit_tiny_patch16_224": 2,
    "tv:deeplabv3_mobilenet_v3_large": 16,
    "tv:fcn_resnet50": 8,
    "tv:lraspp_mobilenet_v3_large": 8,
    "deeplabv3plus:tu-xception65": 4,
    **{f"{name}:resnet18": None for name in NETWORKS if name not in ("dpt", "segformer")},
    "segformer:mit_b0": 4,
}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_learns_one_step_of_the_optimizer(name):
    """Of images that are as small as those of a run may be; pan pools a stride of 16 thrice."""
    torch.manual_seed(0)
    network = build_network(name, 3)
    assert network.stride == (ROWS[name] or network.stride)
    side = 128 if name.startswith("pan:") else 32
    images = torch.randint(0, 256, (2, 3, side, side), dtype=torch.uint8)
    logits = network(images)
    assert logits.shape[:2] == (2, 3)
    target = torch.randint(0, 3, (2, *logits.shape[2:]))
    nn.functional.cross_entropy(logits, target).backward()
    optimizer = make_optimizer(network, TrainConfig(Path("unused"), optimizer="sgd"))
    before = [p.detach().sum() for p in network.parameters()]
    optimizer.step()
    assert any(p.sum() != old for p, old in zip(network.parameters(), before))
    parameters = [p for p in network.parameters() if p.requires_grad]
    reached = [p for p in parameters if p.grad is not None]
    assert len(reached) > 0.5 * len(parameters)  # pspnet leaves the deepest stages out
    assert any(p.grad.abs().sum() > 0 for p in reached)
    assert all(p.grad.sum().isfinite() for p in reached)


@pytest.mark.parametrize(
    "name", ["segnet", "tv:lraspp_mobilenet_v3_large", "mlp:resnet18", "dpt:vit_tiny_patch16_224"]
)
def test_the_encoder_is_a_part_that_can_be_frozen(name):
    """Whatever its weights are: none are drawn."""
    with torch.device("meta"):
        network = build_network(name, 2)
    network.freeze_encoder()
    assert any(p.requires_grad for p in network.parameters())
    assert not any(p.requires_grad for p in network.encoder.parameters())


def test_outputs_of_libraries_are_understood():
    first, second = torch.rand(1, 2, 4, 4), torch.rand(1, 2, 2, 2)
    assert logits_of(first) is first
    assert logits_of((first, second)) is first
    assert logits_of([first, second]) is first
    assert logits_of(OrderedDict(out=first, aux=second)) is first
    assert logits_of({"loss": None, "logits": first}) is first
    assert logits_of({"other": first}) == {"other": first}


def test_queries_of_masks_give_the_class_with_the_highest_score():
    """A query that is surely class 1 covers the left half, one that is class 0 the right."""
    classes = torch.tensor([[[0.0, 20.0, 0.0], [20.0, 0.0, 0.0], [0.0, 0.0, 20.0]]])
    left = torch.tensor([20.0, -20.0]).view(1, 1, 1, 2)
    masks = torch.cat([left, -left, torch.full((1, 1, 1, 2), 20.0)], 1)
    logits = logits_of_queries(classes, masks)
    assert logits.shape == (1, 2, 1, 2)
    assert logits.argmax(1).flatten().tolist() == [1, 0]
    assert logits.isfinite().all()


def test_segnet_puts_maxima_back_where_they_were():
    """Its encoder has the layers and names of torchvision's VGG-16 with batch norm."""
    models = pytest.importorskip("torchvision").models
    layers = models.vgg.make_layers(models.vgg.cfgs["D"], batch_norm=True)
    own = make_encoder().state_dict()
    assert {k: v.shape for k, v in layers.state_dict().items()} == {
        k: v.shape for k, v in own.items()
    }
    assert SegNet(2).eval()(torch.zeros(1, 3, 45, 70)).shape == (1, 2, 45, 70)


class Whole(nn.Module):
    """Accepts multiples of 14 alone."""

    multiple = 14

    def forward(self, image):
        assert all(length % 14 == 0 for length in image.shape[2:])
        return nn.functional.avg_pool2d(image, 14)


def test_sizes_that_must_be_multiples_are():
    network = Network(Whole(), IMAGENET)
    image = torch.full((1, 3, 64, 96), 200, dtype=torch.uint8)
    logits = network(image)
    assert logits.shape == (1, 3, 5, 7)
    expected = (200 - network.mean) / network.std
    torch.testing.assert_close(logits, expected.expand_as(logits))


def test_names_of_the_tables_are_not_code():
    assert not any(is_code(f"{kind}:os") for kind in [*KINDS, *NETWORKS])
    assert is_code("mine:make")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tv:deeplabv3_resnet5", r"Did you mean tv:deeplabv3_resnet50\?"),
        ("linear:resnt18", r"linear: or mlp: with a network of timm, got 'linear:resnt18'"),
        ("tv", r"Did you mean tv:deeplabv3_resnet50\?"),
        ("dpt:resnet18", r"an architecture and encoder that fit, got 'dpt:resnet18'"),
    ],
)
def test_a_wrong_name_has_the_right_one_in_its_message(name, message):
    with pytest.raises(ArgumentError, match=message):
        build_network(name, 3)


def test_licences_are_those_that_are_stated():
    assert license_of_timm("convnext_atto") == "apache-2.0"
    assert license_of_encoder("mit_b0") == "NVIDIA Source Code License"
    assert license_of_encoder("resnet18") == "unknown"


@pytest.mark.parametrize(
    "name",
    [
        "linear:resnet18",
        "mlp:vit_tiny_patch16_224",
        "linear:convnext_atto",
        "dpt:vit_tiny_patch16_224",
    ],
)
def test_weights_of_timm_reach_the_encoder(name, monkeypatch):
    """Without a download: what timm would give is drawn."""
    make, given, lines = timm.create_model, [], []

    def create(model, **options):
        given.append(make(model, **{**options, "pretrained": False}))
        return given[-1]

    monkeypatch.setattr(timm, "create_model", create)
    network = build_network(name, 2, "imagenet", lines.append)
    stored = {id(t): t for t in given[-1].state_dict().values()}
    assert "their licence: apache-2.0" in lines[0]
    own = [t for t in network.encoder.state_dict().values() if t.ndim > 1]
    assert all(any(t.equal(s) for s in stored.values() if s.shape == t.shape) for t in own)


@pytest.mark.parametrize("name", ["tv:fcn_resnet50", "tv:lraspp_mobilenet_v3_large"])
def test_weights_of_torchvision_reach_the_encoder(name, monkeypatch):
    """Without a download: each tensor that torchvision would give has a number of its own."""
    models = pytest.importorskip("torchvision").models
    with torch.device("meta"):
        shapes = models.get_model(name.partition("_")[2]).state_dict()
    stored = {
        key: torch.full_like(tensor, number, device="cpu")
        for number, (key, tensor) in enumerate(shapes.items(), 1)
    }
    monkeypatch.setattr(models.WeightsEnum, "get_state_dict", lambda *_, **__: dict(stored))
    lines = []
    network = build_network(name, 2, "imagenet", lines.append)
    own = network.encoder.state_dict()
    assert torch.equal(next(iter(own.values())), next(iter(stored.values())))
    known = stored | {key.removeprefix("features."): t for key, t in stored.items()}
    assert all(torch.equal(tensor, known[key]) for key, tensor in own.items())
    assert lines[0].endswith("their licence: unknown")
