"""A trained network: an image in, a label out, exactly as the command `predict` writes it."""

import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pixelwise.data.resize import network_size, resize_image
from pixelwise.data.samples import image_to_tensor
from pixelwise.errors import (
    ArgumentError,
    DatasetError,
    RunError,
    error_at,
)
from pixelwise.files.content import Unreadable
from pixelwise.files.limits import check_unpacked
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.labels.bands.reading import Samples
from pixelwise.labels.classes import Classes
from pixelwise.networks.build import Network, build_network
from pixelwise.networks.trust import check_trusted
from pixelwise.ops.nan import check_no_nan
from pixelwise.ops.predict import Threshold, predict_label
from pixelwise.ops.spec import Activation
from pixelwise.plan.plan import activation_of
from pixelwise.run.checkpoint import (
    BEST,
    CONFIG,
    LAST,
    Checkpoint,
    find_checkpoint,
    load_weights,
)

Item = TypeVar("Item")


class TrainedNetwork(nn.Module):
    """A network together with what its run knew about images and classes.

    Args:
        network: takes uint8 images, gives logits at its own stride.
        classes: what the channels of the logits mean.
        activation: "softmax", or "sigmoid" for a binary task or classes that overlap.
        scale: size of an image at the network / size on disk.
        images: what they were in training.
    """

    def __init__(
        self,
        network: Network,
        classes: Classes,
        activation: Activation,
        scale: float,
        images: ImageKind = RGB8,
    ) -> None:
        """Made by load_network."""
        super().__init__()
        self.network = network
        self.classes = classes
        self.activation = activation
        self.scale = scale
        self.images = images

    def forward(self, image: Tensor) -> Tensor:
        """(N, channels, H, W), H and W multiples of 32 -> (N, C, h, w) logits at its stride."""
        return self.network(image)

    def predict(
        self, image: Samples | Path | str, threshold: Threshold = 0.5
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The label of one image, at the image's own size.

        The logits are interpolated bilinearly to that size. The result depends on this image alone
        and is what `pixelwise predict` writes for it: `classes.to_stored(label)`. The network sees
        the image as a whole, as with `--tile 0 0`, also if its run was scored in tiles.

        Args:
            image: (H, W, 3) uint8 RGB, or the channels and samples that the network was trained
                on; or an image file.
            threshold: sigmoid: probability above which a pixel is foreground, 0..1; one for each
                class if they overlap.
        Returns:
            (H, W) class indices; uint8, or uint16 for more than 256 classes. (C, H, W) of 0 and 1
            where classes overlap.
        Raises:
            DatasetError: the file cannot be read.
            ArgumentError: the array has other channels; the network gives NaN.
            ArgumentTypeError: the array has samples of another type.
        Example:
            network = pw.load_network("runs/street-1").to("cuda")
            label = network.predict("new/photo.jpg")
        """
        where = "predict" if isinstance(image, np.ndarray) else str(image)
        array = image if isinstance(image, np.ndarray) else self.images.read(image)[0]
        self.images.check(where, array)
        return self.label_of(self.logits_of(array, where), array.shape[:2], threshold, where)

    @torch.no_grad()
    def logits_of(self, image: Samples, where: str = "predict") -> Tensor:
        """(H, W, channels) image -> (1, C, h, w) logits at the network's own resolution.

        Raises:
            DatasetError: the image would be too large there.
        """
        at_network = self.at_network(image, where)
        return self(at_network[None].to(next(self.parameters()).device))

    def at_network(
        self, image: Samples, where: str = "predict", scale: float | None = None
    ) -> Tensor:
        """(H, W, channels) image -> (channels, h, w) as the network takes it, on the CPU.

        Args:
            image: as in predict.
            where: the image, first word of messages.
            scale: another one than that of the run.
        Raises:
            DatasetError: the image would be too large there.
        """
        scale = self.scale if scale is None else scale
        height, width = network_size(image.shape[:2], scale)
        try:
            size = self.images.bytes_a_pixel * height * width
            check_unpacked(size, f"{width:,} x {height:,} pixels at scale {scale}")
        except Unreadable as reason:
            raise reason.at(DatasetError, where, "image") from None
        return resize_image(image_to_tensor(image), image.shape[:2], scale)

    def grid_of(self, size: Sequence[int]) -> tuple[int, int]:
        """Rows and columns of the logits of an image of (height, width) at the network."""
        multiple, stride = self.network.multiple, self.network.stride
        rows, columns = (
            max(1, round(max(1, round(length / multiple)) * multiple / stride)) for length in size
        )
        return rows, columns

    def label_of(
        self,
        logits: Tensor,
        size: tuple[int, int],
        threshold: Threshold = 0.5,
        where: str = "predict",
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The class indices (H, W) of one image.

        Args:
            logits: (1, C, h, w) of the image.
            size: (height, width) of the image.
            threshold: see predict.
            where: the image, first word of messages.
        Raises:
            ArgumentError: a logit is NaN, of which argmax would make a class.
        """
        check_no_nan(where, logits)
        return self.labels_of(logits, size, threshold)[0].cpu().numpy()

    def labels_of(
        self, logits: Tensor, size: tuple[int, int], threshold: Threshold = 0.5
    ) -> Tensor:
        """Class indices (N, H, W) of logits (N, C, h, w); (N, C, H, W) if classes overlap."""
        labels = predict_label(logits, size, self.activation, threshold)
        return labels[:, None] if self.classes.files and labels.dim() == 3 else labels


class Batched:
    """A network on several images at once, where that gives the bits of one by one.

    The order in which a convolution sums may depend on the number of images, and a prediction must
    depend on its image alone. That order depends on shapes, not on values, so that a comparison of
    one batch tells about all of its shape. The first batch of a shape is computed one by one, as
    it may be the only one; the second both ways.

    Args:
        network: (N, 3, h, w) -> (N, C, h', w'), deterministic.
    """

    def __init__(self, network: Callable[[Tensor], Tensor]) -> None:
        self.network = network
        self.most: int | None = None  # images that fit into the memory of the GPU
        self.is_same: dict[torch.Size, bool | None] = {}  # None: seen once

    def __call__(self, images: Tensor) -> Tensor:
        """The logits of some images.

        Raises:
            torch.OutOfMemoryError: one image alone does not fit.
        """
        is_same = self.is_same.get(images.shape)
        if len(images) == 1:
            return self.network(images)
        if self.most is not None and len(images) > self.most:
            return torch.cat([self(part) for part in images.split(self.most)])
        if is_same:
            try:
                return self.network(images)
            except torch.OutOfMemoryError:
                self.most = len(images) // 2
            torch.cuda.empty_cache()
            return self(images)
        one_by_one = torch.cat([self.network(image) for image in images.split(1)])
        if images.shape not in self.is_same:
            self.is_same[images.shape] = None
        elif is_same is None:
            try:
                self.is_same[images.shape] = torch.equal(self.network(images), one_by_one)
            except torch.OutOfMemoryError:
                self.most = len(images) // 2
        return one_by_one


def same_sizes(
    items: Iterable[Item], size_of: Callable[[Item], Hashable], most: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Items that follow each other and have one size, in lists.

    Args:
        items: in their order.
        size_of: what is equal in a list.
        most: how many there are at most in the list of an item, >= 1.
    """
    same: list[Item] = []
    for item in items:
        if same and size_of(item) != size_of(same[0]):
            yield same
            same = []
        same.append(item)
        if len(same) >= most(item):
            yield same
            same = []
    if same:
        yield same


def load_network(run: Path | str, trust: bool = False) -> TrainedNetwork:
    """The trained network of a run, on the CPU, in evaluation mode.

    Args:
        run: a run folder, whose best checkpoint is taken; or a checkpoint folder, such as RUN/last.
        trust: import a network `module:function` of a run that another user has trained.
    Returns:
        An nn.Module with `classes`, `activation` and `predict(image)`.
    Raises:
        RunError: there is no complete checkpoint, or its tensors are not those of the network.
    """
    return trained_network(find_checkpoint(Path(run), (BEST, LAST), warnings.warn), trust)


def trained_network(checkpoint: Checkpoint, trust: bool = False) -> TrainedNetwork:
    """The network with the weights of a checkpoint, on the CPU, in evaluation mode.

    Raises:
        RunError: its network is code that is not trusted, or does not fit; see load_network.
    """
    about, path = checkpoint.about, checkpoint.folder / CONFIG
    check_trusted(about.network, path, trust)
    try:
        network = build_network(about.network, about.num_channels, images=about.images)
    except ArgumentError as error:
        raise error_at(path, error, RunError) from None
    load_weights(network, checkpoint.folder)
    channels = 1 if about.task == "binary" else len(about.classes)
    if about.num_channels != channels:
        must, got = f"{channels} for its task and classes", about.num_channels
        raise RunError(path, "num_channels", must=must, got=got)
    activation = activation_of(about.task)
    return TrainedNetwork(network, about.classes, activation, about.scale, about.images).eval()
