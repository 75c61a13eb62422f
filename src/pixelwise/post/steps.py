"""Steps that change a predicted label, as they are written: KIND[=PIXELS][:CLASS,CLASS].

min-region=64          regions of fewer than 64 pixels take the class around them
min-region=64:pole     ... of this class alone
fill-holes=64:road     what a class encloses, if it has fewer than 64 pixels; without a number all
largest:disc           all regions of a class but its largest

They are taken in the order in which they are given. Each of them changes nothing if it is taken
again. Where classes overlap, each has a label of its own, in which the class is 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pixelwise.errors import ArgumentError
from pixelwise.labels.classes import Classes
from pixelwise.post.regions import Label, fill_holes, keep_largest, remove_small
from pixelwise.text import some

MIN_REGION, FILL_HOLES, LARGEST = "min-region", "fill-holes", "largest"
KINDS = (MIN_REGION, FILL_HOLES, LARGEST)
MOST_DIGITS = 10
MUST = "KIND[=PIXELS][:CLASS,...], such as min-region=64, fill-holes=64:road or largest:disc"


@dataclass(frozen=True)
class Step:
    """A change to a label.

    Attributes:
        kind: one of KINDS.
        pixels: below which a region or a hole is small; None: holes of any size, and of LARGEST.
        names: of classes; () = all.
    """

    kind: str
    pixels: int | None = None
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        size = "" if self.pixels is None else f"={self.pixels}"
        return f"{self.kind}{size}{':' * bool(self.names)}{','.join(self.names)}"

    def apply(self, label: Label, classes: Classes) -> Label:
        """The label after the step.

        Args:
            label: (H, W) class indices or void; (C, H, W) of 0, 1 and void where classes overlap.
            classes: of the label.
        """
        chosen = np.array([not self.names or name in self.names for name in classes.names])
        if not classes.files:
            return self._on(label, chosen, classes.ignore_index)
        planes = [
            self._on(plane, np.array([False, True]), classes.ignore_index) if own else plane
            for plane, own in zip(label, chosen)
        ]
        return np.stack(planes)

    def _on(self, label: Label, chosen: np.ndarray, void: int) -> Label:
        if self.kind == LARGEST:
            return keep_largest(label, chosen, void)
        if self.kind == FILL_HOLES:
            return fill_holes(label, chosen, self.pixels, void)
        assert self.pixels is not None  # read_step sees to it
        return remove_small(label, chosen, self.pixels, void)


def apply_steps(label: Label, steps: Sequence[Step], classes: Classes) -> Label:
    """The label after all steps, one after the other."""
    for step in steps:
        label = step.apply(label, classes)
    return label


def read_step(words: str, known: Sequence[str] = ()) -> Step:
    """A step as it is written.

    Args:
        words: see the top of this file.
        known: names of the classes, of which one may have commas.
    Raises:
        ArgumentError: it has another form.
    """
    head, colon, names = words.partition(":")
    kind, sign, size = head.partition("=")
    pixels = int(size) if size.isascii() and size.isdigit() and len(size) <= MOST_DIGITS else None
    right = kind in KINDS and (pixels is not None if sign else True)
    right &= (kind == MIN_REGION) == bool(sign) or kind == FILL_HOLES
    if not right or (pixels is not None and not 0 < pixels < 2**31):
        raise ArgumentError("predict", "post", must=MUST, got=words)
    found = split_names(names, known) if colon else ()
    if not all(found):  # a variable of the shell that is empty does not mean all classes
        raise ArgumentError("predict", "post", must=MUST, got=words)
    return Step(kind, pixels, found)


def split_names(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names between commas; the longest that is known, as a name may have commas itself."""
    found, parts = [], text.split(",")
    while parts:
        ends = range(len(parts), 0, -1)
        end = next((end for end in ends if ",".join(parts[:end]) in known), 1)
        found.append(",".join(parts[:end]))
        parts = parts[end:]
    return tuple(found)


def read_steps(words: Sequence[str], classes: Classes, task: str) -> tuple[Step, ...]:
    """The steps as they are written, for the classes of a network.

    Raises:
        ArgumentError: one has another form, or names what is not a class.
    """
    steps = tuple(read_step(one, classes.names) for one in words)
    if task == "binary":  # the background has no largest region
        own = {LARGEST: classes.names[1:]}
        steps = tuple(replace(s, names=s.names or own.get(s.kind, ())) for s in steps)
    for step in steps:
        unknown = [name for name in step.names if name not in classes.names]
        if unknown:
            must = f"of the classes {some(classes.names, 12)}"
            raise ArgumentError("predict", "post", must=must, got=some(unknown))
        if step.kind == LARGEST and not step.names and task == "multiclass":
            hint = "Every class would lose all its regions but one. Name those that have one."
            must = f"{LARGEST}:CLASS,... for a multiclass task"
            raise ArgumentError("predict", "post", must=must, got=str(step), hint=hint)
    return steps
