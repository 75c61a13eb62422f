"""CPU kernels of the pass over logits that are upsampled inside: nothing of full size exists.

A task is a band of BAND consecutive rows of logits of one image. It computes the output rows whose
upper source row lies in the band, block by block: for each block of output columns, for each row r
of the band, for each output row between r and r + 1:

    1. load the targets and weights of the block's pixels;
    2. interpolate the logits of rows r and r + 1 into the block (C, pixels);
    3. forward: add the block's sums to the task's;
       backward: turn the block into its gradient, take the adjoint of step 2.

In the backward pass a band owns its rows of the gradient, and writes what falls on the first row of
the next band into a halo, which is added at the end, in order. So the result has the same bits for
any number of threads. The arithmetic of step 3 is an engine, see `engines`.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from pixelwise.ops.cpu.bilinear import (
    Axis,
    Columns,
    add_line,
    blend,
    gather_line,
    line_of_block,
    load_line,
    make_axis,
    make_columns,
    spread_line,
)
from pixelwise.ops.cpu.blocks import settle_valid
from pixelwise.ops.cpu.engines import (
    LANES,
    ROWS,
    add_lanes,
    engine_address,
    run_engine,
    upstream_tables,
)
from pixelwise.ops.cpu.jit import inlined, kernel
from pixelwise.ops.cpu.pool import run_tasks
from pixelwise.ops.cpu.stats import (
    NO_UNKNOWN,
    PAD,
    Plan,
    add_parts,
    block_dtype,
    inputs,
    layouts,
    no_sums,
    plan_pass,
    remembered,
    total_unknown,
)
from pixelwise.ops.cpu.transfer import call_address
from pixelwise.ops.cpu.views import View, at_addresses, view_image
from pixelwise.ops.spec import SUMS, Spec

BAND = 4  # rows of logits in a task; the halo is 1 / BAND of the gradient


class Frame(NamedTuple):
    """The geometry of an upsampling pass."""

    rows: Axis
    first: Any  # (h + 1,) int64: output rows first[r], ..., first[r + 1] - 1 lie between r and r+1
    columns: Columns
    bands: int  # of an image


def make_frame(shape: tuple[int, ...], out: tuple[int, ...], block: int, dtype: Any) -> Frame:
    """The geometry from (h, w) to (H, W)."""
    rows = make_axis(shape[0], out[0], dtype)
    first = np.searchsorted(rows.low, np.arange(shape[0] + 1)).astype(np.int64)
    columns = make_columns(shape[1], out[1], block, dtype)
    return Frame(rows, first, columns, -(-shape[0] // BAND))


@inlined
def load_frame_pixels(y, w, target, weight, image, line, start, n, columns, labels):
    """Targets and weights of a block of output row `line`, in the order of its pixels.

    Returns:
        How many of them are ignored (unknown ones are, too), and how many are unknown.
    """
    one = w.dtype.type(1)
    phases = max(columns.scale, 1)
    count = n // phases
    ignored = unknown = 0
    for r in range(y.shape[0]):
        at = image * target.image + r * target.channel + line * target.outer[0]
        for k in range(phases):
            begin, step = at + (start + k) * target.pixel, phases * target.pixel
            numbers = (
                begin, step, k * count, count, labels.has_ignore, labels.ignore, labels.limit
            )  # fmt: skip
            call_address(target.transfer, target.address, y[r].ctypes.data, numbers)
        if weight.address == 0:
            for i in range(n):
                w[r, i] = one
        else:
            at = image * weight.image + line * weight.outer[0]
            for k in range(phases):
                begin, step = at + (start + k) * weight.pixel, phases * weight.pixel
                numbers = (begin, 0, step, w.shape[1], k * count, 1, count)
                call_address(weight.transfer, weight.address, w[r].ctypes.data, numbers)
        more_ignored, more_unknown = settle_valid(y[r], w[r], n)
        ignored += more_ignored
        unknown += more_unknown
    return ignored, unknown


@inlined
def load_rows(upper, lower, logits, image, r, first, count, frame):
    """The pieces of rows r and r + 1 of the logits that a block needs."""
    load_line(upper, logits, image, r, first, count, frame.columns)
    below = min(r + 1, frame.rows.size - 1)
    load_line(lower, logits, image, below, first, count, frame.columns)


@inlined
def interpolate(block, upper, lower, line, t, start, n, columns):
    """Fill a block with interpolated logits."""
    for c in range(block.shape[0]):
        blend(upper[c], lower[c], t, line)
        spread_line(line, columns, start, n, block[c])


@inlined
def gather_rows(block, upper, lower, line, t, start, n, columns):
    """The adjoint of interpolate; added to upper and lower."""
    rest = line.dtype.type(1) - t
    for c in range(block.shape[0]):
        gather_line(block[c], columns, start, n, line)
        above, below = upper[c], lower[c]
        for q in range(line.size):
            above[q] += line[q] * rest
        if t != 0:
            for q in range(line.size):
                below[q] += line[q] * t


@inlined
def add_rows(upper, lower, image, r, first, count, frame, out, halo):
    """Add the gradient of rows r and r + 1 to the gradient, or to the halo below a band."""
    add_line(upper, first, count, frame.columns, out[image], r)
    below = min(r + 1, frame.rows.size - 1)
    if below // BAND == r // BAND:
        add_line(lower, first, count, frame.columns, out[image], below)
    else:
        add_line(lower, first, count, frame.columns, halo[image], below // BAND)


@kernel
def forward_tasks(engine, logits, target, weight, frame, plan, sums, unknown, first_task, end_task):
    dtype = plan.gamma.dtype
    columns = frame.columns
    source = np.empty((plan.channels, columns.width + PAD), dtype)
    block = np.empty((plan.channels, columns.width + PAD), dtype)
    lines = np.zeros((2, plan.channels, columns.line), dtype)
    line = np.empty(columns.line, dtype)
    rows = np.empty((ROWS, columns.width), dtype)
    w = np.empty((plan.target_rows, columns.width), dtype)
    y = np.empty((plan.target_rows, columns.width), np.int32)
    lanes = np.empty((LANES, sums.shape[2], plan.channels))
    for task in range(first_task, end_task):
        image, band = task // frame.bands, task % frame.bands
        lanes.fill(0)
        for start in range(0, columns.axis.out, columns.width):
            n = min(columns.width, columns.axis.out - start)
            first, count = line_of_block(columns, start, n)
            for r in range(band * BAND, min(band * BAND + BAND, frame.rows.size)):
                load_rows(lines[0], lines[1], logits, image, r, first, count, frame)
                for row in range(frame.first[r], frame.first[r + 1]):
                    ignored, strange = load_frame_pixels(
                        y, w, target, weight, image, row, start, n, columns, plan.labels
                    )
                    unknown[task] += strange
                    t = frame.rows.t[row]
                    interpolate(source, lines[0], lines[1], line, t, start, n, columns)
                    run_engine(engine, source, block, block, y, w, ignored, n, plan, 1, rows, lanes)
        add_lanes(lanes, sums[image, band])


@kernel
def backward_tasks(
    engine, logits, target, weight, out, halo, frame, plan, tables, finite, first_task, end_task
):
    dtype = plan.gamma.dtype
    columns = frame.columns
    source = np.empty((plan.channels, columns.width + PAD), dtype)
    block = np.empty((plan.channels, columns.width + PAD), dtype)
    lines = np.zeros((4, plan.channels, columns.line), dtype)
    line = np.empty(columns.line, dtype)
    rows = np.empty((ROWS, columns.width), dtype)
    w = np.empty((plan.target_rows, columns.width), dtype)
    y = np.empty((plan.target_rows, columns.width), np.int32)
    for task in range(first_task, end_task):
        image, band = task // frame.bands, task % frame.bands
        table, known = tables[image], np.int64(finite[image])
        for start in range(0, columns.axis.out, columns.width):
            n = min(columns.width, columns.axis.out - start)
            first, count = line_of_block(columns, start, n)
            for r in range(band * BAND, min(band * BAND + BAND, frame.rows.size)):
                load_rows(lines[0], lines[1], logits, image, r, first, count, frame)
                lines[2:].fill(0)
                for row in range(frame.first[r], frame.first[r + 1]):
                    ignored, _ = load_frame_pixels(
                        y, w, target, weight, image, row, start, n, columns, plan.labels
                    )
                    t = frame.rows.t[row]
                    interpolate(source, lines[0], lines[1], line, t, start, n, columns)
                    out_block = block if plan.binary else source  # see stats.py
                    run_engine(
                        engine, source, block, out_block, y, w, ignored, n, plan, known, rows,
                        table,
                    )  # fmt: skip
                    gather_rows(out_block, lines[2], lines[3], line, t, start, n, columns)
                add_rows(lines[2], lines[3], image, r, first, count, frame, out, halo)


def forward_upsampled(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, spec: Spec
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `stats.forward`, of logits (N, C, h, w) upsampled to the target's (H, W)."""
    images, channels = logits.shape[:2]
    if logits.numel() == 0 or target.numel() == 0:
        return no_sums(logits, spec), NO_UNKNOWN
    plan, found, frame, engine = _prepare(logits, target, weight, spec, "sums")
    views = at_addresses(found, (logits, target, weight))
    sums = np.zeros((images, frame.bands, len(SUMS), channels))
    unknown = np.zeros(images * frame.bands, np.int64)
    run_tasks(
        lambda a, b: forward_tasks(engine, *views, frame, plan, sums, unknown, a, b),
        unknown.size,
        channels * target.numel(),
    )
    return add_parts(sums, plan), total_unknown(unknown)


