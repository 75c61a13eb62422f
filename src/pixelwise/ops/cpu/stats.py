"""CPU kernels of the pass over dense logits, forward and backward.

A task is a fixed number of blocks of one image. In each block, for forward and backward alike:

    1. load the targets and weights of the block, settle which pixels are valid;
    2. find the logits (C, pixels) where they lie, or copy them into the cache;
    3. forward: add the block's sums to the task's, in float64;
       backward: write the gradient where it belongs, or by way of a copy.

Sums of tasks are added in order afterwards. Blocks and tasks depend on sizes alone, so the result
has the same bits for any number of threads. The arithmetic of step 3 is an engine, see
`engines`.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from pixelwise.ops.cpu.blocks import (
    block_in_place,
    find_block,
    lies_in_place,
    load_pixels,
    transfer_block,
)
from pixelwise.ops.cpu.engines import (
    LANES,
    ROWS,
    add_lanes,
    arrange_upstream,
    engine_address,
    is_binary,
    run_engine,
)
from pixelwise.ops.cpu.jit import kernel
from pixelwise.ops.cpu.memory import new_gradient
from pixelwise.ops.cpu.pool import run_tasks
from pixelwise.ops.cpu.transfer import classify_address, load_address, store_address
from pixelwise.ops.cpu.views import Labels, known_labels, view_tensors
from pixelwise.ops.spec import SUMS, Spec

BLOCK = 1024  # pixels; up to 32 channels of them fit the second-level cache beside the scratch
BLOCK_WIDE = 512  # pixels, with more channels
TASK = 16  # blocks
PAD = 16  # elements between rows of a block, so that rows do not fall on the same cache lines


class Plan(NamedTuple):
    """Everything but the tensors that a kernel needs to know about a pass."""

    wanted: Any  # (10,) bool, which of SUMS
    gamma: Any  # (1,) exponent γ, in the dtype that the arithmetic is done in
    labels: Labels
    channels: int
    target_rows: int  # C if the target has a channel dimension, else 1
    pair: int  # 1 for two softmax classes, which are computed from their difference, else 0
    block: int  # pixels of a block


@kernel
def forward_tasks(engine, logits, target, weight, grid, plan, sums, unknown, first_task, end_task):
    dtype = plan.gamma.dtype
    loaded = np.empty((plan.channels, plan.block + PAD), dtype)
    block = np.empty((plan.channels, plan.block + PAD), dtype)
    rows = np.empty((ROWS, plan.block), dtype)
    w = np.empty((plan.target_rows, plan.block), dtype)
    y = np.empty((plan.target_rows, plan.block), np.int32)
    lanes = np.empty((LANES, sums.shape[2], plan.channels))
    for task in range(first_task, end_task):
        image, part = task // sums.shape[1], task % sums.shape[1]
        lanes.fill(0)
        for step in range(part * TASK, part * TASK + TASK):
            first = step * plan.block
            n = min(plan.block, grid.pixels - first)
            if n <= 0:
                break
            ignored, strange = load_pixels(y, w, target, weight, image, first, n, grid, plan.labels)
            unknown[task] += strange
            source = find_block(logits, image, first, n, grid, loaded)
            run_engine(engine, source, block, block, y, w, ignored, n, plan, 1, rows, lanes)
        add_lanes(lanes, sums[image, part])


@kernel
def backward_tasks(
    engine, logits, target, weight, gradient, grid, plan, upstream, finite, parts, first_task,
    end_task,
):  # fmt: skip
    dtype = plan.gamma.dtype
    loaded = np.empty((plan.channels, plan.block + PAD), dtype)
    block = np.empty((plan.channels, plan.block + PAD), dtype)
    rows = np.empty((ROWS, plan.block), dtype)
    w = np.empty((plan.target_rows, plan.block), dtype)
    y = np.empty((plan.target_rows, plan.block), np.int32)
    for task in range(first_task, end_task):
        image, part = task // parts, task % parts
        for step in range(part * TASK, part * TASK + TASK):
            first = step * plan.block
            n = min(plan.block, grid.pixels - first)
            if n <= 0:
                break
            ignored, _ = load_pixels(y, w, target, weight, image, first, n, grid, plan.labels)
            source = find_block(logits, image, first, n, grid, loaded)
            table = upstream[image]
            if lies_in_place(gradient, first, n, grid):
                out = block_in_place(loaded, gradient, image, first, grid)
                run_engine(engine, source, block, out, y, w, ignored, n, plan, finite, rows, table)
            else:
                # the logits have been read when the gradient is written over their copy
                copy = loaded
                run_engine(engine, source, block, copy, y, w, ignored, n, plan, finite, rows, table)
                transfer_block(copy, gradient, image, first, n, grid)


def forward(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, spec: Spec
) -> tuple[torch.Tensor, torch.Tensor]:
    """The sums of dense logits; the contract of every backend, see `ops.stats`.

    Args:
        logits: (N, C, *S) float32, float64, bfloat16 or float16, any strides.
        target: (N, *S) or, for sigmoid, (N, C, *S); uint8, int8, int16, int32, int64 or bool.
        weight: (N, *S) float32 or float64, or None. A pixel of weight 0 counts as ignored.
        spec: what to compute.
    Returns:
        Sums (len(spec.sums), N, C) float64, and the number of target values that are neither a
        class nor ignored, () int64; they contribute nothing.
    """
    images, channels = logits.shape[:2]
    if logits.numel() == 0:
        empty = torch.zeros(len(spec.sums), images, channels, dtype=torch.float64)
        return empty, torch.tensor(0)
    plan = plan_pass(logits, target, spec)
    grid, views = view_tensors(logits.shape[2:], inputs(logits, target, weight))
    parts = -(-grid.pixels // (plan.block * TASK))
    sums = np.zeros((images, parts, len(SUMS), channels))
    unknown = np.zeros(images * parts, np.int64)
    engine = engine_address(is_binary(logits, spec), "sums", plan.gamma.dtype)
    run_tasks(
        lambda a, b: forward_tasks(engine, *views, grid, plan, sums, unknown, a, b),
        images * parts,
    )
    return add_parts(sums, spec), torch.tensor(int(unknown.sum()))


def backward(
    grad: torch.Tensor,
    logits: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    spec: Spec,
    scale: torch.Tensor | None = None,
) -> torch.Tensor:
    """The gradient of the logits, from the gradient of each sum; nothing saved by `forward`.

    Args:
        grad: (len(spec.sums), N, C) float64.
        logits, target, weight, spec: as in `forward`.
        scale: number () that `grad` is multiplied by, or None.
    Returns:
        A tensor with the logits' shape, dtype and memory format; exactly 0 at ignored pixels.
    """
    gradient = new_gradient(logits)
    if logits.numel() == 0:
        return gradient
    plan = plan_pass(logits, target, spec)
    out = (gradient, store_address(logits.dtype, block_dtype(logits)), True)
    grid, views = view_tensors(logits.shape[2:], [*inputs(logits, target, weight), out])
    parts = -(-grid.pixels // (plan.block * TASK))
    engine = engine_address(is_binary(logits, spec), "gradient", plan.gamma.dtype)
    upstream, finite = arrange_upstream(grad, scale, logits, spec, plan.gamma.dtype)
    run_tasks(
        lambda a, b: backward_tasks(engine, *views, grid, plan, upstream, finite, parts, a, b),
        logits.shape[0] * parts,
    )
    return gradient


def block_dtype(logits: torch.Tensor) -> torch.dtype:
    """What the arithmetic is done in."""
    return torch.float64 if logits.dtype == torch.float64 else torch.float32


def plan_pass(logits: torch.Tensor, target: torch.Tensor, spec: Spec) -> Plan:
    """The plan of a pass over these tensors."""
    channels = logits.shape[1]
    by_channel = target.dim() == logits.dim()
    dtype = np.float64 if logits.dtype == torch.float64 else np.float32
    zero_or_one = by_channel or (channels == 1 and spec.activation == "sigmoid")
    limit = 2 if zero_or_one else channels
    return Plan(
        wanted=np.array([s in spec.sums for s in SUMS]),
        gamma=np.array([spec.gamma], dtype),
        labels=known_labels(target, spec.ignore_index, limit),
        channels=channels,
        target_rows=channels if by_channel else 1,
        pair=int(spec.activation == "softmax" and channels == 2),
        block=BLOCK if channels <= 32 else BLOCK_WIDE,
    )


def inputs(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None
) -> list[tuple[torch.Tensor | None, int, bool]]:
    """The three inputs with the functions that load them, for view_tensors."""
    dtype = block_dtype(logits)
    load_weight = 0 if weight is None else load_address(weight.dtype, dtype)
    return [
        (logits, load_address(logits.dtype, dtype), True),
        (target, classify_address(target.dtype), target.dim() == logits.dim()),
        (weight, load_weight, False),
    ]


def add_parts(sums: np.ndarray, spec: Spec) -> torch.Tensor:
    """(N, parts, 10, C) to (len(spec.sums), N, C), the parts added in order."""
    total = sums.sum(1)[:, [SUMS.index(s) for s in spec.sums]]
    return torch.from_numpy(np.ascontiguousarray(total.transpose(1, 0, 2)))
