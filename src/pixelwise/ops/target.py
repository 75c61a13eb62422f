"""Targets: which index is a class, which is ignored, and what is neither.

`class_index` is a registered operator, so the check is kept inside compiled graphs and under vmap.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, ArgumentTypeError, PixelwiseError, setting
from pixelwise.offenders import unknown_values
from pixelwise.ops.unknown import TARGET, count_later, prepare_counter

Ignore = int | Sequence[int] | None
NAMED_VALUES = 10  # offenders that one message lists
COUNTED = TARGET[1:]  # argument and what it must be
SOFT_TOLERANCE = 0.01  # what half types and many classes may take from Σ_c y_c = 1


def check_target_dtype(where: str, target: Tensor) -> Tensor:
    """Return an integer target as it is, unsigned wider types as int64; refuse everything else.

    Raises:
        ArgumentTypeError: the target is not a tensor of an integer or bool dtype.
    """
    if not isinstance(target, Tensor):
        hint = "Use torch.from_numpy(target)." if isinstance(target, np.ndarray) else ""
        got = type(target).__name__
        raise ArgumentTypeError(where, "target", must="a tensor", got=got, hint=hint)
    if target.is_floating_point() or target.is_complex():
        hint = (
            "Use target.long() if its values are whole numbers, or "
            f"{setting('soft_target', True)} if they are probabilities (N, C, *S)."
        )
        must = "class indices of an integer or bool dtype"
        raise ArgumentTypeError(where, "target", must=must, got=target.dtype, hint=hint)
    # torch has hardly any operator for these; they are rare enough to pay for a copy
    return target.long() if target.dtype in (torch.uint16, torch.uint32, torch.uint64) else target


def check_soft_target(where: str, target: Tensor, weight: Tensor | None, activation: str) -> None:
    """Raise unless a soft target is a distribution (softmax) or a probability (sigmoid) per pixel.

    Pixels of weight 0 may hold anything.

    Args:
        target: (N, C, *S) of the logits' shape.
        weight: (N, *S) factor per pixel, or None.
    Raises:
        ArgumentTypeError: not floating point.
        ArgumentError: it asks for a gradient, is outside 0..1, or does not add up to 1 (softmax);
            on a GPU raise_if_unknown raises the latter two.
    """
    if not target.is_floating_point():
        hint = "Class indices (N, *S) need no soft_target."
        raise ArgumentTypeError(
            where, "target", must="floating point if soft", got=target.dtype, hint=hint
        )
    if target.requires_grad:
        hint = "Gradients flow to the logits only: use target.detach()."
        raise ArgumentError(
            where, "target", must="without a gradient", got="one that has", hint=hint
        )
    inside = ((target >= 0) & (target <= 1)).all(dim=1)
    wrong, wanted = ~inside, "between 0 and 1 everywhere"
    if activation == "softmax":
        total = target.sum(1, dtype=torch.float32)
        wrong = wrong | ~((total - 1).abs() <= SOFT_TOLERANCE)
        wanted = "probabilities that add up to 1 over the classes"
    if weight is not None:
        wrong = wrong & (weight > 0)
    if wrong.is_cuda:
        count_later(where, "target", wanted, wrong.sum())
    elif bool(wrong.any()):
        place = tuple(int(i) for i in wrong.nonzero()[0])
        values = [round(v, 4) for v in target.movedim(1, -1)[place].tolist()[:NAMED_VALUES]]
        got = f"{values} at {place}, {int(wrong.sum())} such pixels"
        hint = "Void pixels of a soft target are those of weight 0."
        raise ArgumentError(where, "target", must=wanted, got=got, hint=hint)


def merge_ignored(target: Tensor, ignore_index: Ignore) -> tuple[Tensor, int | None]:
    """Bring any number of ignored values down to one that the target's dtype can hold.

    Args:
        target: integer tensor of any shape; not modified.
        ignore_index: one value, several, or None.
    Returns:
        The target (a copy only if several values occur in its range) and the one value, or None.
    """
    if ignore_index is None:
        return target, None
    values = [ignore_index] if isinstance(ignore_index, int) else list(ignore_index)
    held = [int(v) for v in values if _holds(target.dtype, int(v))]
    if len(held) <= 1:
        return target, held[0] if held else None
    void = target == held[0]
    for value in held[1:]:  # one by one, since a list would have to be copied to a GPU
        void |= target == value
    return target.masked_fill(void, held[0]), held[0]


def _holds(dtype: torch.dtype, value: int) -> bool:
    # a value that the dtype cannot hold cannot occur, and must not wrap around into one that can
    if dtype == torch.bool:
        return value in (0, 1)
    info = torch.iinfo(dtype)
    return info.min <= value <= info.max


@torch.library.custom_op("pixelwise::class_index", mutates_args=())
def class_index(target: Tensor, num_classes: int, ignore_index: int | None, where: str) -> Tensor:
    """Class index per pixel as int64, -1 where ignored; raises on anything else.

    On a GPU, where looking at a value waits, anything else is ignored and counted.

    Args:
        target: integer tensor of any shape.
        num_classes: C; classes are 0..C-1.
        ignore_index: the one ignored value, or None.
        where: first word of the message.
    Returns:
        int64 tensor of the target's shape with values -1..C-1.
    Raises:
        ArgumentError: a value is neither a class nor ignored; on a GPU raise_if_unknown raises it.
    """
    index = target.long() if target.dtype != torch.int64 else target.clone()
    if ignore_index is not None:
        index.masked_fill_(target == ignore_index, -1)
        unknown = (index < -1) | (index >= num_classes) | ((index == -1) & (target != ignore_index))
    else:
        unknown = (index < 0) | (index >= num_classes)
    if index.is_cuda:
        count_later(where, *COUNTED, unknown.sum())
        index.masked_fill_(unknown, -1)
    elif bool(unknown.any()):
        raise unknown_target(where, target, num_classes, ignore_index)
    return index


@class_index.register_fake
def _(target: Tensor, num_classes: int, ignore_index: int | None, where: str) -> Tensor:  # noqa: ARG001
    prepare_counter(where, *COUNTED, target.device)
    return torch.empty_like(target, dtype=torch.int64)


@class_index.register_vmap
def _(info, in_dims, target, num_classes, ignore_index, where):  # noqa: ARG001
    return class_index(target, num_classes, ignore_index, where), in_dims[0]


def unknown_target(
    where: str, target: Tensor, num_classes: int, ignore_index: int | None
) -> PixelwiseError:
    """The error that names every unknown value, its pixel count and its first place."""
    index = target.detach().cpu().numpy()
    hint = f"Map it to a class, or pass it as {setting('ignore_index')}."
    if num_classes == 2 and ignore_index != 255 and bool((target == 255).any()):
        void = setting("ignore_index", 255)
        hint = f"Is 255 the foreground of a 0/255 mask? Map it to 1; if it is void, pass {void}."
    void = f"ignore_index={ignore_index}"
    error = unknown_values(where, "target", index, index != ignore_index, num_classes, hint, void)
    assert error is not None
    return error
