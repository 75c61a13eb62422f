"""GPU kernels of prediction: logits at any size to a label map or to counts, in one pass.

With the cells of `cells`, for each output row of a strip and each column of its cells:

    1. blend the taps of the cell, or take the logits as they are where the size stays;
    2. the class. softmax: the one with the largest logit, of equal ones the lowest; a NaN counts
       as larger than everything, and the first one wins, as in torch.argmax. Some classes at a
       time are compared with the best so far, without NaN; where there may be one, once more.
       sigmoid: 1 where p > threshold, that is where x > log(threshold / (1 − threshold));
    3. store it, or count it: each pair of target and class that occurs in a tile is counted there
       and added to the matrix once another one follows. Integers add up to the same in any order.

Nothing of full resolution exists but the label map that is asked for.
"""

import math

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.errors import BackendError, setting
from pixelwise.ops.gpu.cells import (
    LANES,
    blend,
    cell_columns,
    cells_for,
    fits_short,
    part_of,
    read_cells,
    read_row,
    read_taps,
    row_taps,
    wide,
)
from pixelwise.ops.gpu.launch import BLOCK, as_bytes, launch
from pixelwise.ops.gpu.tile import INF, count_unknown, read_labels
from pixelwise.ops.rows import Rows, whole

CLASSES = 8  # of a tile
COLUMNS = 4  # outputs of a cell that classes are compared for at the same time
MOST_CLASSES = 46340  # whose pairs have an index below 2^31
FAR: tl.constexpr = tl.constexpr(1 << 24)  # above every class index
NONE: tl.constexpr = tl.constexpr(2147483647)  # above every pair of classes
VARYING = (
    "classes low_h low_w high_h high_w first_row end_row band_row last_row "
    "strips bands columns first_columns rows ignore xn x0 tn t0"
).split()


@triton.jit
def lowest_class(tile, c, best, rank):
    """Largest logit so far and the lowest class that has it; NaN may get lost."""
    top = tl.max(tile, 0, keep_dims=True)
    found = tl.min(tl.where(tile == top, c, FAR), 0, keep_dims=True)
    return tl.where(top > best, top, best), tl.where(top > best, found, rank)


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
def only_nan(tap):
    """NaN where the tap is NaN, 0 elsewhere."""
    return tl.where(tap == tap, 0.0, tap)


