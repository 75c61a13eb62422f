"""GPU kernels of prediction: logits at any size to a label map or to counts, in one pass.

With the cells of `cells`, for each output row of a strip and each column of its cells:

    1. blend the taps of the cell, or take the logits as they are where the size stays;
    2. the class. softmax: the one with the largest logit, of equal ones the lowest; a NaN counts
       as larger than everything, and the first one wins, as in torch.argmax.
       sigmoid: 1 where p > threshold, that is where x > log(threshold / (1 − threshold));
    3. store it, or count it: each pair of target and class that occurs in a tile is counted there
       and added to the matrix at once. Integers add up to the same in any order.

Nothing of full resolution exists but the label map that is asked for.
"""

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.gpu.cells import (
    blend,
    cell_columns,
    cells_for,
    part_of,
    read_cells,
    read_row,
    row_taps,
    tile_options,
)
from pixelwise.ops.gpu.launch import as_bytes, launch
from pixelwise.ops.gpu.tile import INF, count_unknown, read_labels

FAR: tl.constexpr = tl.constexpr(1 << 24)  # above every class index
NONE: tl.constexpr = tl.constexpr(2147483647)  # above every pair of classes
VARYING = (
    "classes low_h low_w high_h high_w strips bands columns first_columns rows ignore xn x0 tn t0"
).split()


@triton.jit
def lowest_class(a, b, c, c2, TAIL: tl.constexpr):
    """The lowest class whose logit is the largest; no logit is NaN."""
    top = tl.max(a, 0, keep_dims=True)
    if TAIL:
        top = tl.maximum(top, tl.max(b, 0, keep_dims=True))
    found = tl.min(tl.where(a == top, c, FAR), 0, keep_dims=True)
    if TAIL:
        found = tl.minimum(found, tl.min(tl.where(b == top, c2, FAR), 0, keep_dims=True))
    return found


@triton.jit
def better_class(tile, c, best, rank):
    """Largest logit so far and its class + FAR; the class alone once it is that of a NaN."""
    strange = tile != tile
    top = tl.max(tl.where(strange, -INF, tile), 0, keep_dims=True)
    candidates = tl.where(strange, c, tl.where(tile == top, c + FAR, 2 * FAR))
    found = tl.min(candidates, 0, keep_dims=True)
    take = (rank >= FAR) & ((found < FAR) | (top > best))
    return tl.where(take, top, best), tl.where(take, found, rank)


@triton.jit
def count_pairs(counts, code):
    """Add the number of lanes of each code to counts[code]; NONE is left out."""
    least = tl.min(code)
    while least < NONE:
        mine = code == least
        tl.atomic_add(counts + least, tl.sum(mine.to(tl.int64)), sem="relaxed")
        code = tl.where(mine, NONE, code)
        least = tl.min(code)


@triton.jit
def read_both(
    x, c, classes, xc, x0, x1, top, bottom, f, cell, low,
    SOFTMAX: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, SAME: tl.constexpr,
    DTYPE: tl.constexpr,
):  # fmt: skip
    """Step 1: the taps of every cell; twice the logits themselves where the size stays."""
    if SAME:
        at = top * x0 + tl.minimum(cell, low - 1).to(tl.int64) * x1
        left = read_row(x, c, classes, xc, at, SOFTMAX, FULL, TURN, DTYPE)
        right = left
    else:
        left, right = read_cells(
            x, c, classes, xc, x0, x1, top, bottom, f, cell, low, SOFTMAX, FULL, TURN, DTYPE
        )
    return left, right


@triton.jit
def has_nan(left, right):
    """Whether blending these can give a NaN: one is NaN, or both are infinite and differ."""
    total = left + right
    return tl.max((total != total).to(tl.int32))


