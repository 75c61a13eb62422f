"""The layers of an encoder, counted from the image on, and what each learns at.

    factor of block i of n = layer_decay^(n - i), i = 0 .. n - 1; of what is before: that of i = -1

Blocks are those of a transformer, or the stages of a network that has stages. They are found by the
names of their tensors, which number them: blocks.3, layer2, stages_0.
"""

import re

from torch import nn

from pixelwise.errors import ArgumentError
from pixelwise.networks.build import Network
from pixelwise.run.config import TrainConfig

_NUMBERED = re.compile(
    r"(?:^|(?:^|\.)(?:layers?|stages?|_?blocks?|features|denseblock|transition|patch_embed|norm|s))"
    r"[._]?(\d+)\."
)


def factors_of(network: Network, config: TrainConfig) -> dict[str, float]:
    """The learning rate of every parameter that learns, as a factor on that of the run, by name.

    Raises:
        ArgumentError: layer_decay is given, and the network has no layers.
    """
    learning = [name for name, p in network.named_parameters() if p.requires_grad]
    factors = dict.fromkeys(learning, 1.0)
    if not isinstance(network.encoder, nn.Module):
        _check_layers(config, 0)
        return factors
    layers, prefix = layers_of(network.encoder), name_of(network, network.encoder)
    most = max(layers.values(), default=0)
    _check_layers(config, most)
    for name, layer in layers.items():
        if f"{prefix}.{name}" in factors:
            decay = config.layer_decay ** (most + 1 - layer)
            factors[f"{prefix}.{name}"] = config.encoder_lr_factor * decay
    return factors


def layers_of(encoder: nn.Module) -> dict[str, int]:
    """The layer of each parameter: 0 in front of the first, then 1, 2, ...

    A number counts if it has a kernel or matrix; norms belong to the layer in front of them.
    """
    parameters = list(encoder.named_parameters())
    found = {name: _NUMBERED.search(name) for name, _ in parameters}
    numbers = {name: int(match[1]) for name, match in found.items() if match}
    real = sorted({numbers[name] for name, p in parameters if name in numbers and p.ndim > 1})
    layers, seen = {}, 0
    for name, _ in parameters:
        if name in numbers:
            layers[name] = sum(number <= numbers[name] for number in real)
            seen = max(seen, layers[name])
        else:
            layers[name] = seen
    return layers


def name_of(network: nn.Module, part: nn.Module) -> str:
    """The name of a module inside a network."""
    return next(name for name, module in network.named_modules() if module is part)


def decay_line(network: Network, config: TrainConfig) -> str:
    """The learning rates from the image to the logits, in words."""
    rates = sorted({config.lr * factor for factor in factors_of(network, config).values()})
    return (
        f"learning rates from the first layer to the last: {', '.join(f'{r:.3g}' for r in rates)}"
    )


def _check_layers(config: TrainConfig, number: int) -> None:
    if config.layer_decay != 1 and number < 2:
        must = f"1 for {config.network}"
        got = f"{config.layer_decay}, but its encoder has no numbered blocks or stages"
        raise ArgumentError("train", "layer_decay", must=must, got=got)
