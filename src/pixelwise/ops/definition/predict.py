"""The definition of prediction and counting, in plain torch: some rows of one image at a time."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.interpolate import interpolate_rows
from pixelwise.ops.rows import Rows, whole
from pixelwise.ops.target import class_index

MOST = 1 << 22  # logits of some rows at the size of the label


def predict(
    logits: Tensor,
    rows: Rows,
    width: int,
    activation: str,
    threshold: float,
    out_dtype: torch.dtype,
) -> Tensor:
    """Some rows (N, rows, width) of the label map of logits (N, C, h, w), interpolated inside."""
    labels = logits.new_empty((len(logits), rows.number, width), dtype=out_dtype)
    for n, part, x in parts(logits, rows, width):
        labels[n, part] = _label(x, activation, threshold).to(out_dtype)[0]
    return labels


def parts(logits: Tensor, rows: Rows, width: int) -> Iterator[tuple[int, slice, Tensor]]:
    """Logits (1, C, some rows, width) of each image, and which of the wanted rows they are."""
    most = max(1, MOST // max(1, logits.shape[1] * width))
    for n, image in enumerate(logits.split(1)):
        x = image.to(compute_dtype(image.dtype))
        for first in range(rows.first, rows.stop, most):
            stop = min(first + most, rows.stop)
            part = slice(first - rows.first, stop - rows.first)
            yield n, part, interpolate_rows(x, rows._replace(first=first, stop=stop), width)


def confusion(
    logits: Tensor,
    target: Tensor,
    num_classes: int,
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> tuple[Tensor, Tensor]:
    """Counts (num_classes, num_classes) int64, and the number of unknown target values, 0."""
    counts = torch.zeros(num_classes**2, dtype=torch.int64, device=logits.device)
    own = class_index(target, num_classes, ignore_index, "confusion_matrix")
    for n, part, x in parts(logits, whole(logits, target.shape[1]), target.shape[2]):
        pred, row = _label(x, activation, threshold)[0].long(), own[n, part]
        valid = row >= 0
        index = row[valid] * num_classes + pred[valid]
        counts += torch.bincount(index, minlength=num_classes**2)
    return counts.view(num_classes, num_classes), counts.new_zeros(())


def _label(x: Tensor, activation: str, threshold: float) -> Tensor:
    return x.argmax(1) if activation == "softmax" else x.squeeze(1).sigmoid() > threshold
