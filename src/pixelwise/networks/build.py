"""Networks by name: `fpn:resnet34`, `tv:fcn_resnet50`, `small`, or any `module:function`.

Every network here takes the image as it is on disk, (N, 3, H, W) uint8 RGB, or of other channels
and samples, and gives logits (N, C, h, w) at its own stride. They are never upsampled in the
network: losses, predictions and scores upsample inside their ops, where no full-resolution logits
are allocated.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from pixelwise.errors import ArgumentError, PixelwiseError, RunError
from pixelwise.extras import module_beside
from pixelwise.labels.bands.image_kind import RGB8, ImageKind
from pixelwise.networks.encoder_weights import (
    IMAGENET,
    Normalization,
    load_encoder_weights,
    load_timm,
)
from pixelwise.networks.image_channels import RGB, kernels, option_of, take_channels
from pixelwise.networks.licenses import UNKNOWN, license_of_timm
from pixelwise.networks.outputs import logits_of, others_of
from pixelwise.networks.small import SmallNetwork
from pixelwise.networks.table import KINDS, NETWORKS, SEGNET, check_name
from pixelwise.text import reason_of


class Network(nn.Module):
    """A network together with the normalisation that its first weights were trained with.

    logits = body((clip(image, low, high) - mean) / std)

    Args:
        body: (N, channels, H, W) float -> (N, C, h, w) logits, in a form that outputs.py knows. Its
            attribute `multiple`, if any, is what H and W must be multiples of; images are resized.
        normalization: per channel; 8-bit RGB is not clipped.

    Attributes:
        stride: pixels of the image per logit, as build_network found by running the network.
        auxiliary: heads for training alone, see auxiliary.py.
        head_factors: of the losses of the logits and of what else is given in training; none:
            nothing else is.
    """

    mean: Tensor
    std: Tensor
    low: Tensor
    high: Tensor
    is_frozen = False

    def __init__(self, body: nn.Module, normalization: Normalization) -> None:
        super().__init__()
        self.body = body
        # images have sizes of 32s already
        self.multiple = multiple if 32 % (multiple := getattr(body, "multiple", 1)) else 1
        self.stride = 1
        self.auxiliary = nn.ModuleList()
        self.head_factors: tuple[float, ...] = ()
        self.channels = len(normalization.mean)
        self.clips = bool(normalization.low)
        for name, values in vars(normalization).items():
            if values:
                self.register_buffer(
                    name, torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)
                )

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        """(N, 3, H, W) uint8 RGB, or (N, channels, H, W) -> (N, C, h, w) logits.

        In training with head_factors a list: these, and those of the auxiliary heads.
        """
        samples = image.float()
        samples = samples.clamp(self.low, self.high) if self.clips else samples
        normalized = (samples - self.mean) / self.std
        if self.multiple > 1:
            height, width = (
                max(1, round(length / self.multiple)) * self.multiple for length in image.shape[2:]
            )
            normalized = functional.interpolate(
                normalized, (height, width), mode="bilinear", antialias=True
            )
        output = self.body(normalized)
        if not (self.training and self.head_factors):
            return logits_of(output)
        heads = [head() for head in self.auxiliary] or others_of(output)
        return [logits_of(output), *heads]

    def train(self, mode: bool = True) -> Self:
        """As of every module; an encoder that is frozen stays as in prediction."""
        super().train(mode)
        if self.is_frozen and self.encoder is not None:
            self.encoder.eval()
        return self

    def freeze_encoder(self) -> None:
        """Let the encoder learn nothing more: neither its weights nor what its norms have seen.

        Raises:
            ArgumentError: the network has none.
        """
        if not isinstance(self.encoder, nn.Module):
            must, got = "none for a network without an encoder", "encoder"
            raise ArgumentError("train", "freeze", must=must, got=got)
        self.encoder.requires_grad_(False)
        self.is_frozen = True
        self.train(self.training)

    @property
    def encoder(self) -> nn.Module | None:
        """The part that may start from pretrained weights, or None."""
        return getattr(self.body, "encoder", None)


def build_network(
    name: str,
    num_channels: int,
    encoder_weights: str = "none",
    log: Callable[[str], object] = str,  # str() ignores the line
    images: ImageKind = RGB8,
) -> Network:
    """A network by name, with the encoder's first weights loaded.

    Args:
        name: `architecture:encoder` with an architecture of NETWORKS and an encoder of
            segmentation_models_pytorch or timm; one of OTHERS; or `module:function`, which is
            called with `num_classes=`, for images that have not three channels also with
            `in_channels=`, and returns an nn.Module that takes images normalised as those of
            ImageNet.
        num_channels: channels of the logits; 1 for a binary task.
        encoder_weights: "auto", "imagenet", "offline" or "none".
        log: given one line about the weights that were loaded.
        images: their channels, and what is black and white in them.
    Returns:
        The network, on the CPU, in training mode.
    Raises:
        ArgumentError: the name is unknown, or what it names does not give such logits.
        RunError: the weights that were asked for are not available.
    """
    check_name(name)
    kind, _, rest = name.partition(":")
    body: Any
    encoder = None
    options: dict[str, Any] = {}
    normalization = IMAGENET
    channels = len(images.channels)
    if kind in NETWORKS and rest:
        encoder = find_encoder(name, rest)
        body = build_from_table(name, kind, encoder, num_channels)
        if kind == "dpt":
            body.segmentation_head.upsampling_factor = 1
            body.multiple = body.encoder.output_stride
            options = {"load": load_timm}
    elif kind == "hf":
        from pixelwise.networks.hugging_face import build_hugging_face

        with own_code(name):
            body, normalization = build_hugging_face(name, rest, num_channels, encoder_weights, log)
    elif kind in KINDS or name == SEGNET:
        body, encoder, options = build_other(name, kind, rest, num_channels)
    elif rest:
        body = build_from_function(name, kind, rest, num_channels, channels)
    else:
        body = SmallNetwork(num_channels)
    adapts = channels != RGB and (not rest or kind in NETWORKS or kind in KINDS)
    loaded = kind == "hf" and encoder_weights != "none"
    untrained = kernels(body) if adapts and not loaded else None
    if encoder is not None:
        part = Network(body, IMAGENET).encoder
        assert part is not None  # every row has one
        normalization = load_encoder_weights(part, encoder, encoder_weights, log, **options)
    elif kind != "hf" and encoder_weights in ("imagenet", "offline"):
        raise ArgumentError(
            "train", "encoder_weights", must=f"auto or none for {name}", got=encoder_weights
        )
    if adapts:
        take_channels(body, channels, untrained)
    network = Network(body, normalization.of(images))
    check_logits(name, network, num_channels)
    return network


def build_other(
    name: str, kind: str, rest: str, num_channels: int
) -> tuple[nn.Module, str, dict[str, Any]]:
    """One row of OTHERS: the network, the name of its encoder, how that gets its weights."""
    from pixelwise.networks.from_torchvision import (
        FromTorchvision,
        find_torchvision,
        load_torchvision,
    )
    from pixelwise.networks.plain_head import HIDDEN, PlainHead
    from pixelwise.networks.segnet import SegNet

    of_torchvision = {"load": load_torchvision, "license": UNKNOWN}
    if name == SEGNET:
        return SegNet(num_channels), "vgg16_bn", of_torchvision
    if kind == "tv":
        found = find_torchvision(name, rest)
        encoder = found.partition("_")[2]
        return FromTorchvision(found, num_channels), encoder, of_torchvision
    backbone = find_backbone(name, rest)
    hidden = HIDDEN if kind == "mlp" else None
    with own_code(name):
        body = PlainHead(backbone, num_channels, hidden)
    options = {"load": load_timm, "license": license_of_timm(backbone)}
    return body, f"tu-{backbone}", options


def find_backbone(name: str, text: str) -> str:
    """The name of a network of timm.

    Raises:
        ArgumentError: naming those that are near.
    """
    import timm

    text = text.removeprefix("tu-")
    if timm.is_model(text):
        return text
    near = get_close_matches(text, timm.list_models(), n=3)
    hint = f"Did you mean {', '.join(near)}?" if near else "Try vit_small_patch16_224."
    must = "linear: or mlp: with a network of timm"
    raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint)


def has_batch_norm(network: nn.Module) -> bool:
    """Whether a layer normalises by statistics of the batch in training; frozen ones do not."""
    norms = (m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm))
    return any(norm.weight is None or norm.weight.requires_grad for norm in norms)


def draws_at_random(network: nn.Module) -> bool:
    """Whether a layer leaves out values or paths at random in training; frozen ones do not."""
    kinds = ("Dropout", "DropPath", "StochasticDepth")  # of torch, timm, torchvision, transformers
    return any(
        any(kind in type(layer).__name__ for kind in kinds)
        and (getattr(layer, "p", None) or getattr(layer, "drop_prob", None) or 0) > 0
        for layer in network.modules()
        if layer.training
    )


def share_batch_norm(network: Network) -> Network:
    """The same network, with the statistics of BatchNorm taken over the GPUs of all ranks.

    Its parameters stay the same tensors and keep their names. torch's own conversion would drop the
    activation that a BatchNormAct2d of timm contains.
    """
    from timm.layers import convert_sync_batchnorm

    return convert_sync_batchnorm(network)


def check_network(name: str) -> None:
    """Raise if a name is not that of a network, without building it.

    Raises:
        ArgumentError: see build_network.
    """
    check_name(name)
    kind, _, rest = name.partition(":")
    if kind in NETWORKS:
        find_encoder(name, rest)
    elif kind == "tv":
        from pixelwise.networks.from_torchvision import find_torchvision

        find_torchvision(name, rest)
    elif kind == "hf":
        from pixelwise.networks.hugging_face import find_folder

        find_folder(name, rest)
    elif kind in KINDS:
        find_backbone(name, rest)
    elif rest:
        find_function(name, kind, rest)


def find_encoder(name: str, text: str) -> str:
    """The encoder's name in segmentation_models_pytorch (those of timm have the prefix tu-)."""
    import timm
    from segmentation_models_pytorch.encoders import get_encoder_names

    known = get_encoder_names()
    if text in known:
        return text
    if timm.is_model(text.removeprefix("tu-")):
        return "tu-" + text.removeprefix("tu-")
    near = get_close_matches(text, {*known, *timm.list_models()}, n=3)
    hint = f"Did you mean {', '.join(near)}?" if near else "Try resnet34."
    must = "ARCHITECTURE:ENCODER with an encoder of segmentation_models_pytorch or timm"
    raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint)


