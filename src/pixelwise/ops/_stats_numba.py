"""CPU kernels of the pass over dense logits, forward and backward.

A task is a fixed number of blocks of one image. In each block, for forward and backward alike:

    1. load the targets and weights of the block, settle which pixels are valid;
    2. load the logits into (C, pixels), set those of ignored pixels to 0;
    3. forward: add the block's sums to the task's, in float64;
       backward: turn the block into the gradient and store it.

Sums of tasks are added in order afterwards. Blocks and tasks depend on sizes alone, so the result
has the same bits for any number of threads. Arithmetic: `_softmax_numba` and `_binary_numba`.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from pixelwise.ops._binary_numba import SIDE_ROWS, binary_gradient, binary_sums, split_weight
from pixelwise.ops._blocks_numba import (
    clear_ignored,
    load_block,
    load_targets,
    load_weights,
    settle_valid,
    store_block,
)
from pixelwise.ops._jit_numba import kernel
from pixelwise.ops._pool import run_tasks
from pixelwise.ops._softmax_numba import LANES, ROWS, softmax_gradient, softmax_sums
from pixelwise.ops._views import (
    FOCAL,
    FOCAL_NEG,
    NLL,
    NLL_NEG,
    Labels,
    known_labels,
    new_gradient,
    view_tensors,
)
from pixelwise.ops.spec import SUMS, Spec

BLOCK = 1024  # pixels; up to 32 channels of them fit the second-level cache beside the scratch
BLOCK_WIDE = 512  # pixels, with more channels
TASK = 16  # blocks
PAD = 16  # elements between rows of a block, so that rows do not fall on the same cache lines


class Plan(NamedTuple):
    """Everything else that a kernel needs to know about a pass."""

    wanted: Any  # (10,) bool, which of SUMS
    gamma: Any  # (1,) exponent γ, in the dtype that the arithmetic is done in
    labels: Labels
    block: int  # pixels of a block
    tasks: int  # tasks of an image
    channels: int
    by_channel: bool  # the target has a channel dimension


@kernel
def softmax_forward(logits, target, weight, grid, plan, sums, unknown, first_task, end_task):
    dtype = plan.gamma.dtype
    block = np.empty((plan.channels, plan.block + PAD), dtype)
    rows = np.empty((ROWS, plan.block), dtype)
    w = np.empty((1, plan.block), dtype)
    y = np.empty(plan.block, np.int32)
    lanes = np.empty((LANES, sums.shape[1], plan.channels))
    for task in range(first_task, end_task):
        image, part = task // plan.tasks, task % plan.tasks
        lanes[:] = 0
        for step in range(TASK):
            first = (part * TASK + step) * plan.block
            n = min(plan.block, grid.pixels - first)
            if n <= 0:
                break
            load_targets(y, target, 0, image, first, n, grid, plan.labels)
            load_weights(w, weight, image, first, n, grid)
            ignored, strange = settle_valid(y, w[0], n)
            unknown[task] += strange
            if ignored == n:
                continue
            load_block(block, logits, image, first, n, grid)
            if ignored > 0:
                clear_ignored(block, w[0], n)
            softmax_sums(block, y, w[0], n, plan.wanted, plan.gamma[0], rows, lanes)
        for lane in range(LANES):
            sums[task] += lanes[lane]


@kernel
def softmax_backward(
    logits, target, weight, gradient, grid, plan, upstream, finite, first_task, end_task
):
    dtype = plan.gamma.dtype
    block = np.empty((plan.channels, plan.block + PAD), dtype)
    rows = np.empty((ROWS, plan.block), dtype)
    w = np.empty((1, plan.block), dtype)
    y = np.empty(plan.block, np.int32)
    for task in range(first_task, end_task):
        image, part = task // plan.tasks, task % plan.tasks
        for step in range(TASK):
            first = (part * TASK + step) * plan.block
            n = min(plan.block, grid.pixels - first)
            if n <= 0:
                break
            load_targets(y, target, 0, image, first, n, grid, plan.labels)
            load_weights(w, weight, image, first, n, grid)
            ignored, _ = settle_valid(y, w[0], n)
            if ignored == n:
                block[:, :n] = 0
            else:
                load_block(block, logits, image, first, n, grid)
                if ignored > 0:
                    clear_ignored(block, w[0], n)
                softmax_gradient(
                    block, y, w[0], n, plan.wanted, plan.gamma[0], upstream[image], rows
                )
                if ignored > 0 and not finite:
                    clear_ignored(block, w[0], n)
            store_block(block, gradient, image, first, n, grid)


def forward(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, spec: Spec
) -> tuple[torch.Tensor, torch.Tensor]:
    plan = _plan(logits, target, spec)
    images, channels = logits.shape[:2]
    grid, views = view_tensors(
        logits.shape[2:], [(logits, True), (target, plan.by_channel), (weight, False)]
    )
    blocks = -(-grid.pixels // plan.block)
    plan = plan._replace(tasks=-(-blocks // TASK))
    tasks = images * plan.tasks
    sums = np.zeros((tasks, len(SUMS), channels))
    unknown = np.zeros(tasks, np.int64)
    run_tasks(lambda a, b: softmax_forward(*views, grid, plan, sums, unknown, a, b), tasks)
    total = sums.reshape(images, plan.tasks, len(SUMS), channels).sum(1)
    chosen = total[:, [SUMS.index(s) for s in spec.sums]].transpose(1, 0, 2)
    return torch.from_numpy(np.ascontiguousarray(chosen)), torch.tensor(int(unknown.sum()))


def backward(
    grad: torch.Tensor,
    logits: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    spec: Spec,
) -> torch.Tensor:
    plan = _plan(logits, target, spec)
    images, channels = logits.shape[:2]
    gradient = new_gradient(logits)
    grid, views = view_tensors(
        logits.shape[2:],
        [(logits, True), (target, plan.by_channel), (weight, False), (gradient, True)],
    )
    blocks = -(-grid.pixels // plan.block)
    plan = plan._replace(tasks=-(-blocks // TASK))
    upstream = np.zeros((images, len(SUMS), channels), plan.gamma.dtype)
    upstream[:, [SUMS.index(s) for s in spec.sums]] = grad.numpy().transpose(1, 0, 2)
    finite = bool(np.isfinite(upstream).all())
    run_tasks(
        lambda a, b: softmax_backward(*views, grid, plan, upstream, finite, a, b),
        images * plan.tasks,
    )
    return gradient


def _plan(logits: torch.Tensor, target: torch.Tensor, spec: Spec) -> Plan:
    channels = logits.shape[1]
    by_channel = target.dim() == logits.dim()
    dtype = np.float64 if logits.dtype == torch.float64 else np.float32
    limit = channels if channels > 1 and not by_channel else 2
    return Plan(
        wanted=np.array([s in spec.sums for s in SUMS]),
        gamma=np.array([spec.gamma], dtype),
        labels=known_labels(target, spec.ignore_index, limit),
        block=BLOCK if channels <= 32 else BLOCK_WIDE,
        tasks=0,
        channels=channels,
        by_channel=by_channel,
    )
