"""Networks for images that have not three channels: their first convolutions take others.

    one channel:   w[o, 0] = sum over c of w[o, c]
    C channels:    w[o, c] = w[o, c mod 3] · 3 / C

as timm does, so that what follows sees about what it was trained on. Kernels that were never
trained are drawn anew, from a normal distribution of the same fan-in rule: copies of one another
would see channels alike.
"""

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError

RGB = 3


def adapted(kernel: Tensor, channels: int) -> Tensor:
    """Pretrained kernels (O, 3, h, w) for images of so many channels: (O, channels, h, w).

    Source: adapt_input_conv of timm, https://github.com/huggingface/pytorch-image-models.
    """
    if channels == 1:
        return kernel.sum(1, keepdim=True)
    return kernel[:, [c % RGB for c in range(channels)]] * (RGB / channels)


def drawn(kernel: Tensor, channels: int) -> Tensor:
    """Random kernels (O, channels, h, w) whose sums vary as those of (O, 3, h, w) do."""
    std = kernel.std() * (RGB / channels) ** 0.5
    return torch.randn(len(kernel), channels, *kernel.shape[2:]) * std


def cyclic(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """A value for each channel: those of red, green and blue again and again."""
    return tuple(values[c % len(values)] for c in range(channels))


def first_convolutions(body: nn.Module) -> dict[str, nn.Conv2d]:
    """The convolutions that see an image of three channels, by name; found by running the network.

    They are looked for in the encoder, if there is one: a head may have three channels too.
    """
    part = getattr(body, "encoder", None)
    inside = list((part if isinstance(part, nn.Module) else body).modules())
    found: dict[str, nn.Conv2d] = {}

    def note(name: str, module: nn.Conv2d) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if inputs[0].shape[-3] == RGB == module.in_channels and module.groups == 1:
                found[name] = module

        return hook

    hooks = [
        module.register_forward_pre_hook(note(name, module))
        for name, module in body.named_modules()
        if isinstance(module, nn.Conv2d) and any(module is one for one in inside)
    ]
    training = body.training
    try:
        with torch.no_grad():
            body.eval()(torch.zeros(1, RGB, 128, 128))
    finally:
        body.train(training)
        for hook in hooks:
            hook.remove()
    return found


def take_channels(body: nn.Module, channels: int, untrained: dict[str, Tensor] | None) -> None:
    """Let the first convolutions of a network take images of so many channels.

    Args:
        body: takes three channels; it is changed, the names of its tensors are not.
        channels: another number than three.
        untrained: kernels of first_convolutions before weights were loaded; those that are still
            the same are drawn anew. None: all are pretrained.
    """
    first = first_convolutions(body)
    before = untrained or {}
    for name, module in first.items():
        kernel = module.weight.detach()
        fresh = name in before and torch.equal(before[name], kernel)
        made = (drawn if fresh else adapted)(kernel, channels)
        module.weight = nn.Parameter(made, requires_grad=module.weight.requires_grad)
        module.in_channels = channels
    # networks of transformers compare an image with an attribute of the modules above
    for name, module in body.named_modules():
        holds = any(one.startswith(f"{name}.") for one in first) or not name
        if holds and getattr(module, "num_channels", None) == RGB:
            module.num_channels = channels


def kernels(body: nn.Module) -> dict[str, Tensor]:
    """Copies of the kernels of its first convolutions, by name."""
    return {n: one.weight.detach().clone() for n, one in first_convolutions(body).items()}


def option_of(name: str, make: Callable[..., Any], channels: int) -> dict[str, int]:
    """`in_channels=` for a function of the user, where the images are not of three channels.

    Raises:
        ArgumentError: it does not take that.
    """
    if channels == RGB:
        return {}
    known = signature(make).parameters.values()
    if any(p.name == "in_channels" or p.kind is Parameter.VAR_KEYWORD for p in known):
        return {"in_channels": channels}
    must = f"a function with in_channels=, for images of {channels} channels"
    raise ArgumentError("train", "network", must=must, got=name)
