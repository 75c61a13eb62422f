"""Bilinear interpolation as cells, for the GPU kernels that upsample inside.

An axis of `low` pixels is brought to `high` ones (align_corners=False). Output X lies at

    s(X) = ((2X + 1) low − high) / (2 high),  held within 0 and low − 1

of the low-resolution axis, in cell k = ⌊s⌋, and with f = s − k its value is
(1 − f) x_k + f x_{k+1}; where f is 0 the second one is not looked at. The outputs of a cell follow
each other, so each of the `low` cells is a lane and its two taps are read once for all of them.
Which cell an output is in is exact integer arithmetic; only f itself is rounded.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.gpu.launch import BLOCK, Tile, tile_for
from pixelwise.ops.gpu.tile import INF, extend_normaliser, turn

LANES = 32  # cells of a tile
# what varies from batch to batch must not compile a kernel each
VARYING = (
    "classes low_h low_w high_h high_w strips bands columns first_columns rows ignore "
    "xn x0 tn t0 wn w0"
).split()
INNER = ["xc", "x1", "t1", "w1"]  # a stride of 1 is worth a kernel of its own


class Cells(NamedTuple):
    """How outputs of (height, width) are shared between programs.

    Attributes:
        tile: its pixels are cells.
        strips: parts of a row of cells.
        bands: parts of the output's height.
        columns, first_columns: outputs in a row of a cell at most, and of the first cell, which
            holds those at the edge as well.
        rows: output rows of a band.
    """

    tile: Tile
    strips: int
    bands: int
    columns: int
    first_columns: int
    rows: int


def cells_for(classes: int, low_w: int, high: tuple[int, int], together: bool) -> Cells:
    """Tiles of cells; results depend on nothing else."""
    tile = tile_for(classes, together)._replace(pixels=LANES)
    columns = triton.cdiv(high[1], low_w)
    # outputs X with s(X) < 1, before they are held within 0
    first_columns = high[1]
    if low_w > 1:
        first_columns = min(triton.cdiv(3 * high[1] - low_w, 2 * low_w), high[1])
    rows = max(1, BLOCK // (LANES * columns))
    strips, bands = triton.cdiv(low_w, LANES), triton.cdiv(high[0], rows)
    return Cells(tile, strips, bands, columns, max(columns, first_columns), rows)


def fits_short(logits: Tensor, high: Sequence[int], low: Sequence[int] = ()) -> bool:
    """Whether positions on the axes are fractions of int32 numbers, as offsets in an image are.

    low: the whole grid, if the logits are a band of it.
    """
    last = sum((size - 1) * step for size, step in zip(logits.shape[1:], logits.stride()[1:]))
    products = (2 * (a + 1) * (b + 1) for a, b in zip(low or logits.shape[2:], high))
    return max(last + 2 * logits.stride(3), *products) < 2**31


@triton.jit
def wide(number, SHORT: tl.constexpr):
    """As int64, unless every product that it is part of fits int32."""
    return number if SHORT else number.to(tl.int64)


@triton.jit
def first_output(cell, low, high, LEAD: tl.constexpr, SHORT: tl.constexpr):
    """The first output of a cell; the outputs of a cell end where those of the next begin.

    LEAD: outputs with s < 0, before it is held within 0, are in a cell −1 and not in cell 0.
    """
    above = wide(high, SHORT) * (2 * cell + 1) - low
    first = tl.where(above > 0, (above + 2 * low - 1) // (2 * low), 0)
    if not LEAD:
        first = tl.where(cell > 0, first, 0)
    return tl.where(cell < low, first, high).to(tl.int32)


@triton.jit
def cell_columns(
    cell, low, high, LEAD: tl.constexpr, SHORT: tl.constexpr, DTYPE: tl.constexpr
):  # fmt: skip
    """Of each cell: its first output, the end of its outputs, and (f, step of f) of the first.

    f is below 0 where s has to be held within 0; the step is 0 where it is held within low − 1.
    """
    begin = first_output(cell, low, high, LEAD, SHORT)
    end = first_output(cell + 1, low, high, LEAD, SHORT)
    part = (2 * begin + 1) * wide(low, SHORT) - wide(high, SHORT) * (2 * cell + 1)
    inner = cell < low - 1
    over = tl.where(inner, 1.0, 0.0).to(DTYPE) / (2 * high).to(DTYPE)
    return begin, end, part.to(tl.int32), over


@triton.jit
def part_of(part, over, k, low, DTYPE: tl.constexpr):
    """f of output k of each cell."""
    return tl.maximum((part + 2 * low * k).to(DTYPE), 0.0) * over


@triton.jit
def row_taps(output, low, high, SHORT: tl.constexpr, DTYPE: tl.constexpr):
    """The two low-resolution rows of an output row, and f."""
    at = (2 * output + 1) * wide(low, SHORT) - high
    at = tl.minimum(tl.maximum(at, 0), (wide(low, SHORT) - 1) * (2 * high))
    top = at // (2 * high)
    f = (at - top * (2 * high)).to(DTYPE) / (2 * high).to(DTYPE)
    top = top.to(tl.int32)
    return top, tl.minimum(top + 1, low - 1), f


@triton.jit
def blend(f, first, second):
    """(1 − f) first + f second; the second one may be infinite where f is 0."""
    return tl.where(f == 0.0, first, (1.0 - f) * first + f * second)


@triton.jit
def read_row(
    at, c, classes, exists, SOFTMAX: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr,
    DTYPE: tl.constexpr,
):  # fmt: skip
    """Logits of some classes; those that do not exist weigh nothing in a softmax."""
    fill: tl.constexpr = -float("inf") if SOFTMAX else 0.0
    tile = tl.load(at, mask=exists if FULL else exists & (c < classes), other=fill)
    if TURN:
        tile = turn(tile)
    return tile.to(DTYPE)


@triton.jit
def read_taps(
    x, c, classes, xc, x0, x1, top, bottom, cell, low,
    SOFTMAX: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, SHORT: tl.constexpr,
    DTYPE: tl.constexpr,
):  # fmt: skip
    """The taps of every cell: left and right of two rows. One outside the axis is not used."""
    # masks and not clamped offsets: Triton has to see that lanes read neighbours, or it lays the
    # lanes along the classes
    is_left = (cell >= 0) & (cell < low)
    is_right = cell + 1 < low
    first = wide(c, SHORT) * xc + wide(cell, SHORT) * x1
    upper, lower = x + (wide(top, SHORT) * x0 + first), x + (wide(bottom, SHORT) * x0 + first)
    return (
        read_row(upper, c, classes, is_left, SOFTMAX, FULL, TURN, DTYPE),
        read_row(upper + x1, c, classes, is_right, SOFTMAX, FULL, TURN, DTYPE),
        read_row(lower, c, classes, is_left, SOFTMAX, FULL, TURN, DTYPE),
        read_row(lower + x1, c, classes, is_right, SOFTMAX, FULL, TURN, DTYPE),
    )


@triton.jit
def read_cells(
    x, c, classes, xc, x0, x1, top, bottom, f, cell, low,
    SOFTMAX: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr, SHORT: tl.constexpr,
    DTYPE: tl.constexpr,
):  # fmt: skip
    """The two taps of every cell, each blended of two rows."""
    upper_left, upper_right, lower_left, lower_right = read_taps(
        x, c, classes, xc, x0, x1, top, bottom, cell, low, SOFTMAX, FULL, TURN, SHORT, DTYPE
    )
    return blend(f, upper_left, lower_left), blend(f, upper_right, lower_right)


@triton.jit
def normalise_cells(
    x, xc, x0, x1, top, bottom, fy, fx, valid, cell, low, classes,
    CLASSES: tl.constexpr, TURN: tl.constexpr, SHORT: tl.constexpr, DTYPE: tl.constexpr,
):  # fmt: skip
    """(m, d) over all classes when a tile does not hold them."""
    m = tl.full(valid.shape, -INF, DTYPE)
    d = tl.zeros(valid.shape, DTYPE)
    for first in range(0, classes, CLASSES):
        c = first + tl.arange(0, CLASSES)[:, None]
        left, right = read_cells(
            x, c, classes, xc, x0, x1, top, bottom, fy, cell, low, True, False, TURN, SHORT, DTYPE
        )
        m, d = extend_normaliser(m, d, tl.where(valid, blend(fx, left, right), 0.0))
    return tl.where(m == -INF, 0.0, m), d


@triton.jit
def own_logit(tile, y, c, m):
    """x_k − m of the pixels whose own class k is in the tile, 0 for the others."""
    return tl.sum(tl.where(y == c, tile - m, 0.0), 0, keep_dims=True)


def strides_of(logits: Tensor, target: Tensor, weight: Tensor | None) -> tuple[int, ...]:
    """Strides of logits (N, C, h, w), target (N, H, W) or (N, C, H, W), and weight (N, H, W)."""
    channel = (target.stride(1),) if target.dim() == logits.dim() else (0,)
    of_target = (target.stride(0), *channel, *target.stride()[-2:])
    return (*logits.stride(), *of_target, *(weight.stride() if weight is not None else (0, 0, 0)))


def tile_options(logits: Tensor, tile: Tile) -> dict[str, Any]:
    """What the shape of a tile settles for the kernels."""
    whole = logits.shape[1] <= tile.classes + tile.tail
    return {
        "CLASSES": tile.classes,
        "TAIL": tile.tail,
        "CELLS": LANES,
        "WHOLE": whole,
        "FULL": whole and tile.classes <= logits.shape[1],
        "TURN": logits.stride(1) == 1 and logits.stride(3) != 1,
    }
