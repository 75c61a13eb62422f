"""Networks of transformers from a folder, without a connection."""

import json

import pytest
import torch
from torch import nn

from pixelwise.errors import ArgumentError, MissingPackageError, RunError
from pixelwise.networks.build import build_network
from pixelwise.networks.encoder_weights import IMAGENET
from pixelwise.networks.hugging_face import license_of_folder, normalization_of

SEGFORMER = {
    "num_encoder_blocks": 4,
    "depths": [1, 1, 1, 1],
    "hidden_sizes": [8, 16, 24, 32],
    "num_attention_heads": [1, 1, 2, 2],
    "decoder_hidden_size": 16,
}
VIT = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 64,
}


def segformer(hf):
    return hf.SegformerConfig(**SEGFORMER)


def dpt(hf):
    small = {"neck_hidden_sizes": [8, 8, 8, 8], "fusion_hidden_size": 8, "is_hybrid": False}
    return hf.DPTConfig(**VIT, **small, patch_size=16, backbone_out_indices=[0, 1, 2, 3])


def upernet(hf):
    sizes = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 16, 16]}
    stages = ["stage1", "stage2", "stage3", "stage4"]
    backbone = hf.ConvNextConfig(**sizes, out_features=stages)
    return hf.UperNetConfig(backbone_config=backbone, hidden_size=16, auxiliary_channels=8)


def eomt(hf):
    return hf.EomtDinov3Config(**VIT, patch_size=16, num_blocks=1, num_queries=6)


KINDS = {segformer: 4, dpt: 2, upernet: 4, eomt: 4}


@pytest.fixture
def hf():
    return pytest.importorskip("transformers", reason="the package transformers is not installed")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_network_learns_one_step_at_its_own_stride(kind, hf, tmp_path):
    kind(hf).save_pretrained(tmp_path)
    network = build_network(f"hf:{tmp_path}", 3)
    assert network.stride == KINDS[kind]
    images = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    logits = network(images)
    target = torch.randint(0, 3, (2, *logits.shape[2:]))
    nn.functional.cross_entropy(logits, target).backward()
    reached = [p for p in network.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert reached


def test_weights_and_normalisation_are_those_of_the_folder(hf, tmp_path):
    torch.manual_seed(0)
    model = hf.SegformerForSemanticSegmentation(hf.SegformerConfig(**SEGFORMER, num_labels=7))
    model.save_pretrained(tmp_path)
    about = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25] * 3, "do_reduce_labels": True}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(about))
    (tmp_path / "README.md").write_text("---\nlicense: other\ntags: [x]\n---\n")
    lines = []
    network = build_network(f"hf:{tmp_path}", 3, "auto", lines.append)
    own, stored = network.encoder.state_dict(), model.segformer.state_dict()
    assert all(torch.equal(own[key], stored[key]) for key in stored)
    assert network.mean.flatten().tolist() == [127.5] * 3
    assert "their licence: other; random: decode_head.classifier.bias" in lines[0]
    assert "its processor reduces labels; here dataset.toml says what is void" in lines[1]


def test_a_backbone_alone_is_refused_with_what_to_do(hf, tmp_path):
    hf.ViTConfig(**VIT, patch_size=16).save_pretrained(tmp_path)
    with pytest.raises(ArgumentError, match=r"semantic segmentation, got vit. .*linear:BACKBONE"):
        build_network(f"hf:{tmp_path}", 3)


def test_weights_that_are_asked_for_must_be_there(hf, tmp_path):
    segformer(hf).save_pretrained(tmp_path)
    with pytest.raises(RunError, match=r"weights must be model.safetensors, got nothing"):
        build_network(f"hf:{tmp_path}", 3, "imagenet")


def test_a_name_that_is_not_on_this_machine_is_not_downloaded():
    pytest.importorskip("transformers", reason="the package transformers is not installed")
    with pytest.raises(ArgumentError, match=r"Download it first: hf download nobody/nothing"):
        build_network("hf:nobody/nothing", 3)


def test_without_transformers_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'pixelwise\[hf\]'"):
        build_network("hf:nobody/nothing", 3)


def test_the_scale_of_a_processor_is_that_of_the_image(tmp_path):
    assert normalization_of({}) == IMAGENET
    own = {"image_mean": [1, 2, 3], "image_std": [4, 5, 6], "do_rescale": False}
    assert normalization_of(own).std == (4.0, 5.0, 6.0)
    assert normalization_of({**own, "do_normalize": False}).mean == (0.0, 0.0, 0.0)
    assert license_of_folder(tmp_path) == "unknown"
