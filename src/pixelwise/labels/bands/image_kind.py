"""What the images of a run are, so that others are recognised and read in the same way."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixelwise.errors import ArgumentTypeError, DatasetError, PixelwiseError, check_shape
from pixelwise.labels.bands.channels import RGB, Channels
from pixelwise.labels.bands.reading import Samples, read_with_gaps
from pixelwise.labels.bands.stored import SampleType


@dataclass(frozen=True)
class ImageKind:
    """Channels, type and values of the images that a network was trained on.

    Args:
        channels: of dataset.toml.
        dtype: of the samples.
        low, high: per channel: what is black and white, or percentiles of the train split; beyond
            is clipped. () for RGB of 8 bits.
        mean, std: per channel, of the train split, clipped; () where the encoder has its own.
    Raises:
        DatasetError: there are not as many values as channels, or they contradict each other.
    """

    channels: Channels = RGB
    dtype: SampleType = "uint8"
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        wanted = 0 if self.is_rgb else len(self.channels)
        trained = wanted if self.channels.normalization == "train" else 0
        for name, number in (
            ("low", wanted),
            ("high", wanted),
            ("mean", trained),
            ("std", trained),
        ):
            if len(getattr(self, name)) != number:
                must, got = f"{number} values", len(getattr(self, name))
                raise DatasetError("images", name, must=must, got=got)
        ordered = all(low < high for low, high in zip(self.low, self.high))
        if not ordered or min(self.std, default=1.0) <= 0:
            raise DatasetError("images", "values", must="low < high and std > 0", got="others")

    @property
    def is_rgb(self) -> bool:
        """Whether images are RGB of 8 bits, however their files hold it."""
        return self.channels.is_rgb

    @property
    def bytes_a_pixel(self) -> int:
        """Of the tensor of an image: those that are not uint8 are float32."""
        return len(self.channels) * (1 if self.dtype == "uint8" else 4)

    def read(self, path: Path | str) -> tuple[Samples, NDArray[np.bool] | None]:
        """The samples (H, W, C) of a file, and where there are no data.

        Raises:
            DatasetError: see read_channels; samples of another type than those of the run.
        """
        return read_typed(path, self.channels, self.dtype)

    def check(self, where: str, image: np.ndarray) -> None:
        """Raise unless an array is an image of this kind.

        Raises:
            ArgumentTypeError: its samples are of another type.
            ArgumentError: it is not (H, W, C).
        """
        check_type(where, image, self.dtype, ArgumentTypeError)
        count = len(self.channels)
        named = f"(H, W, {count})" + (
            "" if self.is_rgb else f" of {', '.join(self.channels.names)}"
        )
        check_shape(where, "image", image.shape, (None, None, count), named)


def read_typed(
    path: Path | str, channels: Channels, dtype: SampleType
) -> tuple[Samples, NDArray[np.bool] | None]:
    """read_with_gaps, of samples of one type.

    Raises:
        DatasetError: see read_channels; they have another type.
    """
    samples, gaps = read_with_gaps(path, channels)
    check_type(str(path), samples, dtype, DatasetError)
    return samples, gaps


def check_type(
    where: str, image: np.ndarray, dtype: SampleType, error: type[PixelwiseError]
) -> None:
    """Raise unless the samples of an image have the type of those of its run."""
    if image.dtype != dtype:
        raise error(where, "image", must=f"{dtype}, as in training", got=image.dtype)


RGB8 = ImageKind()