def build_from_table(name: str, kind: str, encoder: str, num_channels: int) -> nn.Module:
    """One row of NETWORKS with an encoder, without pretrained weights."""
    import segmentation_models_pytorch as smp

    class_name, options = NETWORKS[kind]
    try:
        return getattr(smp, class_name)(
            encoder, encoder_weights=None, classes=num_channels, **options
        )
    except Exception as error:  # each encoder raises errors of its own where it does not fit
        must, reason = "an architecture and encoder that fit", " ".join(str(error).split())
        raise ArgumentError("train", "network", must=must, got=repr(name), hint=reason) from error


def find_function(name: str, module: str, function: str) -> Callable[..., Any]:
    """What `module:function` names, imported."""
    try:
        # names such as "..x" are wrong values to the import; within a module they are its errors
        is_name = all(part.isidentifier() for part in module.split("."))
        absent = (ImportError, AttributeError)
        with own_code(name, but=absent if is_name else (*absent, ValueError, TypeError)):
            return getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        near = get_close_matches(module, NETWORKS, n=1)
        hint = f"Did you mean {near[0]}:{function}?" if near else f"{error}."
        hint = module_beside(module, error) or hint
        must = f"`small`, importable, or one of {', '.join(NETWORKS)} with :ENCODER"
        raise ArgumentError("train", "network", must=must, got=repr(name), hint=hint) from None


