"""SegNet: the encoder of VGG-16 with batch norm, and a decoder that unpools by its indices.

Source: Badrinarayanan, Kendall, Cipolla (2017), SegNet, https://arxiv.org/abs/1511.00561.
"""

import torch
from torch import Tensor, nn

from pixelwise.networks.small import convolution

# channels of the convolutions between two poolings
STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def make_encoder() -> nn.Sequential:
    """The features of torchvision's vgg16_bn, under the same names."""
    layers: list[nn.Module] = []
    inputs = 3
    for stage in STAGES:
        for outputs in stage:
            norm = nn.BatchNorm2d(outputs)
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), norm, nn.ReLU(inplace=True)]
            inputs = outputs
        layers.append(nn.MaxPool2d(2, return_indices=True))
    return nn.Sequential(*layers)


class SegNet(nn.Module):
    """Logits at the size of the image: no weight is learnt to upsample.

    Args:
        num_classes: channels of the logits, >= 1.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.encoder = make_encoder()
        stages = []
        for number, stage in reversed(list(enumerate(STAGES))):
            finer = STAGES[number - 1][-1] if number else None
            ends = (*stage[1:], finer) if finer else stage[1:]
            layers = [convolution(stage[-1], end) for end in ends]
            stages.append(nn.Sequential(*layers))
        self.decoder = nn.ModuleList(stages)
        self.head = nn.Conv2d(STAGES[0][0], num_classes, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, H, W) float image, H and W >= 32 -> (N, num_classes, H, W) logits."""
        pooled: list[tuple[Tensor, torch.Size]] = []
        x = image
        for layer in self.encoder:
            if isinstance(layer, nn.MaxPool2d):
                size = x.shape
                x, indices = layer(x)
                pooled.append((indices, size))
            else:
                x = layer(x)
        for stage in self.decoder:
            indices, size = pooled.pop()
            x = stage(unpool(x, indices, size))
        return self.head(x)


def unpool(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    """Every value at the place where the pooling found its maximum, 0 elsewhere."""
    flat = x.new_zeros(*size[:2], size[2] * size[3])
    return flat.scatter(2, indices.flatten(2), x.flatten(2)).view(size)
