"""Activations and the dtype policy: what is computed in which precision.

Logits of float64 are computed in float64, everything else in float32: half types hold the logits
well enough but not their sums.
"""

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, setting
from pixelwise.ops.spec import ACTIVATIONS, Activation


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """float64 for float64, float32 for float32 and every half type."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def check_logits(where: str, logits: Tensor, activation: str) -> None:
    """Raise unless logits are floating point (N, C, *S) that fit the activation.

    Raises:
        ArgumentTypeError: not a floating-point tensor.
        ArgumentError: fewer than two dimensions, no channel, or softmax over one channel.
    """
    check_choice(where, "activation", activation, ACTIVATIONS)
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        got = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise ArgumentTypeError(where, "logits", must="a floating-point tensor", got=got)
    shape = tuple(logits.shape)
    if len(shape) < 2 or shape[1] == 0:
        must = "(N, C, *S) with at least one channel"
        raise ArgumentError(where, "logits", must=must, got=shape)
    if activation == "softmax" and shape[1] == 1:
        sigmoid = setting("activation", "sigmoid")
        hint = f"Softmax over one channel is 1 everywhere: use {sigmoid}."
        must = "of at least 2 channels for softmax"
        raise ArgumentError(where, "logits", must=must, got=shape, hint=hint)


def activate(logits: Tensor, activation: Activation = "softmax") -> Tensor:
    """Probabilities from logits.

    softmax: p_c = exp(x_c) / Σ_k exp(x_k) over the channel axis; sigmoid: p_c = 1 / (1 + exp(-x_c))

    Use softmax when every pixel has one class out of C >= 2, sigmoid for one channel or for
    classes that may overlap. Losses take logits: do not activate before a loss.

    Args:
        logits: (N, C, *S) floating point, raw output of a network.
        activation: "softmax" or "sigmoid".
    Returns:
        (N, C, *S) probabilities in 0..1; float64 for float64 logits, float32 otherwise.
    Raises:
        ArgumentTypeError: logits are not floating point.
        ArgumentError: unknown activation, or softmax over a single channel.
    Equals: torch.softmax(logits.float(), dim=1), torch.sigmoid(logits.float())
    Example:
        >>> import torch
        >>> import pixelwise as pw
        >>> pw.activate(torch.tensor([[[0.0], [0.0], [0.0], [0.0]]])).flatten()
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    check_logits("activate", logits, activation)
    x = logits.to(compute_dtype(logits.dtype))
    return torch.softmax(x, dim=1) if activation == "softmax" else torch.sigmoid(x)
