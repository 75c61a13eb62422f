"""AdamW or SGD in parameter groups, and a learning rate that is a function of the step alone.

    lr(step) = lr · factor of the group · min(1, (step + 1) / warmup steps) · fall(step / steps)

    cosine  (1 + cos(π t)) / 2        poly  (1 - t)^0.9        constant  1

    factor of block i of n of the encoder = encoder_lr_factor · layer_decay^(n - i), i = 0 .. n - 1;
    what is in front of the blocks has i = -1

The rate depends on nothing but the step, so a resumed run needs no scheduler state.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pixelwise.errors import ArgumentError, RunError
from pixelwise.networks.build import Network
from pixelwise.networks.layers import layers_of, name_of
from pixelwise.plan.config import TrainConfig


class Row(NamedTuple):
    """A row of OPTIMIZERS.

    Attributes:
        make: the class; options: its arguments beside lr and weight_decay.
        shaped: what its state has of a parameter in the shape of that; counts: as one number.
    """

    make: Any
    options: dict[str, Any]
    shaped: tuple[str, ...]
    counts: tuple[str, ...]


OPTIMIZERS = {
    "adamw": Row(torch.optim.AdamW, {}, ("exp_avg", "exp_avg_sq"), ("step",)),
    "sgd": Row(torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, ("momentum_buffer",), ()),
}


def make_optimizer(network: Network, config: TrainConfig) -> torch.optim.Optimizer:
    """The optimizer over groups of one learning rate that are decayed or not.

    Norms and biases (tensors of one axis) are never decayed.
    """
    factors = factors_of(network, config)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            factor = factors[name]
            decay = config.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((factor, decay), []).append(parameter)
    row = OPTIMIZERS[config.optimizer]
    return row.make(
        [
            {"params": params, "factor": factor, "weight_decay": decay}
            for (factor, decay), params in groups.items()
        ],
        lr=config.lr,
        **row.options,
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


def _check_layers(config: TrainConfig, number: int) -> None:
    if config.layer_decay != 1 and number < 2:
        must = f"1 for {config.network}"
        got = f"{config.layer_decay}, but its encoder has no numbered blocks or stages"
        raise ArgumentError("train", "layer_decay", must=must, got=got)


def decay_line(network: Network, config: TrainConfig) -> str:
    """The learning rates from the image to the logits, in words."""
    rates = sorted({config.lr * factor for factor in factors_of(network, config).values()})
    return (
        f"learning rates from the first layer to the last: {', '.join(f'{r:.3g}' for r in rates)}"
    )


def load_state(optimizer: Any, saved: Any, path: Path) -> None:
    """Give an optimizer the moments of every parameter; its settings are those of the run.

    Args:
        optimizer: as make_optimizer gives it.
        saved: what its state_dict() was.
        path: the file, for the message.
    Raises:
        RunError: `saved` is not the state of this optimizer.
    """
    own = optimizer.state_dict()["param_groups"]
    row = next(row for row in OPTIMIZERS.values() if isinstance(optimizer, row.make))
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = saved.get("state") if isinstance(saved, dict) else None
    fits = isinstance(state, dict) and all(
        type(number) is int
        and 0 <= number < len(parameters)
        and _is_state_of(parameters[number], moments, row)
        for number, moments in state.items()
    )
    if not fits:
        raise RunError(path, "optimizer", must="the state of the run's optimizer", got="another")
    optimizer.load_state_dict({"state": state, "param_groups": own})


def _is_state_of(parameter: Tensor, moments: Any, row: Row) -> bool:
    if not isinstance(moments, dict) or moments.keys() != {*row.shaped, *row.counts}:
        return False
    if not all(
        isinstance(t, Tensor)
        and (t.layout, t.device.type) == (torch.strided, "cpu")
        and t.is_floating_point()
        and all(stride for size, stride in zip(t.shape, t.stride()) if size > 1)
        for t in moments.values()
    ):
        return False
    same = all(moments[name].shape == parameter.shape for name in row.shaped)
    return same and all(
        moments[name].numel() == 1 and bool((moments[name] >= 0).all()) for name in row.counts
    )


def schedule(step: int, steps: int, warmup: float, name: str) -> float:
    """Factor on the learning rate at a step, 0..1.

    Args:
        step: steps already taken, 0 .. steps - 1.
        steps: steps of the whole run.
        warmup: fraction of the steps in which the rate rises linearly.
        name: "cosine", "poly" or "constant".
    """
    rise = max(1, round(warmup * steps))
    done = min(1.0, step / max(1, steps))
    fall = {"cosine": (1 + math.cos(math.pi * done)) / 2, "poly": (1 - done) ** 0.9}
    return min(1.0, (step + 1) / rise) * fall.get(name, 1.0)


def set_learning_rate(optimizer: Any, step: int, steps: int, config: TrainConfig) -> float:
    """Set the rate of every group for this step; returns the one of a group with factor 1."""
    rate = config.lr * schedule(step, steps, config.warmup, config.schedule)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    return rate
