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

from collections.abc import Callable
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
    engine_address,
    places_in_table,
    run_engine,
    upstream_tables,
)
from pixelwise.ops.cpu.jit import kernel
from pixelwise.ops.cpu.memory import new_gradient
from pixelwise.ops.cpu.pool import run_tasks
from pixelwise.ops.cpu.transfer import classify_address, load_address, store_address
from pixelwise.ops.cpu.views import Labels, View, at_addresses, known_labels, view_tensors
from pixelwise.ops.spec import SUMS, Spec

BLOCK = 1024  # pixels; up to 32 channels of them fit the second-level cache beside the scratch
BLOCK_WIDE = 512  # pixels, with more channels
TASK = 16  # blocks
REMEMBERED = 128  # passes
NO_UNKNOWN = torch.tensor(0, device="cpu")  # whatever the default device is
PAD = 16  # elements between rows of a block, so that rows do not fall on the same cache lines


class Plan(NamedTuple):
    """Everything but the tensors that a kernel needs to know about a pass."""

    wanted: Any  # (10,) bool, which of SUMS
    gamma: Any  # (1,) exponent γ, in the dtype that the arithmetic is done in
    labels: Labels
    channels: int
    target_rows: int  # C if the target has a channel dimension, else 1
    pair: int  # 1 for two softmax classes, which are computed from their difference, else 0
    binary: int  # 1 if a pixel's probabilities come in pairs p and 1 - p, else 0
    block: int  # pixels of a block
    places: Any  # int64, where in SUMS each sum of the spec is
    table: Any  # int64, see places_in_table


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
    engine, logits, target, weight, gradient, grid, plan, tables, finite, parts, first_task, end
):
    dtype = plan.gamma.dtype
    loaded = np.empty((plan.channels, plan.block + PAD), dtype)
    block = np.empty((plan.channels, plan.block + PAD), dtype)
    rows = np.empty((ROWS, plan.block), dtype)
    w = np.empty((plan.target_rows, plan.block), dtype)
    y = np.empty((plan.target_rows, plan.block), np.int32)
    for task in range(first_task, end):
        image, part = task // parts, task % parts
        table, known = tables[image], np.int64(finite[image])
        for step in range(part * TASK, part * TASK + TASK):
            first = step * plan.block
            n = min(plan.block, grid.pixels - first)
            if n <= 0:
                break
            ignored, _ = load_pixels(y, w, target, weight, image, first, n, grid, plan.labels)
            source = find_block(logits, image, first, n, grid, loaded)
            if lies_in_place(gradient, first, n, grid):
                out = block_in_place(loaded, gradient, image, first, grid)
                run_engine(engine, source, block, out, y, w, ignored, n, plan, known, rows, table)
            else:
                # softmax has read the logits when it writes the gradient over their copy, which
                # leaves more of the cache; the binary engine reads and writes in one loop
                copy = block if plan.binary else loaded
                run_engine(engine, source, block, copy, y, w, ignored, n, plan, known, rows, table)
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
        return no_sums(logits, spec), NO_UNKNOWN
    found = prepare(logits, target, weight, spec, "sums")
    grid, plan, parts, engine = found.grid, found.plan, found.parts, found.engine
    views = at_addresses(found.views, (logits, target, weight))
    sums = np.zeros((images, parts, len(SUMS), channels))
    unknown = np.zeros(images * parts, np.int64)
    run_tasks(
        lambda a, b: forward_tasks(engine, *views, grid, plan, sums, unknown, a, b),
        images * parts,
        logits.numel(),
    )
    return add_parts(sums, plan), total_unknown(unknown)


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
    found = prepare(logits, target, weight, spec, "gradient", gradient)
    grid, plan, parts, engine = found.grid, found.plan, found.parts, found.engine
    views = at_addresses(found.views, (logits, target, weight, gradient))
    tables, finite = upstream_tables(grad, scale, plan.table, block_dtype(logits))
    run_tasks(
        lambda a, b: backward_tasks(engine, *views, grid, plan, tables, finite, parts, a, b),
        logits.shape[0] * parts,
        logits.numel(),
    )
    return gradient


class Prepared(NamedTuple):
    """What the layouts of the tensors and the spec decide about a pass."""

    grid: Any
    views: list[View]  # their addresses are those of other tensors
    plan: Plan
    parts: int  # tasks of an image
    engine: int


def prepare(
    logits: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    spec: Spec,
    result: str,
    gradient: torch.Tensor | None = None,
) -> Prepared:
    """Engine, plan and views of a dense pass, kept for the next step."""

    def make() -> Prepared:
        plan = plan_pass(logits, target, spec)
        tensors = inputs(logits, target, weight)
        if gradient is not None:
            store = store_address(logits.dtype, block_dtype(logits))
            tensors = [*tensors, (gradient, store, True)]
        grid, views = view_tensors(logits.shape[2:], tensors)
        engine = engine_address(bool(plan.binary), result, plan.gamma.dtype)
        return Prepared(grid, views, plan, -(-grid.pixels // (plan.block * TASK)), engine)

    return remembered((*layouts(logits, target, weight), spec, result), make)


_remembered: dict[tuple[Any, ...], Any] = {}


def layouts(*tensors: torch.Tensor | None) -> tuple[Any, ...]:
    """Shape, strides and dtype of each."""
    return tuple(None if t is None else (t.shape, t.stride(), t.dtype) for t in tensors)


def remembered(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What `make` returned for this key; training asks for the same few again and again."""
    found = _remembered.get(key)
    if found is None:
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        found = _remembered[key] = make()
    return found


def total_unknown(unknown: np.ndarray) -> torch.Tensor:
    """Σ unknown, () int64."""
    total = int(np.add.reduce(unknown))
    return torch.tensor(total, device="cpu") if total else NO_UNKNOWN


def no_sums(logits: torch.Tensor, spec: Spec) -> torch.Tensor:
    """The sums (len(spec.sums), N, C) of logits without pixels."""
    return logits.new_zeros((len(spec.sums), *logits.shape[:2]), dtype=torch.float64)


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
    pair = spec.activation == "softmax" and channels == 2
    binary = spec.activation == "sigmoid" or channels == 2
    places = [SUMS.index(s) for s in spec.sums]
    return Plan(
        wanted=np.array([s in spec.sums for s in SUMS]),
        gamma=np.array([spec.gamma], dtype),
        labels=known_labels(target, spec.ignore_index, limit),
        channels=channels,
        target_rows=channels if by_channel else 1,
        pair=int(pair),
        binary=int(binary),
        block=BLOCK if channels <= 32 else BLOCK_WIDE,
        places=np.array(places, np.int64),
        table=places_in_table(places, channels, binary, pair),
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


def add_parts(sums: np.ndarray, plan: Plan) -> torch.Tensor:
    """(N, parts, 10, C) to (len(spec.sums), N, C), the parts added in order."""
    total = sums[:, 0] if sums.shape[1] == 1 else sums.sum(1)
    return torch.from_numpy(np.ascontiguousarray(total.transpose(1, 0, 2)[plan.places]))
