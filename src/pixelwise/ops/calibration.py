"""From logits to counts of pixels by probability, interpolation inside: calibration, thresholds.

Tensors of counts come out, on the device of the logits: they add up over batches and ranks, and
metrics/calibration.py and metrics/threshold.py hold the formulas on them.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from pixelwise.errors import ArgumentError, check_range, check_shape
from pixelwise.ops.activations import check_logits, compute_dtype
from pixelwise.ops.interpolate import interpolate, lerp, positions
from pixelwise.ops.spec import Activation
from pixelwise.ops.target import Ignore, check_target_dtype, class_index, merge_ignored

BAND = 32  # rows of pixels that are looked at together


@torch.no_grad()
def calibration_counts(
    logits: Tensor,
    target: Tensor,
    activation: Activation = "softmax",
    bins: int = 15,
    ignore_index: Ignore = 255,
) -> tuple[Tensor, Tensor, Tensor]:
    """Count valid pixels by confidence, and those that are correct.

    confidence = max over c of softmax(x)_c, or max(p, 1 - p) with p = sigmoid(x) for one channel.

    Args:
        logits: (N, C, *S) floating point; (N, C, h, w) of another size than the target are
            interpolated bilinearly to it, a band of rows at a time, so that nothing of C·H·W
            elements exists.
        target: (N, *S) class indices of any integer dtype.
        activation: "softmax" for C >= 2, "sigmoid" for one channel.
        bins: B, equal intervals of 0..1, >= 1; an edge belongs to the bin below it.
        ignore_index: ignored target value, several of them, or None.
    Returns:
        pixels (B,) int64, sum of their confidences (B,) float64, correct pixels (B,) int64:
        CalibrationCounts(*(t.cpu() for t in out)).
    Raises:
        ArgumentTypeError, ArgumentError: as predict_label; a target that is neither a class nor
            ignored; NaN logits at a valid pixel.
    Equals: count_calibration(softmax(F.interpolate(logits, size)), target) of every image.
    """
    where = "calibration_counts"
    check_range(where, "bins", bins, low=1)
    edges = torch.arange(1, bins, dtype=torch.float64, device=logits.device) / bins
    pixels, correct = (logits.new_zeros(bins, dtype=torch.int64) for _ in range(2))
    confidence = logits.new_zeros(bins, dtype=torch.float64)
    for x, index in _valid_pixels(where, logits, target, activation, ignore_index):
        # one channel is the second of two whose first is 0
        scores = torch.cat([torch.zeros_like(x), x]) if activation == "sigmoid" else x
        highest, pred = scores.max(dim=0)
        certain = _numbers(where, (highest - scores.logsumexp(dim=0)).exp().double())
        bin_index = torch.bucketize(certain, edges)
        pixels += bin_index.bincount(minlength=bins)
        confidence += bin_index.bincount(weights=certain, minlength=bins)
        correct += bin_index[pred == index].bincount(minlength=bins)
    return pixels, confidence, correct


@torch.no_grad()
def threshold_counts(
    logits: Tensor, target: Tensor, steps: int = 1024, ignore_index: Ignore = 255
) -> Tensor:
    """Count valid pixels of a binary task by probability and target.

    out[k, t] = number of valid pixels with target t and (k - 1) / steps < sigmoid(x) <= k / steps.

    Args:
        logits: (N, 1, *S) floating point, interpolated as in calibration_counts.
        target: (N, *S), 0 or 1 or ignored, of any integer dtype or bool.
        steps: intervals between 0 and 1, a power of two up to 2^20.
        ignore_index: ignored target value, several of them, or None.
    Returns:
        (steps + 1, 2) int64: ThresholdCounts(out.cpu()).
    Raises:
        ArgumentTypeError, ArgumentError: as calibration_counts; several channels, other steps.
    Equals: count_thresholds(sigmoid(F.interpolate(logits, size)), target) of every image.
    """
    where = "threshold_counts"
    if steps not in [2**n for n in range(1, 21)]:
        raise ArgumentError(where, "steps", must="a power of two from 2 to 1048576", got=steps)
    counts = logits.new_zeros(2 * (steps + 1), dtype=torch.int64)
    for x, index in _valid_pixels(where, logits, target, "sigmoid", ignore_index):
        # times a power of two: exact in every floating-point type
        above = (_numbers(where, x[0].sigmoid()) * steps).ceil().long()
        counts += (2 * above + index).bincount(minlength=len(counts))
    return counts.view(steps + 1, 2)


def _valid_pixels(
    where: str, logits: Tensor, target: Tensor, activation: str, ignore_index: Ignore
) -> Iterator[tuple[Tensor, Tensor]]:
    """Of each image the logits (C, n) and class indices (n,) of its valid pixels."""
    check_logits(where, logits, activation)
    if activation == "sigmoid" and logits.shape[1] != 1:
        shape = tuple(logits.shape)
        raise ArgumentError(where, "logits", must="(N, 1, *S) for sigmoid", got=shape)
    target = check_target_dtype(where, target)
    spatial = (None, None) if logits.dim() == 4 else tuple(logits.shape[2:])
    check_shape(where, "target", target.shape, (logits.shape[0], *spatial), "(N, *S)")
    if logits.dim() == 2:
        logits, target = logits[..., None], target[..., None]
    target, ignored = merge_ignored(target, ignore_index)
    rows = class_index(target, max(2, logits.shape[1]), ignored, where)
    for image, row in zip(logits, rows):
        for top in range(0, row.shape[0], BAND):
            index = row[top : top + BAND].flatten()
            x = _band(image, top, tuple(row.shape)).to(compute_dtype(logits.dtype)).flatten(1)
            valid = index >= 0
            yield x[:, valid], index[valid]


def _band(image: Tensor, top: int, size: tuple[int, ...]) -> Tensor:
    """BAND rows of an image (C, *S) of logits, interpolated to `size`, from row `top` on."""
    if image.shape[1:] == size:
        return image[:, top : top + BAND]
    (height, width), old = size, image.shape[1]
    row = torch.arange(top, min(top + BAND, height), device=image.device)
    x = image.to(compute_dtype(image.dtype))[None]
    return interpolate(lerp(x, 2, *positions(old, row, height)), (len(row), width))[0]


def _numbers(where: str, probs: Tensor) -> Tensor:
    """The probabilities of valid pixels, if none of them is NaN."""
    if bool(probs.isnan().any()):
        got = f"some that make the probability NaN at {int(probs.isnan().sum())} pixels"
        raise ArgumentError(where, "logits", must="finite at valid pixels", got=got)
    return probs