@triton.jit(do_not_specialize=VARYING, do_not_specialize_on_alignment=["xc", "x1", "t1"])
def predict_strip(
    x, target, out, unknown, cut: tl.float64,
    classes, low_h, low_w, high_h, high_w, strips, bands, columns, first_columns, rows, ignore,
    xn, xc, x0, x1, tn, t0, t1,
    SOFTMAX: tl.constexpr, COUNT: tl.constexpr, SAME: tl.constexpr, IGNORES: tl.constexpr,
    DTYPE: tl.constexpr, CLASSES: tl.constexpr, TAIL: tl.constexpr, CELLS: tl.constexpr,
    WHOLE: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr,
):  # fmt: skip
    """Classes of some output rows of a strip of cells, stored in `out` or counted there."""
    program = tl.program_id(0).to(tl.int64)
    strip, band, n = program % strips, program // strips % bands, program // strips // bands
    x0, t0 = x0.to(tl.int64), t0.to(tl.int64)
    x += n * xn
    limit = classes if SOFTMAX else 2
    if COUNT:
        target += n * tn
    else:
        out += n * high_h * high_w
    c = tl.arange(0, CLASSES)[:, None]
    c2 = CLASSES + tl.arange(0, TAIL if TAIL else 1)[:, None]
    cell = (strip * CELLS).to(tl.int32) + tl.arange(0, CELLS)[None, :]
    if SAME:
        begin, end = cell, tl.minimum(cell + 1, low_w)
    else:
        begin, end, part, over = cell_columns(cell, low_w, high_w, DTYPE)
        columns = tl.where(strip == 0, first_columns, columns)
    strange = tl.zeros([1, CELLS], tl.int32)
    first = (band * rows).to(tl.int32)
    for y_at in range(first, tl.minimum(first + rows, high_h)):
        top, bottom, fy = row_taps(y_at, low_h, high_h, DTYPE)
        nan = 0
        if WHOLE:
            left, right = read_both(
                x, c, classes, xc, x0, x1, top, bottom, fy, cell, low_w,
                SOFTMAX, FULL, TURN, SAME, DTYPE,
            )  # fmt: skip
            nan = has_nan(left, right)
        if TAIL:
            left2, right2 = read_both(
                x, c2, classes, xc, x0, x1, top, bottom, fy, cell, low_w,
                True, False, TURN, SAME, DTYPE,
            )  # fmt: skip
            nan = tl.maximum(nan, has_nan(left2, right2))
        for k in range(columns):
            x_at = begin + k
            inside = x_at < end
            fx = fy if SAME else part_of(part, over, k, low_w, DTYPE)
            rank = tl.full([1, CELLS], FAR, tl.int32)
            best = tl.full([1, CELLS], -INF, DTYPE)
            # 1. logits, 2. class
            if WHOLE:
                a = left if SAME else blend(fx, left, right)
                b = a
                if TAIL:
                    b = left2 if SAME else blend(fx, left2, right2)
                if SOFTMAX == 0:
                    rank = (a > cut).to(tl.int32)
                elif nan == 0:
                    rank = lowest_class(a, b, c, c2, TAIL)
                else:
                    best, rank = better_class(a, c, best, rank)
                    if TAIL:
                        best, rank = better_class(b, c2, best, rank)
            else:
                for first_class in range(0, classes, CLASSES):
                    c = first_class + tl.arange(0, CLASSES)[:, None]
                    left, right = read_both(
                        x, c, classes, xc, x0, x1, top, bottom, fy, cell, low_w,
                        True, False, TURN, SAME, DTYPE,
                    )  # fmt: skip
                    a = left if SAME else blend(fx, left, right)
                    best, rank = better_class(a, c, best, rank)
            label = rank % FAR
            # 3. store or count
            if COUNT:
                t_at = y_at * t0 + x_at.to(tl.int64) * t1
                y, valid, _, odd = read_labels(
                    target, target, t_at, t_at, inside, limit, ignore, False, IGNORES, DTYPE
                )
                strange += odd
                count_pairs(out, tl.where(valid, y * limit + label, NONE))
            else:
                at = out + y_at * high_w.to(tl.int64) + x_at
                tl.store(at, label.to(out.dtype.element_ty), mask=inside)
    if COUNT:
        count_unknown(unknown, strange, True)


def predict(
    logits: Tensor, size: tuple[int, int], activation: str, threshold: float, out_dtype: torch.dtype
) -> Tensor:
    """The label map (N, H, W) of logits (N, C, h, w), interpolated to `size` inside."""
    labels = logits.new_empty((logits.shape[0], *size), dtype=out_dtype)
    _run(logits, None, labels, size, activation, threshold, None)
    return labels


def confusion(
    logits: Tensor,
    target: Tensor,
    num_classes: int,
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> tuple[Tensor, Tensor]:
    """Counts (num_classes, num_classes) int64, rows = target, and how many targets are unknown.

    Logits (N, C, h, w) are interpolated to the size of the target (N, H, W) inside.
    """
    counts = logits.new_zeros((num_classes, num_classes), dtype=torch.int64)
    size = (target.shape[1], target.shape[2])
    unknown = _run(logits, as_bytes(target), counts, size, activation, threshold, ignore_index)
    return counts, unknown


def _run(
    logits: Tensor,
    target: Tensor | None,
    out: Tensor,
    size: tuple[int, int],
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> Tensor:
    """Start the kernel; returns the number of unknown targets."""
    images, classes, *low = logits.shape
    same = tuple(low) == size
    softmax = activation == "softmax"
    cells = cells_for(classes, low[1], size, together=softmax)
    programs = images * cells.strips * cells.bands
    unknown = logits.new_zeros((), dtype=torch.int64)
    launch(
        predict_strip, programs, logits,
        logits, out if target is None else target, out, unknown, _logit(threshold),
        classes, *low, *size, cells.strips, cells.bands, cells.columns, cells.first_columns,
        cells.rows, ignore_index or 0, *logits.stride(),
        *(target.stride() if target is not None else (0, 0, 0)),
        SOFTMAX=softmax, COUNT=target is not None, SAME=same, IGNORES=ignore_index is not None,
        DTYPE=tl.float64 if logits.dtype == torch.float64 else tl.float32,
        **tile_options(logits, cells.tile), num_warps=cells.tile.warps,
    )  # fmt: skip
    return unknown


def _logit(p: float) -> float:
    """The logit of a probability, infinite for 0 and 1."""
    if p <= 0 or p >= 1:
        return -math.inf if p <= 0 else math.inf
    return math.log(p) - math.log1p(-p)
