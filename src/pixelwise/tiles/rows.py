"""Label rows a..b of a larger grid from a band of its rows of logits (until ops has it)."""

from typing import NamedTuple

import torch
from torch import Tensor

from pixelwise.ops.cpu.bilinear import Axis, make_axis
from pixelwise.ops.cpu.pool import run_tasks
from pixelwise.ops.cpu.predict import TASK, _choose, predict_tasks
from pixelwise.ops.predict import Threshold
from pixelwise.ops.spec import Activation


class Rows(NamedTuple):
    """Rows first..stop of a label of `height`, from logits that begin at row `band` of `grid`."""

    first: int
    stop: int
    height: int
    band: int
    grid: int


def predict_rows(
    logits: Tensor,
    rows: Rows,
    width: int,
    activation: Activation = "softmax",
    threshold: Threshold = 0.5,
) -> tuple[Tensor, None]:
    """Rows of predict_label of the whole grid."""
    if activation == "sigmoid" and logits.shape[1] > 1:
        each = (
            threshold if not isinstance(threshold, float | int) else [threshold] * logits.shape[1]
        )
        planes = [
            predict_rows(x, rows, width, activation, t)[0] for x, t in zip(logits.split(1, 1), each)
        ]
        return torch.stack(planes, 1), None
    number = rows.stop - rows.first
    choice, view = _choose(logits, (number, width), activation, threshold)  # type: ignore[arg-type]
    whole = make_axis(rows.grid, rows.height, choice.rows.t.dtype)
    low = whole.low[rows.first : rows.stop] - rows.band
    axis = Axis(logits.shape[2], number, low, whole.t[rows.first : rows.stop].copy())
    choice = choice._replace(rows=axis)
    dtype = torch.uint8 if logits.shape[1] <= 256 else torch.uint16
    labels = logits.new_zeros((1, number, width), dtype=dtype)
    out = labels.numpy()
    run_tasks(
        lambda a, b: predict_tasks(view, choice, out, a, b), choice.blocks * -(-number // TASK)
    )
    return labels, None
