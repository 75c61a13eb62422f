"""The network `small`: a plain convolutional feature pyramid of 0.2 million parameters.

    image ── /2 ── /4 ── /8 ── /16
                    │     │      │      1x1 convolutions to one width
    logits (/4) ◄── + ◄── + ◄────┘      from coarse to fine, by bilinear upsampling

It needs no other package and no pretrained weights, and trains in minutes on two cores.
"""

from torch import Tensor, nn
from torch.nn import functional

CHANNELS = (16, 32, 64, 96)  # at strides 2, 4, 8, 16
WIDTH = 48


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class SmallNetwork(nn.Module):
    """Encoder of four strides and a top-down decoder that ends at stride 4.

    Args:
        num_classes: channels of the logits, >= 1.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        inputs = (3, *CHANNELS)
        self.encoder = nn.ModuleList(
            nn.Sequential(convolution(i, o, stride=2), *([convolution(o, o)] if o > 16 else []))
            for i, o in zip(inputs, CHANNELS)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(c, WIDTH, 1) for c in CHANNELS[1:])
        self.head = nn.Sequential(convolution(WIDTH, WIDTH), nn.Conv2d(WIDTH, num_classes, 1))

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) float image -> (N, num_classes, H/4, W/4) logits."""
        features = []
        for stage in self.encoder:
            image = stage(image)
            features.append(image)
        finer = list(zip(features[1:], self.lateral))
        top, lateral = finer.pop()
        fused = lateral(top)
        for feature, lateral in reversed(finer):
            coarse = functional.interpolate(fused, size=feature.shape[-2:], mode="bilinear")
            fused = lateral(feature) + coarse
        return self.head(fused)
