"""GPU kernels of the gradient when upsampling happens inside the pass.

With the cells of `cells` and the steps of `tile`:

    1. softmax: step 3 needs, per output pixel, m, log d, u, and a if focal is asked for. One kernel
       normalises every output as the forward pass does and stores these, some images at a time;
    2. the gradient is gathered. A lane goes through the outputs of its cell k in one output row and
       adds up (1 − f) dL/dx for column k and f dL/dx for column k + 1; the latter moves one lane;
    3. rows likewise, from top to bottom: each row of cells adds to the gradient row above it and to
       the one below it, which is stored once it is complete.

The last cell of the strip before and the last row of cells of the band before are computed once
more instead of being exchanged, so the order of additions is fixed.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from pixelwise.ops.activations import compute_dtype
from pixelwise.ops.gpu.cells import (
    INNER,
    LANES,
    VARYING,
    blend,
    cell_columns,
    cells_for,
    first_output,
    normalise_cells,
    own_logit,
    part_of,
    read_cells,
    row_taps,
    strides_of,
    tile_options,
)
from pixelwise.ops.gpu.launch import as_bytes, launch, options
from pixelwise.ops.gpu.tile import (
    FOCAL,
    coupling,
    exp,
    normalise,
    own_slopes,
    read_labels,
    read_upstream,
    sigmoid_slope,
    softmax_slope,
)
from pixelwise.ops.spec import Spec

PLANE_PIXELS = 1 << 20  # output pixels of which m, log d and u are held at a time
CLASSES = 32  # of the gradient that a program owns
ROWS = 8  # likewise; the work of one more is repeated


@triton.jit
def couple(x, m, d, y, c, g, ROWS: tl.constexpr):
    """What some classes contribute to u − a + p_k b, and to x_k − m."""
    return coupling(exp(x - m) * (1.0 / d), g, ROWS), own_logit(x, y, c, m)


@triton.jit(do_not_specialize=[*VARYING, "row", "plane"], do_not_specialize_on_alignment=INNER)
def couple_strip(
    grad, x, target, weight, planes,
    classes, low_h, low_w, high_h, high_w, strips, bands, columns, first_columns, rows,
    ignore, row, plane, xn, xc, x0, x1, tn, t0, t1, wn, w0, w1,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr,
    DTYPE: tl.constexpr, CLASSES: tl.constexpr, TAIL: tl.constexpr, CELLS: tl.constexpr,
    WHOLE: tl.constexpr, FULL: tl.constexpr, TURN: tl.constexpr,
):  # fmt: skip
    """m, log d, u and, if focal is asked for, a of every valid output; softmax only."""
    program = tl.program_id(0).to(tl.int64)
    strip, band, n = program % strips, program // strips % bands, program // strips // bands
    x0, t0, w0, plane = x0.to(tl.int64), t0.to(tl.int64), w0.to(tl.int64), plane.to(tl.int64)
    x += n * xn
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    grad += n * classes
    planes += n * high_h * high_w
    if WHOLE:
        c = tl.arange(0, CLASSES)[:, None]
        g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE)
    if TAIL:
        c2 = CLASSES + tl.arange(0, TAIL)[:, None]
        g2 = read_upstream(grad + c2, row, c2 < classes, ROWS, DTYPE)
    cell = (strip * CELLS).to(tl.int32) + tl.arange(0, CELLS)[None, :]
    begin, end, part, over = cell_columns(cell, low_w, high_w, DTYPE)
    columns = tl.where(strip == 0, first_columns, columns)
    first = (band * rows).to(tl.int32)
    for y_at in range(first, tl.minimum(first + rows, high_h)):
        top, bottom, fy = row_taps(y_at, low_h, high_h, DTYPE)
        if WHOLE:
            left, right = read_cells(
                x, c, classes, xc, x0, x1, top, bottom, fy, cell, low_w, True, FULL, TURN, DTYPE
            )
        if TAIL:
            left2, right2 = read_cells(
                x, c2, classes, xc, x0, x1, top, bottom, fy, cell, low_w, True, False, TURN, DTYPE
            )
        for k in range(columns):
            x_at = begin + k
            wide = x_at.to(tl.int64)
            fx = part_of(part, over, k, low_w, DTYPE)
            y, valid, _, _ = read_labels(
                target, weight, y_at * t0 + wide * t1, y_at * w0 + wide * w1, x_at < end,
                classes, ignore, WEIGHTED, IGNORES, DTYPE,
            )  # fmt: skip
            if WHOLE:
                a = tl.where(valid, blend(fx, left, right), 0.0)
                b = a
                if TAIL:
                    b = tl.where(valid, blend(fx, left2, right2), 0.0)
                m, d = normalise(a, b, TAIL)
                u, own = couple(a, m, d, y, c, g, ROWS)
                if TAIL:
                    more_u, more_own = couple(b, m, d, y, c2, g2, ROWS)
                    u, own = u + more_u, own + more_own
            else:
                m, d = normalise_cells(
                    x, xc, x0, x1, top, bottom, fy, fx, valid, cell, low_w, classes,
                    CLASSES, TURN, DTYPE,
                )  # fmt: skip
                u, own = tl.zeros_like(d), tl.zeros_like(d)
                for first_class in range(0, classes, CLASSES):
                    c = first_class + tl.arange(0, CLASSES)[:, None]
                    g = read_upstream(grad + c, row, c < classes, ROWS, DTYPE)
                    left, right = read_cells(
                        x, c, classes, xc, x0, x1, top, bottom, fy, cell, low_w,
                        True, False, TURN, DTYPE,
                    )  # fmt: skip
                    a = tl.where(valid, blend(fx, left, right), 0.0)
                    more_u, more_own = couple(a, m, d, y, c, g, ROWS)
                    u, own = u + more_u, own + more_own
            log_d = tl.log(d)
            ka, _, own_u = own_slopes(grad + y, row, valid, own - log_d, ROWS, GAMMA)
            out = planes + y_at * high_w.to(tl.int64) + x_at
            tl.store(out, m, mask=valid)
            tl.store(out + plane, log_d, mask=valid)
            tl.store(out + 2 * plane, u + own_u, mask=valid)
            if ROWS[FOCAL] >= 0:
                tl.store(out + 3 * plane, ka, mask=valid)


@triton.jit(
    do_not_specialize=[*VARYING, "chunks", "tc", "row", "plane", "gn", "g0"],
    do_not_specialize_on_alignment=[*INNER, "gc", "g1"],
)
def gather_band(
    grad, x, target, weight, planes, out,
    classes, low_h, low_w, high_h, high_w, strips, bands, chunks, columns, first_columns, rows,
    ignore, row, plane, xn, xc, x0, x1, tn, tc, t0, t1, wn, w0, w1, gn, gc, g0, g1,
    ROWS: tl.constexpr, GAMMA: tl.constexpr, SOFTMAX: tl.constexpr, PER_CLASS: tl.constexpr,
    BINARY: tl.constexpr, WEIGHTED: tl.constexpr, IGNORES: tl.constexpr, DTYPE: tl.constexpr,
    CLASSES: tl.constexpr, CELLS: tl.constexpr, TURN: tl.constexpr,
):  # fmt: skip
    """Gradient of some low-resolution rows and columns, for some classes."""
    program = tl.program_id(0).to(tl.int64)
    chunk, strip = program % chunks, program // chunks % strips
    band, n = program // chunks // strips % bands, program // chunks // strips // bands
    x0, t0, w0, g0 = x0.to(tl.int64), t0.to(tl.int64), w0.to(tl.int64), g0.to(tl.int64)
    x += n * xn
    out += n * gn
    target += n * tn
    if WEIGHTED:
        weight += n * wn
    if SOFTMAX:
        planes += n * high_h * high_w
        plane = plane.to(tl.int64)
    c = (chunk * CLASSES).to(tl.int32) + tl.arange(0, CLASSES)[:, None]
    g = read_upstream(grad + n * classes + c, row, c < classes, ROWS, DTYPE)
    # the first lane repeats the last cell of the strip before, for what it adds to the second lane
    lane = tl.arange(0, CELLS)[None, :]
    cell = (strip * (CELLS - 1)).to(tl.int32) - 1 + lane
    before = tl.maximum(lane - 1, 0) + tl.zeros([CLASSES, CELLS], tl.int32)
    begin, end, part, over = cell_columns(tl.maximum(cell, 0), low_w, high_w, DTYPE)
    end = tl.where(cell < 0, begin, end)
    columns = tl.where(strip == 0, first_columns, columns)
    first = (band * rows).to(tl.int32)
    last = tl.minimum(first + rows, low_h)
    above = tl.zeros([CLASSES, CELLS], DTYPE)
    for low_y in range(tl.maximum(first - 1, 0), last):
        # outputs of this row of cells belong to gradient rows low_y (above) and low_y + 1 (below)
        below = tl.zeros([CLASSES, CELLS], DTYPE)
        high_first = first_output(low_y, low_h, high_h)
        for y_at in range(high_first, first_output(low_y + 1, low_h, high_h)):
            top, bottom, fy = row_taps(y_at, low_h, high_h, DTYPE)
            left, right = read_cells(
                x, c, classes, xc, x0, x1, top, bottom, fy, tl.maximum(cell, 0), low_w,
                SOFTMAX, False, TURN, DTYPE,
            )  # fmt: skip
            to_left = tl.zeros([CLASSES, CELLS], DTYPE)
            to_right = tl.zeros([CLASSES, CELLS], DTYPE)
            for k in range(columns):
                x_at = begin + k
                wide = x_at.to(tl.int64)
                fx = part_of(part, over, k, low_w, DTYPE)
                inside = x_at < end
                t_at = y_at * t0 + wide * t1
                if PER_CLASS:
                    inside = inside & (c < classes)
                    t_at += c.to(tl.int64) * tc
                y, valid, w, _ = read_labels(
                    target, weight, t_at, y_at * w0 + wide * w1, inside,
                    2 if BINARY else classes, ignore, WEIGHTED, IGNORES, DTYPE,
                )  # fmt: skip
                tile = tl.where(valid, blend(fx, left, right), 0.0)
                if SOFTMAX:
                    at = planes + y_at * high_w.to(tl.int64) + wide
                    m = tl.load(at, mask=valid, other=0.0)
                    log_d = tl.load(at + plane, mask=valid, other=0.0)
                    u = tl.load(at + 2 * plane, mask=valid, other=0.0)
                    a = g[3]
                    if ROWS[FOCAL] >= 0:
                        a = tl.load(at + 3 * plane, mask=valid, other=0.0)
                    p = exp((tile - m) - log_d)
                    slope = softmax_slope(p, y, c, u, a, g[1], g, ROWS)
                else:
                    slope = sigmoid_slope(tile, y, 1 if BINARY else c, g, ROWS, GAMMA)
                slope = tl.where(valid, slope * w, 0.0)
                to_left += (1.0 - fx) * slope
                to_right += fx * slope
            line = to_left + tl.gather(to_right, before, 1)
            above += (1.0 - fy) * line
            below += fy * line
        if low_y >= first:
            owned = (c < classes) & (lane > 0) & (cell < low_w)
            g_at = c.to(tl.int64) * gc + low_y * g0 + cell.to(tl.int64) * g1
            tl.store(out + g_at, above.to(out.dtype.element_ty), mask=owned)
        above = below


def backward_upsampled(
    grad: Tensor,
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    spec: Spec,
    scale: Tensor | None = None,
) -> Tensor:
    """Gradient of the logits, in their dtype and memory format."""
    grad = grad if scale is None else grad * scale
    gradient = torch.empty_like(logits)
    together = max(1, PLANE_PIXELS // max(1, target.shape[-2] * target.shape[-1]))
    for first in range(0, len(logits), together):
        images = slice(first, first + together)
        upstream = grad[:, images].contiguous()
        some = weight[images] if weight is not None else None
        planes = None
        if spec.activation == "softmax":
            planes = _couple(upstream, logits[images], target[images], some, spec)
        _gather(upstream, logits[images], target[images], some, planes, gradient[images], spec)
    return gradient


def _couple(
    grad: Tensor, logits: Tensor, target: Tensor, weight: Tensor | None, spec: Spec
) -> Tensor:
    """m, log d, u and a of every output pixel, (3 or 4, N, H, W); undefined where ignored."""
    images, classes, *low = logits.shape
    high = target.shape[-2], target.shape[-1]
    cells = cells_for(classes, low[1], high, together=True)
    tile = cells.tile
    planes = logits.new_empty(
        (3 + ("focal" in spec.sums), images, *high), dtype=compute_dtype(logits.dtype)
    )
    constants = options(logits, target, weight, spec)
    for name in ("SOFTMAX", "PER_CLASS", "BINARY"):
        del constants[name]
    xn, xc, x0, x1, tn, _, *rest = strides_of(logits, target, weight)
    launch(
        couple_strip, images * cells.bands * cells.strips, logits,
        grad, logits, as_bytes(target), weight, planes,
        classes, *low, *high, cells.strips, cells.bands, cells.columns, cells.first_columns,
        cells.rows, spec.ignore_index or 0, images * classes, planes.stride(0),
        xn, xc, x0, x1, tn, *rest, **constants, **tile_options(logits, tile),
        num_warps=tile.warps,
    )  # fmt: skip
    return planes


def _gather(
    grad: Tensor, logits: Tensor, target: Tensor, weight: Tensor | None, planes: Tensor | None,
    gradient: Tensor, spec: Spec,
) -> None:  # fmt: skip
    images, classes, *low = logits.shape
    high = target.shape[-2], target.shape[-1]
    rows = min(triton.next_power_of_2(classes), CLASSES)
    cells = cells_for(classes, low[1], high, together=False)
    chunks, strips = triton.cdiv(classes, rows), triton.cdiv(low[1], LANES - 1)
    bands = triton.cdiv(low[0], ROWS)
    plane = planes.stride(0) if planes is not None else 0
    launch(
        gather_band, images * bands * strips * chunks, logits,
        grad, logits, as_bytes(target), weight, planes, gradient,
        classes, *low, *high, strips, bands, chunks, cells.columns, cells.first_columns, ROWS,
        spec.ignore_index or 0, images * classes, plane, *strides_of(logits, target, weight),
        *gradient.stride(), **options(logits, target, weight, spec), CLASSES=rows, CELLS=LANES,
        TURN=logits.stride(1) == 1 and logits.stride(3) != 1, num_warps=max(1, rows // 8),
    )  # fmt: skip
