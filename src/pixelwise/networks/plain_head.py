"""`linear:` and `mlp:`: a backbone of timm, and a head of one or two 1x1 convolutions on it.

The last features are taken as a grid: the patches of a transformer, or the coarsest map of a
convolutional network. Logits come at the stride of that grid.
"""

from typing import Any

import timm
from timm.layers.format import Format
from torch import Tensor, nn

HIDDEN = 256  # channels between the two convolutions of `mlp`
# for any image size: transformers with positions, those with windows, and networks without either
SIZES: tuple[dict[str, Any], ...] = ({"dynamic_img_size": True}, {"strict_img_size": False}, {})


class PlainHead(nn.Module):
    """A backbone and a head.

    Args:
        backbone: name in timm.
        num_classes: channels of the logits.
        hidden: channels of a layer between features and logits, or None.
    """

    def __init__(self, backbone: str, num_classes: int, hidden: int | None) -> None:
        super().__init__()
        self.encoder = make_backbone(backbone, pretrained=False)
        channels = self.encoder.feature_info.channels()[-1]
        layers: list[nn.Module] = []
        if hidden is not None:
            layers = [nn.Conv2d(channels, hidden, 1), nn.GELU()]
        self.head = nn.Sequential(*layers, nn.Conv2d(hidden or channels, num_classes, 1))
        self.multiple = self.encoder.feature_info.reduction()[-1]

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) float image -> (N, num_classes, h, w) logits at the stride of the grid."""
        features = self.encoder(image)[-1]
        if getattr(self.encoder, "output_fmt", None) == Format.NHWC:
            features = features.permute(0, 3, 1, 2)
        return self.head(features)


def make_backbone(name: str, pretrained: bool) -> Any:
    """A network of timm that gives its last features and takes images of any size."""
    for options in SIZES[:-1]:
        try:
            return features(name, pretrained, **options)
        except TypeError:  # a network that does not know the option
            continue
    return features(name, pretrained)


def features(name: str, pretrained: bool, **options: Any) -> Any:
    """The last features of a network of timm."""
    return timm.create_model(
        name, pretrained=pretrained, features_only=True, out_indices=(-1,), **options
    )
