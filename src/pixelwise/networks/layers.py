"""The layers of an encoder, counted from the image on.

They are the blocks of a transformer, or the stages of a network that has stages. They are found by
the names of their tensors, which number them: blocks.3, layer2, stages_0.
"""

import re

from torch import nn

_NUMBERED = re.compile(
    r"(?:^|(?:^|\.)(?:layers?|stages?|_?blocks?|features|denseblock|transition|patch_embed|norm|s))"
    r"[._]?(\d+)\."
)


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
