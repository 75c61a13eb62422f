"""GPU kernel of losses on sums: a loss and its derivative by each sum, in one launch.

One program does all, with the arrays of a Formula in the order of `Formula`, in float64:

    1. read the table, a tile of images after the other; add up the batch;
    2. terms over the batch: means, and ratios of sums over the batch;
    3. ratios per image, a tile of images after the other; store the derivative of each image.

What a formula consists of is compiled in, its numbers are read. An image more or fewer compiles
nothing, and any number of images and classes is served. Zero denominators and values that are not
numbers do what they do in the formulas of `losses`.
"""

from typing import Any, NamedTuple
from weakref import finalize

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.formula import ABSENT, FORMS, RATIO_NUMBERS, Formula
from pixelwise.ops.gpu.launch import launch

TILE = 1024  # numbers of a sum that are held at once
MAX_IMAGES = 32  # of a tile
WARPS = 16  # two numbers a thread: with more, terms with powers and logarithms do not fit registers
TINY: tl.constexpr = tl.constexpr(2.2250738585072014e-308)  # below it 1/x overflows
NUMBERS: tl.constexpr = tl.constexpr(len(RATIO_NUMBERS))
LOG: tl.constexpr = tl.constexpr(FORMS.index("log"))
LOG_COSH: tl.constexpr = tl.constexpr(FORMS.index("log_cosh"))
MINUS: tl.constexpr = tl.constexpr(FORMS.index("minus"))
SKIP: tl.constexpr = tl.constexpr(ABSENT.index("skip"))
ZERO: tl.constexpr = tl.constexpr(ABSENT.index("zero"))


@triton.jit
def read_tile(table, first, images, classes, S: tl.constexpr, N: tl.constexpr, C: tl.constexpr):
    """Images from `first` on of every sum, each (N, C); 0 where there is none."""
    n = first + tl.arange(0, N)[:, None]
    c = tl.arange(0, C)[None, :]
    tile = ()
    for s in tl.static_range(S):
        at = table + (s * images + n).to(tl.int64) * classes + c
        tile = tile + (tl.load(at, mask=(n < images) & (c < classes), other=0.0),)  # type: ignore[assignment]  # noqa: RUF005
    return tile


@triton.jit
def zeros(S: tl.constexpr, C: tl.constexpr):
    """S rows of zeros, each (1, C)."""
    rows = ()
    for _ in tl.static_range(S):
        rows = rows + (tl.zeros([1, C], tl.float64),)  # type: ignore[assignment]  # noqa: RUF005
    return rows


@triton.jit
def add_to(rows, ROW: tl.constexpr, more):
    """The same tuple with `more` added to one of its rows."""
    result = ()
    for s in tl.static_range(len(rows)):
        result = result + ((rows[s] + more) if s == ROW else rows[s],)  # type: ignore[assignment]  # noqa: RUF005
    return result


@triton.jit
def keep_above_tiny(x):
    """max(x, smallest normal number), but NaN stays."""
    return tl.where(x < TINY, TINY, x)


@triton.jit
def sum_all(x):
    """Σ of a tile, (1, 1)."""
    return tl.sum(tl.sum(x, 1, keep_dims=True), 0, keep_dims=True)


@triton.jit
def mean_factor(totals, below, c, classes, T: tl.constexpr, BELOW: tl.constexpr):
    """1 / Σ B·X of mean T, (1, 1), or 0."""
    total = tl.zeros([1, 1], tl.float64)
    for k in tl.static_range(len(BELOW[T])):
        b = tl.load(below + BELOW[T][k] * classes + c, mask=c < classes, other=0.0)
        total += tl.sum(b * totals[BELOW[T][k]], 1, keep_dims=True)
    return tl.where(total != 0, 1.0 / tl.where(total != 0, total, 1.0), 0.0)


@triton.jit
def counted_weights(target, valid, weight, on, T: tl.constexpr, RATIOS: tl.constexpr):
    """Weight of each class in the mean of its row, and what the row is divided by."""
    if RATIOS[T][7]:  # pool_classes
        target = tl.sum(tl.where(on, target * weight, 0.0), 1, keep_dims=True)
        valid = tl.max(tl.where(on, valid, 0.0), 1, keep_dims=True)
        weights = ((target if RATIOS[T][5] == SKIP else valid) > 0).to(tl.float64)
        total = weights
    else:
        counts = (on & ((target if RATIOS[T][5] == SKIP else valid) > 0)).to(tl.float64)
        weights = counts * weight
        total = tl.sum(weights if RATIOS[T][8] else counts, 1, keep_dims=True)
    return weights, total


@triton.jit
def read_classes(counted, weights, t, rows, c, classes):
    """Which classes ratio t asks for, in `rows` of a tile, and their weights."""
    on = tl.load(counted + t * classes + c, mask=c < classes, other=0.0) > 0
    weight = tl.load(weights + t * classes + c, mask=c < classes, other=0.0)
    return on & rows, weight


