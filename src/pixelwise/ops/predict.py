"""From logits to predicted class indices and to integer counts, upsampling inside."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelwise.errors import ArgumentError, check_range, check_shape, sentence
from pixelwise.ops.activations import check_logits, compute_dtype
from pixelwise.ops.target import Ignore, check_target_dtype, class_index, merge_ignored


def predict_label(
    logits: Tensor,
    size: tuple[int, int] | None = None,
    activation: str = "softmax",
    threshold: float = 0.5,
) -> Tensor:
    """Predicted class index of every pixel, at any size.

    softmax: argmax_c x_c, the lowest index on ties;  sigmoid, one channel: [sigmoid(x) > threshold]

    Args:
        logits: (N, C, *S) floating point.
        size: (H, W) of the result: logits are interpolated bilinearly (align_corners=False), one
            image at a time, so that nothing of N·C·H·W elements exists; None = as they are.
        activation: "softmax" for C >= 2, "sigmoid" for one channel.
        threshold: probability above which a pixel is foreground, 0..1, sigmoid only.
    Returns:
        (N, *S) or (N, H, W); uint8 for C <= 256, uint16 otherwise.
    Raises:
        ArgumentError: sigmoid with several channels (their classes may overlap), size without
            two spatial axes, threshold outside 0..1.
    Equals: F.interpolate(logits, size, mode="bilinear").argmax(1)
    """
    where = "predict_label"
    check_logits(where, logits, activation)
    check_range(where, "threshold", threshold, 0, 1)
    if activation == "sigmoid" and logits.shape[1] != 1:
        got = tuple(logits.shape)
        raise ArgumentError(sentence(where, "logits", "(N, 1, *S) for sigmoid", got))
    if size is not None and logits.dim() != 4:
        got = tuple(logits.shape)
        raise ArgumentError(sentence(where, "logits", "(N, C, h, w) when a size is given", got))
    dtype = torch.uint8 if logits.shape[1] <= 256 else torch.uint16
    with torch.no_grad():
        labels = [_label(image, size, activation, threshold).to(dtype) for image in logits.split(1)]
        empty = logits.new_empty((0, *(size or logits.shape[2:])), dtype=dtype)
        return torch.cat(labels) if labels else empty


def _label(
    logits: Tensor, size: tuple[int, int] | None, activation: str, threshold: float
) -> Tensor:
    x = logits.to(compute_dtype(logits.dtype))
    if size is not None and tuple(size) != tuple(x.shape[2:]):
        x = F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
    return x.argmax(1) if activation == "softmax" else x.squeeze(1).sigmoid() > threshold


def confusion_matrix(
    logits: Tensor,
    target: Tensor,
    activation: str = "softmax",
    threshold: float = 0.5,
    ignore_index: Ignore = 255,
) -> Tensor:
    """Integer counts of target against predicted class over all valid pixels of a batch.

    out[t, p] = number of valid pixels of class t that were predicted as p

    Args:
        logits: (N, C, *S) floating point; (N, C, h, w) of another size than the target are
            interpolated bilinearly to it, one image at a time.
        target: (N, *S) class indices of any integer dtype.
        activation, threshold: as in predict_label.
        ignore_index: ignored target value, several of them, or None.
    Returns:
        (C, C) int64, rows = target; (2, 2) for one sigmoid channel.
    Raises:
        ArgumentError, ArgumentTypeError: as predict_label and pixel_stats.
    """
    where = "confusion_matrix"
    check_logits(where, logits, activation)
    target = check_target_dtype(where, target)
    spatial = (None, None) if logits.dim() == 4 else tuple(logits.shape[2:])
    check_shape(where, "target", target.shape, (logits.shape[0], *spatial), "(N, *S)")
    target, ignored = merge_ignored(target, ignore_index)
    classes = 2 if activation == "sigmoid" else logits.shape[1]
    counts = torch.zeros(classes * classes, dtype=torch.int64, device=logits.device)
    size = (target.shape[1], target.shape[2]) if logits.dim() == 4 else None
    rows = class_index(target, classes, ignored, where)
    for image, row in zip(logits.split(1), rows.flatten(1)):
        pred = predict_label(image, size, activation, threshold).long().reshape(-1)
        valid = row >= 0
        counts += torch.bincount(row[valid] * classes + pred[valid], minlength=classes**2)
    return counts.view(classes, classes)
