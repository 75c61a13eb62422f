"""Targets of one class and void alone, as a 0/255 mask is, whose foreground nobody ever learns."""

import warnings
from typing import Any

from torch import Tensor

SAMPLED = 4, 16  # places of an axis, up to rounding

FEWEST = 64  # pixels of a batch that says anything
PARTS = 64  # of a batch, images if there are no more


class OneClassWarning(UserWarning):
    """A target of one class value and void; all is well if that is what the images show."""


def warn_if_one_class(where: str, target: Tensor, ignored: int | None) -> None:
    """Warn if all pixels of a batch are of one class or void, and both occur.

    A few pixels clear nearly all targets; only if they do not, all are read. Python shows the
    warning once. On a GPU reading them would wait for the device, so nothing is checked there.

    Args:
        where: first word of the message.
        target: integer on the CPU, any shape.
        ignored: the one ignored value, or None.
    """
    if ignored is None or target.numel() < FEWEST:
        return
    found: set[int] = set()
    if target.is_contiguous():  # the cheapest sample
        found.update(target.view(-1)[:: target.numel() // FEWEST].tolist())
    for places in SAMPLED:  # the larger sample where the smaller one has one value only
        few: Any = tuple(slice(None, None, max(1, s // places)) for s in target.shape)
        found = found if len(found) > 1 else set(target[few].flatten().tolist())
    if len(found) != 2 or ignored not in found:
        return
    value = min(found - {ignored})
    if 0 < value < ignored:  # a crop of one object and void; a mask has 0 and a foreground
        return
    # part by part, since one that has another class settles it
    if all(bool(((part == value) | (part == ignored)).all()) for part in target.chunk(PARTS)):
        warnings.warn(
            f"{where}: target holds class {value} and the ignored value {ignored} alone. Is it a "
            f"mask in which {ignored} is the foreground? Then nothing of it is learnt: map it to a "
            "class, for example target // 255 for a 0/255 mask, or give another ignore_index or "
            f"None. If {ignored} is void, all is well.",
            OneClassWarning,
            stacklevel=2,
        )