@triton.jit
def loss_of_score(score, exponent, FORM: tl.constexpr, POWER: tl.constexpr):
    """Loss of a class from its score, and its derivative."""
    if FORM == LOG:
        value = -tl.log(keep_above_tiny(score))
        slope = tl.where(score >= TINY, -1.0 / keep_above_tiny(score), 0.0)
    elif FORM == LOG_COSH:
        up, down = tl.exp(1.0 - score), tl.exp(score - 1.0)
        value = tl.log((up + down) / 2.0)
        slope = -(up - down) / (up + down)
    else:
        value = -score if FORM == MINUS else 1.0 - score
        slope = tl.full(score.shape, -1.0, tl.float64)
    if POWER:
        kept = keep_above_tiny(value)
        power = tl.exp(exponent * tl.log(kept))
        slope = tl.where(value >= TINY, slope * (exponent * power / kept), 0.0)
        value = power
    return value, slope


@triton.jit
def ratio_loss(
    sums, numbers, weight, on, rows,
    T: tl.constexpr, RATIOS: tl.constexpr, POWERS: tl.constexpr,
):  # fmt: skip
    """Loss (1, 1) of some rows of images, and its derivative by I and by P.

    Args:
        sums: (M, C) of each sum, a row per image or one for the batch.
        rows: (1, 1), how many of all rows count.
    """
    inter, size, target = sums[RATIOS[T][0]], sums[RATIOS[T][1]], sums[RATIOS[T][2]]
    weights, total = counted_weights(target, sums[RATIOS[T][3]], weight, on, T, RATIOS)
    k, a, b = tl.load(numbers + 1), tl.load(numbers + 2), tl.load(numbers + 3)
    if RATIOS[T][7]:  # pool_classes
        inter = tl.sum(tl.where(on, inter * weight, 0.0), 1, keep_dims=True)
        size = tl.sum(tl.where(on, size * weight, 0.0), 1, keep_dims=True)
        target = tl.sum(tl.where(on, target * weight, 0.0), 1, keep_dims=True)
    below = k * inter + a * (size - inter) + b * (target - inter) + tl.load(numbers + 5)
    some = below != 0
    safe = tl.where(some, below, 1.0)
    score = tl.where(some, (k * inter + tl.load(numbers + 4)) / safe, 1.0)
    value, slope = loss_of_score(score, tl.load(numbers + 6), RATIOS[T][4], POWERS[T])
    if RATIOS[T][5] == ZERO:
        value = tl.where(target > 0, value, 0.0)
        slope = tl.where(target > 0, slope, 0.0)
    counts = total * rows
    share = tl.where(counts > 0, weights / tl.where(counts > 0, counts, 1.0), 0.0)
    share *= tl.load(numbers)
    # a class that is not asked for may hold anything, one that weighs nothing may not
    asked = tl.max(on.to(tl.int32), 1, keep_dims=True) > 0 if RATIOS[T][7] else on
    loss = sum_all(tl.where(asked, share * value, 0.0))
    slope = tl.where(some, share * slope / safe, 0.0)
    by_inter, by_size = slope * (k - score * (k - a - b)), -slope * score * a
    if RATIOS[T][7]:
        by_inter, by_size = by_inter * weight, by_size * weight
    return loss, tl.where(on, by_inter, 0.0), tl.where(on, by_size, 0.0)


@triton.jit
def count_rows(rows, tile, counted, weights, c, classes, RATIOS: tl.constexpr):
    """How many images count in each ratio per image, with those of one more tile."""
    for t in tl.static_range(len(RATIOS)):
        if RATIOS[t][6]:  # per_image
            on, weight = read_classes(counted, weights, t, True, c, classes)
            _, total = counted_weights(
                tile[RATIOS[t][2]], tile[RATIOS[t][3]], weight, on, t, RATIOS
            )
            rows = add_to(rows, t, tl.sum((total > 0).to(tl.float64), 0, keep_dims=True))
    return rows


@triton.jit
def add_ratios(
    value, slopes, sums, numbers, counted, weights, some, rows, c, classes,
    RATIOS: tl.constexpr, POWERS: tl.constexpr, PER_IMAGE: tl.constexpr,
):  # fmt: skip
    """Loss and slopes of each sum with those of the ratios per image, or of all others."""
    for t in tl.static_range(len(RATIOS)):
        if RATIOS[t][6] == PER_IMAGE:
            on, weight = read_classes(counted, weights, t, some, c, classes)
            more, by_inter, by_size = ratio_loss(
                sums, numbers + t * NUMBERS, weight, on, rows[t] if PER_IMAGE else rows,
                t, RATIOS, POWERS,
            )  # fmt: skip
            value += more
            slopes = add_to(add_to(slopes, RATIOS[t][0], by_inter), RATIOS[t][1], by_size)
    return value, slopes


