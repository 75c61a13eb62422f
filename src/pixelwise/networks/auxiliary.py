"""Heads for training alone: on features inside a network, with a loss of their own.

--aux               one head on the second deepest stage of the encoder, as in torchvision's FCN
--deep-supervision  a 1x1 convolution on each coarser level of the decoder

A network `module:function` may return several logits itself: the first are its prediction, the
others auxiliary. The loss, every head being compared at the label's own resolution, is

    loss = Σ_h factor_h · criterion(logits of head h, target)

What predicts has no such heads, and checkpoints keep them beside its weights.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError, setting
from pixelwise.networks.build import Network, own_code
from pixelwise.networks.table import NETWORKS, SMALL
from pixelwise.networks.trust import is_code
from pixelwise.ops.interpolate import no_larger
from pixelwise.text import plural

Pick = Callable[[Any], Tensor]
IMAGE = (2, 128, 128)  # a batch that BatchNorm learns from, at any stride
HAVE_HEADS = (
    "small, tv:, hf: with a UPerNet, all with :ENCODER but dpt, and a module:function that returns "
    "several logits"
)
HAVE_LEVELS = "unet, unetplusplus, linknet, manet and fpn"


class AuxiliaryHead(nn.Module):
    """Logits from a feature that a part of the network gives, in training.

    Args:
        source: the part.
        pick: takes what that returns; gives (N, K, h, w).
    """

    def __init__(self, source: nn.Module, pick: Pick) -> None:
        super().__init__()
        self.pick = pick
        self.layers: nn.Module = nn.Identity()
        self.feature: Tensor | None = None
        # a method, so that a copy of the network has a hook of its own
        source.register_forward_hook(self.keep)

    def keep(self, _source: nn.Module, _inputs: Any, output: Any) -> None:
        """Remember a feature until forward."""
        if self.training:
            self.feature = self.pick(output)

    def forward(self) -> Tensor:
        """The logits of the last feature, which is forgotten."""
        feature, self.feature = self.feature, None
        return self.layers(feature)


def whole(output: Any) -> Tensor:
    """Itself."""
    return output


def second_last(output: Any) -> Tensor:
    """Of an encoder's features, from fine to coarse."""
    return output[-2]


def second_last_map(output: Any) -> Tensor:
    """Of the features of a backbone of transformers."""
    return output.feature_maps[-2]


def add_auxiliary(network: Network, name: str, num_channels: int, weight: float) -> None:
    """Give a network an auxiliary head; what it predicts stays as it is.

    loss = loss of the logits + weight · Σ loss of each auxiliary head

    Args:
        network: as build_network made it from this name; it is changed.
        num_channels: of the logits.
        weight: > 0.
    Raises:
        ArgumentError: it has no place for one, and gives no logits beside the first.
    """
    source = source_of(network, name)
    heads = [] if source is None else [AuxiliaryHead(*source)]
    network.auxiliary.extend(heads)
    network.head_factors = (1.0, weight)
    found = outputs_of(network, name)
    for head, feature in zip(heads, found):
        from torchvision.models.segmentation.fcn import FCNHead

        head.layers = FCNHead(feature.shape[1], num_channels)
    if not found:
        must = f"0 for {name}, which has no auxiliary head"
        hint = f"These have one: {HAVE_HEADS}."
        raise ArgumentError("train", "aux", must=must, got=weight, hint=hint)
    wrong = [tuple(o.shape) for o in found if o.ndim != 4 or o.shape[1] != num_channels]
    if not heads and wrong:
        must = f"(N, {num_channels}, h, w) for the auxiliary logits"
        raise ArgumentError(name, "logits", must=must, got=wrong[0])
    network.head_factors = (1.0, *[weight] * len(found))


