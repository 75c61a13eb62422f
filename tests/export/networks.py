"""Networks that need no training: they tell colours apart. And checkpoints of them."""

import numpy as np
import torch
from torch import nn

from make import COLORS
from pixelwise.labels.bands.image_kind import RGB8
from pixelwise.labels.classes import Classes
from pixelwise.labels.description import read_description
from pixelwise.networks.build import Network, build_network
from pixelwise.networks.encoder_weights import IMAGENET
from pixelwise.plan.plan import activation_of
from pixelwise.run.checkpoint import AboutCheckpoint, save_checkpoint
from pixelwise.run.trained import TrainedNetwork

CLASSES = Classes(("ground", "disc", "bar"), values=(0, 128, 7), ignore_values=(11,))
SIZE = (64, 64)  # of the first pair of each split of the drawn set
STRIDE = 4


class Colors(nn.Module):
    """logit_c = (x · color_c - |color_c|² / 2) / 1000 of means of 4 x 4 pixels, at stride 4.

    Args:
        num_classes: 1 gives logit_1 - logit_0.
        factor: of the numbers inside; what comes out does not depend on it.
    """

    def __init__(self, num_classes=3, in_channels=3, factor=1.0):
        super().__init__()
        self.inner = nn.Conv2d(in_channels, num_classes, STRIDE, STRIDE)
        self.outer = nn.Conv2d(num_classes, num_classes, 1, bias=False)
        colors = torch.tensor(np.resize(COLORS, (max(num_classes, 2), in_channels))).float()
        weight, bias = colors / 1000, -(colors**2).sum(1) / 2000
        if num_classes == 1:
            weight, bias = weight[1:2] - weight[:1], bias[1:2] - bias[:1]
        if num_classes == 2:  # classes that overlap: the sides of 0 are the nearest colours
            weight, bias = weight - weight.mean(0), bias - bias.mean()
        mean, std = (torch.tensor(np.resize(v, in_channels)) for v in vars(IMAGENET).values() if v)
        bias = bias + weight @ mean.float()
        kernel = (weight * std.float())[:, :, None, None] / STRIDE**2
        with torch.no_grad():
            self.inner.weight.copy_(factor * kernel.expand(-1, -1, STRIDE, STRIDE))
            self.inner.bias.copy_(factor * bias)
            self.outer.weight.copy_(torch.eye(num_classes)[:, :, None, None] / factor)

    def forward(self, x):
        return self.outer(self.inner(x))


def colors(num_classes=3, in_channels=3):
    return Colors(num_classes, in_channels)


def hot(num_classes=3):
    """Numbers inside that float16 does not have; those outside are the same."""
    return Colors(num_classes, factor=1e5)


class Bessel(Colors):
    def forward(self, x):
        return torch.special.bessel_j0(super().forward(x))


def bessel(num_classes=3):
    return Bessel(num_classes)


def trained(classes=CLASSES, channels=3, task="multiclass", scale=1.0, images=RGB8, factor=1.0):
    body = Colors(channels, len(images.channels), factor)
    network = Network(body, IMAGENET.of(images))
    return TrainedNetwork(network, classes, activation_of(task), scale, images).eval()


def write_checkpoint(folder, data, network="colors", scale=1.0):
    """A run's folder/best, as training would have left it."""
    found, name = read_description(data), f"export.networks:{network}"
    channels = 1 if found.task == "binary" else len(found.classes)
    classes = CLASSES if channels == 3 else found.classes
    about = AboutCheckpoint(name, channels, found.task, classes, scale, str(data), 1, 1, {})
    folder.mkdir(parents=True)
    save_checkpoint(folder / "best", build_network(name, channels), about, {})
    return folder / "best"
