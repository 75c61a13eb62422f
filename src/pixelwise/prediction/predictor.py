"""What predicts an image: from its samples to logits at the network's own stride, and to labels.

Everything between an image and its label image is a chain of functions on logits of one grid:

    image -> what the networks take -> logits (C, h, w) -> label, upsampled inside

Whatever is averaged is averaged here, on that grid, so that the rest of prediction knows of one
grid of logits only.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixelwise.errors import ArgumentError
from pixelwise.labels.bands.reading import Samples
from pixelwise.ops.predict import Threshold
from pixelwise.plan.config import Device
from pixelwise.prediction.averages import Grid, mean_of_networks, mean_of_views
from pixelwise.prediction.config import PredictConfig
from pixelwise.prediction.members import Members, find_members
from pixelwise.ranks.distributed import choose_device
from pixelwise.run.trained import Batched, TrainedNetwork, trained_network

Inputs = tuple[Tensor, ...]  # an image in the sizes in which the networks take it; or a batch of it


class Predictor:
    """One or more trained networks, on their device, and the views of an image that they are given.

    Logits are averaged over views, probabilities over networks; the mean is logits again, on the
    finest grid of all. One network without views gives its own logits, to the bit.

    Args:
        networks: in evaluation mode, with the same classes, activation and kind of images.
        flip: the mirror image too, left to right; its logits are mirrored back.
        scales: sizes of an image, as factors of the scale of each network.

    Attributes:
        classes, activation: what the channels of the logits mean.
        device: where it computes.
        scales: of the image, one for each of the inputs.
        network: the first one.
    Raises:
        ArgumentError: no network, or networks of several kinds.
    """

    def __init__(
        self,
        networks: TrainedNetwork | Sequence[TrainedNetwork],
        flip: bool = False,
        scales: Sequence[float] = (1.0,),
    ) -> None:
        several = [networks] if isinstance(networks, TrainedNetwork) else list(networks)
        kinds = {
            (one.classes.names, one.activation, one.images.channels, one.images.dtype)
            for one in several
        }
        if len(kinds) != 1:
            must = "at least one, all of the same classes, activation and kind of images"
            got = f"{len(several)} of {len(kinds)} kinds" if several else "none"
            raise ArgumentError("Predictor", "networks", must=must, got=got)
        self.networks = [(network, Batched(network)) for network in several]
        self.network = several[0]
        self.classes, self.activation = self.network.classes, self.network.activation
        self.device = next(self.network.parameters()).device
        self.flip, self.factors = flip, tuple(scales)
        own = [network.scale * factor for network in several for factor in self.factors]
        self.scales = tuple(dict.fromkeys(own))

    @property
    def pixels_a_pixel(self) -> float:
        """Pixels of all inputs for each pixel of an image; 1 if they are fewer."""
        return max(1.0, sum(scale**2 for scale in self.scales))

    def predict(
        self, image: Samples | Path | str, threshold: Threshold = 0.5
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The label of one image, at its own size: what `predict` writes for it without tiles.

        The image is seen as a whole, as with `--tile 0 0`, also if the runs were scored in tiles.
        Arguments, result and errors are those of TrainedNetwork.predict.
        """
        network = self.network
        where = "predict" if isinstance(image, np.ndarray) else str(image)
        array = image if isinstance(image, np.ndarray) else network.images.read(image)[0]
        network.images.check(where, array)
        inputs = [one[None].to(self.device) for one in self.inputs_of(array, where)]
        return network.label_of(self.logits_of(inputs), array.shape[:2], threshold, where)

    def inputs_of(self, image: Samples, where: str = "predict") -> Inputs:
        """(H, W, channels) image -> (channels, h, w) tensors, one for each scale, on the CPU.

        Raises:
            DatasetError: the image would be too large there.
        """
        return tuple(self.network.at_network(image, where, scale) for scale in self.scales)

    @torch.no_grad()
    def logits_of(self, inputs: Sequence[Tensor]) -> Tensor:
        """(N, channels, h, w) tensors on the device, one for each scale -> (N, C, h', w') logits.

        Each image's logits are those of this image alone, to the bit.
        """
        ((_, first), *others) = self.networks
        if not others and not self.flip and len(self.factors) == 1:
            return first(inputs[0])
        images = dict(zip(self.scales, inputs))
        grid = self.grid_of(images)
        each = (mean_of_views(self.views(*one, images), grid) for one in self.networks)
        return mean_of_networks(each, self.activation) if others else next(each)

    def views(
        self, network: TrainedNetwork, batched: Batched, images: Mapping[float, Tensor]
    ) -> Iterator[Tensor]:
        """The logits of one network for each scale, of the image and its mirror image together."""
        for factor in self.factors:
            image = images[network.scale * factor]
            logits = batched(image)
            yield (logits + batched(image.flip(-1)).flip(-1)) / 2 if self.flip else logits

    def grid_of(self, images: Mapping[float, Tensor]) -> Grid:
        """The finest grid of all logits."""
        grids = [
            network.grid_of(images[network.scale * factor].shape[2:])
            for network, _ in self.networks
            for factor in self.factors
        ]
        return max(rows for rows, _ in grids), max(columns for _, columns in grids)

    def labels_of(
        self, logits: Tensor, size: tuple[int, int], threshold: Threshold = 0.5
    ) -> Tensor:
        """Class indices (N, H, W) of logits (N, C, h, w); (N, C, H, W) if classes overlap."""
        return self.network.labels_of(logits, size, threshold)


def load_predictor(
    run: Path | str | Sequence[Path | str],
    *,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    device: Device = "auto",
    trust: bool = False,
) -> Predictor:
    """What the command `predict` predicts with: networks of one or more runs, and views.

    Args:
        run: a run folder, whose best checkpoint is taken, a checkpoint folder, or the folder of a
            cross-validation, whose folds are all taken; or several.
        flip, scales: views over which logits are averaged, see Predictor.
        device: where it computes.
        trust: import a network `module:function` of a run that another user has trained.
    Returns:
        An object with `classes`, `activation` and `predict(image)`.
    Raises:
        RunError: as load_network; networks that differ in classes, task or kind of images.
        ArgumentError: flip of a run that was trained without mirrored images.
    Example:
        predictor = pw.load_predictor(["runs/street-1", "runs/street-2"], flip=True)
        label = predictor.predict("new/photo.jpg")
    """
    runs = Path(run) if isinstance(run, str | Path) else tuple(map(Path, run))
    config = PredictConfig(runs, flip=flip, scales=tuple(scales), device=device, trust=trust)
    members = find_members(config, warnings.warn)
    return predictor_of(members, choose_device("predict", config.device), trust)


def predictor_of(members: Members, device: str, trust: bool) -> Predictor:
    """The networks of some checkpoints, on a device.

    Raises:
        RunError: see load_network.
    """
    networks = [trained_network(one, trust).to(device) for one in members.checkpoints]
    predictor = Predictor(networks, members.flip, members.scales)
    predictor.classes = members.first.about.classes
    return predictor
