"""Checks of arguments: what every loss and every pass refuses before it reads a pixel."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from pixelwise.errors import (
    ArgumentError,
    ArgumentTypeError,
    check_choice,
    check_shape,
    setting,
    shown,
)
from pixelwise.ops.activations import check_logits
from pixelwise.ops.batch_axis import batch_hint, refuse_image
from pixelwise.ops.double_softmax import warn_if_probabilities
from pixelwise.ops.one_class import warn_if_one_class
from pixelwise.ops.operators import traced
from pixelwise.ops.target import Ignore, check_soft_target, check_target_dtype, merge_ignored
from pixelwise.ops.unknown import count_later

REMEMBERED = 256  # pairs of shapes
# shapes, dtypes, devices and options that fit -> the ignored value, alone
_FITTING: dict[tuple[Any, ...], tuple[int | None]] = {}


class Inputs(NamedTuple):
    """A target and weights that fit the logits.

    Attributes:
        target: integer (N, *S) or (N, C, *S); floating point (N, C, *S) if it is soft.
        weight: (N, *S) float32 or float64, or None.
        ignored: the one target value that is ignored, or None.
    """

    target: Tensor
    weight: Tensor | None
    ignored: int | None


def check_inputs(
    where: str,
    logits: Tensor,
    target: Tensor,
    activation: str,
    ignore_index: Ignore,
    weight: Tensor | None,
    upsample: str | None,
    soft_target: bool = False,
) -> Inputs:
    """Raise unless logits, target and weight fit each other; see pixel_stats for all arguments.

    Args:
        where: first word of the messages.
    Returns:
        What was given, with several ignored values brought down to one.
    Raises:
        ArgumentError, ArgumentTypeError: as pixel_stats.
    """
    # a training step asks about the same shapes and dtypes again and again
    key: tuple[Any, ...] | None = None
    plain = weight is None and not soft_target and isinstance(ignore_index, int | None)
    # all else is refused below
    tensors = isinstance(logits, Tensor) and type(target) is Tensor
    if plain and tensors and not traced(logits):
        key = (logits.shape, logits.dtype, logits.device, logits.layout, target.shape, target.dtype,
               target.device, target.layout, activation, ignore_index, upsample)  # fmt: skip
        try:
            fitting = _FITTING.get(key)  # once: another thread may forget it meanwhile
        except TypeError:  # a list, say, in place of an activation
            key = fitting = None
        if fitting is not None:
            _look_at_logits(where, logits, activation)
            _look_at_target(where, target, fitting[0])
            return Inputs(target, None, fitting[0])
    given = _check_all(
        where, logits, target, activation, ignore_index, weight, upsample, soft_target
    )
    if key is not None and given.target is target:
        if len(_FITTING) >= REMEMBERED:
            _FITTING.clear()
        _FITTING[key] = (given.ignored,)
    return given


# Python shows a warning once for each line that it comes from, so each is given at one line alone
def _look_at_logits(where: str, logits: Tensor, activation: str) -> None:
    """Warn of what only values show; on a GPU nothing is read."""
    if activation == "softmax" and logits.device.type == "cpu":
        warn_if_probabilities(where, logits)


def _look_at_target(where: str, target: Tensor, ignored: int | None) -> None:
    """Warn of what only values show; on a GPU nothing is read."""
    if target.device.type == "cpu":
        warn_if_one_class(where, target, ignored)


def _check_all(
    where: str,
    logits: Tensor,
    target: Tensor,
    activation: str,
    ignore_index: Ignore,
    weight: Tensor | None,
    upsample: str | None,
    soft_target: bool,
) -> Inputs:
    check_logits(where, logits, activation)
    if not traced(logits):
        _look_at_logits(where, logits, activation)
    if not soft_target:
        target = check_target_dtype(where, target)
    per_channel = soft_target or (activation == "sigmoid" and target.dim() == logits.dim())
    _check_sizes(where, logits, target, per_channel, upsample)
    weight = _check_weight(where, weight, logits, target)
    if soft_target:
        if not traced(target):
            check_soft_target(where, target, weight, activation)
        return Inputs(target, weight, None)
    target, ignored = merge_ignored(target, ignore_index)
    if not traced(target):
        _look_at_target(where, target, ignored)
    return Inputs(target, weight, ignored)


def _check_sizes(
    where: str, logits: Tensor, target: Tensor, per_channel: bool, upsample: str | None
) -> None:
    if not isinstance(target, Tensor):
        raise ArgumentTypeError(where, "target", must="a tensor", got=type(target).__name__)
    lead = tuple(logits.shape[: 2 if per_channel else 1])
    letters = "(N, C, *S)" if per_channel else "(N, *S)"
    if target.device != logits.device:
        raise ArgumentError(where, "target", must=f"on {logits.device}", got=target.device)
    if per_channel and logits.dim() == 3:
        refuse_image(where, "logits", logits.shape, "(N, C, *S)")
    if upsample is None:
        hint = ""
        if target.dim() == logits.dim() and target.shape[1] == 1 and not per_channel:
            hint = "Remove the channel axis: target.squeeze(1)."
        elif target.dim() == len(lead) + logits.dim() - 2:
            hint = f"Sizes may differ only with {setting('upsample', 'bilinear')}."
        hint = batch_hint(logits.shape, target.shape) or hint
        check_shape(where, "target", target.shape, (*lead, *logits.shape[2:]), letters, hint)
        return
    check_choice(where, "upsample", upsample, ("bilinear",))
    if logits.dim() != 4:
        got, hint = tuple(logits.shape), batch_hint(logits.shape, target.shape)
        raise ArgumentError(where, "logits", must="(N, C, h, w) for upsample", got=got, hint=hint)
    letters = letters.replace("*S", "H, W")
    hint = batch_hint(logits.shape, target.shape)
    check_shape(where, "target", target.shape, (*lead, None, None), letters, hint)
    if any(big < small for big, small in zip(target.shape[-2:], logits.shape[2:])):
        raise ArgumentError(
            where,
            "target",
            must=f"at least as large as the logits {tuple(logits.shape[2:])} to be upsampled to",
            got=tuple(target.shape[-2:]),
        )
    if 0 in logits.shape[2:] and target.numel():
        got = tuple(logits.shape)
        raise ArgumentError(where, "logits", must="of at least 1x1 pixel to upsample", got=got)


def _check_weight(
    where: str, weight: Tensor | None, logits: Tensor, target: Tensor
) -> Tensor | None:
    if weight is None:
        return None
    if not isinstance(weight, Tensor) or weight.is_complex():
        raise ArgumentTypeError(where, "weight", must="a real tensor", got=shown(weight))
    per_channel = target.dim() == logits.dim()
    shape = (target.shape[0], *target.shape[2 if per_channel else 1 :])
    check_shape(where, "weight", weight.shape, shape, "(N, *S)")
    if weight.device != logits.device:
        raise ArgumentError(where, "weight", must=f"on {logits.device}", got=weight.device)
    weight = weight.detach().to(torch.float64 if weight.dtype == torch.float64 else torch.float32)
    if weight.numel() and not traced(weight):
        # one comparison catches negative values and NaN, which compares false
        wrong = ~((weight >= 0) & weight.isfinite())
        if wrong.is_cuda:
            count_later(where, "weight", "finite and >= 0 at every pixel", wrong.sum())
        elif bool(wrong.any()):
            place = tuple(int(i) for i in wrong.nonzero()[0])
            got = f"{weight[place].item()} at {place}"
            raise ArgumentError(where, "weight", must="finite and >= 0 at every pixel", got=got)
    return weight
