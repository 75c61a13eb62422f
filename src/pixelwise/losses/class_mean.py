"""Mean over classes: which classes count, with which weight, and what happens to absent classes.

`absent` says what happens to a class without valid target pixels (per image if the loss is per
image): "skip" leaves it out of the mean, "zero" counts it with loss 0, "keep" counts it with the
loss of the formula.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict, get_args

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, ArgumentTypeError, check_choice, shown
from pixelwise.losses.criterion import ratio
from pixelwise.losses.options import Factors

Absent = Literal["skip", "zero", "keep"]
ClassChoice = Sequence[int] | Literal["foreground"] | None  # foreground: every class but 0


class ClassOptions(TypedDict, total=False):
    """Options of a mean over classes."""

    weight: Factors
    classes: ClassChoice
    absent: Absent


def check_classes(where: str, absent: Absent, classes: ClassChoice) -> ClassChoice:
    """The choice of classes, checked, as a tuple that cannot change later.

    Raises:
        ArgumentError: unknown absent; empty, negative or repeated classes.
    """
    check_choice(where, "absent", absent, get_args(Absent))
    if classes is None:
        return None
    if isinstance(classes, str):
        check_choice(where, "classes", classes, ("foreground",))
        return classes
    if not isinstance(classes, Iterable):
        must = 'indices, "foreground" or None'
        raise ArgumentTypeError(where, "classes", must=must, got=shown(classes))
    indices = tuple(classes)
    if not indices or len(set(indices)) != len(indices) or min(indices) < 0:
        raise ArgumentError(where, "classes", must="distinct indices >= 0", got=list(indices))
    return indices


def pick_classes(where: str, classes: ClassChoice, *per_class: Tensor) -> tuple[Tensor, ...]:
    """Tensors (N, C, ...) reduced to the classes that count, (N, K, ...).

    Raises:
        ArgumentError: a class index is not below C, or there is no foreground class.
    """
    if classes is None:
        return per_class
    count = per_class[0].shape[1]
    if isinstance(classes, str) and count == 1:
        got = f"{classes!r} for one channel"
        hint = "One sigmoid channel is the foreground: leave classes out."
        raise ArgumentError(where, "classes", must="None or indices", got=got, hint=hint)
    indices = list(range(1, count) if isinstance(classes, str) else classes)
    if max(indices) >= count:
        raise ArgumentError(where, "classes", must=f"indices below {count}", got=indices)
    # no tensor of indices: it would have to be copied to a GPU, and the host would wait for it
    columns = (t.unbind(1) for t in per_class)
    return tuple(torch.stack([of[index] for index in indices], 1) for of in columns)


def mean_over_classes(
    loss: Tensor,
    present: Tensor,
    valid: Tensor,
    factors: Tensor | None,
    absent: Absent,
    weighted_mean: bool = True,
) -> Tensor:
    """Weighted mean over the classes of a row, then the mean over rows that have something valid.

    mean_m Σ_c w_c loss_mc / Σ_c w_c over the classes that count

    Args:
        loss: (M, K), a row per image, or one row for the batch.
        present: (M, K) bool, whether the class is in the target.
        valid: (M, K) weight of the valid pixels.
        factors: (1, K), relative weight of each class; None = equal.
        absent: "skip", "zero" or "keep", see the module.
        weighted_mean: divide by Σ w_c; otherwise by the number of classes that count.
    Returns:
        Scalar (); 0 with zero gradient if nothing counts.
    """
    if absent == "zero":
        loss = torch.where(present, loss, torch.zeros_like(loss))
    counted = (present if absent == "skip" else valid > 0).to(loss)
    weights = counted if factors is None else factors * counted
    total = (weights if weighted_mean else counted).sum(1, keepdim=True)
    # only the last step has a derivative; all before it are counts
    share = ratio(weights, total * (total > 0).sum())
    return (loss * share).sum()
