"""CPU kernel of prediction with confidence: the class of a pixel and one byte of how sure it is.

The same pass as `predict`, which keeps per pixel beside the best logit m and its class the second
best one and the sum d of exp((x_c - m) / T); with each class of logit x

    x > m    d = d exp((m - x) / T) + 1      x <= m    d = d + exp((x - m) / T)

so that one exponential a class and pixel is computed, and none of a value above 0.
"""

import numpy as np
import torch

from pixelwise.ops.cpu.bilinear import blend, line_of_block, spread_line
from pixelwise.ops.cpu.exp import exp_neg, select
from pixelwise.ops.cpu.jit import inlined, kernel
from pixelwise.ops.cpu.pool import run_tasks
from pixelwise.ops.cpu.predict import TASK, choose, load_pair
from pixelwise.ops.rows import Rows


@inlined
def to_bytes(p, n, sure):
    """sure = round(255 p), 0 where p is NaN"""
    most, half, zero = p.dtype.type(255), p.dtype.type(0.5), p.dtype.type(0)
    for i in range(n):
        sure[i] = np.uint8(select(p[i] >= zero, p[i] * most + half, zero))


@inlined
def find_sure(
    lines, line, row, best, second, total, choice, scale, margin, t, start, n, found, sure
):
    """found[:n] = the class of each pixel of a block, sure[:n] = its byte; scale = 1 / T."""
    one, zero = row.dtype.type(1), row.dtype.type(0)
    if choice.binary:
        blend(lines[0, 0], lines[1, 0], t, line)
        spread_line(line, choice.columns, start, n, row)
        for i in range(n):
            found[i] = np.int32(row[i] > choice.cut[0])
        for i in range(n):
            z = row[i] * scale
            e = exp_neg(select(z > zero, -z, z))
            # the probability of the class that was chosen
            own = select((z > zero) == (found[i] > 0), one, e) / (one + e)
            lead = own + own - one
            total[i] = select(margin, select(lead < zero, zero, lead), own)
        to_bytes(total, n, sure)
        return
    for c in range(choice.channels):
        label = np.int32(c)
        blend(lines[0, c], lines[1, c], t, line)
        spread_line(line, choice.columns, start, n, row)
        if c == 0:
            for i in range(n):
                best[i] = row[i]
                second[i] = -np.inf
                total[i] = one
                found[i] = label
        else:
            for i in range(n):
                x, m, d = row[i], best[i], total[i]
                gap = x - m
                larger = gap > zero
                e = exp_neg(select(larger, -gap, gap) * scale)
                e = select(x == m, one, e)  # of two infinite ones the gap is NaN
                total[i] = select(larger, d * e + one, d + e)
                second[i] = select(larger, m, select(x > second[i], x, second[i]))
                better = (not x <= m) & (best[i] == best[i])  # as in find_best
                found[i] = label if better else found[i]
                best[i] = x if better else m
    for i in range(n):
        e = exp_neg((second[i] - best[i]) * scale)
        e = select(margin, select(second[i] == best[i], one, e), zero)
        total[i] = (one - e) / total[i]
    to_bytes(total, n, sure)


@kernel
def sure_tasks(logits, choice, temperature, margin, labels, confidence, first_task, end_task):
    dtype = choice.rows.t.dtype
    columns = choice.columns
    scale = choice.rows.t.dtype.type(1 / temperature)
    lines = np.zeros((2, choice.channels, columns.line), dtype)
    line = np.empty(columns.line, dtype)
    row, best = np.empty(columns.width, dtype), np.empty(columns.width, dtype)
    second, total = np.empty(columns.width, dtype), np.empty(columns.width, dtype)
    found, sure = np.empty(columns.width, np.int32), np.empty(columns.width, np.uint8)
    phases = max(columns.scale, 1)
    for task in range(first_task, end_task):
        image, part = task // choice.tasks, task % choice.tasks
        start = part % choice.blocks * columns.width
        top = part // choice.blocks * TASK
        n = min(columns.width, columns.axis.out - start)
        first, count = line_of_block(columns, start, n)
        held = -1
        for out in range(top, min(top + TASK, choice.rows.out)):
            if choice.rows.low[out] != held:
                held = choice.rows.low[out]
                load_pair(lines, logits, image, held, first, count, choice)
            t = choice.rows.t[out]
            find_sure(
                lines, line, row, best, second, total, choice, scale, margin, t, start, n, found,
                sure,
            )  # fmt: skip
            inputs = n // phases
            target, byte = labels[image, out], confidence[image, out]
            for k in range(phases):
                for j in range(inputs):
                    target[start + j * phases + k] = found[k * inputs + j]
                    byte[start + j * phases + k] = sure[k * inputs + j]


def predict_sure(
    logits: torch.Tensor,
    rows: Rows,
    width: int,
    activation: str,
    threshold: float,
    out_dtype: torch.dtype,
    margin: bool,
    temperature: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Some rows of the label map and of its confidence, both (N, rows, width).

    Args:
        logits, rows, width, activation, threshold, out_dtype: as in predict.
        margin: the lead of the class in probability, instead of its probability.
        temperature: T > 0 that logits are divided by.
    """
    shape = len(logits), rows.number, width
    labels, confidence = logits.new_zeros(shape, dtype=out_dtype), logits.new_zeros(shape).byte()
    if labels.numel() == 0:
        return labels, confidence
    choice, view = choose(logits, rows, width, activation, threshold)
    out, sure = labels.numpy(), confidence.numpy()
    run_tasks(
        lambda a, b: sure_tasks(view, choice, temperature, margin, out, sure, a, b),
        len(out) * choice.tasks,
    )
    return labels, confidence
