"""CPU kernels of prediction: logits at any size to a label map or a confusion matrix, in one pass.

An output row is computed class by class: interpolate the class's logit at every pixel, keep the
best value and its class. So no more than one row of logits exists at output size. Rules at a pixel:

    softmax   the class with the largest logit; equal ones: the lowest class; NaN counts as larger
              than everything, and the first NaN wins, as in torch.argmax
    sigmoid   one channel: 1 where p > threshold, that is where the logit > log(threshold /
              (1 - threshold)); 0 where it is NaN

Interpolation is bilinear with align_corners=False, up or down, without antialiasing, as
torch.nn.functional.interpolate does it; see `bilinear`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch

from pixelwise.ops.cpu.bilinear import (
    Axis,
    Columns,
    blend,
    line_of_block,
    load_line,
    make_axis,
    make_columns,
    spread_line,
)
from pixelwise.ops.cpu.jit import inlined, kernel
from pixelwise.ops.cpu.pool import run_tasks
from pixelwise.ops.cpu.stats import NO_UNKNOWN
from pixelwise.ops.cpu.transfer import (
    UNKNOWN,
    call_address,
    classify_address,
    load_address,
)
from pixelwise.ops.cpu.views import View, known_labels, view_image
from pixelwise.ops.rows import Rows, whole

BLOCK = 1024  # pixels
TASK = 8  # output rows


class Choice(NamedTuple):
    """How a pixel's class is chosen, and where from."""

    rows: Axis
    columns: Columns
    channels: int
    binary: int  # 1 for one sigmoid channel
    cut: Any  # (1,) float64: the logit above which a sigmoid channel is positive
    blocks: int  # of an output row
    tasks: int  # of an image: TASK rows of one block each


@inlined
def find_best(lines, line, row, best, choice, t, start, n, found):
    """found[:n] = the class of each pixel of a block."""
    if choice.binary:
        blend(lines[0, 0], lines[1, 0], t, line)
        spread_line(line, choice.columns, start, n, row)
        for i in range(n):
            found[i] = np.int32(row[i] > choice.cut[0])
        return
    for c in range(choice.channels):
        label = np.int32(c)
        blend(lines[0, c], lines[1, c], t, line)
        spread_line(line, choice.columns, start, n, row)
        if c == 0:
            for i in range(n):
                best[i] = row[i]
            for i in range(n):
                found[i] = label
        else:
            for i in range(n):
                # not (row <= best) is also true if one is NaN; the first NaN stays
                better = (not row[i] <= best[i]) & (best[i] == best[i])
                found[i] = label if better else found[i]
                best[i] = row[i] if better else best[i]


@inlined
def load_pair(lines, logits, image, upper, first, count, choice):
    """The pieces of the two rows of logits between which an output row lies."""
    columns, lower = choice.columns, min(upper + 1, choice.rows.size - 1)
    load_line(lines[0], logits, image, upper, first, count, columns)
    load_line(lines[1], logits, image, lower, first, count, columns)


@kernel
def predict_tasks(logits, choice, labels, first_task, end_task):
    dtype = choice.rows.t.dtype
    columns = choice.columns
    lines = np.zeros((2, choice.channels, columns.line), dtype)
    line = np.empty(columns.line, dtype)
    row, best = np.empty(columns.width, dtype), np.empty(columns.width, dtype)
    found = np.empty(columns.width, np.int32)
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
            find_best(lines, line, row, best, choice, choice.rows.t[out], start, n, found)
            inputs = n // phases
            target = labels[image, out]
            for k in range(phases):
                for j in range(inputs):
                    target[start + j * phases + k] = found[k * inputs + j]


@kernel
def confuse_tasks(logits, target, choice, known, first_task, end_task):
    dtype = choice.rows.t.dtype
    columns = choice.columns
    lines = np.zeros((2, choice.channels, columns.line), dtype)
    line = np.empty(columns.line, dtype)
    row, best = np.empty(columns.width, dtype), np.empty(columns.width, dtype)
    found = np.empty(columns.width, np.int32)
    y = np.empty(columns.width, np.int32)
    counts = np.zeros((known.limit, known.limit), np.int64)
    unknown = 0
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
            find_best(lines, line, row, best, choice, choice.rows.t[out], start, n, found)
            inputs = n // phases
            at = image * target.image + out * target.outer[0]
            for k in range(phases):
                begin, step = at + (start + k) * target.pixel, phases * target.pixel
                done = k * inputs
                numbers = (begin, step, done, inputs, known.has_ignore, known.ignore, known.limit)
                call_address(target.transfer, target.address, y.ctypes.data, numbers)
            for i in range(n):
                if y[i] >= 0:
                    counts[y[i], found[i]] += 1
                elif y[i] == UNKNOWN:
                    unknown += 1
    return counts, unknown