# fmt: off
@triton.jit(do_not_specialize=["images", "classes", "pixels"])
def formula_program(
    table, numbers, loss, slopes, images, classes, pixels,
    S: tl.constexpr, VALID: tl.constexpr, ABOVE: tl.constexpr, BELOW: tl.constexpr,
    VOID: tl.constexpr, RATIOS: tl.constexpr, POWERS: tl.constexpr, N: tl.constexpr,
    C: tl.constexpr,
):
    # fmt: on
    """Loss () and slopes (S, N, C) of a table (S, N, C)."""
    c = tl.arange(0, C)[None, :]
    weights = numbers + len(RATIOS) * NUMBERS
    counted = weights + len(RATIOS) * classes
    above = counted + len(RATIOS) * classes
    below = above + len(VOID) * S * classes
    # 1. the batch, and for each ratio how many of its rows count
    totals, rows = zeros(S, C), zeros(len(RATIOS), 1)
    for first in range(0, images, N):
        tile = read_tile(table, first, images, classes, S, N, C)
        for s in tl.static_range(S):
            totals = add_to(totals, s, tl.sum(tile[s], 0, keep_dims=True))
        rows = count_rows(rows, tile, counted, weights, c, classes, RATIOS)
    # 2. terms over the batch
    value = tl.zeros([1, 1], tl.float64)
    shared = zeros(S, C)
    for t in tl.static_range(len(VOID)):
        factor = mean_factor(totals, below + t * S * classes, c, classes, t, BELOW)
        if VOID[t]:
            every = tl.maximum(pixels, 1).to(tl.float64)
            factor *= tl.sum(totals[VALID], 1, keep_dims=True) / every
        for k in tl.static_range(len(ABOVE[t])):
            at = above + (t * S + ABOVE[t][k]) * classes + c
            a = tl.load(at, mask=c < classes, other=0.0)
            value += tl.where(factor != 0, factor * sum_all(a * totals[ABOVE[t][k]]), 0.0)
            shared = add_to(shared, ABOVE[t][k], factor * a)
    one = tl.full([1, 1], 1.0, tl.float64)
    value, shared = add_ratios(
        value, shared, totals, numbers, counted, weights, True, one, c, classes,
        RATIOS, POWERS, False,
    )  # fmt: skip
    # 3. ratios per image
    for first in range(0, images, N):
        n = first + tl.arange(0, N)[:, None]
        tile = read_tile(table, first, images, classes, S, N, C)
        value, result = add_ratios(
            value, shared, tile, numbers, counted, weights, n < images, rows, c, classes,
            RATIOS, POWERS, True,
        )  # fmt: skip
        for s in tl.static_range(S):
            to = slopes + (s * images + n).to(tl.int64) * classes + c
            tl.store(to, tl.broadcast_to(result[s], [N, C]), mask=(n < images) & (c < classes))
    tl.store(loss + tl.zeros([1, 1], tl.int32), value)


class Tables(NamedTuple):
    """A Formula on a device.

    Attributes:
        numbers: float64, ratio_numbers, ratio_weight, ratio_counted, mean_above and mean_below.
        constants: what the kernel is compiled for.
    """

    numbers: Tensor
    constants: dict[str, Any]


# (id of an array that one formula alone has, device); an entry is dropped with its formula
_TABLES: dict[tuple[int, torch.device], Tables] = {}


def evaluate(
    formula: Formula, sums: Tensor, pixels: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """A loss and its derivative by each sum; nothing waits, from the second call on.

    Args:
        formula: of the sums and classes of the table.
        sums: (S, N, C) float64.
        pixels: of all images and channels.
        dtype: of the loss.
    Returns:
        The loss (), and the derivative (S, N, C) float64.
    """
    _, images, classes = sums.shape
    key = id(formula.mean_above), sums.device
    if key not in _TABLES:
        _TABLES[key] = _tables(formula, sums.device)
        finalize(formula.mean_above, _TABLES.pop, key, None).atexit = False
    tables = _TABLES[key]
    loss = sums.new_empty((), dtype=dtype)
    slopes = torch.empty_like(sums, memory_format=torch.contiguous_format)
    launch(
        formula_program, 1, sums,
        sums.contiguous(), tables.numbers, loss, slopes, images, classes, int(pixels),
        **tables.constants,
    )  # fmt: skip
    return loss, slopes


def _tables(formula: Formula, device: torch.device) -> Tables:
    parts = (formula.ratio_numbers, formula.ratio_weight, formula.ratio_counted,
             formula.mean_above, formula.mean_below)  # fmt: skip
    numbers = torch.from_numpy(np.concatenate([*(p.ravel() for p in parts), np.zeros(1)]))
    above, below = (
        tuple(tuple(np.flatnonzero(table.any(axis=1)).tolist()) for table in tables)
        for tables in (formula.mean_above, formula.mean_below)
    )  # rows of sums that have factors
    classes = triton.next_power_of_2(formula.ratio_weight.shape[1])
    constants = {
        "S": len(formula.sums),
        "ABOVE": above,
        "BELOW": below,
        "VOID": tuple(formula.mean_void.tolist()),
        "RATIOS": tuple(map(tuple, formula.ratio_rows.tolist())),
        "POWERS": tuple((formula.ratio_numbers[:, -1] != 1).tolist()),
        "VALID": formula.sums.index("valid") if "valid" in formula.sums else 0,
        "N": max(1, min(MAX_IMAGES, TILE // classes)),
        "C": classes,
        "num_warps": WARPS,
    }
    return Tables(numbers.to(device), constants)