def source_of(network: Network, name: str) -> tuple[nn.Module, Pick] | None:
    """The part whose feature an auxiliary head reads, and how."""
    kind = name.partition(":")[0]
    body: Any = network.body
    if is_code(name):
        return None  # it gives what it wants
    if name == SMALL:
        return body.encoder[-2], whole
    if kind == "tv" and (layer := body.auxiliary_layer) is not None:
        return body.backbone[layer], whole
    if kind == "hf" and body.model.config.model_type == "upernet":
        return body.model.backbone, second_last_map
    if kind in NETWORKS and kind != "dpt":
        return body.encoder, second_last
    return None


def add_deep_supervision(network: Network, name: str, num_channels: int) -> None:
    """Give a network a head on each coarser level of its decoder.

    loss = Σ_i v_i loss of level i / Σ_i v_i,  v_i = 1/2^i, where level 0 are the logits

    Args:
        network: as build_network made it from this name; it is changed.
        num_channels: of the logits.
    Raises:
        ArgumentError: its decoder has no such levels.
    """
    levels = list(levels_of(network, name))
    if not levels:
        must, hint = f"left out with {name}", f"These have levels: {HAVE_LEVELS}."
        option = setting("deep_supervision", True)
        raise ArgumentError("train", "deep_supervision", must=must, got=option, hint=hint)
    heads = [AuxiliaryHead(level, whole) for level in levels]
    network.auxiliary.extend(heads)
    total = sum(0.5**i for i in range(len(levels) + 1))
    network.head_factors = tuple(0.5**i / total for i in range(len(levels) + 1))
    for head, feature in zip(heads, outputs_of(network, name), strict=True):
        head.layers = nn.Conv2d(feature.shape[1], num_channels, 1)


def levels_of(network: Network, name: str) -> Iterator[nn.Module]:
    """The parts of a decoder that give its levels, from fine to coarse, without the finest."""
    kind, _, rest = name.partition(":")
    if not rest or is_code(name):
        return
    decoder: Any = getattr(network.body, "decoder", None)
    if kind in ("unet", "linknet", "manet"):
        yield from reversed(list(decoder.blocks)[:-1])
    elif kind == "unetplusplus":
        yield from (decoder.blocks[f"x_0_{depth}"] for depth in reversed(range(decoder.depth)))
    elif kind == "fpn":
        yield from (decoder.p3, decoder.p4, decoder.p5)


@torch.no_grad()
def outputs_of(network: Network, name: str) -> Sequence[Tensor]:
    """What a network in training gives beside its logits; it is left as it was."""
    training, buffers = network.training, [b.clone() for b in network.buffers()]
    image = torch.zeros(IMAGE[0], network.channels, *IMAGE[1:], dtype=torch.uint8)
    with torch.random.fork_rng(devices=[]), own_code(name):
        _, *others = network.train()(image)
    for buffer, before in zip(network.buffers(), buffers, strict=True):
        buffer.copy_(before)
    network.train(training)
    return others


def line_about_heads(network: Network) -> str:
    """What a training says about its heads."""
    own, *others = (f"{factor:.3g}" for factor in network.head_factors)
    heads, factors = plural(len(others), "auxiliary head"), ", ".join(others)
    return f"{heads} in training, factors of the loss: {factors}, of the logits {own}"


def logits_of_heads(model: nn.Module, image: Tensor, target: Tensor) -> list[Tensor]:
    """The logits of every head, those of the network first; none larger than the target."""
    found = model(image)
    heads = found if isinstance(found, list) else [found]
    return [no_larger(logits, target.shape[-2:]) for logits in heads]


def factors_of_heads(network: Network) -> tuple[float, ...]:
    """The factor of the loss of every head."""
    return network.head_factors or (1.0,)


def weighted(factors: Sequence[float], values: Sequence[Tensor]) -> Tensor:
    """Σ factor · value."""
    terms = [value if f == 1 else f * value for f, value in zip(factors, values, strict=True)]
    return sum(terms[1:], terms[0])


def auxiliary_loss(factors: Sequence[float], losses: Sequence[Tensor]) -> Tensor:
    """The mean of the losses of the other heads, by their factors and without the weight."""
    return weighted([f / sum(factors[1:]) for f in factors[1:]], losses[1:])
