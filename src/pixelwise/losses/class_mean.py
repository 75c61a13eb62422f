"""From a loss per class to one number: which classes count, by how much, and what absent ones do.

`absent` says what happens to a class without valid target pixels (per image if the loss is per
image): "skip" leaves it out of the mean, "zero" counts it with loss 0, "keep" counts it with the
loss of the formula.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_choice, sentence
from pixelwise.losses.criterion import ratio

ABSENT = ("skip", "zero", "keep")
FOREGROUND = "foreground"  # every class but 0, whatever their number
Classes = Sequence[int] | str | None


def check_class_options(where: str, absent: str, classes: object) -> None:
    """Raise unless the options of a mean over classes are usable.

    Raises:
        ArgumentError: unknown absent; empty, negative or repeated classes.
    """
    check_choice(where, "absent", absent, ABSENT)
    if isinstance(classes, str):
        check_choice(where, "classes", classes, (FOREGROUND,))
    elif classes is not None:
        indices = list(classes)  # type: ignore[call-overload]
        if not indices or len(set(indices)) != len(indices) or min(indices) < 0:
            raise ArgumentError(sentence(where, "classes", "distinct indices >= 0", indices))


def kept_classes(classes: Classes) -> tuple[int, ...] | str | None:
    """The choice of classes as something that cannot change later."""
    return classes if classes is None or isinstance(classes, str) else tuple(classes)


def pick_classes(where: str, classes: Classes, *per_class: Tensor) -> tuple[Tensor, ...]:
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
        raise ArgumentError(sentence(where, "classes", "None or indices", got, hint))
    indices = list(range(1, count) if isinstance(classes, str) else classes)
    if max(indices) >= count:
        raise ArgumentError(sentence(where, "classes", f"indices below {count}", indices))
    # no tensor of indices: it would have to be copied to a GPU, and the host would wait for it
    columns = (t.unbind(1) for t in per_class)
    return tuple(torch.stack([of[index] for index in indices], 1) for of in columns)


def mean_over_classes(
    loss: Tensor,
    present: Tensor,
    valid: Tensor,
    factors: Tensor,
    absent: str,
    weighted_mean: bool = True,
) -> Tensor:
    """Weighted mean over the classes of a row, then the mean over rows that have something valid.

    mean_m Σ_c w_c loss_mc / Σ_c w_c over the classes that count

    Args:
        loss: (M, K), a row per image, or one row for the batch.
        present: (M, K) bool, whether the class is in the target.
        valid: (M, K) weight of the valid pixels.
        factors: (K,) or (1, K), relative weight of each class.
        absent: "skip", "zero" or "keep", see the module.
        weighted_mean: divide by Σ w_c; otherwise by the number of classes that count.
    Returns:
        Scalar (); 0 with zero gradient if nothing counts.
    """
    if absent == "zero":
        loss = torch.where(present, loss, torch.zeros_like(loss))
    counted = (present if absent == "skip" else valid > 0).to(loss)
    weights = factors * counted
    total = (weights if weighted_mean else counted).sum(1, keepdim=True)
    # all of this is counting; the one step that has a derivative is the last
    share = ratio(weights, total * (total > 0).sum())
    return (loss * share).sum()