@triton.jit
def careful_class(
    x, cut, classes, xc, x0, x1, top, bottom, fy, fx, cell, low,
    SOFTMAX: tl.constexpr, CLASSES: tl.constexpr, TURN: tl.constexpr,
    SHORT: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """Step 2 where something may be NaN, and whether a NaN has any part in the pixel."""
    rank = tl.full(cell.shape, FAR, tl.int32)
    best = tl.full(cell.shape, -INF, DTYPE)
    strange = tl.zeros(cell.shape, tl.int32)
    for first_class in range(0, classes, CLASSES):
        c = first_class + tl.arange(0, CLASSES)[:, None]
        a, b, d, e = read_taps(
            x, c, classes, xc, x0, x1, top, bottom, cell, low, SOFTMAX, False, TURN, SHORT, DTYPE
        )
        tile = blend(fx, blend(fy, a, d), blend(fy, b, e))
        if SOFTMAX:
            best, rank = better_class(tile, c, best, rank)
        else:
            rank = tl.max((tile > cut).to(tl.int32), 0, keep_dims=True)
        a, b, d, e = only_nan(a), only_nan(b), only_nan(d), only_nan(e)
        tile = blend(fx, blend(fy, a, d), blend(fy, b, e))
        strange = tl.maximum(strange, tl.max((tile != tile).to(tl.int32), 0, keep_dims=True))
    return rank % FAR, strange


@triton.jit
def count_pairs(counts, code, held, number):
    """Add the number of lanes of each code to counts[code]; NONE is left out.

    Neighbours mostly have one code: `number` lanes of the code `held` are not added yet.
    """
    mine = code == held
    number += tl.sum(mine.to(tl.int32))
    code = tl.where(mine, NONE, code)
    least = tl.min(code)
    while least < NONE:
        add_pairs(counts, held, number)
        held = least
        mine = code == least
        number = tl.sum(mine.to(tl.int32))
        code = tl.where(mine, NONE, code)
        least = tl.min(code)
    return held, number


@triton.jit
def add_pairs(counts, held, number):
    """Add the lanes that are not added yet."""
    tl.atomic_add(counts + held, number.to(tl.int64), mask=number > 0, sem="relaxed")


@triton.jit
def read_both(
    x, c, classes, xc, x0, x1, top, bottom, f, cell, low,
    SOFTMAX: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, SAME: tl.constexpr,
    SHORT: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """Step 1: the taps of every cell; twice the logits themselves where the size stays."""
    if SAME:
        at = wide(top, SHORT) * x0 + wide(cell, SHORT) * x1 + wide(c, SHORT) * xc
        left = read_row(x + at, c, classes, cell < low, SOFTMAX, FULL, TURN, DTYPE)
        right = left
    else:
        left, right = read_cells(
            x, c, classes, xc, x0, x1, top, bottom, f, cell, low, SOFTMAX, FULL, TURN, SHORT, DTYPE
        )
    return left, right


@triton.jit(do_not_specialize=VARYING, do_not_specialize_on_alignment=["xc", "x1", "t1"])
def predict_strip(
    x, target, out, wrong, cut: tl.float64,
    classes, low_h, low_w, high_h, high_w, first_row, end_row, band_row, last_row,
    strips, bands, columns, first_columns, rows, ignore,
    xn, xc, x0, x1, tn, t0, t1,
    SOFTMAX: tl.constexpr, COUNT: tl.constexpr, SAME: tl.constexpr, IGNORES: tl.constexpr,
    DTYPE: tl.constexpr, CLASSES: tl.constexpr, CELLS: tl.constexpr, COLUMNS: tl.constexpr,
    TURN: tl.constexpr, SHORT: tl.constexpr,
):  # fmt: skip
    """Classes of some output rows of a strip of cells, stored in `out` or counted there.

    Of the output the rows first_row, ..., end_row − 1 are wanted. Of the low_h rows of logits those
    from band_row on are there, and last_row is the last one of them.
    """
    program = tl.program_id(0).to(tl.int64)
    strip, band, n = program % strips, program // strips % bands, program // strips // bands
    x0, t0 = wide(x0, SHORT), t0.to(tl.int64)
    x += n * xn
    limit = classes if SOFTMAX else 2
    cut = (tl.zeros([1, CELLS], tl.float64) + cut).to(DTYPE)
    if COUNT:
        target += n * tn
    else:
        out += (n * (end_row - first_row) - first_row) * high_w
    cell = (strip * CELLS).to(tl.int32) + tl.arange(0, CELLS)[None, :]
    if SAME:
        begin, end = cell, tl.minimum(cell + 1, low_w)
        part, over = cell, 0.0
    else:
        begin, end, part, over = cell_columns(cell, low_w, high_w, False, SHORT, DTYPE)
        columns = tl.where(strip == 0, first_columns, columns)
    odd = tl.zeros([1, CELLS], tl.int32)
    nan = tl.zeros([1, CELLS], tl.int32)
    held, number = 0, 0
    first = (first_row + band * rows).to(tl.int32)
    for y_at in range(first, tl.minimum(first + rows, end_row)):
        top, bottom, fy = y_at, y_at, 0.0
        if not SAME:
            top, bottom, fy = row_taps(y_at, low_h, high_h, SHORT, DTYPE)
        top, bottom = top - band_row, tl.minimum(bottom - band_row, last_row)
        for start in range(0, COLUMNS if SAME else columns, COLUMNS):
            # 1. logits, 2. class: all columns at once, some classes after the others
            best, rank = (), ()
            for _ in tl.static_range(COLUMNS):
                best += (tl.full([1, CELLS], -INF, DTYPE),)  # type: ignore[assignment]
                rank += (tl.zeros([1, CELLS], tl.int32),)  # type: ignore[assignment]
            total = tl.zeros([1, CELLS], DTYPE)
            for first_class in range(0, classes, CLASSES):
                c = first_class + tl.arange(0, CLASSES)[:, None]
                # classes that do not exist: the last one again
                c = c if TURN else tl.minimum(c, classes - 1)
                left, right = read_both(
                    x, c, classes, xc, x0, x1, top, bottom, fy, cell, low_w,
                    SOFTMAX, not TURN, TURN, SAME, SHORT, DTYPE,
                )  # fmt: skip
                total += tl.sum(left + right, 0, keep_dims=True)
                new_best, new_rank = (), ()
                for k in tl.static_range(COLUMNS):
                    fx = fy if SAME else part_of(part, over, start + k, low_w, DTYPE)
                    a = left if SAME else blend(fx, left, right)
                    if SOFTMAX:
                        b, r = lowest_class(a, c, best[k], rank[k])
                    else:
                        b, r = best[k], tl.max((a > cut).to(tl.int32), 0, keep_dims=True)
                    new_best += (b,)  # type: ignore[assignment]
                    new_rank += (r,)  # type: ignore[assignment]
                best, rank = new_best, new_rank
            # 3. store or count. A sum that is no NaN has none among its terms
            careful = tl.max((total != total).to(tl.int32))
            for k in tl.static_range(COLUMNS):
                x_at = begin + (start + k)
                inside = x_at < end
                label = rank[k]  # type: ignore[var-annotated]
                strange = tl.zeros([1, CELLS], tl.int32)
                if careful:
                    fx = fy if SAME else part_of(part, over, start + k, low_w, DTYPE)
                    label, strange = careful_class(
                        x, cut, classes, xc, x0, x1, top, bottom, fy, fx, cell, low_w,
                        SOFTMAX, CLASSES, TURN, SHORT, DTYPE,
                    )  # fmt: skip
                if COUNT:
                    t_at = y_at * t0 + x_at.to(tl.int64) * t1
                    y, valid, _, unknown = read_labels(
                        target, target, t_at, t_at, inside, limit, ignore, False, IGNORES, DTYPE
                    )
                    odd += unknown
                    nan += tl.where(valid, strange, 0)
                    code = tl.where(valid, y * limit + label, NONE)
                    held, number = count_pairs(out, code, held, number)
                else:
                    at = out + y_at * high_w.to(tl.int64) + x_at
                    tl.store(at, label.to(out.dtype.element_ty), mask=inside)
    if COUNT:
        add_pairs(out, held, number)
        count_unknown(wrong, odd, True)
        count_unknown(wrong + 1, nan, True)


def predict(
    logits: Tensor,
    rows: Rows,
    width: int,
    activation: str,
    threshold: float,
    out_dtype: torch.dtype,
) -> Tensor:
    """Some rows (N, rows, width) of the label map of logits (N, C, h, w), interpolated inside."""
    labels = logits.new_empty((logits.shape[0], rows.number, width), dtype=out_dtype)
    _run(logits, None, labels, rows, width, activation, threshold, None)
    return labels


def confusion(
    logits: Tensor,
    target: Tensor,
    num_classes: int,
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Counts (num_classes, num_classes) int64, rows = target; unknown targets; pixels with NaN.

    Logits (N, C, h, w) are interpolated to the size of the target (N, H, W) inside.

    Raises:
        BackendError: the index of a pair of classes does not fit int32.
    """
    if num_classes > MOST_CLASSES:
        must = f'of at most {MOST_CLASSES:,} classes to be counted with backend "triton"'
        hint = f"Use {setting('backend', 'torch')}."
        raise BackendError("confusion_matrix", "logits", must=must, got=num_classes, hint=hint)
    counts = logits.new_zeros((num_classes, num_classes), dtype=torch.int64)
    rows, width = whole(logits, target.shape[1]), target.shape[2]
    target = as_bytes(target)
    wrong = _run(logits, target, counts, rows, width, activation, threshold, ignore_index)
    return counts, wrong[0], wrong[1]


def _run(
    logits: Tensor,
    target: Tensor | None,
    out: Tensor,
    rows: Rows,
    width: int,
    activation: str,
    threshold: float,
    ignore_index: int | None,
) -> Tensor:
    """Start the kernel; returns the numbers of unknown targets and of pixels with NaN, (2,)."""
    images, classes, held, low_w = logits.shape
    low, size = (rows.grid, low_w), (rows.height, width)
    same = low == size
    softmax = activation == "softmax"
    cells = cells_for(classes, low_w, (rows.number, width), together=softmax)
    tile, lanes = _tile_classes(classes), LANES
    if same:  # more pixels a lane where there are few classes
        lanes *= CLASSES // tile
        strips, most = triton.cdiv(low_w, lanes), BLOCK // lanes
        cells = cells._replace(strips=strips, rows=most, bands=triton.cdiv(rows.number, most))
    programs = images * cells.strips * cells.bands
    wrong = out if target is None else logits.new_zeros(2, dtype=torch.int64)
    launch(
        predict_strip, programs, logits,
        logits, out if target is None else target, out, wrong, _logit(threshold, logits.dtype),
        classes, *low, *size, rows.first, rows.stop, rows.band, held - 1,
        cells.strips, cells.bands, cells.columns, cells.first_columns,
        cells.rows, ignore_index or 0, *logits.stride(),
        *(target.stride() if target is not None else (0, 0, 0)),
        SOFTMAX=softmax, COUNT=target is not None, SAME=same, IGNORES=ignore_index is not None,
        DTYPE=tl.float64 if logits.dtype == torch.float64 else tl.float32,
        CLASSES=tile, CELLS=lanes,
        COLUMNS=1 if same else min(triton.next_power_of_2(cells.columns), COLUMNS),
        TURN=logits.stride(1) == 1 and logits.stride(3) != 1, SHORT=fits_short(logits, size, low),
        num_warps=1,
    )  # fmt: skip
    return wrong


def _tile_classes(classes: int) -> int:
    """Classes of a tile: 4 or 8, with as few as possible that do not exist."""
    if classes <= CLASSES:
        return triton.next_power_of_2(classes)
    return CLASSES if -classes % CLASSES < CLASSES // 2 else CLASSES // 2


def _logit(p: float, dtype: torch.dtype) -> float:
    """The logit of a probability, infinite for 0 and 1.

    For logits of float32 and less it is rounded down to float32, which the same ones are above.
    """
    if p <= 0 or p >= 1:
        return -math.inf if p <= 0 else math.inf
    exact = math.log(p) - math.log1p(-p)
    if dtype == torch.float64:
        return exact
    near = np.float32(exact)
    return float(near if float(near) <= exact else np.nextafter(near, np.float32(-math.inf)))