def predict(
    logits: torch.Tensor,
    rows: Rows,
    width: int,
    activation: str,
    threshold: float,
    out_dtype: torch.dtype,
) -> torch.Tensor:
    """Some rows (N, rows, width) of the label map of logits (N, C, h, w), interpolated inside.

    Args:
        logits: float32, float64, bfloat16 or float16, any strides.
        rows: of the label and of the logits; a label may be larger or smaller than its grid.
        width: of the label.
        activation: "softmax", or "sigmoid" for C = 1.
        threshold: probability above which a sigmoid pixel is 1.
        out_dtype: torch.uint8 or torch.uint16.
    """
    labels = logits.new_zeros((len(logits), rows.number, width), dtype=out_dtype)
    if labels.numel() == 0:
        return labels
    choice, view = choose(logits, rows, width, activation, threshold)
    out = labels.numpy()
    run_tasks(lambda a, b: predict_tasks(view, choice, out, a, b), len(out) * choice.tasks)
    return labels


def confusion(
    logits: torch.Tensor,
    target: torch.Tensor,
    num_classes: int,
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Counts of target and predicted class, of logits interpolated to the target's size inside.

    Args:
        logits: (N, C, h, w), as in `predict`.
        target: (N, H, W) uint8, int8, int16, int32, int64 or bool, any strides.
        num_classes: C, or 2 for one sigmoid channel.
        activation, threshold: as in `predict`.
        ignore_index: the one ignored target value, or None.
    Returns:
        (num_classes, num_classes) int64, rows = target; and the number of target values that are
        neither a class nor ignored, () int64, which are not counted.
    """
    if target.numel() == 0:
        return target.new_zeros(num_classes, num_classes, dtype=torch.int64), NO_UNKNOWN
    height, width = target.shape[1:]
    choice, view = choose(logits, whole(logits, height), width, activation, threshold)
    classes = view_image(target, classify_address(target.dtype), False)
    known = known_labels(target, ignore_index, num_classes)
    shares = run_tasks(
        lambda a, b: confuse_tasks(view, classes, choice, known, a, b),
        logits.shape[0] * choice.tasks,
    )
    counts = np.sum([matrix for matrix, _ in shares], axis=0)
    return torch.from_numpy(counts), torch.tensor(
        sum(strange for _, strange in shares), device="cpu"
    )


def choose(
    logits: torch.Tensor, rows: Rows, width: int, activation: str, threshold: float
) -> tuple[Choice, View]:
    """How classes are chosen of these rows, and the logits as kernels see them."""
    double = logits.dtype == torch.float64
    dtype = np.float64 if double else np.float32
    columns = make_columns(logits.shape[3], width, BLOCK, dtype)
    blocks = -(-width // columns.width)
    choice = Choice(
        rows=_axis_of(rows, logits.shape[2], dtype),
        columns=columns,
        channels=logits.shape[1],
        binary=int(activation == "sigmoid"),
        cut=np.array([_logit(threshold)]),
        blocks=blocks,
        tasks=blocks * -(-rows.number // TASK),
    )
    load = load_address(logits.dtype, torch.float64 if double else torch.float32)
    return choice, view_image(logits, load, True)


def _axis_of(rows: Rows, held: int, dtype: Any) -> Axis:
    """Where the rows of the label read the rows of logits, of which `held` are there."""
    axis = make_axis(rows.grid, rows.height, dtype)
    wanted = slice(rows.first, rows.stop)
    return Axis(held, rows.number, axis.low[wanted] - rows.band, axis.t[wanted])


def _logit(p: float) -> float:
    """The logit of a probability, infinite for 0 and 1."""
    if p <= 0 or p >= 1:
        return -math.inf if p <= 0 else math.inf
    return math.log(p) - math.log1p(-p)
