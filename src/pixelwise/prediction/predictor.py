"""What predicts an image: from its samples to logits at the network's own stride, and to labels.

Everything between an image and its label image is a chain of functions on logits of one grid:

    image -> what the networks take -> logits (C, h, w) -> label, upsampled inside

Whatever is averaged is averaged here, on that grid, so that the rest of prediction knows of one
grid of logits only.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixelwise.labels.bands.reading import Samples
from pixelwise.ops.predict import Threshold
from pixelwise.run.trained import Batched, TrainedNetwork

Inputs = tuple[Tensor, ...]  # an image in the sizes in which the networks take it; or a batch of it


class Predictor:
    """A trained network, on its device.

    Args:
        network: in evaluation mode.

    Attributes:
        classes, activation: what the channels of the logits mean.
        device: where it computes.
    """

    def __init__(self, network: TrainedNetwork) -> None:
        self.network = network
        self.classes, self.activation = network.classes, network.activation
        self.device = next(network.parameters()).device
        self.batched = Batched(network)

    def inputs_of(self, image: Samples, where: str = "predict") -> Inputs:
        """(H, W, channels) image -> (channels, h, w) tensors, on the CPU.

        Raises:
            DatasetError: the image would be too large there.
        """
        return (self.network.at_network(image, where),)

    @torch.no_grad()
    def logits_of(self, inputs: Sequence[Tensor]) -> Tensor:
        """(N, channels, h, w) tensors on the device -> (N, C, h', w') logits.

        Each image's logits are those of this image alone, to the bit.
        """
        (images,) = inputs
        return self.batched(images)

    def labels_of(
        self, logits: Tensor, size: tuple[int, int], threshold: Threshold = 0.5
    ) -> Tensor:
        """Class indices (N, H, W) of logits (N, C, h, w); (N, C, H, W) if classes overlap."""
        return self.network.labels_of(logits, size, threshold)
