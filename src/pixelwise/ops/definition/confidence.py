"""The definition of confidence, in plain torch."""

import torch
from torch import Tensor

from pixelwise.ops.definition.predict import parts, predict
from pixelwise.ops.rows import Rows


def predict_sure(
    logits: Tensor,
    rows: Rows,
    width: int,
    activation: str,
    threshold: float,
    out_dtype: torch.dtype,
    margin: bool,
    temperature: float,
) -> tuple[Tensor, Tensor]:
    """Some rows of the label map and of its confidence, both (N, rows, width)."""
    labels = predict(logits, rows, width, activation, threshold, out_dtype)
    return labels, confidence_of(logits, labels, rows, width, activation, margin, temperature)


def confidence_of(
    logits: Tensor,
    labels: Tensor,
    rows: Rows,
    width: int,
    activation: str,
    margin: bool,
    temperature: float,
) -> Tensor:
    """One byte (N, rows, width) of how sure each label (N, rows, width) is; see predict_rows."""
    sure = torch.empty(labels.shape, dtype=torch.uint8, device=labels.device)
    for n, part, x in parts(logits, rows, width):
        if activation == "softmax":
            p = _of_softmax(x, margin, temperature)[0]
        else:
            z = x[0, 0] / temperature
            p = torch.where(labels[n, part] > 0, z, -z).sigmoid()
            p = (2 * p - 1).clamp(min=0) if margin else p
        sure[n, part] = (255 * p + 0.5).nan_to_num(0).byte()
    return sure


def _of_softmax(x: Tensor, margin: bool, temperature: float) -> Tensor:
    """p1 = 1 / Σ exp((x_c - x_max) / T), or p1 - p2 = (1 - exp((x_second - x_max) / T)) p1."""
    best, second = x.topk(2, dim=1).values.unbind(1)
    total = _power(x, best[:, None], temperature).sum(1)
    return (1 - _power(second, best, temperature)) / total if margin else 1 / total


def _power(x: Tensor, top: Tensor, temperature: float) -> Tensor:
    """exp((x - top) / T), 1 where both are infinite."""
    return torch.where(x == top, 1.0, ((x - top) / temperature).exp())
