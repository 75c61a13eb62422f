"""`tv:NAME`: the segmentation networks of torchvision, with logits at native stride.

Parameters have torchvision's names. Its auxiliary head is left out: see auxiliary.py.
"""

from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from pixelwise.errors import ArgumentError
from pixelwise.networks.encoder_weights import IMAGENET, Normalization


class FromTorchvision(nn.Module):
    """Backbone and classifier, without the upsampling that follows in torchvision.

    Args:
        name: such as deeplabv3_resnet50.
        num_classes: channels of the logits.
    """

    def __init__(self, name: str, num_classes: int) -> None:
        super().__init__()
        options: dict[str, Any] = {} if name.startswith("lraspp") else {"aux_loss": False}
        network = models.get_model(
            name, weights=None, weights_backbone=None, num_classes=num_classes, **options
        )
        self.backbone, self.classifier = network.backbone, network.classifier
        self.takes_all = name.startswith("lraspp")
        self.auxiliary_layer = None if self.takes_all else auxiliary_layer(name)

    @property
    def encoder(self) -> nn.Module:
        """The part that may start from pretrained weights."""
        return self.backbone

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) float image -> (N, num_classes, h, w) logits."""
        found = self.backbone(image)
        return self.classifier(found if self.takes_all else found["out"])


def auxiliary_layer(name: str) -> str:
    """The layer of the backbone whose feature torchvision gives its auxiliary head."""
    with torch.device("meta"):
        layers = models.get_model(
            name, weights=None, weights_backbone=None, aux_loss=True
        ).backbone.return_layers
    return next(layer for layer, output in layers.items() if output == "aux")


def find_torchvision(name: str, text: str) -> str:
    """The name of a segmentation network of torchvision.

    Raises:
        ArgumentError: naming those that there are.
    """
    known = models.list_models(module=models.segmentation)
    if text in known:
        return text
    near = get_close_matches(text, known, n=1)
    hint = f"Did you mean tv:{near[0]}?" if near else ""
    must = f"tv: with one of {', '.join(known)}"
    raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint)


def load_torchvision(encoder: nn.Module, name: str) -> Normalization:
    """Load torchvision's ImageNet weights of a classifier into the part that is its features.

    Args:
        encoder: with the classifier's names, or with those inside its `features`.
        name: of the classifier, such as resnet50.
    """
    weights = models.get_model_weights(name)["IMAGENET1K_V1"]
    stored = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    stored |= {k.removeprefix("features."): v for k, v in stored.items()}
    encoder.load_state_dict({key: stored[key] for key in encoder.state_dict()}, strict=True)
    return IMAGENET
