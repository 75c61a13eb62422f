"""The definition of prediction and counting, in plain torch: one image at a time."""

import torch
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.interpolate import interpolate
from pixelwise.ops.target import class_index


def predict(
    logits: Tensor, size: tuple[int, int], activation: str, threshold: float, out_dtype: torch.dtype
) -> Tensor:
    """The label map (N, H, W) of logits (N, C, h, w), interpolated to `size`."""
    labels = [_label(image, size, activation, threshold).to(out_dtype) for image in logits.split(1)]
    return torch.cat(labels) if labels else logits.new_empty((0, *size), dtype=out_dtype)


def confusion(
    logits: Tensor,
    target: Tensor,
    num_classes: int,
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> tuple[Tensor, Tensor]:
    """Counts (num_classes, num_classes) int64, and the number of unknown target values, 0."""
    size = (target.shape[1], target.shape[2])
    counts = torch.zeros(num_classes**2, dtype=torch.int64, device=logits.device)
    rows = class_index(target, num_classes, ignore_index, "confusion_matrix")
    for image, row in zip(logits.split(1), rows.flatten(1)):
        pred = _label(image, size, activation, threshold).long().flatten()
        valid = row >= 0
        index = row[valid] * num_classes + pred[valid]
        counts += torch.bincount(index, minlength=num_classes**2)
    return counts.view(num_classes, num_classes), counts.new_zeros(())


def _label(logits: Tensor, size: tuple[int, int], activation: str, threshold: float) -> Tensor:
    x = logits.to(compute_dtype(logits.dtype))
    if size != tuple(x.shape[2:]):
        x = interpolate(x, size)
    return x.argmax(1) if activation == "softmax" else x.squeeze(1).sigmoid() > threshold
