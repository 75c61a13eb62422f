"""What a dataset is to a network that was trained on another: its classes and its images."""

from dataclasses import replace

from pixelwise.errors import DatasetError, setting
from pixelwise.labels.bands.channels import Channels
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.labels.description import FILE_NAME, Description
from pixelwise.run.checkpoint import AboutCheckpoint


def check_classes(description: Description, about: AboutCheckpoint) -> None:
    """Raise unless a dataset has the classes and the task of a network.

    Raises:
        DatasetError: naming both.
    """
    own, theirs = description.classes.names, about.classes.names
    if own != theirs or description.task != about.task:
        must = f"those of the network ({', '.join(theirs)})"
        where = description.root / FILE_NAME
        raise DatasetError(where, "classes", must=must, got=", ".join(own))


def images_of(description: Description, trained: ImageKind) -> ImageKind:
    """What the images of a dataset are to a network: its own bands, the values of training.

    Raises:
        DatasetError: it has other channels, or another black and white.
    """
    own, theirs = describe(description.channels), describe(trained.channels)
    if own != theirs:
        must = f"as the network learnt them ({theirs})"
        raise DatasetError(description.root / FILE_NAME, "images", must=must, got=own)
    return replace(trained, channels=description.channels)


def as_of_run(error: DatasetError, trained: ImageKind) -> DatasetError:
    """An error about an image that no dataset describes; its bands are those of the run.

    What it says of dataset.toml is left out: there is none.
    """
    if error.cause != "storage":
        return error
    hint = (
        f"The network takes {describe(trained.channels)}. Which bands of other files those are, "
        f"a dataset.toml says (docs/many-bands.md): give its folder as {setting('data')}."
    )
    return DatasetError(error.where, error.name, must=error.must, got=error.got, hint=hint)


def describe(channels: Channels) -> str:
    """What has to be the same for a network."""
    if channels.is_rgb:
        return "RGB of 8 bits"
    pairs = list(map(list, channels.range))
    limits = f", range {pairs if len(set(channels.range)) > 1 else pairs[0]}" if pairs else ""
    return f"{', '.join(channels.names)}; normalization {channels.normalization}{limits}"
