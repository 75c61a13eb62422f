"""Which steps of post-processing the images of a split speak for; arrays only, no torch.

A candidate is a step alone. Each image has sums with and without it, so the gain is of pairs:

    gain (B,)   mean IoU of a resample of the images with the step - without it
    kept        the lower bound of the gain is above 0, and of no class the upper bound of the
                change of its IoU is below 0

Of many candidates one would pass by chance: the lower bound is of an interval that is as wide as it
takes to hold for all of them together (its tail divided by their number, Bonferroni). At most one
step for each class is kept, the one with the highest gain, or one step for all classes; what is
kept is tried together, and has to pass by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixelwise.labels.classes import Classes
from pixelwise.metrics.scores import iou_of_pixels
from pixelwise.post.steps import FILL_HOLES, LARGEST, MIN_REGION, Step
from pixelwise.run.evidence import CONFIDENCE, draws, interval

PIXELS = (16, 64, 256, 1024)  # of regions that are tried as small
Sums = NDArray[np.float64]  # (N, 3, C) correct, target and predicted pixels of each image


@dataclass(frozen=True)
class Gain:
    """What a change does to the mean IoU.

    Attributes:
        gain: on all images; low, high: in CONFIDENCE of the resamples it is between these.
        is_kept: whether it passes.
    """

    gain: float
    low: float
    high: float
    is_kept: bool


def candidates(classes: Classes, task: str) -> list[Step]:
    """The steps that are tried: small regions of all classes, and of each what it may need."""
    names = classes.names[1:] if task == "binary" else classes.names
    steps = [Step(MIN_REGION, pixels) for pixels in PIXELS]
    for name in names:
        steps += [Step(MIN_REGION, pixels, (name,)) for pixels in PIXELS]
        steps += [Step(FILL_HOLES, pixels, (name,)) for pixels in PIXELS]
        steps += [Step(FILL_HOLES, None, (name,)), Step(LARGEST, None, (name,))]
    return steps


def sums_of(
    label: NDArray[np.integer], target: NDArray[np.integer], classes: Classes
) -> NDArray[np.int64]:
    """(3, C) correct, target and predicted pixels of a label that are not void in the target.

    Args:
        label, target: (H, W), or (C, H, W) where classes overlap; or some pixels of both.
        classes: of both.
    """
    void, number = classes.ignore_index, len(classes)
    if classes.files:
        planes = [(p == 1, t == 1, t != void) for p, t in zip(label, target)]
        rows = [[(p & t).sum(), t.sum(), (p & valid).sum()] for p, t, valid in planes]
        return np.array(rows, np.int64).T
    valid = target != void
    own, wanted = label[valid], target[valid]
    parts = own[own == wanted], wanted, own
    return np.stack([np.bincount(part, minlength=number + 1)[:number] for part in parts])


def changed_sums(
    before: NDArray[np.integer],
    after: NDArray[np.integer],
    target: NDArray[np.integer],
    classes: Classes,
) -> NDArray[np.int64]:
    """sums_of(after) - sums_of(before), from the pixels that differ."""
    differ = before != after
    if not differ.any():
        return np.zeros((3, len(classes)), np.int64)
    if classes.files:
        pairs = list(zip(before, after, target, differ))
        found = [
            sums_of(a[None, d], t[None, d], classes) - sums_of(b[None, d], t[None, d], classes)
            for b, a, t, d in pairs
        ]
        return np.concatenate(found, 1)
    one, other, own = before[differ], after[differ], target[differ]
    return sums_of(other, own, classes) - sums_of(one, own, classes)


def resampled_iou(sums: Sums) -> NDArray[np.float64]:
    """(1 + B, C) IoU of each class on all images, and on each resample."""
    flat = sums.reshape(len(sums), -1)
    totals = [flat.sum(0, keepdims=True), *(times @ flat for times in draws(len(sums)))]
    return iou_of_pixels(*np.concatenate(totals).reshape(-1, *sums.shape[1:]).swapaxes(0, 1))


def gain_of(before: NDArray[np.float64], after: NDArray[np.float64], tried: int) -> Gain:
    """What changed sums say, of one of several candidates.

    Args:
        before, after: resampled_iou without and with it.
        tried: how many candidates there are.
    """
    gains = mean_present(after) - mean_present(before)
    inner = gains[1:][~np.isnan(gains[1:])]
    change = (after - before)[1:]
    tail = (1 - CONFIDENCE) / 2
    falls = [
        np.quantile(own[~np.isnan(own)], 1 - tail) < 0 for own in change.T if (~np.isnan(own)).any()
    ]
    rises = len(inner) > 0 and float(np.quantile(inner, tail / tried)) > 0
    return Gain(float(gains[0]), *interval(gains[1:]), rises and not any(falls))


def mean_present(iou: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the classes that are present; NaN where none is."""
    present = ~np.isnan(iou)
    number = present.sum(-1)
    total = np.where(present, iou, 0).sum(-1)
    return np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0)


def best_single(
    steps: Sequence[Step], plain: Sums, changes: NDArray[np.float64]
) -> list[list[Step]]:
    """The choices that are worth trying together: one step for all classes, or one for each.

    Args:
        steps: S candidates.
        plain: sums without any.
        changes: (S, N, 3, C) what each adds to them.
    Returns:
        Lists of steps, in the order in which they are taken; none if no candidate passes.
    """
    before = resampled_iou(plain)
    kept = list[tuple[float, Step]]()
    for step, change in zip(steps, changes):
        if change.any():
            found = gain_of(before, resampled_iou(plain + change), len(steps))
            kept += [(found.gain, step)] * found.is_kept
    kept.sort(key=lambda one: -one[0])
    best: dict[tuple[str, ...], Step] = {}
    for _, step in kept:
        best.setdefault(step.names, step)
    for_all = best.pop((), None)
    each = [step for step in steps if step in best.values()]
    return [own for own in ([for_all] if for_all else [], each) if own]