@contextmanager
def own_code(name: str, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Errors of code that is not ours as one sentence; the traceback is that of their cause.

    Args:
        but: errors that are left as they are, as those of this library.
    Raises:
        RunError: with the error, and the last place of that code.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (PixelwiseError, *but)):
            raise
        last = extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}, in {last.name}"
        event = f"the network {name} failed: {type(error).__name__}: {reason_of(error)} ({place})"
        raise RunError("train", event=event) from error


def build_from_function(
    name: str, module: str, function: str, num_channels: int, channels: int
) -> nn.Module:
    """What `module:function` returns when it is called with num_classes, and maybe in_channels."""
    make = find_function(name, module, function)
    options = option_of(name, make, channels)
    with own_code(name):
        body = make(num_classes=num_channels, **options)
    if not isinstance(body, nn.Module):
        raise ArgumentError(name, "result", must="an nn.Module", got=type(body).__name__)
    return body


def check_logits(name: str, network: Network, num_channels: int) -> None:
    """Raise unless the network gives (1, num_channels, h, w) for a small image; set its stride."""
    training = network.training
    try:
        with torch.no_grad(), own_code(name):
            logits = network.eval()(torch.zeros(1, network.channels, 128, 128, dtype=torch.uint8))
    except RunError as error:
        if network.channels == RGB:
            raise
        must, hint = f"one that takes {network.channels} channels", error.reason
        raise ArgumentError("train", "network", must=must, got=name, hint=f"{hint}.") from error
    network.train(training)
    shape = tuple(getattr(logits, "shape", ()))
    if len(shape) != 4 or shape[:2] != (1, num_channels):
        got = f"{type(logits).__name__} of shape {shape}"
        raise ArgumentError(name, "logits", must=f"(N, {num_channels}, h, w)", got=got)
    network.stride = round(128 / shape[2])