def backward_upsampled(
    grad: torch.Tensor,
    logits: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    spec: Spec,
    scale: torch.Tensor | None = None,
) -> torch.Tensor:
    """As `stats.backward`, of logits (N, C, h, w) upsampled to the target's (H, W)."""
    if logits.numel() == 0 or target.numel() == 0:
        return torch.zeros_like(logits)
    plan, found, frame, engine = _prepare(logits, target, weight, spec, "gradient")
    out = np.zeros(logits.shape, plan.gamma.dtype)
    views = at_addresses(found, (logits, target, weight))
    images, channels, _, width = logits.shape
    halo = np.zeros((images, channels, frame.bands, width), out.dtype)
    tables, finite = upstream_tables(grad, scale, plan.table, block_dtype(logits))
    run_tasks(
        lambda a, b: backward_tasks(engine, *views, out, halo, frame, plan, tables, finite, a, b),
        images * frame.bands,
        channels * target.numel(),
    )
    out[:, :, ::BAND] += halo
    gradient, like = torch.from_numpy(out), torch.empty_like(logits, device="meta")
    if gradient.dtype == like.dtype and gradient.stride() == like.stride():
        return gradient
    return torch.empty_like(logits).copy_(gradient)


def _prepare(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, spec: Spec, result: str
) -> tuple[Plan, list[View], Frame, int]:
    """Plan, views, geometry and engine of a pass, kept for the next step."""

    def make() -> tuple[Plan, list[View], Frame, int]:
        plan = plan_pass(logits, target, spec)
        views = [view_image(*tensor) for tensor in inputs(logits, target, weight)]
        shape, out = tuple(logits.shape[2:]), tuple(target.shape[-2:])
        frame = make_frame(shape, out, plan.block, plan.gamma.dtype)
        engine = engine_address(bool(plan.binary), result, plan.gamma.dtype)
        return plan, views, frame, engine

    return remembered((*layouts(logits, target, weight), spec, result, "upsampled"), make)
